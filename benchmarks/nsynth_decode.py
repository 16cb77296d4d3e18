"""How fast NSynth encodings are decoded here, against the published code in the same run.

The published code needs an environment of its own, Python 3.11 with ``tensorflow-cpu``, and
``magenta==2.1.4`` and ``tf_slim`` installed with ``--no-deps``, and a checkpoint that TensorFlow
can read; `published_nsynth.py` runs in it. Ours and theirs take turns; medians are quoted.

    python benchmarks/nsynth_decode.py --published PYTHON --checkpoint PREFIX
    python benchmarks/nsynth_decode.py            only ours: the floor, the small model, the start
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from deepbass_engine.nsynth.cpu.layout import aligned
from deepbass_engine.nsynth.cpu.panels import multiply_panel
from deepbass_engine.nsynth.cpu.target import PANEL
from deepbass_engine.nsynth.decoder_cpu import CpuDecoder, cpu_facts
from deepbass_engine.nsynth.encoder import Encoder
from deepbass_engine.training.configs import CONFIGS
from tests.nsynth_models import PUBLISHED, golden_weights, random_weights

BATCHES = (1, 8, 19)
OURS_S = 4.0
PUBLISHED_STEPS = {1: 60, 8: 40, 19: 30}
SONGS = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--published", metavar="PYTHON", help="of the published code")
    parser.add_argument("--checkpoint", metavar="PREFIX", help="for the published code")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    weights = golden_weights()
    decoders = {
        precision: CpuDecoder(PUBLISHED, weights, precision)
        for precision in ("float32", "float16", "int8")
        if precision in cpu_facts().precisions
    }
    print(f"{cpu_facts().name}; medians of {args.rounds} rounds")
    rates: dict[tuple[str, int], list[float]] = {}
    encode_s: dict[str, list[float]] = {}
    for _ in range(args.rounds):
        for batch in BATCHES:
            if args.published:
                found = published(args, batch)
                rates.setdefault(("published", batch), []).append(found["steps_per_s"])
                if batch == 1:
                    encode_s.setdefault("published", []).append(found["encode_s"])
            for precision, decoder in decoders.items():
                rates.setdefault((precision, batch), []).append(steps_per_s(decoder, batch))
        encode_s.setdefault("ours", []).append(encoding_s(weights))
    medians = {key: statistics.median(values) for key, values in rates.items()}
    print("\nSteps a second (a step makes a sample of every stream), and times the published code:")
    for name in ("published", *decoders):
        cells = [cell(medians, name, batch) for batch in BATCHES if (name, batch) in medians]
        if cells:
            print(f"{name:>10}: " + "   ".join(cells))
    if args.published:
        alone = medians["published", 1]
        for precision in decoders:
            times = (SONGS - 1) * medians[precision, SONGS - 1] / alone
            print(f"{SONGS} songs in {precision}: {times:.0f} times one transition after another")
    print(
        "\nEncoding 4 s: "
        + ", ".join(f"{n} {statistics.median(v):.2f} s" for n, v in encode_s.items())
    )
    print_floor(decoders, medians)
    print_small()
    print_start()


def cell(medians: dict[tuple[str, int], float], name: str, batch: int) -> str:
    """One figure of the table."""
    rate, published_rate = medians[name, batch], medians.get(("published", batch))
    times = f" ({rate / published_rate:.1f}x)" if published_rate else ""
    return f"B={batch} {rate:.1f}{times}"


def published(args: argparse.Namespace, batch: int) -> dict[str, float]:
    """Run the published code once."""
    done = subprocess.run(
        [
            args.published, str(Path(__file__).with_name("published_nsynth.py")),
            "--checkpoint", args.checkpoint, "--batch", str(batch),
            "--steps", str(PUBLISHED_STEPS[batch]), "--encode-seconds", "4",
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def steps_per_s(decoder: CpuDecoder, n_streams: int, seconds: float = OURS_S) -> float:
    """Steps a second, over all phases of the blocks of past taps."""
    config = decoder.config
    n_frames = 200_000 // config.hop
    decoding = decoder.start(np.zeros((n_streams, n_frames, config.n_z), np.float32))
    uniforms = np.random.default_rng(0).random((n_streams, 64))
    decoding.advance(uniforms)
    n_steps, started_s = 0, time.perf_counter()
    while time.perf_counter() - started_s < seconds:
        decoding.advance(uniforms)
        n_steps += 64
    return n_steps / (time.perf_counter() - started_s)


def encoding_s(weights: dict[str, Any]) -> float:
    """Seconds it takes to encode 4 s of audio."""
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 64_000)).astype(np.float32)
    encoder = Encoder(PUBLISHED, weights)
    encoder.encode(audio[:, : 4 * PUBLISHED.hop])
    started_s = time.perf_counter()
    encoder.encode(audio)
    return time.perf_counter() - started_s


@numba.njit(nogil=True)  # type: ignore[misc,unused-ignore]
def multiply(elements, n_panels, k, x, x_bytes, n_rows, y, x_scales, scales, rounds):
    """Multiply rows with panels, over and over."""
    for _ in range(rounds):
        for p in range(n_panels):
            at = p * k * PANEL
            multiply_panel(
                elements, at, at + k * PANEL, k, x, x_bytes, n_rows, y, PANEL * 4, x_scales, scales
            )


def products_per_s(kind: type[Any], n_panels: int, n_rows: int) -> float:
    """Multiplications and additions a second, of all cores, with so many panels each."""
    k, n_threads = 512, os.cpu_count() or 1
    elements = aligned(np.zeros(n_panels * k * PANEL + 2 * k * PANEL, kind))
    x = aligned(np.zeros((n_rows, k), np.uint8 if kind is np.int8 else np.float32))
    x_scales, scales = aligned(np.zeros(n_rows, np.float32)), aligned(np.zeros(128, np.float32))
    sums = [aligned(np.zeros((n_rows, PANEL), np.float32)) for _ in range(n_threads)]

    def work(thread: int, rounds: int) -> None:
        multiply(
            elements, n_panels, k, x.ctypes.data, x.strides[0], n_rows, sums[thread].ctypes.data,
            x_scales.ctypes.data, scales.ctypes.data, rounds,
        )  # fmt: skip

    work(0, 1)
    rounds = max(1, int(2e10 / (n_panels * k * PANEL * n_rows * (1 if kind is np.int8 else 4))))
    threads = [threading.Thread(target=work, args=(i, rounds)) for i in range(n_threads)]
    started_s = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - started_s
    return n_threads * rounds * n_panels * k * PANEL * n_rows / took_s


def print_floor(decoders: dict[str, CpuDecoder], medians: dict[tuple[str, int], float]) -> None:
    """How near decoding comes to what memory and arithmetic of this machine allow."""
    macs = sum(
        int(np.prod(shape))
        for name, shape in PUBLISHED.variables().items()
        if name.endswith("/W") and not name.startswith(("ae_", "cond"))
    )
    newest = macs - PUBLISHED.layers * (PUBLISHED.filter_length - 1) * 2 * PUBLISHED.width**2
    past_of_one_tap = (macs - newest) / PUBLISHED.layers
    print("\nFloor: what the panel kernel does in cache, and what memory gives, on all cores")
    kinds = {"float32": np.float32, "float16": np.uint16, "int8": np.int8}
    for precision, decoder in decoders.items():
        kind = kinds[precision]
        peak = products_per_s(kind, 4, 6)
        stream_bytes = products_per_s(kind, 1500, 1) * np.dtype(kind).itemsize
        for batch in BATCHES:
            blocks = decoder.start(np.zeros((batch, 1, 16), np.float32)).blocks
            read = newest + sum(past_of_one_tap / block for block in blocks)
            floor = 1 / max(macs * batch / peak, read * np.dtype(kind).itemsize / stream_bytes)
            print(
                f"{precision:>10} B={batch}: {peak / 1e9:.0f} GMAC/s and "
                f"{stream_bytes / 1e9:.0f} GB/s allow {floor:.0f} steps/s, "
                f"reached {medians[precision, batch] / floor:.0%}"
            )


def print_small() -> None:
    """Whether a small model is faster than real time."""
    weights = random_weights(CONFIGS["small"])
    for precision, n_threads in (("int8", 1), ("float32", 2)):
        if precision in cpu_facts().precisions:
            decoder = CpuDecoder(CONFIGS["small"], weights, precision, n_threads=n_threads)  # type: ignore[arg-type]
            rates = [steps_per_s(decoder, 1, 1.0) / 16_000 for _ in range(5)]
            print(
                f"Small model (20 layers, width 64), {precision}, {n_threads} thread(s): "
                f"{statistics.median(rates):.1f} times real time"
            )


def print_start() -> None:
    """Time until a process has decoded its first samples, without and with kept code."""
    code = (
        "import time; t = time.perf_counter()\n"
        "import numpy as np\n"
        "from tests.nsynth_models import random_weights, small_config\n"
        "from deepbass_engine.nsynth.decoder_cpu import CpuDecoder, cpu_facts\n"
        "config = small_config()\n"
        "decoder = CpuDecoder(config, random_weights(config), cpu_facts().precisions[0])\n"
        "decoder.start(np.zeros((1, 1, 4), np.float32)).advance(np.zeros((1, 8)))\n"
        "print(time.perf_counter() - t)"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "NUMBA_CACHE_DIR": folder,
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        times = [
            float(subprocess.check_output([sys.executable, "-c", code], env=environment))
            for _ in range(4)
        ]
    print(
        f"First samples of a process: {times[0]:.1f} s, later {statistics.median(times[1:]):.2f} s"
    )


if __name__ == "__main__":
    main()

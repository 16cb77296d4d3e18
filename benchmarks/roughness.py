"""Our roughness and dissonance against the original package's roughness, in the same run.

    python benchmarks/roughness.py SONG --timbral-python PYTHON [--rounds 5]

PYTHON is an environment with ``timbral_models`` 0.4.0 (installed with ``--no-deps``), pyloudnorm,
librosa and soundfile. Sixty seconds from the middle of SONG, four seconds of it and four of noise,
44.1 kHz mono; the programs take turns, imports and first calls are left out, medians are printed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from deepbass_engine.analysis.dissonance import dissonance
from deepbass_engine.analysis.roughness import timbral_roughness

_RATE_HZ = 44_100

_PACKAGE = """
import json, sys, time
import numpy
numpy.lib.pad = numpy.pad
from timbral_models import timbral_roughness
timbral_roughness(sys.argv[1])
for line in sys.stdin:
    start = time.perf_counter()
    value = timbral_roughness(line.strip())
    print(json.dumps([value, time.perf_counter() - start]), flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("song", type=Path)
    parser.add_argument("--timbral-python", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = _files(args.song, Path(folder))
        package = subprocess.Popen(
            [args.timbral_python, "-W", "ignore", "-c", _PACKAGE, str(files["4 s of music"])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert package.stdin is not None
        assert package.stdout is not None
        print(
            "| sound | package | roughness, ours | times as fast | dissonance, ours | difference |"
        )
        print("|---|---|---|---|---|---|")
        for name, file in files.items():
            samples = soundfile.read(file, dtype="float32", always_2d=True)[0]
            theirs, rough, dissonant = [], [], []
            timbral_roughness(samples, _RATE_HZ)
            dissonance(samples[:, 0], _RATE_HZ)
            for _ in range(args.rounds):
                package.stdin.write(f"{file}\n")
                package.stdin.flush()
                value, seconds = json.loads(package.stdout.readline())
                theirs.append(seconds)
                rough.append(_seconds(lambda: timbral_roughness(samples, _RATE_HZ)))  # noqa: B023
                dissonant.append(_seconds(lambda: dissonance(samples[:, 0], _RATE_HZ)))  # noqa: B023
            ours = timbral_roughness(samples, _RATE_HZ).published
            times = median(theirs) / median(rough)
            print(
                f"| {name} | {median(theirs):.3f} s | {median(rough):.4f} s | {times:.1f} "
                f"| {median(dissonant):.4f} s | {ours - value:.1e} |"
            )
        package.stdin.close()
        package.wait()


def _files(song: Path, folder: Path) -> dict[str, Path]:
    """What is measured, as files that both read."""
    with soundfile.SoundFile(song) as file:
        file.seek(max(0, file.frames // 2 - 30 * file.samplerate))
        stereo = file.read(60 * file.samplerate, dtype="float32", always_2d=True)
        rate_hz = file.samplerate
    music = stereo.mean(axis=1)
    if rate_hz != _RATE_HZ:
        music = soxr.resample(music, rate_hz, _RATE_HZ)
    noise = 0.1 * np.random.default_rng(0).standard_normal(4 * _RATE_HZ)
    sounds: dict[str, NDArray[np.float32]] = {
        "4 s of music": music[: 4 * _RATE_HZ],
        "60 s of music": music,
        "4 s of noise": noise.astype(np.float32),
    }
    files = {name: folder / f"{name}.wav" for name in sounds}
    for name, sound in sounds.items():
        soundfile.write(files[name], sound, _RATE_HZ, subtype="FLOAT")
    return files


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

"""How fast a model is trained on each backend of Keras, in audio seconds a second.

The backends that are installed take turns, each in a process of its own; medians are quoted, the
first steps, which compile, left out. On a GPU the same script measures that.

    python benchmarks/training.py [--model small] [--batch 4] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ
from deepbass_engine.training.configs import CONFIGS
from deepbass_engine.training.initial import initial_weights

BACKENDS = ("tensorflow", "jax", "torch")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", choices=CONFIGS, default="small")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--length", type=int, default=6144)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--steps", type=int, default=10, help="measured in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here:
        print(json.dumps(measured(args)))
        return
    found: dict[str, list[dict[str, float]]] = {backend: [] for backend in args.backends}
    for _ in range(args.rounds):
        for backend in args.backends:
            run = subprocess.run(
                [sys.executable, __file__, "--here", *sys.argv[1:]],
                env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
                stdout=subprocess.PIPE,
                check=True,
            )
            found[backend].append(json.loads(run.stdout.splitlines()[-1]))
    print(f"{args.model}, batch {args.batch} of {args.length} samples, {args.dtype}")
    print("| backend | samples/s (min-max) | audio s/s | first step s | devices |")
    print("|---|---|---|---|---|")
    for backend, runs in found.items():
        rates = [run["samples_per_s"] for run in runs]
        rate, first_s = statistics.median(rates), statistics.median(r["first_s"] for r in runs)
        print(
            f"| {backend} | {rate:,.0f} ({min(rates):,.0f}-{max(rates):,.0f}) "
            f"| {rate / SAMPLE_RATE_HZ:.2f} | {first_s:.0f} | {runs[0]['n_devices']} |"
        )


def measured(args: argparse.Namespace) -> dict[str, float]:
    """Speed of the backend that this process has."""
    from deepbass_engine.training.learners import make_learner

    config = CONFIGS[args.model]
    learner = make_learner(config, initial_weights(config, 0), args.dtype)
    shape = (args.batch, args.length)
    classes = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    seconds = []
    for _ in range(args.steps + 2):
        started_s = time.perf_counter()
        learner.step(classes, 1e-3, 0.9)
        seconds.append(time.perf_counter() - started_s)
    return {
        "samples_per_s": classes.size / statistics.median(seconds[2:]),
        "first_s": seconds[0],
        "n_devices": learner.n_devices,
    }


if __name__ == "__main__":
    main()

"""How much of a mix's time its simple fades take: the most that a GPU could save.

Twenty made-up tracks of three minutes are mixed with 8 s equal-power fades by one worker, and the
time spent inside the fade is set against the whole. By Amdahl's law a device that did the fades in
no time, with free transfers, would speed the mix up by 1 / (1 - share).

    python benchmarks/fades_on_cpu.py
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from deepbass_engine import MixSettings, OutputSettings, Project
from deepbass_engine.analysis.track import analyze_tracks
from deepbass_engine.mix import render as rendering
from deepbass_engine.mix import transitions
from deepbass_engine.mix.plan import plan_mix
from deepbass_engine.project import tracks_of

RATE_HZ, N_TRACKS, TRACK_S, ROUNDS = 44_100, 20, 180, 3


def main() -> None:
    """Mix from WAV and from MP3, count, print."""
    spent_s = 0.0
    crossfade = transitions.METHODS["simple"]

    def counted(*args: Any, **keywords: Any) -> Any:
        nonlocal spent_s
        started_s = time.perf_counter()
        try:
            return crossfade(*args, **keywords)
        finally:
            spent_s += time.perf_counter() - started_s

    transitions.METHODS["simple"] = counted
    with tempfile.TemporaryDirectory(prefix="deepbass-benchmark-") as name:
        folder = Path(name)
        random = np.random.default_rng(0)
        for kind in ("wav", "mp3"):
            paths = [folder / f"{number:02}.{kind}" for number in range(N_TRACKS)]
            for path in paths:
                noise = random.uniform(-0.3, 0.3, (TRACK_S * RATE_HZ, 2))
                soundfile.write(path, noise, RATE_HZ)
            project = Project(tracks=tracks_of(paths), mix=MixSettings(trim="none"))
            plan = plan_mix(project, analyze_tracks(paths, "none"))
            shares, fade_ms = [], []
            for _ in range(ROUNDS):
                spent_s, started_s = 0.0, time.perf_counter()
                rendering.render(plan, folder / "mix.wav", OutputSettings(jobs=1))
                shares.append(spent_s / (time.perf_counter() - started_s))
                fade_ms.append(1000 * spent_s / len(plan.fades))
            share = statistics.median(shares)
            one_ms = statistics.median(fade_ms)
            print(
                f"from {kind.upper()}: one 8 s stereo fade takes {one_ms:.1f} ms, "
                f"all of them {share:.1%} of the mix; a GPU could gain {1 / (1 - share):.3f} times"
            )


if __name__ == "__main__":
    main()

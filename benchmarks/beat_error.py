"""How far the beats of two tracks lie apart where both are heard: generated pairs, known beats.

Loops of known tempo and place, with a voice of noise on some, are analysed, joined and stretched as
in any mix; then each kick is looked for in what is heard of the two tracks, near where its beat
must be. The pairs are the same at every run.

    python benchmarks/beat_error.py --pairs 50
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from overlaps import Overlap, measured, table

from deepbass_engine.analysis.track import TrackAnalysis, analyze_tracks
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.track_stream import open_track
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Project, tracks_of
from deepbass_engine.settings import TransitionSpec

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from loops import RATE_HZ, kick_heard_s, loop

LENGTH_S = 75.0
FARTHEST = 0.11
BEATS_IN_16_BARS = 64


@dataclass(frozen=True, slots=True)
class Made:
    """A loop: what is true of it, and its file."""

    path: Path
    pattern: str
    tempo_bpm: float
    first_beat_s: float

    @property
    def beats_of_kicks(self) -> tuple[int, ...]:
        """Beats of a bar that have a kick."""
        return (0, 1, 2, 3) if self.pattern == "house" else (0,)


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """One pair: how much later the second's kicks are, and whether bars fall together."""

    late_ms: NDArray[np.float64]
    by_bars: bool


def _made(folder: Path, number: int, tempo_bpm: float, random: np.random.Generator) -> Made:
    pattern = ("house", "house", "break")[random.integers(3)]
    first_beat_s = float(random.uniform(0.05, 0.6))
    sound = loop(
        pattern,
        tempo_bpm,
        seconds=LENGTH_S,
        first_beat_s=first_beat_s,
        noise=float(random.choice([0.0, 0.05])),
        seed=number,
    )
    path = folder / f"{number}.wav"
    soundfile.write(path, sound.samples, RATE_HZ, subtype="FLOAT")
    return Made(path, pattern, tempo_bpm, first_beat_s)


def _heard_kicks(
    plan: MixPlan, side: int, made: Made
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """When the kicks of a track are heard within the transition, and on which beat of a bar."""
    (fade,), track = plan.fades, plan.tracks[side]
    first = (fade.out_frame, fade.in_frame)[side]
    stream = open_track(track, plan.sample_rate_hz, first, cancel=CancelToken())
    samples = stream.read(fade.n_frames).mean(axis=1)
    times, beats = [], []
    for beat in range(int(LENGTH_S * made.tempo_bpm / 60.0)):
        own = (made.first_beat_s + beat * 60.0 / made.tempo_bpm) * plan.sample_rate_hz
        at_s = (track.warp.heard_frame(own) - first) / plan.sample_rate_hz
        if beat % 4 in made.beats_of_kicks and 0.1 < at_s < fade.n_frames / RATE_HZ - 0.3:
            times.append(kick_heard_s(samples, at_s))
            beats.append(beat % 4)
    return np.array(times), np.array(beats)


def together(
    pair: tuple[Made, Made], analyses: tuple[TrackAnalysis, TrackAnalysis]
) -> Together | None:
    """How the kicks of a pair lie; None where it is not joined on the beat."""
    rows = tracks_of(each.path for each in pair)
    plan = plan_mix(Project(tracks=rows, default=TransitionSpec(style="auto")), analyses)
    (fade,) = plan.fades
    if fade.join is None:
        return None
    beat_s = 60.0 / fade.join.met.tempo_bpm
    leaving, entering = (_heard_kicks(plan, side, pair[side]) for side in (0, 1))
    late_ms, same = [], []
    for at_s, beat in zip(*entering, strict=True):
        nearest = int(np.argmin(np.abs(leaving[0] - at_s)))
        late_s = at_s - leaving[0][nearest]
        if abs(late_s) < beat_s / 2:  # else the other has no kick on that beat
            late_ms.append(1000.0 * late_s)
            same.append(leaving[1][nearest] == beat)
    return Together(np.array(late_ms), bool(np.all(same)))


def main() -> None:
    """Make, join, look for kicks, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=50)
    args = parser.parse_args()
    random = np.random.default_rng(0)
    pairs: list[Together] = []
    overlaps: list[Overlap] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(args.pairs):
            tempo_bpm = float(random.uniform(85.0, 160.0))
            other_bpm = tempo_bpm * (1.0 + float(random.uniform(-FARTHEST, FARTHEST)))
            pair = (
                _made(Path(folder), 2 * number, tempo_bpm, random),
                _made(Path(folder), 2 * number + 1, other_bpm, random),
            )
            first, second = analyze_tracks([each.path for each in pair], music=True)
            assert isinstance(first, TrackAnalysis)
            assert isinstance(second, TrackAnalysis)
            found = together(pair, (first, second))
            if found is None:
                continue
            pairs.append(found)
            if (overlap := measured((first, second))) is not None:
                overlaps.append(overlap)
    every = np.abs(np.concatenate([each.late_ms for each in pairs]))
    drifts = [
        abs(np.polyfit(np.arange(len(each.late_ms)), each.late_ms, 1)[0]) * BEATS_IN_16_BARS
        for each in pairs
        if len(each.late_ms) >= 8
    ]
    print(
        f"{args.pairs} pairs, {len(pairs)} joined on the beat, {len(every)} beats; bars fall "
        f"together in {np.mean([each.by_bars for each in pairs]):.0%}\n\n"
        "| | median | 95 % | largest |\n|---|---|---|---|\n"
        f"| beats apart, ms | {np.median(every):.2f} | {np.quantile(every, 0.95):.2f} "
        f"| {every.max():.2f} |\n"
        f"| drift, as of 16 bars, ms | {np.median(drifts):.2f} | {np.quantile(drifts, 0.95):.2f} "
        f"| {max(drifts):.2f} |\n"
    )
    print(table(overlaps))


if __name__ == "__main__":
    main()

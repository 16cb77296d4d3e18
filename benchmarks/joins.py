"""Transitions of the style auto against plain ones: random pairs of real tracks, measured.

For every pair both transitions are made and measured like any other; printed are how they were
joined, the share of pairs in which auto measures no worse, lengths, what is left out, and each
measure's mean. The pairs are the same at every run.

    python benchmarks/joins.py MUSIC_FOLDER --pairs 300
"""

from __future__ import annotations

import argparse
import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np

from deepbass_engine.analysis.track import TrackAnalysis, analyze_tracks
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.plan import Fade, plan_mix
from deepbass_engine.mix.playback import audio_around
from deepbass_engine.mix.quality import MEASURES, Quality
from deepbass_engine.playlists import collect
from deepbass_engine.project import Project, tracks_of
from deepbass_engine.settings import MixSettings, TransitionSpec

TARGET_LUFS = -14.0
SHORTEST_S = 60.0
"""Shorter files of a folder are no songs."""


@dataclass(frozen=True, slots=True)
class Made:
    """A transition that was made and measured."""

    fade: Fade
    length_s: float
    discarded_s: float
    quality: Quality


def _length_s(analysis: TrackAnalysis) -> float:
    return analysis.span.n_frames / analysis.source.sample_rate_hz


def made(style: str, pair: tuple[TrackAnalysis, TrackAnalysis]) -> Made:
    """Join two tracks and measure it."""
    project = Project(
        tracks=tracks_of(analysis.source.path for analysis in pair),
        default=TransitionSpec(style=style),
        mix=MixSettings(target_lufs=TARGET_LUFS),
    )
    plan = plan_mix(project, pair)
    audio = audio_around(plan, 0)
    assert audio is not None
    (fade,) = plan.fades
    quality = measure(audio).quality
    return Made(fade, fade.n_frames / plan.sample_rate_hz, sum(audio.discarded_s), quality)


def main() -> None:
    """Pair, make, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("music", type=Path)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    heard = analyze_tracks(collect([args.music]).files, music=True)
    tracks = [a for a in heard if isinstance(a, TrackAnalysis) and _length_s(a) >= SHORTEST_S]
    everything = list(permutations(tracks, 2))
    chosen = np.random.default_rng(0).permutation(len(everything))[: args.pairs]
    pairs = [everything[i] for i in chosen]
    with ThreadPoolExecutor(2) as pool:
        autos = list(pool.map(lambda pair: made("auto", pair), pairs))
        plains = list(pool.map(lambda pair: made("plain", pair), pairs))
    print(table(autos, plains))
    if args.verbose:
        for pair, auto, plain in zip(pairs, autos, plains, strict=True):
            if auto.fade.join is not None:
                names = " > ".join(analysis.source.path.stem for analysis in pair)
                print(f"\n{names}: {auto.quality.score:.2f} against {plain.quality.score:.2f}")
                print(f"  {auto.fade.because}\n  {_terms(auto)}\n  {_terms(plain)}")


def _terms(one: Made) -> str:
    terms = one.quality.score_terms.items()
    return ", ".join(f"{name} {value:.2f}" for name, value in terms if value >= 0.01)


def table(autos: list[Made], plains: list[Made]) -> str:
    """What came of it, in Markdown."""
    on_beat = [i for i, auto in enumerate(autos) if auto.fade.join is not None]
    better = [autos[i].quality.score <= plains[i].quality.score for i in on_beat]
    lines = [
        f"{len(autos)} pairs, {len(on_beat)} on the beat "
        f"({len(on_beat) / len(autos):.0%}); of these {np.mean(better):.0%} measure no worse than "
        "plain",
        "",
        "| | auto | plain |",
        "|---|---|---|",
    ]
    rows = {
        "8 s and longer": lambda made: float(made.length_s >= 8.0),
        "left out, s": lambda made: made.discarded_s,
        "score": lambda made: made.quality.score,
        **{
            f"{name}, mean badness": (
                lambda made, name=name: (
                    made.quality.measures[name].badness if name in made.quality.measures else 0.0
                )
            )
            for name in MEASURES
        },
    }
    for name, value in rows.items():
        both = [statistics.mean(map(value, side)) for side in (autos, plains)]
        beat = [statistics.mean(value(side[i]) for i in on_beat) for side in (autos, plains)]
        lines.append(
            f"| {name} | {both[0]:.2f} (on the beat {beat[0]:.2f}) "
            f"| {both[1]:.2f} ({beat[1]:.2f}) |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()

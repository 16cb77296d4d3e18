"""How many transitions between real tracks each measure flags, and how its values lie.

    python benchmarks/quality_flags.py FOLDER [--pairs 200] [--duration 8]

Random pairs of the folder's tracks of a minute and more, the same at every run, are joined twice:
by the default settings, from the audible end of one to the audible begin of the other; and in
mid-song, leaving the first at 1:10 of its sound and entering the second at 0:30, as a DJ might.
Prints a table for docs/quality.md.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from itertools import permutations
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from deepbass_engine.analysis.track import TrackAnalysis, analyze_tracks
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.plan import plan_mix
from deepbass_engine.mix.playback import DecodedStretches, audio_around
from deepbass_engine.mix.quality import MEASURES, Quality
from deepbass_engine.playlists import collect
from deepbass_engine.project import Project, Span, tracks_of
from deepbass_engine.settings import MixSettings, QualityLimits, TransitionSpec

_SHORTEST_S = 100.0
_LEFT_AT_S, _ENTERED_AT_S = 70.0, 30.0
_RATE_HZ = 44_100
_PERCENTILES = (50, 90, 95, 99)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--duration", type=float, default=8.0)
    args = parser.parse_args()
    found = analyze_tracks(collect([args.folder]).files)
    tracks = [a for a in found if isinstance(a, TrackAnalysis) and _length_s(a) >= _SHORTEST_S]
    pairs = random.Random(5).sample(list(permutations(tracks, 2)), args.pairs)
    print(f"{args.pairs} pairs of {len(tracks)} tracks, {args.duration:g} s each\n")
    for name, is_mid_song in (("ends and begins", False), ("mid-song", True)):
        stretches = DecodedStretches(limit_bytes=2_000_000_000)
        qualities = [_quality(*pair, args.duration, is_mid_song, stretches) for pair in pairs]
        _show(name, qualities)


def _quality(
    leaving: TrackAnalysis,
    entering: TrackAnalysis,
    duration_s: float,
    is_mid_song: bool,
    stretches: DecodedStretches,
) -> Quality:
    """Of the transition from one track to another."""
    first, second = tracks_of([leaving.source.path, entering.source.path])
    if is_mid_song:
        first = replace(first, span=_part(leaving, 0.0, _LEFT_AT_S))
        second = replace(second, span=_part(entering, _ENTERED_AT_S, _length_s(entering)))
    project = Project(
        tracks=(first, second),
        default=TransitionSpec(duration_s=duration_s),
        mix=MixSettings(sample_rate_hz=_RATE_HZ),
        limits=QualityLimits(discarded=1000.0 if is_mid_song else QualityLimits().discarded),
    )
    plan = plan_mix(project, [leaving, entering])
    audio = audio_around(plan, 0, stretches=stretches)
    assert audio is not None
    return measure(audio, project.limits).quality


def _length_s(analysis: TrackAnalysis) -> float:
    return analysis.span.n_frames / analysis.source.sample_rate_hz


def _part(analysis: TrackAnalysis, start_s: float, end_s: float) -> Span:
    """A part of a track's sound, given from where that begins."""
    rate_hz, first = analysis.source.sample_rate_hz, analysis.span.start_frame
    return Span(first + round(start_s * rate_hz), first + round(end_s * rate_hz))


def _show(name: str, qualities: list[Quality]) -> None:
    """Print a table."""
    flagged = Counter(
        n for quality in qualities for n, m in quality.measures.items() if m.is_flagged
    )
    heads = " | ".join(f"{percent} %" for percent in _PERCENTILES)
    print(f"| {name} | measured | limit | flagged | {heads} |\n|---|---|---|---|" + "---|" * 4)
    for measure_name in MEASURES:
        measures = [q.measures[measure_name] for q in qualities if measure_name in q.measures]
        if not measures:
            continue
        values = np.percentile([m.excess for m in measures], _PERCENTILES)
        lies = " | ".join(f"{value:.1f}" for value in values)
        limit = f"{measures[0].limit:g} {measures[0].unit}"
        print(f"| {measure_name} | {len(measures)} | {limit} | {flagged[measure_name]} | {lies} |")
    n_flagged = sum(bool(quality.reasons) for quality in qualities)
    scores = np.percentile([quality.score for quality in qualities], _PERCENTILES)
    lies = " | ".join(f"{score:.1f}" for score in scores)
    print(f"| any; score | {len(qualities)} | | {n_flagged} | {lies} |\n")


if __name__ == "__main__":
    main()

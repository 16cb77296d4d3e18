"""On how many transitions between real tracks a search lowers the score, and what it takes.

Pairs of files are drawn at random, always the same for a seed, from all below a folder. Each is
joined by the default transition, which is measured; then a search is made, its choice is put into
the project, and the transition is measured anew in the plan of that. Run it on a quiet machine:

    python benchmarks/search.py FOLDER --pairs 50 --candidates 24
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from pathlib import Path

import msgspec

from deepbass_engine.analysis.track import analyze_tracks
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.playback import audio_around
from deepbass_engine.mix.quality import Quality
from deepbass_engine.mix.search import search_transitions, with_choice
from deepbass_engine.project import Project, tracks_of
from deepbass_engine.settings import QualityLimits, SearchSettings, TransitionSpec

ENDINGS = (".flac", ".m4a", ".mp3", ".ogg", ".opus", ".wav")
SHORTEST_S = 30.0


def long_tracks(folder: Path) -> list[Path]:
    """All audio files below a folder that are tracks, and no effects or jingles."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    found = analyze_tracks(files)
    return [
        file
        for file, analysis in zip(files, found, strict=True)
        if not isinstance(analysis, Exception)
        and analysis.span.n_frames / analysis.source.sample_rate_hz >= SHORTEST_S
    ]


def drawn(files: list[Path], n_pairs: int, seed: int) -> list[Path]:
    """Two files for each pair, one behind the other; no pair twice."""
    pairs = [(one, other) for one in files for other in files if one != other]
    if len(pairs) < n_pairs:
        sys.exit(f"{len(files)} tracks make {len(pairs)} pairs, not {n_pairs}")
    return [file for pair in random.Random(seed).sample(pairs, n_pairs) for file in pair]


def quality_of(plan: MixPlan, index: int, limits: QualityLimits) -> Quality:
    """What is measured of a transition in a plan."""
    audio = audio_around(plan, index)
    assert audio is not None
    return measure(audio, limits).quality


def main() -> None:
    """Parse, draw pairs, search, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--candidates", type=int, default=24)
    parser.add_argument("--duration", type=float, default=8.0, help="of the default transition")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=0)
    args = parser.parse_args()
    files = drawn(long_tracks(args.folder), args.pairs, args.seed)
    default = TransitionSpec(duration_s=args.duration)
    project = Project(tracks=tracks_of(files), default=default)
    analyses = analyze_tracks(files)
    before, indices = plan_mix(project, analyses), range(0, len(files), 2)
    started_s = time.perf_counter()
    found = search_transitions(
        project, analyses, indices, SearchSettings(n_candidates=args.candidates), jobs=args.jobs
    )
    took_s = time.perf_counter() - started_s
    chosen = project
    for index, ranking in found.items():
        chosen = with_choice(chosen, before, index, ranking[0], analyses)
    after = plan_mix(chosen, analyses)
    rows = []
    for index in found:
        was, now = (quality_of(plan, index, project.limits) for plan in (before, after))
        rows.append((was, now))
        names = " -> ".join(file.stem for file in files[index : index + 2])
        print(f"{was.score:7.3f} {now.score:7.3f}  {names}: {after.fades[index].because}")
    what = f"{len(rows)} pairs, {args.candidates} candidates, default {args.duration} s"
    print(f"\n{what}; {took_s / len(rows):.1f} s a pair\n")
    print("| counted | lowered | raised | median score | flagged |")
    print("|---|---|---|---|---|")
    print_row("everything", rows)
    print_row("all but the step in loudness", [tuple(map(without_step, row)) for row in rows])


def without_step(quality: Quality) -> Quality:
    """A quality but for the step from track to track, which no fade can change."""
    return msgspec.structs.replace(quality, loudness_jump=None)


def print_row(name: str, rows: list[tuple[Quality, Quality]]) -> None:
    """Print how qualities before compare with those behind."""
    scores = [(was.score, now.score) for was, now in rows]
    n_lower, n_raised = (sum(sign * (now - was) > 0 for was, now in scores) for sign in (-1, 1))
    was, now = (statistics.median(side) for side in zip(*scores, strict=True))
    flagged = [sum(bool(quality.reasons) for quality in side) for side in zip(*rows, strict=True)]
    print(
        f"| {name} | {n_lower} ({n_lower / len(rows):.0%}) | {n_raised} | {was:.3f} -> {now:.3f} "
        f"| {flagged[0]} -> {flagged[1]} |"
    )


if __name__ == "__main__":
    main()

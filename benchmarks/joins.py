"""Transitions of the style auto, plain ones and a baseline planner's: random pairs, measured.

For every pair the transitions are made and measured like any other; printed are how they were
joined, the share of pairs in which auto measures no worse, lengths, what is left out, and each
measure's mean. What the baseline chooses is rendered here too, so only its choices are compared.
The pairs are the same at every run.

    python benchmarks/joins.py MUSIC_FOLDER --pairs 300
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
from baseline_planner import chosen
from msgspec.structs import replace

from deepbass_engine.analysis.track import TrackAnalysis, analyze_tracks
from deepbass_engine.mix.measured_style import settle_styles
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.plan import Fade, plan_mix
from deepbass_engine.mix.playback import audio_around
from deepbass_engine.mix.quality import MEASURES, MeasuredTransition
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.playlists import collect
from deepbass_engine.project import Project, Span, Transition, tracks_of
from deepbass_engine.settings import MixSettings, TransitionSpec

TARGET_LUFS = -14.0
SHORTEST_S = 60.0
"""Shorter files of a folder are no songs."""

Pair = tuple[TrackAnalysis, TrackAnalysis]


@dataclass(frozen=True, slots=True)
class Made:
    """A transition that was made and measured."""

    fade: Fade
    length_s: float
    left_out_s: float
    is_on_beat: bool
    measured: MeasuredTransition

    @property
    def score(self) -> float:
        """The less the better."""
        return self.measured.quality.score


def _length_s(analysis: TrackAnalysis) -> float:
    return analysis.span.n_frames / analysis.source.sample_rate_hz


def _project(pair: Pair, style: str) -> Project:
    return Project(
        tracks=tracks_of(analysis.source.path for analysis in pair),
        default=TransitionSpec(style=style),
        mix=MixSettings(target_lufs=TARGET_LUFS),
    )


def auto(pair: Pair, store: TransitionStore) -> Project:
    """A pair as the style auto joins it, settled by what is measured."""
    return settle_styles(_project(pair, "auto"), pair, store=store, jobs=1).project


def plain(pair: Pair, store: TransitionStore) -> Project:
    """A pair joined plainly."""
    return _project(pair, "plain")


def baseline(pair: Pair, store: TransitionStore) -> Project:
    """A pair as the baseline planner joins it."""
    choice = chosen(*pair)
    project = _project(pair, "auto" if choice.is_on_beat else "plain")
    first, second = project.tracks
    out_rate, in_rate = (analysis.source.sample_rate_hz for analysis in pair)
    spans = (
        Span(pair[0].span.start_frame, round(choice.out_end_s * out_rate)),
        Span(round(choice.in_start_s * in_rate), pair[1].span.end_frame),
    )
    own = Transition(out_track=first.id, in_track=second.id, duration_s=choice.length_s)
    return replace(
        project,
        tracks=(replace(first, span=spans[0]), replace(second, span=spans[1])),
        transitions=(own,),
    )


def made(
    planner: Callable[[Pair, TransitionStore], Project], pair: Pair, store: TransitionStore
) -> Made:
    """Join two tracks and measure it."""
    project = planner(pair, store)
    plan = plan_mix(project, pair)
    (fade,) = plan.fades
    found = store.load_measured(plan, 0)
    audio = None if found is not None else audio_around(plan, 0, store=store)
    if audio is not None:
        found = measure(audio)
        store.keep_measured(plan, 0, found)
    assert found is not None
    left_out = found.quality.measures["discarded"].value
    length_s = fade.n_frames / plan.sample_rate_hz
    return Made(fade, length_s, left_out, fade.join is not None, found)


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
    order = np.random.default_rng(0).permutation(len(everything))[: args.pairs]
    pairs = [everything[i] for i in order]
    planners = {"auto": auto, "plain": plain, "baseline": baseline}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        store = TransitionStore(Path(folder), limit_bytes=4 << 30)
        found = {
            name: list(pool.map(lambda pair, p=planner: made(p, pair, store), pairs))
            for name, planner in planners.items()
        }
    print(table(found))
    if args.verbose:
        for pair, one, other in zip(pairs, found["auto"], found["plain"], strict=True):
            if one.is_on_beat:
                names = " > ".join(analysis.source.path.stem for analysis in pair)
                print(f"\n{names}: {one.score:.2f} against {other.score:.2f}")
                print(f"  {one.fade.because}\n  {_terms(one)}\n  {_terms(other)}")


def _terms(one: Made) -> str:
    terms = one.measured.quality.score_terms.items()
    return ", ".join(f"{name} {value:.2f}" for name, value in terms if value >= 0.01)


def _badness(name: str) -> Callable[[Made], float]:
    def value(one: Made) -> float:
        found = one.measured.quality.measures.get(name)
        return 0.0 if found is None else found.badness

    return value


def table(found: dict[str, list[Made]]) -> str:
    """What came of it, in Markdown."""
    autos, plains = found["auto"], found["plain"]
    on_beat = [i for i, one in enumerate(autos) if one.is_on_beat]
    no_worse = [one.score <= other.score + 0.0101 for one, other in zip(autos, plains, strict=True)]
    better = [autos[i].score < plains[i].score for i in on_beat]
    lines = [
        f"{len(autos)} pairs, {len(on_beat)} on the beat; of these {np.mean(better):.0%} measure "
        f"better than plain; of all {np.mean(no_worse):.0%} no worse",
        "",
        "| | " + " | ".join(found) + " |",
        "|---|" + "---|" * len(found),
    ]
    rows: dict[str, Callable[[list[Made]], float]] = {
        "on the beat": lambda side: float(np.mean([one.is_on_beat for one in side])),
        "8 s and longer": lambda side: float(np.mean([one.length_s >= 8.0 for one in side])),
        "length, median s": lambda side: statistics.median(one.length_s for one in side),
        "left out, mean s": lambda side: statistics.mean(one.left_out_s for one in side),
        "left out, 95 % s": lambda side: float(np.quantile([one.left_out_s for one in side], 0.95)),
        "left out, most s": lambda side: max(one.left_out_s for one in side),
        "score, median": lambda side: statistics.median(one.score for one in side),
        "score, mean": lambda side: statistics.mean(one.score for one in side),
    }
    for name in MEASURES:
        value = _badness(name)
        rows[f"{name}, mean badness"] = lambda side, value=value: statistics.mean(map(value, side))
    for title, value in rows.items():
        cells = [value(side) for side in found.values()]
        on = [value([side[i] for i in on_beat]) for side in found.values()]
        texts = (f"{all_:.2f} ({beat:.2f})" for all_, beat in zip(cells, on, strict=True))
        lines.append(f"| {title} | " + " | ".join(texts) + " |")
    lines += ["", "In brackets: the pairs that auto joins on the beat."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

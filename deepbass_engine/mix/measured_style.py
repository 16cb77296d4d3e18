"""Whether transitions on the beat are better than plain ones, by what is measured of both.

The style auto foretells from beats, harmonies and loudness how two tracks go together. Here each
pair that it joins is made as it has it, by the other lengths that it considered, and as a plain
fade; all of them are measured, and the one that measures best is taken. So nothing on the beat is
worse than what the plain style makes of the same two tracks.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.errors import DeepBassError
from deepbass_engine.mix.choosing import LEAST_GAIN, what_is_better
from deepbass_engine.mix.joins.choosing import Join
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.plan import Fade, MixPlan, plan_mix
from deepbass_engine.mix.playback import audio_around
from deepbass_engine.mix.quality import Quality
from deepbass_engine.mix.side_by_side import work_side_by_side
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.project import MEASURED, Project, Transition
from deepbass_engine.settings import n_workers

N_LENGTHS = 3
"""Lengths of a transition on the beat that are made and measured."""


@dataclass(frozen=True, slots=True)
class SettledStyles:
    """What measuring chose.

    Attributes
    ----------
    project
        With a choice of its own, and why, for each pair that is better otherwise than foretold.
    n_measured, n_changed
        Pairs that were measured, and those of them that now have another choice than before.
    errors
        Why others could not be measured; they are as they were.
    """

    project: Project
    n_measured: int
    n_changed: int
    errors: tuple[DeepBassError, ...]


def settle_styles(
    project: Project,
    analyses: Sequence[TrackAnalysis | DeepBassError],
    *,
    store: TransitionStore | None = None,
    jobs: int = 0,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> SettledStyles:
    """Settle each pair that the style auto joins by what is measured.

    A pair for which a person, or a search, has chosen anything stays as it is; what measuring chose
    before is measured anew.

    Parameters
    ----------
    project, analyses
        As for `deepbass_engine.mix.plan.plan_mix`.
    store
        Where stretched ends of tracks and what was measured are looked for, and kept.
    jobs
        Transitions worked on at once; 0 takes one for each core. The result is the same for any
        number.
    on_progress
        Told of the stage "comparing", in transitions.
    cancel
        See `deepbass_engine.progress`.

    Raises
    ------
    PlanError
        If no track can be used.
    Cancelled
        If asked to stop.
    """
    ours = {(t.out_track, t.in_track) for t in project.transitions if t.is_measured}
    chosen = tuple(t for t in project.transitions if (t.out_track, t.in_track) not in ours)
    foretold = replace(project, transitions=chosen)
    plan = plan_mix(foretold, analyses)
    rows = {
        track.id: (track, analysis)
        for track, analysis in zip(project.tracks, analyses, strict=True)
        if not isinstance(analysis, DeepBassError)
    }
    indices = [f.index for f in plan.fades if f.join is not None and _is_open(foretold, plan, f)]
    found: dict[int, Transition | None] = {}
    errors: dict[int, DeepBassError] = {}
    stop, lock, n_done = CancelToken(), threading.Lock(), 0
    if on_progress is not None:
        on_progress(Progress("comparing", 0, len(indices)))

    def settle(index: int) -> None:
        nonlocal n_done
        pair = [rows[plan.tracks[index + side].id] for side in (0, 1)]
        alone = replace(
            project,
            tracks=tuple(track for track, _ in pair),
            mix=replace(project.mix, sample_rate_hz=plan.sample_rate_hz),
            transitions=(),
        )
        try:
            found[index] = _better(alone, [analysis for _, analysis in pair], store, stop)
        except DeepBassError as error:
            stop.raise_if_cancelled()
            errors[index] = error
        with lock:
            n_done += 1
            if on_progress is not None:
                on_progress(Progress("comparing", n_done, len(indices)))

    work_side_by_side(indices, settle, n_workers(jobs), stop=stop, cancel=cancel)
    pairs = {index: (plan.tracks[index].id, plan.tracks[index + 1].id) for index in found}
    settled = {pairs[index]: found[index] for index in sorted(found)}
    rest = (t for t in project.transitions if (t.out_track, t.in_track) not in settled)
    better = (transition for transition in settled.values() if transition is not None)
    after = replace(project, transitions=(*rest, *better))
    return SettledStyles(
        after,
        len(found),
        sum(after.own(*pair) != project.own(*pair) for pair in settled),
        tuple(errors[index] for index in sorted(errors)),
    )


def _is_open(project: Project, plan: MixPlan, fade: Fade) -> bool:
    """Whether neither its length in bars nor anything else of a transition was chosen."""
    ids = (plan.tracks[fade.index + side].id for side in (0, 1))
    own = project.own(*ids)
    nothing = Transition(out_track=own.out_track, in_track=own.in_track)
    return own == nothing and not project.default.bars


def _better(
    alone: Project,
    analyses: Sequence[TrackAnalysis],
    store: TransitionStore | None,
    cancel: CancelToken,
) -> Transition | None:
    """What two tracks are to have of their own, or None if what is foretold is best."""
    out_track, in_track = (track.id for track in alone.tracks)

    def measured(own: Transition) -> tuple[Quality, Join | None]:
        plan = plan_mix(replace(alone, transitions=(own,)), analyses)
        found = None if store is None else store.load_measured(plan, 0, cancel=cancel)
        if found is None:
            audio = audio_around(plan, 0, store=store, cancel=cancel)
            assert audio is not None
            found = measure(audio, cancel=cancel)
            if store is not None and audio.is_flawless:
                store.keep_measured(plan, 0, found, cancel=cancel)
        return found.quality.under(alone.limits), plan.fades[0].join

    def of_its_own(**fields: Any) -> Transition:
        return Transition(out_track=out_track, in_track=in_track, **fields)

    foretold = of_its_own()
    before, join = measured(foretold)
    if join is None:  # what its neighbours leave of the two tracks differs
        return None
    lengths = list(dict.fromkeys(each.placed.n_bars for each in join.considered))
    others = [of_its_own(bars=n_bars) for n_bars in lengths[1:N_LENGTHS]]
    best, quality = foretold, before
    for other in (*others, of_its_own(style="plain")):
        other_quality, _ = measured(other)
        if other_quality.score < quality.score - LEAST_GAIN:
            best, quality = other, other_quality
    if best is foretold:
        return None
    what = "a plain fade" if best.style == "plain" else f"{best.bars} bars on the beat"
    clauses = [
        f"{what} instead of {lengths[0]} bars on the beat",
        *what_is_better(quality, before),
    ]
    scores = f"score {quality.score:.2f} instead of {before.score:.2f}"
    return replace(best, because=f"{MEASURED}{'; '.join(clauses)} ({scores})")

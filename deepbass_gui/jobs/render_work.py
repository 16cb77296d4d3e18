"""What the renderer's thread does: transitions, a mix of them, and what is written beside it.

The engine makes transitions of one method together, so that NSynth ones are decoded as one batch,
and what it made before and has not changed is found in the store. Then the whole mix is written
with them, by the same function that the command line calls.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from msgspec import structs

from deepbass_engine.errors import DeepBassError
from deepbass_engine.mix.job import mix_project
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.project_tracks import analyze_project
from deepbass_engine.mix.quality import MeasuredTransition
from deepbass_engine.mix.report import MixReport, save_report
from deepbass_engine.mix.tracklist import save_cue, save_tracklist
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.transitions import render_transitions
from deepbass_engine.progress import Progress
from deepbass_engine.project import Problem, Project
from deepbass_engine.settings import OutputSettings
from deepbass_engine.units import seconds_from_frames
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.pair_jobs import SPEAKING_STAGES, JobState, PairJob, Stage
from deepbass_gui.jobs.worker import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportChoice:
    """Where a mix goes, how it is written, and what is written beside it."""

    target: Path
    output: OutputSettings = field(default_factory=OutputSettings)
    cue: bool = False
    tracklist: bool = False
    report: bool = False
    overwrite: bool = False

    @property
    def beside(self) -> dict[Path, Callable[[MixReport, Path], None]]:
        """The files beside the mix, and what writes each."""
        wanted = (
            (self.cue, ".cue", save_cue),
            (self.tracklist, ".tracklist.txt", save_tracklist),
            (self.report, ".report.json", save_report),
        )
        return {Path(f"{self.target}{end}"): save for is_on, end, save in wanted if is_on}


@dataclass(frozen=True, slots=True)
class RenderedMix:
    """A finished mix.

    Attributes
    ----------
    pairs
        The rows that each transition of the report joins.
    took_s
        Seconds that all of it took, decoding included.
    """

    report: MixReport
    choice: ExportChoice
    pairs: tuple[Pair, ...]
    took_s: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a transition of a plan while it was rendered."""

    plan: MixPlan
    index: int
    measured: MeasuredTransition


@dataclass(frozen=True, slots=True)
class MadeTransitions:
    """Transitions that were made without a mix, and those that could not be."""

    pairs: tuple[Pair, ...]
    failed: dict[Pair, DeepBassError]


def rendered(
    project: Project, titles: dict[str, str], choice: ExportChoice, store: TransitionStore, job: Job
) -> RenderedMix:
    """Make the mix; runs in the renderer's thread."""
    began_s = time.monotonic()
    job.tell(Stage.READING)
    analyses = analyze_project(
        project, music=True, jobs=choice.output.jobs, on_progress=job.progress, cancel=job.cancel
    )
    plan = plan_mix(project, analyses)
    failed = _make_transitions(plan, _queue(plan, titles), choice.output, store, job)
    for index, error in failed.items():
        if plan.fades[index].method == "nsynth":
            raise error  # as writing would, after minutes
    job.tell(Stage.WRITING)
    report = mix_project(
        project,
        choice.target,
        choice.output,
        overwrite=choice.overwrite,
        beside=list(choice.beside),
        transitions=store,
        measure=True,
        on_estimate=job.tell,
        on_note=job.tell,
        on_measured=lambda index, measured: job.tell(Measured(plan, index, measured)),
        on_progress=lambda progress: _tell_written(job, progress),
        cancel=job.cancel,
    )
    report = _with_files_beside(report, choice)
    took_s = time.monotonic() - began_s
    return RenderedMix(report, choice, _pairs(report, project), took_s)


def _tell_written(job: Job, progress: Progress) -> None:
    """Tell of what is written, not of the second look at the tracks that goes before."""
    if progress.stage != "analysing":
        job.progress(progress)


def made(
    project: Project,
    titles: dict[str, str],
    pairs: frozenset[Pair],
    output: OutputSettings,
    store: TransitionStore,
    job: Job,
) -> MadeTransitions:
    """Make transitions; runs in the renderer's thread."""
    job.tell(Stage.READING)
    analyses = analyze_project(
        project, music=True, jobs=output.jobs, on_progress=job.progress, cancel=job.cancel
    )
    plan = plan_mix(project, analyses)
    queue = [made for made in _queue(plan, titles) if made.pair in pairs]
    failed = _make_transitions(plan, queue, output, store, job)
    return MadeTransitions(
        tuple(made.pair for made in queue),
        {made.pair: failed[made.index] for made in queue if made.index in failed},
    )


def _with_files_beside(report: MixReport, choice: ExportChoice) -> MixReport:
    """Write what goes beside the mix; what can't be is told in the report, for the mix is there."""
    problems = list(report.problems)
    for path, save in choice.beside.items():
        try:
            save(report, path)
        except DeepBassError as error:
            problems.append(Problem.from_error(error, path))
    return structs.replace(report, problems=tuple(problems))


def _pairs(report: MixReport, project: Project) -> tuple[Pair, ...]:
    """The rows each transition of a report joins; files may have gone since they were planned."""
    rows = iter(project.tracks)
    ids = [
        next(row.id for row in rows if str(row.path) == track.path) for track in report.tracks
    ]  # fmt: skip
    return tuple(Pair(ids[fade.out_track], ids[fade.in_track]) for fade in report.transitions)


def _queue(plan: MixPlan, titles: dict[str, str]) -> list[PairJob]:
    """A job for every pair of neighbours."""
    queue = []
    for fade in plan.fades:
        out_id, in_id = plan.tracks[fade.index].id, plan.tracks[fade.index + 1].id
        words = f"{titles[out_id]} > {titles[in_id]}"
        length_s = seconds_from_frames(fade.n_frames, plan.sample_rate_hz)
        is_nsynth = fade.method == "nsynth" and fade.n_frames > 0
        queue.append(PairJob(Pair(out_id, in_id), fade.index, words, length_s, is_nsynth))
    return queue


def _make_transitions(
    plan: MixPlan,
    queue: list[PairJob],
    output: OutputSettings,
    store: TransitionStore,
    job: Job,
) -> dict[int, DeepBassError]:
    """Make what the store does not have; those of one method go to the engine together.

    What went wrong is told, and returned. A simple one that fails is made again, and its error
    told, when the mix is written.
    """
    job.tell(Stage.TRANSITIONS)
    job.tell(list(queue))
    by_index = {made.index: made for made in queue}
    batches: dict[bool, list[int]] = defaultdict(list)
    for made in sorted(queue, key=lambda made: made.is_nsynth):
        batches[made.is_nsynth].append(made.index)

    def tell(index: int, state: JobState, error: DeepBassError | None = None) -> None:
        job.tell(replace(by_index[index], state=state, error=error))

    def tell_spoken(progress: Progress) -> None:
        """Tell of NSynth's stages; of the others each transition tells itself."""
        index = progress.transition_index
        if progress.stage in SPEAKING_STAGES:
            if progress.stage == "decoding" and index is not None:
                job.tell(replace(by_index[index], state=JobState.DECODING, share=1.0))
            job.progress(progress)

    failed: dict[int, DeepBassError] = {}
    for is_nsynth, indices in batches.items():
        begun = JobState.READING if is_nsynth else JobState.RENDERING
        found = render_transitions(
            plan,
            indices,
            store,
            jobs=output.jobs,
            device=output.device,
            precision=output.precision,
            on_begin=partial(tell, state=begun),
            on_done=lambda index, kept: tell(index, JobState.KEPT if kept else JobState.DONE),
            on_estimate=job.tell,
            on_note=job.tell,
            on_progress=tell_spoken,
            cancel=job.cancel,
        )
        for index, error in found.items():
            tell(index, JobState.FAILED, error)
        failed |= found
    return failed

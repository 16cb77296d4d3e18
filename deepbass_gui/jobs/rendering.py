"""From the document to a file: a queue of transitions, then the mix, in a thread of its own.

Every pair of neighbours is a job of the queue. The engine makes those of one method together, and
what it made before and has not changed is found in the store. Then the whole mix is written with
them, by the same function that the command line calls.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from msgspec import structs
from PySide6.QtCore import QObject, Signal

from deepbass_engine.analysis.track import analyze_tracks
from deepbass_engine.errors import DeepBassError
from deepbass_engine.mix.job import mix_project
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.report import MixReport, save_report
from deepbass_engine.mix.tracklist import save_cue, save_tracklist
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.transitions import render_transitions
from deepbass_engine.progress import Progress
from deepbass_engine.project import Problem, Project
from deepbass_engine.settings import OutputSettings
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.worker import Advanced, Event, Failed, Finished, Job, Stopped, Told, Worker


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


class JobState(Enum):
    """How far a transition is."""

    QUEUED = "queued"
    RENDERING = "rendering"
    DONE = "done"
    KEPT = "kept"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PairJob:
    """One transition in the queue; KEPT means that it was made before and has not changed.

    Attributes
    ----------
    pair
        The rows it joins.
    words
        The names of its two tracks.
    error
        Why it could not be made.
    """

    pair: Pair
    words: str
    state: JobState = JobState.QUEUED
    error: DeepBassError | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in (JobState.DONE, JobState.KEPT, JobState.FAILED)


class Stage(Enum):
    """What a rendering is at."""

    READING = "reading"
    TRANSITIONS = "transitions"
    WRITING = "writing"


_SHARES = {Stage.READING: 0.0, Stage.TRANSITIONS: 0.4, Stage.WRITING: 0.6}
"""What each stage counts for in the whole."""


@dataclass(frozen=True, slots=True)
class RenderedMix:
    """A finished mix.

    Attributes
    ----------
    pairs
        The rows that each transition of the report joins.
    """

    report: MixReport
    choice: ExportChoice
    pairs: tuple[Pair, ...]


class Renderer(QObject):
    """Renders the document, one mix at a time.

    Signals
    -------
    queue_changed()
        `jobs` or `is_rendering` changed.
    advanced()
        `share` or `time_left_s` changed.
    finished(RenderedMix)
        The mix is there.
    stopped()
        It was cancelled; nothing is left behind.
    failed(Exception)
        It could not be made.
    """

    queue_changed = Signal()
    advanced = Signal()
    finished = Signal(object)
    stopped = Signal()
    failed = Signal(object)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store = TransitionStore()
        self._document = document
        self._worker = Worker(1, self)
        self._job: Job | None = None
        self._jobs: list[PairJob] = []
        self._stage = Stage.READING
        self._stage_share = 0.0
        self._stage_began_s = 0.0

    @property
    def is_rendering(self) -> bool:
        """Whether a mix is being made."""
        return self._job is not None

    @property
    def jobs(self) -> list[PairJob]:
        """The transitions of the mix that is being made, or was made last."""
        return list(self._jobs)

    @property
    def stage(self) -> Stage:
        """What it is at."""
        return self._stage

    @property
    def share(self) -> float:
        """How much of all is done, from 0 to 1."""
        before = 0.0
        for stage, weight in _SHARES.items():
            if stage is self._stage:
                return before + weight * self._stage_share
            before += weight
        return before

    @property
    def time_left_s(self) -> float | None:
        """Estimate of the time to the end, once there is something to go by."""
        spent_s = time.monotonic() - self._stage_began_s
        if self._stage is Stage.READING or self._stage_share <= 0.05 or spent_s < 0.3:
            return None
        stage_s = spent_s / self._stage_share
        left_s = stage_s - spent_s
        if self._stage is Stage.TRANSITIONS:
            left_s += stage_s * _SHARES[Stage.WRITING] / _SHARES[Stage.TRANSITIONS]
        return left_s

    def render(self, choice: ExportChoice) -> None:
        """Render the document as it is now; edits made meanwhile don't disturb it."""
        if self._job is not None:
            return
        project = self._document.settled_project
        titles = {track.id: self._document.facts(track).title for track in project.tracks}
        self._jobs = []
        self._begin(Stage.READING)

        def work(job: Job) -> RenderedMix:
            return _rendered(project, titles, choice, self.store, job)

        self._job = self._worker.start(work, self._take)
        self.queue_changed.emit()

    def cancel(self) -> None:
        """Stop; nothing half-written is left behind."""
        if self._job is not None:
            self._job.cancel.cancel()

    def shut_down(self) -> None:
        """Stop and wait for the thread."""
        self._worker.shut_down()
        self._job = None

    def _begin(self, stage: Stage) -> None:
        self._stage, self._stage_share = stage, 0.0
        self._stage_began_s = time.monotonic()

    def _take(self, event: Event) -> None:
        """Learn how far it is."""
        match event:
            case Told(Stage() as stage):
                self._begin(stage)
            case Told(list() as jobs):
                self._jobs = jobs
            case Told((int() as index, PairJob() as job)):
                self._jobs[index] = job
                if self._stage is Stage.TRANSITIONS:
                    self._stage_share = sum(j.is_over for j in self._jobs) / len(self._jobs)
                    self.advanced.emit()
            case Advanced(progress):
                self._stage_share = progress.done / max(1, progress.total)
                self.advanced.emit()
                return
            case Stopped():
                self._job, self._jobs = None, []
            case _:
                self._job = None
        self.queue_changed.emit()
        match event:
            case Finished(result):
                self.finished.emit(result)
            case Stopped():
                self.stopped.emit()
            case Failed(error):
                self.failed.emit(error)


def _rendered(
    project: Project, titles: dict[str, str], choice: ExportChoice, store: TransitionStore, job: Job
) -> RenderedMix:
    """Make the mix; runs in the renderer's thread."""
    job.tell(Stage.READING)
    analyses = analyze_tracks(
        [track.path for track in project.tracks],
        project.mix.trim,
        jobs=choice.output.jobs,
        on_progress=job.progress,
        cancel=job.cancel,
    )
    plan = plan_mix(project, analyses)
    queue = _queue(plan, titles)
    job.tell(Stage.TRANSITIONS)
    job.tell(list(queue))
    _make_transitions(plan, queue, choice, store, job)
    job.tell(Stage.WRITING)
    report = mix_project(
        project,
        choice.target,
        choice.output,
        overwrite=choice.overwrite,
        beside=list(choice.beside),
        transitions=store,
        on_progress=lambda progress: _tell_written(job, progress),
        cancel=job.cancel,
    )
    report = _with_files_beside(report, choice)
    return RenderedMix(report, choice, _pairs(report, project))


def _tell_written(job: Job, progress: Progress) -> None:
    """Tell of what is written, not of the second look at the tracks that goes before."""
    if progress.stage == "rendering":
        job.progress(progress)


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
        queue.append(PairJob(Pair(out_id, in_id), f"{titles[out_id]} > {titles[in_id]}"))
    return queue


def _make_transitions(
    plan: MixPlan, queue: list[PairJob], choice: ExportChoice, store: TransitionStore, job: Job
) -> None:
    """Make what the store does not have; those of one method go to the engine together.

    One that fails is made again, and its error told, when the mix is written.
    """
    batches: dict[str, list[int]] = defaultdict(list)
    for fade in plan.fades:
        batches[fade.method].append(fade.index)

    def tell(index: int, state: JobState, error: DeepBassError | None = None) -> None:
        job.tell((index, replace(queue[index], state=state, error=error)))

    for indices in batches.values():
        failed = render_transitions(
            plan,
            indices,
            store,
            jobs=choice.output.jobs,
            on_begin=lambda index: tell(index, JobState.RENDERING),
            on_done=lambda index, kept: tell(index, JobState.KEPT if kept else JobState.DONE),
            cancel=job.cancel,
        )
        for index, error in failed.items():
            tell(index, JobState.FAILED, error)

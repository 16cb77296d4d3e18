"""From the document to a file: a queue of transitions, then the mix, in a thread of its own.

Every pair of neighbours is a job of the queue. Transitions can also be made alone, to be listened
to. What the thread does stands in `deepbass_gui.jobs.render_work`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from deepbass_engine.mix.estimate import Estimate
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import Progress
from deepbass_engine.settings import OutputSettings
from deepbass_gui import decoding_speeds
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.decoding_clock import DecodingClock
from deepbass_gui.jobs.pair_jobs import (
    BEFORE_DECODING,
    SPEAKING_STAGES,
    JobState,
    PairJob,
    Stage,
    reached_s,
)
from deepbass_gui.jobs.render_work import (
    ExportChoice,
    MadeTransitions,
    Measured,
    RenderedMix,
    made,
    rendered,
)
from deepbass_gui.jobs.worker import Advanced, Event, Failed, Finished, Job, Stopped, Told, Worker

_SHARES = {Stage.READING: 0.0, Stage.TRANSITIONS: 0.4, Stage.WRITING: 0.6}
_SHARES_DECODING = {Stage.READING: 0.0, Stage.TRANSITIONS: 0.97, Stage.WRITING: 0.03}
_SHARES_ALONE = {Stage.READING: 0.0, Stage.TRANSITIONS: 1.0, Stage.WRITING: 0.0}
"""What each stage counts for in the whole; where a model decodes, the others are hardly seen."""


_ALMOST = 0.99
"""A transition is decoded when it is told to be, not when it was reckoned to be."""


class Renderer(QObject):
    """Renders the document, one mix at a time, or some of its transitions.

    Signals
    -------
    queue_changed()
        `jobs` or `is_rendering` changed.
    advanced()
        `share` or `time_left_s` changed.
    noted(str)
        What is done otherwise than chosen, as a sentence.
    finished(RenderedMix)
        The mix is there.
    measured(Measured)
        What a transition of the mix that is being written measures.
    made(MadeTransitions)
        The transitions are there.
    stopped()
        It was cancelled; nothing is left behind but the transitions made by then.
    failed(Exception)
        It could not be made.
    """

    queue_changed = Signal()
    advanced = Signal()
    noted = Signal(str)
    finished = Signal(object)
    measured = Signal(object)
    made = Signal(object)
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
        self._shares = _SHARES
        self._speaking = ""
        self._clock = DecodingClock()

    @property
    def is_rendering(self) -> bool:
        """Whether a mix, or a transition, is being made."""
        return self._job is not None

    @property
    def is_for_mix(self) -> bool:
        """Whether it is a whole mix that is being made, or was made last."""
        return self._shares is not _SHARES_ALONE

    @property
    def jobs(self) -> list[PairJob]:
        """The transitions of the mix that is being made, or was made last."""
        return list(self._jobs)

    @property
    def stage(self) -> Stage:
        """What it is at."""
        return self._stage

    @property
    def speaking(self) -> str:
        """What NSynth transitions are at, of `SPEAKING_STAGES`; empty where at none."""
        return self._speaking

    @property
    def estimate(self) -> Estimate | None:
        """What is being decoded; None before that was measured, and where nothing is."""
        return self._clock.estimate

    @property
    def share(self) -> float:
        """How much of all is done, from 0 to 1."""
        before = 0.0
        for stage, weight in self._shares.items():
            if stage is self._stage:
                return before + weight * self._stage_share
            before += weight
        return before

    @property
    def time_left_s(self) -> float | None:
        """Estimate of the time to the end, once there is something to go by."""
        if self._speaking:
            return self._clock.left_s
        spent_s = time.monotonic() - self._stage_began_s
        if self._stage is Stage.READING or self._stage_share <= 0.05 or spent_s < 0.3:
            return None
        stage_s = spent_s / self._stage_share
        left_s = stage_s - spent_s
        if self._stage is Stage.TRANSITIONS:
            left_s += stage_s * self._shares[Stage.WRITING] / self._shares[Stage.TRANSITIONS]
        return left_s

    def left_s(self, job: PairJob) -> float | None:
        """Estimate of the time until a transition is decoded."""
        left_s = self._clock.left_s
        going = [each for each in self._jobs if each.is_nsynth and not each.is_over]
        longest_s = max((each.length_s * (1 - each.share) for each in going), default=0.0)
        if left_s is None or not longest_s:
            return None
        return left_s * job.length_s * (1 - job.share) / longest_s

    def render(self, choice: ExportChoice) -> None:
        """Render the document as it is now; edits made meanwhile don't disturb it."""
        if self._job is not None:
            return
        project = self._document.settled_project
        titles = {track.id: self._document.facts(track).title for track in project.tracks}
        self._shares = _SHARES

        def work(job: Job) -> RenderedMix:
            return rendered(project, titles, choice, self.store, job)

        self._start(work)

    def make(self, pairs: Collection[Pair]) -> None:
        """Make some transitions of the document as it is now, without the mix."""
        if self._job is not None:
            return
        project = self._document.settled_project
        titles = {track.id: self._document.facts(track).title for track in project.tracks}
        output = self._document.nsynth.output(OutputSettings())
        wanted = frozenset(pairs)
        self._shares = _SHARES_ALONE

        def work(job: Job) -> MadeTransitions:
            return made(project, titles, wanted, output, self.store, job)

        self._start(work)

    def cancel(self) -> None:
        """Stop; nothing half-written is left behind."""
        if self._job is not None:
            self._job.cancel.cancel()

    def shut_down(self) -> None:
        """Stop and wait for the thread."""
        self._worker.shut_down()
        self._job = None

    def _start(self, work: Callable[[Job], object]) -> None:
        self._jobs = []
        self._begin(Stage.READING)
        self._job = self._worker.start(work, self._take)
        self.queue_changed.emit()

    def _begin(self, stage: Stage) -> None:
        self._end_speech()
        self._stage, self._stage_share = stage, 0.0
        self._stage_began_s = time.monotonic()

    def _end_speech(self) -> None:
        """Remember for the next time how long decoding took."""
        clock, self._clock, self._speaking = self._clock, DecodingClock(), ""
        estimate = clock.estimate
        if estimate is None:
            return
        voice, n = estimate.voice, estimate.n_transitions
        each_s = clock.seconds_each
        if each_s is None:  # a busy machine is estimated too slow, never too fast
            guesses = clock.seconds_each_estimated, decoding_speeds.expected(voice, n)
            each_s = min((guess for guess in guesses if guess is not None), default=None)
        if each_s is not None:
            decoding_speeds.remember(voice, n, each_s)

    def _take(self, event: Event) -> None:
        """Learn how far it is."""
        match event:
            case Told(Stage() as stage):
                self._begin(stage)
            case Told(list() as jobs):
                self._jobs = jobs
            case Told(PairJob() as job):
                self._put(job)
            case Told(Estimate() as estimate):
                self._expect(estimate)
            case Told(Measured() as measured):
                self.measured.emit(measured)
                return
            case Told(str() as note):
                self.noted.emit(note)
                return
            case Advanced(progress) if self._is_of_speech(progress):
                self._speak(progress)
                self.advanced.emit()
            case Advanced(progress):
                if self._speaking:  # all is decoded
                    self._speaking = ""
                    self._stage_began_s = time.monotonic()
                self._stage_share = progress.done / max(1, progress.total)
                self.advanced.emit()
                return
            case Stopped():
                self._job, self._jobs = None, []
            case _:
                self._job = None
        if self._job is None:
            self._end_speech()
        self.queue_changed.emit()
        match event:
            case Finished(RenderedMix() as mix):
                self.finished.emit(mix)
            case Finished(MadeTransitions() as transitions):
                self.made.emit(transitions)
            case Stopped():
                self.stopped.emit()
            case Failed(error):
                self.failed.emit(error)
        if self._job is None:
            self._document.nsynth.look()

    def _put(self, job: PairJob) -> None:
        """Show how far a transition is."""
        self._jobs = [job if j.index == job.index else j for j in self._jobs]
        if self._stage is Stage.TRANSITIONS and not self._speaking:
            self._stage_share = sum(j.is_over for j in self._jobs) / len(self._jobs)
            self.advanced.emit()

    def _expect(self, estimate: Estimate) -> None:
        """Learn how long decoding will take."""
        lengths_s = [job.length_s for job in self._jobs if job.state in BEFORE_DECODING]
        self._clock.expect(estimate, max(lengths_s, default=0.0))
        if self.is_for_mix:
            self._shares = _SHARES_DECODING

    def _is_of_speech(self, progress: Progress) -> bool:
        return self._stage is not Stage.READING and progress.stage in SPEAKING_STAGES

    def _speak(self, progress: Progress) -> None:
        """Learn how far the NSynth transitions are."""
        self._speaking = progress.stage
        if progress.stage == "decoding":
            self._stage_share = progress.done / max(1, progress.total)
            self._clock.advance(self._stage_share)
            self._share_out(self._stage_share)
        elif progress.stage == "encoding":
            for job in self._jobs:
                if job.state is JobState.READING:
                    self._change(replace(job, state=JobState.ENCODING))

    def _share_out(self, share: float) -> None:
        """Tell each transition its part of what is decoded: those that go on advance together."""
        states = (*BEFORE_DECODING, JobState.DECODING)
        batch = [job for job in self._jobs if job.is_nsynth and job.state in states]
        going = [job for job in batch if job.share < 1]
        done_s = share * sum(job.length_s for job in batch)
        done_s -= sum(job.length_s for job in batch if job.share >= 1)
        at_s = reached_s([job.length_s for job in going], done_s)
        for job in going:
            reached = min(_ALMOST, max(job.share, at_s / job.length_s))
            self._change(replace(job, state=JobState.DECODING, share=reached))

    def _change(self, job: PairJob) -> None:
        self._jobs = [job if j.index == job.index else j for j in self._jobs]

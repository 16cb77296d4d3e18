"""Looks for better settings of transitions, in a thread of its own.

The search is the engine's, over the project as it was when it began. What it finds of a transition
comes with its `subject`, so that it can be told whether it still holds when it is there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.errors import DeepBassError, InputError
from deepbass_engine.mix.estimate import Estimate
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.playback import DecodedStretches, audio_around
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import Progress
from deepbass_engine.project import Project
from deepbass_engine.settings import OutputSettings, QualityLimits, SearchSettings
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.decoding_clock import DecodingClock
from deepbass_gui.jobs.pair_jobs import SPEAKING_STAGES
from deepbass_gui.jobs.worker import Advanced, Event, Failed, Finished, Job, Stopped, Told, Worker

if TYPE_CHECKING:
    from deepbass_engine.mix.measured_style import SettledStyles
    from deepbass_engine.mix.search import Ranked

LOOKING = "looking for flagged transitions"
"""The stage before the engine's own, where all flagged transitions are wanted."""

_SOON_S = 0.5
_LITTLE = 0.02
"""Time left is told once there is something to go by."""

Analyses = Sequence[TrackAnalysis | DeepBassError]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found of one transition.

    Attributes
    ----------
    subject
        What it was searched for, of `subject`.
    ranked
        The candidates, the best first; the setting of before is among them.
    """

    pair: Pair
    subject: object
    ranked: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True)
class Searched:
    """What a whole search found.

    Attributes
    ----------
    n_candidates
        How many it compared for each transition, at most.
    is_for_flagged
        Whether it was for all that is flagged.
    """

    found: tuple[Found, ...]
    n_candidates: int
    is_for_flagged: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What measuring settled of the transitions that the style auto joins on the beat.

    Attributes
    ----------
    before
        The project it was found for.
    styles
        What was found.
    """

    before: Project
    styles: SettledStyles


class Searcher(QObject):
    """Searches for better settings, one search at a time.

    Signals
    -------
    changed()
        `is_searching` is another.
    advanced()
        `stage`, `share` or `time_left_s` is another.
    noted(str)
        What can't be tried, as a sentence.
    estimated(Estimate)
        How long NSynth transitions will take.
    finished(Searched)
        It is over.
    settled(Settled)
        What is on the beat has been measured.
    stopped()
        It was cancelled.
    failed(Exception)
        It could not be done.
    """

    changed = Signal()
    advanced = Signal()
    noted = Signal(str)
    estimated = Signal(object)
    finished = Signal(object)
    settled = Signal(object)
    stopped = Signal()
    failed = Signal(object)

    def __init__(
        self,
        document: Document,
        store: TransitionStore,
        stretches: DecodedStretches,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._store = store
        self._stretches = stretches
        self._worker = Worker(1, self)
        self._job: Job | None = None
        self._progress = Progress("", 0, 1)
        self._stage_began_s = 0.0
        self._clock = DecodingClock()

    @property
    def is_searching(self) -> bool:
        """Whether a search goes on."""
        return self._job is not None

    @property
    def stage(self) -> str:
        """What it is at, as the engine calls it; empty before it has begun."""
        return self._progress.stage

    @property
    def share(self) -> float:
        """How much of the stage is done, from 0 to 1."""
        return self._progress.done / max(1, self._progress.total)

    @property
    def time_left_s(self) -> float | None:
        """Estimate of the time to the end of the stage, once there is something to go by."""
        if self.stage in SPEAKING_STAGES:
            return self._clock.left_s
        spent_s = time.monotonic() - self._stage_began_s
        if self.share < _LITTLE or spent_s < _SOON_S:
            return None
        return spent_s * (1 - self.share) / self.share

    def search(self, pairs: Collection[Pair], settings: SearchSettings) -> None:
        """Search for better settings of these transitions of the document as it is now."""
        self._search(frozenset(pairs), settings)

    def search_flagged(self, settings: SearchSettings) -> None:
        """The same for all that are flagged."""
        self._search(None, settings)

    def settle(self) -> None:
        """Find out what is better otherwise of all that is joined on the beat."""
        project, analyses = self._document.settled_project, analyses_of(self._document)
        store = self._store

        def work(job: Job) -> Settled:
            return _settled(project, analyses, store, job)

        self._start(work)

    def cancel(self) -> None:
        """Stop; nothing is changed by then."""
        if self._job is not None:
            self._job.cancel.cancel()

    def shut_down(self) -> None:
        """Stop and wait for the thread."""
        self._worker.shut_down()
        self._job = None

    def _search(self, pairs: frozenset[Pair] | None, settings: SearchSettings) -> None:
        document = self._document
        project, analyses = document.settled_project, analyses_of(document)
        output = document.nsynth.output(OutputSettings())
        store, stretches = self._store, self._stretches

        def work(job: Job) -> Searched:
            return _searched(project, analyses, pairs, settings, output, store, stretches, job)

        self._start(work)

    def _start(self, work: Callable[[Job], Searched | Settled]) -> None:
        if self._job is not None:
            return
        self._progress, self._stage_began_s = Progress("", 0, 1), time.monotonic()
        self._clock = DecodingClock()
        self._job = self._worker.start(work, self._take)
        self.changed.emit()

    def _take(self, event: Event) -> None:
        match event:
            case Advanced(progress):
                self._advance(progress)
                return
            case Told(Estimate() as estimate):
                self._clock.expect(estimate, 0.0)
                self.estimated.emit(estimate)
                return
            case Told(note):
                self.noted.emit(note)
                return
        self._job = None
        self.changed.emit()
        match event:
            case Finished(Settled() as result):
                self.settled.emit(result)
            case Finished(result):
                self.finished.emit(result)
            case Stopped():
                self.stopped.emit()
            case Failed(error):
                self.failed.emit(error)

    def _advance(self, progress: Progress) -> None:
        if progress.stage != self._progress.stage:
            self._stage_began_s = time.monotonic()
        self._progress = progress
        if progress.stage == "decoding":
            self._clock.advance(self.share)
        self.advanced.emit()


def analyses_of(document: Document) -> Analyses:
    """What is known of every row, or why nothing is."""
    return [
        facts.analysis or facts.error or InputError("is still being read", path=facts.path)
        for facts in map(document.facts, document.settled_project.tracks)
    ]


def subject(plan: MixPlan, index: int, limits: QualityLimits) -> object:
    """All that decides what a search finds of a transition of a plan."""
    fade = plan.fades[index]
    return (
        (plan.sample_rate_hz, plan.model, limits),
        plan.tracks[index : index + 2],
        (fade.out_frame, fade.in_frame, fade.n_frames, fade.asked_frames),
        (fade.method, fade.curve, fade.seed, fade.join, fade.ceiling_dbtp),
        (fade.morph, fade.embedding_fade, fade.morph_pace),
    )


def _searched(
    project: Project,
    analyses: Analyses,
    pairs: frozenset[Pair] | None,
    settings: SearchSettings,
    output: OutputSettings,
    store: TransitionStore,
    stretches: DecodedStretches,
    job: Job,
) -> Searched:
    """Search; runs in the searcher's thread."""
    from deepbass_engine.mix.search import search_transitions

    plan = plan_mix(project, analyses)
    all_pairs = [
        Pair(plan.tracks[fade.index].id, plan.tracks[fade.index + 1].id) for fade in plan.fades
    ]
    if pairs is None:
        indices = _flagged(plan, project.limits, output, store, stretches, job)
    else:
        indices = [index for index, pair in enumerate(all_pairs) if pair in pairs]
    ranked = search_transitions(
        project,
        analyses,
        indices,
        settings,
        store=store,
        stretches=stretches,
        jobs=output.jobs,
        device=output.device,
        precision=output.precision,
        on_estimate=job.tell,
        on_note=job.tell,
        on_progress=job.progress,
        cancel=job.cancel,
    )
    found = [
        Found(all_pairs[index], subject(plan, index, project.limits), ranked[index])
        for index in sorted(ranked)
    ]
    return Searched(tuple(found), settings.n_candidates, pairs is None)


def _settled(project: Project, analyses: Analyses, store: TransitionStore, job: Job) -> Settled:
    """Measure what is on the beat; runs in the searcher's thread."""
    from deepbass_engine.mix.measured_style import settle_styles

    styles = settle_styles(
        project, analyses, store=store, on_progress=job.progress, cancel=job.cancel
    )
    return Settled(project, styles)


def _flagged(
    plan: MixPlan,
    limits: QualityLimits,
    output: OutputSettings,
    store: TransitionStore,
    stretches: DecodedStretches,
    job: Job,
) -> list[int]:
    """Numbers of the transitions that pass a limit; not of NSynth's that are not rendered."""
    from deepbass_engine.mix.measuring import measure

    flagged = []
    for index in range(len(plan.fades)):
        job.progress(Progress(LOOKING, index, len(plan.fades)))
        audio = audio_around(
            plan,
            index,
            store=store,
            stretches=stretches,
            device=output.device,
            precision=output.precision,
            cancel=job.cancel,
        )
        if audio is not None and measure(audio, limits, cancel=job.cancel).quality.reasons:
            flagged.append(index)
    return flagged

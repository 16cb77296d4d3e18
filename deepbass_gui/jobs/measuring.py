"""What is measured of every transition of the document, found out in a thread of its own.

What was measured belongs to all that decides it: where a transition lies in its two tracks, how it
is made, and the files. An edit elsewhere keeps it; an edit that is undone finds it again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from enum import Enum

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from deepbass_engine.errors import DeepBassError
from deepbass_engine.mix.plan import Fade, MixPlan
from deepbass_engine.mix.playback import DecodedStretches, audio_around
from deepbass_engine.mix.quality import MeasuredTransition
from deepbass_engine.mix.transition_audio import CONTEXT_S, discarded_s, loudness_lufs
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.voice import voice_for
from deepbass_engine.progress import CancelToken
from deepbass_engine.settings import Device, Precision, QualityLimits
from deepbass_engine.units import frames_from_seconds
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.render_work import Measured
from deepbass_gui.jobs.worker import Event, Failed, Finished, Job, Worker
from deepbass_gui.nsynth import Readiness
from deepbass_gui.player import Player
from deepbass_gui.selection import Selection

MEASURE_AFTER_MS = 100
"""How long edits are gathered before a transition is measured."""

_KEPT_BESIDE = 64
"""What was measured of so many settings that no transition has now is kept, for an undo."""


class Look(Enum):
    """How much is known of a transition's quality."""

    MEASURED = "measured"
    MEASURING = "measuring"
    NOT_RENDERED = "not rendered"
    FAILED = "failed"


class QualityLook(QObject):
    """Measures the chosen transition as soon as it is chosen or edited, then all others in order.

    What is tried out is measured like an edit, but the other transitions wait until it is settled.

    Signals
    -------
    changed(object)
        What is known of this pair is another; None stands for all pairs.
    """

    changed = Signal(object)

    def __init__(
        self,
        document: Document,
        selection: Selection,
        player: Player,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._store = player.store
        self._stretches = player.stretches
        self._limits = document.project.limits
        self._known: dict[Hashable, MeasuredTransition | str | None] = {}
        self._latest: dict[Pair, MeasuredTransition] = {}
        self._subjects: dict[Pair, Hashable] = {}
        self._subjects_of: MixPlan | None = None
        self._queue: deque[Pair] = deque()
        self._waits_for_files = True
        self._worker = Worker(1, self)
        self._job: Job | None = None
        self._measuring: tuple[Pair, Hashable] | None = None
        self._soon = QTimer(self, singleShot=True, interval=MEASURE_AFTER_MS)
        self._soon.timeout.connect(self._begin)
        document.planned.connect(self._on_planned)
        document.edited.connect(self._on_edited)
        document.opened.connect(self._on_opened)
        document.library.changed.connect(self._on_facts)
        document.nsynth.changed.connect(self._on_nsynth)
        selection.pair_changed.connect(self._on_pair)
        self._soon.start()

    def of(self, pair: Pair) -> MeasuredTransition | None:
        """What was measured of a transition as it is now, under the project's limits."""
        found = self._found(pair)
        return found if isinstance(found, MeasuredTransition) else None

    def latest(self, pair: Pair) -> MeasuredTransition | None:
        """The same, or while it is being measured what was measured of it before."""
        found = self.of(pair)
        is_under_way = self.state(pair) is Look.MEASURING
        return self._latest.get(pair) if found is None and is_under_way else found

    def state(self, pair: Pair) -> Look | None:
        """How much is known; None where the two don't follow each other."""
        fade = self._document.fade(pair)
        if fade is None:
            return None
        if self._document.nsynth.readiness(pair) is Readiness.MISSING:
            return Look.NOT_RENDERED
        subject = self._subject(pair)
        if subject not in self._known:
            return Look.MEASURING
        match self._known[subject]:
            case None:
                return Look.NOT_RENDERED
            case str():
                return Look.FAILED
        return Look.MEASURED

    def trouble_of(self, pair: Pair) -> str:
        """Why a transition can't be measured, as a sentence; empty where it can."""
        found = self._found(pair)
        return found if isinstance(found, str) else ""

    @Slot(object)
    def take(self, found: Measured) -> None:
        """Take over what a rendering measured of a transition of its plan."""
        plan, fade = found.plan, found.plan.fades[found.index]
        subject = subject_of(plan, fade, self._voice(fade))
        if self._job is not None and self._measuring and self._measuring[1] == subject:
            self._job.cancel.cancel()
        self._keep(subject, _under(found.measured, self._limits))
        self._tell(Pair(plan.tracks[fade.index].id, plan.tracks[fade.index + 1].id))

    def shut_down(self) -> None:
        """Stop measuring and wait for the thread."""
        self._soon.stop()
        self._worker.shut_down()

    # What changes elsewhere

    @Slot()
    def _on_planned(self) -> None:
        self._drop_outdated()
        self._soon.start()
        self.changed.emit(None)

    @Slot(object)
    def _on_facts(self, _path: object) -> None:
        if self._waits_for_files and self._document.is_settled:
            self._waits_for_files = False
            self._soon.start()

    @Slot()
    def _on_nsynth(self) -> None:
        self._subjects.clear()  # another device or precision may be chosen
        self._drop_outdated()
        if not self._soon.isActive():
            self._soon.start()
        self.changed.emit(None)

    @Slot()
    def _on_pair(self) -> None:
        self._soon.start()

    @Slot()
    def _on_opened(self) -> None:
        self._latest.clear()

    @Slot()
    def _on_edited(self) -> None:
        limits = self._document.project.limits
        if limits != self._limits:
            self._limits = limits
            self._known = {
                subject: _under(found, limits) if isinstance(found, MeasuredTransition) else found
                for subject, found in self._known.items()
            }
            self._latest = {p: _under(found, limits) for p, found in self._latest.items()}
            self.changed.emit(None)

    # Measuring

    def _drop_outdated(self) -> None:
        """Stop measuring what no transition is any more."""
        if self._job is not None and self._measuring is not None:
            pair, subject = self._measuring
            if self._subject(pair) != subject:
                self._job.cancel.cancel()

    @Slot()
    def _begin(self) -> None:
        """Measure the chosen transition, then the others in their order."""
        document, plan = self._document, self._document.plan
        self._queue.clear()
        if plan is None:
            return
        pairs = [document.pair(fade) for fade in plan.fades]
        for pair in pairs:
            if document.nsynth.readiness(pair) is Readiness.MISSING:
                self._known.pop(self._subject(pair), None)  # it will be rendered anew
        chosen = self._selection.pair
        if chosen is not None and self._is_wanted(chosen):
            self._queue.append(chosen)
            if self._job is not None and self._measuring and self._measuring[0] != chosen:
                self._job.cancel.cancel()
        self._waits_for_files = not document.is_settled
        if document.is_settled and not document.is_trying:
            self._queue.extend(pair for pair in pairs if pair != chosen)
        self._go_on()

    def _go_on(self) -> None:
        plan = self._document.plan
        while self._job is None and self._queue and plan is not None:
            pair = self._queue.popleft()
            if self._is_wanted(pair):
                self._measure(plan, pair)

    def _is_wanted(self, pair: Pair) -> bool:
        readiness = self._document.nsynth.readiness(pair)
        is_there = readiness in (None, Readiness.READY)
        return is_there and self.state(pair) is Look.MEASURING

    def _measure(self, plan: MixPlan, pair: Pair) -> None:
        fade, subject = self._document.fade(pair), self._subject(pair)
        assert fade is not None
        index, nsynth = fade.index, self._document.nsynth
        device, precision = nsynth.device, nsynth.precision
        store, stretches = self._store, self._stretches

        def work(job: Job) -> MeasuredTransition | None:
            return _measured(plan, index, store, stretches, device, precision, job.cancel)

        def on_event(event: Event) -> None:
            self._job = self._measuring = None
            match event:
                case Finished(found) if subject not in self._known:  # else it was taken over
                    self._keep(subject, found and _under(found, self._limits))
                    self._tell(pair)
                case Failed(error):
                    self._keep(subject, str(error))
                    self._tell(pair)
                    if not isinstance(error, DeepBassError):
                        self._queue.clear()  # a fault of the program is told once, not for each
                        raise error
            self._go_on()

        self._measuring = pair, subject
        self._job = self._worker.start(work, on_event)

    def _keep(self, subject: Hashable, found: MeasuredTransition | str | None) -> None:
        self._known.pop(subject, None)
        self._known[subject] = found
        plan = self._document.plan
        n_most = _KEPT_BESIDE + 2 * (len(plan.fades) if plan else 0)
        if len(self._known) > n_most and plan is not None:
            now = {self._subject(self._document.pair(fade)) for fade in plan.fades}
            for old in [old for old in self._known if old not in now][: len(self._known) // 4]:
                del self._known[old]

    def _tell(self, pair: Pair) -> None:
        found = self.of(pair)
        if found is not None:
            self._latest[pair] = found
        self.changed.emit(pair)

    def _found(self, pair: Pair) -> MeasuredTransition | str | None:
        if self.state(pair) is Look.NOT_RENDERED:
            return None
        return self._known.get(self._subject(pair))

    def _subject(self, pair: Pair) -> Hashable:
        fade, plan = self._document.fade(pair), self._document.plan
        if fade is None or plan is None:
            return None
        if self._subjects_of is not plan:
            self._subjects, self._subjects_of = {}, plan
        if pair not in self._subjects:
            self._subjects[pair] = subject_of(plan, fade, self._voice(fade))
        return self._subjects[pair]

    def _voice(self, fade: Fade) -> Hashable:
        nsynth = self._document.nsynth
        return (nsynth.device, nsynth.precision) if fade.method == "nsynth" else ()


def subject_of(plan: MixPlan, fade: Fade, voice: Hashable) -> Hashable:
    """All that decides what is measured of a transition of a plan.

    Parameters
    ----------
    voice
        What speaks an NSynth transition, besides the plan's model.
    """
    leaving, entering = plan.tracks[fade.index : fade.index + 2]
    context = frames_from_seconds(CONTEXT_S, plan.sample_rate_hz)
    morph: Hashable = ()
    if fade.method == "nsynth":
        morph = (plan.model, fade.morph, fade.embedding_fade, fade.morph_pace, voice)
    return (
        (plan.sample_rate_hz, leaving.source, leaving.warp, entering.source, entering.warp),
        (fade.out_frame, fade.in_frame, fade.n_frames),
        min(context, fade.out_frame - leaving.span.start_frame),
        min(context, entering.span.end_frame - fade.in_frame - fade.n_frames),
        (fade.method, fade.curve, fade.seed, morph, fade.join, fade.ceiling_dbtp),
        discarded_s(plan, fade.index),
        loudness_lufs(plan, fade.index),
        (leaving.beats, entering.beats),
    )


def _under(measured: MeasuredTransition, limits: QualityLimits) -> MeasuredTransition:
    return replace(measured, quality=measured.quality.under(limits))


def _measured(
    plan: MixPlan,
    index: int,
    store: TransitionStore | None,
    stretches: DecodedStretches,
    device: Device,
    precision: Precision,
    cancel: CancelToken,
) -> MeasuredTransition | None:
    """Measure a transition, or find what a rendering kept; runs in the thread."""
    from deepbass_engine.mix.measuring import measure

    if store is not None:
        is_nsynth = plan.fades[index].method == "nsynth" and plan.fades[index].n_frames
        voice = voice_for(plan.model, device, precision) if is_nsynth else None
        kept = store.load_measured(plan, index, voice=voice, cancel=cancel)
        if kept is not None:
            return kept
    audio = audio_around(
        plan,
        index,
        store=store,
        stretches=stretches,
        device=device,
        precision=precision,
        cancel=cancel,
    )
    return None if audio is None else measure(audio, cancel=cancel)

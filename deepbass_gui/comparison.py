"""Two settings of one transition, heard in turn at the same loudness.

The setting that is shown is the project itself, so it can be edited like any; the other one waits
here. Switching swaps the two, as one step that can be undone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from deepbass_engine.analysis.loudness import LoudnessMeter, integrated_lufs
from deepbass_engine.errors import DeepBassError, InputError, PlanError
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.playback import MixStream
from deepbass_engine.project import Project, Span, Transition
from deepbass_gui.document import Document
from deepbass_gui.edits import OWN_FIELDS, Pair, own, with_own
from deepbass_gui.jobs.worker import Event, Failed, Finished, Job, Worker
from deepbass_gui.player import Player
from deepbass_gui.playing.passage import Passage, around
from deepbass_gui.selection import Selection

Choice = Literal["A", "B"]
CHOICES: tuple[Choice, Choice] = ("A", "B")

_MEASURE_AFTER_MS = 250
_STEREO = ("FL", "FR")
_BLOCK_FRAMES = 65_536


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that decides one transition: its own fields and the parts used of its tracks."""

    own: Transition
    out_span: Span | None
    in_span: Span | None

    @classmethod
    def of(cls, project: Project, pair: Pair) -> Setting:
        """How a pair is set in a project."""
        spans = {track.id: track.span for track in project.tracks}
        return cls(own(project, pair), spans.get(pair.out_track), spans.get(pair.in_track))

    def put_in(self, project: Project, pair: Pair) -> Project:
        """The project with the pair set like this."""
        spans = {pair.out_track: self.out_span, pair.in_track: self.in_span}
        tracks = tuple(
            replace(track, span=spans.get(track.id, track.span)) for track in project.tracks
        )
        fields = {name: getattr(self.own, name) for name in OWN_FIELDS}
        return with_own(replace(project, tracks=tracks), pair, **fields)


class Comparison(QObject):
    """A and B of the current transition.

    Both are a copy of the setting at first. The louder is played down to the quieter, by the
    player alone. Choosing another transition ends the comparison.

    Signals
    -------
    changed()
        `is_on`, `shown` or `gain_db` is another.
    """

    changed = Signal()

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
        self._player = player
        self._pair: Pair | None = None
        self._shown: Choice = "A"
        self._hidden: Setting | None = None
        self._before: Setting | None = None
        self._now: Setting | None = None
        self._index = 0
        self._is_switching = False
        self._loudness_lufs: dict[Choice, float] = {}
        self._worker = Worker(1, self)
        self._job: Job | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_MEASURE_AFTER_MS)
        self._soon.timeout.connect(self._measure)
        selection.pair_changed.connect(self._on_pair)
        document.edited.connect(self._on_edited)
        document.opened.connect(self.reset)
        document.planned.connect(self._on_planned)
        document.nsynth.changed.connect(self._on_planned)  # what stood in may be rendered by now
        document.undo_stack.indexChanged.connect(self._on_index)
        player.rolls_changed.connect(self._on_planned)

    @property
    def is_on(self) -> bool:
        """Whether two settings are compared."""
        return self._pair is not None

    @property
    def shown(self) -> Choice:
        """Which one the project has, and is heard."""
        return self._shown

    @property
    def is_measured(self) -> bool:
        """Whether the loudness of both is known."""
        return len(self._loudness_lufs) == 2

    def gain_db(self, choice: Choice) -> float:
        """By how much a setting is played down, to be as loud as the other; 0 or below."""
        if not self.is_measured:
            return 0.0
        difference_db = self._loudness_lufs[_other(choice)] - self._loudness_lufs[choice]
        return min(0.0, difference_db) if math.isfinite(difference_db) else 0.0

    def switch(self) -> None:
        """Hear and show the other setting; begins the comparison where there is none."""
        pair = self._selection.pair
        if pair is None:
            return
        if self._pair is None:
            self._begin(pair)
        project = self._document.settled_project
        assert self._hidden is not None
        hidden, self._hidden = self._hidden, Setting.of(project, pair)
        self._shown = _other(self._shown)
        with self._own_step():
            self._document.edit(self._name(self._shown), hidden.put_in(project, pair))
        self._follow()

    def show(self, choice: Choice) -> None:
        """Hear and show this setting."""
        if choice != self._shown:
            self.switch()

    def keep(self) -> None:
        """End the comparison and stay with the setting that is shown."""
        self._end()

    @Slot()
    def reset(self) -> None:
        """End the comparison and go back to setting A, which was there before it."""
        if self._pair is not None and self._shown == "B" and self._document.fade(self._pair):
            self.switch()
        self._end()

    def shut_down(self) -> None:
        """Stop measuring and wait for the thread."""
        # a history that is destroyed still tells of its index
        self._document.undo_stack.indexChanged.disconnect(self._on_index)
        self._soon.stop()
        self._worker.shut_down()

    def _begin(self, pair: Pair) -> None:
        self._pair, self._shown = pair, "A"
        self._hidden = self._now = Setting.of(self._document.settled_project, pair)
        self._index = self._document.undo_stack.index()
        self._soon.start()

    def _end(self) -> None:
        if self._pair is None:
            return
        self._soon.stop()
        self._worker.cancel_all()
        self._pair = self._hidden = self._job = None
        self._shown = "A"
        self._loudness_lufs = {}
        self._follow()

    def _follow(self) -> None:
        """Let the setting that is shown be heard, at its loudness."""
        self._player.follow_at_once(self.gain_db(self._shown))
        self.changed.emit()

    def _name(self, choice: Choice) -> str:
        """What the step is called that switches to a setting."""
        return self.tr("Compare: A") if choice == "A" else self.tr("Compare: B")

    @contextmanager
    def _own_step(self) -> Iterator[None]:
        self._is_switching = True
        try:
            yield
        finally:
            self._is_switching = False
            self._index = self._document.undo_stack.index()

    @Slot()
    def _on_pair(self) -> None:
        if self._selection.pair != self._pair:
            self._end()

    @Slot()
    def _on_edited(self) -> None:
        if self._pair is not None:
            self._before, self._now = self._now, Setting.of(self._document.project, self._pair)

    @Slot()
    def _on_planned(self) -> None:
        if self._pair is None:
            return
        if self._document.fade(self._pair) is None:
            self._end()
        else:
            self._soon.start()

    @Slot(int)
    def _on_index(self, index: int) -> None:
        """Switch with a step of our own that is undone or redone."""
        before, self._index = self._index, index
        if self._pair is None or self._is_switching or index == before:
            return
        if abs(index - before) > 1:  # far back in the history, where it isn't known which was shown
            self._end()
            return
        step = self._document.undo_stack.text(min(index, before))
        for choice in CHOICES:
            target = choice if index > before else _other(choice)
            if step == self._name(choice) and target != self._shown:
                self._shown, self._hidden = target, self._before
                self._follow()
                return

    @Slot()
    def _measure(self) -> None:
        """Measure both settings, of what is auditioned."""
        if self._pair is None or self._hidden is None:
            return
        if self._job is not None:
            self._job.cancel.cancel()
        pair, document, player = self._pair, self._document, self._player
        hidden = _other(self._shown)
        projects = {
            self._shown: document.project,
            hidden: self._hidden.put_in(document.project, pair),
        }
        found = [
            (facts := document.facts(track)).analysis
            or facts.error
            or InputError("is still being read", path=track.path)
            for track in document.project.tracks
        ]
        rolls = player.pre_roll_s, player.post_roll_s

        def work(job: Job) -> dict[Choice, float]:
            measured: dict[Choice, float] = {}
            for choice, project in projects.items():
                try:
                    plan = plan_mix(project, found)
                except PlanError:
                    return {}
                passage = _auditioned(plan, pair, *rolls)
                if passage is None:
                    return {}
                measured[choice] = self._loudness(passage, job)
            return measured

        def on_event(event: Event) -> None:
            if self._job is not job or self._pair is None:
                return
            if isinstance(event, Finished | Failed):
                self._job = None
            if isinstance(event, Finished):
                before_db = self.gain_db(self._shown)
                self._loudness_lufs = event.result
                if self.gain_db(self._shown) != before_db:
                    self._follow()
                else:
                    self.changed.emit()
            elif isinstance(event, Failed) and not isinstance(event.error, DeepBassError):
                raise event.error

        job = self._job = self._worker.start(work, on_event)

    def _loudness(self, passage: Passage, job: Job) -> float:
        """Integrated loudness of a part of a mix, in LUFS."""
        plan = passage.plan
        stream = MixStream(
            plan,
            passage.first_frame,
            passage.stop_frame,
            store=self._player.store,
            stretches=self._player.stretches,
            device=self._document.nsynth.device,
            precision=self._document.nsynth.precision,
            cancel=job.cancel,
        )
        meter = LoudnessMeter(plan.sample_rate_hz, _STEREO)
        while len(block := stream.read(_BLOCK_FRAMES)):
            meter.push(block)
        return integrated_lufs(meter.finish())


def _other(choice: Choice) -> Choice:
    return "B" if choice == "A" else "A"


def _auditioned(plan: MixPlan, pair: Pair, pre_roll_s: float, post_roll_s: float) -> Passage | None:
    """What is auditioned of a pair in a plan."""
    for fade in plan.fades:
        if Pair(plan.tracks[fade.index].id, plan.tracks[fade.index + 1].id) == pair:
            return around(plan, fade, pre_roll_s, post_roll_s)
    return None

"""Two or three settings of one transition, heard in turn at the same loudness.

The setting that is shown is the project itself, so it can be edited like any; the others wait
here. Switching puts another in its place, as one step that can be undone. Either a person makes
two, A and a copy of it, or a search offers several.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from deepbass_engine.analysis.loudness import LoudnessMeter, integrated_lufs
from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.errors import DeepBassError, InputError, PlanError
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.playback import MixStream
from deepbass_engine.project import Project, Span, Track, Transition
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, own
from deepbass_gui.jobs.worker import Event, Failed, Finished, Job, Worker
from deepbass_gui.player import Player
from deepbass_gui.playing.passage import Passage, around
from deepbass_gui.selection import Selection

Analyses = tuple[TrackAnalysis, TrackAnalysis]

Choice = str
"""The letter of a setting."""

CHOICES: tuple[Choice, ...] = ("A", "B", "C")
"""All letters that there can be; a person's own comparison has the first two."""

_MEASURE_AFTER_MS = 250
_STEREO = ("FL", "FR")
_BLOCK_FRAMES = 65_536


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that decides one transition: its own fields and where it lies in its tracks.

    Attributes
    ----------
    out_end_frame, in_start_frame
        Where the leaving track ends and where the entering one begins, in the files' own frames;
        None where that is where its music does.
    """

    own: Transition
    out_end_frame: int | None
    in_start_frame: int | None

    @classmethod
    def of(cls, project: Project, pair: Pair, analyses: Analyses) -> Setting:
        """How a pair is set in a project.

        Parameters
        ----------
        analyses
            Of the track that leaves and of the one that enters.
        """
        spans = {track.id: track.span for track in project.tracks}
        leaving, entering = (analysis.span for analysis in analyses)
        end = (spans.get(pair.out_track) or leaving).end_frame
        start = (spans.get(pair.in_track) or entering).start_frame
        return cls(
            own(project, pair),
            None if end == leaving.end_frame else end,
            None if start == entering.start_frame else start,
        )

    def put_in(self, project: Project, pair: Pair, analyses: Analyses) -> Project:
        """The project with the pair set like this; the tracks' other ends stay where they are."""
        leaving, entering = (analysis.span for analysis in analyses)
        now = Setting.of(project, pair, analyses)

        def put(track: Track) -> Track:
            if track.id == pair.out_track and self.out_end_frame != now.out_end_frame:
                start = (track.span or leaving).start_frame
                end = leaving.end_frame if self.out_end_frame is None else self.out_end_frame
                return _cut(track, leaving, Span(start, max(end, start + 1)))
            if track.id == pair.in_track and self.in_start_frame != now.in_start_frame:
                end = (track.span or entering).end_frame
                start = entering.start_frame if self.in_start_frame is None else self.in_start_frame
                return _cut(track, entering, Span(min(start, end - 1), end))
            return track

        rest = tuple(t for t in project.transitions if t is not now.own)
        is_default = self.own == Transition(out_track=pair.out_track, in_track=pair.in_track)
        return replace(
            project,
            tracks=tuple(map(put, project.tracks)),
            transitions=rest if is_default else (*rest, self.own),
        )


class Comparison(QObject):
    """Settings A, B and perhaps C of the current transition.

    In a person's own comparison A and B are a copy of the setting at first. All are played as quiet
    as the quietest, by the player alone. Choosing another transition ends the comparison.

    Signals
    -------
    changed()
        `is_on`, `is_blind`, `choices`, `shown`, `gain_db` or a `setting` is another.
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
        self._settings: dict[Choice, Setting] = {}
        self._shown = self._home = CHOICES[0]
        self._is_offered = self._is_blind = False
        self._before: Setting | None = None
        self._now: Setting | None = None
        self._index = self._first_index = 0
        self._switches: dict[int, _Switch] = {}
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
        document.opened.connect(self._end)
        document.planned.connect(self._on_planned)
        document.nsynth.changed.connect(self._on_planned)  # what stood in may be rendered by now
        document.undo_stack.indexChanged.connect(self._on_index)
        player.rolls_changed.connect(self._on_planned)

    @property
    def is_on(self) -> bool:
        """Whether settings are compared."""
        return self._pair is not None

    @property
    def is_offered(self) -> bool:
        """Whether the settings that are compared were offered, not made by a person."""
        return self._is_offered

    @property
    def is_blind(self) -> bool:
        """Whether nothing is to be seen of the settings, so that only the ear judges."""
        return self._is_blind

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The letters that can be shown."""
        return tuple(self._settings) or CHOICES[:2]

    @property
    def shown(self) -> Choice:
        """Which one the project has, and is heard."""
        return self._shown

    @property
    def home(self) -> Choice:
        """Which one was there before the comparison."""
        return self._home

    @property
    def is_measured(self) -> bool:
        """Whether the loudness of all is known."""
        return self.is_on and len(self._loudness_lufs) == len(self._settings)

    def setting(self, choice: Choice) -> Setting | None:
        """A setting as it is by now; None where there is no such choice."""
        return self._now if self.is_on and choice == self._shown else self._settings.get(choice)

    def gain_db(self, choice: Choice) -> float:
        """By how much a setting is played down, to be as loud as the quietest; 0 or below."""
        if not self.is_measured:
            return 0.0
        difference_db = min(self._loudness_lufs.values()) - self._loudness_lufs[choice]
        return min(0.0, difference_db) if math.isfinite(difference_db) else 0.0

    def offer(
        self, settings: Mapping[Choice, Setting], shown: Choice, *, is_blind: bool = False
    ) -> None:
        """Begin a comparison of settings of the current transition.

        Parameters
        ----------
        settings
            Each by its letter; two at least.
        shown
            The letter of the one that the project has now.
        is_blind
            Show the first instead, and hide what all of them are until `reveal`.
        """
        self._end()
        pair = self._selection.pair
        if pair is None:
            return
        self._begin(pair, settings, shown)
        self._is_offered, self._is_blind = True, is_blind
        self.changed.emit()
        if is_blind:  # by way of the second, or a history without a step would tell of the first
            self.show(self.choices[1])
            self.show(self.choices[0])

    def reveal(self) -> None:
        """Let it be seen what the settings are."""
        if self._is_blind:
            self._is_blind = False
            self.changed.emit()

    def switch(self) -> None:
        """Hear and show the next setting; begins the comparison where there is none."""
        choices = self.choices
        self.show(choices[(choices.index(self._shown) + 1) % len(choices)])

    def show(self, choice: Choice) -> None:
        """Hear and show this setting."""
        pair = self._selection.pair
        if pair is None or choice == self._shown or choice not in self.choices:
            return
        document = self._document
        project, analyses = document.settled_project, document.analyses(pair)
        if analyses is None:
            return
        if self._pair is None:
            now = Setting.of(project, pair, analyses)
            self._begin(pair, dict.fromkeys(CHOICES[:2], now), CHOICES[0])
        left, self._shown = self._shown, choice
        self._settings[left] = Setting.of(project, pair, analyses)
        with self._own_step():
            after = self._settings[choice].put_in(project, pair, analyses)
            document.edit(self._name(choice), after)
        if after != project:
            self._switches[self._index] = _Switch(left, choice)
        self._follow()

    def keep(self) -> None:
        """End the comparison and stay with the setting that is shown.

        Where nothing else was done meanwhile, what a search offered becomes one step.
        """
        if self._is_offered and self._has_only_switched:
            document = self._document
            project = document.settled_project
            with self._own_step():
                document.undo_stack.setIndex(self._first_index)
                document.edit(self.tr("Better transition"), project)
        self._end()

    def reset(self) -> None:
        """End the comparison and go back to the setting that was there before it."""
        if self._pair is not None and self._document.fade(self._pair):
            if self._is_offered and self._has_only_switched:
                with self._own_step():
                    self._document.undo_stack.setIndex(self._first_index)
            else:
                self.show(self._home)
        self._end()

    def shut_down(self) -> None:
        """Stop measuring and wait for the thread."""
        # a history that is destroyed still tells of its index
        self._document.undo_stack.indexChanged.disconnect(self._on_index)
        self._soon.stop()
        self._worker.shut_down()

    def _begin(self, pair: Pair, settings: Mapping[Choice, Setting], shown: Choice) -> None:
        self._pair, self._settings = pair, dict(settings)
        self._shown = self._home = shown
        self._now = self._settings[shown]
        self._index = self._first_index = self._document.undo_stack.index()
        self._switches = {}
        self._soon.start()

    @Slot()
    def _end(self) -> None:
        if self._pair is None:
            return
        self._soon.stop()
        self._worker.cancel_all()
        self._pair = self._job = None
        self._settings, self._loudness_lufs, self._switches = {}, {}, {}
        self._shown = self._home = CHOICES[0]
        self._is_offered = self._is_blind = False
        self._follow()

    @property
    def _has_only_switched(self) -> bool:
        """Whether the history since the beginning is nothing but switching."""
        steps = range(self._first_index + 1, self._document.undo_stack.index() + 1)
        return all(self._switch(step) is not None for step in steps)

    def _switch(self, step: int) -> _Switch | None:
        """The switch that a step of the history is, counted from 1; None for another edit."""
        switch = self._switches.get(step)
        text = self._document.undo_stack.text(step - 1)
        return switch if switch is not None and text == self._name(switch.to) else None

    def _follow(self) -> None:
        """Let the setting that is shown be heard, at its loudness."""
        self._player.follow_at_once(self.gain_db(self._shown))
        self.changed.emit()

    def _name(self, choice: Choice) -> str:
        """What the step is called that switches to a setting."""
        return self.tr("Compare: {letter}").format(letter=choice)

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
        analyses = self._document.analyses(self._pair) if self._pair is not None else None
        if self._pair is not None and analyses is not None:
            now = Setting.of(self._document.project, self._pair, analyses)
            self._before, self._now = self._now, now
            self.changed.emit()

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
        is_before_offer = self._is_offered and index < self._first_index
        if is_before_offer or abs(index - before) > 1:  # it isn't known which was shown there
            self._end()
            return
        step = max(index, before)
        switch = self._switch(step)
        if switch is not None and self._before is not None:
            self._settings[self._shown] = self._before
            self._shown = switch.to if index > before else switch.left
            self._follow()
        elif self._document.undo_stack.text(step - 1) in map(self._name, CHOICES):
            self._end()  # a switch of an earlier comparison

    @Slot()
    def _measure(self) -> None:
        """Measure all settings, of what is auditioned."""
        if self._pair is None:
            return
        if self._job is not None:
            self._job.cancel.cancel()
        pair, document, player = self._pair, self._document, self._player
        analyses = document.analyses(pair)
        if analyses is None:
            return
        projects = {
            choice: document.project
            if choice == self._shown
            else setting.put_in(document.project, pair, analyses)
            for choice, setting in self._settings.items()
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


@dataclass(frozen=True, slots=True)
class _Switch:
    """Which setting was left for which, by a step of the history."""

    left: Choice
    to: Choice


def _cut(track: Track, whole: Span, span: Span) -> Track:
    """The track with this part of it chosen; with none where that is all of its music."""
    return replace(track, span=None if span == whole else span)


def _auditioned(plan: MixPlan, pair: Pair, pre_roll_s: float, post_roll_s: float) -> Passage | None:
    """What is auditioned of a pair in a plan."""
    for fade in plan.fades:
        if Pair(plan.tracks[fade.index].id, plan.tracks[fade.index + 1].id) == pair:
            return around(plan, fade, pre_roll_s, post_roll_s)
    return None

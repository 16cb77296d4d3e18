"""What is measured of transitions, brought to those who show it: panel, curves, marks."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget

from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.measuring import Look, QualityLook
from deepbass_gui.player import Player
from deepbass_gui.quality_words import Mark, marks_of
from deepbass_gui.selection import Selection
from deepbass_gui.views.editor import TransitionEditor
from deepbass_gui.views.playlist import PlaylistView
from deepbass_gui.views.quality import QualityPanel
from deepbass_gui.views.timeline import TimelineView

_MARK_EVERY_MS = 100


class QualityFlow(QObject):
    """Shows what a `QualityLook` finds, and plays what it points at.

    Attributes
    ----------
    panel
        What is known of the chosen transition.
    """

    def __init__(
        self,
        look: QualityLook,
        document: Document,
        selection: Selection,
        player: Player,
        editor: TransitionEditor,
        playlist: PlaylistView,
        timeline: TimelineView,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._document = document
        self._selection = selection
        self._player = player
        self._editor = editor
        self._show_in = (playlist.set_marks, timeline.set_marks)
        self._marks: dict[Pair, tuple[Mark, ...]] = {}
        self._news: set[Pair] | None = None
        self.panel = QualityPanel(look, selection)
        self.panel.stretch_requested.connect(self._play)
        self._soon = QTimer(self, singleShot=True, interval=_MARK_EVERY_MS)
        self._soon.timeout.connect(self._show_marks)
        look.changed.connect(self._on_changed)
        selection.pair_changed.connect(self._show_curves)
        self._show_curves()

    @Slot(object)
    def _on_changed(self, pair: Pair | None) -> None:
        if pair is None or pair == self._selection.pair:
            self._show_curves()
        if pair is None:
            self._news = None
        elif self._news is not None:
            self._news.add(pair)
        if pair is None or not self._soon.isActive():  # all are marked once a drag rests
            self._soon.start()

    @Slot()
    def _show_curves(self) -> None:
        pair = self._selection.pair
        measured = self._look.latest(pair) if pair is not None else None
        is_current = pair is not None and self._look.state(pair) is Look.MEASURED
        self._editor.strip.show_measured(measured, is_current=is_current)

    def _show_marks(self) -> None:
        """Mark what is flagged; only those are looked at of which there is news."""
        plan = self._document.plan
        news = self._news
        if news is None:
            self._marks = {}
            news = {self._document.pair(fade) for fade in plan.fades} if plan else set()
        for pair in news:
            measured = self._look.latest(pair)
            marks = () if measured is None else marks_of(measured)
            self._marks.pop(pair, None)
            if marks:
                self._marks[pair] = marks
        self._news = set()
        for show in self._show_in:
            show(self._marks)

    @Slot(object)
    def _play(self, range_s: tuple[float, float]) -> None:
        if self._selection.pair is not None:
            self._player.play_stretch(self._selection.pair, range_s)

"""Which transition is being looked at, and where the playhead stands: shared by all views."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from deepbass_gui.document import Document
from deepbass_gui.edits import Pair


class Selection(QObject):
    """The current transition and the rows chosen in the playlist.

    Signals
    -------
    pair_changed()
        `pair` is another one, or None.
    shown(Pair)
        The current transition was asked to be brought into view.
    """

    pair_changed = Signal()
    shown = Signal(object)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._pair: Pair | None = None
        document.planned.connect(self._check)

    @property
    def pair(self) -> Pair | None:
        """The transition being looked at."""
        return self._pair

    def choose(self, pair: Pair | None) -> None:
        """Look at a transition, and bring it into view."""
        if pair != self._pair:
            self._pair = pair
            self.pair_changed.emit()
        if pair is not None:
            self.shown.emit(pair)

    def step(self, by: int) -> None:
        """Go to the next (1) or previous (-1) transition of the mix."""
        plan = self._document.plan
        if plan is None or not plan.fades:
            return
        pairs = [self._document.pair(fade) for fade in plan.fades]
        if self._pair in pairs:
            index = pairs.index(self._pair) + by
        else:
            index = 0 if by > 0 else len(pairs) - 1
        if 0 <= index < len(pairs):
            self.choose(pairs[index])

    def _check(self) -> None:
        """Let go of a transition that is no more; take the first where there was none."""
        plan = self._document.plan
        fades = plan.fades if plan else ()
        if self._pair is not None and self._document.fade(self._pair) is not None:
            return
        first = self._document.pair(fades[0]) if fades else None
        if first != self._pair:
            self._pair = first
            self.pair_changed.emit()

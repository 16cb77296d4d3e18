"""From "Choose by measuring" to one edit: what is on the beat has what measures best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from deepbass_gui.document import Document
from deepbass_gui.jobs.searching import Settled
from deepbass_gui.search_flow import SearchFlow

if TYPE_CHECKING:
    from deepbass_engine.mix.measured_style import SettledStyles


class SettleFlow(QObject):
    """Lets every transition on the beat have what measures best, as one step.

    It goes on in the searcher, beside the window. What is edited meanwhile is measured too, from
    what was kept; another project that is opened ends it.

    Signals
    -------
    told(str, str)
        Something to say in the window: a level and the words.
    """

    told = Signal(str, str)

    def __init__(self, document: Document, search: SearchFlow, parent: QWidget) -> None:
        super().__init__(parent)
        self._document = document
        self._search = search
        self._is_wanted = False
        search.searcher.settled.connect(self._on_settled)
        document.opened.connect(self._on_opened)

    def settle(self) -> None:
        """Measure all that is on the beat, and let each have what is best."""
        if self._document.plan is not None and self._search.is_ready():
            self._is_wanted = True
            self._search.searcher.settle()

    @Slot()
    def _on_opened(self) -> None:
        self._is_wanted = False

    @Slot(object)
    def _on_settled(self, settled: Settled) -> None:
        if not self._is_wanted:
            return
        self._is_wanted = False
        document, styles = self._document, settled.styles
        if document.settled_project == settled.before:
            if styles.n_changed:  # else what is just being tried out stays
                document.edit(self.tr("Choose by measuring"), styles.project)
                self._search.show_offer()
            self._tell_of(styles)
        elif document.is_settled:
            self.settle()
        else:
            words = self.tr(
                "Music was added while measuring. Choose by measuring again when it is read: what "
                "was measured is kept."
            )
            self.told.emit("info", words)

    def _tell_of(self, styles: SettledStyles) -> None:
        n_failed, n_changed = len(styles.errors), styles.n_changed
        if n_failed:
            words = self.tr("{n} transitions on the beat could not be measured. {why}")
            self.told.emit("warning", words.format(n=n_failed, why=styles.errors[0]))
        if not styles.n_measured:
            if n_failed:
                return
            words = self.tr(
                "Nothing is on the beat but what you have chosen yourself: nothing was measured."
            )
        elif not n_changed:
            words = self.tr("{of} on the beat measured: none is better another way.")
        else:
            words = self.tr("{of} on the beat measured, {n} changed; Undo takes it back.")
        self.told.emit("info", words.format(n=n_changed, of=styles.n_measured))

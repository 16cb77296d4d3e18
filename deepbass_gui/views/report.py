"""What was mixed, transition by transition, and what is worth knowing of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QItemSelection, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.errors import shown
from deepbass_engine.mix.report import summary, warnings
from deepbass_gui import theme
from deepbass_gui.document import Document
from deepbass_gui.jobs.render_work import RenderedMix
from deepbass_gui.models.report import ReportModel
from deepbass_gui.selection import Selection

_LAST_COLUMN = 9


class ReportView(QWidget):
    """Shows the report of the mix rendered last; choosing a row chooses its transition."""

    def __init__(
        self, document: Document, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._mix: RenderedMix | None = None
        self.model = ReportModel(self)
        self._head = QLabel()
        self._head.setWordWrap(True)
        self._head.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("Report, one row a transition"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_LAST_COLUMN, QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().selectionChanged.connect(self._on_chosen)
        self._warnings = QPlainTextEdit()
        self._warnings.setReadOnly(True)
        self._warnings.setMaximumHeight(96)
        self._warnings.setAccessibleName(self.tr("What was left out or is worth knowing"))
        self._copy = QPushButton(self.tr("&Copy as text"))
        self._copy.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._copy.clicked.connect(self.copy)

        top = QHBoxLayout()
        top.addWidget(self._head, 1)
        top.addWidget(self._copy, alignment=Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(*4 * (theme.GRID_PX,))
        column.setSpacing(theme.GRID_PX)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        column.addWidget(self._warnings)
        document.opened.connect(self.clear)
        self.clear()

    def clear(self) -> None:
        """Show no report: another project was opened."""
        self._mix = None
        self.model.show_report(None)
        self._head.setText(self.tr("The report of a mix stands here once it is rendered."))
        for widget in (self.table, self._warnings, self._copy):
            widget.hide()

    def show_mix(self, mix: RenderedMix) -> None:
        """Show the report of a finished mix."""
        self._mix = mix
        self.model.show_report(
            mix.report,
            tuple(
                self._document.library.facts(Path(track.path)).title for track in mix.report.tracks
            ),
        )
        self._head.setText("\n".join(summary(mix.report).splitlines()[:2]))
        said = warnings(mix.report)
        self._warnings.setPlainText("\n".join(said))
        self._warnings.setVisible(bool(said))
        self.table.show()
        self._copy.show()

    def copy(self) -> None:
        """Put the whole report on the clipboard, as text."""
        if self._mix is not None:
            parts = [
                summary(self._mix.report), self.model.as_text(), *warnings(self._mix.report)
            ]  # fmt: skip
            QGuiApplication.clipboard().setText(shown_lines("\n\n".join(parts)))

    def _on_chosen(self, chosen: QItemSelection) -> None:
        rows = [index.row() for index in chosen.indexes()]
        if rows and self._mix is not None and rows[0] < len(self._mix.pairs):
            pair = self._mix.pairs[rows[0]]
            if self._document.fade(pair) is not None:
                self._selection.choose(pair)


def shown_lines(text: str) -> str:
    """Lines in which nothing unprintable is left but tabs."""
    return "\n".join("\t".join(map(shown, line.split("\t"))) for line in text.split("\n"))

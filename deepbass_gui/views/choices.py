"""What a search offers, to be heard in turn, and the covers for listening blind."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QItemSelection, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from deepbass_gui import theme
from deepbass_gui.comparison import Choice, Comparison
from deepbass_gui.models.choices import LETTER, SCORE, WHAT, WHY, ChoicesModel, Option

_ROW_PX = 3 * theme.GRID_PX


class ChoicesPanel(QWidget):
    """Shows the settings that a search offers, one row each; choosing a row lets it be heard.

    Hidden while there are none.

    Signals
    -------
    opened(bool)
        It is about to be shown, or hidden.
    blind_requested()
        The letters are to be shuffled and what they are to be hidden, or shown again.
    """

    opened = Signal(bool)
    blind_requested = Signal()

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._words = QLabel()
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.model = ChoicesModel(comparison, self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("Settings to choose from, one row each"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(False)
        self.table.setFont(theme.tabular(self.table.font()))
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        header = self.table.horizontalHeader()
        header.hide()  # height is dear here, and the cells say what they are
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(WHY, QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().selectionChanged.connect(self._on_chosen)

        self.blind = QPushButton(self.tr("Blind"))
        self.blind.setCheckable(True)
        self.blind.setAccessibleName(self.tr("Listen blind"))
        self.blind.clicked.connect(lambda: self.blind_requested.emit())
        self.keep = QPushButton(theme.icon("ok"), self.tr("Keep"))
        self.keep.setToolTip(
            self.tr("End the comparison with the setting that is heard, as one step (K)")
        )
        self.keep.clicked.connect(comparison.keep)
        self.back = QPushButton(theme.icon("reset"), self.tr("Back"))
        self.back.setToolTip(self.tr("End the comparison with the setting of before"))
        self.back.clicked.connect(comparison.reset)
        head = QHBoxLayout()
        head.setSpacing(theme.GRID_PX)
        head.addWidget(self._words, 1)
        for button in (self.blind, self.keep, self.back):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID_PX, theme.GRID_PX // 2, theme.GRID_PX, 0)
        column.setSpacing(theme.GRID_PX // 2)
        column.addLayout(head)
        column.addWidget(self.table)
        comparison.changed.connect(self._refresh)
        self.hide()

    def show_options(self, letters: Mapping[Choice, Option]) -> None:
        """Show what is offered under each letter, or nothing."""
        self.model.show_options(letters)
        self.opened.emit(bool(letters))
        self.setVisible(bool(letters))
        self.table.setFixedHeight(_ROW_PX * len(letters) + 2)
        if letters:
            self._refresh()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Write in the new palette's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "model"):
            self.table.viewport().update()

    def _refresh(self) -> None:
        comparison, letters = self._comparison, self.model.letters
        if not letters or comparison.shown not in letters:
            return
        is_blind = comparison.is_blind
        keys = ", ".join(letters[:-1]) + self.tr(" and ") + letters[-1]
        words = (
            self.tr("{letters} in an order by chance: which do your ears take?")
            if is_blind
            else self.tr("{letters}: the best that was found, with the setting of before.")
        )
        self._words.setText(words.format(letters=keys))
        self.keep.setText(self.tr("Keep {letter}").format(letter=comparison.shown))
        self.blind.setChecked(is_blind)
        self.blind.setText(self.tr("Reveal") if is_blind else self.tr("Blind"))
        self.blind.setToolTip(
            self.tr("Show what the letters are (H)")
            if is_blind
            else self.tr("Shuffle the letters and hide what they are, so that the ear judges (H)")
        )
        for column in (SCORE, WHY, WHY - 1):
            self.table.setColumnHidden(column, is_blind)
        self.table.horizontalHeader().setSectionResizeMode(
            WHAT,
            QHeaderView.ResizeMode.Stretch if is_blind else QHeaderView.ResizeMode.ResizeToContents,
        )
        with QSignalBlocker(self.table.selectionModel()):
            self.table.selectRow(letters.index(comparison.shown))
        self.table.viewport().update()

    def _on_chosen(self, chosen: QItemSelection, _before: QItemSelection) -> None:
        if chosen.indexes():
            row = chosen.indexes()[LETTER].row()
            self._comparison.show(self.model.letters[row])


class Below(QWidget):
    """A widget with a panel over it that comes and goes."""

    def __init__(self, panel: QWidget, widget: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(panel)
        column.addWidget(widget, 1)
        self.setFocusProxy(widget)


class Cover(QWidget):
    """Hides and closes a widget while listening is blind, for it would show what is heard."""

    def __init__(self, widget: QWidget, comparison: Comparison) -> None:
        super().__init__(widget)
        self._widget = widget
        self._comparison = comparison
        words = QLabel(self.tr("Hidden while you listen blind"))
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words.setWordWrap(True)
        words.setProperty("secondary", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(*4 * (theme.GRID_PX,))
        column.addWidget(words)
        self.setAutoFillBackground(True)
        widget.installEventFilter(self)
        comparison.changed.connect(self._refresh)
        self._refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Stay as large as what is hidden."""
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._widget.rect())
        return super().eventFilter(watched, event)

    def _refresh(self) -> None:
        self.setGeometry(self._widget.rect())
        self.setVisible(self._comparison.is_blind)
        self._widget.setEnabled(not self._comparison.is_blind)
        self.raise_()

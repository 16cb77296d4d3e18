"""What was left out or went wrong: a list to read at leisure, and a bar for what matters now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleEvent, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.errors import shown
from deepbass_engine.project import Problem
from deepbass_gui import theme

Level: TypeAlias = Literal["info", "warning", "error"]

NOTICES_AT_MOST = 3
_LOOKS = {
    "info": ("info", "accent"),
    "warning": ("warning", "flagged"),
    "error": ("error", "error"),
}


class ProblemsDialog(QDialog):
    """Lists problems: what is wrong, where, and what to do; the program goes on beside it.

    Parameters
    ----------
    summary
        A line above the list, such as "3 of 500 files were left out".
    """

    def __init__(
        self, problems: Sequence[Problem], parent: QWidget | None = None, *, summary: str = ""
    ) -> None:
        super().__init__(parent)
        self.setObjectName("problems")
        self.setWindowTitle(self.tr("Problems"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        words = QLabel(summary or self.tr("Problems: {n}").format(n=len(problems)))
        words.setWordWrap(True)
        self._table = QTableWidget(0, 3)
        self._table.setHorizontalHeaderLabels(
            [self.tr("What"), self.tr("Where"), self.tr("What to do")]
        )
        self._table.setAccessibleName(self.tr("Problems"))
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.setTabKeyNavigation(False)
        self._table.setShowGrid(False)
        self._table.setAlternatingRowColors(True)
        self._table.verticalHeader().hide()
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(self.tr("Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.setObjectName("copy")
        copy.setToolTip(self.tr("Copies the chosen rows, or all if none is chosen (Ctrl+C)"))
        copy.clicked.connect(self.copy)
        buttons.rejected.connect(self.reject)
        QShortcut(QKeySequence.StandardKey.Copy, self, self.copy)
        layout = QVBoxLayout(self)
        margin = 2 * theme.GRID_PX
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.setSpacing(theme.GRID_PX)
        for widget in (words, self._table, buttons):
            layout.addWidget(widget)
        self.resize(880, 400)
        self._problems = list(problems)
        self._table.setRowCount(len(self._problems))
        for row, problem in enumerate(self._problems):
            for column, text in enumerate((problem.what, _where(problem), problem.hint)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self._table.setItem(row, column, item)

    @Slot()
    def copy(self) -> None:
        """Put the chosen problems on the clipboard, one a line; all if none is chosen."""
        rows = sorted({index.row() for index in self._table.selectedIndexes()})
        chosen = [self._problems[row] for row in rows] or self._problems
        QGuiApplication.clipboard().setText("\n".join(map(str, chosen)))


def _where(problem: Problem) -> str:
    if problem.path is None:
        return ""
    where = shown(problem.path)
    return where if problem.line is None else f"{where}, line {problem.line}"


class Notice(QFrame):
    """One message: its sign, its words, a button if something can be done, and one to close it."""

    closed = Signal()
    """It was dismissed, or its button was pressed."""

    def __init__(
        self, text: str, level: Level, action: str, then: Callable[[], object] | None
    ) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setProperty("level", level)
        self.text, self.level = text, level
        icon, color = _LOOKS[level]
        self._icon = theme.icon(icon, color)
        self._sign = QLabel()
        self._sign.setPixmap(self._icon.pixmap(20, 20))
        words = QLabel(text)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.GRID_PX, 4, theme.GRID_PX, 4)
        layout.setSpacing(theme.GRID_PX)
        layout.addWidget(self._sign)
        layout.addWidget(words, 1)
        if then is not None:
            button = QPushButton(action)
            button.setObjectName("act")
            button.clicked.connect(self.closed)
            button.clicked.connect(lambda: then())
            layout.addWidget(button)
        dismiss = QToolButton()
        dismiss.setObjectName("dismiss")
        dismiss.setIcon(theme.icon("cancel"))
        dismiss.setToolTip(self.tr("Close this message"))
        dismiss.setAccessibleName(self.tr("Close this message"))
        dismiss.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        dismiss.clicked.connect(self.closed)
        layout.addWidget(dismiss)
        self.setAccessibleName(text)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the sign anew in the colours of a new scheme."""
        if event.type() == QEvent.Type.PaletteChange:
            self._sign.setPixmap(self._icon.pixmap(20, 20))
        super().changeEvent(event)


class NoticeBar(QWidget):
    """Messages in the window, newest below, at most three: the oldest gives way to a fourth.

    A message that is shown already is not shown twice. Screen readers are told of each.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notices")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._notices: list[Notice] = []
        self.hide()

    def tell(
        self,
        text: str,
        level: Level = "info",
        *,
        action: str = "",
        then: Callable[[], object] | None = None,
    ) -> None:
        """Show a message.

        Parameters
        ----------
        action, then
            The words of its button and what that does; no button without `then`.
        """
        self.dismiss(text)
        notice = Notice(text, level, action, then)
        notice.closed.connect(lambda: self._remove(notice))
        self._notices.append(notice)
        self._layout.addWidget(notice)
        for old in self._notices[:-NOTICES_AT_MOST]:
            self._remove(old)
        self.show()
        QAccessible.updateAccessibility(QAccessibleEvent(notice, QAccessible.Event.Alert))

    def dismiss(self, text: str) -> None:
        """Take a message away, if it is shown: what it said is no longer so."""
        for notice in [notice for notice in self._notices if notice.text == text]:
            self._remove(notice)

    def clear(self) -> None:
        """Take all messages away."""
        for notice in list(self._notices):
            self._remove(notice)

    def texts(self) -> list[str]:
        """The messages that are shown, oldest first."""
        return [notice.text for notice in self._notices]

    def _remove(self, notice: Notice) -> None:
        self._notices.remove(notice)
        self._layout.removeWidget(notice)
        notice.hide()
        notice.deleteLater()
        self.setVisible(bool(self._notices))

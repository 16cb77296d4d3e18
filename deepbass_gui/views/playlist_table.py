"""The table of tracks and transitions: what a hand or a key does to it becomes a signal."""

from __future__ import annotations

import json

from PySide6.QtCore import QEvent, QMimeData, QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from deepbass_gui import preferences, theme
from deepbass_gui.edits import Pair
from deepbass_gui.models.playlist import ROWS_MIME, PlaylistModel, TrackRow, TransitionRow

TRACK_PX = 28
TRANSITION_PX = 20
_INDENT_PX = 16
_HAS_FOCUS = QStyle.StateFlag.State_HasFocus
_WIDTHS = "playlist/widths"
_CHOSEN = "playlist/columns"


class PlaylistTable(QTableView):
    """Shows the rows of a `PlaylistModel`; the transition being looked at has a bar beside it.

    Signals
    -------
    dropped(QMimeData, int)
        Something was dropped before this track.
    sort_requested(int)
        The head of this column was clicked.
    opened(QModelIndex)
        A row was double-clicked, or Enter pressed on it.
    remove_requested(), duplicate_requested(), move_requested(int)
        Del, Ctrl+D; Alt+Up (-1) or Alt+Down (1).
    """

    dropped = Signal(QMimeData, int)
    sort_requested = Signal(int)
    opened = Signal(QModelIndex)
    remove_requested = Signal()
    duplicate_requested = Signal()
    move_requested = Signal(int)

    def __init__(self, model: PlaylistModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.pair: Pair | None = None
        self._drop_at: int | None = None
        self._is_laying_out = False
        self.setModel(model)
        self.setItemDelegate(_RowDelegate(self))
        self.setAccessibleName(self.tr("Playlist"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDropIndicatorShown(False)  # it is drawn here, between tracks only
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(TRANSITION_PX)
        self.verticalHeader().setDefaultSectionSize(TRACK_PX)
        self.doubleClicked.connect(self.opened)
        self._set_up_columns()
        model.rows_changed.connect(self._lay_out_rows)
        self._lay_out_rows()

    def show_pair(self, pair: Pair | None) -> None:
        """Put the bar beside another transition."""
        self.pair = pair
        self.viewport().update()

    def position_at(self, y: int) -> int:
        """Before which track something dropped at a height of the viewport is to stand."""
        row = self.rowAt(y)
        if row < 0:
            return self._model.n_tracks_above(self._model.rowCount())
        is_lower = y >= self.rowViewportPosition(row) + self.rowHeight(row) / 2
        is_track = isinstance(self._model.row(row), TrackRow)
        return self._model.n_tracks_above(row) + (is_track and is_lower)

    # Dragging

    def startDrag(self, actions: Qt.DropAction) -> None:  # noqa: N802 (Qt's name)
        """Drag the chosen tracks."""
        indexes = self.selectionModel().selectedRows()
        mime = self._model.mimeData(indexes)
        n = len(json.loads(bytes(mime.data(ROWS_MIME).data()))["ids"])
        if not n:
            return
        drag = QDrag(self)
        drag.setMimeData(mime)
        drag.exec(Qt.DropAction.MoveAction)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        """Take files and our own rows."""
        self._consider(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802 (Qt's name)
        """Show where it would go."""
        super().dragMoveEvent(event)  # scrolls near the edges
        self._consider(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 (Qt's name)
        """Take the line away."""
        super().dragLeaveEvent(event)
        self._show_drop(None)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        """Say what was dropped where."""
        super().dragLeaveEvent(QDragLeaveEvent())  # ends scrolling
        self._show_drop(None)
        self._consider(event)
        if event.isAccepted():
            self._show_drop(None)
            self.dropped.emit(event.mimeData(), self.position_at(event.position().toPoint().y()))

    def _consider(self, event: QDropEvent) -> None:
        mime = event.mimeData()
        is_own = mime.hasFormat(ROWS_MIME)
        if not is_own and not mime.hasUrls():
            event.ignore()
            return
        # Files are copied into the list, never moved away from where they are.
        event.setDropAction(Qt.DropAction.MoveAction if is_own else Qt.DropAction.CopyAction)
        event.accept()
        self._show_drop(self.position_at(event.position().toPoint().y()))

    def _show_drop(self, at: int | None) -> None:
        if at != self._drop_at:
            self._drop_at = at
            self.viewport().update()

    def _drop_y(self, at: int) -> int:
        """Height of the line: between two tracks, in the middle of their transition."""
        for row in range(self._model.rowCount()):
            if isinstance(self._model.row(row), TrackRow):
                if at == 0:
                    above = row - 1
                    if above >= 0 and isinstance(self._model.row(above), TransitionRow):
                        return self.rowViewportPosition(above) + TRANSITION_PX // 2
                    return self.rowViewportPosition(row)
                at -= 1
        last = self._model.rowCount() - 1
        return self.rowViewportPosition(last) + self.rowHeight(last) if last >= 0 else 0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the rows, and the line where a drop would go."""
        super().paintEvent(event)
        if self._drop_at is not None:
            painter = QPainter(self.viewport())
            painter.setPen(QPen(theme.colors().accent, 2))
            y = min(max(1, self._drop_y(self._drop_at)), self.viewport().height() - 1)
            painter.drawLine(0, y, self.viewport().width(), y)
            painter.end()

    # Keys

    def event(self, event: QEvent) -> bool:
        """Claim the keys that mean something here before the window does."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and (self._verb(event) is not None or self._is_own_key(event))
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Do what the key means, or move among the rows."""
        verb = self._verb(event)
        match verb:
            case "remove":
                self.remove_requested.emit()
            case "duplicate":
                self.duplicate_requested.emit()
            case "up" | "down":
                self.move_requested.emit(-1 if verb == "up" else 1)
            case "open":
                self.opened.emit(self.currentIndex())
            case _:
                super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:  # noqa: N802 (Qt's name)
        """Look among the titles, whatever column was clicked."""
        row = max(0, self.currentIndex().row())
        index = self._model.index(row, self._column("title"))
        flag = self.selectionModel().SelectionFlag.NoUpdate
        self.selectionModel().setCurrentIndex(index, flag)
        super().keyboardSearch(search)

    def _verb(self, event: QKeyEvent) -> str | None:
        key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        modifier = Qt.KeyboardModifier
        if modifiers == modifier.NoModifier and key == Qt.Key.Key_Delete:
            return "remove"
        if modifiers == modifier.ControlModifier and key == Qt.Key.Key_D:
            return "duplicate"
        if modifiers == modifier.AltModifier and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            return "up" if key == Qt.Key.Key_Up else "down"
        is_enter = modifiers == modifier.NoModifier and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        return "open" if is_enter and self.currentIndex().isValid() else None

    def _is_own_key(self, event: QKeyEvent) -> bool:
        """Moving among the rows; and letters, which find a title from a track's row on.

        On a transition's row letters stay the window's, for they are the verbs of transitions.
        """
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if modifiers not in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
            return False
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End):
            return True
        index = self.currentIndex()
        is_track = index.isValid() and isinstance(self._model.row(index), TrackRow)
        return is_track and event.text().isalnum()

    # Columns and rows

    def _column(self, name: str) -> int:
        return next(i for i, c in enumerate(self._model.columns) if c.name == name)

    def _set_up_columns(self) -> None:
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(32)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        widths = _remembered(_WIDTHS)
        for i, column in enumerate(self._model.columns):
            if column.width_px:
                width = widths.get(column.name, column.width_px)
                header.resizeSection(i, min(max(32, int(width)), 1000))
            else:
                header.setSectionResizeMode(i, QHeaderView.ResizeMode.Stretch)
        header.sectionClicked.connect(self.sort_requested)
        header.sectionResized.connect(self._keep_width)
        header.customContextMenuRequested.connect(
            lambda at: self.columns_menu().popup(header.mapToGlobal(at))
        )
        self._show_columns()

    def columns_menu(self) -> QMenu:
        """A menu to choose which columns are shown."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for i, column in enumerate(self._model.columns):
            if column.width_px:
                action = menu.addAction(column.title)
                action.setCheckable(True)
                action.setChecked(not self.isColumnHidden(i))
                action.toggled.connect(lambda on, name=column.name: self._choose(name, on))
        return menu

    def _choose(self, name: str, is_shown: bool) -> None:
        preferences.put(_CHOSEN, json.dumps({**_remembered(_CHOSEN), name: is_shown}))
        self._show_columns()

    def _show_columns(self) -> None:
        chosen = _remembered(_CHOSEN)
        width_px = self.width()
        self._is_laying_out = True
        for i, column in enumerate(self._model.columns):
            is_shown = bool(chosen.get(column.name, width_px >= column.from_px))
            self.setColumnHidden(i, not is_shown)
        self._is_laying_out = False

    def _keep_width(self, section: int, before: int, width: int) -> None:
        column = self._model.columns[section]
        if column.width_px and width and not self._is_laying_out:
            preferences.put(_WIDTHS, json.dumps({**_remembered(_WIDTHS), column.name: width}))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Show the columns that there is room for."""
        self._show_columns()
        super().resizeEvent(event)

    def _lay_out_rows(self) -> None:
        """Make transitions thin, their words as wide as all there is before the status."""
        first = self._column("title")
        n_columns = self._column("status") - first
        self.clearSpans()
        for row in range(self._model.rowCount()):
            is_track = isinstance(self._model.row(row), TrackRow)
            height = TRACK_PX if is_track else TRANSITION_PX
            if self.rowHeight(row) != height:
                self.setRowHeight(row, height)
            if not is_track:
                self.setSpan(row, first, 1, n_columns)

    def selected(self) -> list[QModelIndex]:
        """First cells of the chosen rows, from top to bottom."""
        return sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())


class _RowDelegate(QStyledItemDelegate):
    """Draws transitions indented, and a bar beside the one being looked at."""

    def __init__(self, table: PlaylistTable) -> None:
        super().__init__(table)
        self._table = table

    def initStyleOption(  # noqa: N802 (Qt's name)
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Small icons, and no frame around the one cell that has the focus."""
        super().initStyleOption(option, index)
        state = option.state
        option.state = state & ~_HAS_FOCUS

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw a cell."""
        model = self._table.model()
        assert isinstance(model, PlaylistModel)
        row = model.row(index)
        if isinstance(row, TransitionRow):
            rect: QRect = option.rect
            if row.pair == self._table.pair:
                painter.fillRect(rect, theme.colors().hover)
                if index.column() == 0:
                    painter.fillRect(rect.x(), rect.y(), 3, rect.height(), theme.colors().accent)
            if model.columns[index.column()].name == "title":
                option.rect = rect.adjusted(_INDENT_PX, 0, 0, 0)
        super().paint(painter, option, index)


def _remembered(key: str) -> dict[str, int | bool]:
    """A remembered mapping; empty where there is none or it makes no sense."""
    try:
        found = json.loads(preferences.get(key, "{}"))
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, int)}

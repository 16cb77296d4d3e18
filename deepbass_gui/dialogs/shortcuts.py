"""The sheet of all commands and their keys, made from the actions themselves."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QMenuBar,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from deepbass_gui import theme


class ShortcutSheet(QDialog):
    """Shows every command with its keys, grouped by menu; Escape or "?" closes it.

    Parameters
    ----------
    bar
        The menus whose actions are shown.
    """

    def __init__(self, bar: QMenuBar, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts")
        self.setWindowTitle(self.tr("Keys"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._search = QLineEdit()
        self._search.setPlaceholderText(self.tr("Search commands and keys"))
        self._search.setAccessibleName(self.tr("Search commands and keys"))
        self._search.setToolTip(self.tr("Shows only the commands whose words or keys have this"))
        self._search.setClearButtonEnabled(True)
        self._search.addAction(theme.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self._search.textChanged.connect(self.search)
        self._search.installEventFilter(self)
        self._tree = QTreeWidget()
        self._tree.setColumnCount(2)
        self._tree.setHeaderLabels([self.tr("Command"), self.tr("Keys")])
        self._tree.setAccessibleName(self.tr("Commands and their keys"))
        self._tree.setRootIsDecorated(False)
        self._tree.setItemsExpandable(False)
        self._tree.setIndentation(2 * theme.GRID_PX)
        self._tree.installEventFilter(self)
        self._menus: list[tuple[QTreeWidgetItem, list[QTreeWidgetItem]]] = []
        for action in bar.actions():
            menu = action.menu()
            if isinstance(menu, QMenu):
                self._add_menu(action.text(), menu.actions())
        self._tree.expandAll()
        header = self._tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._nothing = QLabel(self.tr("No command has that in its words or keys."))
        self._nothing.setProperty("secondary", True)
        self._nothing.hide()
        layout = QVBoxLayout(self)
        margin = 2 * theme.GRID_PX
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.setSpacing(theme.GRID_PX)
        for widget in (self._search, self._nothing, self._tree):
            layout.addWidget(widget)
        self.resize(560, 640)
        self._search.setFocus()

    @Slot(str)
    def search(self, words: str) -> None:
        """Show only the commands whose words or keys hold all of these."""
        wanted = words.casefold().split()
        n_found = 0
        for menu, rows in self._menus:
            n_shown = 0
            for row in rows:
                text = f"{menu.text(0)} {row.text(0)} {row.text(1)}".casefold()
                row.setHidden(not all(word in text for word in wanted))
                n_shown += not row.isHidden()
            menu.setHidden(not n_shown)
            n_found += n_shown
        self._nothing.setVisible(not n_found)

    def shown(self) -> list[tuple[str, str]]:
        """The rows that are shown now: words and keys."""
        rows = [row for _, rows in self._menus for row in rows]
        return [(row.text(0), row.text(1)) for row in rows if not row.isHidden()]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Close on the key that opened the sheet, unless it is being searched for."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.text() == "?" and not self._search.text():
                self.close()
                return True
            if watched is self._search and event.key() == Qt.Key.Key_Down:
                self._tree.setFocus()
                return True
        return super().eventFilter(watched, event)

    def _add_menu(self, title: str, actions: Iterable[QAction]) -> None:
        menu = QTreeWidgetItem([title.replace("&", "")])
        font = menu.font(0)
        font.setBold(True)
        menu.setFont(0, font)
        menu.setFlags(Qt.ItemFlag.ItemIsEnabled)
        rows = []
        for action in actions:
            words = action.text().replace("&", "").rstrip(" .")
            if words and not action.isSeparator() and action.menu() is None:
                row = QTreeWidgetItem([words, keys_of(action)])
                row.setToolTip(0, action.statusTip())
                rows.append(row)
        if rows:
            menu.addChildren(rows)
            self._menus.append((menu, rows))
            self._tree.addTopLevelItem(menu)
            menu.setFirstColumnSpanned(True)


def keys_of(action: QAction) -> str:
    """An action's keys in this system's words, such as "Ctrl+I or Ins"."""
    native = QKeySequence.SequenceFormat.NativeText
    either = QCoreApplication.translate("ShortcutSheet", " or ")
    return either.join(dict.fromkeys(key.toString(native) for key in action.shortcuts()))

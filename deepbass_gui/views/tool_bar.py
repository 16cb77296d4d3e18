"""The row of tools at the top of the window."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolBar, QToolButton, QWidget

from deepbass_gui.document import Document
from deepbass_gui.views.default_bar import DefaultBar


class ToolBar(QToolBar):
    """Shows the commands used most, the playlist's default transition, and Render."""

    def __init__(
        self, document: Document, actions: Mapping[str, QAction], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Tools"))
        self.setObjectName("tools")
        self.setMovable(False)
        self.setIconSize(QSize(20, 20))
        for group in (("new", "open", "save"), ("undo", "redo")):
            for name in group:
                self._add(actions[name], Qt.ToolButtonStyle.ToolButtonIconOnly)
            self.addSeparator()
        actions["add"].setIconText(self.tr("Add music"))
        self._add(actions["add"], Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.addSeparator()
        self.addWidget(DefaultBar(document))
        actions["render"].setIconText(self.tr("Render mix"))
        self._add(actions["render"], Qt.ToolButtonStyle.ToolButtonTextBesideIcon).setProperty(
            "primary", True
        )

    def _add(self, action: QAction, style: Qt.ToolButtonStyle) -> QToolButton:
        self.addAction(action)
        button = self.widgetForAction(action)
        assert isinstance(button, QToolButton)
        button.setToolButtonStyle(style)
        button.setAccessibleName(action.text().replace("&", ""))
        return button

"""What an empty playlist shows: where to drop music, and two ways to begin without that."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from deepbass_gui import theme

_MARGIN_PX = 16


class EmptyPlaylist(QWidget):
    """Shows a dashed frame to drop music into, and two buttons.

    Signals
    -------
    add_requested(), demo_requested()
        Its buttons were pressed.
    """

    add_requested = Signal()
    demo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = QLabel(self)
        self._words.setProperty("title", True)
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.add_button = QPushButton(self.tr("Add music"), self)
        self.add_button.setProperty("primary", True)
        self.add_button.setToolTip(self.tr("Choose audio files and playlists (Ctrl+I)"))
        self.add_button.clicked.connect(lambda: self.add_requested.emit())
        self.demo_button = QPushButton(self.tr("Try the demo"), self)
        self.demo_button.setToolTip(self.tr("Adds three short tracks made by the program"))
        self.demo_button.clicked.connect(lambda: self.demo_requested.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[_MARGIN_PX * 2] * 4)
        layout.setSpacing(_MARGIN_PX)
        layout.addStretch(1)
        layout.addWidget(self._words)
        for button in (self.add_button, self.demo_button):
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        self.set_adding(False)

    def set_adding(self, is_adding: bool) -> None:
        """Say that music is on its way, or ask for some."""
        self._words.setText(
            self.tr("Looking for music ...")
            if is_adding
            else self.tr("Drop music, folders or a playlist here")
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.colors().panel)
        painter.setPen(QPen(theme.colors().edge, 1.5, Qt.PenStyle.DashLine))
        inside = QRectF(self.rect()).adjusted(*[_MARGIN_PX] * 2, *[-_MARGIN_PX] * 2)
        painter.drawRoundedRect(inside, 8, 8)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw in the new colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

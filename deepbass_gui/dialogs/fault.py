"""The dialog for what should not have happened: plain words first, then details to copy."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from deepbass_gui import theme

SHOWN_AT_MOST = 20
"""Different faults whose details are listed; the log has all."""


class FaultDialog(QDialog):
    """Shows faults, the first with plain words, all with their details; waits for nobody.

    Parameters
    ----------
    log_folder
        Where the log lies, or None if there is none.
    """

    def __init__(self, log_folder: Path | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fault")
        self.setWindowTitle(self.tr("Something went wrong"))
        self._log_folder = log_folder
        self._first = ""
        self._times: dict[str, int] = {}
        sign = QLabel()
        sign.setPixmap(theme.icon("error", "error").pixmap(32, 32))
        sign.setAccessibleName(self.tr("Error"))
        self._what = QLabel()
        self._what.setTextFormat(Qt.TextFormat.PlainText)
        self._what.setWordWrap(True)
        self._what.setAccessibleName(self.tr("What happened"))
        top = QHBoxLayout()
        top.setSpacing(2 * theme.GRID_PX)
        top.addWidget(sign, 0)
        top.addWidget(self._what, 1)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setTabChangesFocus(True)
        self._details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._details.setAccessibleName(self.tr("Details"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(self.tr("Copy details"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.setObjectName("copy")
        copy.setToolTip(self.tr("Copies the details, to paste them into a report"))
        copy.clicked.connect(self.copy)
        if log_folder is not None:
            log = buttons.addButton(
                self.tr("Open log folder"), QDialogButtonBox.ButtonRole.ActionRole
            )
            log.setObjectName("log_folder")
            log.setToolTip(str(log_folder))
            log.clicked.connect(self.open_log_folder)
        buttons.rejected.connect(self.reject)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        for button in buttons.buttons():
            if isinstance(button, QPushButton):
                button.setAutoDefault(False)
        close.setDefault(True)
        layout = QVBoxLayout(self)
        margin = 2 * theme.GRID_PX
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.setSpacing(margin)
        layout.addLayout(top)
        layout.addWidget(self._details, 1)
        layout.addWidget(buttons)
        close.setFocus()
        self.resize(640, 400)

    def add(self, summary: str, details: str) -> None:
        """Show a fault more; the same one again is only counted."""
        is_new = details not in self._times
        if is_new and len(self._times) >= SHOWN_AT_MOST:
            return
        self._times[details] = self._times.get(details, 0) + 1
        if len(self._times) == 1 and is_new:
            self._first = summary
        self._what.setText(self._words())
        if is_new:
            self._details.appendPlainText(details if len(self._times) == 1 else f"\n{details}")

    def details(self) -> str:
        """What `copy` copies."""
        return self._details.toPlainText()

    @Slot()
    def copy(self) -> None:
        """Put the details on the clipboard."""
        QGuiApplication.clipboard().setText(self.details())

    @Slot()
    def open_log_folder(self) -> None:
        """Show the log in the file manager."""
        if self._log_folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._log_folder)))

    def _words(self) -> str:
        times = sum(self._times.values())
        more = self.tr("So far there were {times} mistakes.").format(times=times)
        words = self.tr(
            "DeepBass came upon a mistake of its own: {what}\n\nThe program goes on; your project "
            "is kept. If something looks wrong now, save and start DeepBass again."
        ).format(what=self._first)
        return f"{words}\n{more}" if times > 1 else words

"""The question a window asks, and a person's answer."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot


def question(window: QWidget) -> QMessageBox:
    """The question that is asked now."""
    (box,) = [b for b in window.findChildren(QMessageBox) if b.isVisible()]
    return box


def questions(window: QWidget) -> list[str]:
    """The words of all questions that are asked."""
    return [b.text() for b in window.findChildren(QMessageBox) if b.isVisible()]


def answer(qtbot: QtBot, window: QWidget, words: str) -> None:
    """Press the button of these words in the question that is asked."""
    (button,) = [b for b in question(window).buttons() if b.text().replace("&", "") == words]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

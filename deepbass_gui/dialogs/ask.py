"""Questions with a few answers, asked without stopping the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QPushButton, QWidget

Role = QMessageBox.ButtonRole


@dataclass(frozen=True, slots=True)
class Answer:
    """One button.

    Attributes
    ----------
    text
        Its words.
    then
        What happens when it is chosen.
    role
        Where it stands; a RejectRole is what Escape means.
    """

    text: str
    then: Callable[[], object] = lambda: None
    role: QMessageBox.ButtonRole = Role.ActionRole


def ask(
    parent: QWidget,
    title: str,
    text: str,
    answers: Sequence[Answer],
    *,
    details: str = "",
    icon: QMessageBox.Icon = QMessageBox.Icon.Question,
) -> QMessageBox:
    """Ask; the first answer is the one that Enter means.

    Parameters
    ----------
    text
        The question.
    details
        What else there is to know, smaller below it.
    """
    box = QMessageBox(icon, title, text, QMessageBox.StandardButton.NoButton, parent)
    box.setObjectName("ask")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(details)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    made: dict[QAbstractButton, Answer] = {}
    for answer in answers:
        button: QPushButton = box.addButton(answer.text, answer.role)
        made[button] = answer
        if len(made) == 1:
            box.setDefaultButton(button)
        if answer.role == Role.RejectRole:
            box.setEscapeButton(button)
    box.buttonClicked.connect(lambda button: made[button].then())
    box.open()
    return box

"""The list of problems and the bar of messages."""

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton, QTableWidget, QToolButton

from deepbass_engine.project import Problem
from deepbass_gui.dialogs.problems import Notice, NoticeBar, ProblemsDialog

PROBLEMS = [
    Problem(Path("/music/a.m3u"), 3, "no such file", "look for it"),
    Problem(None, None, "the list is empty", ""),
]


@pytest.fixture
def bar(qtbot):
    made = NoticeBar()
    qtbot.addWidget(made)
    return made


def test_problems_say_what_where_and_what_to_do(qtbot):
    dialog = ProblemsDialog(PROBLEMS)
    qtbot.addWidget(dialog)
    table = dialog.findChild(QTableWidget)
    rows = [[table.item(row, column).text() for column in range(3)] for row in range(2)]
    assert rows == [
        ["no such file", f"{Path('/music/a.m3u')}, line 3", "look for it"],
        ["the list is empty", "", ""],
    ]
    assert not dialog.isModal()


def test_all_are_copied_or_the_chosen_ones(qtbot):
    dialog = ProblemsDialog(PROBLEMS)
    qtbot.addWidget(dialog)
    dialog.findChild(QPushButton, "copy").click()
    assert QGuiApplication.clipboard().text() == "\n".join(map(str, PROBLEMS))
    dialog.findChild(QTableWidget).selectRow(1)
    dialog.findChild(QPushButton, "copy").click()
    assert QGuiApplication.clipboard().text() == "the list is empty"


def test_the_bar_shows_only_while_it_has_something_to_say(bar):
    bar.show()
    bar.tell("No audio device", "warning")
    assert bar.isVisible()
    bar.findChild(QToolButton, "dismiss").click()
    assert bar.texts() == []
    assert not bar.isVisible()


def test_the_oldest_gives_way_to_a_fourth(bar):
    for text in "abcd":
        bar.tell(text)
    assert bar.texts() == ["b", "c", "d"]


def test_the_same_message_is_shown_once_and_last(bar):
    for text in "aba":
        bar.tell(text)
    assert bar.texts() == ["b", "a"]
    bar.dismiss("b")
    assert bar.texts() == ["a"]


def test_its_button_does_what_it_says_and_closes_the_message(bar):
    done = []
    bar.tell("song.mp3 has vanished", "error", action="Find", then=lambda: done.append(True))
    notice = bar.findChild(Notice)
    assert notice.accessibleName() == "song.mp3 has vanished"
    notice.findChild(QPushButton, "act").click()
    assert done == [True]
    assert bar.texts() == []

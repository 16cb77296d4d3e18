"""The sheet of keys."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QMainWindow

from deepbass_gui.dialogs.shortcuts import ShortcutSheet


@pytest.fixture
def window(qtbot):
    made = QMainWindow()
    qtbot.addWidget(made)
    for title, rows in {
        "&File": [("&Open project ...", ["Ctrl+O"]), ("&Quit", [])],
        "P&lay": [("&Play or pause", ["Space"]), ("&Audition", ["Return", "Enter"])],
    }.items():
        menu = made.menuBar().addMenu(title)
        for text, keys in rows:
            action = QAction(text, made)
            action.setShortcuts(keys)
            menu.addAction(action)
            menu.addSeparator()
    return made


@pytest.fixture
def sheet(qtbot, window):
    made = ShortcutSheet(window.menuBar(), window)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_every_action_is_there_with_all_its_keys(sheet):
    assert sheet.shown() == [
        ("Open project", "Ctrl+O"),
        ("Quit", ""),
        ("Play or pause", "Space"),
        ("Audition", "Return or Enter"),
    ]


def test_words_and_keys_and_menus_are_searched(sheet, qtbot):
    search = sheet.findChild(QLineEdit)
    qtbot.keyClicks(search, "ctrl+o")
    assert sheet.shown() == [("Open project", "Ctrl+O")]
    search.clear()
    qtbot.keyClicks(search, "play")
    assert [words for words, _ in sheet.shown()] == ["Play or pause", "Audition"]
    qtbot.keyClicks(search, " xyz")
    assert sheet.shown() == []


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Question])
def test_the_keyboard_closes_it(sheet, qtbot, key):
    qtbot.keyClick(sheet.findChild(QLineEdit), key)
    assert not sheet.isVisible()


def test_a_question_mark_in_a_search_is_searched_for(sheet, qtbot):
    search = sheet.findChild(QLineEdit)
    qtbot.keyClicks(search, "a?")
    assert search.text() == "a?"
    assert sheet.isVisible()

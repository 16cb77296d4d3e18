"""Who gets a key: what is typed into stays typed into, and elsewhere the window's keys hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QDoubleSpinBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from deepbass_gui.document import Document
from deepbass_gui.main_window import MainWindow

Fill = Callable[..., Document]
KEY = Qt.Key
NONE, SHIFT, CTRL, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)


@pytest.fixture
def window(qtbot: QtBot, document: Document, filled: Fill) -> Iterator[MainWindow]:
    """The window with three songs; its actions only note that they were triggered."""
    made = MainWindow(document)
    qtbot.addWidget(made)
    made.show()
    filled()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    document.undo_stack.setClean()
    assert made.close()


@pytest.fixture
def triggered(window: MainWindow) -> list[str]:
    """Names of the actions that were triggered, in order; none of them does anything."""
    names: list[str] = []
    for name, action in window.actions_by_name.items():
        action.triggered.disconnect()
        action.triggered.connect(lambda _=False, name=name: names.append(name))
        action.setEnabled(True)
    return names


def in_editor(window: MainWindow, kind: type[QWidget]) -> QWidget:
    return next(w for w in window.editor.findChildren(kind) if w.isVisible() and w.isEnabled())


@pytest.mark.parametrize("place", ["timeline", "editor"])
def test_in_timeline_and_editor_the_windows_keys_hold(
    qtbot: QtBot, window: MainWindow, triggered: list[str], place: str
) -> None:
    expected = {
        (KEY.Key_Space, NONE): "play",
        (KEY.Key_Return, NONE): "audition",
        (KEY.Key_Enter, NONE): "audition",
        (KEY.Key_Return, SHIFT): "loop",
        (KEY.Key_A, NONE): "show_a",
        (KEY.Key_B, NONE): "show_b",
        (KEY.Key_M, NONE): "next_method",
        (KEY.Key_C, NONE): "next_curve",
        (KEY.Key_S, NONE): "snap",
        (KEY.Key_Left, NONE): "nudge_left",
        (KEY.Key_Right, SHIFT): "nudge_right_100",
        (KEY.Key_Right, CTRL): "nudge_right_1",
        (KEY.Key_Left, ALT): "nudge_left_frame",
        (KEY.Key_Up, NONE): "previous",
        (KEY.Key_Down, NONE): "next",
        (KEY.Key_Plus, NONE): "zoom_in",
        (KEY.Key_Minus, NONE): "zoom_out",
        (KEY.Key_0, NONE): "fit",
        (KEY.Key_Question, NONE): "shortcuts",
        (KEY.Key_Delete, NONE): "remove",
        (KEY.Key_Escape, NONE): "cancel",
        (KEY.Key_R, CTRL): "render",
        (KEY.Key_Z, CTRL | SHIFT): "redo",
    }
    widget = window.timeline if place == "timeline" else window.editor.canvas
    widget.setFocus()
    for key, modifiers in expected:
        qtbot.keyClick(widget, key, modifiers)
    assert triggered == list(expected.values())


def test_what_is_typed_into_a_number_is_no_command(
    qtbot: QtBot, window: MainWindow, triggered: list[str]
) -> None:
    box = in_editor(window, QDoubleSpinBox)
    box.setFocus()
    box.selectAll()
    before = box.value()
    for key in (KEY.Key_0, KEY.Key_Period, KEY.Key_5, KEY.Key_S, KEY.Key_M, KEY.Key_Space,
                KEY.Key_Left, KEY.Key_Right, KEY.Key_Home, KEY.Key_Delete, KEY.Key_Plus,
                KEY.Key_Minus, KEY.Key_Question):  # fmt: skip
        qtbot.keyClick(box, key)
    assert triggered == []
    box.setValue(before)
    for key in (KEY.Key_Up, KEY.Key_Up, KEY.Key_Down):
        qtbot.keyClick(box, key)
    assert triggered == []
    assert box.value() == pytest.approx(before + box.singleStep())


def test_what_is_typed_into_a_line_is_no_command(
    qtbot: QtBot, window: MainWindow, triggered: list[str]
) -> None:
    line = QLineEdit(window.centralWidget())
    line.show()
    line.setFocus()
    qtbot.keyClicks(line, "a B+s 0?-c")
    for key in (KEY.Key_Left, KEY.Key_Up, KEY.Key_Return, KEY.Key_End):
        qtbot.keyClick(line, key)
    assert triggered == []
    assert line.text() == "a B+s 0?-c"


def test_commands_with_a_modifier_hold_while_something_is_typed(
    qtbot: QtBot, window: MainWindow, triggered: list[str]
) -> None:
    box = in_editor(window, QDoubleSpinBox)
    box.setFocus()
    qtbot.keyClick(box, KEY.Key_R, CTRL)
    qtbot.keyClick(box, KEY.Key_S, CTRL)
    assert triggered == ["render", "save"]


def test_arrows_in_the_playlist_choose_its_rows_and_letters_are_commands(
    qtbot: QtBot, window: MainWindow, triggered: list[str]
) -> None:
    table = window.playlist.table
    table.setFocus()
    window.playlist.select([window.document.project.tracks[0].id])
    row = table.currentIndex().row()
    qtbot.keyClick(table, KEY.Key_Down)
    assert table.currentIndex().row() > row
    assert triggered == []
    qtbot.keyClick(table, KEY.Key_S)
    qtbot.keyClick(table, KEY.Key_Space)
    assert triggered == ["snap", "play"]


def test_space_presses_the_button_that_has_the_keyboard(
    qtbot: QtBot, window: MainWindow, triggered: list[str]
) -> None:
    window.show_part("render")
    button = window.render_panel.cancel_button
    button.show()
    button.setFocus(Qt.FocusReason.TabFocusReason)
    with qtbot.waitSignal(button.clicked):
        qtbot.keyClick(button, KEY.Key_Space)
    assert triggered == []


def test_in_a_panel_that_was_torn_off_typing_is_typing_and_commands_hold(
    qtbot: QtBot, window: MainWindow, triggered: list[str]
) -> None:
    dock = window.findChild(QDockWidget, "editor")
    dock.setFloating(True)
    box = in_editor(window, QDoubleSpinBox)
    dock.activateWindow()
    box.setFocus()
    assert box.window() is dock
    before = box.value()
    qtbot.keyClick(box, KEY.Key_Up)
    assert triggered == []
    assert box.value() > before
    qtbot.keyClick(box, KEY.Key_R, CTRL)
    assert triggered == ["render"]

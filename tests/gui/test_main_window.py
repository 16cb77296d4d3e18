"""The whole window, from music dropped on it to a mix and an orderly end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from dj_libraries_writer import rekordbox, rekordbox_list, rekordbox_track
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QInputDialog, QLabel, QMenu, QWidget
from pytestqt.qtbot import QtBot

from deepbass_engine import project_file
from deepbass_engine.settings import OutputSettings
from deepbass_gui import faults
from deepbass_gui.dialogs.export import ExportDialog
from deepbass_gui.dialogs.fault import FaultDialog
from deepbass_gui.dialogs.problems import ProblemsDialog
from deepbass_gui.dialogs.settings import SettingsDialog
from deepbass_gui.dialogs.shortcuts import ShortcutSheet
from deepbass_gui.document import Document
from deepbass_gui.edits import with_default, with_mix
from deepbass_gui.jobs.pair_jobs import Stage
from deepbass_gui.jobs.render_work import ExportChoice
from deepbass_gui.main_window import MainWindow
from tests.commands import called
from tests.gui.asked import answer, question, questions
from tests.signals import music, write

Fill = Callable[..., Document]


@pytest.fixture
def window(qtbot: QtBot, document: Document) -> Iterator[MainWindow]:
    """The window, shown; its threads end with the test."""
    made = MainWindow(document)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.renderer.shut_down()
    document.undo_stack.setClean()
    assert made.close()


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop(target: QWidget, mime: QMimeData) -> bool:
    """Drag over a widget and let go; whether it was taken."""
    at = target.rect().center()
    actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for event in (
        QDragEnterEvent(at, actions, mime, button, modifier),
        QDragMoveEvent(at, actions, mime, button, modifier),
        QDropEvent(QPointF(at), actions, mime, button, modifier),
    ):
        QApplication.sendEvent(target, event)
    return event.isAccepted()


def settle(qtbot: QtBot, document: Document, n_tracks: int) -> None:
    """Wait until so many tracks are there and all is known of them."""
    qtbot.waitUntil(
        lambda: (
            len(document.project.tracks) == n_tracks
            and document.is_settled
            and document.plan is not None
        ),
        timeout=10_000,
    )


def edited(document: Document, duration_s: float = 0.5) -> None:
    document.edit("Length", with_default(document.project, duration_s=duration_s))


def shown(window: MainWindow, kind: type[QWidget]) -> list[QWidget]:
    return [w for w in window.findChildren(kind) if w.isVisible()]


# From music to a mix


@pytest.mark.parametrize("place", ["window", "playlist", "table", "timeline", "editor"])
def test_a_folder_may_be_dropped_anywhere(
    qtbot: QtBot, window: MainWindow, filled: Fill, songs: list[Path], place: str
) -> None:
    before = 0
    if place == "table":
        filled()
        before = 3
    target = {
        "window": window,
        "playlist": window.playlist,
        "table": window.playlist.table.viewport(),
        "timeline": window.timeline,
        "editor": window.editor,
    }[place]
    if not target.acceptDrops():  # as Qt does, ask those around it
        target = window
    assert drop(target, files(songs[0].parent))
    settle(qtbot, window.document, before + 3)


def test_what_is_no_music_is_listed_and_the_rest_is_added(
    qtbot: QtBot, window: MainWindow, songs: list[Path], tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("no music")
    assert drop(window, files(notes, songs[0], tmp_path / "nowhere.wav"))
    settle(qtbot, window.document, 1)
    (dialog,) = shown(window, ProblemsDialog)
    dialog.copy()
    told = QApplication.clipboard().text()
    assert str(notes) in told
    assert str(tmp_path / "nowhere.wav") in told


def test_from_a_dropped_folder_to_the_mix_that_the_command_line_makes(
    qtbot: QtBot, window: MainWindow, songs: list[Path], tmp_path: Path
) -> None:
    document, actions = window.document, window.actions_by_name
    assert not actions["render"].isEnabled()
    assert drop(window, files(songs[0].parent))
    settle(qtbot, document, 3)
    edited(document, 1.0)
    window.editor.canvas.setFocus()
    qtbot.keyClick(window.editor.canvas, Qt.Key.Key_C)
    qtbot.keyClick(window.editor.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert len(document.project.transitions) == 1

    actions["render"].trigger()
    (dialog,) = shown(window, ExportDialog)
    dialog.set_target(tmp_path / "mix.wav")
    with qtbot.waitSignal(window.renderer.finished, timeout=10_000):
        dialog.accept()
    assert window.render_panel.isVisible()
    assert "mix.wav is ready" in window.render_panel._words.text()
    assert window.report.model.rowCount() == 2
    assert "Rendered mix.wav" in window.statusBar().currentMessage()

    project, expected = tmp_path / "set.deepbass", tmp_path / "command.wav"
    project_file.save(document.project, project)
    assert called("mix", "--project", project, "-o", expected).code == 0
    assert (tmp_path / "mix.wav").read_bytes() == expected.read_bytes()


def test_a_dropped_project_is_opened_when_what_is_open_is_safe(
    qtbot: QtBot, window: MainWindow, filled: Fill, tmp_path: Path
) -> None:
    document = filled()
    path = tmp_path / "set.deepbass"
    project_file.save(document.project, path)
    edited(document)
    assert drop(window, files(path))
    assert questions(window) == ["Save the changes to this mix?"]
    with qtbot.waitSignal(window.files.opened):
        answer(qtbot, window, "Don't save")
    assert document.path == path
    assert document.project.default.duration_s == 1.0
    assert window.windowTitle() == "set.deepbass[*] – DeepBass"


# Closing


def test_with_nothing_unsaved_it_closes_unasked(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.closed):
        assert window.close()
    assert not window.isVisible()


@pytest.fixture
def unsaved(window: MainWindow, filled: Fill, tmp_path: Path) -> Path:
    """A project with a name and an edit that is not saved; its file."""
    document, path = filled(), tmp_path / "set.deepbass"
    project_file.save(document.project, path)
    document.open(document.project, path)
    edited(document)
    return path


def saved_length_s(path: Path) -> float:
    return project_file.load(path).default.duration_s


def test_cancel_keeps_the_window_and_the_work(
    qtbot: QtBot, window: MainWindow, unsaved: Path
) -> None:
    assert not window.close()
    answer(qtbot, window, "Cancel")
    assert window.isVisible()
    assert window.document.is_modified
    assert saved_length_s(unsaved) == 1.0
    assert not window.close()  # it still asks, so it still works
    assert questions(window) == ["Save the changes to set.deepbass?"]
    qtbot.keyClick(question(window), Qt.Key.Key_Escape)
    assert window.isVisible()


def test_save_saves_then_closes(qtbot: QtBot, window: MainWindow, unsaved: Path) -> None:
    assert not window.close()
    with qtbot.waitSignal(window.closed):
        answer(qtbot, window, "Save")
    assert not window.isVisible()
    assert saved_length_s(unsaved) == 0.5


def test_dont_save_closes_and_saves_nothing(
    qtbot: QtBot, window: MainWindow, unsaved: Path
) -> None:
    assert not window.close()
    with qtbot.waitSignal(window.closed):
        answer(qtbot, window, "Don't save")
    assert not window.isVisible()
    assert saved_length_s(unsaved) == 1.0


def test_a_save_that_fails_keeps_the_window_open(
    qtbot: QtBot, window: MainWindow, unsaved: Path
) -> None:
    unsaved.unlink()
    unsaved.mkdir()
    assert not window.close()
    with qtbot.waitSignal(window.files.save_failed):
        answer(qtbot, window, "Save")
    assert window.isVisible()
    assert "could not be saved. Your work is still here." in question(window).text()
    answer(qtbot, window, "Cancel")
    assert window.document.is_modified


@pytest.fixture
def rendering(qtbot: QtBot, window: MainWindow, filled: Fill, tmp_path: Path) -> Path:
    """A mix that is being written and takes a second or more; the folder it goes to."""
    long = write(tmp_path / "long.wav", np.tile(music(5.0), (16, 1)))
    document, folder = filled([long, long]), tmp_path / "out"
    document.open(with_mix(document.project, sample_rate_hz=192_000), None)
    folder.mkdir()
    output = OutputSettings(subtype="PCM_16", jobs=1)
    window.renderer.render(ExportChoice(target=folder / "mix.wav", output=output))
    renderer = window.renderer
    qtbot.waitUntil(lambda: renderer.stage is Stage.WRITING and renderer.share > 0.4)
    return folder


def test_while_rendering_it_asks_and_goes_on_if_wanted(
    qtbot: QtBot, window: MainWindow, rendering: Path
) -> None:
    assert not window.close()
    assert questions(window) == ["Stop rendering and close?"]
    with qtbot.waitSignal(window.renderer.finished, timeout=20_000):
        answer(qtbot, window, "Keep rendering")
    assert window.isVisible()
    assert [path.name for path in rendering.iterdir()] == ["mix.wav"]


def test_while_rendering_it_stops_waits_and_closes_if_wanted(
    qtbot: QtBot, window: MainWindow, rendering: Path
) -> None:
    assert not window.close()
    with qtbot.waitSignal(window.closed):
        answer(qtbot, window, "Stop and close")
    assert not window.isVisible()
    assert list(rendering.iterdir()) == []


def test_escape_stops_rendering(qtbot: QtBot, window: MainWindow, rendering: Path) -> None:
    assert not window.actions_by_name["render"].isEnabled()
    window.timeline.setFocus()
    with qtbot.waitSignal(window.renderer.stopped):
        qtbot.keyClick(window.timeline, Qt.Key.Key_Escape)
    assert list(rendering.iterdir()) == []
    assert "Cancelled" in window.render_panel._words.text()
    assert window.actions_by_name["render"].isEnabled()


# Settings, help and faults


def test_settings_apply_as_one_step(qtbot: QtBot, window: MainWindow, filled: Fill) -> None:
    document = filled()
    window.actions_by_name["settings"].trigger()
    (dialog,) = shown(window, SettingsDialog)
    dialog.transition.control("duration_s").setValue(0.25)
    dialog.mix.control("trim").setCurrentIndex(2)
    dialog.accept()
    assert document.project.default.duration_s == 0.25
    assert document.project.mix.trim == "none"
    assert window.actions_by_name["undo"].text() == "&Undo Settings"
    window.actions_by_name["undo"].trigger()
    assert not document.is_modified


def test_an_unexpected_exception_in_a_slot_is_shown_and_the_window_goes_on(
    qtbot: QtBot, qapp: QApplication, window: MainWindow, filled: Fill, tmp_path: Path
) -> None:
    document = filled()
    faults.install(qapp, tmp_path / "log" / "deepbass.log")
    try:

        def slip() -> None:
            raise RuntimeError("the needle slipped")

        document.edited.connect(slip)
        edited(document)
        document.edited.disconnect(slip)
        dialogs = [w for w in qapp.topLevelWidgets() if isinstance(w, FaultDialog)]
        assert len(dialogs) == 1
        assert "the needle slipped" in dialogs[0].details()
        dialogs[0].close()
    finally:
        faults.uninstall()
    window.actions_by_name["undo"].trigger()
    assert document.project.default.duration_s == 1.0
    assert "the needle slipped" in (tmp_path / "log" / "deepbass.log").read_text()


# Every command and every part


def test_every_action_has_words_a_tip_and_a_place_in_a_menu(window: MainWindow) -> None:
    in_menus = {
        action for menu in window.menuBar().findChildren(QMenu) for action in menu.actions()
    }
    for name, action in window.actions_by_name.items():
        assert action.text(), name
        assert action.toolTip(), name
        assert action in in_menus, name


def test_every_button_says_what_it_does_by_words_or_a_tip(window: MainWindow, filled: Fill) -> None:
    filled()
    bars = ("ScrollLeftButton", "ScrollRightButton", "qt_toolbar_ext_button")  # Qt's own
    buttons = [b for b in window.findChildren(QAbstractButton) if b.objectName() not in bars]
    wordless = [
        (button.objectName(), button.parentWidget().metaObject().className())
        for button in buttons
        if button.isVisible() and not button.toolTip() and not button.text()
    ]
    assert wordless == []
    assert len(buttons) > 20


def keys_of_window(window: MainWindow) -> dict[str, list[str]]:
    """Every key, and the actions that it triggers."""
    found: dict[str, list[str]] = {}
    for action in window.actions():
        for key in action.shortcuts():
            found.setdefault(key.toString(), []).append(action.objectName())
    return found


def test_no_two_actions_share_a_key(window: MainWindow) -> None:
    assert {key: names for key, names in keys_of_window(window).items() if len(names) > 1} == {}


def test_no_two_entries_of_a_menu_share_a_letter(window: MainWindow) -> None:
    menus = [window.menuBar(), *window.menuBar().findChildren(QMenu)]
    for menu in menus:
        letters = [
            QKeySequence.mnemonic(action.text()).toString()
            for action in menu.actions()
            if not QKeySequence.mnemonic(action.text()).isEmpty()
        ]
        assert len(letters) == len(set(letters)), (menu.objectName(), letters)


PROMISED = {
    "Space": "play",
    "Return": "audition",
    "Shift+Return": "loop",
    "A": "show_a",
    "B": "show_b",
    "Left": "nudge_left",
    "Right": "nudge_right",
    "Shift+Left": "nudge_left_100",
    "Shift+Right": "nudge_right_100",
    "Ctrl+Left": "nudge_left_1",
    "Ctrl+Right": "nudge_right_1",
    "Alt+Left": "nudge_left_frame",
    "Alt+Right": "nudge_right_frame",
    "Up": "previous",
    "Down": "next",
    "+": "zoom_in",
    "-": "zoom_out",
    "0": "fit",
    "M": "next_method",
    "C": "next_curve",
    "S": "snap",
    "Del": "remove",
    "Ctrl+Z": "undo",
    "Ctrl+Shift+Z": "redo",
    "Ctrl+R": "render",
    "Esc": "cancel",
    "?": "shortcuts",
}


def test_every_key_that_is_promised_is_there(window: MainWindow) -> None:
    keys = keys_of_window(window)
    assert {key: keys.get(key) for key in PROMISED} == {k: [n] for k, n in PROMISED.items()}


def test_the_sheet_shows_every_key(qtbot: QtBot, window: MainWindow) -> None:
    window.timeline.setFocus()
    qtbot.keyClick(window.timeline, Qt.Key.Key_Question)
    (sheet,) = shown(window, ShortcutSheet)
    words = " ".join(keys for _, keys in sheet.shown())
    native = QKeySequence.SequenceFormat.NativeText
    for key in PROMISED:
        assert QKeySequence(key).toString(native) in words


def focusable(window: MainWindow) -> list[QWidget]:
    return [
        widget
        for widget in window.findChildren(QWidget)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and widget.window() is window
        and widget.focusProxy() is None
        and widget.objectName() != "qt_spinbox_lineedit"  # its spin box has the name
        and not isinstance(widget, QLabel)  # its words are its name
    ]


def test_everything_that_takes_the_keyboard_has_a_name(
    window: MainWindow, filled: Fill, qtbot: QtBot
) -> None:
    filled()
    unnamed = [
        (widget.metaObject().className(), widget.objectName(), type(widget.parent()).__name__)
        for widget in focusable(window)
        if not widget.accessibleName() and not getattr(widget, "text", str)()
    ]
    assert unnamed == []


def test_tab_reaches_every_main_part(qtbot: QtBot, window: MainWindow, filled: Fill) -> None:
    filled()
    window.activateWindow()
    window.timeline.setFocus()
    reached = set()
    parts = {
        "playlist": window.playlist,
        "timeline": window.timeline,
        "editor": window.editor,
        "transport": window.transport,
    }
    for _ in range(100):
        focus = window.focusWidget()
        assert focus is not None
        reached |= {
            name for name, part in parts.items() if focus is part or part.isAncestorOf(focus)
        }
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
        if window.focusWidget() is window.timeline:
            break
    assert reached == set(parts)
    assert window.focusWidget() is window.timeline


def test_which_list_of_a_dj_library_is_asked_in_the_window(
    qtbot: QtBot, window: MainWindow, songs: list[Path], tmp_path: Path
) -> None:
    tracks = [rekordbox_track(n, song.as_uri()) for n, song in enumerate(songs, start=1)]
    library = tmp_path / "dj.xml"
    lists = [rekordbox_list("Early", "1"), rekordbox_list("Late", "3", "1")]
    library.write_text(rekordbox(tracks, lists))
    assert drop(window, files(library))
    qtbot.waitUntil(lambda: window.findChild(QInputDialog) is not None)
    dialog = window.findChild(QInputDialog)
    dialog.setTextValue("Late")
    dialog.accept()
    settle(qtbot, window.document, 2)
    assert [track.path for track in window.document.project.tracks] == [songs[2], songs[0]]

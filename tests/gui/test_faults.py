"""Unexpected exceptions are logged and shown, and the program goes on."""

import gc
import threading

import pytest
from PySide6.QtCore import QTimer, qWarning
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton

from deepbass_gui import faults
from deepbass_gui.dialogs.fault import FaultDialog


@pytest.fixture
def log(qapp, tmp_path):
    path = tmp_path / "log" / "deepbass.log"
    faults.install(qapp, path)
    yield path
    faults.uninstall()


def open_dialogs():
    widgets = QApplication.topLevelWidgets()
    return [w for w in widgets if isinstance(w, FaultDialog) and w.isVisible()]


def fail(what):
    raise RuntimeError(what)


def test_an_exception_in_a_slot_is_logged_and_shown_and_the_next_slot_runs(qtbot, log):
    button = QPushButton()
    qtbot.addWidget(button)
    pressed = []
    button.clicked.connect(lambda: fail("the needle slipped"))
    button.clicked.connect(lambda: pressed.append(True))
    button.click()
    qtbot.waitUntil(lambda: len(open_dialogs()) == 1)
    assert pressed == [True]
    assert "RuntimeError: the needle slipped" in open_dialogs()[0].details()
    written = log.read_text()
    assert "the needle slipped" in written
    assert "DeepBass 0" in written


def test_an_exception_in_a_thread_is_shown_in_the_gui_thread(qtbot, log):
    thread = threading.Thread(target=fail, args=["far away"])
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(open_dialogs()) == 1)
    assert "far away" in open_dialogs()[0].details()


def test_an_exception_that_python_cannot_raise_is_shown(qtbot, log):
    class Grumpy:
        def __del__(self):
            fail("while it was freed")

    Grumpy()
    gc.collect()
    qtbot.waitUntil(lambda: len(open_dialogs()) == 1)
    assert "while it was freed" in log.read_text()


def test_further_ones_are_added_to_the_open_dialog_and_the_same_is_counted(qtbot, log):
    for what in ("first", "second", "second"):
        faults.show(ValueError(what))
    qtbot.waitUntil(lambda: bool(open_dialogs()) and "second" in open_dialogs()[0].details())
    (dialog,) = open_dialogs()
    assert dialog.details().count("ValueError: first") == 1
    assert dialog.details().count("ValueError: second") == 1


def test_after_it_is_closed_the_next_one_has_a_dialog_of_its_own(qtbot, log):
    faults.show(ValueError("first"))
    qtbot.waitUntil(lambda: len(open_dialogs()) == 1)
    open_dialogs()[0].reject()
    assert open_dialogs() == []
    faults.show(ValueError("second"))
    qtbot.waitUntil(lambda: len(open_dialogs()) == 1)
    assert "first" not in open_dialogs()[0].details()


def test_the_details_can_be_copied(qtbot, log):
    faults.show(ValueError("to be told"))
    qtbot.waitUntil(lambda: len(open_dialogs()) == 1)
    open_dialogs()[0].findChild(QPushButton, "copy").click()
    assert "ValueError: to be told" in QGuiApplication.clipboard().text()


def test_a_warning_of_qt_goes_to_the_log_only(qtbot, log):
    qWarning("the cable is loose")
    assert "WARNING Qt: the cable is loose" in log.read_text()
    assert open_dialogs() == []


def test_an_interrupt_ends_the_event_loop_without_a_dialog(qtbot, qapp, log):
    def interrupt():
        raise KeyboardInterrupt

    QTimer.singleShot(0, interrupt)
    patience = QTimer(singleShot=True, interval=5_000)
    patience.timeout.connect(lambda: qapp.exit(0))
    patience.start()
    assert qapp.exec() == 130
    patience.stop()  # outside of exec() an exit would end every later event loop at once
    assert open_dialogs() == []
    assert log.read_text() == ""


def test_a_log_that_cannot_be_written_stops_nothing(qtbot, qapp, tmp_path):
    (tmp_path / "log").write_text("a file in the folder's place")
    faults.install(qapp, tmp_path / "log" / "deepbass.log")
    try:
        faults.show(ValueError("still shown"))
        qtbot.waitUntil(lambda: len(open_dialogs()) == 1)
    finally:
        faults.uninstall()


def test_the_log_lies_with_the_state(qapp, own_settings):
    assert faults.log_folder() == own_settings / "state" / "log"

"""Puts the program together and runs it."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLoggingCategory, QTimer
from PySide6.QtWidgets import QApplication

from deepbass_engine.version import __version__
from deepbass_gui import faults, preferences, theme
from deepbass_gui.document import Document
from deepbass_gui.garbage import GarbageCollection
from deepbass_gui.jobs.library import Library
from deepbass_gui.main_window import MainWindow

_SIGNALS_EVERY_MS = 200


def make_application() -> QApplication:
    """The application: its name, its look, and what becomes of unexpected errors."""
    QLoggingCategory.setFilterRules("qt.multimedia.*=false")  # it tells of every backend it tries
    application = QApplication(["deepbass"])
    application.setOrganizationName("DeepBass")
    application.setApplicationName("DeepBass")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("deepbass")
    application.setWindowIcon(theme.window_icon())
    theme.apply(application, theme.scheme_named(preferences.get("scheme", "system")))
    faults.install(application)
    return application


def make_window() -> MainWindow:
    """A window with an empty project."""
    library = Library(jobs=max(1, (os.cpu_count() or 1) - 1))  # one core is left to the window
    return MainWindow(Document(library))


def run(paths: Sequence[Path]) -> int:
    """Open the window with these files, and return when it is closed.

    A first Ctrl-C in the terminal closes it as its own button would.
    """
    application = make_application()
    window = make_window()
    garbage = GarbageCollection()
    awake = QTimer(interval=_SIGNALS_EVERY_MS)  # lets Python see signals while Qt waits
    awake.timeout.connect(lambda: None)
    awake.start()
    before = {s: signal.signal(s, lambda *_: window.close()) for s in _asked_to_stop()}
    try:
        window.show()
        QTimer.singleShot(0, lambda: window.open_paths(paths))
        QTimer.singleShot(0, window.document.library.warm_up)
        return application.exec()
    finally:
        garbage.give_back()
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _asked_to_stop() -> list[signal.Signals]:
    return [signal.SIGINT, signal.SIGTERM]

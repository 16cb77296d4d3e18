"""Unexpected exceptions: logged to a file and shown with details to copy; the program goes on.

`install` catches what nobody else did: in slots, in threads and where Python can't raise, and what
Qt warns of (that goes to the log only). Jobs that fail hand their exception to `show`.
"""

from __future__ import annotations

import logging
import logging.handlers
import platform
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

import PySide6
from PySide6.QtCore import (
    QCoreApplication,
    QMessageLogContext,
    QObject,
    QtMsgType,
    Signal,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from deepbass_engine.version import __version__
from deepbass_gui import state
from deepbass_gui.dialogs.fault import FaultDialog

LOG_BYTES, LOG_COPIES = 512 * 1024, 3
EXIT_INTERRUPTED = 130

_log = logging.getLogger("deepbass")
_installed: _Faults | None = None


def install(app: QApplication, log_path: Path | None = None) -> None:
    """Catch, log and show from now on what nobody else catches.

    Parameters
    ----------
    log_path
        The log's file, by default in `log_folder()`; where it can't be written, faults are only
        shown.
    """
    global _installed
    uninstall()
    _installed = _Faults(app, log_path)


def uninstall() -> None:
    """Give everything back that `install` took."""
    global _installed
    if _installed is not None:
        _installed.give_back()
        _installed = None


def log_folder() -> Path:
    """The folder of the log.

    Raises
    ------
    OSError
        If it can't be made.
    """
    return state.folder("log")


def show(error: BaseException) -> None:
    """Log and show an exception that was caught, such as one that ended a job; from any thread."""
    if _installed is None:
        sys.__excepthook__(type(error), error, error.__traceback__)
    else:
        _installed.take(error)


def described(error: BaseException) -> str:
    """What to copy into a report: versions, platform and where it happened."""
    return "\n".join(
        (
            f"DeepBass {__version__}, Python {platform.python_version()}, "
            f"Qt {PySide6.__version__}, {platform.platform()}",
            "".join(traceback.format_exception(error)).rstrip(),
        )
    )


class _Faults(QObject):
    """The hooks, the log and the one dialog; lives in the GUI thread."""

    _taken = Signal(str, str)

    def __init__(self, app: QApplication, log_path: Path | None) -> None:
        super().__init__()
        self._app = app
        self._dialog: FaultDialog | None = None
        self._handler = _handler(log_path)
        self._taken.connect(self._show)
        if self._handler is not None:
            _log.addHandler(self._handler)
        self._hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._from_anywhere
        threading.excepthook = self._from_thread
        sys.unraisablehook = self._unraisable
        self._qt_handler = qInstallMessageHandler(_qt_message)

    def give_back(self) -> None:
        """Leave no hook, file or window."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._hooks
        qInstallMessageHandler(self._qt_handler)
        if self._handler is not None:
            _log.removeHandler(self._handler)
            self._handler.close()
        if self._dialog is not None:
            self._dialog.close()  # forgets it

    def take(self, error: BaseException) -> None:
        """Log an exception and have it shown."""
        details = described(error)
        _log.error("%s", details)
        if not QCoreApplication.closingDown():
            self._taken.emit("".join(traceback.format_exception_only(error)).strip(), details)

    def _from_anywhere(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._app.exit(EXIT_INTERRUPTED)
            return
        sys.__excepthook__(kind, error, trace)
        self.take(error.with_traceback(trace))

    def _from_thread(self, what: threading.ExceptHookArgs) -> None:
        if what.exc_value is not None and not issubclass(what.exc_type, SystemExit):
            self._from_anywhere(what.exc_type, what.exc_value, what.exc_traceback)

    def _unraisable(self, what: sys.UnraisableHookArgs) -> None:
        if what.exc_value is not None:
            self._from_anywhere(what.exc_type, what.exc_value, what.exc_traceback)

    @Slot(str, str)
    def _show(self, summary: str, details: str) -> None:
        if self._dialog is None:
            folder = None
            if self._handler is not None:
                folder = Path(self._handler.baseFilename).parent
            self._dialog = FaultDialog(folder, self._app.activeWindow())
            self._dialog.finished.connect(self._forget)
        self._dialog.add(summary, details)
        self._dialog.show()

    @Slot()
    def _forget(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


def _handler(log_path: Path | None) -> logging.handlers.RotatingFileHandler | None:
    """What writes the log, or None where it can't be written."""
    try:
        path = log_path or log_folder() / "deepbass.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        made = logging.handlers.RotatingFileHandler(
            path, maxBytes=LOG_BYTES, backupCount=LOG_COPIES, encoding="utf-8"
        )
    except OSError:
        return None
    made.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return made


def _qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    """Log what Qt warns of, or worse."""
    level = {
        QtMsgType.QtWarningMsg: logging.WARNING,
        QtMsgType.QtCriticalMsg: logging.ERROR,
        QtMsgType.QtFatalMsg: logging.CRITICAL,
    }.get(kind)
    if level is not None:
        _log.log(level, "Qt: %s", text)

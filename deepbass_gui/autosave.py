"""What is kept of unsaved work, and found again after a crash.

Each window has a folder of its own among the autosaves, locked while it runs, with the last
`N_KEPT` versions in turn: should the newest be damaged, the one before it is there. The folder is
removed when the window closes in order; one whose lock is free was left by a crash.
"""

from __future__ import annotations

import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from PySide6.QtCore import QLockFile, QObject, QTimer, Signal

from deepbass_engine import project_file
from deepbass_engine.errors import DeepBassError
from deepbass_engine.project import Project
from deepbass_gui import state
from deepbass_gui.document import Document
from deepbass_gui.jobs.worker import Event, Failed, Finished, Job, Worker

N_KEPT = 3
EVERY_MS = 30_000
SETTLED_AFTER_MS = 2_000

_LOCK = "lock"
_ORIGIN = "origin.json"


class _Origin(msgspec.Struct):
    """Which project an autosave is a version of; None for one never saved."""

    path: str | None = None


@dataclass(frozen=True, slots=True)
class Rescued:
    """Unsaved work of a window that did not close in order.

    Attributes
    ----------
    folder
        Where it is kept.
    file
        The newest version that is in order; the newest at all where `error` is given.
    path
        The project it is a version of, or None.
    saved_at
        When it was kept.
    n_tracks
        Rows in it.
    n_damaged
        Versions newer than it that can't be read.
    error
        Why none of the versions can be read, or None.
    """

    folder: Path
    file: Path
    path: Path | None
    saved_at: datetime
    n_tracks: int
    n_damaged: int = 0
    error: DeepBassError | None = None


class Autosave(QObject):
    """Keeps a document's unsaved work, every 30 s and when an edit has settled.

    Signals
    -------
    kept()
        What is unsaved now stands on the disk.
    failed(Exception)
        It could not be kept; told once, until it works again.
    """

    kept = Signal()
    failed = Signal(object)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._worker = Worker(1, self)
        self._folder: Path | None = None
        self._lock: QLockFile | None = None
        self._kept: Project | None = None
        self._n_written = 0
        self._has_failed = False
        self._settled = QTimer(self, singleShot=True, interval=SETTLED_AFTER_MS)
        self._settled.timeout.connect(self.keep)
        self._regular = QTimer(self, interval=EVERY_MS)
        self._regular.timeout.connect(self.keep)
        self._regular.start()
        document.edited.connect(self._settled.start)
        document.modified_changed.connect(self._on_modified)

    def keep(self) -> None:
        """Write the unsaved work now, if there is any that is not kept yet."""
        project = self._document.settled_project
        if not self._document.is_modified or project == self._kept or self._worker.is_busy:
            return
        path = self._document.path
        number = self._n_written % N_KEPT

        def work(job: Job) -> None:
            folder = self._own_folder()
            origin = _Origin(str(path) if path else None)
            (folder / _ORIGIN).write_bytes(msgspec.json.encode(origin))
            project_file.save(project, folder / f"{number}.deepbass")

        def on_event(event: Event) -> None:
            if isinstance(event, Finished):
                self._kept, self._has_failed = project, False
                self._n_written += 1
                self.kept.emit()
                if not self._document.is_modified:  # saved in the meantime
                    self._on_modified(False)
            elif isinstance(event, Failed) and not self._has_failed:
                self._has_failed = True
                self.failed.emit(event.error)

        self._worker.start(work, on_event)

    def shut_down(self) -> None:
        """Remove what was kept: the window closes in order."""
        self._regular.stop()
        self._settled.stop()
        self._worker.shut_down()
        if self._folder is not None:
            if self._lock is not None:
                self._lock.unlock()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _own_folder(self) -> Path:
        if self._folder is None:
            folder = state.folder("autosaves") / secrets.token_hex(6)
            folder.mkdir()
            lock = QLockFile(str(folder / _LOCK))
            lock.setStaleLockTime(0)
            lock.tryLock(0)
            self._folder, self._lock = folder, lock
        return self._folder

    def _on_modified(self, is_modified: bool) -> None:
        """What is saved need not be rescued."""
        if is_modified or self._folder is None or self._worker.is_busy:
            return
        folder, self._kept = self._folder, None

        def remove(job: Job) -> None:
            for file in folder.glob("*.deepbass"):
                file.unlink(missing_ok=True)

        self._worker.start(remove, lambda event: None)


def left_behind() -> list[Rescued]:
    """Unsaved work that crashed windows have left, newest first. Reads files."""
    with suppress(OSError):
        found = [r for f in state.folder("autosaves").iterdir() if (r := _rescued(f)) is not None]
        return sorted(found, key=lambda rescued: rescued.saved_at, reverse=True)
    return []


def discard(rescued: Rescued) -> None:
    """Remove unsaved work that is not wanted any more."""
    shutil.rmtree(rescued.folder, ignore_errors=True)


def _rescued(folder: Path) -> Rescued | None:
    """What can be rescued from an autosave folder whose window is gone."""
    lock = QLockFile(str(folder / _LOCK))
    lock.setStaleLockTime(0)
    if not folder.is_dir() or not lock.tryLock(0):
        return None
    try:
        return _newest_in_order(folder)
    finally:
        lock.unlock()
        if not any(folder.glob("*.deepbass")):  # its work was saved before the crash
            shutil.rmtree(folder, ignore_errors=True)


def _newest_in_order(folder: Path) -> Rescued | None:
    """The newest version that can be read; else the newest, and why it can't."""
    files = sorted(folder.glob("*.deepbass"), key=lambda f: f.stat().st_mtime_ns, reverse=True)
    damaged: list[Rescued] = []
    for file in files:
        saved_at = datetime.fromtimestamp(file.stat().st_mtime).astimezone()
        try:
            n_tracks = len(project_file.load(file).tracks)
        except DeepBassError as error:
            damaged.append(Rescued(folder, file, _origin(folder), saved_at, 0, error=error))
        else:
            return Rescued(folder, file, _origin(folder), saved_at, n_tracks, len(damaged))
    return damaged[0] if damaged else None


def _origin(folder: Path) -> Path | None:
    try:
        kept = msgspec.json.decode((folder / _ORIGIN).read_bytes(), type=_Origin)
    except (OSError, msgspec.DecodeError):
        return None
    return Path(kept.path) if kept.path else None

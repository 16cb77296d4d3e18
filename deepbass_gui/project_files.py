"""Opening and saving projects: in the background, safely beside other windows and programs.

A project that is open in a window is locked. A second window opens it as a copy, which asks for a
name of its own when it is saved. The last version that was read or written well is kept, for the
day the file is damaged.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Signal

from deepbass_engine import project_file
from deepbass_engine.audio.source import FileState
from deepbass_engine.errors import DeepBassError, OutputError, ProjectFileError
from deepbass_engine.mix.job import with_content_hashes
from deepbass_engine.project import Project
from deepbass_gui import preferences, state
from deepbass_gui.document import Document
from deepbass_gui.jobs.library import state_of
from deepbass_gui.jobs.worker import Event, Failed, Finished, Job, Worker

SUFFIX = ".deepbass"
N_RECENT = 10
_RECENT = "recent"


@dataclass(frozen=True, slots=True)
class _Loaded:
    project: Project
    stamp: FileState | None


class ChangedElsewhereError(OutputError):
    """The project file is not the one that was opened: another program has written it."""


class ProjectFiles(QObject):
    """Opens and saves the document.

    Signals
    -------
    opened(Path, bool)
        The document is another project; True where it is a copy, since another window has it open.
    open_failed(Path, Exception)
        The file could not be opened; see `last_good`.
    saved(Path)
        The document stands in this file.
    save_failed(Path, Exception)
        It does not; nothing was changed on the disk.
    recent_changed()
        The list of recent files is another.
    """

    opened = Signal(object, bool)
    open_failed = Signal(object, object)
    saved = Signal(object)
    save_failed = Signal(object, object)
    recent_changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._worker = Worker(1, self)
        self._lock: QLockFile | None = None
        self._stamp: FileState | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being opened or saved."""
        return self._worker.is_busy

    def new(self) -> None:
        """Begin an empty project, with the settings of before."""
        self._release()
        before = self._document.settled_project
        self._document.open(Project(default=before.default, mix=before.mix), None)

    def open(self, path: Path) -> None:
        """Open a project file."""

        def work(job: Job) -> _Loaded:
            stamp = state_of(path)
            loaded = _Loaded(project_file.load(path), stamp)
            _keep_copy(path)
            return loaded

        def on_event(event: Event) -> None:
            if isinstance(event, Finished):
                self._take(path, event.result)
            elif isinstance(event, Failed):
                self.open_failed.emit(path, event.error)

        self._worker.start(work, on_event)

    def open_copy(self, source: Path, path: Path | None) -> None:
        """Open what stands in `source` as an unsaved version of the project at `path`."""

        def work(job: Job) -> Project:
            return project_file.load(source)

        def on_event(event: Event) -> None:
            if isinstance(event, Finished):
                own = path if path is not None and self._acquire(path) else None
                self._stamp = None
                self._document.open(event.result, own, is_modified=True)
                self.opened.emit(path or source, path is not None and own is None)
            elif isinstance(event, Failed):
                self.open_failed.emit(source, event.error)

        self._worker.start(work, on_event)

    def save(
        self,
        path: Path,
        *,
        over_changes: bool = False,
        on_done: Callable[[bool], None] | None = None,
    ) -> None:
        """Save the document.

        Parameters
        ----------
        path
            Where to.
        over_changes
            Write even if another program has changed the file since.
        on_done
            Called with whether it is saved.
        """
        document = self._document
        project = document.settled_project
        is_own = path == document.path
        if not is_own and not self._is_free(path):
            self.save_failed.emit(
                path,
                OutputError(
                    "is open in another DeepBass window", path=path, hint="choose another name"
                ),
            )
            if on_done is not None:
                on_done(False)
            return
        known = self._stamp if is_own and not over_changes else None

        def work(job: Job) -> FileState | None:
            if known is not None and (now := state_of(path)) is not None and now != known:
                raise ChangedElsewhereError(
                    "was changed by another program since it was opened here",
                    path=path,
                    hint="save under another name, or replace it",
                )
            project_file.save(with_content_hashes(project, cancel=job.cancel), path)
            _keep_copy(path)
            return state_of(path)

        def on_event(event: Event) -> None:
            if isinstance(event, Finished):
                self._stamp = event.result
                if not is_own:
                    self._acquire(path)
                document.saved(path, project)
                self._remember(path)
                self.saved.emit(path)
            elif isinstance(event, Failed):
                self.save_failed.emit(path, event.error)
            if on_done is not None:
                on_done(isinstance(event, Finished))

        self._worker.start(work, on_event)

    def last_good(self, path: Path) -> Path | None:
        """The last version of a project that was in order, where one is kept."""
        with suppress(OSError):
            kept = _kept_copy(path)
            return kept if kept.is_file() else None
        return None

    def recent(self) -> list[Path]:
        """Projects opened or saved lately, newest first."""
        kept = preferences.get(_RECENT, "")
        return [Path(line) for line in kept.split("\n") if line]

    def forget_recent(self) -> None:
        """Empty the list of recent projects."""
        preferences.put(_RECENT, "")
        self.recent_changed.emit()

    def shut_down(self) -> None:
        """Finish what is being written, end the thread and let go of the lock."""
        self._worker.shut_down()
        self._release()

    def _take(self, path: Path, loaded: _Loaded) -> None:
        is_own = path == self._document.path or self._acquire(path)
        self._stamp = loaded.stamp if is_own else None
        self._document.open(loaded.project, path if is_own else None, is_modified=not is_own)
        self._remember(path)
        self.opened.emit(path, not is_own)

    def _remember(self, path: Path) -> None:
        others = [p for p in self.recent() if p != path]
        if "\n" not in str(path):
            preferences.put(_RECENT, "\n".join(str(p) for p in [path, *others][:N_RECENT]))
            self.recent_changed.emit()

    def _is_free(self, path: Path) -> bool:
        """Whether no other window has the project at `path` open."""
        lock = _lock_for(path)
        if lock is None or not lock.tryLock(0):
            return lock is None
        lock.unlock()
        return True

    def _acquire(self, path: Path) -> bool:
        """Let go of the project that was open and lock this one; False where another has it."""
        self._release()
        lock = _lock_for(path)
        if lock is None:
            return True  # where nothing can be locked, nobody is kept out
        if not lock.tryLock(0):
            return False
        self._lock = lock
        return True

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None


def explained(error: Exception) -> str:
    """An error of opening or saving in words for a person."""
    return str(error) if isinstance(error, DeepBassError) else f"{type(error).__name__}: {error}"


def is_damaged(error: Exception) -> bool:
    """Whether a project could not be opened because of what stands in it."""
    return isinstance(error, ProjectFileError)


def _lock_for(path: Path) -> QLockFile | None:
    try:
        lock = QLockFile(str(state.folder("locks") / state.name_for(path)))
    except OSError:
        return None
    lock.setStaleLockTime(0)  # a lock is stale when its process is gone, however long it is held
    return lock


def _kept_copy(path: Path) -> Path:
    return state.folder("last-good") / (state.name_for(path) + SUFFIX)


def _keep_copy(path: Path) -> None:
    """Keep the version that is in order; relative paths in it are made to lead from there."""
    with suppress(OSError, DeepBassError):
        project_file.save(project_file.load(path), _kept_copy(path))

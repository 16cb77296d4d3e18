"""Turning what a person dropped or chose into tracks, away from the GUI thread.

Folders and playlists may be large, far away or broken, so they are read by a worker. What comes
together becomes one edit; drops that overlap are added in the order in which they were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from deepbass_engine.audio.decode import probe
from deepbass_engine.dj_libraries import LIBRARY_EXTENSIONS, read_library
from deepbass_engine.errors import InputError
from deepbass_engine.playlists import AUDIO_EXTENSIONS, collect
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Given, Problem
from deepbass_gui.document import Document
from deepbass_gui.edits import tracks_for, with_tracks
from deepbass_gui.jobs.worker import Event, Failed, Finished, Job, Worker


@dataclass(frozen=True, slots=True)
class _Found:
    """Files that are to become tracks, what is known of them, and what was left out."""

    files: tuple[Path, ...]
    given: tuple[Given, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Lists:
    """A DJ library that holds several playlists: which of them is to be asked."""

    path: Path
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Position:
    """Where tracks are to be added, whatever is edited until they are found.

    Attributes
    ----------
    before
        Id of the track they shall stand before; None for the end.
    row
        Where that was when they were dropped.
    """

    before: str | None
    row: int


class Adding(QObject):
    """Adds files, folders and playlists to the document.

    Signals
    -------
    added(list[str])
        Tracks with these ids were added, as one edit.
    problems_found(tuple[Problem, ...])
        What was left out, and why.
    changed(bool)
        Whether something is being looked for.
    list_wanted(Path, tuple[str, ...], object)
        A DJ library holds playlists of these names. One of them is to be added, as
        ``PATH#NAME``, before the track of that number, or at the end.
    """

    added = Signal(list)
    problems_found = Signal(tuple)
    changed = Signal(bool)
    list_wanted = Signal(Path, tuple, object)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._worker = Worker(1, self)
        self._worker.idle.connect(lambda: self.changed.emit(False))
        document.opened.connect(self.cancel)

    @property
    def is_adding(self) -> bool:
        """Whether something is being looked for."""
        return self._worker.is_busy

    def add(self, paths: Sequence[Path], at: int | None = None) -> None:
        """Add what these files, folders and playlists hold before track `at`, or at the end."""
        if not paths:
            return
        tracks = self._document.project.tracks
        row = len(tracks) if at is None else max(0, min(at, len(tracks)))
        position = _Position(tracks[row].id if row < len(tracks) else None, row)
        was_adding = self.is_adding

        def on_event(event: Event) -> None:
            self._take(event, position, job)

        job = self._worker.start(lambda job: _find(paths, job.cancel), on_event)
        if not was_adding:
            self.changed.emit(True)

    def cancel(self) -> None:
        """Add nothing of what is still being looked for."""
        self._worker.cancel_all()

    def shut_down(self) -> None:
        """Stop looking and wait for the thread."""
        self._worker.shut_down()

    def _take(self, event: Event, position: _Position, job: Job) -> None:
        if job.cancel.cancelled:
            return
        match event:
            case Finished(_Found(files, given, problems)):
                self._insert(files, given, position)
            case Finished(_Lists(path, names)):
                at = None if position.before is None else position.row
                self.list_wanted.emit(path, names, at)
                return
            case Failed(error):
                hint = self.tr("add them one by one to find which it is")
                problems = (Problem(None, None, _cant_be_added(error), hint),)
            case _:
                return
        if problems:
            self.problems_found.emit(problems)

    def _insert(self, files: Sequence[Path], given: Sequence[Given], position: _Position) -> None:
        if not files:
            return
        project = self._document.settled_project
        made = tracks_for(files, project, given)
        ids = [track.id for track in project.tracks]
        if position.before is None:
            at = len(ids)
        elif position.before in ids:
            at = ids.index(position.before)
        else:  # it was taken out meanwhile
            at = min(position.row, len(ids))
        n = len(made)
        name = self.tr("Add 1 track") if n == 1 else self.tr("Add {n} tracks").format(n=n)
        self._document.edit(name, with_tracks(project, made, at))
        self.added.emit([track.id for track in made])


def _find(paths: Sequence[Path], cancel: CancelToken) -> _Found | _Lists:
    """The files to add; one with an unusual extension must turn out to hold audio.

    A file with an extension of audio is taken unseen: if it is broken, its row says so.
    """
    if len(paths) == 1 and (lists := _lists_of(paths[0], cancel)) is not None:
        return lists
    collected = collect(paths, cancel=cancel)
    files: list[Path] = []
    known: list[Given] = []
    problems = list(collected.problems)
    for path, given in zip(collected.files, collected.given, strict=True):
        cancel.raise_if_cancelled()
        if path.suffix.lower() not in AUDIO_EXTENSIONS:
            try:
                probe(path)
            except InputError as error:
                problems.append(Problem.from_error(error, path))
                continue
        files.append(path)
        known.append(given)
    return _Found(tuple(files), tuple(known), tuple(problems))


def _lists_of(path: Path, cancel: CancelToken) -> _Lists | None:
    """The playlists of a DJ library, where there are several to choose from."""
    if path.suffix.lower() not in LIBRARY_EXTENSIONS or not path.is_file():
        return None
    with suppress(InputError):  # whoever collects says what is wrong
        names = tuple(playlist.name for playlist in read_library(path, cancel=cancel).playlists)
        return _Lists(path, names) if len(names) > 1 else None
    return None


def _cant_be_added(error: Exception) -> str:
    return f"what was dropped can't be added: {error}"

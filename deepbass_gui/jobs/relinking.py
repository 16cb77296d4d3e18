"""Pointing missing tracks at where their files went, away from the GUI thread."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from deepbass_engine.analysis.relink import Relinked, relinked
from deepbass_engine.errors import DeepBassError
from deepbass_engine.project import Problem, Project
from deepbass_gui.document import Document
from deepbass_gui.jobs.worker import Event, Failed, Finished, Worker


class Relinking(QObject):
    """Relinks tracks of the document, as one edit with those that moved along.

    Signals
    -------
    problems_found(tuple[Problem, ...])
        What could not be relinked, and why.
    """

    problems_found = Signal(tuple)

    def __init__(self, document: Document, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._worker = worker

    def relink(self, track_id: str, new_path: Path) -> None:
        """Point a track to another file, and the missing ones like it to where they went."""
        before = self._document.settled_project
        if all(track.id != track_id for track in before.tracks):
            return

        def on_event(event: Event) -> None:
            match event:
                case Finished(Relinked() as found):
                    self._edit(before, found)
                case Failed(error):
                    self.problems_found.emit((_problem(error, new_path),))

        self._worker.start(
            lambda job: relinked(before, track_id, new_path, cancel=job.cancel), on_event
        )

    def _edit(self, before: Project, found: Relinked) -> None:
        """Give those rows their new place that still are as they were when it was looked for."""
        old = {track.id: track for track in before.tracks}
        new = {track.id: track for track in found.project.tracks}
        project = self._document.settled_project
        tracks = []
        n_changed = 0
        for track in project.tracks:
            was = old.get(track.id)
            if was is not None and was.path == track.path and new[track.id] != was:
                place = new[track.id]
                track = replace(track, path=place.path, content_hash=place.content_hash)
                n_changed += 1
            tracks.append(track)
        n = n_changed
        name = self.tr("Relink 1 track") if n == 1 else self.tr("Relink {n} tracks").format(n=n)
        self._document.edit(name, replace(project, tracks=tuple(tracks)))
        if found.unsure:
            self.problems_found.emit(tuple(self._unsure(path) for path in found.unsure))

    def _unsure(self, path: Path) -> Problem:
        what = self.tr("holds something else than the missing track of its name, so it is not used")
        return Problem(path, None, what, self.tr("relink that track by itself if it is the one"))


def _problem(error: Exception, path: Path) -> Problem:
    if isinstance(error, DeepBassError):
        return Problem.from_error(error, path)
    return Problem(path, None, f"can't be used: {error}", "choose another file")

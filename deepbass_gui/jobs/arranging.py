"""Puts the tracks of the playlist in an order in which they go together, beside the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from deepbass_engine.mix.ordering import in_order
from deepbass_gui.document import Document
from deepbass_gui.edits import ordered
from deepbass_gui.jobs.searching import analyses_of
from deepbass_gui.jobs.worker import Event, Failed, Finished, Job, Worker


class Arranging(QObject):
    """Finds an order by tempo, key and loudness, and takes it over as one edit.

    Signals
    -------
    failed(Exception)
        No order could be found.
    """

    failed = Signal(Exception)

    def __init__(self, document: Document, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._worker = worker
        self._job: Job | None = None

    def arrange(self) -> None:
        """Find an order for the tracks as they are now; an edit meanwhile makes it void."""
        before, analyses = self._document.settled_project, analyses_of(self._document)
        if self._job is not None:
            self._job.cancel.cancel()

        def on_event(event: Event) -> None:
            match event:
                case Finished(tuple() as ids):
                    now = self._document.settled_project
                    if now.tracks == before.tracks:
                        self._document.edit(self.tr("Put in a good order"), ordered(now, ids))
                case Failed(error):
                    self.failed.emit(error)

        def work(job: Job) -> tuple[str, ...]:
            project, _ = in_order(before, analyses, cancel=job.cancel)
            return tuple(track.id for track in project.tracks)

        self._job = self._worker.start(work, on_event)

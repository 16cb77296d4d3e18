"""A model is read, checked and installed in a thread of its own."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from deepbass_gui.jobs.worker import Advanced, Event, Failed, Finished, Job, Stopped, Worker


class ModelImport(QObject):
    """Imports one model at a time.

    Signals
    -------
    advanced(Progress)
        How far it is.
    imported(str)
        The model is installed under this name.
    failed(Exception)
        It could not be imported.
    stopped()
        It was cancelled; nothing has changed.
    """

    advanced = Signal(object)
    imported = Signal(str)
    failed = Signal(object)
    stopped = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = Worker(1, self)
        self._job: Job | None = None

    @property
    def is_running(self) -> bool:
        """Whether a model is being imported."""
        return self._job is not None

    def start(self, path: Path, name: str, *, overwrite: bool) -> None:
        """Import a file or a folder under a name."""
        if self._job is not None:
            return

        def work(job: Job) -> str:
            from deepbass_engine.nsynth.models import import_model

            import_model(
                path, name, overwrite=overwrite, on_progress=job.progress, cancel=job.cancel
            )
            return name

        self._job = self._worker.start(work, self._take)

    def cancel(self) -> None:
        """Stop; nothing is changed then."""
        if self._job is not None:
            self._job.cancel.cancel()

    def shut_down(self) -> None:
        """Stop and wait for the thread."""
        self._worker.shut_down()
        self._job = None

    def _take(self, event: Event) -> None:
        if isinstance(event, Finished | Failed | Stopped):
            self._job = None
        match event:
            case Advanced(progress):
                self.advanced.emit(progress)
            case Finished(name):
                self.imported.emit(name)
            case Failed(error):
                self.failed.emit(error)
            case Stopped():
                self.stopped.emit()

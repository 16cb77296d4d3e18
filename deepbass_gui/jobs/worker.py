"""Threads that do the window's work, and the one signal by which they tell of it.

The GUI thread never decodes, computes or writes: it hands a function to a `Worker` and is called
back, in its own thread, with what happened. Events of one worker arrive in the order in which they
were posted; progress comes some ten times a second, and the last of it always before the end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QThreadPool, Signal, Slot

from deepbass_engine.errors import Cancelled
from deepbass_engine.progress import CancelToken, Progress

PROGRESS_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Advanced:
    """The job is this far."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class Told:
    """The job has something to show before it ends."""

    what: Any


@dataclass(frozen=True, slots=True)
class Finished:
    """The job has ended well; always the last event."""

    result: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The job has ended with an error; always the last event."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Stopped:
    """The job was cancelled; always the last event."""


Event = Advanced | Told | Finished | Failed | Stopped
OnEvent = Callable[[Event], None]
Work = Callable[["Job"], Any]


class Job:
    """One piece of work; made by `Worker.start`.

    Attributes
    ----------
    cancel
        Set to ask the work to stop.
    """

    def __init__(self, work: Work, on_event: OnEvent, post: Callable[[Job, Event], None]) -> None:
        self.cancel = CancelToken()
        self.on_event = on_event
        self._work = work
        self._post = post
        self._lock = threading.Lock()
        self._told_at_s = -PROGRESS_EVERY_S
        self._untold: Progress | None = None

    def progress(self, progress: Progress) -> None:
        """Tell how far the work is; to be given to the engine as `on_progress`."""
        with self._lock:
            now_s = time.monotonic()
            if now_s - self._told_at_s < PROGRESS_EVERY_S:
                self._untold = progress
                return
            self._told_at_s, self._untold = now_s, None
        self._post(self, Advanced(progress))

    def tell(self, what: Any) -> None:
        """Show something before the work ends."""
        self._post(self, Told(what))

    def run(self) -> None:
        """Do the work, in a thread of the worker."""
        end: Event
        try:
            self.cancel.raise_if_cancelled()
            end = Finished(self._work(self))
        except Cancelled:
            end = Stopped()
        except Exception as error:
            end = Failed(error)
        if self._untold is not None:
            self._post(self, Advanced(self._untold))
        self._post(self, end)


class Worker(QObject):
    """A few threads and a queue of jobs, done in the order in which they were started.

    Parameters
    ----------
    n_threads
        Jobs done at once.
    """

    idle = Signal()
    """The last job has ended and its end was delivered."""

    _posted = Signal(object, object)

    def __init__(self, n_threads: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(n_threads)
        self._pool.setExpiryTimeout(-1)
        self._jobs: set[Job] = set()
        self._is_down = False
        self._posted.connect(self._deliver)

    @property
    def is_busy(self) -> bool:
        """Whether a job has not ended, or its end was not delivered yet."""
        return bool(self._jobs)

    def start(self, work: Work, on_event: OnEvent) -> Job:
        """Queue a piece of work.

        Parameters
        ----------
        work
            Called in a thread of the worker with its `Job`; what it returns comes as `Finished`.
        on_event
            Called in this thread with each `Event`.
        """
        job = Job(work, on_event, self._posted.emit)
        self._jobs.add(job)
        self._pool.start(job.run)  # a QRunnable of ours would never be freed by PySide
        return job

    def cancel_all(self) -> None:
        """Ask all jobs to stop; each still ends with an event."""
        for job in self._jobs:
            job.cancel.cancel()

    def shut_down(self) -> None:
        """Stop all jobs and wait for the threads to end; nothing is delivered any more."""
        self._is_down = True
        self.cancel_all()
        self._pool.waitForDone()
        self._jobs.clear()

    @Slot(object, object)
    def _deliver(self, job: Job, event: Event) -> None:
        if self._is_down:
            return
        is_last = not isinstance(event, Advanced | Told)
        if is_last:
            self._jobs.discard(job)
        try:
            job.on_event(event)
        finally:
            if is_last and not self._jobs:
                self.idle.emit()

"""Tracks worked on side by side, in order; the first failure stops the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait

from deepbass_engine.errors import Cancelled
from deepbass_engine.progress import CancelToken

_LOOKS_EVERY_S = 0.05


class ToldOnce:
    """Tells of each of some numbers once, the first time it comes up; safe between threads.

    Parameters
    ----------
    tell
        Called with the number, in the thread in which it came up.
    """

    def __init__(self, tell: Callable[[int], None] | None) -> None:
        self._tell = tell
        self._told: set[int] = set()
        self._lock = threading.Lock()

    def __call__(self, numbers: Iterable[int]) -> None:
        """Tell of those that have not come up before, in order."""
        with self._lock:
            new = set(numbers) - self._told
            self._told |= new
        if self._tell is not None:
            for number in sorted(new):
                self._tell(number)


def work_side_by_side(
    items: Iterable[int],
    work: Callable[[int], None],
    n_workers: int,
    *,
    stop: CancelToken,
    cancel: CancelToken | None = None,
) -> None:
    """Let each worker take the next item until there are none.

    Parameters
    ----------
    items
        What to work on, in the order in which it is begun.
    work
        Called in a worker's thread; whatever it raises stops all workers.
    n_workers
        Number of threads.
    stop
        Set when the others are to stop; `work` must look at it.
    cancel
        The caller's wish.

    Raises
    ------
    Exception
        The first failure that is more than having been stopped.
    Cancelled
        If asked to stop.
    """
    cancel = cancel or CancelToken()
    waiting = list(items)
    n_workers = min(n_workers, len(waiting))
    if n_workers == 0:
        return
    remaining, lock = iter(waiting), threading.Lock()

    def take_items() -> None:
        try:
            while True:
                with lock:
                    item = next(remaining, None)
                if item is None:
                    return
                stop.raise_if_cancelled()
                work(item)
        except BaseException:
            stop.cancel()
            raise

    with ThreadPoolExecutor(n_workers) as pool:
        workers = [pool.submit(take_items) for _ in range(n_workers)]
        try:
            while wait(workers, timeout=_LOOKS_EVERY_S).not_done:
                if cancel.cancelled:
                    stop.cancel()
        except BaseException:  # a second Ctrl-C: the pool would wait for its workers
            stop.cancel()
            raise
    cancel.raise_if_cancelled()
    failures = [e for w in workers if (e := w.exception()) is not None]
    for failure in sorted(failures, key=lambda e: isinstance(e, Cancelled)):
        raise failure

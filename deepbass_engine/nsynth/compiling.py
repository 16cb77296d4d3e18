"""Waiting for code that may have to be compiled first: told, and stopped as quickly as all else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from deepbass_engine.progress import CancelToken, OnProgress, Progress

_STAGE = "compiling once"
_LOOK_S, _KEPT_CODE_S = 0.1, 2.0
"""Compiled code that was kept is there within the latter."""

T = TypeVar("T")


def when_compiled(
    make: Callable[[], T], *, on_progress: OnProgress | None = None, cancel: CancelToken
) -> T:
    """Call a function whose code may have to be compiled; if it takes long, says so.

    The compiler itself can't be stopped: after a cancel it goes on in a thread of its own, and its
    code is kept for the next time.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    made: list[T] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            made.append(make())
        except BaseException as error:  # told to who waits
            failed.append(error)

    compiler = threading.Thread(target=work, name="nsynth-compiler", daemon=True)
    started_s = time.perf_counter()
    compiler.start()
    is_told = False
    while compiler.is_alive():
        compiler.join(_LOOK_S)
        cancel.raise_if_cancelled()
        if not is_told and on_progress is not None:
            is_told = time.perf_counter() - started_s > _KEPT_CODE_S
            if is_told:
                on_progress(Progress(_STAGE, 0, 1))
    if failed:
        raise failed[0]
    if is_told and on_progress is not None:
        on_progress(Progress(_STAGE, 1, 1))
    return made[0]

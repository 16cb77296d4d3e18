"""How long work tells how far it is, and how it is asked to stop.

Every call that may take over 0.2 s accepts the keyword-only arguments ``on_progress`` and
``cancel``. The callback may be called from a worker thread and must return quickly.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from deepbass_engine.errors import Cancelled

UNSTOPPABLE_THREAD = "unstoppable"
"""Name of threads that nothing can stop; a program may end without them."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one stage is.

    Attributes
    ----------
    stage
        What is being done, as a word for the screen: "reading", "analysing", "rendering".
    done, total
        Amount finished and amount in all, in a unit of the stage's own (files, frames).
    transition_index
        The transition that was just finished, where the stage works on transitions.
    """

    stage: str
    done: int
    total: int
    transition_index: int | None = None


OnProgress = Callable[[Progress], None]


class CancelToken:
    """A flag set by the one who waits and looked at by the one who works; safe between threads."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next step."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether the work has been asked to stop."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` if the work has been asked to stop."""
        if self._event.is_set():
            raise Cancelled

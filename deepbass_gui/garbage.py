"""Collects reference cycles in the GUI thread alone.

Python collects in whatever thread happens to allocate. Where that is a worker's, a window's object
in a cycle would be destroyed there, and Qt's objects must die in the thread they live in: the
program crashes, rarely and anywhere.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

LOOKS_EVERY_MS = 1_000


class GarbageCollection(QObject):
    """Takes collecting over from Python for as long as it lives."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        gc.freeze()  # what is imported by now stays anyway
        self._timer = QTimer(self)
        self._timer.setInterval(LOOKS_EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect the oldest generation whose turn it is, by Python's own rule."""
        counts, limits = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > limits[generation]:
                gc.collect(generation)
                return

    def give_back(self) -> None:
        """Let Python collect as before."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

"""What a view needs of the samples of the stretch it shows, read in the background.

A view asks while it paints, as often as it likes: what is asked for in a slot takes the place of
what was asked for there before, so nothing that is out of date ever arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from deepbass_engine.audio.decode import read_span
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Span
from deepbass_gui.jobs.worker import Event, Finished, Job, Worker


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Samples of a part of a file.

    Attributes
    ----------
    source
        The file.
    span
        Which of its frames.
    samples
        float32, shape (frames, channels); fewer than the span has where the file ends early.
    """

    source: AudioSource
    span: Span
    samples: NDArray[np.float32]

    def covers(self, source: AudioSource, span: Span) -> bool:
        """Whether all of a part of a file is there."""
        return self.source == source and _within(span, self.span)


class Detail(QObject):
    """Holds the newest result of each slot.

    Signals
    -------
    arrived()
        A slot holds something new.
    """

    arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = Worker(1, self)
        self._held: dict[str, Any] = {}
        self._wanted: dict[str, Hashable] = {}
        self._jobs: dict[str, Job] = {}

    def held(self, slot: str) -> Any:
        """What has arrived last in a slot, or None."""
        return self._held.get(slot)

    def want(self, slot: str, key: Hashable, work: Callable[[CancelToken], Any]) -> None:
        """Have `work` done in the background, unless `key` is what was asked for last."""
        if self._wanted.get(slot) == key:
            return
        self._stop(slot)
        self._wanted[slot] = key

        def on_event(event: Event) -> None:
            if self._jobs.get(slot) is not job:
                return
            # What failed is not tried again: the library says what is wrong with the file.
            del self._jobs[slot]
            if isinstance(event, Finished):
                self._held[slot] = event.result
                self.arrived.emit()

        job = self._worker.start(lambda job: work(job.cancel), on_event)
        self._jobs[slot] = job

    def samples(self, slot: str, source: AudioSource, span: Span) -> Stretch | None:
        """Samples that cover a part of a file, if they are there; else they are on their way."""
        held = self.held(slot)
        if isinstance(held, Stretch) and held.covers(source, span):
            return held
        wanted = self._wanted.get(slot)
        if isinstance(wanted, _Part) and wanted.source == source and _within(span, wanted.span):
            return None
        part = _Part(source, with_margins(span, source.frames or 0))
        self.want(slot, part, lambda cancel: _read(part, cancel))
        return None

    def forget(self) -> None:
        """Let go of everything."""
        for slot in list(self._jobs):
            self._stop(slot)
        self._held.clear()
        self._wanted.clear()

    def shut_down(self) -> None:
        """Stop what runs and wait for the thread."""
        self._worker.shut_down()
        self.forget()

    def _stop(self, slot: str) -> None:
        if job := self._jobs.pop(slot, None):
            job.cancel.cancel()


@dataclass(frozen=True, slots=True)
class _Part:
    """Samples that were asked for."""

    source: AudioSource
    span: Span

    def __hash__(self) -> int:
        return hash((self.source.path, self.span.start_frame, self.span.end_frame))


def with_margins(span: Span, n_frames: int) -> Span:
    """A part and as much again on both sides, within the file: who pans need not wait."""
    start = min(max(0, span.start_frame - span.n_frames), n_frames)
    return Span(start, max(start, min(n_frames, span.end_frame + span.n_frames)))


def _within(inner: Span, outer: Span) -> bool:
    return outer.start_frame <= inner.start_frame and inner.end_frame <= outer.end_frame


def _read(part: _Part, cancel: CancelToken) -> Stretch:
    cancel.raise_if_cancelled()
    return Stretch(part.source, part.span, read_span(part.source, part.span).samples)

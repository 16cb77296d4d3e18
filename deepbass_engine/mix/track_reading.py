"""A track read once, in order: its head, its body, its tail, and what is looked at beside them.

    head wanted, with context     |=====head=====|--behind--|
    body                                         |---------------body---------------|
    tail wanted, with context                                         |---before----|=====tail=====|

Of a short track the context reaches over the body into the part on the other side, never out of
the track's span.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio.channels import STEREO
from deepbass_engine.audio.decode import BLOCK_FRAMES
from deepbass_engine.mix.plan import PlannedTrack
from deepbass_engine.mix.track_stream import open_track
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.transitions import Part
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Span

_INT16_STEP = np.float32(2.0**-15)


class TrackReading:
    """One pass over a track.

    `head`, `body` and `tail` are called in this order, each once; `head` and `tail` only if they
    are wanted.

    Parameters
    ----------
    track
        The track; frames are those it is planned in.
    sample_rate_hz
        Rate of the mix.
    body
        What of it is heard alone.
    head_context, tail_context
        Frames to be given of the track behind its head and before its tail, where it has as many;
        None where that part is not wanted.
    grid_bits, cancel
        See `TrackStream`.
    store
        See `open_track`.

    Attributes
    ----------
    stream
        What it is read from.

    Raises
    ------
    InputError
        If the file is gone or has changed since it was looked at.
    """

    def __init__(
        self,
        track: PlannedTrack,
        sample_rate_hz: int,
        body: Span,
        *,
        head_context: int | None,
        tail_context: int | None,
        grid_bits: int | None,
        store: TransitionStore | None,
        cancel: CancelToken,
    ) -> None:
        span = track.span
        self._span, self._body = span, body
        self._head_end = min(span.end_frame, body.start_frame + (head_context or 0))
        self._tail_start = max(span.start_frame, body.end_frame - (tail_context or 0))
        first_frame = min(body.start_frame, self._tail_start)
        self.stream = open_track(
            track,
            sample_rate_hz,
            first_frame if head_context is None else span.start_frame,
            store=store,
            cancel=cancel,
            grid_bits=grid_bits,
        )
        n_ending = 0 if tail_context is None else span.end_frame - self._tail_start
        self._ending = np.empty((n_ending, STEREO), np.float32)
        self._held = np.empty((0, STEREO), self.stream.dtype)

    def head(self) -> Part:
        """The head, and behind it its context; what of that is the body's comes there again."""
        start_frame = self._span.start_frame
        opening = np.empty((self._head_end - start_frame, STEREO), self.stream.dtype)
        for frame, block in self._blocks(self._head_end):
            opening[frame - start_frame : frame - start_frame + len(block)] = block
        in_body = slice(self._body.start_frame - start_frame, self._body.end_frame - start_frame)
        self._held = opening[in_body].copy()
        return Part(self._as_float(opening), self.stream.is_flawless)

    def body(self) -> Iterator[NDArray[Any]]:
        """The body in blocks, each valid until the next."""
        for first in range(0, len(self._held), BLOCK_FRAMES):
            yield self._held[first : first + BLOCK_FRAMES]
        for frame, block in self._blocks(self._body.end_frame):
            of_body = block[max(0, self._body.start_frame - frame) :]
            if len(of_body):
                yield of_body

    def tail(self) -> Part:
        """The tail, and before it its context."""
        for _ in self._blocks(self._span.end_frame):
            pass
        return Part(self._as_float(self._ending), self.stream.is_flawless)

    def _blocks(self, end_frame: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """Read on up to a frame, in blocks with their places; what is the ending's is kept."""
        for block in self.stream.blocks(max(0, end_frame - self.stream.next_frame)):
            frame = self.stream.next_frame - len(block)
            place = frame - self._tail_start
            of_ending = block[max(0, -place) :][: max(0, len(self._ending) - max(0, place))]
            if len(of_ending):
                self._ending[max(0, place) : max(0, place) + len(of_ending)] = of_ending
            yield frame, block

    def _as_float(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Samples as the stream gives them, at full scale 1."""
        if self.stream.dtype != np.int16:
            return samples
        scaled: NDArray[np.float32] = samples * _INT16_STEP
        return scaled

"""A track as the mix hears it, its ends at another tempo and all of it at a gain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio.channels import STEREO
from deepbass_engine.audio.decode import BLOCK_FRAMES
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.audio.stream import TrackStream
from deepbass_engine.audio.warp import Warp
from deepbass_engine.progress import CancelToken

Bent = Callable[[bool, Callable[[], NDArray[np.float32]]], NDArray[np.float32]]
"""Gives an end of a track as it is heard: whether it is the head, and what reads its samples."""


class WarpedStream:
    """Reads a warped track forward, as `TrackStream` reads one that is heard as it is.

    A bent end is stretched whole when the first of its frames is asked for, and held until the
    last: what it gives is the same wherever reading begins.

    Parameters
    ----------
    source, sample_rate_hz, start_frame, cancel
        As for `TrackStream`; frames are those of the warped track, from the first of its head to
        the last of its tail, if it has such.
    warp
        How it is heard.
    bent
        What makes its bent ends.

    Attributes
    ----------
    on_grid
        False: its samples lie on no grid.
    next_frame
        The frame that is given next.

    Raises
    ------
    InputError
        If the file is gone or has changed since it was looked at.
    """

    on_grid = False
    dtype = np.dtype(np.float32)

    def __init__(
        self,
        source: AudioSource,
        sample_rate_hz: int,
        warp: Warp,
        start_frame: int,
        *,
        bent: Bent,
        cancel: CancelToken,
    ) -> None:
        self.next_frame = start_frame
        self._warp = warp
        self._gain = np.float32(warp.gain)
        self._bent = bent
        self._stream = TrackStream(source, sample_rate_hz, self._first_needed, cancel=cancel)
        self._rest = np.empty((0, STEREO), np.float32)

    @property
    def n_missing(self) -> int:
        """Frames of the track that were needed and not in the file; silence stands for them."""
        return self._stream.n_missing

    @property
    def n_not_finite(self) -> int:
        """Samples so far that were no finite numbers and became silence."""
        return self._stream.n_not_finite

    @property
    def is_flawless(self) -> bool:
        """Whether everything so far was in the file, and a number."""
        return self._stream.is_flawless

    def blocks(self, n_frames: int) -> Iterator[NDArray[np.float32]]:
        """Give the next `n_frames` in blocks, each valid until the next."""
        while n_frames:
            if not len(self._rest):
                self._rest = self._next_block(n_frames)
            part, self._rest = self._rest[:n_frames], self._rest[n_frames:]
            n_frames -= len(part)
            self.next_frame += len(part)
            yield part

    def read(self, n_frames: int) -> NDArray[np.float32]:
        """Give the next `n_frames` in one piece."""
        samples = np.empty((n_frames, STEREO), np.float32)
        filled = 0
        for block in self.blocks(n_frames):
            samples[filled : filled + len(block)] = block
            filled += len(block)
        return samples

    def skip(self, n_frames: int) -> None:
        """Pass over the next `n_frames`; what is not yet decoded of them waits for `approach`."""
        self.next_frame += n_frames
        self._rest = self._rest[n_frames:]
        if not len(self._rest):
            self._aim()

    def approach(self) -> bool:
        """Decode a block of what lies before the next frame; False once that frame is there."""
        return not len(self._rest) and self._stream.approach()

    @property
    def _first_needed(self) -> int:
        """The first frame of the track that the next frame needs."""
        head, tail = self._warp.head, self._warp.tail
        if head is not None and self.next_frame < self._warp.head_end:
            return self._warp.head_end - head.n_source
        if tail is not None and self.next_frame >= self._warp.tail_start:
            return self._warp.tail_start
        return self.next_frame

    def _aim(self) -> None:
        """Let the file be read on from where the next frame needs it."""
        ahead = self._first_needed - self._stream.next_frame
        if ahead > 0:
            self._stream.skip(ahead)

    def _next_block(self, n_wanted: int) -> NDArray[np.float32]:
        """Frames from the next one on, at least one of them."""
        self._aim()
        frame, warp = self.next_frame, self._warp
        if warp.head is not None and frame < warp.head_end:
            done = frame - (warp.head_end - warp.head.n_frames)
            return self._bent(True, partial(self._stream.read, warp.head.n_source))[done:]
        if warp.tail is not None and frame >= warp.tail_start:
            read = partial(self._stream.read, warp.tail.n_source)
            return self._bent(False, read)[frame - warp.tail_start :]
        n_body = warp.tail_start - frame if warp.tail is not None else n_wanted
        block = next(self._stream.blocks(min(n_wanted, n_body, BLOCK_FRAMES)))
        return np.asarray(block * self._gain if self._gain != 1.0 else block, np.float32)

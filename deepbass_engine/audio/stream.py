"""A track as the mix hears it: stereo, at the mix's rate, read forward from some frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio.channels import STEREO, keeps_samples, to_stereo
from deepbass_engine.audio.decode import (
    BLOCK_FRAMES,
    Decoding,
    require_unchanged,
    seeks_exactly,
)
from deepbass_engine.audio.resample import resampled_blocks
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.progress import CancelToken


class TrackStream:
    """Reads a track forward, in frames at the mix's rate.

    Decoding begins at the track's first frame, whatever is read, unless a seek gives the same
    samples: see `deepbass_engine.audio.decode`.

    Parameters
    ----------
    source
        The file.
    sample_rate_hz
        Rate of the mix.
    start_frame
        First frame to give.
    cancel
        Looked at between blocks.
    grid_bits
        Integer width of the output, or None for float. A file whose samples lie on the 16-bit
        grid and stay there is read as int16 where the output has 16 bits.

    Attributes
    ----------
    on_grid
        Whether the samples lie on the output's grid, so that they can be written as they are.
    next_frame
        The frame that is given next.
    n_missing
        Frames asked for that the file did not have; they were given as silence.

    Raises
    ------
    InputError
        If the file is gone or has changed since it was looked at.
    """

    def __init__(
        self,
        source: AudioSource,
        sample_rate_hz: int,
        start_frame: int,
        *,
        cancel: CancelToken,
        grid_bits: int | None = None,
    ) -> None:
        require_unchanged(source)
        self._same_rate = source.sample_rate_hz == sample_rate_hz
        self.on_grid = (
            self._same_rate
            and keeps_samples(source.layout)
            and source.bit_depth is not None
            and grid_bits is not None
            and source.bit_depth <= grid_bits
        )
        self.next_frame = start_frame
        self.n_missing = 0
        as_int16 = self.on_grid and grid_bits == 16 and source.decoder == "soundfile"
        self.dtype = np.dtype(np.int16 if as_int16 else np.float32)
        self._source = source
        self._sample_rate_hz = sample_rate_hz
        self._cancel = cancel
        self._open()

    def _open(self) -> None:
        """Begin to decode, at the next frame where a seek is exact."""
        source = self._source
        seeks = self._same_rate and seeks_exactly(source)
        self._to_skip = 0 if seeks else self.next_frame
        self._decoding = Decoding(source, self.dtype.name, self.next_frame if seeks else 0)
        stereo = (to_stereo(block, source.layout) for block in self._decoding)
        self._blocks: Iterator[NDArray[Any]] = (
            stereo
            if self._same_rate
            else resampled_blocks(stereo, source.sample_rate_hz, self._sample_rate_hz, STEREO)
        )
        self._rest = np.empty((0, STEREO), self.dtype)

    @property
    def n_not_finite(self) -> int:
        """Samples so far that were no finite numbers and became silence."""
        return self._decoding.n_not_finite

    @property
    def is_flawless(self) -> bool:
        """Whether everything so far was in the file, and a number."""
        return self.n_missing == self.n_not_finite == 0

    def blocks(self, n_frames: int) -> Iterator[NDArray[Any]]:
        """Give the next `n_frames` in blocks, each valid until the next.

        Where the file ends too early the rest is silence, counted in `n_missing`.
        """
        while n_frames:
            if not len(self._rest):
                self._rest = self._next_block(n_frames)
            part, self._rest = self._rest[:n_frames], self._rest[n_frames:]
            n_frames -= len(part)
            self.next_frame += len(part)
            yield part

    def read(self, n_frames: int) -> NDArray[np.float32]:
        """Give the next `n_frames` in one piece, as float32."""
        samples = np.empty((n_frames, STEREO), np.float32)
        filled = 0
        for block in self.blocks(n_frames):
            samples[filled : filled + len(block)] = block
            filled += len(block)
        if self.dtype == np.int16:
            samples *= np.float32(2.0**-15)
        return samples

    def skip(self, n_frames: int) -> None:
        """Pass over the next `n_frames`; what is not yet decoded of them waits for `approach`."""
        self.next_frame += n_frames
        if n_frames > BLOCK_FRAMES and self._same_rate and seeks_exactly(self._source):
            self._open()
            return
        self._to_skip += max(0, n_frames - len(self._rest))
        self._rest = self._rest[n_frames:]

    def approach(self) -> bool:
        """Decode a block of what lies before the next frame; False once that frame is there.

        Reading does so by itself; whoever wants to wait in small portions calls this before.
        """
        if not self._to_skip:
            return False
        self._cancel.raise_if_cancelled()
        block = next(self._blocks, None)
        if block is None:
            return False
        self._rest = block[self._to_skip :]
        self._to_skip = max(0, self._to_skip - len(block))
        return not len(self._rest)

    def _next_block(self, n_wanted: int) -> NDArray[Any]:
        """Next block at or behind the next frame; silence where there is none."""
        while self.approach():
            pass
        if len(self._rest):
            return self._rest
        block = next(self._blocks, None)
        self._cancel.raise_if_cancelled()
        if block is not None:
            return block
        n_silent = min(n_wanted, BLOCK_FRAMES)
        self.n_missing += n_silent
        return np.zeros((n_silent, STEREO), self.dtype)

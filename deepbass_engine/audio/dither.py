"""Rounding to 16 bits with triangular dither (TPDF) that is a function of place.

Source: Lipshitz, Wannamaker & Vanderkooy, "Quantization and Dither: A Theoretical Survey",
JAES 40 (1992): noise that is the sum of two uniform ones of 1 LSB each makes the mean and the
variance of the rounding error independent of the signal.

The two uniform numbers are the halves of 32 bits mixed from absolute frame and channel by the
finaliser of MurmurHash3. So a mix has the same noise whatever order and however many threads it is
rendered in. Everything happens in place, in memory each thread keeps: at two billion samples an
hour the allocations would cost more than the arithmetic.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_KEY = 0x0DEEBA55
_FULL_SCALE = 2**15
_LSB_PER_STEP = np.float32(2.0**-16)


@dataclass(slots=True)
class _Scratch:
    """Memory for one block: the numbers 0, 1, 2, ..., and arrays to work in."""

    ramp: NDArray[np.uint32]
    bits: NDArray[np.uint32]
    shifted: NDArray[np.uint32]
    scaled: NDArray[np.float32]
    rounded: NDArray[np.int16]

    @classmethod
    def of(cls, n_samples: int) -> _Scratch:
        """Make scratch memory for blocks of up to `n_samples`."""
        return cls(
            np.arange(n_samples, dtype=np.uint32),
            np.empty(n_samples, np.uint32),
            np.empty(n_samples, np.uint32),
            np.empty(n_samples, np.float32),
            np.empty(n_samples, np.int16),
        )


_of_thread = threading.local()


def dithered(block: NDArray[np.float32], first_frame: int) -> NDArray[np.int16]:
    """Scale to 16 bits, add noise, round, clip.

    Parameters
    ----------
    block
        float32, shape (frames, channels), finite, full scale at 1.
    first_frame
        Place of the block in the mix.

    Returns
    -------
    int16 of the same shape; valid until this thread's next call.
    """
    scratch = _scratch_for(block.size)
    noise = _noise_into(scratch, first_frame * block.shape[1], block.size)
    scaled = scratch.scaled[: block.size]
    np.multiply(block.reshape(-1), np.float32(_FULL_SCALE), out=scaled)
    np.add(scaled, noise, out=scaled)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1, out=scaled)
    rounded = scratch.rounded[: block.size]
    np.copyto(rounded, scaled, casting="unsafe")
    return rounded.reshape(block.shape)


def noise(first_frame: int, n_frames: int, n_channels: int) -> NDArray[np.float32]:
    """Noise in (-1, 1) LSB, mean 0, variance 1/6, for a stretch of a mix.

    Returns
    -------
    float32, shape (n_frames, n_channels).
    """
    scratch = _scratch_for(n_frames * n_channels)
    flat = _noise_into(scratch, first_frame * n_channels, n_frames * n_channels)
    return flat.reshape(n_frames, n_channels).copy()


def _scratch_for(n_samples: int) -> _Scratch:
    """Scratch memory of this thread, large enough."""
    scratch: _Scratch | None = getattr(_of_thread, "scratch", None)
    if scratch is None or len(scratch.ramp) < n_samples:
        scratch = _of_thread.scratch = _Scratch.of(n_samples)
    return scratch


def _noise_into(scratch: _Scratch, first_sample: int, n_samples: int) -> NDArray[np.float32]:
    """Noise for samples counted in 64 bits: the lower 32 are mixed, keyed by the upper 32."""
    bits, shifted = scratch.bits[:n_samples], scratch.shifted[:n_samples]
    upper, lower = divmod(first_sample, 2**32)
    until_carry = min(n_samples, 2**32 - lower)
    np.add(scratch.ramp[:n_samples], np.uint32(lower), out=bits)  # wraps around at the carry
    bits[:until_carry] ^= _key_of(upper)
    bits[until_carry:] ^= _key_of(upper + 1)
    _mix(bits, shifted)
    np.right_shift(bits, np.uint32(16), out=shifted)
    np.bitwise_and(bits, np.uint32(0xFFFF), out=bits)
    np.add(bits, shifted, out=bits)
    noise = shifted.view(np.float32)
    np.copyto(noise, bits.view(np.int32), casting="same_kind")
    noise += np.float32(1 - 0x10000)
    noise *= _LSB_PER_STEP
    return noise


def _key_of(upper: int) -> np.uint32:
    """Key of a stretch of 2**32 samples."""
    key = np.array([(_KEY ^ upper) % 2**32], np.uint32)
    _mix(key, np.empty_like(key))
    return np.uint32(key[0])


def _mix(bits: NDArray[np.uint32], shifted: NDArray[np.uint32]) -> None:
    """Mix 32 bits, in place, so that neighbours have nothing in common: MurmurHash3's finaliser."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, None)):
        np.right_shift(bits, np.uint32(shift), out=shifted)
        np.bitwise_xor(bits, shifted, out=bits)
        if factor is not None:
            np.multiply(bits, np.uint32(factor), out=bits)

"""From float to the samples of a file: scaling, dither, clipping, and what they did.

16-bit output is dithered with triangular noise of 2 LSB (TPDF; Lipshitz, Wannamaker & Vanderkooy,
"Quantization and Dither", JAES 1992), except where the samples lie on the 16-bit grid already.
The noise comes from the counter-based generator Philox, keyed by absolute frame and channel, so
that a mix has the same noise whatever order and however many threads it is rendered in. 24-bit
output is rounded, float output is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BIT_DEPTHS = {"PCM_16": 16, "PCM_24": 24}
"""Integer formats; FLOAT has no grid."""

_DITHER_KEY = 0x0DEE_BA55
_FRAMES_PER_COUNT = 4  # Philox gives four words of 64 bits for each count; a frame takes one


@dataclass(frozen=True, slots=True)
class Quantized:
    """Samples ready for a file.

    Attributes
    ----------
    samples
        Shape (frames, 2): int16 for PCM_16, int32 within 24 bits for PCM_24, float32 for FLOAT.
    peak
        Largest magnitude before clipping, full scale at 1.
    n_clipped
        Frames in which a sample passed full scale and was clipped.
    """

    samples: NDArray[Any]
    peak: float
    n_clipped: int


def tpdf_noise(first_frame: int, n_frames: int) -> NDArray[np.float32]:
    """Triangular noise in (-1, 1) LSB, mean 0, for frames of a mix; float32, shape (frames, 2)."""
    generator = np.random.Philox(key=_DITHER_KEY)
    generator.advance(first_frame // _FRAMES_PER_COUNT)
    skip = first_frame % _FRAMES_PER_COUNT
    words = generator.random_raw(n_frames + skip)[skip:].astype("<u8", copy=False)
    halves = words.view("<u4").reshape(n_frames, 2)
    noise = ((halves & 0xFFFF) + (halves >> 16)).astype(np.float32)
    noise += np.float32(1 - 0x10000)
    noise *= np.float32(1 / 0x10000)
    return noise


def quantize(
    block: NDArray[Any], subtype: str, first_frame: int, *, dither: bool = True
) -> Quantized:
    """Turn samples of a mix into samples of a file.

    Parameters
    ----------
    block
        float32, shape (frames, 2); or int16 for PCM_16, which is passed on untouched.
    subtype
        PCM_16, PCM_24 or FLOAT.
    first_frame
        Place of the block in the mix.
    dither
        False where the samples lie on the output's grid already.
    """
    if block.dtype == np.int16:
        # as int: -(-32768) does not fit into 16 bits
        peak = max(-int(block.min(initial=0)), int(block.max(initial=0))) / 2**15
        return Quantized(block, peak, 0)
    highest, lowest = float(block.max(initial=0)), float(block.min(initial=0))
    peak = max(highest, -lowest)
    if subtype == "FLOAT":
        return Quantized(block, peak, 0)
    bits = BIT_DEPTHS[subtype]
    full_scale = 2.0 ** (bits - 1)
    n_clipped = 0
    if highest * full_scale >= full_scale - 0.5 or lowest * full_scale < -full_scale - 0.5:
        over = (block >= (full_scale - 0.5) / full_scale) | (
            block < (-full_scale - 0.5) / full_scale
        )
        n_clipped = int(np.count_nonzero(over.any(axis=1)))
    # exact in float32: 24 bits of mantissa hold the product with a power of two and the limits
    scaled = block * np.float32(full_scale)
    if dither and subtype == "PCM_16":
        scaled += tpdf_noise(first_frame, len(block))
    np.rint(scaled, out=scaled)
    np.clip(scaled, -full_scale, full_scale - 1, out=scaled)
    return Quantized(scaled.astype(np.int16 if bits == 16 else np.int32), peak, n_clipped)

"""From float to the samples of a file: scaling, rounding, clipping, and what they did.

16-bit output is dithered, except where the samples lie on the 16-bit grid already. 24-bit output is
rounded, float output is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio.dither import dithered

BIT_DEPTHS = {"PCM_16": 16, "PCM_24": 24}
"""Integer formats; FLOAT has no grid."""


@dataclass(frozen=True, slots=True)
class Quantized:
    """Samples ready for a file.

    Attributes
    ----------
    samples
        Shape (frames, 2): int16 for PCM_16, int32 within 24 bits for PCM_24, float32 for FLOAT.
        Valid until this thread quantises another block.
    peak
        Largest magnitude before clipping, full scale at 1.
    n_clipped
        Frames in which a sample passed full scale and was clipped.
    """

    samples: NDArray[Any]
    peak: float
    n_clipped: int


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
    highest, lowest = block.max(initial=0), block.min(initial=0)
    if block.dtype == np.int16:
        # as int, for -(-32768) does not fit into 16 bits
        return Quantized(block, max(int(highest), -int(lowest)) / 2**15, 0)
    peak = float(max(highest, -lowest))
    if subtype == "FLOAT":
        return Quantized(block, peak, 0)
    full_scale = 2.0 ** (BIT_DEPTHS[subtype] - 1)
    n_clipped = 0
    if highest * full_scale >= full_scale - 0.5 or lowest * full_scale < -full_scale - 0.5:
        rounded = np.rint(block * np.float32(full_scale))
        over = (rounded > full_scale - 1) | (rounded < -full_scale)
        n_clipped = int(np.count_nonzero(over.any(axis=1)))
    if dither and subtype == "PCM_16":
        return Quantized(dithered(block, first_frame), peak, n_clipped)
    # exact in float32: its 24 bits hold the product with a power of two, and the limits
    scaled = block * np.float32(full_scale)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -full_scale, full_scale - 1, out=scaled)
    return Quantized(scaled.astype(np.int16 if subtype == "PCM_16" else np.int32), peak, n_clipped)

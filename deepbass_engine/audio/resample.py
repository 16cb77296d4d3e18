"""Sample-rate conversion of a stream, by the SoX resampler (soxr, very high quality).

A track is fed from its first frame in blocks, so there is no seam at a block's border, and the
delay of the filter is taken out: output frame n lies at source time n / to_rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from deepbass_engine.units import rescale_frames

_QUALITY = "VHQ"


def resampled_blocks(
    blocks: Iterable[NDArray[np.float32]], from_rate_hz: int, to_rate_hz: int, channels: int
) -> Iterator[NDArray[np.float32]]:
    """Convert the rate of a stream of blocks.

    Parameters
    ----------
    blocks
        float32, shape (frames, channels), from the first frame of the track.
    from_rate_hz, to_rate_hz
        The two rates.
    channels
        Channels of the blocks.

    Yields
    ------
    Blocks of float32 whose frames sum to `rescale_frames` of the input's: one rounding rule.
    """
    stream = soxr.ResampleStream(from_rate_hz, to_rate_hz, channels, "float32", _QUALITY)
    taken = given = 0
    for block in blocks:
        taken += len(block)
        converted = stream.resample_chunk(block)
        given += len(converted)
        if len(converted):
            yield converted
    rest = stream.resample_chunk(np.empty((0, channels), np.float32), last=True)
    wanted = rescale_frames(taken, from_rate_hz, to_rate_hz) - given
    if wanted > len(rest):
        rest = np.concatenate([rest, np.zeros((wanted - len(rest), channels), np.float32)])
    if wanted > 0:
        yield rest[:wanted]

"""Audio as a model hears it: 16 kHz, mono, in blocks of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio.channels import to_stereo
from deepbass_engine.audio.resample import resampled_blocks
from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ

_LOUDEST = 8.0
"""What a float file holds beyond this (18 dB over full scale) is cut off, so that nothing becomes
infinite on the way; a model hears no more than full scale."""


def mono_16k_blocks(
    blocks: Iterable[NDArray[np.float32]], layout: tuple[str, ...], sample_rate_hz: int
) -> Iterator[NDArray[np.float32]]:
    """Mix a stream to mono and bring it to 16 kHz.

    Surround is folded to stereo first; mono is the mean of left and right.

    Parameters
    ----------
    blocks
        float32, shape (frames, channels), from the first frame on.
    layout
        Name of each channel; see `deepbass_engine.audio.channels`.
    sample_rate_hz
        Their rate.

    Yields
    ------
    Blocks of float32, shape (n,), whose lengths sum to `rescale_frames` of the frames.
    """
    mono: Iterator[NDArray[np.float32]] = (
        to_stereo(block.clip(-_LOUDEST, _LOUDEST), layout).mean(axis=1, keepdims=True)
        for block in blocks
    )
    if sample_rate_hz != SAMPLE_RATE_HZ:
        mono = resampled_blocks(mono, sample_rate_hz, SAMPLE_RATE_HZ, 1)
    return (block[:, 0] for block in mono)

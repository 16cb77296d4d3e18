"""Audio as a model hears it: mono, at 16 kHz, in blocks of any length."""

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


def mono_blocks(
    blocks: Iterable[NDArray[np.float32]],
    layout: tuple[str, ...],
    sample_rate_hz: int,
    to_rate_hz: int = SAMPLE_RATE_HZ,
) -> Iterator[NDArray[np.float32]]:
    """Mix a stream to mono and bring it to another rate.

    Surround is folded to stereo first; mono is the mean of left and right.

    Parameters
    ----------
    blocks
        float32, shape (frames, channels), from the first frame on.
    layout
        Name of each channel; see `deepbass_engine.audio.channels`.
    sample_rate_hz
        Their rate.
    to_rate_hz
        The rate asked for, a model's unless given.

    Yields
    ------
    Blocks of float32, shape (n,), whose lengths sum to `rescale_frames` of the frames.
    """
    mono: Iterator[NDArray[np.float32]] = (
        to_stereo(block.clip(-_LOUDEST, _LOUDEST), layout).mean(axis=1, keepdims=True)
        for block in blocks
    )
    if sample_rate_hz != to_rate_hz:
        mono = resampled_blocks(mono, sample_rate_hz, to_rate_hz, 1)
    return (block[:, 0] for block in mono)

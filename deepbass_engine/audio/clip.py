"""Samples together with their rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of sound.

    Attributes
    ----------
    samples
        float32, shape (frames, channels), full scale at +-1.
    sample_rate_hz
        Frames per second.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.dtype != np.float32:
            raise ValueError(
                f"samples have shape {self.samples.shape} and type {self.samples.dtype}; "
                "give float32 of shape (frames, channels)"
            )

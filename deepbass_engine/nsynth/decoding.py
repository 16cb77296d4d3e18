"""What every decoder can do, whatever it runs on; `reference` is the specification of it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Decoding(Protocol):
    """A batch of streams being decoded; see `reference.ReferenceDecoding`."""

    def advance(self, uniforms: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Decode the next samples: uniforms (n_streams, n_samples) to classes of that shape."""

    def follow(self, classes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (n_streams, n_samples, n_classes) at the next samples, which are given."""

    def keep(self, streams: list[int]) -> None:
        """Go on with these streams only, in this order."""


class Decoder(Protocol):
    """A model's decoder, laid out for a device and a precision."""

    def start(self, encodings: NDArray[np.float32]) -> Decoding:
        """Begin to decode a batch of encodings (n_streams, n_frames, n_z)."""

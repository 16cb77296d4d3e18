"""What the decoder asks of a device; a GPU through CuPy is `gpu.Gpu`, tests bring their own."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.nsynth.cuda.program import Precision


class Buffer(NamedTuple):
    """Memory on a device, free again when nobody holds it.

    Attributes
    ----------
    address
        Where it begins, for the kernels.
    memory
        What holds it.
    """

    address: int
    memory: Any


class Program(Protocol):
    """Compiled kernels."""

    def launch(self, name: str, job: Buffer, n_blocks: int, n_shared_bytes: int) -> None:
        """Start a kernel, all its blocks at once; kernels run one after another."""


class Device(Protocol):
    """Something that runs the kernels."""

    @property
    def n_processors(self) -> int:
        """Blocks that run at the same time, each with all the shared memory it can have."""

    @property
    def n_shared_bytes(self) -> int:
        """Shared memory a block can have."""

    @property
    def n_warps(self) -> int:
        """Warps of a block."""

    def n_free_bytes(self) -> int:
        """Memory that can still be had."""

    def upload(self, array: NDArray[Any]) -> Buffer:
        """Copy to the device; MemoryError if it has no room."""

    def zeros(self, n_bytes: int) -> Buffer:
        """Memory full of zeros; MemoryError if there is no room."""

    def download(
        self, buffer: Buffer, dtype: type[np.generic], shape: tuple[int, ...]
    ) -> NDArray[Any]:
        """Copy from the device what the kernels started before have made of it."""

    def program(self, precision: Precision, n_stream_tiles: int) -> Program:
        """Compile the kernels."""

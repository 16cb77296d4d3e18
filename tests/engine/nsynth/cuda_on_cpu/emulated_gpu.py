"""Runs the CUDA decoder's kernels on the CPU, compiled by g++ from the same source."""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.nsynth.cuda import program
from deepbass_engine.nsynth.cuda.device import Buffer
from deepbass_engine.nsynth.cuda.program import Precision

_HERE = Path(__file__).parent


class EmulatedGpu:
    """A GPU of so many processors, whose threads run in an order drawn by `seed`."""

    def __init__(
        self,
        folder: Path,
        *,
        n_processors: int = 3,
        n_shared_bytes: int = 1 << 16,
        n_warps: int = 2,
        n_bytes: int = 1 << 30,
        seed: int = 0,
        watched: bool = False,
    ) -> None:
        self.n_processors, self.n_shared_bytes, self.n_warps = n_processors, n_shared_bytes, n_warps
        self._folder, self._watched = folder, watched
        self.n_left_bytes = n_bytes
        self._orders = np.random.default_rng(seed)

    def n_free_bytes(self) -> int:
        return self.n_left_bytes

    def upload(self, array: NDArray[Any]) -> Buffer:
        return self._buffer(np.frombuffer(array.tobytes(), np.uint8))

    def zeros(self, n_bytes: int) -> Buffer:
        return self._buffer(np.zeros(n_bytes, np.uint8))

    def download(
        self, buffer: Buffer, dtype: type[np.generic], shape: tuple[int, ...]
    ) -> NDArray[Any]:
        flat = buffer.memory.view(np.uint8)[: int(np.prod(shape)) * np.dtype(dtype).itemsize]
        return flat.view(dtype).reshape(shape).copy()

    def program(self, precision: Precision, n_stream_tiles: int) -> EmulatedProgram:
        source = program.source(
            precision,
            n_stream_tiles,
            n_warps=self.n_warps,
            primitives=(_HERE / "primitives.hpp").read_text("utf-8"),
        )
        return EmulatedProgram(self, compiled(source, self._folder, self._watched))

    def draw(self) -> int:
        return int(self._orders.integers(1 << 32))

    def _buffer(self, content: NDArray[np.uint8]) -> Buffer:
        if content.nbytes > self.n_left_bytes:
            raise MemoryError
        memory = np.empty(-(-content.nbytes // 16) + 1, np.complex128)  # on a multiple of 16
        memory.view(np.uint8)[: content.nbytes] = content
        self._take(content.nbytes)
        weakref.finalize(memory, self._take, -content.nbytes)
        return Buffer(memory.ctypes.data, memory)

    def _take(self, n_bytes: int) -> None:
        self.n_left_bytes -= n_bytes


class EmulatedProgram:
    def __init__(self, device: EmulatedGpu, library: ctypes.CDLL) -> None:
        self._device, self._library = device, library

    def launch(self, name: str, job: Buffer, n_blocks: int, n_shared_bytes: int) -> None:
        kernel = ctypes.cast(getattr(self._library, name), ctypes.c_void_p)
        address = ctypes.c_void_p(job.address)
        n_threads = self._device.n_warps * 32
        stuck = self._library.run(
            kernel, address, n_blocks, n_threads, n_shared_bytes, ctypes.c_uint(self._device.draw())
        )
        assert not stuck, f"the threads of {name} wait for each other without end"


def compiled(source: str, folder: Path, watched: bool) -> ctypes.CDLL:
    """The kernels as a library, compiled once for all tests; watched by ThreadSanitizer or not."""
    name = hashlib.sha256(source.encode()).hexdigest()[:16] + ("-watched" if watched else "")
    library, kernels, fibers = (folder / f"{name}.{end}" for end in ("so", "cpp", "fibers.o"))
    if not library.exists():
        kernels.write_text(source, "utf-8")
        compiler = ["g++", "-std=c++17", "-O1", "-march=native", "-ffp-contract=off"]
        compiler += ["-fPIC", "-Wno-unknown-pragmas"]
        watch_fibers, watch_kernels = (
            (["-DWATCHED"], ["-fsanitize=thread"]) if watched else ([], [])
        )
        subprocess.run(
            [*compiler, *watch_fibers, "-c", "-o", fibers, _HERE / "fibers.cpp"], check=True
        )
        subprocess.run(
            [*compiler, *watch_kernels, "-shared", "-o", library, kernels, fibers], check=True
        )
    return ctypes.CDLL(str(library))

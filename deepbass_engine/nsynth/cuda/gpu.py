"""An NVIDIA GPU through CuPy, which is imported when a GPU is looked for, not before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.errors import DeviceError
from deepbass_engine.nsynth.backends import DeviceFacts, Precision
from deepbass_engine.nsynth.cuda import program
from deepbass_engine.nsynth.cuda.device import Buffer

_NEEDED = {"float16": 80, "float32": 70}
"""Least compute capability: tensor cores that sum in float32; ordered counters in memory."""


def cuda_facts() -> DeviceFacts:
    """Look for a GPU: its name and precisions, or why there is none to use."""

    def none(reason: str, name: str = "") -> DeviceFacts:
        return DeviceFacts(device="cuda", name=name, precisions=(), reasons=(reason,))

    try:
        import cupy
    except ImportError:
        return none("CuPy is not installed; pip install 'deepbass[cuda]' brings it")
    except Exception as error:
        return none(f"CuPy can't be loaded: {_first_line(error)}")
    try:
        if cupy.cuda.runtime.getDeviceCount() == 0:
            return none("there is no NVIDIA GPU")
        device = cupy.cuda.Device()
        capability = int(device.compute_capability)
        name = cupy.cuda.runtime.getDeviceProperties(device.id)["name"].decode()
        cooperative = device.attributes["CooperativeLaunch"]
    except Exception as error:
        return none(f"there is no NVIDIA GPU, or its driver doesn't fit CuPy: {_first_line(error)}")
    if not cooperative:
        return none(f"{name} can't start all blocks of a kernel at once", name)
    try:
        cupy.cuda.nvrtc.getVersion()
    except Exception as error:
        return none(
            "CuPy finds no NVRTC to compile with; pip install 'deepbass[cuda]' brings it: "
            + _first_line(error),
            name,
        )
    usable = tuple(p for p, least in _NEEDED.items() if capability >= least)
    return DeviceFacts(
        device="cuda",
        name=name,
        precisions=cast(tuple[Precision, ...], usable),
        reasons=tuple(
            f"{precision} needs a GPU of compute capability {least / 10} or later; {name} has "
            f"{capability / 10}"
            for precision, least in _NEEDED.items()
            if precision not in usable
        ),
    )


class Gpu:
    """The current GPU.

    Raises
    ------
    DeviceError
        If there is none to use.
    """

    n_warps = program.N_WARPS

    def __init__(self) -> None:
        facts = cuda_facts()
        if not facts.precisions:
            raise DeviceError("cuda can't decode here: " + "; ".join(facts.reasons))
        import cupy

        self._cupy = cupy
        self._device = cupy.cuda.Device()
        attributes = self._device.attributes
        self.n_processors = int(attributes["MultiProcessorCount"])
        self.n_shared_bytes = int(attributes["MaxSharedMemoryPerBlockOptin"])

    def n_free_bytes(self) -> int:
        """Memory that can still be had."""
        free, _ = self._device.mem_info
        return int(free) + int(self._cupy.get_default_memory_pool().free_bytes())

    def upload(self, array: NDArray[Any]) -> Buffer:
        """Copy to the GPU."""
        with _translated():
            return _buffer(self._cupy.asarray(np.ascontiguousarray(array)))

    def zeros(self, n_bytes: int) -> Buffer:
        """Memory full of zeros."""
        with _translated():
            return _buffer(self._cupy.zeros(n_bytes, np.uint8))

    def download(
        self, buffer: Buffer, dtype: type[np.generic], shape: tuple[int, ...]
    ) -> NDArray[Any]:
        """Copy from the GPU what the kernels started before have made of it."""
        with _translated():
            flat = np.asarray(self._cupy.asnumpy(buffer.memory)).reshape(-1).view(dtype)
        return flat[: int(np.prod(shape))].reshape(shape)

    def program(self, precision: program.Precision, n_stream_tiles: int) -> _GpuProgram:
        """Compile the kernels, or load them from CuPy's cache."""
        return _GpuProgram(
            self._cupy.RawModule(
                code=program.source(precision, n_stream_tiles),
                options=program.COMPILE_OPTIONS,
                enable_cooperative_groups=True,
            )
        )


class _GpuProgram:
    def __init__(self, module: Any) -> None:
        self._module = module
        self._kernels: dict[str, Any] = {}

    def launch(self, name: str, job: Buffer, n_blocks: int, n_shared_bytes: int) -> None:
        """Start a kernel."""
        with _translated():
            kernel = self._kernels.get(name)
            if kernel is None:
                kernel = self._kernels[name] = self._module.get_function(name)
                if n_shared_bytes:
                    kernel.max_dynamic_shared_size_bytes = n_shared_bytes
            kernel((n_blocks,), (program.N_WARPS * 32,), (job.memory,), shared_mem=n_shared_bytes)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _buffer(array: Any) -> Buffer:
    return Buffer(int(array.data.ptr), array)


@contextmanager
def _translated() -> Iterator[None]:
    """CuPy's errors as ours, but for MemoryError, which its own is one of."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise DeviceError(
            f"the GPU failed: {_first_line(error)}", hint="decode with --device cpu"
        ) from error

"""The kernels of the CUDA decoder go through NVRTC as CuPy calls it, for GPUs that aren't here."""

from __future__ import annotations

import ctypes
import re
from importlib import metadata
from typing import NamedTuple

import pytest

from deepbass_engine.nsynth.cuda import program
from deepbass_engine.nsynth.cuda.program import Precision

KERNELS = {"prepare", "decode", "rearrange"}
REGISTERS_OF_A_PROCESSOR = 65536
LEAST_SHARED_BYTES = 64 * 1024
"""What a block can have on a GPU of compute capability 7.5; later ones have more."""

PRECISIONS = pytest.mark.parametrize("precision", ["float32", "float16"])


class Use(NamedTuple):
    """What a kernel takes up."""

    spilled_bytes: int
    registers: int


@pytest.fixture(scope="module")
def nvrtc() -> ctypes.CDLL:
    try:
        files = metadata.files("nvidia-cuda-nvrtc") or []
    except metadata.PackageNotFoundError:
        pytest.skip("the package nvidia-cuda-nvrtc is not installed")
    name = re.compile(r"libnvrtc\.so\.\d+|nvrtc64_\d+_0\.dll")
    return ctypes.CDLL(str(next(f.locate() for f in files if name.fullmatch(f.name))))


def compiled(nvrtc: ctypes.CDLL, source: str, architecture: int) -> dict[str, Use]:
    """Compile with CuPy's options, and ask what each kernel takes up."""
    options = [
        *program.COMPILE_OPTIONS,
        "-ftz=true",
        f"-arch=sm_{architecture}",
        "--device-as-default-execution-space",
        "--ptxas-options=-v",
        "--ptxas-options=--warn-on-spills",
    ]
    handle, size = ctypes.c_void_p(), ctypes.c_size_t()
    assert not nvrtc.nvrtcCreateProgram(
        ctypes.byref(handle), source.encode(), b"decode.cu", 0, None, None
    )
    words = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    failed = nvrtc.nvrtcCompileProgram(handle, len(options), words)
    assert not nvrtc.nvrtcGetProgramLogSize(handle, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    assert not nvrtc.nvrtcGetProgramLog(handle, log)
    said = log.value.decode()
    assert not failed, said
    assert "warning" not in said, said
    assert not nvrtc.nvrtcGetCUBINSize(handle, ctypes.byref(size))
    assert size.value > 0
    assert not nvrtc.nvrtcDestroyProgram(ctypes.byref(handle))
    found = re.findall(
        r"Compiling entry function '(\w+)'.*?(\d+) bytes spill stores.*?Used (\d+) registers",
        said,
        re.DOTALL,
    )
    return {name: Use(int(spilled), int(registers)) for name, spilled, registers in found}


def check(nvrtc: ctypes.CDLL, precision: Precision, n_stream_tiles: int, architecture: int) -> None:
    uses = compiled(nvrtc, program.source(precision, n_stream_tiles), architecture)
    assert uses.keys() == KERNELS
    for kernel, use in uses.items():
        assert use.spilled_bytes == 0, (kernel, use)
        assert use.registers * program.N_WARPS * 32 <= REGISTERS_OF_A_PROCESSOR, (kernel, use)
    assert program.shared_bytes_beside_weights(n_stream_tiles) <= LEAST_SHARED_BYTES


@PRECISIONS
@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "n_stream_tiles"), [(80, 1), (90, 8)])
def test_few_and_most_streams_compile_without_spills(
    nvrtc: ctypes.CDLL, precision: Precision, architecture: int, n_stream_tiles: int
) -> None:
    check(nvrtc, precision, n_stream_tiles, architecture)


@pytest.mark.slow
def test_float32_compiles_for_gpus_without_those_tensor_cores(nvrtc: ctypes.CDLL) -> None:
    check(nvrtc, "float32", 1, 75)


@pytest.mark.slow
@PRECISIONS
@pytest.mark.parametrize("n_stream_tiles", range(1, 8))
def test_any_number_of_streams_compiles_without_spills(
    nvrtc: ctypes.CDLL, precision: Precision, n_stream_tiles: int
) -> None:
    check(nvrtc, precision, n_stream_tiles, 90)


@pytest.mark.slow
@PRECISIONS
@pytest.mark.parametrize("architecture", [86, 89, 100, 120])
def test_three_eights_of_streams_compile_for_other_gpus(
    nvrtc: ctypes.CDLL, precision: Precision, architecture: int
) -> None:
    check(nvrtc, precision, 3, architecture)

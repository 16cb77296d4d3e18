"""What kernels are compiled for: the processor's vectors and cores; and what they are made of.

Numba's own settings (``NUMBA_CPU_NAME``, ``NUMBA_CPU_FEATURES``) come before what the machine has,
so any kernel can be forced down to a plainer processor.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import llvmlite.binding
from numba.core import config

PANEL = 64
"""Columns of a panel of weights, the unit in which matrices are laid out and shared by threads."""


@dataclass(frozen=True, slots=True)
class Target:
    """A processor's vectors.

    Attributes
    ----------
    lanes
        Floats in a vector.
    vectors
        Vectors of a matrix kernel's row; times `lanes` they divide `PANEL`.
    rows
        Rows it works on at once: as many as its registers hold sums for.
    fuses
        Whether it multiplies and adds in one step.
    converts_half
        Whether it reads 16-bit floats.
    byte_dot
        How it multiplies bytes and adds them up: by "avx512vnni", "avxvnni", or empty if not.
    is_x86
        Whether its instruction set is x86-64.
    """

    lanes: int
    vectors: int
    rows: int
    fuses: bool
    converts_half: bool
    byte_dot: str
    is_x86: bool


def n_cores() -> int:
    """Cores this process may use: a thread more than these keeps all others waiting."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def source_number() -> int:
    """A number for the sources that kernels are made of.

    Numba keeps compiled code as long as the file of the function stays the same, but takes what a
    function closes over into account: this number stands for the other files.
    """
    digest = hashlib.blake2b(digest_size=7)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest())


@functools.cache
def target() -> Target:
    """The processor Numba compiles for."""
    features = _features()
    if platform.machine().lower() in ("arm64", "aarch64"):
        return Target(4, 4, 6, True, True, "", False)
    is_x86 = platform.machine().lower() in ("x86_64", "amd64")
    fuses, half = "fma" in features, "f16c" in features
    if "avx512f" in features:
        byte_dot = "avx512vnni" if "avx512vnni" in features else ""
        return Target(16, 4, 6, True, True, byte_dot, is_x86)
    if "avx2" in features:
        byte_dot = "avxvnni" if "avxvnni" in features else ""
        return Target(8, 2, 6, fuses, half, byte_dot, is_x86)
    return Target(4, 2, 6, False, False, "", is_x86)


def _features() -> frozenset[str]:
    """Names of the processor's features, as LLVM spells them."""
    if config.CPU_FEATURES is not None:
        words = config.CPU_FEATURES.split(",")
        return frozenset(word[1:] for word in words if word.startswith("+"))
    if config.CPU_NAME == "generic":
        return frozenset()
    found = llvmlite.binding.get_host_cpu_features()
    return frozenset(name for name, is_there in found.items() if is_there)

"""Compiles kernels without the GIL, and keeps the result on the disk where it can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(signature: str, **options: Any) -> Callable[[Kernel], Kernel]:
    """Decorate a kernel to be compiled for one signature when its module is imported.

    Parameters
    ----------
    signature
        Numba's notation of the types, such as ``"void(float32[:, ::1], int64)"``.
    options
        More for `numba.njit`, such as ``fastmath``.
    """

    def decorate(function: Kernel) -> Kernel:
        return _compiled(function, signature, **options)

    return decorate


def compiled_once(function: Kernel) -> Kernel:
    """Have a kernel compiled when it is first called with arguments of some types."""
    return _compiled(function)


def _compiled(function: Kernel, *signature: str, **options: Any) -> Kernel:
    try:
        kernel: Kernel = numba.njit(*signature, nogil=True, cache=True, **options)(function)
    except RuntimeError:  # no such folder can be written to: then it compiles at every start
        kernel = numba.njit(*signature, nogil=True, **options)(function)
    return kernel

"""Compiles a kernel when its module is imported, and keeps the result on the disk where it can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(
    signature: str, **options: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a kernel to be compiled by Numba for one signature, without the GIL.

    Parameters
    ----------
    signature
        Numba's notation of the types, such as ``"void(float32[:, ::1], int64)"``.
    options
        More for `numba.njit`, such as ``fastmath``.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        try:
            kernel: Callable[..., None] = numba.njit(signature, nogil=True, cache=True, **options)(
                function
            )
        except RuntimeError:  # no such folder can be written to: then it compiles at every start
            kernel = numba.njit(signature, nogil=True, **options)(function)
        return kernel

    return decorate

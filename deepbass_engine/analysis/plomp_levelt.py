"""How much two sines grate on each other, by their distance in critical bands.

Plomp and Levelt's curve as Sethares put it (Tuning, Timbre, Spectrum, Scale, 2nd edition, 2005,
appendix E): ``exp(-3.51 x) - exp(-5.75 x)``, where x is the distance in hertz over a width that
grows with the lower of the two frequencies. Roughness and dissonance both are sums of it over
pairs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.compiled import compiled_once

SLOW, FAST = 3.51, 5.75
MOST_AT, PER_HZ, AT_0_HZ = 0.24, 0.0207, 18.96

FARTHEST = 32.0 / SLOW
"""Sines further apart than this add less than 2e-14."""

_E0, _E1, _E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9, _E10, _E11, _E12 = (
    math.exp(-0.5) * (-1.0) ** k / math.factorial(k) for k in range(13)
)


def curve(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much sines at distances from 0 up grate; at most 0.18, where the distance is 0.22."""
    return np.asarray(np.exp(-SLOW * distance) - np.exp(-FAST * distance))


@compiled_once
def falling(x: float) -> float:
    """Give ``exp(-x)`` for x from 0 to 32, 0 beyond within 2e-14; for use in kernels.

    A polynomial, raised to the 32nd power by squaring: a loop over it has nothing that would keep
    the compiler from working on several elements at once.
    """
    u = min(x, 32.0) * 0.03125 - 0.5
    y = _E11 + u * _E12
    y = _E10 + u * y
    y = _E9 + u * y
    y = _E8 + u * y
    y = _E7 + u * y
    y = _E6 + u * y
    y = _E5 + u * y
    y = _E4 + u * y
    y = _E3 + u * y
    y = _E2 + u * y
    y = _E1 + u * y
    y = _E0 + u * y
    y *= y
    y *= y
    y *= y
    y *= y
    return y * y

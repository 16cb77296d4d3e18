"""Named gain curves: how one track goes down while the next comes up.

A curve is a shape ``f`` from [0, 1] to [0, 1], read along a grid of positions:

* ffmpeg's shapes, and `equal_power`, leave the end out, as its ``acrossfade`` does: frame ``i`` of
  ``n`` comes in with ``f(i / n)`` and goes out with ``f((n - 1 - i) / n)``. The first frame of the
  fade in and the last of the fade out have gain ``f(0)``.
* The three of the original DeepBass (`Linear`, `Sigmoid`, `Random_Linear`) include both ends:
  ``x = linspace(0, 1, n)`` coming in and ``linspace(1, 0, n)`` going out.

`equal_power` keeps the power of unrelated material: with ``d = pi / (2 n)`` the squares of its two
gains sum to ``1 - sin(d) sin((2 i + 1) d)``, which the index rule puts below 1 by less than
``pi / (2 n)``.

References
----------
.. [1] FFmpeg documentation, filters ``afade`` and ``acrossfade``; the shapes are those computed
   by ``libavfilter/af_afade.c``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from deepbass_engine.errors import SettingError
from deepbass_engine.settings import CURVES, CurveNames

Positions: TypeAlias = npt.NDArray[np.float64]
Gains: TypeAlias = npt.NDArray[np.float32]
Shape: TypeAlias = Callable[[Positions], Positions]


@dataclass(frozen=True, slots=True, eq=False)
class FadeGains:
    """The gains of one transition, frame by frame.

    Attributes
    ----------
    fade_out : float32, shape (n_frames,)
        Gain of the track that leaves.
    fade_in : float32, shape (n_frames,)
        Gain of the track that enters.
    """

    fade_out: Gains
    fade_in: Gains


def gains(pair: CurveNames, n_frames: int, *, seed: int = 0) -> FadeGains:
    """Gains of both tracks through a transition.

    `Random_Linear` on both sides switches between the tracks at random: at each frame exactly one
    of them sounds, the one that enters with a probability that rises from 0 to 1, and both follow
    a linear ramp besides. On one side only, that track is switched by the same draws and the other
    one follows its own curve without a break.

    Parameters
    ----------
    pair
        Names of the two curves.
    n_frames
        Length of the transition in frames, 0 or more.
    seed
        Seed of `Random_Linear`, 0 or more; the other curves don't look at it.

    Raises
    ------
    SettingError
        If there is no curve of that name.
    ValueError
        If `n_frames` or `seed` is negative.

    Examples
    --------
    >>> from deepbass_engine.settings import curve_pair
    >>> both = gains(curve_pair("tri:qua"), 4)
    >>> both.fade_out.tolist(), both.fade_in.tolist()
    ([0.75, 0.5, 0.25, 0.0], [0.0, 0.0625, 0.25, 0.5625])
    """
    fade_in = gains_in(pair.fade_in, n_frames, seed=seed)
    if pair.fade_out == pair.fade_in and pair.fade_out not in _BOTH_ENDS:
        return FadeGains(fade_in[::-1].copy(), fade_in)
    return FadeGains(gains_out(pair.fade_out, n_frames, seed=seed), fade_in)


def gains_in(name: str, n_frames: int, *, seed: int = 0) -> Gains:
    """Gain of the track that enters, float32 of shape (n_frames,); see `gains`."""
    shape = _checked_shape(name, n_frames, seed)
    if name not in _BOTH_ENDS:
        return shape(np.arange(n_frames) / max(n_frames, 1)).astype(np.float32)
    gain = shape(np.linspace(0.0, 1.0, n_frames))
    if name == "Random_Linear":
        gain *= ~_leaving_sounds(n_frames, seed)
    return gain.astype(np.float32)


def gains_out(name: str, n_frames: int, *, seed: int = 0) -> Gains:
    """Gain of the track that leaves, float32 of shape (n_frames,); see `gains`."""
    shape = _checked_shape(name, n_frames, seed)
    if name not in _BOTH_ENDS:
        return gains_in(name, n_frames)[::-1].copy()
    gain = shape(np.linspace(1.0, 0.0, n_frames))
    if name == "Random_Linear":
        gain *= _leaving_sounds(n_frames, seed)
    return gain.astype(np.float32)


def _checked_shape(name: str, n_frames: int, seed: int) -> Shape:
    """The shape of a known name, for arguments in range."""
    if name not in SHAPES:
        raise SettingError(
            f"there is no fade curve named {name!r}", hint="known curves: " + ", ".join(CURVES)
        )
    if n_frames < 0:
        raise ValueError(f"n_frames is {n_frames}; a fade has 0 frames or more")
    if seed < 0:
        raise ValueError(f"seed is {seed}; give 0 or more")
    return SHAPES[name]


def _leaving_sounds(n_frames: int, seed: int) -> npt.NDArray[np.bool_]:
    """Where `Random_Linear` lets the leaving track sound; elsewhere it is the entering one.

    The draws are the counter-based generator's raw words, which are the same in every release of
    NumPy, as 53-bit fractions in [0, 1).
    """
    words = np.random.Philox(key=seed).random_raw(n_frames)
    draws = (words >> np.uint64(11)) * 2.0**-53
    return np.asarray(draws > np.linspace(0.0, 1.0, n_frames))


def _tri(x: Positions) -> Positions:
    """``x``: linear; the af_afade shape tri."""
    return x.copy()


def _qsin(x: Positions) -> Positions:
    """``sin(pi x / 2)``: a quarter of a sine; the af_afade shape qsin."""
    return np.sin(x * (np.pi / 2))


def _hsin(x: Positions) -> Positions:
    """``(1 - cos(pi x)) / 2``: half a sine; the af_afade shape hsin."""
    return (1 - np.cos(x * np.pi)) / 2


def _esin(x: Positions) -> Positions:
    """``1 - cos(pi / 4 ((2 x - 1)^3 + 1))``: exponential sine; the af_afade shape esin."""
    return 1 - np.cos(np.pi / 4 * (_cub(2 * x - 1) + 1))


def _log(x: Positions) -> Positions:
    """``max(0, 1 + log10(x) / 5)``: linear in dB from -100 dB up; the af_afade shape log."""
    return np.clip(1 + 0.2 * np.log10(np.maximum(x, 1e-5)), 0, 1)


def _ipar(x: Positions) -> Positions:
    """``1 - (1 - x)^2``: inverted parabola; the af_afade shape ipar."""
    return 1 - (1 - x) ** 2


def _qua(x: Positions) -> Positions:
    """``x^2``: quadratic; the af_afade shape qua."""
    return x * x


def _cub(x: Positions) -> Positions:
    """``x^3``: cubic; the af_afade shape cub."""
    return x * x * x


def _squ(x: Positions) -> Positions:
    """``sqrt(x)``: square root; the af_afade shape squ."""
    return np.sqrt(x)


def _cbr(x: Positions) -> Positions:
    """``cbrt(x)``: cubic root; the af_afade shape cbr."""
    return np.cbrt(x)


def _par(x: Positions) -> Positions:
    """``1 - sqrt(1 - x)``: parabola; the af_afade shape par."""
    return 1 - np.sqrt(1 - x)


def _exp(x: Positions) -> Positions:
    """``10^(5 (x - 1))``: from -100 dB evenly in dB; the af_afade shape exp.

    It starts at 0.00001, not at 0.
    """
    return np.exp(math.log(1e5) * (x - 1))


def _iqsin(x: Positions) -> Positions:
    """``2 / pi asin(x)``: inverted quarter of a sine; the af_afade shape iqsin."""
    return 2 / np.pi * np.arcsin(x)


def _ihsin(x: Positions) -> Positions:
    """``acos(1 - 2 x) / pi``: inverted half of a sine; the af_afade shape ihsin."""
    return np.arccos(1 - 2 * x) / np.pi


def _dese(x: Positions) -> Positions:
    """``cbrt(2 x) / 2``, mirrored about (1/2, 1/2): double-exponential seat; af_afade's dese."""
    return np.where(x <= 0.5, np.cbrt(2 * x) / 2, 1 - np.cbrt(2 * (1 - x)) / 2)


def _desi(x: Positions) -> Positions:
    """``(2 x)^3 / 2``, mirrored about (1/2, 1/2): double-exponential sigmoid; af_afade's desi."""
    return np.where(x <= 0.5, _cub(2 * x) / 2, 1 - _cub(2 * (1 - x)) / 2)


def _losi(x: Positions) -> Positions:
    """``(s(x) - s(0)) / (s(1) - s(0))``: logistic sigmoid; the af_afade shape losi.

    ``s(x) = 1 / (1 + exp(-a (2 x - 1)))`` with ``a = 1 / (1 - 0.787) - 1``.
    """
    a = 1 / (1 - 0.787) - 1
    lowest, highest = 1 / (1 + math.exp(a)), 1 / (1 + math.exp(-a))
    logistic: Positions = 1 / (1 + np.exp(-a * (2 * x - 1)))
    return (logistic - lowest) / (highest - lowest)


def _sinc(x: Positions) -> Positions:
    """``sin(pi (1 - x)) / (pi (1 - x))``, 1 at ``x = 1``; the af_afade shape sinc."""
    return np.sinc(1 - x)


def _isinc(x: Positions) -> Positions:
    """``1 - sin(pi x) / (pi x)``, 0 at ``x = 0``: inverted sinc; the af_afade shape isinc."""
    return 1 - np.sinc(x)


def _quat(x: Positions) -> Positions:
    """``x^4``: quartic; the af_afade shape quat."""
    return _qua(_qua(x))


def _quatr(x: Positions) -> Positions:
    """``x^(1/4)``: quartic root; the af_afade shape quatr."""
    return np.sqrt(np.sqrt(x))


def _qsin2(x: Positions) -> Positions:
    """``sin(pi x / 2)^2``: squared quarter of a sine; the af_afade shape qsin2."""
    return _qua(_qsin(x))


def _hsin2(x: Positions) -> Positions:
    """``((1 - cos(pi x)) / 2)^2``: squared half of a sine; the af_afade shape hsin2."""
    return _qua(_hsin(x))


def _nofade(x: Positions) -> Positions:
    """``1``: both tracks at full gain throughout; the af_afade shape nofade."""
    return np.ones_like(x)


def _sigmoid(x: Positions) -> Positions:
    """``1 / (1 + exp(6 - 12 x))``: the original's Sigmoid, from 0.0025 to 0.9975."""
    gain: Positions = 1 / (1 + np.exp(6 - 12 * x))
    return gain


SHAPES: dict[str, Shape] = {
    "equal_power": _qsin,
    "tri": _tri,
    "qsin": _qsin,
    "hsin": _hsin,
    "esin": _esin,
    "log": _log,
    "ipar": _ipar,
    "qua": _qua,
    "cub": _cub,
    "squ": _squ,
    "cbr": _cbr,
    "par": _par,
    "exp": _exp,
    "iqsin": _iqsin,
    "ihsin": _ihsin,
    "dese": _dese,
    "desi": _desi,
    "losi": _losi,
    "sinc": _sinc,
    "isinc": _isinc,
    "quat": _quat,
    "quatr": _quatr,
    "qsin2": _qsin2,
    "hsin2": _hsin2,
    "nofade": _nofade,
    "Linear": _tri,
    "Sigmoid": _sigmoid,
    "Random_Linear": _tri,
}
"""Shape of each curve in `deepbass_engine.settings.CURVES`: float64 in [0, 1] to the same."""

_BOTH_ENDS = frozenset({"Linear", "Sigmoid", "Random_Linear"})

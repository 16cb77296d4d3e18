"""Turning a fade down, smoothly, where its sum would pass full scale.

Two loud tracks under an equal-power fade can sum to 3 dB over full scale, and an integer file
would clip that. Here the fade is multiplied by a gain that is exactly 1 at its first and last
frame, so that it still meets the bodies on both sides, and that takes every other frame under the
limit:

1. The gain each frame asks for is ``limit / peak``, or 1. Its depth below 1 is spread by a sliding
   maximum, so that each peak gets a flat floor under it, and the floor's edges are rounded by two
   moving averages no longer together than the floor. An average over a floor that is everywhere
   deep enough is deep enough itself, so no peak is missed; two averages make the gain's slope
   continuous. This is the classic look-ahead limiter [1]_, centred, since both sides are known.
2. One such dip reaches `reach_frames` to either side, and must not touch the ends of the fade. So
   frames nearer to an end are served afterwards, from the middle outwards, by dips of half the
   reach, a quarter and so on, each for what is still over: a frame ``w`` from the nearer end gets
   a dip that reaches no further than ``w`` and, but for a few frames, no less than ``w / 2``. The
   dips multiply, so a fade that is over right up to its ends goes up to some 2 dB lower there
   than it would have to.

   ::

       end |1|2-3|4---7|8------15|16 ...  middle  ... 16|15------8|7---4|3-2|1| end

The number of dips depends on `reach_frames` alone and each takes time in proportion to its length,
so noise at ten times full scale costs little more than a single peak.

References
----------
.. [1] P. Hämäläinen, "Smoothing of the control signal without clipped output in digital peak
   limiters", Proc. DAFx-02, 2002.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepbass_engine.progress import CancelToken

REACH_S = 0.25
"""How far a dip in the gain reaches to either side of the peak that asks for it, in seconds."""

_ROUNDING_MARGIN = 2.0**-22
"""What float32 rounding of the gain and of the product can add at most, and as much again."""


@dataclass(frozen=True, slots=True, eq=False)
class TurnedDown:
    """A fade under its limit.

    Attributes
    ----------
    audio : float32, shape (n_frames, channels)
        The fade. The very array that was given if nothing passed the limit.
    least_gain : float
        The smallest gain used; 1 if nothing passed the limit.
    """

    audio: npt.NDArray[np.float32]
    least_gain: float


def turned_down(
    mixed: npt.NDArray[np.float32],
    limit: float,
    *,
    reach_frames: int,
    cancel: CancelToken | None = None,
) -> TurnedDown:
    """Take a fade under a limit by a smooth gain that is 1 at both ends.

    Frames that are over at the very first and last frame stay over, since the gain there is 1;
    so do samples that are not finite.

    Parameters
    ----------
    mixed : float32, shape (n_frames, channels)
        The sum of the two faded tracks; not changed.
    limit
        Largest magnitude allowed, above 0. For an integer format its largest positive value.
    reach_frames
        Longest distance from a peak at which the gain may leave 1, at least 1; `REACH_S` in frames.
    cancel
        Looked at between steps; in a fade of ten minutes one takes a tenth of a second.

    Raises
    ------
    ValueError
        If an argument is out of range or `mixed` is not 2-D float32.
    Cancelled
        If asked to stop.

    Examples
    --------
    >>> loud = np.full((9, 1), 2.0, np.float32)
    >>> result = turned_down(loud, 1.0, reach_frames=2)
    >>> result.audio[[0, 8], 0].tolist(), bool(result.audio[1:8].max() <= 1)
    ([2.0, 2.0], True)
    """
    if mixed.ndim != 2 or mixed.dtype != np.float32:
        raise ValueError(
            f"mixed is {mixed.dtype} of shape {mixed.shape}; "
            "give float32 of shape (frames, channels)"
        )
    if not (limit > 0 and math.isfinite(limit)):
        raise ValueError(f"limit is {limit}; give a magnitude above 0")
    if reach_frames < 1:
        raise ValueError(f"reach_frames is {reach_frames}; give 1 or more")
    if mixed.size == 0 or max(mixed.max(), -mixed.min()) <= limit:
        return TurnedDown(mixed, 1.0)
    gain = gain_under(_peaks(mixed), limit, reach_frames, cancel).astype(np.float32)
    least_gain = float(gain.min())
    if least_gain == 1:
        return TurnedDown(mixed, 1.0)
    audio = np.empty_like(mixed)
    for channel in range(mixed.shape[1]):
        np.multiply(mixed[:, channel], gain, out=audio[:, channel])
    return TurnedDown(audio, least_gain)


def gain_under(
    peaks: npt.NDArray[np.float32],
    limit: float,
    reach_frames: int,
    cancel: CancelToken | None = None,
) -> npt.NDArray[np.float64]:
    """The gain that takes `peaks` under `limit`, as the module describes it.

    Parameters
    ----------
    peaks : float32, shape (n_frames,)
        Largest magnitude of each frame, finite.
    limit
        Largest magnitude allowed, above 0.
    reach_frames
        Longest distance from a peak at which the gain may leave 1, at least 1.
    cancel
        Looked at between steps.

    Returns
    -------
    float64, shape (n_frames,)
        Gain in [0, 1], exactly 1 at the first and last frame and wherever no peak is in reach. Its
        second difference is at most ``2 / m**2`` with ``m = 2 * ((reach_frames - 1) // 4) + 1``
        where both ends are more than 1.5 reaches away, and at most about ``100 / w**2`` at a
        distance ``w`` from the nearer end.
    """
    cancel = cancel or CancelToken()
    gain = np.ones(len(peaks))
    target = limit * (1 - _ROUNDING_MARGIN)
    for zone in _zones(len(peaks), reach_frames):
        over = np.flatnonzero(peaks[zone.start_frame : zone.end_frame] > limit)
        if over.size == 0:
            continue
        first, end = zone.start_frame + over[0], zone.start_frame + over[-1] + 1
        peak = peaks[first:end].astype(np.float64)
        asked = target / np.maximum(peak * gain[first:end], target)
        asked[peak <= limit] = 1
        quarter = (zone.reach_frames - 1) // 4
        reach = 4 * quarter
        spread = _spread(1 - asked, 2 * quarter, cancel)
        dip = 1 - _smoothed(spread, 2 * quarter + 1, cancel)
        # The running sums of the averages leave an error of about 1e-10 on either side.
        np.maximum(dip, 0, out=dip)
        inside = dip[reach : len(dip) - reach]
        np.minimum(inside, asked, out=inside)
        gain[first - reach : end + reach] *= dip
    return gain


@dataclass(frozen=True, slots=True)
class _Zone:
    """Frames ``[start_frame, end_frame)`` whose peaks are served by dips of one reach."""

    start_frame: int
    end_frame: int
    reach_frames: int


def _zones(n_frames: int, reach_frames: int) -> Iterator[_Zone]:
    """Every frame but the first and last, from the middle outwards.

    No zone is nearer to an end of the fade than its reach.
    """
    reach = min(reach_frames, (n_frames - 1) // 2)
    if reach < 1:
        return
    yield _Zone(reach, n_frames - reach, reach)
    while reach > 1:
        shorter = reach // 2
        yield _Zone(shorter, reach, shorter)
        yield _Zone(n_frames - reach, n_frames - shorter, shorter)
        reach = shorter


def _spread(
    depth: npt.NDArray[np.float64], half: int, cancel: CancelToken
) -> npt.NDArray[np.float64]:
    """Maximum of ``2 half + 1`` neighbours, `half` values longer at either end.

    The window is built by doubling, so its length costs only its logarithm.
    """
    width = 2 * half + 1
    highest = np.pad(depth, 2 * half)
    span = 1
    while 2 * span <= width:
        cancel.raise_if_cancelled()
        highest = np.maximum(highest[:-span], highest[span:])
        span *= 2
    rest = width - span
    return np.maximum(highest[: len(highest) - rest], highest[rest:])


def _smoothed(
    depth: npt.NDArray[np.float64], width: int, cancel: CancelToken
) -> npt.NDArray[np.float64]:
    """Two moving averages of `width` in a row, ``width - 1`` values longer at either end."""
    for _ in range(2):
        cancel.raise_if_cancelled()
        n = len(depth)
        total = np.zeros(n + 2 * width - 1)
        np.cumsum(depth, out=total[width : width + n])
        total[width + n :] = total[width + n - 1]
        depth = (total[width:] - total[:-width]) / width
    return depth


def _peaks(mixed: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Largest magnitude of each frame; 0 where it is not finite."""
    peaks = np.abs(mixed[:, 0])
    for channel in range(1, mixed.shape[1]):
        np.maximum(peaks, np.abs(mixed[:, channel]), out=peaks)
    peaks[~np.isfinite(peaks)] = 0
    return peaks

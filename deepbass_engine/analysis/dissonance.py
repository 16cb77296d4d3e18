"""Sethares dissonance: how much the partials of a sound grate on each other, over time.

Every pair of partials adds what Plomp and Levelt heard in two sines: nothing at the same
frequency, most about a quarter of a critical band apart, nothing again far apart::

    sum over pairs  min(a1, a2) * 5 * (exp(-3.51 s d) - exp(-5.75 s d))

d being their distance in hertz, s scaling it to the critical band about the lower of the two, and
a1, a2 their amplitudes divided by the sum of all, so that level does not count. The smaller
amplitude is the newer of the two forms: the first paper has their product (W. A. Sethares, Local
consonance and the relationship between timbre and scale, JASA 94, 1993), the book the minimum
(Tuning, Timbre, Spectrum, Scale, 2nd edition, 2005), since the beats of two sines are as deep as
the weaker one is loud.

Which frames and which partials: `deepbass_engine.analysis.partials`. `add_pairs_plain` is the
specification, `add_pairs` the same, compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.compiled import compiled
from deepbass_engine.analysis.partials import (
    HOP_FRAMES,
    HOP_S,
    SAMPLE_RATE_HZ,
    SHORT_FRAMES,
    partials,
)
from deepbass_engine.analysis.plomp_levelt import (
    AT_0_HZ,
    FARTHEST,
    FAST,
    MOST_AT,
    PER_HZ,
    SLOW,
    curve,
    falling,
)
from deepbass_engine.progress import CancelToken

_HEIGHT = 5.0
_ROUNDING_GAIN = 1e-6
"""What is this small beside the highest sample is no partial, but how numbers round."""
_SILENT_GAIN = 10.0 ** (-60.0 / 20.0)


@dataclass(frozen=True, slots=True, eq=False)
class Dissonance:
    """Dissonance of a sound over time.

    Attributes
    ----------
    values : float64, shape (n_frames,)
        Of each frame; 0 where there are fewer than two partials, or silence: no partial within
        60 dB of the sound's loudest.
    times_s : float64, shape (n_frames,)
        Where the middle of each frame is.
    hop_s
        From one frame to the next.
    mean
        Over the frames that hold sound, a single partial included; 0.0 if there are none.
    """

    values: NDArray[np.float64]
    times_s: NDArray[np.float64]
    hop_s: float
    mean: float


def dissonance(
    mono: NDArray[np.floating[Any]], sample_rate_hz: int, *, cancel: CancelToken | None = None
) -> Dissonance:
    """Measure the dissonance of a sound.

    Parameters
    ----------
    mono
        Finite samples, float, shape (n,). What is shorter than a frame is followed by silence;
        what remains behind the last whole frame, less than half of one, is not looked at.
    sample_rate_hz
        Its rate.

    Raises
    ------
    ValueError
        If `mono` has more than one dimension.
    Cancelled
        If asked to stop.

    Examples
    --------
    >>> t = np.arange(44_100) / 44_100
    >>> a, c_sharp, b_flat = (np.sin(2 * np.pi * f * t) for f in (440.0, 554.4, 466.2))
    >>> [round(dissonance(a + other, 44_100).mean, 2) for other in (a, c_sharp, b_flat)]
    [0.0, 0.07, 0.45]
    """
    if mono.ndim != 1:
        raise ValueError(f"mono has the shape {mono.shape}; give one channel, of shape (n,)")
    parts = []
    for found in partials(mono, sample_rate_hz, cancel=cancel):
        sums = np.zeros(len(found.counts))
        add_pairs(found.frequencies_hz, found.amplitudes, found.counts, sums)
        parts.append(np.array([sums, found.amplitudes.sum(axis=1), found.amplitudes.max(axis=1)]))
    sums, totals, loudest = np.concatenate(parts, axis=1)
    highest = max(float(mono.max(initial=0.0)), -float(mono.min(initial=0.0)))
    quietest = max(_SILENT_GAIN * float(loudest.max()), _ROUNDING_GAIN * highest)
    is_sound = (loudest > 0.0) & (loudest >= quietest)
    values = np.divide(sums, totals, out=np.zeros(len(sums)), where=is_sound)
    times_s = (np.arange(len(values)) * HOP_FRAMES + SHORT_FRAMES / 2) / SAMPLE_RATE_HZ
    mean = float(values[is_sound].mean()) if is_sound.any() else 0.0
    return Dissonance(values, times_s, HOP_S, mean)


def add_pairs_plain(
    frequencies_hz: NDArray[np.float64],
    amplitudes: NDArray[np.float64],
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:
    """Add to each frame the sum over its pairs, its amplitudes taken as they are.

    Parameters
    ----------
    frequencies_hz, amplitudes, counts
        As in `Partials`.
    sums
        float64, shape (n_frames,). Changed in place.
    """
    for frame, n in enumerate(counts):
        lower, upper = np.triu_indices(n, 1)
        frequencies, heights = frequencies_hz[frame, :n], amplitudes[frame, :n]
        width = MOST_AT / (PER_HZ * frequencies[lower] + AT_0_HZ)
        distance = width * (frequencies[upper] - frequencies[lower])
        smaller = np.minimum(heights[lower], heights[upper])
        sums[frame] += _HEIGHT * np.sum(smaller * curve(distance))


@compiled(
    "void(float64[:, ::1], float64[:, ::1], int64[::1], float64[::1])",
    fastmath={"contract", "reassoc", "nsz"},
    error_model="numpy",  # a check for zero would end every step
)
def add_pairs(
    frequencies_hz: NDArray[np.float64],
    amplitudes: NDArray[np.float64],
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:
    """Do what `add_pairs_plain` does, but for pairs so far apart that they add nothing."""
    for frame in range(len(counts)):
        n, end = counts[frame], 0
        frequencies, heights = frequencies_hz[frame], amplitudes[frame]
        for i in range(n):
            lower, height = frequencies[i], heights[i]
            width = MOST_AT / (PER_HZ * lower + AT_0_HZ)
            while end < n and width * (frequencies[end] - lower) < FARTHEST:
                end += 1
            uppers, others, total = frequencies[i + 1 : end], heights[i + 1 : end], 0.0
            for j in range(len(uppers)):
                distance = width * (uppers[j] - lower)
                grating = falling(SLOW * distance) - falling(FAST * distance)
                total += min(height, others[j]) * grating
            sums[frame] += _HEIGHT * total

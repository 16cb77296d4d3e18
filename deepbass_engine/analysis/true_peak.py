"""True peak as ITU-R BS.1770-5, Annex 2 measures it: the largest sample between the samples.

A track is interpolated to four times its rate (twice from 96 kHz on, not at all from 192 kHz on) by
a windowed sinc, and the largest magnitude is kept. What can't pass the largest so far is passed
over: no interpolated sample is larger than the largest of those around it times the sum of the
filter's magnitudes. `true_peak_plain` is the specification, `raise_peaks` the same, compiled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.compiled import compiled

_N_TAPS = 32
"""Samples around each place that its interpolation looks at."""
_BETA = 7.0
_STEP = 64
"""Stretches that are passed over, or not, together."""


def interpolator(sample_rate_hz: int) -> NDArray[np.float64]:
    """Filters for the places between two samples, shape (places, `_N_TAPS`).

    Row p gives the sample ``(p + 1) / (places + 1)`` behind the middle of its taps.
    """
    times = 4 if sample_rate_hz < 96_000 else 2 if sample_rate_hz < 192_000 else 1
    taps = np.arange(_N_TAPS) - (_N_TAPS // 2 - 1)
    rows = []
    for place in range(1, times):
        at = taps - place / times
        window = np.i0(_BETA * np.sqrt(1.0 - (at / (_N_TAPS / 2)) ** 2)) / np.i0(_BETA)
        row = np.sinc(at) * window
        rows.append(row / row.sum())
    return np.array(rows).reshape(-1, _N_TAPS)


def largest_gain(filters: NDArray[np.float64]) -> float:
    """What an interpolated sample is of those around it at most, rounding included."""
    return float(np.abs(filters).sum(axis=1).max(initial=1.0)) * (1.0 + 1e-9)


class TruePeakMeter:
    """Finds the true peak of a track that is pushed block by block.

    Parameters
    ----------
    sample_rate_hz
        Rate of the blocks.
    n_channels
        Channels of the blocks.
    """

    def __init__(self, sample_rate_hz: int, n_channels: int) -> None:
        self._filters = interpolator(sample_rate_hz)
        self._bound = largest_gain(self._filters)
        self._peaks = np.zeros(n_channels)
        self._held = np.zeros((_N_TAPS - 1, n_channels), np.float32)

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next samples, shape (frames, channels)."""
        samples = np.concatenate([self._held, block])
        raise_peaks(samples, self._filters, self._bound, self._peaks)
        self._held = samples[len(samples) - (_N_TAPS - 1) :]

    def finish(self) -> float:
        """The true peak, full scale at 1; silence is taken to follow the track."""
        self.push(np.zeros((_N_TAPS - 1, len(self._peaks)), np.float32))
        return float(self._peaks.max(initial=0.0))


def true_peak_plain(samples: NDArray[np.float32], sample_rate_hz: int) -> float:
    """The true peak of a whole signal, shape (frames, channels)."""
    around = np.zeros((_N_TAPS - 1, samples.shape[1]), np.float32)
    padded = np.concatenate([around, samples, around]).astype(np.float64)
    peak = float(np.abs(padded).max(initial=0.0))
    for channel in padded.T:
        for row in interpolator(sample_rate_hz):
            peak = max(peak, float(np.abs(np.correlate(channel, row, "valid")).max()))
    return peak


@compiled(
    "void(float32[:, ::1], int64, int64, float64[:, ::1], float64[::1], float64[:, ::1])",
    fastmath={"contract"},
)
def interpolate(
    samples: NDArray[np.float32],
    channel: int,
    first: int,
    filters: NDArray[np.float64],
    line: NDArray[np.float64],
    totals: NDArray[np.float64],
) -> None:
    """Interpolate a channel at all places of ``len(line) - taps + 1`` stretches, from `first` on.

    The stretches lie side by side in the processor, none waits for its own sum; and each is summed
    in one order wherever its block begins, so that blocks of any size give the same bits.
    """
    n_places, n_taps = filters.shape
    n_stretches = len(line) - n_taps + 1
    for i in range(len(line)):
        line[i] = samples[first + i, channel]
    for place in range(n_places):
        row = totals[place, :n_stretches]
        row[:] = 0.0
        for tap in range(0, n_taps, 4):
            f0, f1 = filters[place, tap], filters[place, tap + 1]
            f2, f3 = filters[place, tap + 2], filters[place, tap + 3]
            x0, x1, x2, x3 = line[tap:], line[tap + 1 :], line[tap + 2 :], line[tap + 3 :]
            for i in range(n_stretches):
                row[i] = (((row[i] + f0 * x0[i]) + f1 * x1[i]) + f2 * x2[i]) + f3 * x3[i]


@compiled(
    "float64(float32[:, ::1], int64, int64, int64)",
    fastmath={"nnan", "nsz"},
)
def loudest_of(samples: NDArray[np.float32], channel: int, first: int, end: int) -> float:
    """Largest magnitude of some frames of a channel."""
    loudest = np.float32(0.0)
    for i in range(first, end):
        loudest = max(loudest, abs(samples[i, channel]))
    return float(loudest)


@compiled(
    "void(float32[:, ::1], float64[:, ::1], float64, float64[::1])",
    fastmath={"nnan", "nsz"},
)
def raise_peaks(
    samples: NDArray[np.float32],
    filters: NDArray[np.float64],
    bound: float,
    peaks: NDArray[np.float64],
) -> None:
    """Raise each channel's peak to what stands in these samples and between them.

    Every stretch of `_N_TAPS` samples is looked at; the caller lets blocks overlap by one less.
    """
    n_frames, n_channels = samples.shape
    n_places, n_taps = filters.shape
    line, totals = np.empty(_STEP + n_taps - 1), np.empty((n_places, _STEP))
    for channel in range(n_channels):
        peak = peaks[channel]
        for first in range(0, n_frames, _STEP):
            end = min(n_frames, first + _STEP + n_taps - 1)
            loudest = loudest_of(samples, channel, first, end)
            peak = max(peak, loudest)
            if end - first < n_taps or loudest * bound <= peak:
                continue
            interpolate(samples, channel, first, filters, line[: end - first], totals)
            for place in range(n_places):
                for between in totals[place, : end - first - n_taps + 1]:
                    peak = max(peak, abs(between))
        peaks[channel] = peak


@compiled("void(float32[:, ::1], float64[:, ::1], float64, float64, float32[::1])")
def raise_frame_peaks(
    samples: NDArray[np.float32],
    filters: NDArray[np.float64],
    bound: float,
    floor: float,
    peaks: NDArray[np.float32],
) -> None:
    """Raise the peak of each frame to what stands between it and its neighbours.

    Parameters
    ----------
    samples
        Shape (frames + taps - 1, channels): the frames with ``taps / 2 - 1`` before them and
        ``taps / 2`` behind.
    floor
        Only what passes it is looked for.
    peaks
        Shape (frames,); changed in place.
    """
    n_channels, n_frames = samples.shape[1], len(peaks)
    n_places, n_taps = filters.shape
    line, totals = np.empty(_STEP + n_taps - 1), np.empty((n_places, _STEP))
    for channel in range(n_channels):
        for first in range(0, n_frames, _STEP):
            last = min(n_frames, first + _STEP)
            end = last + n_taps - 1
            if loudest_of(samples, channel, first, end) * bound <= floor:
                continue
            interpolate(samples, channel, first, filters, line[: end - first], totals)
            for i in range(first, last):
                for place in range(n_places):
                    between = np.float32(abs(totals[place, i - first]))
                    peaks[i] = max(peaks[i], between)
                    if i + 1 < n_frames:
                        peaks[i + 1] = max(peaks[i + 1], between)


def frame_peaks(
    samples: NDArray[np.float32], sample_rate_hz: int, floor: float
) -> NDArray[np.float32]:
    """Largest magnitude at each frame and between it and its neighbours, shape (frames,).

    Below `floor` the samples' own magnitudes stand for it.

    Parameters
    ----------
    samples : float32, shape (frames, channels)
        Finite; silence is taken to stand around them.
    """
    filters = interpolator(sample_rate_hz)
    before = _N_TAPS // 2 - 1
    padded = np.pad(samples, ((before, _N_TAPS - 1 - before), (0, 0)))
    peaks: NDArray[np.float32] = np.abs(samples).max(axis=1)
    raise_frame_peaks(padded, filters, largest_gain(filters), floor, peaks)
    return peaks

"""How strong each of the twelve pitch classes is, over the course of a track.

A track is listened to in mono at 11,025 Hz, in windows of 0.74 s. The peaks of each window's
spectrum over five octaves from 65 Hz are read between its lines, their square roots (so that one
loud note does not drown a chord) are summed by pitch, in cents, and folded into pitch classes once
the tuning of the whole track is known. The lines of a spectrum lie evenly in hertz, twice as many
to a cent at the upper end of an octave as at its lower; peaks are weighed by that, or noise would
be in E minor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

RATE_HZ = 11_025
STEP_S = 4096 / RATE_HZ

_WINDOW = 8192
_HOP = 4096
_LOWEST_HZ, _HIGHEST_HZ = 65.0, 2_080.0
_CENTS_PER_BIN = 10
_BINS = 1200 // _CENTS_PER_BIN
_EVEN = np.exp2(-np.arange(_BINS) / _BINS).astype(np.float32)
_C0_HZ = 440.0 * 2.0 ** (-57 / 12)
_BATCH = 64
_LEAST_PEAK = 1e-3
"""A peak below this part of its window's loudest is not looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Chroma:
    """Pitch classes over time.

    Attributes
    ----------
    energies : float32, shape (steps, 12)
        From C on, of every `STEP_S`; a step's sum is 1, or 0 where nothing sounds.
    tuning_cents
        How far the track is tuned above 440 Hz, between -50 and 50.
    """

    energies: NDArray[np.float32]
    tuning_cents: float

    def between(self, start_s: float, end_s: float) -> NDArray[np.float64]:
        """Mean of a stretch, shape (12,); zeros where nothing sounds."""
        first = max(0, int(start_s / STEP_S))
        steps = self.energies[first : max(first + 1, math.ceil(end_s / STEP_S))]
        return steps.mean(axis=0, dtype=np.float64) if len(steps) else np.zeros(12)


class ChromaMeter:
    """Turns blocks of a track into its `Chroma`.

    Parameters
    ----------
    sample_rate_hz
        Rate of the blocks.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._resampler = soxr.ResampleStream(sample_rate_hz, RATE_HZ, 1, "float32", "LQ")
        self._held = np.zeros(_WINDOW // 2, np.float32)
        self._window = np.hanning(_WINDOW).astype(np.float32)
        self._fine: list[NDArray[np.float32]] = []

    def push(self, mono: NDArray[np.float32]) -> None:
        """Take the next samples, the mean of all channels, shape (frames,)."""
        self._take(self._resampler.resample_chunk(mono))

    def finish(self) -> Chroma:
        """What was heard."""
        self._take(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        self._take(np.zeros(_WINDOW, np.float32), is_last=True)
        fine = np.concatenate([np.zeros((0, _BINS), np.float32), *self._fine])
        tuning = _tuning(fine.sum(axis=0, dtype=np.float64))
        folded = _folded(fine, tuning)
        sums = folded.sum(axis=1, keepdims=True)
        energies = np.divide(folded, sums, out=np.zeros_like(folded), where=sums > 0)
        return Chroma(energies.astype(np.float32), tuning * _CENTS_PER_BIN)

    def _take(self, mono: NDArray[np.float32], *, is_last: bool = False) -> None:
        """Analyse as many windows as are full, always `_BATCH` at once but for the last."""
        self._held = np.concatenate([self._held, mono])
        while True:
            n_windows = (len(self._held) - _WINDOW) // _HOP + 1
            if n_windows < (1 if is_last else _BATCH):
                return
            n_windows = min(n_windows, _BATCH)
            starts = np.arange(n_windows) * _HOP
            windows = self._held[starts[:, None] + np.arange(_WINDOW)] * self._window
            self._fine.append(_pitches(np.abs(np.fft.rfft(windows, axis=1))))
            self._held = self._held[n_windows * _HOP :]


def _pitches(magnitudes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Strength at every `_CENTS_PER_BIN` of the octave, shape (windows, bins)."""
    first, last = (int(hz * _WINDOW / RATE_HZ) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    middle = magnitudes[:, first:last]
    below, above = magnitudes[:, first - 1 : last - 1], magnitudes[:, first + 1 : last + 1]
    floor = _LEAST_PEAK * magnitudes.max(axis=1, keepdims=True) + 1e-9
    rows, columns = np.nonzero((middle > below) & (middle >= above) & (middle > floor))
    peak = middle[rows, columns]
    left, right = (np.log(side[rows, columns] + 1e-12) for side in (below, above))
    bend = left - 2.0 * np.log(peak) + right
    offset = np.where(bend < 0, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
    hz = (columns + first + np.clip(offset, -0.5, 0.5)) * (RATE_HZ / _WINDOW)
    cents = 1200.0 * np.log2(hz / _C0_HZ)
    bins = np.rint(cents / _CENTS_PER_BIN).astype(np.int64) % _BINS
    found = np.zeros((len(magnitudes), _BINS), np.float32)
    np.add.at(found, (rows, bins), np.sqrt(peak) * _EVEN[bins])
    return found


def _tuning(fine: NDArray[np.float64]) -> int:
    """By how many bins all pitches lie above the tempered ones, between minus and plus half."""
    per_semitone = _BINS // 12
    folded = fine.reshape(12, per_semitone).sum(axis=0)
    turn = np.exp(2j * np.pi * np.arange(per_semitone) / per_semitone)
    return round(float(np.angle(np.sum(folded * turn))) / (2 * np.pi) * per_semitone)


def _folded(fine: NDArray[np.float32], tuning: int) -> NDArray[np.float32]:
    """Twelve classes, each the sum of the bins nearest to it."""
    per_semitone = _BINS // 12
    aligned = np.roll(fine, per_semitone // 2 - tuning, axis=1)
    return np.asarray(aligned.reshape(len(fine), 12, per_semitone).sum(axis=2), np.float32)


def chroma_distance(
    a: Chroma, a_start_s: float, a_end_s: float, b: Chroma, b_start_s: float, b_end_s: float
) -> float:
    """How ill two stretches go together: 0 alike, 1 without a note in common.

    Where nothing sounds nothing clashes.
    """
    left, right = a.between(a_start_s, a_end_s), b.between(b_start_s, b_end_s)
    if not left.any() or not right.any():
        return 0.0
    left, right = (np.maximum(c - c.min(), 0.0) for c in (left, right))
    size = float(np.linalg.norm(left) * np.linalg.norm(right))
    return 1.0 - float(left @ right) / size if size else 0.0

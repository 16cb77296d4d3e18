"""When something begins to sound in a track: the rise of its spectrum, streamed.

A track is listened to in mono at 22,050 Hz, in windows of 23 ms every 5.8 ms. The log spectrum is
summed into bands a third of an octave wide or more; what rises in them from window to window is an
onset. The lowest bands, where kicks are, are kept apart too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

RATE_HZ = 22_050
HOP = 128
ENVELOPE_HZ = RATE_HZ / HOP
"""Rate of the envelopes."""
COLOUR_EVERY = 8
"""Steps of the envelopes to one of the colour."""

_WINDOW = 512
_BATCH = 256
_EDGES_HZ = (30, 90, 150, 220, 310, 430, 600, 850, 1200, 1700, 2400, 3400, 4800, 6800, 9600)
_N_LOW = 2
_FLOOR = 1e-3
_DELAY_S = 0.0060
"""Added to where the envelope of a click stands, so that it is where the click is."""


@dataclass(frozen=True, slots=True, eq=False)
class Onsets:
    """What sets in when.

    Attributes
    ----------
    all, low : float32, shape (steps,)
        Strength of onsets, in all bands and below 150 Hz.
    colour : float32, shape (steps / `COLOUR_EVERY`, bands)
        Log energy of the bands, coarsely, for what changes from bar to bar.
    """

    all: NDArray[np.float32]
    low: NDArray[np.float32]
    colour: NDArray[np.float32]

    @staticmethod
    def time_s(step: float) -> float:
        """Time of a step of the envelopes, in the file."""
        return step / ENVELOPE_HZ + _DELAY_S


class OnsetMeter:
    """Turns blocks of a track into its `Onsets`.

    Parameters
    ----------
    sample_rate_hz
        Rate of the blocks.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._resampler = soxr.ResampleStream(sample_rate_hz, RATE_HZ, 1, "float32", "MQ")
        self._held = np.zeros(_WINDOW // 2, np.float32)
        self._window = np.hanning(_WINDOW).astype(np.float32)
        self._edges = np.maximum(1, np.array(_EDGES_HZ) * _WINDOW // RATE_HZ)
        self._last = np.full((1, len(_EDGES_HZ) - 1), np.log(_FLOOR), np.float32)
        self._bands: list[NDArray[np.float32]] = []

    def push(self, mono: NDArray[np.float32]) -> None:
        """Take the next samples, the mean of all channels, shape (frames,)."""
        self._take(self._resampler.resample_chunk(mono))

    def finish(self) -> Onsets:
        """What was heard."""
        self._take(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        self._take(np.zeros(_WINDOW, np.float32), is_last=True)
        bands = np.concatenate([self._last[:0], *self._bands])
        rise = np.maximum(np.diff(bands, axis=0, prepend=self._last[:1]), 0.0)
        n_whole = len(bands) // COLOUR_EVERY
        coarse = bands[: n_whole * COLOUR_EVERY].reshape(n_whole, COLOUR_EVERY, bands.shape[1])
        return Onsets(rise.sum(axis=1), rise[:, :_N_LOW].sum(axis=1), coarse.mean(axis=1))

    def _take(self, mono: NDArray[np.float32], *, is_last: bool = False) -> None:
        """Analyse as many windows as are full, always `_BATCH` at once but for the last."""
        self._held = np.concatenate([self._held, mono])
        while True:
            n_windows = (len(self._held) - _WINDOW) // HOP + 1
            if n_windows < (1 if is_last else _BATCH):
                return
            n_windows = min(n_windows, _BATCH)
            starts = np.arange(n_windows) * HOP
            windows = self._held[starts[:, None] + np.arange(_WINDOW)] * self._window
            power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
            sums = np.add.reduceat(power[:, : self._edges[-1]], self._edges[:-1], axis=1)
            self._bands.append(np.log(np.sqrt(sums) + _FLOOR).astype(np.float32))
            self._held = self._held[n_windows * HOP :]

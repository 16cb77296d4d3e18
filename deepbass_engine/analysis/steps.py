"""Sudden changes of a signal: clicks within a millisecond, jumps of its spectrum within a tenth.

Both are told for every instant, as what stands out of its surroundings, so that level means
nothing and a drum in the music itself can be told from what a transition adds at that instant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CLICK_HOP_S = 0.001
_CLICK_AROUND = 15
_CLICK_FLOOR = 1e-7

_FFT_FRAMES = 1024
_FLUX_HOP_FRAMES = 1024
_SIDE_FRAMES = 4
_N_BANDS = 48
_LOWEST_HZ = 60.0
_QUIET_GAIN = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Instants:
    """A value for every instant of a signal.

    Attributes
    ----------
    values : float64, shape (n,)
        One for each instant.
    start_s, hop_s
        Time of the first, from the signal's beginning, and from one to the next.
    """

    values: NDArray[np.float64]
    start_s: float
    hop_s: float


def clicks_db(mono: NDArray[np.float32], sample_rate_hz: int) -> Instants:
    """How far each millisecond's largest second difference stands out of the 30 ms around it.

    A break in a waveform is a step, whose second difference is as large as the step; music's own
    is small but where it is bright, and there a click is hidden too.

    Returns
    -------
    In decibels over the median of the milliseconds around; 0 where nothing stands out.
    """
    n_hop = round(_CLICK_HOP_S * sample_rate_hz)
    hop_s = n_hop / sample_rate_hz
    bend = np.zeros(len(mono), np.float64)
    if len(mono) > 2:
        bend[1:-1] = np.abs(np.diff(mono.astype(np.float64), 2))
    peaks = bend[: len(bend) // n_hop * n_hop].reshape(-1, n_hop).max(axis=1, initial=0.0)
    if not peaks.any():
        return Instants(np.zeros(len(peaks)), hop_s / 2, hop_s)
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(peaks, _CLICK_AROUND, mode="reflect" if len(peaks) > _CLICK_AROUND else "edge"),
        2 * _CLICK_AROUND + 1,
    )
    middles = np.partition(around.astype(np.float32), _CLICK_AROUND, axis=1)[:, _CLICK_AROUND]
    usual = middles + _CLICK_FLOOR * peaks.max()
    return Instants(20.0 * np.log10(np.maximum(peaks / usual, 1.0)), hop_s / 2, hop_s)


def flux_percent(mono: NDArray[np.float32], sample_rate_hz: int) -> Instants:
    """How unlike the spectra of the tenth of a second before and behind each instant are.

    Of the magnitudes in 48 bands, evenly spaced in pitch: the sum of their differences over the
    sum of both, in per cent. 0 is the same spectrum at the same level, 100 has nothing in
    common. What is 40 dB below the signal's loudest is a pause, in which nothing jumps.
    """
    hop_s = _FLUX_HOP_FRAMES / sample_rate_hz
    if len(mono) < _FFT_FRAMES + 2 * _SIDE_FRAMES * _FLUX_HOP_FRAMES:
        return Instants(np.empty(0), 0.0, hop_s)
    frames = np.lib.stride_tricks.sliding_window_view(mono, _FFT_FRAMES)[::_FLUX_HOP_FRAMES]
    window = np.hanning(_FFT_FRAMES + 1)[:-1].astype(np.float32)
    spectra = np.abs(np.fft.rfft(frames * window))
    edges_hz = np.geomspace(_LOWEST_HZ, 0.4 * sample_rate_hz, _N_BANDS + 1)
    edges = np.unique(np.round(edges_hz * _FFT_FRAMES / sample_rate_hz).astype(np.intp))
    bands = np.add.reduceat(spectra, edges, axis=1)[:, :-1].astype(np.float64)
    sums = np.concatenate([np.zeros((1, bands.shape[1])), np.cumsum(bands, axis=0)])
    before = sums[_SIDE_FRAMES:-_SIDE_FRAMES] - sums[: -2 * _SIDE_FRAMES]
    behind = sums[2 * _SIDE_FRAMES :] - sums[_SIDE_FRAMES:-_SIDE_FRAMES]
    both = (before + behind).sum(axis=1)
    unlike = np.abs(before - behind).sum(axis=1)
    is_heard = both > _QUIET_GAIN * both.max()
    values = 100.0 * np.divide(unlike, both, out=np.zeros_like(both), where=is_heard)
    middle_s = (_SIDE_FRAMES - 0.5) * hop_s + _FFT_FRAMES / 2 / sample_rate_hz
    return Instants(values, middle_s, hop_s)

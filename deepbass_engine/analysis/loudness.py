"""Loudness as ITU-R BS.1770-5 and EBU R128 define it, streamed.

A track is K-weighted and squared once, into mean squares of 10 ms; momentary loudness (400 ms),
short-term loudness (3 s), integrated loudness (gated at -70 LUFS and at -10 LU) and loudness range
(EBU Tech 3342) are sums over those. The two filters are the standard's, computed for the track's
own rate as libebur128 does.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

BLOCKS_PER_SECOND = 100
BLOCKS_IN_MOMENTARY = 40
_BLOCKS_IN_SHORT_TERM = 300
_BLOCKS_IN_HOP = 10
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_RANGE_GATE_LU = -20.0
_SURROUND_GAIN = 1.41
_CHANNEL_GAINS = {"LFE": 0.0, "LFE2": 0.0, "BL": _SURROUND_GAIN, "BR": _SURROUND_GAIN,
                  "SL": _SURROUND_GAIN, "SR": _SURROUND_GAIN}  # fmt: skip


def lufs(mean_square: float) -> float:
    """Loudness of a K-weighted mean square summed over channels, in LUFS."""
    return -0.691 + 10.0 * math.log10(mean_square) if mean_square > 0 else -math.inf


def mean_square(loudness_lufs: float) -> float:
    """Inverse of `lufs`."""
    return float(10.0 ** ((loudness_lufs + 0.691) / 10.0))


class LoudnessMeter:
    """Turns blocks of a track into K-weighted mean squares of 10 ms.

    Parameters
    ----------
    sample_rate_hz
        Rate of the blocks.
    layout
        Name of each channel; the low-frequency channel is not heard, surrounds count 1.41.
    """

    def __init__(self, sample_rate_hz: int, layout: tuple[str, ...]) -> None:
        from deepbass_engine.analysis.k_weighting import add_energies, k_weighting

        self._add_energies: Callable[..., None] = add_energies
        self._sections = k_weighting(sample_rate_hz)
        self._state = np.zeros((4, len(layout)))
        self._gains = np.array([_CHANNEL_GAINS.get(name, 1.0) for name in layout])
        self._energies = np.zeros((1, len(layout)))
        self._mean_squares: list[NDArray[np.float64]] = []
        self._n_frames = 0
        self.block_frames = sample_rate_hz // BLOCKS_PER_SECOND

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next samples, shape (frames, channels)."""
        phase = self._n_frames % self.block_frames
        n_full = (phase + len(block)) // self.block_frames
        energies = np.zeros((n_full + 1, len(self._gains)))
        energies[0] = self._energies
        self._add_energies(block, self._sections, self._state, phase, self.block_frames, energies)
        self._mean_squares.append(self._mean(energies[:n_full]))
        self._energies = energies[n_full:]
        self._n_frames += len(block)

    def finish(self) -> NDArray[np.float64]:
        """Mean square of every 10 ms, shape (blocks,); the last one filled up with silence."""
        parts = [np.empty(0), *self._mean_squares]
        if self._n_frames % self.block_frames:
            parts.append(self._mean(self._energies))
        return np.concatenate(parts)

    def _mean(self, energies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean square summed over the weighted channels."""
        mean: NDArray[np.float64] = np.einsum("bc,c->b", energies, self._gains / self.block_frames)
        return mean


def momentary(mean_squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean square over the 400 ms that begin at each 10 ms block; silence after the end."""
    return _over_windows(mean_squares, BLOCKS_IN_MOMENTARY)


def short_term(mean_squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean square over the 3 s that begin at each 10 ms block; silence after the end."""
    return _over_windows(mean_squares, _BLOCKS_IN_SHORT_TERM)


def max_momentary_lufs(mean_squares: NDArray[np.float64]) -> float:
    """Loudness of the loudest 400 ms, in LUFS; ``-inf`` of silence."""
    return lufs(float(momentary(mean_squares).max(initial=0.0)))


def max_short_term_lufs(mean_squares: NDArray[np.float64]) -> float:
    """Loudness of the loudest 3 s, in LUFS; ``-inf`` of silence."""
    return lufs(float(short_term(mean_squares).max(initial=0.0)))


def _over_windows(mean_squares: NDArray[np.float64], n_blocks: int) -> NDArray[np.float64]:
    """Mean square over so many blocks from each block on; silence after the end."""
    sums = np.concatenate([[0.0], np.cumsum(mean_squares)])
    ends = np.minimum(np.arange(len(mean_squares)) + n_blocks, len(mean_squares))
    windows: NDArray[np.float64] = np.maximum(sums[ends] - sums[:-1], 0.0)
    return windows / n_blocks


def integrated_lufs(mean_squares: NDArray[np.float64]) -> float:
    """Gated loudness of the whole, in LUFS; ``-inf`` where nothing passes the absolute gate.

    A track shorter than 400 ms is measured as if silence followed it.
    """
    last_start = max(1, len(mean_squares) - BLOCKS_IN_MOMENTARY + 1)
    blocks = momentary(mean_squares)[:last_start:_BLOCKS_IN_HOP]
    heard = blocks[blocks > mean_square(_ABSOLUTE_GATE_LUFS)]
    if len(heard) == 0:
        return -math.inf
    relative_gate = lufs(float(heard.mean())) + _RELATIVE_GATE_LU
    return lufs(float(heard[heard > mean_square(relative_gate)].mean()))


def loudness_range_lu(mean_squares: NDArray[np.float64]) -> float:
    """Loudness range as EBU Tech 3342 has it, in LU; 0 of what is shorter than 3 s or silent.

    The spread between the 10th and the 95th percentile of the loudness of 3 s, taken every
    100 ms, of what is louder than -70 LUFS and no more than 20 LU below the mean of that.
    """
    n_starts = len(mean_squares) - _BLOCKS_IN_SHORT_TERM + 1
    if n_starts < 1:
        return 0.0
    windows = short_term(mean_squares)[:n_starts:_BLOCKS_IN_HOP]
    heard = windows[windows > mean_square(_ABSOLUTE_GATE_LUFS)]
    if len(heard) == 0:
        return 0.0
    gate = lufs(float(heard.mean())) + _RANGE_GATE_LU
    levels = np.sort(heard[heard >= mean_square(gate)])
    low, high = (levels[round((len(levels) - 1) * share)] for share in (0.10, 0.95))
    return lufs(float(high)) - lufs(float(low))


def track_gain_db(
    loudness_lufs: float, true_peak_dbtp: float, target_lufs: float, ceiling_dbtp: float
) -> float:
    """Gain that brings a track to a loudness, but its true peak not over the ceiling.

    The loudness is finite; a true peak of ``-inf`` bounds nothing.

    >>> track_gain_db(-9.0, 0.2, -14.0, -1.0)
    -5.0
    >>> track_gain_db(-20.0, -3.0, -14.0, -1.0)
    2.0
    """
    return min(target_lufs - loudness_lufs, ceiling_dbtp - true_peak_dbtp)

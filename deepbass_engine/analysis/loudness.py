"""Loudness as ITU-R BS.1770-5 and EBU R128 define it, streamed.

A track is K-weighted and squared once, into mean squares of 10 ms; momentary loudness (400 ms) and
integrated loudness (gated at -70 LUFS and at -10 LU) are sums over those. The two filters are the
standard's, computed for the track's own rate as libebur128 does.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

BLOCKS_PER_SECOND = 100
BLOCKS_IN_MOMENTARY = 40
_BLOCKS_IN_HOP = 10
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
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
    sums = np.concatenate([[0.0], np.cumsum(mean_squares)])
    ends = np.minimum(np.arange(len(mean_squares)) + BLOCKS_IN_MOMENTARY, len(mean_squares))
    windows: NDArray[np.float64] = np.maximum(sums[ends] - sums[:-1], 0.0)
    return windows / BLOCKS_IN_MOMENTARY


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

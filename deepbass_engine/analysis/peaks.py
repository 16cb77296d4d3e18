"""Peaks of a track: what a waveform is drawn from, at any zoom, without the samples.

A pyramid of buckets: 256 frames at its foot, four times as many on each level above, each bucket
with its lowest and highest sample and its RMS over all channels, as Audacity keeps them. All levels
follow from the lowest, so only that one need be stored.

Extremes are rounded outward to steps of 1/16384 and RMS to the nearest: what is drawn encloses
every sample, and passes 1.0 exactly where a sample does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BUCKET_FRAMES = 256
"""Frames in a bucket of the lowest level."""
LEVEL_FACTOR = 4
"""Buckets that make one of the next level."""
FULL_SCALE = 16_384
"""Stored value of a sample of 1.0: half of what int16 holds, so that overs can be seen."""

_INT16 = np.iinfo(np.int16)
_NOTHING_YET = (np.inf, -np.inf, 0.0)
_FIRST_CAPACITY = 4096
_SNAP = 0.5 + 1e-6
"""Rounds to the nearest column, but not at the half, where views centred on a pixel lie."""


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """Lowest sample, highest sample and RMS of a track, level above level.

    Attributes
    ----------
    n_frames, sample_rate_hz
        Length of the track and its rate.
    levels
        int16 arrays of shape (buckets, 3): lowest, highest, RMS over all channels, `FULL_SCALE`
        for 1.0. The buckets of level k have ``BUCKET_FRAMES * LEVEL_FACTOR**k`` frames, the last
        one what is left; the last level has one bucket.
    """

    n_frames: int
    sample_rate_hz: int
    levels: tuple[NDArray[np.int16], ...]

    @classmethod
    def over(cls, level_0: NDArray[np.int16], n_frames: int, sample_rate_hz: int) -> Peaks:
        """Build the upper levels over the lowest.

        Raises
        ------
        ValueError
            If `level_0` has not the shape that a track of `n_frames` has.
        """
        shape = (math.ceil(n_frames / BUCKET_FRAMES), 3)
        if level_0.shape != shape:
            raise ValueError(f"level_0 has shape {level_0.shape}; {n_frames} frames need {shape}")
        levels, bucket_frames = [level_0], BUCKET_FRAMES
        frames = _frames_of_buckets(0, len(level_0), bucket_frames, n_frames)
        energies = np.square(level_0[:, 2], dtype=np.float64) * frames
        while len(levels[-1]) > 1:
            bucket_frames *= LEVEL_FACTOR
            level = np.empty((math.ceil(n_frames / bucket_frames), 3), np.int16)
            level[:, 0] = _folded(np.minimum, levels[-1][:, 0])
            level[:, 1] = _folded(np.maximum, levels[-1][:, 1])
            energies = _folded(np.add, energies)
            frames = _frames_of_buckets(0, len(level), bucket_frames, n_frames)
            level[:, 2] = np.rint(np.sqrt(energies / frames))
            levels.append(level)
        return cls(n_frames, sample_rate_hz, tuple(levels))

    @property
    def peak(self) -> float:
        """Largest absolute sample, 1.0 for full scale; 2.0 where it is larger still."""
        lowest, highest, _ = np.abs(self.levels[-1].astype(np.int32)).max(axis=0, initial=0)
        return max(int(lowest), int(highest)) / FULL_SCALE

    def columns(
        self, first_frame: float, frames_per_column: float, n_columns: int
    ) -> NDArray[np.float32]:
        """What to draw for a stretch of the track, a column of pixels after the other.

        The columns lie on the track's own grid, whose column k begins at frame
        ``k * frames_per_column``; the first is the nearest to `first_frame`. So whoever pans sees
        the same columns at another place, never others. Of the largest buckets that fit into a
        column it shows those from the one it begins in up to the one the next begins in; a column
        narrower than a bucket shows that one alone.

        Parameters
        ----------
        first_frame
            Where the first column is to begin; may lie outside the track.
        frames_per_column
            Frames from column to column, above 0.
        n_columns
            How many.

        Returns
        -------
        float32, shape (n_columns, 3): lowest, highest, RMS, 1.0 for full scale; 0 where the track
        is not.

        Raises
        ------
        ValueError
            If the columns can't be placed.
        """
        level, bucket_frames = self.levels[0], BUCKET_FRAMES
        for coarser in self.levels[1:]:
            if bucket_frames * LEVEL_FACTOR > frames_per_column:
                break
            level, bucket_frames = coarser, bucket_frames * LEVEL_FACTOR
        starts = _column_starts(first_frame, frames_per_column, n_columns)
        shown, edges = _buckets_shown(starts, bucket_frames, self.n_frames)
        found = np.zeros((n_columns, 3), np.float32)
        if len(edges) > 1:
            part, groups = level[edges[0] : edges[-1]], edges[:-1] - edges[0]
            frames = _frames_of_buckets(int(edges[0]), int(edges[-1]), bucket_frames, self.n_frames)
            energies = np.square(part[:, 2], dtype=np.float64) * frames
            found[shown, 0] = np.minimum.reduceat(part[:, 0], groups)
            found[shown, 1] = np.maximum.reduceat(part[:, 1], groups)
            found[shown, 2] = np.sqrt(
                np.add.reduceat(energies, groups) / np.add.reduceat(frames, groups)
            )
        found /= FULL_SCALE
        return found


class PeakBuilder:
    """Makes the peaks of a track from its blocks.

    Parameters
    ----------
    sample_rate_hz
        Rate of the track.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        from deepbass_engine.analysis.extremes import add_extremes

        self._add_extremes: Callable[..., None] = add_extremes
        self._sample_rate_hz = sample_rate_hz
        self._level_0 = np.empty((_FIRST_CAPACITY, 3), np.int16)
        self._n_full = 0
        self._open_bucket = np.array([_NOTHING_YET])
        self._n_frames = 0
        self._n_channels = 1

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next samples: finite, float32, shape (frames, channels)."""
        phase = self._n_frames % BUCKET_FRAMES
        n_more = (phase + len(block)) // BUCKET_FRAMES
        buckets = np.tile(_NOTHING_YET, (n_more + 1, 1))
        buckets[0] = self._open_bucket
        self._add_extremes(np.ascontiguousarray(block), phase, BUCKET_FRAMES, buckets)
        self._n_frames += len(block)
        self._n_channels = block.shape[1]
        n_full = self._n_full + n_more
        if n_full > len(self._level_0):
            grown = np.empty((2 * n_full, 3), np.int16)
            grown[: self._n_full] = self._level_0[: self._n_full]
            self._level_0 = grown
        self._level_0[self._n_full : n_full] = self._rounded(buckets[:n_more], BUCKET_FRAMES)
        self._n_full = n_full
        self._open_bucket = buckets[n_more:]

    def so_far(self) -> Peaks:
        """Peaks of the full buckets; what is pushed later does not change them."""
        level_0 = self._level_0[: self._n_full]  # only written to behind this
        return Peaks.over(level_0, self._n_full * BUCKET_FRAMES, self._sample_rate_hz)

    def finish(self) -> Peaks:
        """Peaks of all that was pushed."""
        level_0 = self._level_0[: self._n_full]
        rest = self._n_frames % BUCKET_FRAMES
        last = self._rounded(self._open_bucket, rest) if rest else level_0[:0]
        level_0 = np.concatenate([level_0, last])
        return Peaks.over(level_0, self._n_frames, self._sample_rate_hz)

    def _rounded(self, buckets: NDArray[np.float64], n_frames: int) -> NDArray[np.int16]:
        """Buckets of `n_frames` in steps of int16, extremes outward."""
        rounded = np.empty_like(buckets)
        np.floor(buckets[:, 0] * FULL_SCALE, out=rounded[:, 0])
        np.ceil(buckets[:, 1] * FULL_SCALE, out=rounded[:, 1])
        rms = np.sqrt(buckets[:, 2] / (n_frames * self._n_channels))
        np.rint(rms * FULL_SCALE, out=rounded[:, 2])
        return np.clip(rounded, _INT16.min, _INT16.max).astype(np.int16)


def sample_columns(
    samples: NDArray[np.float32],
    first_frame: float,
    frames_per_column: float,
    n_columns: int,
    *,
    samples_from_frame: int = 0,
) -> NDArray[np.float32]:
    """What `Peaks.columns` gives, from the samples themselves: for zooms closer than a bucket.

    Parameters
    ----------
    samples
        float32, shape (frames, channels): a part of the track.
    first_frame, frames_per_column, n_columns
        As for `Peaks.columns`, in frames of the track.
    samples_from_frame
        Where in the track the samples begin.

    Returns
    -------
    float32, shape (n_columns, 3), exact; 0 where a column begins outside the samples.

    Raises
    ------
    ValueError
        If the columns can't be placed.
    """
    starts = _column_starts(first_frame, frames_per_column, n_columns) - samples_from_frame
    shown, edges = _buckets_shown(starts, 1, len(samples))
    found = np.zeros((n_columns, 3), np.float32)
    if len(edges) > 1:
        part, groups = samples[edges[0] : edges[-1]], edges[:-1] - edges[0]
        energies = np.add.reduceat(np.square(part, dtype=np.float64), groups).sum(axis=1)
        n_samples = np.maximum(np.diff(edges), 1) * samples.shape[1]
        found[shown, 0] = np.minimum.reduceat(part, groups).min(axis=1)
        found[shown, 1] = np.maximum.reduceat(part, groups).max(axis=1)
        found[shown, 2] = np.sqrt(energies / n_samples)
    return found


def _column_starts(
    first_frame: float, frames_per_column: float, n_columns: int
) -> NDArray[np.float64]:
    """First frame of each column on the track's grid, and of the one behind them."""
    if not (math.isfinite(frames_per_column) and frames_per_column > 0):
        raise ValueError(f"frames_per_column is {frames_per_column}; it must be above 0")
    if not math.isfinite(first_frame):
        raise ValueError(f"first_frame is {first_frame}; it must be a number")
    if n_columns < 0:
        raise ValueError(f"n_columns is {n_columns}; it must not be below 0")
    first = math.floor(first_frame / frames_per_column + _SNAP)
    starts: NDArray[np.float64] = (first + np.arange(n_columns + 1.0)) * frames_per_column
    return starts


def _buckets_shown(
    starts: NDArray[np.float64], bucket_frames: int, n_frames: int
) -> tuple[slice, NDArray[np.intp]]:
    """Which columns show a part of the track, and the bucket that each of them begins with.

    The last edge is the one behind the last column. Neighbours share a bucket where their edges are
    equal: `reduceat` then takes that one.
    """
    first, behind = np.searchsorted(starts, (0, n_frames))
    shown = slice(first, min(behind, len(starts) - 1))
    if shown.start >= shown.stop:
        return slice(0, 0), np.empty(0, np.intp)
    edges = (starts[shown.start : shown.stop + 1] // bucket_frames).astype(np.intp)
    if starts[shown.stop] >= n_frames:
        edges[-1] = math.ceil(n_frames / bucket_frames)
    edges[-1] = max(edges[-1], edges[-2] + 1)
    return shown, edges


def _frames_of_buckets(
    first: int, behind: int, bucket_frames: int, n_frames: int
) -> NDArray[np.int64]:
    """Length of the buckets from `first` up to `behind`; the track's last may be shorter."""
    frames = np.full(behind - first, bucket_frames)
    if behind * bucket_frames > n_frames:
        frames[-1] = n_frames - (behind - 1) * bucket_frames
    return frames


def _folded(reduce: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
    """Reduce every `LEVEL_FACTOR` neighbours to one; the last may be fewer.

    Strided slices are several times as fast here as `reduceat` or a reduction along a short axis.
    """
    folded = values[::LEVEL_FACTOR].copy()
    for offset in range(1, LEVEL_FACTOR):
        others = values[offset::LEVEL_FACTOR]
        reduce(folded[: len(others)], others, out=folded[: len(others)])
    return folded

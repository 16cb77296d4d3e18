"""Where a track can be heard: the span between the silence before it and the silence after it.

Two rules, chosen by name. "loudness": momentary loudness against the track's own gated loudness,
so that a quiet intro and a long fade-out are seen for what they are (levels as in Liquidsoap's
autocue). "rms": the original program's, a share of the track's RMS within a search window, with
its end search mended: it looks for where the last sound stops, not for the first quiet window.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.loudness import integrated_lufs, mean_square, momentary
from deepbass_engine.project import Span
from deepbass_engine.units import frames_from_seconds

START_LU = -34.0
"""A track begins where its momentary loudness first reaches this, relative to its own."""
END_LU = -42.0
"""A track ends where its momentary loudness last reaches this: a fade-out is let ring longer."""

RMS_SHARE = 0.15
RMS_WINDOW_S = 0.25
RMS_STEP_S = 0.125
RMS_SEARCH_S = 30.0


def span_by_loudness(
    mean_squares: NDArray[np.float64], block_frames: int, n_frames: int
) -> Span | None:
    """Audible span by momentary loudness.

    Parameters
    ----------
    mean_squares
        K-weighted mean square of every block of 10 ms, from `LoudnessMeter`.
    block_frames
        Frames in such a block.
    n_frames
        Length of the track.

    Returns
    -------
    Span in whole blocks, or None if the track never passes -70 LUFS. Within the first and the
    last window of 400 ms that is loud enough, the span begins and ends with the block that is.
    """
    loudness = integrated_lufs(mean_squares)
    if loudness == -math.inf:
        return None
    windows = momentary(mean_squares)
    first = _first_block_at(mean_squares, windows, mean_square(loudness + START_LU))
    threshold = mean_square(loudness + END_LU)
    window = int(np.flatnonzero(windows >= threshold)[-1])
    last = int(np.flatnonzero(mean_squares[window:] >= threshold)[-1]) + window
    return Span(first * block_frames, min(n_frames, (last + 1) * block_frames))


def _first_block_at(
    mean_squares: NDArray[np.float64], windows: NDArray[np.float64], threshold: float
) -> int:
    """First block of the first window that reach a threshold, both."""
    window = int(np.argmax(windows >= threshold))
    return window + int(np.argmax(mean_squares[window:] >= threshold))


class StepEnergy:
    """Sums squares over steps of `RMS_STEP_S`, for `span_by_rms`.

    Channels are averaged to mono first, as the original program's loader did.
    """

    def __init__(self, sample_rate_hz: int, n_channels: int) -> None:
        self.step_frames = max(1, frames_from_seconds(RMS_STEP_S, sample_rate_hz))
        self._average = np.full(n_channels, 1.0 / n_channels, np.float32)
        self._rest = np.empty(0, np.float32)
        self._energies: list[NDArray[np.float64]] = []

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next samples, shape (frames, channels)."""
        mono = np.concatenate([self._rest, block @ self._average])
        n_steps = len(mono) // self.step_frames
        whole = mono[: n_steps * self.step_frames].reshape(n_steps, self.step_frames)
        self._energies.append(np.einsum("sf,sf->s", whole, whole, dtype=np.float64))
        self._rest = mono[n_steps * self.step_frames :]

    def finish(self) -> NDArray[np.float64]:
        """Sum of squares of every step, shape (steps,); the last one may be part of a step."""
        rest = [np.array([np.sum(self._rest.astype(np.float64) ** 2)])] if len(self._rest) else []
        self._rest = self._rest[:0]
        return np.concatenate([np.empty(0), *self._energies, *rest])


def span_by_rms(
    energies: NDArray[np.float64],
    step_frames: int,
    n_frames: int,
    sample_rate_hz: int,
    search_s: float = RMS_SEARCH_S,
) -> Span | None:
    """Audible span by the original program's rule.

    A window of 0.25 s, moved by 0.125 s, is sound where its RMS reaches 15 % of the track's. The
    span begins with the first such window within the search window at the start and ends with the
    last one within the search window at the end; silence that fills a search window is cut as far
    as that goes.

    Parameters
    ----------
    energies
        Sum of squares of every step, from `StepEnergy`.
    step_frames, n_frames, sample_rate_hz
        Frames in a step and in the track, and its rate.
    search_s
        Length of each search window in seconds.

    Returns
    -------
    The span, or None if the track is digital silence.
    """
    if not np.any(energies):
        return None
    steps_in_window = round(RMS_WINDOW_S / RMS_STEP_S)
    sums = np.concatenate([[0.0], np.cumsum(energies)])
    starts = np.arange(max(1, len(energies) - steps_in_window + 1))
    window_sums = sums[np.minimum(starts + steps_in_window, len(energies))] - sums[starts]
    window_frames = min(n_frames, steps_in_window * step_frames)
    threshold = RMS_SHARE**2 * (sums[-1] / n_frames) * window_frames
    loud_starts = np.flatnonzero(window_sums >= threshold)
    search_frames = frames_from_seconds(search_s, sample_rate_hz)
    start = min(int(loud_starts[0]) * step_frames, search_frames)
    end = (int(loud_starts[-1]) + steps_in_window) * step_frames
    return Span(start, min(n_frames, max(end, n_frames - search_frames)))

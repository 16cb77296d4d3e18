"""Which frequencies sound when: a short-time Fourier transform along a logarithmic axis.

One Hann window for each column, its power averaged over the channels, in decibels below a sine of
full scale. Where a row is narrower than the transform's resolution it is interpolated, where it is
wider it shows the strongest part.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter

from deepbass_engine.audio.decode import Decoding, read_span
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Span
from deepbass_gui import theme

LOWEST_HZ = 40.0
HIGHEST_HZ = 16_000.0
N_ROWS = 144
FLOOR_DB = -90.0
MARKS_HZ = (100, 1_000, 10_000)
_WINDOWS_AT_ONCE = 128
_READ_WHOLE_FRAMES = 1 << 21
"""A longer part is not held in memory as a whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Levels of a part of a file.

    Attributes
    ----------
    source
        The file.
    first_frame, frames_per_column
        Where in it the columns lie.
    levels
        uint8, shape (N_ROWS, columns), the highest frequency first: 0 for `FLOOR_DB` and below,
        255 for 0 dB.
    """

    source: AudioSource
    first_frame: float
    frames_per_column: float
    levels: NDArray[np.uint8]

    @property
    def end_frame(self) -> float:
        """The frame behind the last column."""
        return self.first_frame + int(self.levels.shape[1]) * self.frames_per_column

    def image(self, color: QColor) -> QImage:
        """The levels in the colours of the theme, from the ground up to the text's."""
        height, width = self.levels.shape
        stride = -(-width // 4) * 4
        padded = np.zeros((height, stride), np.uint8)
        padded[:, :width] = self.levels
        image = QImage(padded.data, width, height, stride, QImage.Format.Format_Indexed8).copy()
        image.setColorTable(_color_table(color))
        return image


def row_frequencies() -> NDArray[np.float64]:
    """Middle of each row in Hz, the highest first."""
    edges = _row_edges()
    return np.sqrt(edges[1:] * edges[:-1])[::-1]


def row_share(frequency_hz: float) -> float:
    """How far down a picture a frequency lies, from 0 to 1."""
    return math.log(HIGHEST_HZ / frequency_hz) / math.log(HIGHEST_HZ / LOWEST_HZ)


def window_frames(frames_per_column: float) -> int:
    """Length of the window at a zoom: closer means finer in time, coarser in frequency."""
    if frames_per_column < 128:
        return 1024
    return 2048 if frames_per_column < 1024 else 4096


def spectrogram_of(
    source: AudioSource,
    first_frame: float,
    frames_per_column: float,
    n_columns: int,
    cancel: CancelToken,
) -> Spectrogram:
    """Read a part of a file and transform it; for a thread of a worker.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    n_window = window_frames(frames_per_column)
    middles = first_frame + (np.arange(n_columns) + 0.5) * frames_per_column
    starts = np.floor(middles - n_window / 2).astype(np.int64)
    levels = np.zeros((N_ROWS, n_columns), np.uint8)
    n_frames = source.frames or 0
    part = Span(
        int(np.clip(starts[0], 0, n_frames)), int(np.clip(starts[-1] + n_window, 0, n_frames))
    )
    column = 0
    for first, samples in _overlapping(source, part, n_window, cancel):
        # with the last samples come those windows that reach beyond the end
        behind = first + len(samples)
        stop = n_columns
        if behind < part.end_frame:
            stop = int(np.searchsorted(starts, behind - n_window, side="right"))
        for begin in range(column, stop, _WINDOWS_AT_ONCE):
            cancel.raise_if_cancelled()
            chosen = slice(begin, min(stop, begin + _WINDOWS_AT_ONCE))
            power = _power(samples, starts[chosen] - first, n_window)
            levels[:, chosen] = _levels(power, source.sample_rate_hz, n_window)
        column = max(column, stop)
    return Spectrogram(source, first_frame, frames_per_column, levels)


def paint_frequencies(painter: QPainter, rect: QRectF) -> None:
    """Label the frequency axis along the left edge of a spectrogram."""
    colors = theme.colors()
    metrics = QFontMetricsF(painter.font())
    for frequency_hz in MARKS_HZ:
        y = rect.top() + row_share(frequency_hz) * rect.height()
        text = f"{frequency_hz} Hz" if frequency_hz < 1000 else f"{frequency_hz // 1000} kHz"
        box = QRectF(rect.left() + 8, y - metrics.height() / 2, 0, metrics.height())
        box.setWidth(metrics.horizontalAdvance(text) + 8)
        box.moveTop(min(max(box.top(), rect.top()), rect.bottom() - box.height()))
        ground = QColor(colors.panel)
        ground.setAlphaF(0.8)
        painter.fillRect(box, ground)
        painter.setPen(colors.text)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.drawLine(QPointF(rect.left(), y), QPointF(rect.left() + 6, y))


def _overlapping(
    source: AudioSource, part: Span, n_window: int, cancel: CancelToken
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """The samples of a part, piece by piece, each beginning with the window's length before it."""
    if part.n_frames <= _READ_WHOLE_FRAMES:
        cancel.raise_if_cancelled()
        yield part.start_frame, read_span(source, part).samples
        return
    carried = np.empty((0, source.channels), np.float32)
    position = 0
    for block in Decoding(source):
        cancel.raise_if_cancelled()
        position += len(block)
        if position <= part.start_frame:
            continue
        samples = np.concatenate([carried, block])
        yield position - len(samples), samples
        if position >= part.end_frame:
            return
        carried = samples[-n_window:].copy()


def _power(
    samples: NDArray[np.float32], starts: NDArray[np.int64], n_window: int
) -> NDArray[np.float32]:
    """Power of each bin of each window, 1 for a sine of full scale; silence outside the samples."""
    index = starts[:, np.newaxis] + np.arange(n_window)
    inside = (index >= 0) & (index < len(samples))
    if not len(samples):
        return np.zeros((len(starts), n_window // 2 + 1), np.float32)
    hann = np.hanning(n_window + 1)[:-1].astype(np.float32)
    pieces = samples[np.clip(index, 0, len(samples) - 1)] * (inside * hann)[:, :, np.newaxis]
    spectrum = np.fft.rfft(pieces, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=2)
    scaled: NDArray[np.float32] = (power / (hann.sum() / 2) ** 2).astype(np.float32)
    return scaled


def _levels(power: NDArray[np.float32], sample_rate_hz: int, n_window: int) -> NDArray[np.uint8]:
    """Rows of levels from bins of power."""
    n_bins = power.shape[1]
    edges = _row_edges() * n_window / sample_rate_hz
    middles = np.sqrt(edges[1:] * edges[:-1])
    below = np.minimum(middles.astype(np.intp), n_bins - 2)
    share = np.clip(middles - below, 0, 1).astype(np.float32)
    rows = power[:, below] * (1 - share) + power[:, below + 1] * share
    first, behind = np.ceil(edges[:-1]).astype(np.intp), np.ceil(edges[1:]).astype(np.intp)
    for row in np.flatnonzero((behind - first > 1) & (behind <= n_bins)):
        rows[:, row] = power[:, first[row] : behind[row]].max(axis=1)
    rows[:, middles > n_bins - 1] = 0
    level_db = 10 * np.log10(np.maximum(rows, 1e-12))
    scaled = np.clip((level_db - FLOOR_DB) / -FLOOR_DB, 0, 1) * 255
    levels: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
    return levels.T[::-1]


def _row_edges() -> NDArray[np.float64]:
    """Frequencies between the rows, rising."""
    return np.geomspace(LOWEST_HZ, HIGHEST_HZ, N_ROWS + 1)


def _color_table(color: QColor) -> list[int]:
    colors = theme.colors()
    stops = np.array([c.getRgb()[:3] for c in (colors.panel, color, colors.text)])  # type: ignore[index]
    steps = np.linspace(0, 1, 256)
    rgb = [np.interp(steps, (0.15, 0.75, 1.0), stops[:, part]) for part in range(3)]
    return [QColor(*(round(c) for c in parts)).rgb() for parts in np.stack(rgb, 1).tolist()]

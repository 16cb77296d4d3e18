"""The beats of a track as lines across its picture; where they lie too close, bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from deepbass_engine.analysis.beats import BEATS_PER_BAR, BeatGrid
from deepbass_engine.audio.warp import Warp
from deepbass_gui import theme
from deepbass_gui.views.time_axis import TimeAxis

LEAST_PX = 7
"""Lines stand at least so far apart."""
_BARS = (1, 4, 16)
BAR_TICK_PX = 8


@dataclass(frozen=True, slots=True)
class BeatMarks:
    """Where beats lie in a track as it is heard; frames are at the rate of the mix.

    Attributes
    ----------
    grid
        The beats, in the track's own time.
    warp
        How the track is heard.
    rate_hz
        Rate of the mix.
    """

    grid: BeatGrid
    warp: Warp
    rate_hz: int

    def step(self, frames_per_pixel: float) -> int:
        """How many beats are drawn as one at a scale."""
        beat_px = self.grid.beat_s * self.rate_hz / frames_per_pixel
        for n_beats in (1, *(BEATS_PER_BAR * bars for bars in _BARS)):
            if n_beats * beat_px >= LEAST_PX:
                return n_beats
        return 0

    def between(self, first: float, end: float, step: int = 1) -> NDArray[np.float64]:
        """Frames of every `step`-th beat in ``[first, end)``; with 4, of those that begin bars."""
        if not step:
            return np.zeros(0)
        every = BeatGrid(self.grid.tempo_bpm / step, self._anchor_s(step))
        ends = (self.warp.source_frame(frame) / self.rate_hz for frame in (first, end))
        own = every.beats_s(*ends) * self.rate_hz
        return np.array([self.warp.heard_frame(frame) for frame in own])

    def is_bar(self, frames: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of these frames, each of a beat, begin a bar."""
        own_s = np.array([self.warp.source_frame(frame) for frame in frames]) / self.rate_hz
        beats = np.rint((own_s - self._anchor_s(BEATS_PER_BAR)) / self.grid.beat_s)
        return np.asarray(beats % BEATS_PER_BAR == 0)

    def _anchor_s(self, step: int) -> float:
        """Time of a beat from which every `step`-th is counted."""
        behind = self.grid.first_downbeat if step >= BEATS_PER_BAR else 0
        return self.grid.first_beat_s + behind * self.grid.beat_s


def paint_beats(
    painter: QPainter, area: QRectF, marks: BeatMarks, axis: TimeAxis, origin: int, n_frames: int
) -> None:
    """Draw lines at beats, stronger where a bar begins; dotted where the beats are not sure.

    Parameters
    ----------
    origin
        Where in the mix the first frame of the file is.
    n_frames
        Length of the file.
    """
    step = marks.step(axis.frames_per_pixel)
    first = max(0.0, axis.first_frame - origin)
    end = min(float(n_frames), axis.first_frame + axis.width * axis.frames_per_pixel - origin)
    if not step or end <= first:
        return
    frames = marks.between(first, end, step)
    begins_bar = marks.is_bar(frames)
    colors = theme.colors()
    line = Qt.PenStyle.SolidLine if marks.grid.is_sure else Qt.PenStyle.DotLine
    for is_bar, opacity in ((False, 0.22), (True, 0.5)):
        color = QColor(colors.text)
        color.setAlphaF(opacity)
        xs = [area.left() + axis.x_at(origin + frame) for frame in frames[begins_bar == is_bar]]
        painter.setPen(QPen(color, 1, line))
        painter.drawLines([QLineF(x, area.top(), x, area.bottom()) for x in xs])
        if is_bar:
            painter.setPen(QPen(colors.text, 2))
            painter.drawLines([QLineF(x, area.top(), x, area.top() + BAR_TICK_PX) for x in xs])

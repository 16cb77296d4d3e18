"""How rough and how dissonant a transition is over time, under the editor's two waveforms.

Each measure has a row of its own, scaled to what it reaches in it: the two tracks alone are thin
lines in their colours, the mix a bold one. What passes a limit is shaded.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from deepbass_engine.mix.quality import Curve, Measure, MeasuredTransition
from deepbass_engine.units import clock_text, frames_from_seconds
from deepbass_gui import theme
from deepbass_gui.quality_words import measure_title, sentence
from deepbass_gui.views.pair_canvas import PairCanvas
from deepbass_gui.views.ruler import paint_playhead

HEIGHT_PX = 56
_NAMES = ("roughness", "dissonance")
_LEAST_SPAN = {"roughness": 12.0, "dissonance": 0.3}
"""What a row's height stands for at least, so that little looks like little."""
_PADDING_PX = 3


class QualityStrip(QWidget):
    """Shows the curves of what was measured on the time axis of the editor's canvas.

    Parameters
    ----------
    canvas
        What it stands under, as wide as it.
    """

    def __init__(self, canvas: PairCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._drawn: object = None
        self._measured: MeasuredTransition | None = None
        self._is_current = False
        self._playhead: int | None = None
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFont(theme.tabular(self.font()))
        self.setAccessibleName(self.tr("Curves of roughness and of clashing notes"))
        canvas.installEventFilter(self)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """As wide as the canvas, and low."""
        return QSize(self._canvas.sizeHint().width(), HEIGHT_PX)

    def show_measured(self, measured: MeasuredTransition | None, *, is_current: bool) -> None:
        """Show other curves, dimmed while they are being measured anew."""
        if (measured, is_current) != (self._measured, self._is_current):
            self._measured, self._is_current = measured, is_current
            self.update()

    def set_playhead(self, mix_frame: int | None) -> None:
        """Put the playhead at a frame of the mix, or take it away."""
        if mix_frame != self._playhead:
            for frame in (self._playhead, mix_frame):
                if frame is not None:
                    self.update(round(self._canvas.axis.x_at(frame)) - 8, 0, 16, HEIGHT_PX)
            self._playhead = mix_frame

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Draw anew where the canvas does because it shows another part of time."""
        if event.type() == QEvent.Type.Paint and self._shown() != self._drawn:
            self.update()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        """Say what is under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tool_tip_at(event.pos()), self)
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw in the new palette's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def tool_tip_at(self, point: QPoint) -> str:
        """The values at a point, and what is flagged there."""
        scene, measured = self._canvas.scene, self._measured
        if scene is None or measured is None:
            return ""
        frame = self._canvas.axis.frame_at(point.x())
        at_s = (frame - scene.fade.start_frame) / scene.rate_hz
        lines = []
        for name, curve in self._curves():
            i = round((at_s - curve.start_s) / curve.hop_s)
            if 0 <= i < len(curve.mixed):
                words = self.tr("{name}: {mixed}; the tracks alone {outgoing} and {incoming}")
                values = (curve.mixed[i], curve.outgoing[i], curve.incoming[i])
                decimals = 1 if name == "roughness" else 2
                mixed, outgoing, incoming = (f"{value:.{decimals}f}" for value in values)
                lines.append(
                    words.format(
                        name=measure_title(name), mixed=mixed, outgoing=outgoing, incoming=incoming
                    )
                )
        if not lines:
            return ""
        lines += [
            sentence(measure.words)
            for measure in measured.quality.flagged.values()
            if measure.range_s[0] <= at_s < measure.range_s[1]
        ]
        return "\n".join([clock_text(max(0.0, at_s)), *lines])

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw a row for each measure, and the playhead."""
        self._drawn = self._shown()
        colors, painter = theme.colors(), QPainter(self)
        painter.setFont(self.font())
        painter.fillRect(event.rect(), colors.background)
        for row in range(len(_NAMES)):
            painter.fillRect(self._row_rect(row), colors.panel)
        if self._canvas.scene is None:
            return
        painter.setOpacity(1.0 if self._is_current else 0.5)
        self._paint_flagged(painter)
        for row, (name, curve) in enumerate(self._curves()):
            self._paint_curve(painter, self._row_rect(row), name, curve)
        painter.setOpacity(1.0)
        self._paint_words(painter)
        if self._playhead is not None:
            x = self._canvas.axis.x_at(self._playhead)
            if -8 <= x <= self.width() + 8:
                paint_playhead(painter, x, QRectF(self.rect()))

    def _shown(self) -> object:
        """What of the canvas decides the picture."""
        scene = self._canvas.scene
        place = None if scene is None else (scene.pair, scene.fade.start_frame)
        return self._canvas.axis, place

    def _row_rect(self, row: int) -> QRectF:
        height = (HEIGHT_PX - 2) / len(_NAMES)
        return QRectF(0, 2 + row * height, self.width(), height - 2)

    def _curves(self) -> Iterator[tuple[str, Curve]]:
        for name in _NAMES if self._measured is not None else ():
            yield name, getattr(self._measured, name)

    def _x_of(self, seconds: float) -> float:
        scene = self._canvas.scene
        assert scene is not None
        frames = frames_from_seconds(seconds, scene.rate_hz)
        return self._canvas.axis.x_at(scene.fade.start_frame + frames)

    def _paint_flagged(self, painter: QPainter) -> None:
        """Shade what passes its limit: in the row of the measure, or in both."""
        flagged = self._measured.quality.flagged if self._measured is not None else {}
        for name, measure in flagged.items():
            rows = [_NAMES.index(name)] if name in _NAMES else range(len(_NAMES))
            for row in rows:
                self._shade(painter, self._row_rect(row), measure)

    def _shade(self, painter: QPainter, rect: QRectF, measure: Measure) -> None:
        left, right = (self._x_of(seconds) for seconds in measure.range_s)
        left, right = max(left, rect.left()), min(right, rect.right())
        if left < right:
            color = QColor(theme.colors().flagged)
            part = QRectF(left, rect.top(), right - left, rect.height())
            painter.fillRect(QRectF(part.left(), part.top(), part.width(), 2), color)
            color.setAlphaF(0.2)
            painter.fillRect(part, color)

    def _paint_curve(self, painter: QPainter, rect: QRectF, name: str, curve: Curve) -> None:
        if not curve.mixed:
            return
        colors = theme.colors()
        top = max(map(max, (curve.mixed, curve.outgoing, curve.incoming)))
        bottom = max(0.0, min(min(curve.mixed), top - _LEAST_SPAN[name]))
        top = max(top, bottom + _LEAST_SPAN[name])
        room = rect.adjusted(0, _PADDING_PX, 0, -_PADDING_PX)
        painter.save()
        painter.setClipRect(rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for values, color, width in (
            (curve.outgoing, colors.outgoing, 1.0),
            (curve.incoming, colors.incoming, 1.0),
            (curve.mixed, colors.text, 2.0),
        ):
            painter.setPen(QPen(color, width))
            heights = (np.asarray(values) - bottom) / (top - bottom)
            painter.drawPolyline(self._line(room, curve, heights))
        painter.restore()

    def _line(self, rect: QRectF, curve: Curve, heights: NDArray[np.float64]) -> QPolygonF:
        """A curve, with one point a pixel at most: the highest of those that fall on it."""
        axis, first_x = self._canvas.axis, self._x_of(curve.start_s)
        step_px = curve.hop_s * axis.sample_rate_hz / axis.frames_per_pixel
        first = max(0, int((rect.left() - first_x) / step_px) - 1)
        stop = min(len(heights), int((rect.right() - first_x) / step_px) + 2)
        if stop <= first:
            return QPolygonF()
        places = np.arange(first, stop, max(1, int(1 / step_px)))
        highest = np.maximum.reduceat(heights[:stop], places)
        xs = (first_x + places * step_px).tolist()
        ys = (rect.bottom() - highest * rect.height()).tolist()
        return QPolygonF([QPointF(x, y) for x, y in zip(xs, ys, strict=True)])

    def _paint_words(self, painter: QPainter) -> None:
        painter.setPen(theme.colors().secondary)
        for row, name in enumerate(_NAMES):
            room = self._row_rect(row).adjusted(theme.GRID_PX, 1, 0, 0)
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
            painter.drawText(room, flags, measure_title(name))

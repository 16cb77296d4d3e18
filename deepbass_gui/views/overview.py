"""The whole mix in a strip, with a frame around what the timeline shows of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from deepbass_gui.document import Document
from deepbass_gui.theme import colors
from deepbass_gui.views import timeline_words as words
from deepbass_gui.views.time_axis import TimeAxis
from deepbass_gui.views.timeline import MARGIN_PX, NEAREST_FRAMES_PER_PX, TimelineView
from deepbass_gui.views.timeline_layout import clips_of, joins_of
from deepbass_gui.views.timeline_paint import lane_color, paint_flag
from deepbass_gui.views.waveform import wave_image, wave_style

STRIP_PX = 40
REDRAW_EVERY_MS = 250
_EDGE_PX = 6
_FLAG_PX = 10
_LEAST_FRAME_PX = 4


class _Waves:
    """The waveforms of one colour, drawn as one picture however many tracks there are."""

    def __init__(self, color: QColor, width: int) -> None:
        self._style = wave_style(color, color)
        self._columns = np.zeros((width, 3), np.float32)
        self._places: list[QRect] = []

    def put(self, place: QRect, columns: NDArray[np.float32]) -> None:
        """Put a track's columns where it stands."""
        left, end = max(0, place.left()), min(len(self._columns), place.left() + place.width())
        if end > left:
            self._columns[left:end] = columns[left - place.left() : end - place.left()]
            self._places.append(QRect(left, place.top(), end - left, place.height()))

    def paint(self, painter: QPainter, height: int) -> None:
        """Draw what was put."""
        image = wave_image(self._columns, height, self._style)
        for place in self._places:
            painter.drawImage(place.topLeft(), image, place)


class OverviewStrip(QWidget):
    """The whole mix, small. Its frame is dragged to pan and by its edges to zoom.

    A click beside the frame brings that place into the middle of the timeline.
    """

    def __init__(
        self, document: Document, timeline: TimelineView, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._timeline = timeline
        self._waves: QImage | None = None
        self._held = ""
        self._held_offset = 0.0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REDRAW_EVERY_MS)
        self._soon.timeout.connect(self._draw_anew)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Overview of the mix"))
        self.setToolTip(
            self.tr("The whole mix. Drag the frame to scroll, its edges to zoom; click to go there")
        )
        document.planned.connect(self._on_planned)
        document.library.changed.connect(self._on_facts)
        timeline.view_changed.connect(self.update)
        timeline.playhead_moved.connect(self.update)
        timeline.marks_changed.connect(self.update)
        self._on_planned()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """A size to begin with."""
        return QSize(800, STRIP_PX)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The least size of use."""
        return QSize(160, STRIP_PX)

    @property
    def axis(self) -> TimeAxis:
        """The whole mix along the strip."""
        plan = self._document.plan
        n_frames, rate_hz = (1, 1) if plan is None else (plan.n_frames, plan.sample_rate_hz)
        return TimeAxis.fitted(0, n_frames, max(1, self.width()), rate_hz, margin_px=MARGIN_PX)

    @property
    def frame_rect(self) -> QRectF:
        """Where the frame stands."""
        axis, shown = self.axis, self._timeline.axis
        left, right = axis.x_at(shown.first_frame), axis.x_at(shown.last_frame)
        lacking = max(0.0, _LEAST_FRAME_PX - (right - left)) / 2
        left, right = max(0.0, left - lacking), min(float(self.width()), right + lacking)
        return QRectF(left, 0, right - left, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw what is exposed."""
        painter = QPainter(self)
        palette = colors()
        painter.fillRect(self.rect(), palette.panel)
        plan = self._document.plan
        if plan is None:
            return
        if self._waves is None:
            self._waves = self._drawn_waves()
        painter.drawImage(QPointF(0, 0), self._waves)
        frame = self.frame_rect
        veil = QColor(palette.background)
        veil.setAlphaF(0.6)
        painter.fillRect(QRectF(0, 0, frame.left(), self.height()), veil)
        painter.fillRect(QRectF(frame.right(), 0, self.width(), self.height()), veil)
        painter.setPen(QPen(palette.text, 1))
        painter.drawRect(frame.adjusted(0.5, 0.5, -0.5, -0.5))
        axis = self.axis
        for join in joins_of(plan):
            if self._timeline.marks.get(join.pair):
                x = axis.x_at(join.fade.start_frame + join.fade.n_frames / 2)
                top = self.height() - _FLAG_PX - 2
                paint_flag(painter, QRectF(x - _FLAG_PX / 2, top, _FLAG_PX, _FLAG_PX))
        if self._timeline.playhead is not None:
            x = round(axis.x_at(self._timeline.playhead))
            painter.fillRect(QRect(x, 0, 1, self.height()), palette.text)

    def _drawn_waves(self) -> QImage:
        """All tracks above each other in one picture."""
        plan = self._document.plan
        assert plan is not None
        ratio = self.devicePixelRatioF()
        size = QSize(round(self.width() * ratio), round(self.height() * ratio))
        drawn = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
        drawn.fill(Qt.GlobalColor.transparent)
        axis = self.axis
        per_column = axis.frames_per_pixel / ratio
        painter = QPainter(drawn)
        waves: dict[int, _Waves] = {}
        for clip in clips_of(plan):
            left, end = (round(axis.x_at(f) * ratio) for f in (clip.start_frame, clip.end_frame))
            place = QRect(left, 0, max(1, end - left), size.height())
            color = lane_color(clip)
            ground = QColor(color)
            ground.setAlphaF(0.15)
            painter.fillRect(place, ground)
            peaks = self._document.library.facts(clip.path).peaks
            if peaks is None:
                continue
            scale = clip.source_rate_hz / plan.sample_rate_hz
            first = (clip.start_frame - clip.origin_frame) * scale
            columns = peaks.columns(first, per_column * scale, place.width())
            wave = waves.setdefault(color.rgba(), _Waves(color, size.width()))
            wave.put(place, columns)
        for wave in waves.values():
            wave.paint(painter, size.height())
        painter.end()
        drawn.setDevicePixelRatio(ratio)
        return drawn

    def _draw_anew(self) -> None:
        self._waves = None
        self.update()

    def _on_planned(self) -> None:
        self.setAccessibleDescription(words.description(self._document.plan))
        if self._document.plan is None or self._waves is None:
            self._draw_anew()
        elif not self._soon.isActive():
            self._soon.start()

    def _on_facts(self, path: Path) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Lay it out anew."""
        self._waves = None

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw anew in other colours."""
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_anew()
        super().changeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Take hold of what is below the pointer."""
        if event.button() != Qt.MouseButton.LeftButton or self._document.plan is None:
            super().mousePressEvent(event)
            return
        x = event.position().x()
        self._held = self._part_at(x)
        if self._held == "beside":
            self._timeline.show_frames(*self._moved_to(x))
            self._held = "frame"
        frame = self.frame_rect
        at = {"left": frame.left(), "right": frame.right(), "frame": frame.center().x()}
        self._held_offset = at[self._held] - x

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Drag what is held; else show what could be."""
        x = event.position().x()
        shown = self._timeline.axis
        to = self.axis.frame_at(x + self._held_offset)
        closest = shown.width * NEAREST_FRAMES_PER_PX
        match self._held:
            case "frame":
                self._timeline.show_frames(*self._moved_to(x + self._held_offset))
            case "left":
                last = shown.last_frame
                self._timeline.show_frames(min(to, last - closest), last)
            case "right":
                first = shown.first_frame
                self._timeline.show_frames(first, max(to, first + closest))
            case _:
                self.setCursor(_CURSORS[self._part_at(x)])

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Let go."""
        self._held = ""

    def _moved_to(self, x: float) -> tuple[float, float]:
        """First and last frame of what is shown, if its middle is moved to x."""
        shown = self._timeline.axis
        moved = shown.centered(self.axis.frame_at(x))
        return moved.first_frame, moved.last_frame

    def _part_at(self, x: float) -> str:
        """What of the frame is at x: an edge of it, its inside, or nothing."""
        frame = self.frame_rect
        if abs(x - frame.left()) <= _EDGE_PX and x < frame.center().x():
            return "left"
        if abs(x - frame.right()) <= _EDGE_PX:
            return "right"
        return "frame" if frame.left() < x < frame.right() else "beside"


_CURSORS = {
    "left": Qt.CursorShape.SizeHorCursor,
    "right": Qt.CursorShape.SizeHorCursor,
    "frame": Qt.CursorShape.OpenHandCursor,
    "beside": Qt.CursorShape.PointingHandCursor,
}

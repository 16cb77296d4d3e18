"""The timeline: the whole mix as it will be, to look at, to move about in, to point at."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QGestureEvent,
    QPinchGesture,
    QScrollBar,
    QSizePolicy,
    QToolTip,
    QWidget,
)

from deepbass_engine.analysis.peaks import Peaks
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.quality_words import Mark
from deepbass_gui.selection import Selection
from deepbass_gui.theme import colors, tabular
from deepbass_gui.views import timeline_words as words
from deepbass_gui.views.ruler import PLAYHEAD_HALF_PX, RULER_PX, paint_playhead, paint_ruler
from deepbass_gui.views.time_axis import TimeAxis
from deepbass_gui.views.timeline_layout import Clip, Join, Layout, clips_of, joins_of
from deepbass_gui.views.timeline_paint import Scene, paint_lanes
from deepbass_gui.views.timeline_tiles import WaveTiles

REPAINT_EVERY_MS = 100
REFIT_EVERY_MS = 1_000
PAINT_BUDGET_S = 0.006
"""Time for waveforms that are not drawn yet, in one frame; the next frame goes on."""
MARGIN_PX = 8
NEAREST_FRAMES_PER_PX = 64
"""Closer than this the buckets that peaks are made of could be told apart."""
ZOOM_STEP = 1.5
_WHEEL_DOUBLES = 360
"""Wheel angle, in eighths of a degree, that zooms in by 2: three notches."""
_WHEEL_PAN = 0.5
"""Pixels to pan for one eighth of a degree."""
_PAGED_TO = 0.05
"""Where in the view the playhead stands after a page was turned, as a part of the width."""
_EMPTY_RATE_HZ = 44_100


class TimelineView(QWidget):
    """Tracks on two lanes that overlap where they fade, under a ruler, with a playhead.

    Signals
    -------
    seek_requested(int)
        The playhead is to go to this frame of the mix.
    play_requested(int)
        The mix is to be played from this frame.
    edit_requested(Pair)
        A transition is to be edited.
    view_changed()
        `axis` is another one.
    playhead_moved()
        `playhead` is another one.
    marks_changed()
        `marks` are others.
    """

    seek_requested = Signal(int)
    play_requested = Signal(int)
    edit_requested = Signal(object)
    view_changed = Signal()
    playhead_moved = Signal()
    marks_changed = Signal()

    def __init__(
        self, document: Document, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.follow = True
        """Whether the view turns a page when the playhead leaves it."""
        self._document = document
        self._selection = selection
        self._axis = TimeAxis(0, 1, 1, _EMPTY_RATE_HZ)
        self._is_fitted = True
        self._clips: tuple[Clip, ...] = ()
        self._joins: tuple[Join, ...] = ()
        self._marks: dict[Pair, tuple[Mark, ...]] = {}
        self._progress: dict[Pair, float | None] = {}
        self._hovered: Pair | None = None
        self._playhead: int | None = None
        self._pressed_at: QPointF | None = None
        self._dragged_from: TimeAxis | None = None
        self._is_scrubbing = False
        self._tiles = WaveTiles()
        self._seen_peaks: dict[Path, Peaks | None] = {}
        self._bar = QScrollBar(Qt.Orientation.Horizontal, self)
        self._bar.setAccessibleName(self.tr("Part of the mix that is shown"))
        self._bar.valueChanged.connect(self._on_scrolled)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REPAINT_EVERY_MS)
        self._soon.timeout.connect(self._show_news)
        self._news: set[Path] = set()

        self._was_planned = False
        self._refit = QTimer(self)
        self._refit.setSingleShot(True)
        self._refit.setInterval(REFIT_EVERY_MS)
        self._refit.timeout.connect(self._fit_again)

        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.grabGesture(Qt.GestureType.PinchGesture)
        self.setAccessibleName(self.tr("Timeline"))
        document.planned.connect(self._on_planned)
        document.library.changed.connect(self._on_facts)
        selection.pair_changed.connect(self.update)
        selection.shown.connect(self._on_shown)
        self._on_planned()

    @property
    def axis(self) -> TimeAxis:
        """Which part of the mix is shown, in frames of the mix."""
        return self._axis

    @property
    def is_fitted(self) -> bool:
        """Whether the whole mix is shown, and will be after every change."""
        return self._is_fitted

    @property
    def playhead(self) -> int | None:
        """The frame of the mix that the playhead stands at."""
        return self._playhead

    @property
    def marks(self) -> Mapping[Pair, tuple[Mark, ...]]:
        """What there is to say about transitions."""
        return self._marks

    @property
    def is_sketched(self) -> bool:
        """Whether some waveforms in sight are still only sketched; later frames draw them."""
        return self._tiles.owes

    @property
    def layout_now(self) -> Layout:
        """Where things stand at present."""
        return Layout(self._axis, max(0, self.height() - self._bar.height()))

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """A size to begin with."""
        return QSize(800, 240)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The least size of use."""
        return QSize(160, 120)

    def set_marks(self, marks: Mapping[Pair, tuple[Mark, ...]]) -> None:
        """Flag transitions, with what there is to say about each."""
        if marks != self._marks:
            self._marks = dict(marks)
            self.marks_changed.emit()
            self.update()

    def set_progress(self, progress: Mapping[Pair, float | None]) -> None:
        """Show how far transitions are rendered, from 0 to 1; None while one waits."""
        self._progress = dict(progress)
        self.update()

    def set_playhead(self, frame: int | None) -> None:
        """Move the playhead; only what it leaves and where it goes is drawn again."""
        if frame == self._playhead:
            return
        was_in_view = self._playhead is None or self._is_in_view(self._playhead)
        self._update_playhead()
        self._playhead = frame
        if frame is not None and self.follow and was_in_view and not self._is_in_view(frame):
            axis = self._axis
            self._look(axis.panned(axis.x_at(frame) - _PAGED_TO * axis.width))
        self._update_playhead()
        self.playhead_moved.emit()

    def zoom_in(self) -> None:
        """Show less, larger: about the playhead if it is in view, else about the middle."""
        self._zoom(self._zoom_x(), ZOOM_STEP)

    def zoom_out(self) -> None:
        """Show more, smaller."""
        self._zoom(self._zoom_x(), 1 / ZOOM_STEP)

    def fit(self) -> None:
        """Show the whole mix."""
        self._is_fitted = True
        self._look(self._fitted_axis())

    def show_frames(self, first: float, last: float) -> None:
        """Show a stretch of the mix, as far as the closest zoom allows."""
        self._is_fitted = False
        axis = TimeAxis.fitted(first, last, self.width(), self._rate_hz)
        self._look(axis.zoomed(axis.width / 2, 1, NEAREST_FRAMES_PER_PX, self._farthest))

    def center_on(self, pair: Pair) -> None:
        """Bring a transition into the middle, whole."""
        fade = self._document.fade(pair)
        if fade is None or self._is_fitted:
            return
        axis = self._axis
        room = fade.n_frames / axis.frames_per_pixel / (0.6 * axis.width)
        axis = axis.zoomed(0, min(1, 1 / max(room, 1e-9)), NEAREST_FRAMES_PER_PX, self._farthest)
        self._look(axis.centered(fade.start_frame + fade.n_frames / 2))

    # What it looks at

    @property
    def _rate_hz(self) -> int:
        plan = self._document.plan
        return _EMPTY_RATE_HZ if plan is None else plan.sample_rate_hz

    @property
    def _n_frames(self) -> int:
        plan = self._document.plan
        return 0 if plan is None else plan.n_frames

    @property
    def _farthest(self) -> float:
        return max(self._fitted_axis().frames_per_pixel, NEAREST_FRAMES_PER_PX)

    def _fitted_axis(self) -> TimeAxis:
        width, rate = max(1, self.width()), self._rate_hz
        return TimeAxis.fitted(0, self._n_frames, width, rate, margin_px=MARGIN_PX)

    def _look(self, axis: TimeAxis) -> None:
        """Show this part, or what of it there is."""
        margin = MARGIN_PX * axis.frames_per_pixel
        latest = self._n_frames + margin - axis.width * axis.frames_per_pixel
        first = max(-margin, min(axis.first_frame, latest))
        axis = replace(axis, first_frame=first)
        if axis != self._axis:
            self._axis = axis
            self.view_changed.emit()
        self._set_bar()
        self.update()

    def _zoom(self, x: float, factor: float) -> None:
        if not self._clips:
            return
        axis = self._axis.zoomed(x, factor, NEAREST_FRAMES_PER_PX, self._farthest)
        self._is_fitted = axis.frames_per_pixel >= self._farthest and factor < 1
        self._look(self._fitted_axis() if self._is_fitted else axis)

    def _zoom_x(self) -> float:
        if self._playhead is not None and self._is_in_view(self._playhead):
            return self._axis.x_at(self._playhead)
        return self.width() / 2

    def _pan(self, pixels: float) -> None:
        if pixels and not self._is_fitted:
            self._look(self._axis.panned(pixels))

    def _is_in_view(self, frame: float) -> bool:
        return 0 <= self._axis.x_at(frame) < self._axis.width

    def _set_bar(self) -> None:
        """Let the scroll bar tell what is shown, in pixels, without moving the view by it."""
        axis = self._axis
        total = self._n_frames / axis.frames_per_pixel + 2 * MARGIN_PX
        hidden = max(0, math.ceil(total - axis.width))
        self._bar.blockSignals(True)
        self._bar.setRange(0, hidden)
        self._bar.setPageStep(axis.width)
        self._bar.setSingleStep(max(1, axis.width // 20))
        self._bar.setValue(round(axis.first_frame / axis.frames_per_pixel) + MARGIN_PX)
        self._bar.blockSignals(False)

    def _on_scrolled(self, value: int) -> None:
        scale = self._axis.frames_per_pixel
        self._look(replace(self._axis, first_frame=(value - MARGIN_PX) * scale))

    # What happens elsewhere

    def _on_planned(self) -> None:
        plan = self._document.plan
        axis = replace(self._axis, sample_rate_hz=self._rate_hz)
        held = self._held_clip()
        self._clips = clips_of(plan) if plan else ()
        self._joins = joins_of(plan) if plan else ()
        self.setAccessibleDescription(words.description(plan))
        scale = self._rate_hz / self._axis.sample_rate_hz
        axis = replace(
            axis,
            first_frame=axis.first_frame * scale,
            frames_per_pixel=axis.frames_per_pixel * scale,
        )
        in_flux = self._document.is_trying or not self._document.is_settled
        if self._is_fitted and in_flux and self._was_planned:
            # every other scale draws every waveform anew: not at each step of a drag
            if not self._refit.isActive():
                self._refit.start()
            self._look(axis)
            return
        if self._is_fitted or not self._clips or axis.frames_per_pixel > self._farthest:
            self._was_planned = bool(self._clips)
            self.fit()
            return
        now = next((c for c in self._clips if held and c.track_id == held.track_id), None)
        if now is not None and held is not None:
            moved = now.origin_frame - held.origin_frame * scale
            axis = replace(axis, first_frame=axis.first_frame + moved)
        self._look(axis)

    def _fit_again(self) -> None:
        if self._is_fitted:
            self.fit()

    def _held_clip(self) -> Clip | None:
        """The clip in the middle of the view, which stays where it is if others change."""
        middle = self._axis.frame_at(self._axis.width / 2)
        return next((c for c in reversed(self._clips) if c.start_frame <= middle), None)

    def _on_facts(self, path: Path) -> None:
        peaks = self._document.library.facts(path).peaks
        if peaks is not self._seen_peaks.get(path):
            self._seen_peaks[path] = peaks
            self._tiles.forget(path, peaks)
        self._news.add(path)
        if not self._soon.isActive():
            self._soon.start()

    def _show_news(self) -> None:
        """Paint the clips anew of whose files more is known."""
        news, self._news = self._news, set()
        layout = self.layout_now
        for clip in self._clips:
            if clip.path in news:
                self.update(layout.clip(clip).toAlignedRect())

    def _on_shown(self, pair: Pair) -> None:
        fade = self._document.fade(pair)
        if fade is None:
            return
        ends = (fade.start_frame, fade.start_frame + fade.n_frames)
        if not all(map(self._is_in_view, ends)):
            self.center_on(pair)
        self.update()

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw what is exposed."""
        painter = QPainter(self)
        exposed = QRectF(event.rect())
        layout, font = self.layout_now, tabular(self.font())
        painter.fillRect(event.rect(), colors().background)
        if not self._clips:
            painter.setPen(colors().secondary)
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignCenter, self.tr("The mix will be shown here.")
            )
            return
        paint_ruler(painter, self._axis, layout.ruler, font, exposed)
        library = self._document.library
        scene = Scene(
            clips=self._clips,
            joins=self._joins,
            facts=lambda clip: library.facts(clip.path),
            reading_text=words.reading_text,
            marks=self._marks,
            progress=self._progress,
            selected=self._selection.pair,
            hovered=self._hovered,
        )
        ratio = self.devicePixelRatioF()
        self._tiles.begin(PAINT_BUDGET_S)
        paint_lanes(painter, scene, layout, self._tiles, exposed, font, ratio)
        if self._tiles.owes:
            QTimer.singleShot(0, self, self.update)
        if self._playhead is not None:
            whole = QRectF(0, 0, layout.axis.width, layout.height)
            paint_playhead(painter, round(self._axis.x_at(self._playhead)) + 0.5, whole)
        if self.hasFocus():
            painter.setPen(QPen(colors().accent, 1))
            painter.drawRect(QRectF(0.5, 0.5, layout.axis.width - 1, layout.height - 1))

    def _update_playhead(self) -> None:
        if self._playhead is not None:
            x = round(self._axis.x_at(self._playhead))
            if -PLAYHEAD_HALF_PX <= x <= self.width() + PLAYHEAD_HALF_PX:
                half = PLAYHEAD_HALF_PX + 1
                self.update(x - half, 0, 2 * half + 1, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Lay it out anew."""
        height = self._bar.sizeHint().height()
        self._bar.setGeometry(0, self.height() - height, self.width(), height)
        if self._is_fitted:
            self.fit()
        else:
            axis = replace(self._axis, width=self.width())
            self._look(axis.zoomed(0, 1, NEAREST_FRAMES_PER_PX, self._farthest))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw anew in other colours."""
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.update()
        super().changeEvent(event)

    # Pointing

    def join_at(self, point: QPointF) -> Join | None:
        """The transition at a point of the widget."""
        return self.layout_now.join_at(self._joins, point.x(), point.y())

    def clip_at(self, point: QPointF) -> Clip | None:
        """The clip at a point of the widget."""
        return self.layout_now.clip_at(self._clips, point.x(), point.y())

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Zoom at the pointer; with Shift or sideways, scroll."""
        turned, pixels = event.angleDelta(), event.pixelDelta()
        sideways = abs(turned.x()) > abs(turned.y())
        if sideways or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            angle = turned.x() if sideways else turned.y()
            exact = pixels.x() if sideways else pixels.y()
            self._pan(-(exact or angle * _WHEEL_PAN))
        else:
            self._zoom(event.position().x(), 2 ** (turned.y() / _WHEEL_DOUBLES))
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Zoom by a pinch; show the tooltip of what is below the pointer."""
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self._zoom(event.position().x(), 1 + event.value())
                return True
        elif isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                middle = self.mapFromGlobal(pinch.centerPoint().toPoint())
                self._zoom(middle.x(), pinch.scaleFactor())
                return True
        elif isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tool_tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def tool_tip_at(self, point: QPointF) -> str:
        """What is said about what is at a point; empty where there is nothing."""
        plan = self._document.plan
        if plan is None:
            return ""
        if self.layout_now.ruler.contains(point):
            return self.tr("Click or drag: move the playhead\nWheel: zoom, with Shift: scroll")
        if join := self.join_at(point):
            marks = self._marks.get(join.pair, ())
            return words.join_words(self._document, plan, join, marks)
        if clip := self.clip_at(point):
            return words.clip_words(self._document, plan, clip)
        return ""

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Take hold of what is below the pointer."""
        if not self._clips or event.button() not in (
            Qt.MouseButton.LeftButton,
            Qt.MouseButton.MiddleButton,
        ):
            super().mousePressEvent(event)
            return
        is_left = event.button() == Qt.MouseButton.LeftButton
        if is_left and event.position().y() < RULER_PX:
            self._is_scrubbing = True
            self._seek(event.position().x())
            return
        self._pressed_at = event.position()
        self._dragged_from = None if is_left else self._axis

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Drag what is held; else show what could be."""
        if self._is_scrubbing:
            self._seek(event.position().x())
            return
        if self._pressed_at is None:
            self._hover(event.position())
            return
        far = event.position() - self._pressed_at
        if self._dragged_from is None:
            if QPoint(round(far.x()), round(far.y())).manhattanLength() < _drag_px():
                return
            self._dragged_from = self._axis
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if not self._is_fitted:
            self._look(self._dragged_from.panned(-far.x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Let go; a click without a drag chooses."""
        was_click = self._pressed_at is not None and self._dragged_from is None
        self._is_scrubbing, self._pressed_at, self._dragged_from = False, None, None
        self._hover(event.position())
        if was_click and (join := self.join_at(event.position())):
            self._selection.choose(join.pair)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Edit a transition; play from a place in a track."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if join := self.join_at(event.position()):
            self._selection.choose(join.pair)
            self.edit_requested.emit(join.pair)
        elif self.clip_at(event.position()):
            self.play_requested.emit(self._frame_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Nothing is below the pointer any more."""
        self._set_hovered(None)

    def _seek(self, x: float) -> None:
        self.seek_requested.emit(self._frame_at(x))

    def _frame_at(self, x: float) -> int:
        return max(0, min(round(self._axis.frame_at(x)), self._n_frames - 1))

    def _hover(self, point: QPointF) -> None:
        join = self.join_at(point)
        shape = Qt.CursorShape.PointingHandCursor if join else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)
        self._set_hovered(join.pair if join else None)

    def _set_hovered(self, pair: Pair | None) -> None:
        if pair != self._hovered:
            self._hovered = pair
            self.update()


def _drag_px() -> int:
    return QApplication.startDragDistance()

"""Two tracks one above the other on one time axis, and the region in which one becomes the other.

The axis counts frames of the mix. Whenever the plan changes it is shifted so that the track whose
handle was held last stands still: its region follows the hand, and the other track slides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from deepbass_gui import preferences, theme
from deepbass_gui.document import Document
from deepbass_gui.jobs.detail import Detail
from deepbass_gui.region_edit import Handle, Lane, snapped
from deepbass_gui.selection import Selection
from deepbass_gui.views import editor_axis
from deepbass_gui.views.editor_hint import Hint, paint_hint
from deepbass_gui.views.editor_hold import Hold
from deepbass_gui.views.editor_lane import (
    LaneLook,
    LanePainter,
    handle_at,
    place_words,
    region_edges,
)
from deepbass_gui.views.editor_scene import LaneScene, PairScene, scene_of
from deepbass_gui.views.ruler import RULER_PX, paint_playhead, paint_ruler
from deepbass_gui.views.time_axis import TimeAxis

SNAP_KEY = "snap"
SNAP_PX = 8
DRAG_FROM_PX = 2
FINE = 0.1
ZOOM_STEP = 1.5
_LANE_GAP_PX = 2
_HANDLES = [(lane, handle) for lane in Lane for handle in Handle]


@dataclass(slots=True)
class _Press:
    """A mouse button that is down on a handle.

    Attributes
    ----------
    hold
        What is held.
    origin_frame
        Where in the mix the first frame of the held track was.
    targets
        What edges are drawn to, in frames of the held track.
    x
        Where the pointer was last.
    by
        How far the handle was dragged, in frames.
    is_drag
        Whether the pointer has left the place it was pressed at.
    hint
        What is said beside the pointer.
    """

    hold: Hold
    origin_frame: int
    targets: tuple[int, ...]
    x: float
    hint: Hint
    by: float = 0.0
    is_drag: bool = False


class PairCanvas(QWidget):
    """Shows the chosen transition and lets it be dragged.

    Signals
    -------
    seek_requested(int)
        The ruler was clicked: a frame of the mix.
    reset_requested()
        The region was double-clicked.
    menu_requested(QPoint)
        The verbs were asked for, at this point of the screen.
    snap_changed(bool)
        Snapping was switched.
    """

    seek_requested = Signal(int)
    reset_requested = Signal()
    menu_requested = Signal(QPoint)
    snap_changed = Signal(bool)

    def __init__(
        self, document: Document, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._detail = Detail(self)
        self._detail.arrived.connect(self.update)
        self._painters = {lane: LanePainter(lane, self._detail) for lane in Lane}
        self._scene: PairScene | None = None
        self._axis = TimeAxis(0, 100, 1, 48_000)
        self._is_fitted = True
        self._press: _Press | None = None
        self._pan_x: float | None = None
        self._focus = (Lane.OUT, Handle.WHOLE)
        self._hover: tuple[Lane, Handle] | None = None
        self._playhead: int | None = None
        self._is_placing = False
        self._is_spectrogram = False
        self._snaps = preferences.get(SNAP_KEY, True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(RULER_PX + 2 * 64)
        self.setFont(theme.tabular(self.font()))
        document.planned.connect(self._on_planned)
        document.edited.connect(self._on_edited)
        document.library.changed.connect(self._on_facts)
        selection.pair_changed.connect(self._on_pair)
        self._on_pair()

    # What is shown

    @property
    def scene(self) -> PairScene | None:
        """The transition that is shown."""
        return self._scene

    @property
    def axis(self) -> TimeAxis:
        """The time axis, in frames of the mix."""
        return self._axis

    @property
    def focus_handle(self) -> tuple[Lane, Handle]:
        """What keys move."""
        return self._focus

    @property
    def is_dragging(self) -> bool:
        """Whether a handle is being dragged."""
        return self._press is not None and self._press.is_drag

    @property
    def snaps(self) -> bool:
        """Whether edges are drawn to what is near."""
        return self._snaps

    @property
    def is_spectrogram(self) -> bool:
        """Whether frequencies are shown instead of waveforms."""
        return self._is_spectrogram

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for two lanes of 96 px."""
        return QSize(800, RULER_PX + 2 * 96)

    def lane_rect(self, lane: Lane) -> QRectF:
        """Where a lane stands."""
        height = (self.height() - RULER_PX - _LANE_GAP_PX) // 2
        top = RULER_PX + (0 if lane is Lane.OUT else height + _LANE_GAP_PX)
        return QRectF(0, top, self.width(), height)

    def choose_handle(self, lane: Lane, handle: Handle) -> None:
        """Let keys move this handle."""
        self._focus = (lane, handle)
        self._describe()
        self.update()

    def set_playhead(self, mix_frame: int | None) -> None:
        """Put the playhead at a frame of the mix, or take it away."""
        if mix_frame != self._playhead:
            for frame in (self._playhead, mix_frame):
                if frame is not None:
                    x = round(self._axis.x_at(frame))
                    self.update(x - 8, 0, 16, self.height())
            self._playhead = mix_frame

    def set_snap(self, snaps: bool) -> None:
        """Switch snapping; it is remembered."""
        if snaps != self._snaps:
            self._snaps = snaps
            preferences.put(SNAP_KEY, snaps)
            self.snap_changed.emit(snaps)

    def set_spectrogram(self, is_shown: bool) -> None:
        """Show frequencies instead of waveforms, or waveforms again."""
        self._is_spectrogram = is_shown
        self.update()

    def zoom(self, factor: float, about_x: float | None = None) -> None:
        """Zoom in (above 1) or out, about a point or else the middle of the region."""
        if self._scene is not None:
            if about_x is None:
                left, right = region_edges(self._scene.lanes[0], self._axis)
                about_x = min(max((left + right) / 2, 0), self.width())
            self._look(editor_axis.zoomed(self._axis, self._scene, factor, about_x))

    def pan(self, pixels: float) -> None:
        """Look farther right; never so far that no track is in sight."""
        if self._scene is not None:
            self._look(editor_axis.panned(self._axis, self._scene, pixels))

    def fit(self) -> None:
        """Show the region with a quarter of its length around it."""
        if self._scene is not None:
            self._look(editor_axis.fitted(self._scene, max(1, self.width())))
            self._is_fitted = True

    def _look(self, axis: TimeAxis) -> None:
        self._axis = axis
        self._is_fitted = False
        self.update()

    def nudge(self, frames: int, name: str) -> None:
        """Move the chosen handle; what follows quickly is the same step of the history."""
        if self._scene is None or self._press is not None:
            return
        lane, handle = self._focus
        pair = self._scene.pair
        if hold := Hold.of(self._document, pair, lane, handle):
            merge = f"nudge {pair.out_track} {pair.in_track} {lane.value} {handle.value}"
            self._document.edit(name, hold.nudged(frames), merge)

    def abort(self) -> bool:
        """Take back what is being dragged; tells whether there was anything."""
        was_dragging = self.is_dragging
        self._let_go()
        return was_dragging

    def shut_down(self) -> None:
        """Stop reading and wait for the thread."""
        self._detail.shut_down()

    # What changes elsewhere

    def _on_pair(self) -> None:
        self._let_go()
        self._detail.forget()
        self._scene = scene_of(self._document, self._selection.pair)
        self._hover = None
        self._describe()
        self.fit()
        self.update()

    def _on_planned(self) -> None:
        before, self._scene = self._scene, scene_of(self._document, self._selection.pair)
        after = self._scene
        if (
            before is None
            or after is None
            or (before.pair, before.rate_hz) != (after.pair, after.rate_hz)
        ):
            self._let_go()
            self.fit()
        else:
            self._axis = editor_axis.anchored(
                self._axis, before, after, self._focus[0], follows=not self.is_dragging
            )
            self._is_fitted = self._is_fitted and before.region == after.region
        self._describe()
        self.update()

    def _on_edited(self) -> None:
        if not self._is_placing:
            self._press = None  # an edit from elsewhere has ended the try-out

    def _on_facts(self, path: object) -> None:
        scene = self._scene
        if scene is not None and path in {lane.facts.path for lane in scene.lanes}:
            self._scene = scene_of(self._document, scene.pair)
            self.update()

    def _let_go(self) -> None:
        """Abort a drag."""
        press, self._press = self._press, None
        if press is not None and press.is_drag:
            self._document.drop_trial()
        self.update()

    def _describe(self) -> None:
        """Say in words what is shown, for those who don't see it."""
        scene = self._scene
        if scene is None:
            self.setAccessibleName(self.tr("No transition"))
            return
        leaving, entering = scene.lanes
        self.setAccessibleName(
            self.tr("Transition from {first} to {second}").format(
                first=leaving.facts.title, second=entering.facts.title
            )
        )
        lane, handle = self._focus
        what = {
            Handle.WHOLE: self.tr("whole region"),
            Handle.LEFT: self.tr("left edge"),
            Handle.RIGHT: self.tr("right edge"),
        }[handle]
        self.setAccessibleDescription(f"{what}, {place_words(scene.lane(lane), scene.rate_hz)}")

    # The mouse

    def _handle_at(self, at: QPointF) -> tuple[Lane, Handle] | None:
        if self._scene is not None:
            for lane in Lane:
                if self.lane_rect(lane).contains(at):
                    handle = handle_at(self._scene.lane(lane), self._axis, at.x())
                    return (lane, handle) if handle else None
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Take hold of a handle, seek on the ruler, or pan with the middle button."""
        at = event.position()
        if self._scene is None or self._press is not None:
            return
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan_x = at.x()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif event.button() == Qt.MouseButton.LeftButton and at.y() < RULER_PX:
            last = self._scene.plan.n_frames - 1
            self.seek_requested.emit(min(max(0, round(self._axis.frame_at(at.x()))), last))
        elif event.button() == Qt.MouseButton.LeftButton and (found := self._handle_at(at)):
            self.choose_handle(*found)
            if hold := Hold.of(self._document, self._scene.pair, *found):
                held = self._scene.lane(found[0])
                origin = held.clip.origin_frame
                self._press = _Press(hold, origin, self._targets(held), at.x(), Hint(*found, at))
                self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Drag what is held, or show what could be."""
        at = event.position()
        if self._pan_x is not None:
            self.pan(self._pan_x - at.x())
            self._pan_x = at.x()
        elif self._press is not None and not event.buttons() & Qt.MouseButton.LeftButton:
            self._finish(at)  # it was let go where we don't hear of it
        elif self._press is not None:
            self._drag(self._press, at, event.modifiers())
        else:
            hover = self._handle_at(at)
            if hover != self._hover:
                self._hover = hover
                self.update()
            self.setCursor(_cursor(hover))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """End a drag or a pan."""
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan_x = None
            self.setCursor(_cursor(self._hover))
        elif event.button() == Qt.MouseButton.LeftButton and self._press is not None:
            self._finish(event.position())

    def _finish(self, at: QPointF) -> None:
        """Make a drag a step of the history."""
        press, self._press = self._press, None
        if press is not None and press.is_drag:
            self._document.settle(self._move_name())
        self.setCursor(_cursor(self._handle_at(at)))
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Take back what the transition has of its own."""
        if event.button() == Qt.MouseButton.LeftButton and self._handle_at(event.position()):
            self.reset_requested.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 (Qt's name)
        """Ask for the verbs."""
        if self._scene is not None and self._press is None:
            self.menu_requested.emit(event.globalPos())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Nothing is under the pointer any more."""
        self._hover = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Zoom at the pointer; with Shift, or sideways, pan."""
        pixels, steps = event.pixelDelta(), event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(steps.x()) > abs(steps.y()):
            moved = pixels.x() or pixels.y() or (steps.x() or steps.y())
            self.pan(-moved)
        else:
            self.zoom(ZOOM_STEP ** (steps.y() / 120), event.position().x())
        event.accept()

    def _drag(self, press: _Press, at: QPointF, keys: Qt.KeyboardModifier) -> None:
        moved = at.x() - press.x
        if not press.is_drag and abs(moved) < DRAG_FROM_PX:
            return
        press.is_drag, press.x = True, at.x()
        is_fine = bool(keys & Qt.KeyboardModifier.ShiftModifier)
        press.by += moved * self._axis.frames_per_pixel * (FINE if is_fine else 1)
        by, hold = round(press.by), press.hold
        snapped_at = None
        if self._snaps and not is_fine and not keys & Qt.KeyboardModifier.AltModifier:
            reach = SNAP_PX * self._axis.frames_per_pixel
            snap = snapped(hold.region, hold.lane, hold.handle, by, press.targets, reach)
            by, snapped_at = snap.by, snap.at_frame
        press.hint = Hint(hold.lane, hold.handle, at, snapped_at)
        self._is_placing = True
        try:
            self._document.try_out(hold.moved(by))
        finally:
            self._is_placing = False
        self.update()

    def _targets(self, held: LaneScene) -> tuple[int, ...]:
        """Begin and end of what is heard and of the file, beats that are drawn, the playhead."""
        found = [held.audible.start_frame, held.audible.end_frame, 0, held.n_frames]
        if held.beats is not None:
            step = held.beats.step(self._axis.frames_per_pixel)
            found += map(round, held.beats.between(0, held.n_frames, step))
        if self._playhead is not None:
            found.append(self._playhead - held.clip.origin_frame)
        return tuple(found)

    def _move_name(self) -> str:
        number = self._scene.fade.index + 1 if self._scene else 0
        return self.tr("Move transition {number}").format(number=number)

    # Keys

    def event(self, event: QEvent) -> bool:
        """Keep Esc for the drag while there is one."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self._press is not None
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Esc aborts a drag; other keys are the window's."""
        if event.key() == Qt.Key.Key_Escape and self._press is not None:
            self._let_go()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802 (Qt's name)
        """Go through the handles before leaving."""
        index = _HANDLES.index(self._focus) + (1 if forward else -1)
        if self._scene is not None and 0 <= index < len(_HANDLES):
            self.choose_handle(*_HANDLES[index])
            return True
        return super().focusNextPrevChild(forward)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Begin with the first handle, or from behind with the last."""
        if event.reason() == Qt.FocusReason.TabFocusReason:
            self.choose_handle(*_HANDLES[0])
        elif event.reason() == Qt.FocusReason.BacktabFocusReason:
            self.choose_handle(*_HANDLES[-1])
        super().focusInEvent(event)

    # Painting

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Keep the region fitted, or else the scale."""
        if self._is_fitted:
            self.fit()
        self._axis = replace(self._axis, width=max(1, self.width()))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw in the new palette's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw ruler, lanes, playhead and what is said of a drag."""
        colors = theme.colors()
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.fillRect(event.rect(), colors.background)
        scene = self._scene
        if scene is None:
            painter.setPen(colors.secondary)
            words = self.tr("Choose a transition in the playlist or the timeline")
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
            return
        whole = QRectF(self.rect())
        ruler = QRectF(0, 0, self.width(), RULER_PX)
        paint_ruler(painter, self._axis, ruler, self.font())
        for lane in Lane:
            look = LaneLook(
                is_spectrogram=self._is_spectrogram,
                focused=self._focus[1] if self._focus[0] is lane else None,
                has_keys=self.hasFocus(),
                hovered=self._hover[1] if self._hover and self._hover[0] is lane else None,
            )
            rect = self.lane_rect(lane)
            self._painters[lane].paint(painter, rect, scene.lane(lane), self._axis, look)
        if self._playhead is not None:
            x = self._axis.x_at(self._playhead + self._slid(scene))
            if -8 <= x <= self.width() + 8:
                paint_playhead(painter, x, whole)
        if self._press is not None and self._press.is_drag:
            paint_hint(painter, self._axis, whole, scene, self._press.hint)

    def _slid(self, scene: PairScene) -> int:
        """How far the held track has moved in the mix: the playhead stays with its sound."""
        if self._press is None:
            return 0
        held = scene.lane(self._press.hold.lane)
        return held.clip.origin_frame - self._press.origin_frame


def _cursor(hover: tuple[Lane, Handle] | None) -> Qt.CursorShape:
    return Qt.CursorShape.OpenHandCursor if hover else Qt.CursorShape.ArrowCursor

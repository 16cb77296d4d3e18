"""What is said beside the pointer while a handle is dragged: its exact time, and the length."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from deepbass_engine.units import seconds_from_frames
from deepbass_gui import theme
from deepbass_gui.region_edit import Handle, Lane
from deepbass_gui.views.editor_lane import exact_clock
from deepbass_gui.views.editor_scene import PairScene
from deepbass_gui.views.ruler import RULER_PX
from deepbass_gui.views.time_axis import TimeAxis

_FROM_POINTER_PX = 16
_MARGIN_PX = 8


@dataclass(frozen=True, slots=True)
class Hint:
    """Where a drag is.

    Attributes
    ----------
    lane, handle
        What is held.
    at
        Where the pointer is.
    snapped_at
        Frame of the track that an edge was drawn to, or None.
    """

    lane: Lane
    handle: Handle
    at: QPointF
    snapped_at: int | None = None


def hint_lines(scene: PairScene, hint: Hint) -> list[str]:
    """The time and frame of what is held, in its track, and the transition's length."""
    region = scene.lane(hint.lane).region
    frame = region.end_frame if hint.handle is Handle.RIGHT else region.start_frame
    length_s = seconds_from_frames(scene.fade.n_frames, scene.rate_hz)
    translate = QCoreApplication.translate
    return [
        translate("TransitionEditor", "{time}   frame {frame}").format(
            time=exact_clock(frame, scene.rate_hz), frame=f"{frame:,}".replace(",", " ")
        ),
        translate("TransitionEditor", "length {length} s").format(length=f"{length_s:.3f}"),
    ]


def paint_hint(
    painter: QPainter, axis: TimeAxis, area: QRectF, scene: PairScene, hint: Hint
) -> None:
    """Draw the words beside the pointer, and a line at what the edge was drawn to."""
    colors = theme.colors()
    lane = scene.lane(hint.lane)
    if hint.snapped_at in (lane.region.start_frame, lane.region.end_frame):
        x = axis.x_at(lane.clip.origin_frame + hint.snapped_at)
        painter.setPen(QPen(colors.accent, 2, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, RULER_PX), QPointF(x, area.bottom()))
    lines = hint_lines(scene, hint)
    metrics = QFontMetricsF(painter.font())
    width = max(metrics.horizontalAdvance(line) for line in lines) + 2 * _MARGIN_PX
    height = len(lines) * metrics.height() + _MARGIN_PX
    left = hint.at.x() + _FROM_POINTER_PX
    if left + width > area.right():
        left = hint.at.x() - _FROM_POINTER_PX - width
    top = min(max(0.0, hint.at.y() - height / 2), area.height() - height)
    box = QRectF(max(0.0, left), top, width, height)
    painter.setPen(QPen(colors.edge, 1))
    painter.setBrush(colors.panel)
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(colors.text)
    inner = box.adjusted(_MARGIN_PX, _MARGIN_PX / 2, -_MARGIN_PX, -_MARGIN_PX / 2)
    painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, "\n".join(lines))

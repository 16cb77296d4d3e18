"""The ruler above everything that is drawn along time."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen

from deepbass_gui.theme import colors
from deepbass_gui.views.time_axis import TimeAxis

RULER_PX = 24
_LABELS_APART_PX = 24
_LONG_TICK_PX = 8
_SHORT_TICK_PX = 4


def paint_ruler(
    painter: QPainter, axis: TimeAxis, rect: QRectF, font: QFont, exposed: QRectF | None = None
) -> None:
    """Draw ticks and times into `rect`, whose left edge is the axis' x = 0.

    Parameters
    ----------
    font
        For the times; its digits should be of one width.
    exposed
        The part that has to be drawn.
    """
    palette = colors()
    exposed = rect if exposed is None else exposed.intersected(rect)
    if exposed.isEmpty():
        return
    metrics = QFontMetricsF(font)
    widest = metrics.horizontalAdvance("0:00:00.000") + _LABELS_APART_PX
    painter.save()
    painter.setClipRect(exposed)
    painter.fillRect(exposed, palette.panel)
    painter.translate(rect.left(), 0)
    ticks = axis.ticks(widest, exposed.left() - rect.left() - widest, exposed.right() - rect.left())
    bottom = rect.bottom()
    long: list[QLineF] = []
    short: list[QLineF] = []
    for tick in ticks:
        lines, length = (long, _LONG_TICK_PX) if tick.text else (short, _SHORT_TICK_PX)
        lines.append(QLineF(tick.x, bottom - length, tick.x, bottom))
    painter.setPen(QPen(palette.edge, 1))
    painter.drawLines([*short, *long])
    painter.setFont(font)
    painter.setPen(palette.secondary)
    baseline = rect.top() + (rect.height() - _LONG_TICK_PX + metrics.capHeight()) / 2 + 2
    for tick in ticks:
        if tick.text:
            painter.drawText(QPointF(tick.x + 4, baseline), tick.text)
    painter.setPen(QPen(palette.line, 1))
    painter.drawLine(QLineF(0, bottom - 0.5, rect.width(), bottom - 0.5))
    painter.restore()


def paint_playhead(painter: QPainter, x: float, rect: QRectF) -> None:
    """Draw the playhead: a line from top to bottom with a triangle at its head."""
    palette = colors()
    painter.save()
    painter.setPen(QPen(palette.text, 1))
    painter.drawLine(QLineF(x, rect.top(), x, rect.bottom()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.text)
    painter.drawPolygon(
        [
            QPointF(x - PLAYHEAD_HALF_PX, rect.top()),
            QPointF(x + PLAYHEAD_HALF_PX, rect.top()),
            QPointF(x, rect.top() + PLAYHEAD_HALF_PX + 2),
        ]
    )
    painter.restore()


PLAYHEAD_HALF_PX = 5
"""How far the playhead's triangle reaches to each side."""

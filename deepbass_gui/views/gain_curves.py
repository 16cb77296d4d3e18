"""What a track is multiplied with along a transition: silence at the bottom, full level at the top.

On the beat the mids follow the curve, and bass and highs have gains of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QPolygonF

from deepbass_engine.fades.curves import gains_in, gains_out
from deepbass_engine.fades.eq import handed_over
from deepbass_engine.mix.band_fade import turn_of_bass, turn_of_highs
from deepbass_engine.mix.joins.choosing import Join
from deepbass_gui import theme
from deepbass_gui.region_edit import Lane
from deepbass_gui.views.beat_marks import BAR_TICK_PX
from deepbass_gui.views.editor_scene import LaneScene

_POINTS = 200
_WORDS_IN_REGION = 6


def paint_gains(painter: QPainter, region: QRectF, scene: LaneScene) -> None:
    """Draw the curve of a transition, and on the beat those of its bass and highs."""
    is_out = scene.lane is Lane.OUT
    name = "Linear" if scene.curve == "Random_Linear" else scene.curve
    painter.setPen(QPen(theme.colors().text, 1.5))
    painter.drawPolyline(_line(region, (gains_out if is_out else gains_in)(name, _POINTS)))
    if scene.join is not None:
        _paint_bands(painter, region, scene, scene.join)


def _paint_bands(painter: QPainter, region: QRectF, scene: LaneScene, join: Join) -> None:
    translate, metrics = QCoreApplication.translate, QFontMetricsF(painter.font())
    n_frames, is_out = join.placed.n_frames, scene.lane is Lane.OUT
    for words, turn, dashes in (
        (translate("TransitionEditor", "bass"), turn_of_bass, Qt.PenStyle.DashLine),
        (translate("TransitionEditor", "highs"), turn_of_highs, Qt.PenStyle.DotLine),
    ):
        middle, length = (_POINTS * frames / n_frames for frames in turn(join, scene.rate_hz))
        gains = handed_over(_POINTS, round(middle), max(1, round(length)))
        painter.setPen(QPen(theme.colors().text, 1, dashes))
        painter.drawPolyline(_line(region, gains[0 if is_out else 1]))
        wide = metrics.horizontalAdvance(words)
        if region.width() > _WORDS_IN_REGION * wide:  # beside where the track has the band in full
            edge = middle - length / 2 if is_out else middle + length / 2
            x = region.left() + edge / _POINTS * region.width()
            x += -wide - 4 if is_out else 4
            painter.drawText(QPointF(x, region.top() + BAR_TICK_PX + metrics.ascent()), words)


def _line(region: QRectF, gains: NDArray[np.floating[Any]]) -> QPolygonF:
    xs = np.linspace(region.left(), region.right(), len(gains)).tolist()
    return QPolygonF(
        [
            QPointF(x, region.bottom() - region.height() * float(gain))
            for x, gain in zip(xs, gains, strict=True)
        ]
    )

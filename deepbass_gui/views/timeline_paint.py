"""The picture of the timeline: clips with their waveforms, fades, transitions and their marks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from deepbass_gui.edits import Pair
from deepbass_gui.jobs.library import TrackFacts
from deepbass_gui.quality_words import Mark
from deepbass_gui.theme import colors, mixed
from deepbass_gui.views.timeline_layout import HEADER_PX, Clip, Join, Layout, Ramp
from deepbass_gui.views.timeline_tiles import WaveScale, WaveTiles

_TEXT_INSET_PX = 8
_LEAST_TEXT_PX = 32
_LEAST_JOIN_PX = 0.5
_FLAG_PX = 16
_BAR_PX = 4
_LEAST_BAR_PX = 16
_CURVE_STEP_PX = 4


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is to be seen on the timeline.

    Attributes
    ----------
    facts
        What is known of a clip's file.
    reading_text
        What stands on a clip of which there are no peaks.
    marks
        The words on flagged transitions.
    progress
        How far rendered the transitions are that are being rendered; None while one waits.
    selected, hovered
        The transition being worked on, and the one below the pointer.
    """

    clips: tuple[Clip, ...]
    joins: tuple[Join, ...]
    facts: Callable[[Clip], TrackFacts]
    reading_text: Callable[[TrackFacts], str]
    marks: Mapping[Pair, tuple[Mark, ...]] = field(default_factory=dict)
    progress: Mapping[Pair, float | None] = field(default_factory=dict)
    selected: Pair | None = None
    hovered: Pair | None = None


def lane_color(clip: Clip) -> QColor:
    """The colour of a clip: that of a track that leaves, and that of one that enters, in turn."""
    return colors().incoming if clip.lane else colors().outgoing


def paint_lanes(
    painter: QPainter,
    scene: Scene,
    layout: Layout,
    tiles: WaveTiles,
    exposed: QRectF,
    font: QFont,
    device_ratio: float,
) -> None:
    """Draw all but ground, ruler and playhead into the part that is exposed."""
    exposed = exposed.intersected(layout.lanes)
    if exposed.isEmpty():
        return
    painter.save()
    painter.setClipRect(exposed)
    painter.setFont(font)
    wanted = exposed.adjusted(-_FLAG_PX, 0, _FLAG_PX, 0)
    clips = [clip for clip in scene.clips if layout.clip(clip).intersects(exposed)]
    for clip in clips:
        _paint_clip(painter, scene, layout, tiles, clip, exposed, device_ratio)
    joins = [join for join in scene.joins if _meets(layout.join(join), wanted)]
    for join in joins:
        if layout.join(join).width() >= _LEAST_JOIN_PX or join.pair in (
            scene.selected,
            scene.hovered,
        ):
            _paint_join(painter, scene, layout, join)
    for clip in clips:
        for ramp in clip.ramps:
            _paint_ramp(painter, layout, clip, ramp, exposed)
        if layout.clip(clip).width() >= _LEAST_TEXT_PX / 2:
            _paint_header(painter, scene, layout, clip)
    for join in joins:
        if join.pair in scene.progress:
            _paint_bar(painter, layout.join(join), scene.progress[join.pair])
        if scene.marks.get(join.pair):
            paint_flag(painter, flag_place(layout.join(join)))
    painter.restore()


def flag_place(join: QRectF) -> QRectF:
    """Where the flag of a transition stands."""
    bottom = join.bottom() - 2 * _BAR_PX
    return QRectF(join.center().x() - _FLAG_PX / 2, bottom - _FLAG_PX, _FLAG_PX, _FLAG_PX)


def paint_flag(painter: QPainter, place: QRectF) -> None:
    """Draw a triangle with an exclamation mark: there is something to say about this."""
    palette = colors()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(palette.background, 1))
    painter.setBrush(palette.flagged)
    top = QPointF(place.center().x(), place.top())
    painter.drawPolygon([top, place.bottomRight(), place.bottomLeft()])
    x = place.center().x()
    height = place.height()
    painter.setPen(QPen(palette.background, max(1.0, height / 8)))
    painter.drawLine(QLineF(x, place.top() + 0.38 * height, x, place.top() + 0.66 * height))
    painter.drawPoint(QPointF(x, place.top() + 0.84 * height))
    painter.restore()


def _meets(place: QRectF, exposed: QRectF) -> bool:
    """Whether two rectangles touch; one of no width may, unlike Qt's `intersects`."""
    return place.right() >= exposed.left() and place.left() <= exposed.right()


def _tint(color: QColor, alpha: float) -> QColor:
    made = QColor(color)
    made.setAlphaF(alpha)
    return made


def _paint_clip(
    painter: QPainter,
    scene: Scene,
    layout: Layout,
    tiles: WaveTiles,
    clip: Clip,
    exposed: QRectF,
    device_ratio: float,
) -> None:
    """A block in the lane's colour, and the waveform in it as far as it is known."""
    place, wave, color = layout.clip(clip), layout.wave(clip), lane_color(clip)
    painter.fillRect(place.intersected(exposed), mixed(colors().panel, color, 0.08))
    facts = scene.facts(clip)
    if facts.peaks is not None:
        axis = layout.axis
        per_column = axis.frames_per_pixel / device_ratio
        first_column = math.floor(axis.first_frame / per_column + 0.5)
        scale = WaveScale(first_column, per_column, axis.sample_rate_hz, device_ratio)
        left = math.floor(exposed.left() * device_ratio)
        end = math.ceil(exposed.right() * device_ratio)
        top, bottom = (round(y * device_ratio) for y in (wave.top(), wave.bottom()))
        painter.save()
        painter.scale(1 / device_ratio, 1 / device_ratio)
        where = QRect(left, top + 1, end - left, bottom - top - 2)
        tiles.paint(painter, clip, facts.peaks, scale, where, color)
        painter.restore()
    else:
        seen = _seen(wave, layout)
        if seen.width() > 3 * _LEAST_TEXT_PX:
            painter.setPen(colors().secondary)
            painter.drawText(seen, Qt.AlignmentFlag.AlignCenter, scene.reading_text(facts))
    painter.setPen(QPen(_tint(color, 0.6), 1))
    painter.drawLine(QLineF(place.left(), place.top(), place.left(), place.bottom()))
    painter.drawLine(QLineF(place.right(), place.top(), place.right(), place.bottom()))


def _seen(place: QRectF, layout: Layout) -> QRectF:
    """The part of a place that is in view."""
    return place.intersected(QRectF(0, place.top(), layout.axis.width, place.height()))


def _paint_header(painter: QPainter, scene: Scene, layout: Layout, clip: Clip) -> None:
    """Number and title at the left edge of what is seen of the clip."""
    seen = _seen(layout.clip(clip), layout)
    seen.setHeight(min(HEADER_PX, seen.height()))
    color = lane_color(clip)
    painter.fillRect(seen, _tint(color, 0.22))
    room = seen.width() - 2 * _TEXT_INSET_PX
    if room < _LEAST_TEXT_PX / 2:
        return
    metrics = QFontMetricsF(painter.font())
    text = str(clip.index + 1)
    if room >= _LEAST_TEXT_PX:
        text = f"{text}  {scene.facts(clip).title}"
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
    painter.setPen(colors().text)
    inner = seen.adjusted(_TEXT_INSET_PX, 0, -_TEXT_INSET_PX, 0)
    painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def _paint_join(painter: QPainter, scene: Scene, layout: Layout, join: Join) -> None:
    """Shade a transition, stronger below the pointer; frame the one being worked on."""
    palette, place = colors(), layout.join(join)
    selected, hovered = join.pair == scene.selected, join.pair == scene.hovered
    strength = 0.07 + 0.07 * selected + 0.09 * hovered
    painter.fillRect(place, _tint(palette.text, strength))
    painter.save()
    if selected:
        painter.setPen(QPen(palette.accent, 2))
        painter.drawRect(place.adjusted(-1, 0, 1, 0))
    else:
        painter.setPen(QPen(palette.text if hovered else palette.edge, 1))
        for x in {place.left(), place.right()}:
            painter.drawLine(QLineF(x, place.top(), x, place.bottom()))
    painter.restore()


def _paint_ramp(painter: QPainter, layout: Layout, clip: Clip, ramp: Ramp, exposed: QRectF) -> None:
    """Draw the gain through a fade as a line: 1 at the waveform's top, 0 at its bottom."""
    wave, axis = layout.wave(clip), layout.axis
    begin = clip.origin_frame + ramp.first_frame
    left, right = axis.x_at(begin), axis.x_at(begin + ramp.n_frames)
    if right - left < 2 * _CURVE_STEP_PX:
        return
    first = max(left, exposed.left() - 2 * _CURVE_STEP_PX)
    last = min(right, exposed.right() + 2 * _CURVE_STEP_PX)
    if last <= first:
        return
    # Points on a grid that begins with the fade, so that the line is the same however it is cut up.
    steps = np.arange(
        math.floor((first - left) / _CURVE_STEP_PX),
        math.ceil((last - left) / _CURVE_STEP_PX) + 1,
    )
    x = np.clip(left + steps * _CURVE_STEP_PX, left, right)
    frames = ramp.first_frame + (x - left) * axis.frames_per_pixel
    frames = np.minimum(frames, ramp.first_frame + ramp.n_frames - 1)
    y = wave.bottom() - 1 - ramp.gain(frames) * (wave.height() - 2)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colors().text, 1.5))
    painter.drawPolyline([QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)])
    painter.restore()


def _paint_bar(painter: QPainter, join: QRectF, share: float | None) -> None:
    """A thin bar along the bottom of a transition: how much of it is rendered."""
    palette = colors()
    width = max(join.width(), _LEAST_BAR_PX)
    bar = QRectF(join.center().x() - width / 2, join.bottom() - _BAR_PX, width, _BAR_PX)
    painter.fillRect(bar, palette.edge)
    if share is not None:
        bar.setWidth(width * min(max(share, 0.0), 1.0))
        painter.fillRect(bar, palette.ok if share >= 1 else palette.accent)

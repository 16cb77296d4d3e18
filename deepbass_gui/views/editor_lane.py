r"""One of the editor's two tracks as a picture: waveform or spectrogram, fade, region, handles.

    1  Sixtyfour                                    leaves 3:55.120 – 4:03.120
    ~~~~~~~~~~~~~~~~~~~~~~~|####\____            |//////// not used ////////
    ~~~~~~~~~~~~~~~~~~~~~~~|########\__________  |/////////////////////////

The waveform is scaled by the gain, over a ghost of the original. Pictures are kept while what they
show stays the same, so that a playhead or a pointer that passes costs next to nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QImage, QPainter, QPen

from deepbass_engine.analysis.peaks import BUCKET_FRAMES, sample_columns
from deepbass_engine.project import Span
from deepbass_gui import theme
from deepbass_gui.jobs.detail import Detail, Stretch
from deepbass_gui.region_edit import Handle, Lane
from deepbass_gui.views.beat_marks import paint_beats
from deepbass_gui.views.editor_scene import LaneScene
from deepbass_gui.views.gain_curves import paint_gains
from deepbass_gui.views.spectrogram import Spectrogram, paint_frequencies, spectrogram_of
from deepbass_gui.views.time_axis import TimeAxis, tick_text
from deepbass_gui.views.waveform import WaveStyle, wave_image, wave_style

TITLE_PX = 20
HANDLE_PX = 10
_GHOST = 0.3
_PX_PER_SPECTRUM = 2


@dataclass(frozen=True, slots=True)
class LaneLook:
    """How a lane is to be drawn.

    Attributes
    ----------
    is_spectrogram
        Frequencies instead of the waveform.
    focused
        The handle that keys move, or None.
    has_keys
        Whether the keyboard is with the editor.
    hovered
        The handle under the pointer, or None.
    """

    is_spectrogram: bool = False
    focused: Handle | None = None
    has_keys: bool = False
    hovered: Handle | None = None


class _Kept:
    """A picture and what it was made from."""

    def __init__(self) -> None:
        self._key: Hashable = None
        self._image: QImage | None = None

    def get(self, key: Hashable, make: Callable[[], QImage]) -> QImage:
        """The picture for a key, made where the last one was for another."""
        if self._image is None or key != self._key:
            self._key, self._image = key, make()
        return self._image


class LanePainter:
    """Draws one lane; holds its pictures.

    Parameters
    ----------
    lane
        Which of the two.
    detail
        Where samples and spectrograms come from.
    """

    def __init__(self, lane: Lane, detail: Detail) -> None:
        self._lane = lane
        self._detail = detail
        self._ghost = _Kept()
        self._wave = _Kept()
        self._spectrum = _Kept()

    def paint(
        self, painter: QPainter, rect: QRectF, scene: LaneScene, axis: TimeAxis, look: LaneLook
    ) -> None:
        """Draw the lane into `rect`, whose left edge is the axis' x = 0."""
        painter.save()
        painter.setClipRect(rect)
        colors = theme.colors()
        color = colors.outgoing if self._lane is Lane.OUT else colors.incoming
        area = rect.adjusted(0, TITLE_PX, 0, 0)
        painter.fillRect(rect, colors.background)
        origin = scene.clip.origin_frame
        file_area = _across(axis, area, origin, origin + scene.n_frames)
        painter.fillRect(file_area, colors.panel)
        if look.is_spectrogram:
            self._paint_spectrogram(painter, area, scene, axis, color)
        else:
            self._paint_wave(painter, area, scene, axis, color)
        self._paint_unused(painter, area, scene, axis)
        if scene.beats is not None:
            paint_beats(painter, area, scene.beats, axis, origin, scene.n_frames)
        self._paint_region(painter, area, scene, axis, color, look)
        if look.is_spectrogram:
            paint_frequencies(painter, area)
        if scene.facts.peaks is None and not look.is_spectrogram:
            painter.setPen(colors.secondary)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, reading_words(scene))
        self._paint_title(painter, rect, scene, axis, color)
        painter.restore()

    def _paint_wave(
        self, painter: QPainter, area: QRectF, scene: LaneScene, axis: TimeAxis, color: QColor
    ) -> None:
        ratio = painter.device().devicePixelRatioF()
        n_columns = math.ceil(axis.width * ratio)
        height = math.floor(area.height() * ratio)
        file_frames = scene.clip.source_rate_hz / axis.sample_rate_hz
        per_column = axis.frames_per_pixel / ratio * file_frames
        first = (axis.first_frame - scene.clip.origin_frame) * file_frames
        matter = self._matter(scene, first, per_column, n_columns)
        if matter is None or height < 1:
            return
        # Columns lie on the file's own grid: the same picture wherever it is panned to.
        grid_first = math.floor(first / per_column + 0.5)
        style = wave_style(color, theme.colors().error)
        key = (matter, grid_first, per_column, n_columns, height, color.name())

        def columns() -> NDArray[np.float32]:
            return _columns(matter, scene, first, per_column, n_columns)

        def draw(style: WaveStyle, gain: NDArray[np.float32] | None) -> QImage:
            return wave_image(columns(), height, style, gain=gain, device_ratio=ratio)

        ghost = self._ghost.get(key, lambda: draw(style.faded(_GHOST), None))
        painter.drawImage(area.topLeft(), ghost)
        gain_key = (key, scene.used, scene.clip.ramps, axis.first_frame, scene.clip.origin_frame)
        wave = self._wave.get(gain_key, lambda: draw(style, _gain(scene, axis, n_columns, ratio)))
        painter.drawImage(area.topLeft(), wave)

    def _matter(
        self, scene: LaneScene, first: float, per_column: float, n_columns: int
    ) -> object | None:
        """What to draw columns from: samples where the zoom is closer than a bucket."""
        analysis = scene.facts.analysis
        if per_column < BUCKET_FRAMES and analysis is not None and analysis.source.frames:
            n_frames = analysis.source.frames
            behind = math.ceil(first + (n_columns + 1) * per_column)
            start = min(max(0, math.floor(first - per_column)), n_frames)
            span = Span(start, max(start, min(behind, n_frames)))
            if span.n_frames:
                stretch = self._detail.samples(f"samples {self._lane.value}", analysis.source, span)
                if stretch is not None:
                    return stretch
        return scene.facts.peaks

    def _paint_spectrogram(
        self, painter: QPainter, area: QRectF, scene: LaneScene, axis: TimeAxis, color: QColor
    ) -> None:
        analysis = scene.facts.analysis
        if analysis is None or not analysis.source.frames:
            return
        source, slot = analysis.source, f"spectrogram {self._lane.value}"
        file_frames = source.sample_rate_hz / axis.sample_rate_hz
        origin = scene.clip.origin_frame
        per_column = axis.frames_per_pixel * _PX_PER_SPECTRUM * file_frames
        # In steps of half a view, so that panning does not ask anew at every pixel
        step = axis.width / 2 * axis.frames_per_pixel * file_frames
        first_step = math.floor((axis.first_frame - origin) * file_frames / step) - 1
        n_columns = math.ceil(5 * axis.width / 2 / _PX_PER_SPECTRUM)
        first = first_step * step

        self._detail.want(
            slot,
            (source.path, source.looked_at, first_step, per_column, n_columns),
            lambda cancel: spectrogram_of(source, first, per_column, n_columns, cancel),
        )
        held = self._detail.held(slot)
        if not isinstance(held, Spectrogram) or held.source.path != source.path:
            painter.setPen(theme.colors().secondary)
            painter.drawText(
                area,
                Qt.AlignmentFlag.AlignCenter,
                QCoreApplication.translate("TransitionEditor", "working out frequencies"),
            )
            return
        image = self._spectrum.get(
            (held, color.name(), theme.colors().panel.name()), lambda: held.image(color)
        )
        left = axis.x_at(origin + held.first_frame / file_frames)
        right = axis.x_at(origin + held.end_frame / file_frames)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setClipRect(
            _across(axis, area, origin, origin + scene.n_frames),
            Qt.ClipOperation.IntersectClip,
        )
        painter.drawImage(QRectF(left, area.top(), right - left, area.height()), image)
        painter.setClipRect(area.adjusted(0, -TITLE_PX, 0, 0))

    def _paint_unused(
        self, painter: QPainter, area: QRectF, scene: LaneScene, axis: TimeAxis
    ) -> None:
        """Hatch what of the file is not heard."""
        colors = theme.colors()
        veil = QColor(colors.background)
        veil.setAlphaF(0.45)
        hatch = QColor(colors.edge)
        hatch.setAlphaF(0.6)
        origin = scene.clip.origin_frame
        for start, end in ((0, scene.used.start_frame), (scene.used.end_frame, scene.n_frames)):
            part = _across(axis, area, origin + start, origin + end)
            if part.width() > 0:
                painter.fillRect(part, veil)
                painter.fillRect(part, QBrush(hatch, Qt.BrushStyle.BDiagPattern))

    def _paint_region(
        self,
        painter: QPainter,
        area: QRectF,
        scene: LaneScene,
        axis: TimeAxis,
        color: QColor,
        look: LaneLook,
    ) -> None:
        colors = theme.colors()
        left, right = region_edges(scene, axis)
        region = QRectF(left, area.top(), right - left, area.height())
        body = QColor(color)
        body.setAlphaF(0.18 if look.hovered is Handle.WHOLE else 0.1)
        painter.fillRect(region, body)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if scene.region.n_frames:
            paint_gains(painter, region.adjusted(0, 2, 0, -2), scene)
        middle = area.center().y()
        for handle, x in ((Handle.LEFT, left), (Handle.RIGHT, right)):
            is_strong = look.hovered is handle or (look.focused is handle and look.has_keys)
            painter.setPen(QPen(colors.text if is_strong else color, 2))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            grip = QRectF(0, 0, HANDLE_PX - 2, 24)
            grip.moveCenter(QPointF(x, middle))
            painter.setPen(QPen(colors.background, 1))
            painter.setBrush(colors.text if is_strong else color)
            painter.drawRoundedRect(grip, 3, 3)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        if look.focused is not None:
            ring = {
                Handle.WHOLE: region,
                Handle.LEFT: QRectF(left - HANDLE_PX / 2, middle - 14, HANDLE_PX, 28),
                Handle.RIGHT: QRectF(right - HANDLE_PX / 2, middle - 14, HANDLE_PX, 28),
            }[look.focused]
            style = Qt.PenStyle.SolidLine if look.has_keys else Qt.PenStyle.DotLine
            painter.setPen(QPen(colors.text, 1.5, style))
            painter.drawRoundedRect(ring.adjusted(-1, 1, 1, -1), 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_title(
        self, painter: QPainter, rect: QRectF, scene: LaneScene, axis: TimeAxis, color: QColor
    ) -> None:
        colors = theme.colors()
        strip = QRectF(rect.left(), rect.top(), rect.width(), TITLE_PX)
        painter.fillRect(strip, colors.panel)
        painter.fillRect(QRectF(strip.left(), strip.top(), 4, TITLE_PX), color)
        metrics = QFontMetricsF(painter.font())
        places = place_words(scene, axis.sample_rate_hz)
        room = strip.adjusted(12, 0, -8, 0)
        wide = metrics.horizontalAdvance(places)
        painter.setPen(colors.secondary)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, places)
        painter.setPen(colors.text)
        title = metrics.elidedText(
            f"{scene.number}   {scene.facts.title}",
            Qt.TextElideMode.ElideRight,
            max(0.0, room.width() - wide - 16),
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)


def region_edges(scene: LaneScene, axis: TimeAxis) -> tuple[float, float]:
    """Where the region's edges stand."""
    origin = scene.clip.origin_frame
    return (
        axis.x_at(origin + scene.region.start_frame),
        axis.x_at(origin + scene.region.end_frame),
    )


def handle_at(scene: LaneScene, axis: TimeAxis, x: float) -> Handle | None:
    """What of the region can be taken hold of at x; an edge is 10 px wide.

    The handles of a narrow region stand outside it, so that there is always room for all.
    """
    left, right = region_edges(scene, axis)
    inner = HANDLE_PX / 2 if right - left >= 3 * HANDLE_PX else 0
    outer = HANDLE_PX - inner
    if left - outer <= x < left + inner:
        return Handle.LEFT
    if right - inner < x <= right + outer:
        return Handle.RIGHT
    return Handle.WHOLE if left <= x <= right else None


def exact_clock(frame: int, rate_hz: int) -> str:
    """A time to the millisecond, as "3:55.120"."""
    return tick_text((2000 * frame + rate_hz) // (2 * rate_hz), 1)


def place_words(scene: LaneScene, rate_hz: int) -> str:
    """Where the transition lies in a track, in words."""
    start, end = (
        exact_clock(frame, rate_hz) for frame in (scene.region.start_frame, scene.region.end_frame)
    )
    translate = QCoreApplication.translate
    if scene.lane is Lane.OUT:
        words = translate("TransitionEditor", "leaves {start} – {end}")
    else:
        words = translate("TransitionEditor", "enters {start} – {end}")
    return words.format(start=start, end=end)


def _across(axis: TimeAxis, area: QRectF, start: float, end: float) -> QRectF:
    """The part of an area between two frames of the mix, as far as it is in sight."""
    left = max(area.left(), area.left() + axis.x_at(start))
    right = min(area.right(), area.left() + axis.x_at(end))
    return QRectF(left, area.top(), max(0.0, right - left), area.height())


def _columns(
    matter: object, scene: LaneScene, first: float, per_column: float, n_columns: int
) -> NDArray[np.float32]:
    """Columns to draw; not finite where the file has nothing."""
    if isinstance(matter, Stretch):
        n_frames = matter.source.frames or 0
        found = sample_columns(
            matter.samples,
            first,
            per_column,
            n_columns,
            samples_from_frame=matter.span.start_frame,
        )
    else:
        assert scene.facts.peaks is not None
        n_frames = scene.facts.peaks.n_frames
        found = scene.facts.peaks.columns(first, per_column, n_columns)
    starts = (math.floor(first / per_column + 0.5) + np.arange(n_columns)) * per_column
    found[(starts < 0) | (starts >= n_frames)] = np.nan
    return found


def _gain(scene: LaneScene, axis: TimeAxis, n_columns: int, ratio: float) -> NDArray[np.float32]:
    """What each column is scaled by; 0 where the track is not heard."""
    middles = (np.arange(n_columns, dtype=np.float64) + 0.5) * (axis.frames_per_pixel / ratio)
    frames: NDArray[np.float64] = middles + (axis.first_frame - scene.clip.origin_frame)
    gain = np.ones(n_columns, np.float32)
    for ramp in scene.clip.ramps:
        gain *= ramp.gain(frames)
    gain[(frames < scene.used.start_frame) | (frames >= scene.used.end_frame)] = 0
    return gain


def reading_words(scene: LaneScene) -> str:
    """How far the reading of a track is."""
    return QCoreApplication.translate("TransitionEditor", "reading, {percent} %").format(
        percent=round(100 * scene.facts.share)
    )

"""Waveforms of the timeline, kept as pictures so that panning only copies them.

A track's columns lie on a grid of its own that begins with its first frame: neither panning nor
moving the clip changes what a tile holds, only where it is put. Tiles are counted in pixels of the
device, so that they are copied one to one at every device pixel ratio.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from deepbass_engine.analysis.peaks import Peaks
from deepbass_gui.theme import colors
from deepbass_gui.views.timeline_layout import Clip, Ramp
from deepbass_gui.views.waveform import wave_image, wave_style

TILE_PX = 256
HELD_BYTES = 96 << 20
_GHOST = 0.3
"""How strong the original is drawn behind what a fade leaves of it."""


@dataclass(frozen=True, slots=True)
class _Key:
    """All that a tile's picture depends on; `peaks` by its identity."""

    path: Path
    peaks: int
    index: int
    frames_per_column: float
    height_px: int
    color: int
    clipped: int
    device_ratio: float
    ramps: tuple[Ramp, ...]


@dataclass(frozen=True, slots=True)
class _Tile:
    """A picture, and what it was drawn from: an identity is of use only while its object lives."""

    image: QImage
    peaks: Peaks


@dataclass(frozen=True, slots=True)
class WaveScale:
    """How waveforms are drawn at present.

    Attributes
    ----------
    first_column
        The column of the mix's grid, in device pixels, that stands at x = 0.
    frames_per_column
        Frames of the mix to a device pixel.
    sample_rate_hz
        Rate of the mix.
    device_ratio
        Device pixels to one of the widget's.
    """

    first_column: int
    frames_per_column: float
    sample_rate_hz: int
    device_ratio: float

    def x_at(self, frame: int) -> int:
        """Device pixel at which a frame of the mix stands."""
        return math.floor(frame / self.frames_per_column + 0.5) - self.first_column


class WaveTiles:
    """Draws waveforms of clips and keeps what it has drawn, up to a limit of memory.

    Parameters
    ----------
    held_bytes
        Pictures above this are forgotten, the longest unused first.
    """

    def __init__(self, held_bytes: int = HELD_BYTES) -> None:
        self._limit = held_bytes
        self._tiles: OrderedDict[_Key, _Tile] = OrderedDict()
        self._until_s = math.inf
        self.n_bytes = 0
        self.n_drawn = 0
        self.owes = False

    def begin(self, budget_s: float) -> None:
        """Begin a frame: what can't be drawn anew within this time is sketched and owed."""
        self._until_s, self.owes = time.perf_counter() + budget_s, False

    def paint(
        self,
        painter: QPainter,
        clip: Clip,
        peaks: Peaks,
        scale: WaveScale,
        place: QRect,
        color: QColor,
    ) -> None:
        """Draw what of a clip is to be seen.

        Parameters
        ----------
        painter
            Paints in device pixels.
        place
            Where, in device pixels: full height of the waveform, the width that is exposed.
        color
            Of the track.
        """
        left = max(place.left(), scale.x_at(clip.start_frame))
        end = min(place.left() + place.width(), scale.x_at(clip.end_frame))
        if end <= left or place.height() < 1:
            return
        origin = scale.x_at(clip.origin_frame)
        for index in range((left - origin) // TILE_PX, (end - 1 - origin) // TILE_PX + 1):
            image = self._tile(clip, peaks, scale, index, place.height(), color)
            x = origin + index * TILE_PX
            if image is None:
                if self.owes:
                    first, behind = max(left, x), min(end, x + TILE_PX)
                    part = QRect(first, place.top(), behind - first, place.height())
                    self._paint_sketch(painter, clip, peaks, scale, part, color)
                continue
            first, behind = max(left, x), min(end, x + image.width())
            if behind > first:
                part = QRect(first - x, 0, behind - first, place.height())
                painter.drawImage(QPoint(first, place.top()), image, part)

    def _paint_sketch(
        self,
        painter: QPainter,
        clip: Clip,
        peaks: Peaks,
        scale: WaveScale,
        part: QRect,
        color: QColor,
    ) -> None:
        """Stretch a small picture of the whole track into the place of what is owed."""
        key = _Key(
            clip.path, id(peaks), -1, 0.0, part.height(), color.rgba(), 0, scale.device_ratio, ()
        )
        if (held := self._tiles.get(key)) is None:
            columns = peaks.columns(0, peaks.n_frames / TILE_PX, TILE_PX)
            style = wave_style(color, colors().error)
            held = _Tile(wave_image(columns, part.height(), style), peaks)
            self._hold(key, held)
        n_frames = peaks.n_frames * scale.sample_rate_hz / clip.source_rate_hz
        to_sketch = TILE_PX * scale.frames_per_column / max(1.0, n_frames)
        first = (part.left() - scale.x_at(clip.origin_frame)) * to_sketch
        source = QRectF(first, 0, part.width() * to_sketch, held.image.height())
        painter.drawImage(QRectF(part), held.image, source)

    def forget(self, path: Path, but: Peaks | None) -> None:
        """Let go of all pictures of a file that were drawn from other peaks than these."""
        for key in [k for k in self._tiles if k.path == path and k.peaks != id(but)]:
            self.n_bytes -= self._tiles.pop(key).image.sizeInBytes()

    def _tile(
        self, clip: Clip, peaks: Peaks, scale: WaveScale, index: int, height: int, color: QColor
    ) -> QImage | None:
        """The picture of some columns; None where nothing is known of them, or it is owed."""
        per_column = scale.frames_per_column
        # Columns and ramps in frames of the track at the mix's rate, peaks in those of the file.
        ratio = clip.source_rate_hz / scale.sample_rate_hz
        known = math.ceil(peaks.n_frames / (per_column * ratio))
        first = index * TILE_PX
        n = min(TILE_PX, known - first)
        if n <= 0:
            return None
        ramps = tuple(
            ramp
            for ramp in clip.ramps
            if ramp.first_frame < (first + n) * per_column
            and ramp.first_frame + ramp.n_frames > first * per_column
        )
        clipped = colors().error
        key = _Key(
            clip.path, id(peaks), index, per_column, height, color.rgba(), clipped.rgba(),
            scale.device_ratio, ramps,
        )  # fmt: skip
        if (held := self._tiles.get(key)) is not None:
            self._tiles.move_to_end(key)
            return held.image
        if time.perf_counter() > self._until_s:
            self.owes = True
            return None
        columns = peaks.columns(first * per_column * ratio, per_column * ratio, n)
        style = wave_style(color, clipped)
        thickness = scale.device_ratio
        if ramps:
            middles = (first + np.arange(n, dtype=np.float64) + 0.5) * per_column
            gain = np.prod([ramp.gain(middles) for ramp in ramps], axis=0, dtype=np.float32)
            faint = style.faded(_GHOST)
            behind = np.where(gain[:, np.newaxis] < 1, columns, np.nan).astype(np.float32)
            image = wave_image(behind, height, faint, device_ratio=thickness)
            faded = wave_image(columns, height, style, gain=gain, device_ratio=thickness)
            image.setDevicePixelRatio(1)
            faded.setDevicePixelRatio(1)
            painter = QPainter(image)
            painter.drawImage(0, 0, faded)
            painter.end()
        else:
            image = wave_image(columns, height, style, device_ratio=thickness)
        image.setDevicePixelRatio(1)  # the painter counts device pixels
        self._hold(key, _Tile(image, peaks))
        return image

    def _hold(self, key: _Key, tile: _Tile) -> None:
        self.n_drawn += 1
        self._tiles[key] = tile
        self.n_bytes += tile.image.sizeInBytes()
        while self.n_bytes > self._limit and len(self._tiles) > 1:
            _, oldest = self._tiles.popitem(last=False)
            self.n_bytes -= oldest.image.sizeInBytes()

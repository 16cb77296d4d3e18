"""How loud the mix is, by channel: peak, RMS, the highest peak for a while, and a clip light."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from deepbass_gui import theme
from deepbass_gui.player import ChannelLevel, Player

FLOOR_DB = -60.0
HOLD_S = 1.5
FALL_DB_PER_S = 30.0
WARM_DB = -9.0
_MARKS_DB = (-48, -36, -24, -12, -6, 0)
_PAINT_EVERY_MS = 40
_DESCRIBE_EVERY_S = 1.0
_BAR_PX = 6
_GAP_PX = 2
_LIGHT_PX = 14
_EDGE_PX = 8


class Needle:
    """A level that rises at once, stays for a while and then falls evenly.

    Parameters
    ----------
    hold_s
        How long it stays.
    """

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._level_db = FLOOR_DB
        self._since_s = 0.0

    def push(self, level_db: float, now_s: float) -> None:
        """Take notice of a level."""
        if level_db >= self.at(now_s):
            self._level_db, self._since_s = level_db, now_s

    def at(self, now_s: float) -> float:
        """Where it stands at a time."""
        falls_for_s = max(0.0, now_s - self._since_s - self._hold_s)
        return max(FLOOR_DB, self._level_db - FALL_DB_PER_S * falls_for_s)


class _Channel:
    """What is shown of one channel."""

    def __init__(self) -> None:
        self.peak = Needle(0.0)
        self.rms = Needle(0.0)
        self.held = Needle(HOLD_S)
        self.has_clipped = False

    def push(self, level: ChannelLevel, now_s: float) -> None:
        self.peak.push(level.peak_db, now_s)
        self.rms.push(level.rms_db, now_s)
        self.held.push(level.peak_db, now_s)
        self.has_clipped |= level.peak_db > 0.0


class LevelMeter(QWidget):
    """Two bars from -60 to 0 dBFS: the mix before the volume, so that clipping is seen.

    The light at the right is lit from the first sample past full scale until it is clicked. It
    moves only while something is heard, or still falls.

    Parameters
    ----------
    player
        Whose levels are shown.
    clock_s
        Tells the time, in seconds.
    """

    def __init__(
        self,
        player: Player,
        parent: QWidget | None = None,
        *,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._player = player
        self._clock_s = clock_s
        self._channels = (_Channel(), _Channel())
        self._described_at_s = -math.inf
        self._timer = QTimer(self)
        self._timer.setInterval(_PAINT_EVERY_MS)
        self._timer.timeout.connect(self._go_on)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Level meter"))
        self._describe()
        player.levels_changed.connect(self._take)

    @property
    def is_moving(self) -> bool:
        """Whether it is being repainted."""
        return self._timer.isActive()

    @property
    def has_clipped(self) -> bool:
        """Whether the clip light is lit."""
        return any(channel.has_clipped for channel in self._channels)

    def held_db(self, channel: int) -> float:
        """The highest peak for a while; at least the floor."""
        return self._channels[channel].held.at(self._clock_s())

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for the scale to be read."""
        return QSize(208, self._height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Room for the bars to say anything."""
        return QSize(136, self._height())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Put out the clip light."""
        for channel in self._channels:
            channel.has_clipped = False
        self._describe()
        self.update()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Repaint in other colours."""
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the bars and the scale."""
        painter = QPainter(self)
        colors, now_s = theme.colors(), self._clock_s()
        left, right = float(_EDGE_PX), float(self.width() - _LIGHT_PX - _EDGE_PX)
        for index, channel in enumerate(self._channels):
            top = 2 + index * (_BAR_PX + _GAP_PX)
            painter.fillRect(QRectF(left, top, right - left, _BAR_PX), colors.line)
            warm = self._x(WARM_DB)
            peak_x = self._x(channel.peak.at(now_s))
            rms_x = self._x(channel.rms.at(now_s))
            for color, first, last in (
                (colors.ok, left, warm),
                (colors.flagged, warm, right),
            ):
                dim = theme.mixed(color, colors.line, 0.5)
                painter.fillRect(
                    QRectF(first, top, max(0.0, min(last, peak_x) - first), _BAR_PX), dim
                )
                painter.fillRect(
                    QRectF(first, top, max(0.0, min(last, rms_x) - first), _BAR_PX), color
                )
            held_db = channel.held.at(now_s)
            if held_db > FLOOR_DB:
                color = colors.error if held_db > 0.0 else colors.text
                painter.fillRect(QRectF(self._x(held_db) - 1, top, 2, _BAR_PX), color)
            light = colors.error if channel.has_clipped else colors.line
            painter.fillRect(QRectF(right + 4, top, _LIGHT_PX - 4, _BAR_PX), light)
        self._draw_scale(painter)

    def _draw_scale(self, painter: QPainter) -> None:
        font = theme.tabular(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.75)
        painter.setFont(font)
        painter.setPen(theme.colors().secondary)
        metrics = painter.fontMetrics()
        top = 2 + 2 * _BAR_PX + _GAP_PX
        free_from = 0.0
        for mark_db in _MARKS_DB:
            width = metrics.horizontalAdvance(f"{mark_db}") + 4
            x = self._x(float(mark_db)) - width / 2
            if x >= free_from:
                place = QRectF(x, top, width, metrics.height())
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, f"{mark_db}")
                free_from = x + width

    def _x(self, level_db: float) -> float:
        """Where a level lies."""
        share = (min(level_db, 0.0) - FLOOR_DB) / -FLOOR_DB
        return _EDGE_PX + max(0.0, share) * (self.width() - _LIGHT_PX - 2 * _EDGE_PX)

    def _height(self) -> int:
        return 2 * _BAR_PX + _GAP_PX + 4 + math.ceil(self.fontMetrics().height() * 0.75)

    @Slot()
    def _take(self) -> None:
        levels, now_s = self._player.levels, self._clock_s()
        if levels is not None:
            had_clipped = self.has_clipped
            for channel, level in zip(self._channels, (levels.left, levels.right), strict=True):
                channel.push(level, now_s)
            if self.has_clipped and not had_clipped:
                self._describe()
            if not self._timer.isActive():
                self._timer.start()

    @Slot()
    def _go_on(self) -> None:
        """Repaint; rest when all has fallen to the floor."""
        now_s = self._clock_s()
        if now_s - self._described_at_s >= _DESCRIBE_EVERY_S:
            self._describe()
        if not self._player.is_playing and all(
            channel.held.at(now_s) <= FLOOR_DB for channel in self._channels
        ):
            self._timer.stop()
            self._describe()
        self.update()

    def _describe(self) -> None:
        """Say what is seen, for those who don't see it."""
        self._described_at_s = self._clock_s()
        parts = []
        for name, channel in zip((self.tr("left"), self.tr("right")), self._channels, strict=True):
            held_db = channel.held.at(self._described_at_s)
            level = self.tr("silent") if held_db <= FLOOR_DB else f"{held_db:.1f} dBFS"
            parts.append(f"{name} {level}")
        if self.has_clipped:
            parts.append(self.tr("clipped"))
        text = ", ".join(parts)
        self.setAccessibleDescription(text)
        self.setToolTip(
            self.tr("Level of the mix before the volume, in dBFS: {0}.").format(text)
            + "\n"
            + self.tr("Click to put out the clip light.")
        )

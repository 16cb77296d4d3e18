"""Our own line icons, drawn from `resources/icons` in the colours of the theme.

An icon looks its colour up at the moment it is drawn, so that one set once on an action follows
every change between light and dark, and is sharp at every device pixel ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from deepbass_engine import resources
from deepbass_engine.errors import DeepBassError

WINDOW_SIZES_PX = (16, 24, 32, 48, 64, 128, 256)

_CLONES: list[QIconEngine] = []
"""PySide frees a clone that Python no longer names, although Qt still draws with it."""


@lru_cache
def _source(name: str) -> str:
    """The text of an icon's file.

    Raises
    ------
    ValueError
        If there is no icon of that name.
    """
    try:
        return resources.path(f"icons/{name}.svg").read_text(encoding="utf-8")
    except DeepBassError as error:
        raise ValueError(f"there is no icon named {name!r}") from error


def _draw(painter: QPainter, svg: str, rect: QRectF) -> None:
    """Draw an SVG into the middle of a rectangle, as large as it fits."""
    side = min(rect.width(), rect.height())
    square = QRectF(0, 0, side, side)
    square.moveCenter(rect.center())
    QSvgRenderer(QByteArray(svg.encode())).render(painter, square)


@lru_cache(maxsize=512)
def _pixmap(name: str, color: str, width: int, height: int) -> QPixmap:
    """An icon in one colour, `width` by `height` device pixels, the rest transparent."""
    pixmap = QPixmap(width, height)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    _draw(painter, _source(name).replace("currentColor", color), QRectF(0, 0, width, height))
    painter.end()
    return pixmap


class LineIconEngine(QIconEngine):
    """Draws one icon; `color(mode)` is asked for the colour each time."""

    def __init__(self, name: str, color: Callable[[QIcon.Mode], QColor]) -> None:
        super().__init__()
        self._name = name
        self._color = color

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw at the resolution of what is painted on."""
        device = painter.device()
        scale = device.devicePixelRatioF() if device is not None else 1.0
        painter.drawPixmap(rect, self.scaledPixmap(rect.size(), mode, state, scale))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """The icon at a size in device pixels."""
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(  # noqa: N802 (Qt's name)
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        """The icon at a size in points, on a device with `scale` pixels to each."""
        color = self._color(mode).name()
        pixels = size * scale
        pixmap = QPixmap(_pixmap(self._name, color, pixels.width(), pixels.height()))
        pixmap.setDevicePixelRatio(scale)
        return pixmap

    def iconName(self) -> str:  # noqa: N802 (Qt's name)
        """The name it was asked for by."""
        return self._name

    def clone(self) -> QIconEngine:
        """Another that draws the same; Qt asks for it where an icon gets a picture more."""
        twin = LineIconEngine(self._name, self._color)
        _CLONES.append(twin)
        return twin


def line_icon(name: str, color: Callable[[QIcon.Mode], QColor]) -> QIcon:
    """The icon of a file in `resources/icons`.

    Raises
    ------
    ValueError
        If there is no icon of that name.
    """
    _source(name)
    return QIcon(LineIconEngine(name, color))


def window_icon() -> QIcon:
    """The program's own icon, for windows and task bars."""
    svg = resources.path("deepbass.svg").read_text(encoding="utf-8")
    icon = QIcon()
    for side in WINDOW_SIZES_PX:
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        _draw(painter, svg, QRectF(0, 0, side, side))
        painter.end()
        icon.addPixmap(pixmap)
    return icon

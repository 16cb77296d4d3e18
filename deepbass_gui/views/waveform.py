"""A stretch of audio as a picture: peaks as an outline, the RMS as a body within it.

One column of numbers becomes one column of pixels. Upper and lower edges are antialiased by
coverage: a pixel that an edge runs through gets that part of the colour which lies inside. All
columns are worked out at once.

    row 0   ----------------------- full scale
               #     highest
              ###
             #####   +rms
    middle  -#####-----------------
             #####   -rms
              ###    lowest
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

TIP_SHARE = 1 / 16
"""Part of the height that is coloured where samples are beyond full scale."""


@dataclass(frozen=True, slots=True)
class WaveStyle:
    """Colours of a waveform; alpha counts.

    Attributes
    ----------
    outline
        From the lowest to the highest sample.
    body
        Within the RMS.
    clipped
        The tips of columns with samples beyond full scale.
    """

    outline: QColor
    body: QColor
    clipped: QColor

    def faded(self, alpha: float) -> WaveStyle:
        """The same colours, `alpha` times as strong."""
        return WaveStyle(*(_faded(c, alpha) for c in (self.outline, self.body, self.clipped)))


def wave_style(color: QColor, clipped: QColor) -> WaveStyle:
    """The style of a track's colour: its outline lighter than its body."""
    return WaveStyle(_faded(color, 0.55), color, clipped)


def wave_image(
    columns: NDArray[np.float32],
    height_px: int,
    style: WaveStyle,
    *,
    gain: NDArray[np.float32] | None = None,
    device_ratio: float = 1.0,
) -> QImage:
    """Draw columns of peaks on a transparent ground.

    Parameters
    ----------
    columns : float32, shape (n, 3)
        Lowest, highest and RMS of each column of pixels; full scale is 1. Where they are not
        finite nothing is drawn.
    height_px
        Rows of pixels of the image; full scale fills them.
    style
        The colours.
    gain : float32, shape (n,), optional
        What each column is scaled by; where it is 0 nothing is drawn.
    device_ratio
        Pixels of the image to one of the widget's.

    Returns
    -------
    QImage
        ARGB32_Premultiplied, `n` by `height_px` pixels, with its device pixel ratio set.
    """
    n, height = len(columns), max(1, height_px)
    scaled = columns if gain is None else columns * gain[:, np.newaxis]
    is_drawn = np.asarray(np.isfinite(scaled).all(axis=1))
    if gain is not None:
        is_drawn &= gain > 0
    scaled = np.where(is_drawn[:, np.newaxis], scaled, 0)
    low, high, rms = scaled[:, 0], scaled[:, 1], scaled[:, 2]
    half = np.float32(height / 2)
    outline = _at_least(half - high * half, half - low * half, device_ratio, height)
    outline[:, ~is_drawn] = 0
    body = np.clip(
        np.stack((half - np.minimum(rms, high) * half, half - np.maximum(-rms, low) * half)),
        outline[0],
        outline[1],
    )
    body[1] = np.maximum(body[1], body[0])
    image = QImage(n, height, QImage.Format.Format_ARGB32_Premultiplied)
    if not n:
        return image
    image.fill(0)
    pixels = np.frombuffer(image.bits(), np.uint32).reshape(height, n)
    whole_outline, whole_body = _whole_rows(outline), _whole_rows(body)
    rows = np.arange(height, dtype=np.int16)[:, np.newaxis]
    colors = np.stack([_premultiplied(c) for c in (style.outline, style.body)])
    for (first, end), color in zip((whole_outline, whole_body), _packed(colors), strict=True):
        some = slice(max(0, first.min()), max(0, end.max()))  # no other row has any of it
        inside = (rows[some] >= first) & (rows[some] < end)
        np.copyto(pixels[some], color, where=inside)
    # The rows that an edge runs through are a mixture, known from both bands.
    for edge in (*outline, *body):
        row = np.clip(np.floor(edge), 0, height - 1)
        covered, middle = _coverage(outline, row), _coverage(body, row)
        mixed = colors[0] * (covered - middle)[:, np.newaxis] + colors[1] * middle[:, np.newaxis]
        pixels[row.astype(np.intp), np.arange(n)] = _packed(mixed)
    _mark_clipped(pixels, high > 1, low < -1, style.clipped)
    image.setDevicePixelRatio(device_ratio)
    return image


def _faded(color: QColor, alpha: float) -> QColor:
    made = QColor(color)
    made.setAlphaF(color.alphaF() * alpha)
    return made


def _at_least(
    top: NDArray[np.float32], bottom: NDArray[np.float32], thickness: float, height: int
) -> NDArray[np.float32]:
    """Top and bottom, shape (2, n), at least so far apart and within the picture."""
    lacking = np.maximum(thickness - (bottom - top), 0) / 2
    band: NDArray[np.float32] = np.stack((top - lacking, bottom + lacking)).astype(np.float32)
    return np.clip(band, np.float32(0), np.float32(height))


def _whole_rows(band: NDArray[np.float32]) -> NDArray[np.int16]:
    """First row that lies wholly in a band and the one behind the last."""
    return np.stack((np.ceil(band[0]), np.floor(band[1]))).astype(np.int16)


def _coverage(band: NDArray[np.float32], row: NDArray[np.float32]) -> NDArray[np.float32]:
    """Which part of a row of each column lies in a band."""
    inside: NDArray[np.float32] = np.minimum(band[1], row + 1) - np.maximum(band[0], row)
    return np.clip(inside, np.float32(0), np.float32(1))


def _premultiplied(color: QColor) -> NDArray[np.float32]:
    """Blue, green, red, alpha from 0 to 255, the colours times the alpha."""
    alpha = color.alphaF()
    parts = (color.blueF() * alpha, color.greenF() * alpha, color.redF() * alpha, alpha)
    return np.array(parts, np.float32) * 255


def _packed(colors: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Rows of four parts as the numbers that stand in an image: 0xAARRGGBB."""
    parts = np.rint(colors).astype(np.uint32)
    return parts @ np.array([1, 1 << 8, 1 << 16, 1 << 24], np.uint32)


def _mark_clipped(
    pixels: NDArray[np.uint32],
    above: NDArray[np.bool_],
    below: NDArray[np.bool_],
    color: QColor,
) -> None:
    """Colour the ends of those columns that go beyond full scale."""
    tip = max(2, round(len(pixels) * TIP_SHARE))
    packed = _packed(_premultiplied(color)[np.newaxis])[0]
    pixels[:tip, above] = packed
    pixels[-tip:, below] = packed

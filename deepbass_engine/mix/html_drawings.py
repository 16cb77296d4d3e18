"""A transition drawn for a web page: waveforms, flagged stretches and curves on one time axis.

The drawing is as wide as its place on the page and keeps its height in pixels: what stands in it is
placed in percent across and in pixels down, and only the lines are stretched. So text is as large
on a phone as on a desk. Colours are the page's, by class.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from deepbass_engine.mix.quality import Curve, Measure, MeasuredTransition, Outline
from deepbass_engine.units import clock_text

_LEFT_PERCENT, _WIDTH_PERCENT = 12.0, 86.0
"""Where the time axis lies in the drawing; its scales' figures stand left of it."""
_LABEL_X = "11%"
_UNITS_WIDE, _UNITS_HIGH = 1000, 100
"""What the lines of a panel are rounded to."""
_FLAG_PX, _TITLE_PX, _WAVE_PX, _CURVE_PX, _TICKS_PX = 26, 28, 72, 110, 28
_TICK_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
_MOST_TICK_STEPS = 4  # so many times fit beside each other on a phone
_MOST_POINTS = 200
_LEAST_TOP = 0.01


@dataclass(frozen=True, slots=True)
class _Axis:
    """The stretch of time that is drawn, in seconds from where the transition begins."""

    start_s: float
    end_s: float

    def share(self, time_s: float) -> float:
        """Where a time lies: 0 at the left end, 1 at the right one."""
        share = (time_s - self.start_s) / (self.end_s - self.start_s)
        return min(1.0, max(0.0, share))

    def percent(self, time_s: float) -> str:
        """Where a time lies in the drawing."""
        return f"{_LEFT_PERCENT + _WIDTH_PERCENT * self.share(time_s):.2f}%"

    def band(self, range_s: tuple[float, float]) -> str:
        """Place and width of a stretch of time, as attributes."""
        first, last = (self.share(time_s) for time_s in range_s)
        return f'x="{self.percent(range_s[0])}" width="{_WIDTH_PERCENT * (last - first):.2f}%"'

    def ticks_s(self) -> list[float]:
        """Times to write below it."""
        span_s = self.end_s - self.start_s
        fits = (step for step in _TICK_STEPS_S if span_s / step <= _MOST_TICK_STEPS)
        step_s = next(fits, span_s / _MOST_TICK_STEPS)
        first, last = math.ceil(self.start_s / step_s), math.floor(self.end_s / step_s)
        return [i * step_s for i in range(first, last + 1)]


def transition_drawing(
    number: int, measured: MeasuredTransition, length_s: float, flagged: Sequence[Measure]
) -> str:
    """Draw a transition as an SVG element.

    Parameters
    ----------
    number
        The transition's, from 1; it makes the names in the drawing unlike those of others.
    measured
        What is drawn. Without any outline the drawing is empty.
    length_s
        Length of the transition.
    flagged
        What its stretches are marked of, numbered in this order.

    Returns
    -------
    str
        The element, or nothing where there is nothing to draw.
    """
    outline = measured.outline
    if not outline.mixed:
        return ""
    axis = _Axis(outline.start_s, outline.start_s + len(outline.mixed) * outline.column_s)
    top_px = len(flagged) * _FLAG_PX
    panels, bottom_px = _panels(measured, axis, top_px)
    title = f"Transition {number} over time"
    name = f"drawing-{number}"
    return "\n".join(
        [
            f'<svg role="img" aria-labelledby="{name}-title {name}-text" '
            f'width="100%" height="{bottom_px + _TICKS_PX}">',
            f'<title id="{name}-title">{title}</title>',
            f'<desc id="{name}-text">{escape(_described(axis, length_s, flagged))}</desc>',
            *_region(axis, length_s, top_px, bottom_px),
            *_flags(axis, flagged, bottom_px),
            *_ticks(axis, top_px, bottom_px),
            *panels,
            "</svg>",
        ]
    )


def _described(axis: _Axis, length_s: float, flagged: Sequence[Measure]) -> str:
    """What is seen, for those who don't see it."""
    words = [
        f"Waveforms of the leaving track, the entering track and the mix below each other, from "
        f"{clock_text(-axis.start_s)} before the transition begins to {clock_text(axis.end_s)} "
        f"after that; the transition takes {clock_text(length_s)}.",
        *(f"Marked: {measure.words}." for measure in flagged),
        "Below them roughness and dissonance over time, where they were measured.",
    ]
    return " ".join(words)


def _panels(measured: MeasuredTransition, axis: _Axis, top_px: int) -> tuple[list[str], int]:
    """All panels below each other, and where they end."""
    outline = measured.outline
    peak = _peak(outline)
    parts: list[str] = []
    y_px = top_px
    for title, kind, columns in (
        ("Leaving track, without its fade", "outgoing", outline.outgoing),
        ("Entering track, without its fade", "incoming", outline.incoming),
        ("What is heard", "mixed", outline.mixed),
    ):
        parts.append(_text(title, y_px + _TITLE_PX - 8))
        y_px += _TITLE_PX
        parts += _panel(y_px, _WAVE_PX, [f'<path class="wave {kind}" d="{_wave(columns, peak)}"/>'])
        y_px += _WAVE_PX
    for title, curve in (
        ("Roughness, in points", measured.roughness),
        ("Clash of notes: dissonance, no unit", measured.dissonance),
    ):
        if not curve.mixed:
            continue
        parts.append(_text(title, y_px + _TITLE_PX - 8))
        y_px += _TITLE_PX
        top = _scale_top(curve)
        lines = [
            f'<path class="curve {kind}" d="{_line(curve, values, axis, top)}"/>'
            for kind, values in (
                ("outgoing", curve.outgoing),
                ("incoming", curve.incoming),
                ("mixed", curve.mixed),
            )
        ]
        parts += _panel(y_px, _CURVE_PX, lines)
        parts.append(_text(f"{top:g}", y_px + 12, _LABEL_X, "end"))
        parts.append(_text("0", y_px + _CURVE_PX, _LABEL_X, "end"))
        y_px += _CURVE_PX
    return parts, y_px


def _panel(y_px: int, height_px: int, lines: list[str]) -> list[str]:
    """Lines in a panel of its own, stretched to its size."""
    return [
        f'<rect class="frame" x="{_LEFT_PERCENT}%" y="{y_px}" width="{_WIDTH_PERCENT}%" '
        f'height="{height_px}"/>',
        f'<svg x="{_LEFT_PERCENT}%" y="{y_px}" width="{_WIDTH_PERCENT}%" height="{height_px}" '
        f'viewBox="0 0 {_UNITS_WIDE} {_UNITS_HIGH}" preserveAspectRatio="none">',
        *lines,
        "</svg>",
    ]


def _region(axis: _Axis, length_s: float, top_px: int, bottom_px: int) -> list[str]:
    """The transition's own stretch: shaded, with a line at either end."""
    height_px = bottom_px - top_px
    band = axis.band((0.0, length_s))
    return [
        f'<rect class="region" {band} y="{top_px}" height="{height_px}"/>',
        *(
            _upright("edge", axis.percent(time_s), top_px, bottom_px)
            for time_s in sorted({0.0, length_s})
        ),
    ]


def _flags(axis: _Axis, flagged: Sequence[Measure], bottom_px: int) -> list[str]:
    """A numbered bar for each flagged stretch, and its shade below it."""
    parts: list[str] = []
    for row, measure in enumerate(flagged):
        y_px, band = row * _FLAG_PX, axis.band(measure.range_s)
        parts += [
            _text(f"! {row + 1}", y_px + 16, _LABEL_X, "end", "flag-number"),
            f'<rect class="flag-shade" {band} y="{y_px + 4}" height="{bottom_px - y_px - 4}"/>',
            f'<rect class="flag-bar" {band} y="{y_px + 4}" height="14"/>',
        ]
    return parts


def _ticks(axis: _Axis, top_px: int, bottom_px: int) -> list[str]:
    """Times below the panels, and a thin line up from each."""
    parts = []
    for time_s in axis.ticks_s():
        x, share = axis.percent(time_s), axis.share(time_s)
        anchor = "start" if share < 0.05 else "end" if share > 0.95 else "middle"
        parts.append(_upright("tick", x, top_px, bottom_px + 4))
        parts.append(_text(clock_text(time_s), bottom_px + 22, x, anchor))
    return parts


def _upright(kind: str, x: str, top_px: int, bottom_px: int) -> str:
    return f'<line class="{kind}" x1="{x}" x2="{x}" y1="{top_px}" y2="{bottom_px}"/>'


def _text(
    words: str, baseline_px: int, x: str = "0", anchor: str = "start", kind: str = "label"
) -> str:
    return f'<text class="{kind}" x="{x}" y="{baseline_px}" text-anchor="{anchor}">{words}</text>'


def _peak(outline: Outline) -> float:
    """The largest sample of all three waveforms: all are drawn to this one scale."""
    columns = (*outline.mixed, *outline.outgoing, *outline.incoming)
    return max((abs(x) for column in columns if column for x in column), default=0.0) or 1.0


def _wave(columns: Sequence[tuple[float, float] | None], peak: float) -> str:
    """Path around a waveform: along its highest samples, and back along its lowest."""
    there = [i for i, column in enumerate(columns) if column]
    if not there:
        return ""
    middle, n_columns = _UNITS_HIGH / 2, len(columns)

    def points(side: int) -> list[tuple[int, int]]:
        found = [
            (_rounded(_UNITS_WIDE * i / n_columns), _rounded(middle - middle * column[side] / peak))
            for i, column in enumerate(columns)
            if column
        ]
        return [*found, (_rounded(_UNITS_WIDE * (there[-1] + 1) / n_columns), found[-1][1])]

    return f"{_path([*points(1), *reversed(points(0))])}z"


def _line(curve: Curve, values: Sequence[float], axis: _Axis, top: float) -> str:
    """Path along a curve; of very many values, means of neighbours are drawn."""
    each = max(1, -(-len(values) // _MOST_POINTS))
    points = []
    for first in range(0, len(values), each):
        near = values[first : first + each]
        time_s = curve.start_s + (first + (len(near) - 1) / 2) * curve.hop_s
        height = sum(near) / len(near) / top
        points.append(
            (_rounded(_UNITS_WIDE * axis.share(time_s)), _rounded(_UNITS_HIGH * (1 - height)))
        )
    if len(points) == 1:  # a single value is seen as a short line
        points.append((points[0][0] + 4, points[0][1]))
    return _path(points) if points else ""


def _scale_top(curve: Curve) -> float:
    """The first of 1, 1.5, 2, 3, 4, 6, 8, 10, 15 ... that no value passes."""
    largest = max((*curve.mixed, *curve.outgoing, *curve.incoming))
    if largest < _LEAST_TOP:
        return _LEAST_TOP
    decade: float = 10.0 ** math.floor(math.log10(largest))
    tops = (step * decade for step in (1, 1.5, 2, 3, 4, 6, 8, 10, 20))
    return next(top for top in tops if top >= largest)


def _path(points: Sequence[tuple[int, int]]) -> str:
    """Path through points: each by its distance from the last, which takes the fewest letters."""
    (x, y), *others = points
    steps: list[int] = []
    for next_x, next_y in others:
        steps += [next_x - x, next_y - y]
        x, y = next_x, next_y
    return f"M{points[0][0]} {points[0][1]}l{_numbers(steps)}"


def _numbers(values: Iterable[int]) -> str:
    """Numbers in a row; before a minus no space is needed."""
    return "".join(str(value) if value < 0 else f" {value}" for value in values).lstrip()


def _rounded(value: float) -> int:
    return math.floor(value + 0.5)

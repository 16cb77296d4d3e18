"""Which frame stands at which x: the scale of everything that is drawn along time."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, replace

_STEPS_MS = {
    1: 5, 2: 4, 5: 5, 10: 5, 20: 4, 50: 5, 100: 5, 200: 4, 500: 5,
    1_000: 5, 2_000: 4, 5_000: 5, 10_000: 5, 15_000: 3, 30_000: 6,
    60_000: 6, 120_000: 4, 300_000: 5, 600_000: 5,
}  # fmt: skip
"""Steps between labels, and into how many parts small ticks divide each."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the ruler; small ones have no text."""

    x: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """A stretch of time laid along pixels.

    Attributes
    ----------
    first_frame
        What stands at x = 0; it may lie before the first frame of all, and between two.
    frames_per_pixel
        The scale; greater is farther out.
    width
        Pixels.
    sample_rate_hz
        What frames are counted at.
    """

    first_frame: float
    frames_per_pixel: float
    width: int
    sample_rate_hz: int

    @classmethod
    def fitted(
        cls, first: float, last: float, width: int, sample_rate_hz: int, *, margin_px: int = 0
    ) -> TimeAxis:
        """Show everything from one frame to another, with a margin at both ends."""
        inner = max(1, width - 2 * margin_px)
        scale = max(last - first, 1) / inner
        return cls(first - margin_px * scale, scale, width, sample_rate_hz)

    @property
    def last_frame(self) -> float:
        """What stands at the right end."""
        return self.frame_at(self.width)

    def x_at(self, frame: float) -> float:
        """Where a frame stands."""
        return (frame - self.first_frame) / self.frames_per_pixel

    def frame_at(self, x: float) -> float:
        """Which frame stands at x."""
        return self.first_frame + x * self.frames_per_pixel

    def zoomed(self, about_x: float, factor: float, nearest: float, farthest: float) -> TimeAxis:
        """Zoom in (a factor above 1) or out; the frame at `about_x` stays where it is.

        Parameters
        ----------
        nearest, farthest
            Least and most frames to a pixel.
        """
        scale = min(max(self.frames_per_pixel / factor, nearest), farthest)
        return replace(
            self, first_frame=self.frame_at(about_x) - about_x * scale, frames_per_pixel=scale
        )

    def panned(self, pixels: float) -> TimeAxis:
        """Look this many pixels farther right."""
        return replace(self, first_frame=self.first_frame + pixels * self.frames_per_pixel)

    def centered(self, frame: float) -> TimeAxis:
        """Put a frame into the middle."""
        return self.panned(self.x_at(frame) - self.width / 2)

    def step_ms(self, least_px: float) -> int:
        """Milliseconds between two labels that are at least so far apart."""
        least_ms = least_px * self.frames_per_pixel / self.sample_rate_hz * 1000
        steps = list(_STEPS_MS)
        index = bisect.bisect_left(steps, least_ms)
        if index < len(steps):
            return steps[index]
        return steps[-1] * math.ceil(least_ms / steps[-1])

    def ticks(self, least_px: float, from_x: float, to_x: float) -> list[Tick]:
        """Marks of the ruler between two x: labels at least `least_px` apart, small ones between.

        Nothing is marked before time 0.
        """
        step_ms = self.step_ms(least_px)
        parts = _STEPS_MS.get(step_ms, 5)
        frames_per_part = step_ms * self.sample_rate_hz / (1000 * parts)
        first = max(0, math.ceil(self.frame_at(from_x) / frames_per_part))
        last = math.floor(self.frame_at(to_x) / frames_per_part)
        return [
            Tick(
                self.x_at(i * frames_per_part),
                "" if i % parts else tick_text(i // parts * step_ms, step_ms),
            )
            for i in range(first, last + 1)
        ]


def tick_text(time_ms: int, step_ms: int) -> str:
    """A time with as many digits as the step between labels needs.

    >>> tick_text(120_000, 60_000), tick_text(1_000, 500), tick_text(3_661_001, 1)
    ('2:00', '0:01.0', '1:01:01.001')
    """
    n_digits = sum(step_ms % unit != 0 for unit in (1000, 100, 10))
    seconds, thousandths = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    digits = f".{thousandths:03d}"[: n_digits + 1] if n_digits else ""
    return f"{head}:{seconds:02d}{digits}"

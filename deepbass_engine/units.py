"""Frames and seconds, decibels and gain: the only place where one becomes the other.

One rounding rule: to the nearest frame, halves up, so that a time means the same frame wherever it
is converted.
"""

from __future__ import annotations

import math


def frames_from_seconds(seconds: float, sample_rate_hz: int) -> int:
    """Nearest frame to a time, halves rounded up.

    >>> frames_from_seconds(0.5, 44100)
    22050
    """
    return math.floor(seconds * sample_rate_hz + 0.5)


def seconds_from_frames(n_frames: int, sample_rate_hz: int) -> float:
    """Length of `n_frames` in seconds."""
    return n_frames / sample_rate_hz


def rescale_frames(n_frames: int, from_rate_hz: int, to_rate_hz: int) -> int:
    """The same instant on another rate's grid, halves rounded up, in exact integer arithmetic.

    >>> rescale_frames(44100, 44100, 48000)
    48000
    """
    return (2 * n_frames * to_rate_hz + from_rate_hz) // (2 * from_rate_hz)


def db_from_gain(gain: float) -> float:
    """Amplitude ratio in decibels; ``-inf`` for zero."""
    return 20.0 * math.log10(gain) if gain > 0 else -math.inf


def gain_from_db(level_db: float) -> float:
    """Decibels as an amplitude ratio."""
    return float(10.0 ** (level_db / 20.0))


def clock_text(seconds: float) -> str:
    """A time as a person reads it, to a tenth of a second.

    >>> clock_text(151.44)
    '2:31.4'
    >>> clock_text(3725)
    '1:02:05.0'
    """
    tenths = math.floor(abs(seconds) * 10 + 0.5)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 else ""
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{sign}{head}:{tenths // 10:02d}.{tenths % 10}"

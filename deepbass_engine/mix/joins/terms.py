"""What a candidate costs: a handful of terms, each readable alone; their sum decides.

All are in points; a point is what a second of music left out costs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.chroma import chroma_distance
from deepbass_engine.mix.joins.candidates import Placed
from deepbass_engine.mix.joins.side import Side
from deepbass_engine.mix.joins.tempo import Meeting

_POINTS_OF_LENGTH = {32: 5.0, 16: 0.0, 8: 1.0, 4: 5.0, 2: 9.0}
"""By bars; a length that a person chose costs nothing."""
_DIP_FREE_LU, _JUMP_FREE_LU = 2.0, 1.5
_POINTS_PER_LU = 2.0
_POINTS_OF_HARMONY = 6.0
_POINTS_OFF_PHRASE = 2.0
_POINTS_PER_QUIET_S = 0.5
_QUIET_LU = 8.0
_STEP_S = 0.25
_BARS_IN_PHRASE = 8
_AFTER_S = 12.0


@dataclass(frozen=True, slots=True)
class Terms:
    """Points of a candidate.

    Attributes
    ----------
    length
        Bars, against sixteen.
    discarded
        Music that is left out.
    dip, jump
        Loudness within the transition, as the courses of both tracks foretell it, below the
        quieter track or above the louder one.
    dead_air
        Time behind it until the entering track is there in full.
    harmony
        How ill the two stretches go together.
    phrase
        Whether a phrase is cut: where one begins is known of a track, and it is elsewhere.
    """

    length: float
    discarded: float
    dip: float
    jump: float
    dead_air: float
    harmony: float
    phrase: float

    @property
    def total(self) -> float:
        """Their sum."""
        return float(sum(getattr(self, field.name) for field in fields(self)))


def terms_of(
    candidate: Placed,
    leaving: Side,
    entering: Side,
    met: Meeting,
    phrases: tuple[int | None, int | None],
) -> Terms:
    """What a candidate costs.

    Parameters
    ----------
    phrases
        `Side.phrase_offset` of both.
    """
    low, high = _expected_lu(candidate, leaving, entering, met)
    return Terms(
        length=_POINTS_OF_LENGTH.get(candidate.n_bars, 0.0),
        discarded=candidate.discarded_s,
        dip=_POINTS_PER_LU * max(0.0, -low - _DIP_FREE_LU),
        jump=_POINTS_PER_LU * max(0.0, high - _JUMP_FREE_LU),
        dead_air=_POINTS_PER_QUIET_S * _quiet_s(candidate, entering, met),
        harmony=_POINTS_OF_HARMONY * _harmony(candidate, leaving, entering, met),
        phrase=_off_phrase(candidate, leaving, entering, met, phrases),
    )


def _expected_lu(
    candidate: Placed, leaving: Side, entering: Side, met: Meeting
) -> tuple[float, float]:
    """Lowest loudness of the sum against the quieter body, highest against the louder one."""
    at = np.arange(0.0, candidate.n_frames, _STEP_S * leaving.rate_hz)
    share = at / max(1, candidate.n_frames)
    out_lufs = leaving.loudness_lufs(candidate.out_start + at * met.out_ratio)
    in_lufs = entering.loudness_lufs(candidate.in_start + at * met.in_ratio)
    power = _power(out_lufs) * np.cos(share * np.pi / 2) ** 2
    power += _power(in_lufs) * np.sin(share * np.pi / 2) ** 2
    smooth = np.convolve(power, np.full(4, 0.25), "valid") if len(power) >= 4 else power
    total = 10.0 * np.log10(np.maximum(smooth, 1e-9))
    bodies = leaving.body_lufs, entering.body_lufs
    return float(total.min()) - min(bodies), float(total.max()) - max(bodies)


def _power(loudness_lufs: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(10.0 ** (loudness_lufs / 10.0))


def _quiet_s(candidate: Placed, entering: Side, met: Meeting) -> float:
    """Seconds behind the transition in which the entering track is much below its body."""
    first = candidate.in_start + candidate.n_frames * met.in_ratio
    at = first + np.arange(0.0, _AFTER_S, _STEP_S) * entering.rate_hz
    quiet = entering.loudness_lufs(at) < entering.body_lufs - _QUIET_LU
    return float(np.count_nonzero(np.logical_and.accumulate(quiet))) * _STEP_S


def _harmony(candidate: Placed, leaving: Side, entering: Side, met: Meeting) -> float:
    """0 where both stretches have the same harmonies, 1 where they have nothing in common."""
    assert leaving.music is not None
    assert entering.music is not None
    rate_hz, n_frames = leaving.rate_hz, candidate.n_frames
    return chroma_distance(
        leaving.music.chroma,
        candidate.out_start / rate_hz,
        (candidate.out_start + n_frames * met.out_ratio) / rate_hz,
        entering.music.chroma,
        candidate.in_start / rate_hz,
        (candidate.in_start + n_frames * met.in_ratio) / rate_hz,
    )


def _off_phrase(
    candidate: Placed,
    leaving: Side,
    entering: Side,
    met: Meeting,
    phrases: tuple[int | None, int | None],
) -> float:
    points = 0.0
    end = candidate.out_start + candidate.n_frames * met.out_ratio
    for side, phrase, frame in (
        (leaving, phrases[0], end),
        (entering, phrases[1], candidate.in_start + candidate.n_frames * met.in_ratio),
    ):
        if phrase is not None and side.bar_number(frame) % _BARS_IN_PHRASE != phrase:
            points += _POINTS_OFF_PHRASE
    return points

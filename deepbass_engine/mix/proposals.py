"""Which settings of a transition a search tries, and in which order.

`proposals` makes candidates from the best of those that were measured before: lengths and places
far apart first, then other curves for the best of them, then what lies around the best, ever
nearer. Where both tracks keep a beat, each is moved on to where their kicks fall together
(`Kicks`). Nothing here is random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.low_band import beat_s, low_band, onsets_s
from deepbass_engine.mix.candidates import SHORTEST_S, Candidate, Room
from deepbass_engine.mix.transition_audio import CONTEXT_S

_LENGTHS = (0.5, 1.5, 0.25)
"""Of what it has now; the length it has is tried anyway."""
_LENGTHS_OF_A_CUT_S = (0.5, 1.0, 2.0)
_CURVES = (
    "log:tri", "log:exp", "tri", "squ", "exp:log", "tri:log", "hsin", "equal_power", "iqsin",
    "cub:cbr", "cbr:cub", "log",
)  # fmt: skip
_STEPS_S = (0.6, 0.3, 1.2, 0.15, 2.0, 0.07, 0.03)
_WAYS = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (-1, -1))
_LONGER = 1.2

_SHIFT_STEP_S = 0.005
_FEWEST_KICKS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Kicks:
    """When the low bands of both tracks set in, around a transition.

    Attributes
    ----------
    leaving_s : float64, shape (n_leaving,)
        Counted from where the leaving track ends now; before it they are negative.
    entering_s : float64, shape (n_entering,)
        Counted from where the entering track begins now.
    """

    leaving_s: NDArray[np.float64]
    entering_s: NDArray[np.float64]

    @classmethod
    def of(
        cls, leaving: NDArray[np.float32], entering: NDArray[np.float32], sample_rate_hz: int
    ) -> Kicks:
        """Find them in what leads up to the one's end, and from the other's beginning on.

        Parameters
        ----------
        leaving, entering : float32, shape (n_frames, channels)
            The two tracks.
        """
        found = [
            onsets_s(low_band(samples.mean(axis=1, dtype=np.float32), sample_rate_hz))
            for samples in (leaving, entering)
        ]
        return cls(found[0] - len(leaving) / sample_rate_hz, found[1])

    def together(self, candidate: Candidate) -> Candidate:
        """The candidate, its entering track begun so much later that kicks fall together.

        That is less than a beat. Where one of the tracks has none there, it stays as it is.
        """
        end_s, begin_s = -candidate.earlier_s, -candidate.earlier_s - candidate.duration_s
        leaving = _between(self.leaving_s, begin_s - CONTEXT_S, end_s) - begin_s
        entering = self.entering_s - candidate.later_s
        looked_at = _between(entering, 0.0, candidate.duration_s + CONTEXT_S)
        beat = beat_s(leaving)
        if beat is None or beat_s(looked_at) is None:
            return candidate
        shifts_s = np.arange(0.0, beat, _SHIFT_STEP_S)
        apart_s = [_apart_s(leaving, entering - shift, candidate.duration_s) for shift in shifts_s]
        best = int(np.argmin(apart_s))
        if not np.isfinite(apart_s[best]):
            return candidate
        return replace(candidate, later_s=candidate.later_s + float(shifts_s[best]))


def proposals(
    room: Room, kicks: Kicks, n_candidates: int, best: Callable[[int], list[Candidate]]
) -> Iterator[Candidate]:
    """Candidates to measure, one after the other, none twice, the present one not among them.

    Parameters
    ----------
    room
        What is allowed.
    kicks
        When the tracks' low bands set in.
    n_candidates
        How many are going to be measured, the present one included; three of eight are spread out.
    best
        Gives the best so far, at most as many as asked for, the present one among them.
    """
    seen = {room.present}

    def new(candidates: Iterator[Candidate], n_most: int | None = None) -> Iterator[Candidate]:
        n_made = 0
        for wished in candidates:
            in_time = room.placed(kicks.together(wished))
            candidate = in_time if room.allows(in_time) else room.placed(wished)
            if candidate not in seen and room.allows(candidate):
                seen.add(candidate)
                yield candidate
                n_made += 1
            if n_made == n_most:
                return

    yield from new(_spread(room), max(1, 3 * n_candidates // 8))
    yield from new(_with_other_curves(best(1)), max(1, n_candidates // 4))
    for n_best in (1, 3):
        for step_s in _STEPS_S:
            yield from new(_around(best(n_best), step_s))
        yield from new(_with_other_curves(best(n_best)))


def _spread(room: Room) -> Iterator[Candidate]:
    """Lengths and places far apart."""
    present = room.present
    yield present
    if present.duration_s:
        wished = [round(present.duration_s * factor, 2) for factor in _LENGTHS]
        lengths = [max(SHORTEST_S, length) for length in wished]
    else:
        lengths = list(_LENGTHS_OF_A_CUT_S)
    away_s = room.away_s
    for length in lengths:
        yield replace(present, duration_s=length)
    for earlier_s, later_s in ((away_s, 0.0), (0.0, away_s), (away_s, away_s)):
        for length in (present.duration_s, lengths[0]):
            yield replace(present, duration_s=length, earlier_s=earlier_s, later_s=later_s)


def _with_other_curves(candidates: list[Candidate]) -> Iterator[Candidate]:
    """The same with each curve in turn."""
    for curve in _CURVES:
        for candidate in candidates:
            if candidate.duration_s:
                yield replace(candidate, curve=curve)


def _around(candidates: list[Candidate], step_s: float) -> Iterator[Candidate]:
    """What lies a step away from each."""
    for candidate in candidates:
        for earlier, later in _WAYS:
            yield replace(
                candidate,
                earlier_s=max(0.0, candidate.earlier_s + earlier * step_s),
                later_s=max(0.0, candidate.later_s + later * step_s),
            )
        for factor in (1 / _LONGER, _LONGER):
            yield replace(candidate, duration_s=round(candidate.duration_s * factor, 2))


def _between(times_s: NDArray[np.float64], first_s: float, end_s: float) -> NDArray[np.float64]:
    return times_s[(times_s >= first_s) & (times_s < end_s)]


def _apart_s(
    leaving_s: NDArray[np.float64], entering_s: NDArray[np.float64], fade_s: float
) -> float:
    """How far the kicks within a transition fall apart, by their median; infinite of too few."""
    leaving, entering = (_between(times, 0.0, fade_s) for times in (leaving_s, entering_s))
    if min(len(leaving), len(entering)) < _FEWEST_KICKS:
        return float("inf")
    behind = np.searchsorted(leaving, entering)
    to_last = np.abs(entering - leaving[np.maximum(behind - 1, 0)])
    to_next = np.abs(leaving[np.minimum(behind, len(leaving) - 1)] - entering)
    return float(np.median(np.minimum(to_last, to_next)))

"""Where two tracks may be joined on the beat: every place and length that keeps to the rules.

Bar lines of both fall together, and the leaving track ends on one::

    track that leaves   ---|---|===|===|===|===|
                               ^ out_start      ^ its last bar line
    track that enters          |===|===|===|===|---|---
                               ^ in_start
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deepbass_engine.mix.joins.side import Side
from deepbass_engine.mix.joins.tempo import Meeting

LADDER_BARS = (32, 16, 8, 4, 2)
MOST_OF_A_TRACK = 0.2
"""What a join may take of a track, what is left out included; the rest is its other join's."""
LONGEST_S = 40.0

_NEAR_FRAMES = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The length that a person wants a transition to have; neither leaves it open.

    Attributes
    ----------
    n_frames
        Frames of the mix.
    n_bars
        Bars of the leaving track; fewer where so many have no place.
    """

    n_frames: int | None = None
    n_bars: int = 0


ANY_LENGTH = Wanted()


@dataclass(frozen=True, slots=True)
class Placed:
    """A candidate; frames are the tracks' own, at the rate of the mix.

    Attributes
    ----------
    n_bars
        Bars of the leaving track; 0 where a person has chosen the length.
    n_frames
        Length of the transition.
    out_start, in_start
        Where it begins in both tracks.
    discarded_s
        Music that is left out of both.
    """

    n_bars: int
    n_frames: int
    out_start: float
    in_start: float
    discarded_s: float


def placed(
    leaving: Side, entering: Side, met: Meeting, budget_s: float, wanted: Wanted = ANY_LENGTH
) -> Iterator[Placed]:
    """All candidates.

    Parameters
    ----------
    leaving, entering
        The tracks; both have a grid.
    met
        The tempo at which they are heard together.
    budget_s
        Music that may be left out of both together.
    wanted
        How long it is to be.
    """
    found = False
    for lengths in _lengths(leaving, met, wanted):
        for n_bars, n_frames in lengths:
            for candidate in _of_length(n_bars, n_frames, leaving, entering, met, budget_s):
                found = True
                yield candidate
        if found:
            return


def _lengths(leaving: Side, met: Meeting, wanted: Wanted) -> Iterator[list[tuple[int, int]]]:
    """Bars and frames to try, and what to try where none of those has a place."""
    assert leaving.grid is not None
    bar = leaving.grid.beats_per_bar * 60.0 / met.tempo_bpm * leaving.rate_hz
    ladder = [(n_bars, round(n_bars * bar)) for n_bars in LADDER_BARS]
    if wanted.n_frames is not None:
        yield [(0, wanted.n_frames)]
    elif wanted.n_bars:
        yield [(wanted.n_bars, round(wanted.n_bars * bar))]
        yield [rung for rung in ladder if rung[0] < wanted.n_bars]
    else:
        yield [rung for rung in ladder if rung[1] <= LONGEST_S * leaving.rate_hz]


def _of_length(
    n_bars: int, n_frames: int, leaving: Side, entering: Side, met: Meeting, budget_s: float
) -> Iterator[Placed]:
    """All places for a transition of one length."""
    rate_hz = leaving.rate_hz
    budget = budget_s * rate_hz
    taken_out, taken_in = n_frames * met.out_ratio, n_frames * met.in_ratio
    for end, start in _places(leaving, entering, met, taken_out, budget):
        left_out = max(0.0, leaving.end - end), max(0.0, start - entering.start)
        if (
            sum(left_out) <= budget
            and left_out[0] + taken_out <= MOST_OF_A_TRACK * leaving.n_frames
            and left_out[1] + taken_in <= MOST_OF_A_TRACK * entering.n_frames
        ):
            yield Placed(n_bars, n_frames, end - taken_out, start, sum(left_out) / rate_hz)


def _places(
    leaving: Side, entering: Side, met: Meeting, taken: float, budget: float
) -> Iterator[tuple[float, float]]:
    """Where the one may end and the other begin so that their bar lines fall together.

    What a person has chosen stays; where that is both ends, so does how their bars lie.
    """
    last, first = leaving.end + _NEAR_FRAMES, entering.start - _NEAR_FRAMES
    if not leaving.may_move and entering.may_move:
        ends: Iterable[float] = (leaving.end,)
    elif leaving.may_move and not entering.may_move:
        behind = entering.beats_behind_bar(entering.start) * met.relation
        behind += taken / leaving.beat_frames
        ends = map(float, leaving.downbeats(leaving.end - budget, last, behind))
    elif leaving.may_move:
        ends = map(float, leaving.downbeats(leaving.end - budget, last))
    else:
        yield leaving.end, entering.start
        return
    for end in ends:
        if not entering.may_move:
            yield end, entering.start
            continue
        behind = leaving.beats_behind_bar(end - taken) / met.relation
        for start in entering.downbeats(first, entering.start + budget, behind):
            yield end, float(start)

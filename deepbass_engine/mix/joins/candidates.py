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
    leaving: Side, entering: Side, met: Meeting, budget_s: float, n_asked: int | None = None
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
    n_asked
        Frames that a person wants the transition to have; None leaves that open.
    """
    rate_hz = leaving.rate_hz
    budget = budget_s * rate_hz
    assert leaving.grid is not None
    bar = leaving.grid.beats_per_bar * 60.0 / met.tempo_bpm * rate_hz
    lengths = [(n, round(n * bar)) for n in LADDER_BARS] if n_asked is None else [(0, n_asked)]
    for n_bars, n_frames in lengths:
        if n_bars and n_frames > LONGEST_S * rate_hz:
            continue
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

"""How the tempi of two tracks meet: each goes half of the way, in proportion."""

from __future__ import annotations

import math
from dataclasses import dataclass

MOST_STRETCH = 0.06
"""What a track may be made faster or slower by."""

_RELATIONS = (1.0, 2.0, 0.5)
_SAME = 1e-7


@dataclass(frozen=True, slots=True)
class Meeting:
    """The tempo at which two tracks are heard together.

    Attributes
    ----------
    tempo_bpm
        In beats of the track that leaves.
    out_ratio, in_ratio
        How many times faster than its own each is heard.
    relation
        Beats of the leaving track to one of the entering: 1, 2 or one half.
    """

    tempo_bpm: float
    out_ratio: float
    in_ratio: float
    relation: float


def meeting(out_bpm: float, in_bpm: float) -> Meeting:
    """The nearest tempo at which two tracks can meet, however far away; see `is_near`."""
    relation = min(
        _RELATIONS, key=lambda r: (round(abs(math.log(in_bpm * r / out_bpm)), 9), abs(r - 1.0))
    )
    common = math.sqrt(out_bpm * in_bpm * relation)
    if abs(in_bpm * relation / out_bpm - 1.0) < _SAME:
        return Meeting(out_bpm, 1.0, 1.0, relation)
    return Meeting(common, common / out_bpm, common / (in_bpm * relation), relation)


def is_near(found: Meeting) -> bool:
    """Whether neither track is stretched more than it may be."""
    return max(abs(found.out_ratio - 1.0), abs(found.in_ratio - 1.0)) <= MOST_STRETCH

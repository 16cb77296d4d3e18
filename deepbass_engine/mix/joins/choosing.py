"""Chooses how two tracks are joined: on the beat if the rules let them, else not, and says why.

The rules stand in the order in which they are asked; the first that is broken is the reason. What
passes them is a number of candidates, and the one that costs least is taken.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from deepbass_engine.mix.joins.candidates import ANY_LENGTH, MOST_OF_A_TRACK, Placed, Wanted, placed
from deepbass_engine.mix.joins.side import Side
from deepbass_engine.mix.joins.tempo import MOST_STRETCH, Meeting, is_near, meeting
from deepbass_engine.mix.joins.terms import Terms, terms_of

N_TOLD = 5
"""Candidates that are told of a join."""


@dataclass(frozen=True, slots=True)
class Considered:
    """A candidate and what it costs."""

    placed: Placed
    terms: Terms


@dataclass(frozen=True, slots=True)
class Join:
    """Two tracks on the beat.

    Attributes
    ----------
    met
        The tempo at which they are heard together.
    considered
        The candidates that cost least, the chosen one first.
    because
        Why it is so, in words.
    """

    met: Meeting
    considered: tuple[Considered, ...]
    because: str

    @property
    def placed(self) -> Placed:
        """The chosen place and length."""
        return self.considered[0].placed


@functools.lru_cache(maxsize=2048)
def joined(
    leaving: Side, entering: Side, budget_s: float, wanted: Wanted = ANY_LENGTH
) -> Join | str:
    """How two tracks are joined on the beat, or why they are not.

    It is remembered, for a window plans a mix anew at every edit.

    Parameters
    ----------
    leaving, entering
        The tracks.
    budget_s
        Music that may be left out of both together.
    wanted
        How long a person wants it to be.
    """
    refusal = _no_beat("the first track", leaving) or _no_beat("the second track", entering)
    if refusal:
        return refusal
    assert leaving.grid is not None
    assert entering.grid is not None
    met = meeting(leaving.grid.tempo_bpm, entering.grid.tempo_bpm)
    tempi = f"{leaving.grid.tempo_bpm:.1f} and {entering.grid.tempo_bpm:.1f} BPM"
    if not is_near(met):
        return f"{tempi} are further apart than {MOST_STRETCH:.0%} of each"
    phrases = leaving.phrase_offset(), entering.phrase_offset()
    found = [
        Considered(candidate, terms_of(candidate, leaving, entering, met, phrases))
        for candidate in placed(leaving, entering, met, budget_s, wanted)
    ]
    if not found:
        return (
            f"wherever bar lines meet, more than {MOST_OF_A_TRACK:.0%} of a track would be taken, "
            f"or more than {budget_s:g} s left out"
        )
    found.sort(key=lambda c: (round(c.terms.total, 6), -c.placed.n_frames, c.placed.in_start))
    return Join(met, tuple(found[:N_TOLD]), _because(found[0], met, tempi))


def _no_beat(which: str, side: Side) -> str:
    """Why a track can't be joined on the beat; empty if it can."""
    grid = side.grid
    if side.music is None:
        return f"{which} was not listened to"
    if grid is None:
        return f"{which} has no beat"
    if not grid.is_steady:
        return f"the tempo of {which} drifts"
    if not grid.is_sure:
        return f"the beat of {which} is not sure ({grid.confidence:.0%})"
    return ""


def _because(best: Considered, met: Meeting, tempi: str) -> str:
    n_bars = best.placed.n_bars
    bars = f"{n_bars} bars on the beat" if n_bars else "on the beat"
    relation = {1.0: "", 2.0: ", two beats to one", 0.5: ", one beat to two"}[met.relation]
    said = {
        "harmony": "the harmonies differ",
        "dip": "a dip in loudness is left",
        "jump": "a loud sum is left",
        "phrase": "a phrase is cut",
        "dead_air": "the second track begins quietly",
    }
    but = [words for name, words in said.items() if getattr(best.terms, name) >= 2.0]
    discarded = best.placed.discarded_s
    left_out = f", {discarded:.1f} s left out" if discarded >= 0.05 else ""
    return f"{bars} at {met.tempo_bpm:.1f} BPM ({tempi}{relation}){left_out}" + (
        f"; {', '.join(but)}" if but else ""
    )

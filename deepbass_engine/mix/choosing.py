"""Which candidate is better, by how much and why, in numbers and in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deepbass_engine.mix.candidates import SHORTEST_S, Candidate
from deepbass_engine.mix.quality import MeasuredTransition, Quality

LENGTH_WEIGHT = 0.1
LEAST_GAIN = 0.01
"""What is less better than this is not heard, and nothing is changed for it."""

_TOLD_LENGTH = 0.005
_HEARD, _GONE = 0.5, 0.1
"""In limits: from where on one says that something was there, and up to where that it is gone."""

_BETTER = {
    "roughness": ("it no longer sounds rougher than its tracks", "it sounds less rough"),
    "dissonance": ("the notes no longer clash", "the notes clash less"),
    "loudness_dip": ("the music no longer sags", "the music sags less"),
    "loudness_jump": ("the loudness no longer leaps", "the loudness leaps less"),
    "bass_overlap": (
        "the two bass lines no longer sound together",
        "the two bass lines sound together for less long",
    ),
    "kicks": ("the kicks no longer fall apart", "the kicks fall nearer together"),
    "click": ("it no longer clicks", "it clicks less"),
    "flux": ("the sound no longer changes all at once", "the sound changes less suddenly"),
    "discarded": ("no music is left out", "less music is left out"),
}


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate that was measured.

    Attributes
    ----------
    candidate
        The setting.
    measured
        What was measured of it.
    score
        The sum of the terms; the less the better.
    terms
        What adds up to it, by name: the `score_terms` of its quality, and "length".
    because
        What speaks for it against the present setting, in a sentence without full stop.
    is_default
        Whether it is the present setting.
    """

    candidate: Candidate
    measured: MeasuredTransition
    score: float
    terms: Mapping[str, float]
    because: str
    is_default: bool


def terms_of(
    candidate: Candidate, present: Candidate, measured: MeasuredTransition
) -> dict[str, float]:
    """What adds up to a candidate's score.

    To the terms of the measured quality comes a small one for its length, ``0.1 log2(length /
    present length)^2`` with both taken as no shorter than `SHORTEST_S`: a short fade has little
    time to sound bad in, but its length was asked for. 4 s in place of 8 s cost 0.1, 2 s 0.4.
    """
    length_s, asked_s = (max(SHORTEST_S, c.duration_s) for c in (candidate, present))
    length = LENGTH_WEIGHT * math.log2(length_s / asked_s) ** 2
    return {**measured.quality.score_terms, "length": length}


def ranked(
    present: Candidate, measured: Sequence[tuple[Candidate, MeasuredTransition]]
) -> tuple[Ranked, ...]:
    """Measured candidates, the best first.

    The present setting stands before what is better by less than `LEAST_GAIN`, and of equal ones
    the earlier made comes first: nothing is changed for nothing.

    Parameters
    ----------
    present
        The present setting.
    measured
        All candidates in the order in which they were made, the present one among them.
    """
    scored = []
    for candidate, found in measured:
        terms = terms_of(candidate, present, found)
        is_now = candidate == present
        scored.append(Ranked(candidate, found, sum(terms.values()), terms, "", is_now))
    scored.sort(key=lambda each: each.score - LEAST_GAIN * each.is_default)
    return tuple(replace(each, because=_because(each, scored)) for each in scored)


def _because(chosen: Ranked, ranking: Sequence[Ranked]) -> str:
    """What speaks for a candidate, in a sentence."""
    now = next(each for each in ranking if each.is_default)
    if chosen is now:
        clauses = [f"{_setting(now.candidate)} stays"]
        scores = f"score {now.score:.2f}"
        if ranking[0] is now and len(ranking) > 1:
            other_score = ranking[1].score
            is_nearly_better = other_score < now.score
            scores += f", the next best {other_score:.2f}" + (
                ": no gain that is heard" if is_nearly_better else ""
            )
    else:
        clauses = [
            f"{_setting(chosen.candidate)} instead of {_setting(now.candidate)}",
            *what_is_better(chosen.measured.quality, now.measured.quality),
        ]
        scores = f"score {chosen.score:.2f} instead of {now.score:.2f}"
        if chosen.terms["length"] >= _TOLD_LENGTH:
            scores += f", {chosen.terms['length']:.2f} of it for its length"
    method = chosen.candidate.method
    other = next((each for each in ranking if each.candidate.method != method), None)
    if other is not None and other is not now:
        scores += f", the best {other.candidate.method} one {other.score:.2f}"
    return f"search: {'; '.join(clauses)} ({scores})"


def _setting(candidate: Candidate) -> str:
    """A candidate in words."""
    if not candidate.duration_s:
        text = "a cut"
    else:
        method = "" if candidate.method == "simple" else f"{candidate.method} "
        text = f"{candidate.duration_s:.1f} s {method}{candidate.curve}"
    moves = [
        f"{how} {seconds:.2f} s {than}"
        for seconds, how, than in (
            (candidate.earlier_s, "ending", "earlier"),
            (candidate.later_s, "beginning", "later"),
        )
        if seconds
    ]
    return f"{text} {' and '.join(moves)}" if moves else text


def what_is_better(after: Quality, before: Quality) -> list[str]:
    """What of the quality gained most, in a clause, if anything did."""
    now = after.score_terms
    gains = {name: term - now.get(name, 0.0) for name, term in before.score_terms.items()}
    name = max(gains, key=lambda name: gains[name], default="")
    if not name or gains[name] <= 0.0:
        return []
    gone, less = _BETTER[name]
    was, is_now = before.measures[name], after.measures.get(name)
    is_gone = was.badness >= _HEARD and (is_now is None or is_now.badness <= _GONE)
    return [gone if is_gone else less]

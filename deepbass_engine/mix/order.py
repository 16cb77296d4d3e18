"""The order in which tracks go together best: by tempo, key and energy.

What it costs to have one track behind another is a sum of terms, each between 0 and its weight:

- tempo: 0 up to `TEMPO_FREE`, then rising in proportion to 1 at `TEMPO_FULL`, and 1 beyond; in the
  same way from 0.5 to 1 for a track at about half or double the tempo;
- key: by steps on the Camelot wheel; the same key, its neighbours and its relative are free, 4
  steps cost 1;
- energy: in proportion, half of the scale costs `ENERGY_WEIGHT`; where the energy of a track is not
  known, loudness stands in;
- what is predicted of the transition's quality, where that is given.

A tempo or key is trusted by the lower confidence of both tracks; as far as it isn't, and where
nothing is known, a term costs half of its weight: such a track is no bargain and no burden.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepbass_engine.errors import PlanError
from deepbass_engine.mix.order_search import best_order, order_cost
from deepbass_engine.progress import CancelToken, OnProgress

TEMPO_FREE, TEMPO_FULL = 0.005, 0.08
"""Relative differences of tempo that cost nothing, and that cost all."""

ENERGY_WEIGHT = 0.5
"""What a step of half the scale of energy costs; tempo and key cost 1 at most."""

ARC_WEIGHT = 1.0
"""What half the scale of energy away from the arc costs a track."""

_OTHER_TIME = 0.5
_UNKNOWN = 0.5
_FREE_STEPS, _FULL_STEPS = 1, 4
_ENERGY_FULL = 0.5
_LU_PER_ENERGY = 20.0
_LEVELS = 10
_LETTERS = {"minor": "A", "major": "B"}

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrackTraits:
    """What is known of a track; None is not known.

    Attributes
    ----------
    tempo_bpm, tempo_confidence
        Beats per minute, and from 0 to 1 how sure that is.
    key, key_confidence
        Tonic, from C = 0 to B = 11, and "major" or "minor"; from 0 to 1 how sure that is.
    loudness_lufs
        Integrated loudness.
    energy
        From 0 to 1.
    """

    tempo_bpm: float | None = None
    tempo_confidence: float = 1.0
    key: tuple[int, str] | None = None
    key_confidence: float = 1.0
    loudness_lufs: float | None = None
    energy: float | None = None

    def __post_init__(self) -> None:
        for name in ("tempo_confidence", "key_confidence", "energy"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value <= 1.0:
                raise PlanError(f"{name} is {value}", hint="it goes from 0 to 1")
        if self.tempo_bpm is not None and not 0.0 < self.tempo_bpm < math.inf:
            raise PlanError(f"tempo_bpm is {self.tempo_bpm}", hint="give beats per minute, or None")
        if self.loudness_lufs is not None and not math.isfinite(self.loudness_lufs):
            raise PlanError(f"loudness_lufs is {self.loudness_lufs}", hint="give None for silence")
        if self.key is not None and not (0 <= self.key[0] <= 11 and self.key[1] in _LETTERS):
            raise PlanError(f"key is {self.key}", hint="a tonic of 0 to 11, and major or minor")


@dataclass(frozen=True, slots=True)
class JoinCost:
    """What it costs to have one track right behind another.

    Attributes
    ----------
    tempo, key, energy
        The terms, see this module.
    predicted
        What was given as predicted.
    reason
        The step in words: "126.0 -> 127.5 BPM (+1.2 %), 8A -> 9A, energy +1".
    """

    tempo: float
    key: float
    energy: float
    predicted: float
    reason: str

    @property
    def total(self) -> float:
        """Their sum."""
        return self.tempo + self.key + self.energy + self.predicted


@dataclass(frozen=True, slots=True)
class Arrangement:
    """An order of tracks.

    Attributes
    ----------
    order
        Their numbers in the present order, the first one first.
    joins
        What each join of it costs, and why; one less than there are tracks.
    cost_before, cost_after
        Of the present order and of this one; with an arc, what its places cost too. Pins can make
        an order dearer than the present one.
    """

    order: tuple[int, ...]
    joins: tuple[JoinCost, ...]
    cost_before: float
    cost_after: float


def camelot(tonic: int, mode: str) -> tuple[int, str]:
    """Place of a key on the Camelot wheel: 1 to 12 in fifths, A for minor and B for major.

    >>> camelot(9, "minor"), camelot(0, "major"), camelot(7, "major")
    ((8, 'A'), (8, 'B'), (9, 'B'))
    """
    relative_major = tonic if mode == "major" else tonic + 3
    return (7 * relative_major + 7) % 12 + 1, _LETTERS[mode]


def join_cost(a: TrackTraits, b: TrackTraits, *, predicted: float = 0.0) -> JoinCost:
    """What it costs to have track b right behind track a.

    Parameters
    ----------
    a, b
        The tracks.
    predicted
        What is added for the quality that is predicted of the transition.
    """
    tempo, key, energy = (float(term[0, 0]) for term in _terms([a], [b]))
    return JoinCost(tempo, key, energy, predicted, _reason(a, b, predicted))


def join_costs(traits: Sequence[TrackTraits]) -> NDArray[np.float64]:
    """`JoinCost.total` of all joins, of track i to track j at [i, j], without predictions."""
    tempo, key, energy = _terms(traits, traits)
    return tempo + key + energy


def arranged(
    traits: Sequence[TrackTraits],
    *,
    pins: Mapping[int, int] | None = None,
    predicted: ArrayLike | None = None,
    arc: Sequence[float] | None = None,
    cancel: CancelToken | None = None,
    on_progress: OnProgress | None = None,
) -> Arrangement:
    """Find the order in which the joins of tracks cost least; the present one, if none is cheaper.

    Parameters
    ----------
    traits
        Of each track, in the present order.
    pins
        Numbers of tracks that have their place, by place, both from 0: the first, the last, others.
    predicted
        shape (tracks, tracks): what to add for the quality that is predicted of the transition from
        track i to track j, at [i, j].
    arc
        The energy that is wanted at each place, from 0 to 1: each track costs `ARC_WEIGHT` for half
        the scale that its own is away from it, and half as much where it is not known.
    cancel, on_progress
        See `deepbass_engine.progress`; the stage is "ordering".

    Raises
    ------
    PlanError
        If pins, predictions or arc are not of these tracks.
    Cancelled
        If asked to stop.
    """
    n_tracks = len(traits)
    costs = join_costs(traits)
    added = np.zeros(costs.shape) if predicted is None else np.array(predicted, np.float64)
    if added.shape != costs.shape:
        raise PlanError(
            f"predicted has the shape {added.shape}, for {n_tracks} tracks",
            hint="it needs a row and a column for each track",
        )
    np.fill_diagonal(added, 0.0)
    costs += added
    places = None if arc is None else _place_costs(traits, arc)
    order = best_order(
        costs, fixed=pins, place_costs=places, cancel=cancel, on_progress=on_progress
    )
    return Arrangement(
        order,
        tuple(
            join_cost(traits[i], traits[j], predicted=float(added[i, j]))
            for i, j in pairwise(order)
        ),
        order_cost(range(n_tracks), costs, places),
        order_cost(order, costs, places),
    )


def _terms(leaving: Sequence[TrackTraits], entering: Sequence[TrackTraits]) -> tuple[_Floats, ...]:
    """Tempo, key and energy of all joins, each of the shape (leaving, entering)."""
    return (
        _trusted(
            _tempo(_column(leaving, "tempo_bpm")[:, None], _column(entering, "tempo_bpm")),
            _column(leaving, "tempo_confidence")[:, None],
            _column(entering, "tempo_confidence"),
        ),
        _trusted(
            _key(_wheel(leaving)[:, None], _wheel(entering)),
            _column(leaving, "key_confidence")[:, None],
            _column(entering, "key_confidence"),
        ),
        ENERGY_WEIGHT * _or_unknown(_energy(leaving, entering)),
    )


def _column(traits: Sequence[TrackTraits], name: str) -> _Floats:
    """One thing of all tracks, NaN where it isn't known."""
    return np.array([getattr(track, name) for track in traits], np.float64)


def _wheel(traits: Sequence[TrackTraits]) -> _Floats:
    """Places on the wheel, shape (tracks, 2): the number, and 0 for minor or 1 for major."""
    places = [camelot(*track.key) if track.key else None for track in traits]
    pairs = [(place[0], place[1] == "B") if place else (np.nan, np.nan) for place in places]
    return np.array(pairs, np.float64).reshape(-1, 2)


def _or_unknown(term: _Floats) -> _Floats:
    return np.where(np.isnan(term), _UNKNOWN, term)


def _trusted(term: _Floats, leaving: _Floats, entering: _Floats) -> _Floats:
    """A term as far as it is trusted, and what an unknown one costs for the rest."""
    confidence = np.minimum(leaving, entering)
    return _or_unknown(_UNKNOWN + confidence * (term - _UNKNOWN))


def _tempo(leaving: _Floats, entering: _Floats) -> _Floats:
    costs = []
    for times, at_least in ((1.0, 0.0), (2.0, _OTHER_TIME), (0.5, _OTHER_TIME)):
        away = np.expm1(np.abs(np.log(entering * times / leaving)))
        rise = np.clip((away - TEMPO_FREE) / (TEMPO_FULL - TEMPO_FREE), 0.0, 1.0)
        costs.append(at_least + (1.0 - at_least) * rise)
    return np.asarray(np.min(costs, axis=0))


def _key(leaving: _Floats, entering: _Floats) -> _Floats:
    around = np.abs(leaving[..., 0] - entering[..., 0])
    steps = np.minimum(around, 12 - around) + np.abs(leaving[..., 1] - entering[..., 1])
    return np.asarray(np.clip((steps - _FREE_STEPS) / (_FULL_STEPS - _FREE_STEPS), 0.0, 1.0))


def _energy(leaving: Sequence[TrackTraits], entering: Sequence[TrackTraits]) -> _Floats:
    """Difference of energy, or of loudness, 1 for `_ENERGY_FULL` of the scale and more."""
    energy = np.abs(_column(leaving, "energy")[:, None] - _column(entering, "energy"))
    lufs = np.abs(_column(leaving, "loudness_lufs")[:, None] - _column(entering, "loudness_lufs"))
    away = np.where(np.isnan(energy), lufs / _LU_PER_ENERGY, energy)
    return np.asarray(np.minimum(away / _ENERGY_FULL, 1.0))


def _place_costs(traits: Sequence[TrackTraits], arc: Sequence[float]) -> _Floats:
    wanted = np.asarray(arc, np.float64)
    if wanted.shape != (len(traits),):
        raise PlanError(
            f"arc has the shape {wanted.shape}, for {len(traits)} tracks",
            hint="give an energy for each place",
        )
    if not ((wanted >= 0.0) & (wanted <= 1.0)).all():
        raise PlanError("arc has an energy outside of 0 to 1", hint="it goes from 0 to 1")
    away = np.abs(_column(traits, "energy")[:, None] - wanted)
    return ARC_WEIGHT * _or_unknown(away / _ENERGY_FULL)


def _reason(a: TrackTraits, b: TrackTraits, predicted: float) -> str:
    """A step in words; what isn't known of a track is said of tempo and key, else left out."""
    parts = [_tempo_words(a.tempo_bpm, b.tempo_bpm), f"{_key_words(a)} -> {_key_words(b)}"]
    if a.key is None and b.key is None:
        parts[1] = "keys unknown"
    if a.energy is not None and b.energy is not None:
        parts.append(f"energy {_level(b.energy) - _level(a.energy):+d}")
    elif a.loudness_lufs is not None and b.loudness_lufs is not None:
        step = _without_minus_zero(b.loudness_lufs - a.loudness_lufs)
        parts.append(f"loudness {step:+.1f} LU")
    if predicted:
        parts.append(f"predicted {predicted:+.2f}")
    return ", ".join(parts)


def _tempo_words(a_bpm: float | None, b_bpm: float | None) -> str:
    if a_bpm is None and b_bpm is None:
        return "tempi unknown"
    if a_bpm is None or b_bpm is None:
        a, b = ("unknown" if bpm is None else f"{bpm:.1f}" for bpm in (a_bpm, b_bpm))
        return f"{a} -> {b} BPM"
    related = (times for times in (0.5, 2.0) if _is_near(b_bpm * times / a_bpm))
    times = next(related, 1.0)
    name = {0.5: "double time, ", 1.0: "", 2.0: "half time, "}[times]
    step = _without_minus_zero(100.0 * (b_bpm * times / a_bpm - 1.0))
    return f"{a_bpm:.1f} -> {b_bpm:.1f} BPM ({name}{step:+.1f} %)"


def _is_near(ratio: float) -> bool:
    return max(ratio, 1.0 / ratio) < 1.0 + TEMPO_FULL


def _key_words(track: TrackTraits) -> str:
    return "unknown key" if track.key is None else "{}{}".format(*camelot(*track.key))


def _level(energy: float) -> int:
    """Energy as a whole number, 1 to 10."""
    return 1 + round(energy * (_LEVELS - 1))


def _without_minus_zero(step: float) -> float:
    """A step to a tenth; what rounds to nothing has no sign."""
    return round(step, 1) + 0.0

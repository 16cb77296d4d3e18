"""What a join of two tracks costs, term by term and in words, and the playlists that come of it."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.errors import PlanError
from deepbass_engine.mix.order import ENERGY_WEIGHT, TrackTraits, arranged, camelot, join_cost

WHEEL = {
    "minor": ["Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "Gb", "Db"],
    "major": ["B", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E"],
}  # as printed on the wheel, from 1 to 12
TONICS = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]

known = st.none() | st.floats(60, 200)
keys = st.none() | st.tuples(st.integers(0, 11), st.sampled_from(["major", "minor"]))
shares = st.floats(0, 1)
tracks = st.builds(
    TrackTraits, known, shares, keys, shares, st.none() | st.floats(-40, 0), st.none() | shares
)


def key_at(number: int, letter: str) -> tuple[int, str]:
    """The key at a place of the wheel."""
    mode = {"A": "minor", "B": "major"}[letter]
    return TONICS.index(WHEEL[mode][(number - 1) % 12]), mode


def tempo_cost(a_bpm: float, b_bpm: float, *confidences: float) -> float:
    a, b = confidences or (1.0, 1.0)
    return join_cost(TrackTraits(a_bpm, a), TrackTraits(b_bpm, b)).tempo


def key_cost(a: tuple[int, str], b: tuple[int, str]) -> float:
    return join_cost(TrackTraits(key=key_at(*a)), TrackTraits(key=key_at(*b))).key


@pytest.mark.parametrize("mode", ["minor", "major"])
def test_every_key_has_its_place_on_the_wheel(mode):
    places = [camelot(TONICS.index(name), mode) for name in WHEEL[mode]]
    assert places == [(number, {"minor": "A", "major": "B"}[mode]) for number in range(1, 13)]


@pytest.mark.parametrize(
    ("a_bpm", "b_bpm", "cost"),
    [
        (120.0, 120.0, 0.0),
        (120.0, 120.6, 0.0),  # 0.5 %
        (120.0, 125.1, 0.5),  # 4.25 %: half way from 0.5 to 8
        (125.1, 120.0, 0.5),
        (120.0, 129.6, 1.0),  # 8 %
        (120.0, 165.0, 1.0),
        (70.0, 140.0, 0.5),
        (140.0, 70.0, 0.5),
        (70.0, 140.0 * 1.0425, 0.75),
        (70.0, 140.0 * 1.08, 1.0),
    ],
)
def test_a_step_of_tempo_costs_by_its_size_and_half_more_at_double_or_half(a_bpm, b_bpm, cost):
    assert tempo_cost(a_bpm, b_bpm) == pytest.approx(cost, abs=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "cost"),
    [
        ((8, "A"), (8, "A"), 0.0),
        ((8, "A"), (9, "A"), 0.0),
        ((1, "B"), (12, "B"), 0.0),
        ((8, "A"), (8, "B"), 0.0),
        ((8, "A"), (9, "B"), 1 / 3),
        ((8, "A"), (10, "A"), 1 / 3),
        ((12, "A"), (3, "A"), 2 / 3),
        ((2, "B"), (6, "B"), 1.0),
        ((2, "B"), (8, "A"), 1.0),
    ],
)
def test_a_step_of_key_costs_by_its_way_around_the_wheel(a, b, cost):
    assert key_cost(a, b) == pytest.approx(cost)


def test_as_far_as_a_tempo_is_not_trusted_it_costs_what_an_unknown_one_costs():
    unknown = join_cost(TrackTraits(120.0), TrackTraits()).tempo
    assert unknown == 0.5
    assert tempo_cost(120.0, 120.0, 0.0, 1.0) == unknown
    assert tempo_cost(120.0, 120.0, 1.0, 0.4) == pytest.approx(0.6 * unknown)
    assert tempo_cost(120.0, 165.0, 0.4, 1.0) == pytest.approx(0.6 * unknown + 0.4)


def test_as_far_as_a_key_is_not_trusted_it_costs_what_an_unknown_one_costs():
    a, b = TrackTraits(key=(0, "major")), TrackTraits(key=(0, "major"), key_confidence=0.4)
    assert join_cost(a, TrackTraits()).key == 0.5
    assert join_cost(a, b).key == pytest.approx(0.3)


def test_half_the_scale_of_energy_costs_its_weight_and_more_no_more():
    low, near, high, top = (TrackTraits(energy=energy) for energy in (0.1, 0.2, 0.6, 0.9))
    assert join_cost(low, near).energy == pytest.approx(ENERGY_WEIGHT / 5)
    assert join_cost(low, high).energy == pytest.approx(ENERGY_WEIGHT)
    assert join_cost(top, low).energy == pytest.approx(ENERGY_WEIGHT)


def test_where_an_energy_is_not_known_loudness_stands_in():
    a = TrackTraits(loudness_lufs=-14.0, energy=0.3)
    assert join_cost(a, TrackTraits(loudness_lufs=-12.0)).energy == pytest.approx(ENERGY_WEIGHT / 5)
    assert join_cost(a, TrackTraits()).energy == ENERGY_WEIGHT / 2


@given(tracks, tracks)
def test_every_term_stays_within_its_weight(a, b):
    cost = join_cost(a, b, predicted=0.25)
    assert 0 <= cost.tempo <= 1
    assert 0 <= cost.key <= 1
    assert 0 <= cost.energy <= ENERGY_WEIGHT
    assert cost.total == cost.tempo + cost.key + cost.energy + 0.25


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        (
            TrackTraits(126.0, key=(9, "minor"), energy=0.5),
            TrackTraits(127.5, key=(4, "minor"), energy=0.6),
            "126.0 -> 127.5 BPM (+1.2 %), 8A -> 9A, energy +1",
        ),
        (
            TrackTraits(70.0, key=(0, "major"), loudness_lufs=-9.0),
            TrackTraits(140.7, loudness_lufs=-11.5),
            "70.0 -> 140.7 BPM (double time, +0.5 %), 8B -> unknown key, loudness -2.5 LU",
        ),
        (
            TrackTraits(174.0),
            TrackTraits(86.0),
            "174.0 -> 86.0 BPM (half time, -1.1 %), keys unknown",
        ),
        (TrackTraits(100.0), TrackTraits(143.0), "100.0 -> 143.0 BPM (+43.0 %), keys unknown"),
        (TrackTraits(120.0), TrackTraits(119.99), "120.0 -> 120.0 BPM (+0.0 %), keys unknown"),
        (TrackTraits(120.0), TrackTraits(), "120.0 -> unknown BPM, keys unknown"),
        (TrackTraits(), TrackTraits(), "tempi unknown, keys unknown"),
    ],
)
def test_a_join_says_what_it_is(a, b, reason):
    assert join_cost(a, b).reason == reason


def test_a_prediction_is_told_and_added():
    cost = join_cost(TrackTraits(), TrackTraits(), predicted=0.3)
    assert cost.reason == "tempi unknown, keys unknown, predicted +0.30"
    assert cost.total == pytest.approx(0.5 + 0.5 + ENERGY_WEIGHT / 2 + 0.3)


@pytest.mark.parametrize("n_tracks", [9, 20])
def test_a_shuffled_path_of_tempi_and_neighbouring_keys_comes_back(n_tracks):
    place = np.random.default_rng(n_tracks).permutation(n_tracks)
    traits = [TrackTraits(120.0 + at, key=key_at(3 + at, "A")) for at in place.tolist()]
    first = int(np.flatnonzero(place == 0)[0])
    found = arranged(traits, pins={0: first})
    assert place[list(found.order)].tolist() == list(range(n_tracks))
    assert found.cost_after < found.cost_before
    assert all(join.key == 0 for join in found.joins)


def test_of_two_ways_to_go_the_one_that_begins_with_the_earlier_track_is_taken():
    traits = [TrackTraits(bpm) for bpm in (126.0, 120.0, 124.0, 122.0)]
    assert arranged(traits).order == (0, 2, 3, 1)


def test_an_odd_one_out_goes_to_the_end():
    traits = [TrackTraits(120.0), TrackTraits(90.0), TrackTraits(121.0)]
    assert arranged(traits).order == (0, 2, 1)


def test_first_last_and_pinned_tracks_stay_where_they_are_put():
    traits = [TrackTraits(bpm) for bpm in (120.0, 132.0, 124.0, 128.0, 122.0, 126.0)]
    found = arranged(traits, pins={0: 3, 3: 1, 5: 0})
    others = [
        arranged(traits, pins=dict(enumerate((3, i, j, 1, k, 0))))
        for i, j, k in permutations((2, 4, 5))
    ]
    assert (found.order[0], found.order[3], found.order[5]) == (3, 1, 0)
    assert found.cost_after == min(other.cost_after for other in others)


def test_the_way_over_an_unknown_track_costs_as_much_as_the_widest_step():
    a, unknown, b = TrackTraits(100.0), TrackTraits(), TrackTraits(130.0)
    over = join_cost(a, unknown).tempo + join_cost(unknown, b).tempo
    assert over == join_cost(a, b).tempo == 1.0


def test_an_unknown_track_does_not_part_what_goes_together():
    traits = [TrackTraits(120.0), TrackTraits(), TrackTraits(121.0)]
    assert arranged(traits).order == (0, 2, 1)


@pytest.mark.parametrize("n_tracks", [1, 8, 20])
def test_tracks_of_which_nothing_is_known_stay_in_their_order(n_tracks):
    found = arranged([TrackTraits()] * n_tracks)
    assert found.order == tuple(range(n_tracks))
    assert found.cost_after == found.cost_before


def test_no_tracks_are_an_order_of_none():
    found = arranged([])
    assert (found.order, found.joins, found.cost_after) == ((), (), 0.0)


def test_a_bad_prediction_parts_what_would_go_together():
    traits = [TrackTraits(120.0), TrackTraits(120.5), TrackTraits(121.0)]
    predicted = np.zeros((3, 3))
    predicted[0, 1] = predicted[1, 2] = 2.0
    found = arranged(traits, predicted=predicted)
    assert (0, 1) not in pairwise(found.order)
    assert (1, 2) not in pairwise(found.order)


def test_a_prediction_stands_in_the_joins_it_was_made_of():
    predicted = np.arange(9.0).reshape(3, 3)
    found = arranged([TrackTraits()] * 3, predicted=predicted)
    assert [join.predicted for join in found.joins] == [
        predicted[i, j] for i, j in pairwise(found.order)
    ]


def test_energy_follows_the_arc():
    energies = np.random.default_rng(5).permutation(np.linspace(0.1, 0.9, 9))
    found = arranged(
        [TrackTraits(energy=energy) for energy in energies.tolist()], arc=np.linspace(0, 1, 9)
    )
    assert (np.diff(energies[list(found.order)]) > 0).all()


@pytest.mark.parametrize("n_tracks", [5, 20])
def test_the_joins_are_those_of_the_order_and_sum_to_its_cost(n_tracks):
    random = np.random.default_rng(n_tracks)
    traits = [
        TrackTraits(
            tempo_bpm=random.uniform(110, 135),
            tempo_confidence=random.uniform(0, 1),
            key=(int(random.integers(12)), "minor"),
            energy=random.uniform(0, 1),
        )
        for _ in range(n_tracks)
    ]
    found = arranged(traits)
    assert sorted(found.order) == list(range(n_tracks))
    assert found.joins == tuple(join_cost(traits[i], traits[j]) for i, j in pairwise(found.order))
    assert found.cost_after == pytest.approx(sum(join.total for join in found.joins))
    before = sum(join_cost(a, b).total for a, b in pairwise(traits))
    assert found.cost_before == pytest.approx(before)


@pytest.mark.parametrize(
    ("traits", "says"),
    [
        ({"tempo_bpm": 0.0}, "tempo_bpm is 0.0"),
        ({"tempo_bpm": float("nan")}, "tempo_bpm is nan"),
        ({"tempo_confidence": 1.5}, "tempo_confidence is 1.5"),
        ({"key": (12, "major")}, "key is"),
        ({"key": (0, "dorian")}, "key is"),
        ({"key_confidence": -0.1}, "key_confidence is -0.1"),
        ({"loudness_lufs": float("-inf")}, "loudness_lufs is -inf"),
        ({"energy": 2.0}, "energy is 2.0"),
    ],
)
def test_what_cannot_be_said_of_a_track_is_refused(traits, says):
    with pytest.raises(PlanError, match=says):
        TrackTraits(**traits)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"predicted": np.zeros((2, 2))}, r"predicted has the shape \(2, 2\), for 3 tracks"),
        ({"arc": [0.5]}, r"arc has the shape \(1,\), for 3 tracks"),
        ({"arc": [0.5, 1.5, 0.0]}, "arc has an energy outside of 0 to 1"),
        ({"pins": {0: 3}}, "item 3 is fixed at place 0"),
    ],
)
def test_what_is_not_of_these_tracks_is_refused(options, says):
    with pytest.raises(PlanError, match=says):
        arranged([TrackTraits()] * 3, **options)

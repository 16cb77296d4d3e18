"""The cheapest order: by every order there is, by planted paths, and the kernel by its twin."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.errors import Cancelled, PlanError
from deepbass_engine.mix import order_steps
from deepbass_engine.mix.order_kernel import best_move, best_move_plain, moved, row_cost
from deepbass_engine.mix.order_search import EXACT_TO, best_order, held_karp, order_cost
from deepbass_engine.mix.order_steps import searched
from deepbass_engine.progress import CancelToken, Progress

MANY = EXACT_TO + 4


def random_pins(random: np.random.Generator, n_items: int) -> dict[int, int]:
    n_pins = int(random.integers(0, n_items + 1))
    items, places = (random.permutation(n_items)[:n_pins].tolist() for _ in range(2))
    return dict(zip(places, items, strict=True))


def few_costs(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Costs of which many are equal, some negative, and whose sums are exact."""
    return random.integers(-3, 9, shape) / 8


def points_apart(random: np.random.Generator, n_items: int) -> np.ndarray:
    points = random.uniform(0, 1, (n_items, 3))
    return np.sqrt(((points[:, None] - points) ** 2).sum(axis=2))


@given(n_items=st.integers(1, 6), placed=st.booleans(), seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=80)
def test_few_items_come_in_the_first_of_the_cheapest_of_all_orders(n_items, placed, seed):
    random = np.random.default_rng(seed)
    costs = few_costs(random, (n_items, n_items))
    places = few_costs(random, (n_items, n_items)) if placed else None
    pins = random_pins(random, n_items)
    allowed = (
        order
        for order in itertools.permutations(range(n_items))
        if all(order[place] == item for place, item in pins.items())
    )
    cheapest = min(allowed, key=lambda order: (order_cost(order, costs, places), order))
    assert best_order(costs, fixed=pins, place_costs=places) == cheapest


@given(n_items=st.integers(2, 9), placed=st.booleans(), seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=150)
def test_the_compiled_twin_does_what_the_plain_one_does(n_items, placed, seed):
    random = np.random.default_rng(seed)
    costs = np.pad(random.integers(-5, 20, (n_items, n_items)), (0, 1))
    places = np.zeros((0, 0), np.int64)
    if placed:
        places = np.pad(random.integers(-5, 20, (n_items, n_items)), ((0, 1), (1, 1)))
    n_free = int(random.integers(2, n_items + 1))
    free = np.sort(random.permutation(n_items)[:n_free]) + 1
    near = np.stack([random.permutation(n_items)[: n_items // 2 + 1] for _ in range(n_items)])
    near = np.take_along_axis(near, costs[np.arange(n_items)[:, None], near].argsort(axis=1), 1)
    order = np.array([n_items, *random.permutation(n_items), n_items])
    for item in range(n_items):
        moves = np.full((2, 3), -1)
        tables = costs, places, free, np.ascontiguousarray(near), order, item
        saved = best_move_plain(*tables, moves[0])
        assert best_move(*tables, moves[1]) == saved
        assert moves[0].tolist() == moves[1].tolist()
        if saved:
            after = moved(order, free, *moves[1].tolist())
            assert row_cost(costs, places, order) - row_cost(costs, places, after) == saved


@pytest.mark.parametrize(
    ("kind", "n_items"),
    [
        ("points", 13),
        ("one-way", 14),
        pytest.param("pinned", 15, marks=pytest.mark.slow),
        pytest.param("placed", 16, marks=pytest.mark.slow),
    ],
)
def test_the_search_comes_within_two_percent_of_the_best(kind, n_items):
    random = np.random.default_rng(n_items)
    costs = points_apart(random, n_items)
    places, pins = np.zeros((0, 0)), {}
    if kind == "one-way":
        costs = random.uniform(0, 1, costs.shape)
    elif kind == "pinned":
        pins = {0: 5, n_items // 2: 0, n_items - 1: 9}
    elif kind == "placed":
        wanted = np.linspace(0, 1, n_items)
        places = np.abs(random.uniform(0, 1, (n_items, 1)) - wanted)
    tables = [np.rint(table * 2**32).astype(np.int64) for table in (costs, places)]
    held = {*pins.values()}
    others = iter(item for item in range(n_items) if item not in held)
    present = [pins[p] if p in pins else next(others) for p in range(n_items)]
    found, best = searched(*tables, pins, present), held_karp(*tables, pins)
    given_places = places if places.size else None
    assert sorted(found) == list(range(n_items))
    assert all(found[place] == item for place, item in pins.items())
    assert order_cost(found, costs, given_places) <= 1.02 * order_cost(best, costs, given_places)


@pytest.mark.slow
def test_a_path_planted_among_500_is_found_to_within_one_percent():
    random = np.random.default_rng(7)
    costs = random.uniform(0.5, 1.0, (500, 500))
    path = random.permutation(500)
    costs[path[:-1], path[1:]] = random.uniform(0.0, 0.5, 499)
    found = best_order(costs, fixed={0: int(path[0]), 499: int(path[-1])})
    assert (found[0], found[-1]) == (path[0], path[-1])
    assert order_cost(found, costs) <= 1.01 * order_cost(path, costs)


@given(n_items=st.integers(MANY, 30), placed=st.booleans(), seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=25)
def test_pins_hold_and_the_order_is_never_dearer_than_the_present_one(n_items, placed, seed):
    random = np.random.default_rng(seed)
    costs = random.normal(0, 1, (n_items, n_items))
    places = random.normal(0, 1, (n_items, n_items)) if placed else None
    pins = random_pins(random, n_items)
    others = iter(item for item in range(n_items) if item not in pins.values())
    present = [pins[p] if p in pins else next(others) for p in range(n_items)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order_steps, "N_LOTS", 30)
        found = best_order(costs, fixed=pins, place_costs=places)
    assert sorted(found) == list(range(n_items))
    assert all(found[place] == item for place, item in pins.items())
    assert order_cost(found, costs, places) <= order_cost(present, costs, places)


@pytest.mark.parametrize("n_items", [0, 1, 2, 7, MANY])
def test_where_all_orders_cost_the_same_the_present_one_is_kept(n_items):
    assert best_order(np.full((n_items, n_items), 0.3)) == tuple(range(n_items))


@pytest.mark.parametrize("n_items", [9, 40])
def test_sums_that_differ_by_rounding_alone_are_a_tie(n_items):
    # Each item costs what it costs, before whichever one it stands; the last one is pinned.
    costs = np.repeat(np.arange(1, n_items + 1)[:, None] / 10, n_items, axis=1)
    assert best_order(costs, fixed={n_items - 1: n_items - 1}) == tuple(range(n_items))


@pytest.mark.parametrize("n_items", [10, 60])
def test_a_way_that_is_cheaper_forwards_is_not_gone_backwards(n_items):
    at = np.random.default_rng(1).permutation(n_items)
    step = at - at[:, None]
    costs = np.where(step > 0, step, -1.3 * step)
    assert at[list(best_order(costs))].tolist() == list(range(n_items))


def test_the_same_costs_give_the_same_order_though_the_search_is_cut_short(monkeypatch):
    monkeypatch.setattr(order_steps, "N_LOTS", 100)
    costs = np.random.default_rng(2).uniform(0, 1, (100, 100))
    assert best_order(costs) == best_order(costs.copy())


def test_costs_far_below_the_largest_do_not_make_an_order_dearer():
    # Beside 2**43 a step is 1: as whole steps, 0.6 + 0.6 is more than 1.4 + 0.
    costs = np.full((3, 3), 2.0**43)
    costs[0, 1], costs[1, 2], costs[0, 2], costs[2, 1] = 0.6, 0.6, 1.4, 0.0
    assert best_order(costs) == (0, 1, 2)


def test_a_forbidding_cost_leaves_the_others_their_differences():
    costs = np.array([[0.0, 0.2, 0.2], [1e6, 0.0, 0.1], [1e6, 0.09999, 0.0]])
    assert best_order(costs) == (0, 2, 1)


def test_a_cost_on_the_diagonal_is_not_looked_at():
    costs = np.array([[np.inf, 2.0, 1.0], [1.0, np.nan, 2.0], [2.0, 1.0, -np.inf]])
    assert best_order(costs) == (0, 2, 1)


def test_progress_goes_on_to_the_end():
    told: list[Progress] = []
    best_order(np.random.default_rng(3).uniform(0, 1, (20, 20)), on_progress=told.append)
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert done[-1] == told[-1].total
    assert {progress.stage for progress in told} == {"ordering"}


def test_it_stops_where_it_is_asked_to():
    cancel, told = CancelToken(), []

    def on_progress(progress: Progress) -> None:
        told.append(progress.done)
        if len(told) == 3:
            cancel.cancel()

    costs = np.random.default_rng(4).uniform(0, 1, (20, 20))
    with pytest.raises(Cancelled):
        best_order(costs, cancel=cancel, on_progress=on_progress)
    assert len(told) == 3


def test_who_is_asked_to_stop_before_does_not_begin():
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        best_order(np.zeros((3, 3)), cancel=cancel)


@pytest.mark.parametrize(
    ("costs", "options", "says"),
    [
        (np.zeros((2, 3)), {}, r"costs has the shape \(2, 3\)"),
        (np.array([[0.0, np.nan], [0.0, 0.0]]), {}, "costs has a cost that is no finite number"),
        (np.zeros((3, 3)), {"place_costs": np.zeros((2, 2))}, "place_costs is of 2 items"),
        (np.zeros((3, 3)), {"fixed": {3: 0}}, "item 0 is fixed at place 3, but there are 3"),
        (np.zeros((3, 3)), {"fixed": {0: -1}}, "item -1 is fixed at place 0"),
        (np.zeros((3, 3)), {"fixed": {0: 1, 2: 1}}, "fixed at two places"),
    ],
)
def test_what_cannot_be_ordered_is_said(costs, options, says):
    with pytest.raises(PlanError, match=says):
        best_order(costs, **options)


def test_a_short_playlist_needs_no_compiler():
    program = (
        "import sys, numpy as np; from deepbass_engine.mix.order_search import best_order;"
        f"best_order(np.zeros(({EXACT_TO}, {EXACT_TO}))); sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

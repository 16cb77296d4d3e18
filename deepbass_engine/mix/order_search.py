"""The cheapest order of items, by what each costs behind each other one: pure search, no music.

Up to `EXACT_TO` items the order is the best there is (the dynamic program of Held and Karp, 1962).
More are searched in a fixed number of steps, see `deepbass_engine.mix.order_steps`.

Costs are counted in whole steps, 2**44 or half as many to the largest, so that sums that are equal
are equal in any order of adding, and a tie is one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepbass_engine.errors import PlanError
from deepbass_engine.progress import CancelToken, OnProgress

EXACT_TO = 16
"""Items up to which the best order is found for certain."""

_STEPS_BITS = 44
_FORBIDDEN = 1 << 52

Integers = NDArray[np.int64]


def order_cost(
    order: Sequence[int],
    costs: NDArray[np.float64],
    place_costs: NDArray[np.float64] | None = None,
) -> float:
    """What an order costs: its joins and, where they cost anything, its places."""
    items = list(order)
    paid = costs[items[:-1], items[1:]].tolist()
    if place_costs is not None:
        paid += place_costs[items, range(len(items))].tolist()
    return math.fsum(paid)


def best_order(
    costs: ArrayLike,
    *,
    fixed: Mapping[int, int] | None = None,
    place_costs: ArrayLike | None = None,
    cancel: CancelToken | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[int, ...]:
    """Find the order that costs least; of equal ones, the present one.

    Parameters
    ----------
    costs
        float64, shape (items, items): what it costs to have item j right behind item i, at [i, j].
        What stands on the diagonal is not looked at.
    fixed
        Items that have their place, by place, from 0; the others go around them.
    place_costs
        float64, shape (items, places): what item i costs at place p, at [i, p].
    cancel, on_progress
        See `deepbass_engine.progress`; the stage is "ordering".

    Returns
    -------
    The items, the first one first. It costs never more than the order 0, 1, 2, ... with the fixed
    items put to their places, and is that order where none is cheaper.

    Raises
    ------
    PlanError
        If costs are no finite numbers in a square, or an item is fixed that isn't there, or twice.
    Cancelled
        If asked to stop.
    """
    fixed = fixed or {}
    tables = [_checked("costs", costs, 0.0)]
    n_items = len(tables[0])
    if place_costs is not None:
        tables.append(_checked("place_costs", place_costs))
        if len(tables[1]) != n_items:
            raise PlanError(
                f"place_costs is of {len(tables[1])} items, costs of {n_items}",
                hint="give both for the same items",
            )
    present = _present(n_items, fixed)
    if cancel is not None:
        cancel.raise_if_cancelled()
    joins, places = _in_steps(tables)
    if n_items <= EXACT_TO:
        found = held_karp(joins, places, fixed)
    else:
        # Numba takes half a second to import, and few playlists are so long
        from deepbass_engine.mix.order_steps import searched

        found = searched(joins, places, fixed, present, cancel=cancel, on_progress=on_progress)
    before, after = (order_cost(o, *tables) for o in (present, found))
    return found if after < before else present


def _checked(name: str, costs: ArrayLike, diagonal: float | None = None) -> NDArray[np.float64]:
    """A copy of a square of finite numbers, its diagonal replaced if given."""
    table = np.array(costs, np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise PlanError(f"{name} has the shape {table.shape}", hint="it needs a row for each item")
    if diagonal is not None:
        np.fill_diagonal(table, diagonal)
    if not np.isfinite(table).all():
        raise PlanError(f"{name} has a cost that is no finite number", hint="make it a high one")
    return table


def _present(n_items: int, fixed: Mapping[int, int]) -> tuple[int, ...]:
    """The present order, with the fixed items put to their places."""
    for place, item in fixed.items():
        if not (0 <= place < n_items and 0 <= item < n_items):
            raise PlanError(
                f"item {item} is fixed at place {place}, but there are {n_items} items",
                hint="both count from 0",
            )
    held = set(fixed.values())
    if len(held) < len(fixed):
        raise PlanError("an item is fixed at two places", hint="give each item one place at most")
    others = (item for item in range(n_items) if item not in held)
    return tuple(fixed[p] if p in fixed else next(others) for p in range(n_items))


def _in_steps(tables: Sequence[NDArray[np.float64]]) -> tuple[Integers, Integers]:
    """Costs of joins and places in whole steps; those of places are of no size if not given."""
    largest = max((float(np.abs(table).max(initial=0.0)) for table in tables), default=0.0)
    bits = _STEPS_BITS - math.frexp(largest)[1]
    steps = [np.rint(np.ldexp(table, bits)).astype(np.int64) for table in tables]
    return steps[0], steps[1] if len(steps) > 1 else np.zeros((0, 0), np.int64)


def held_karp(joins: Integers, places: Integers, fixed: Mapping[int, int]) -> tuple[int, ...]:
    """The cheapest order, of equal ones the first by its items: 2**n * n**2 steps for n items.

    Parameters
    ----------
    joins, places
        int64: costs in whole steps; `places` of no size where places cost nothing.
    fixed
        As for `best_order`.
    """
    n = len(joins)
    if n == 0:
        return ()
    at = places.copy() if places.size else np.zeros((n, n), np.int64)
    for place, item in fixed.items():
        at[np.arange(n) != item, place] += _FORBIDDEN
    sets = np.arange(1 << n)
    sizes = sum((sets >> item) & 1 for item in range(n))
    rest = np.zeros((1 << n, n), np.int64)  # [set, item]: of all in the set, behind the item
    for size in range(1, n):
        of_size = sets[sizes == size]
        rest[of_size] = np.iinfo(np.int64).max
        for item in range(n):
            having = of_size[(of_size >> item) & 1 == 1]
            behind = rest[having ^ (1 << item), item] + at[item, n - size]
            rest[having] = np.minimum(rest[having], behind[:, None] + joins[:, item])
    order: list[int] = []
    left = (1 << n) - 1
    while left:
        items = [item for item in range(n) if left >> item & 1]
        totals = [
            rest[left ^ (1 << item), item]
            + at[item, len(order)]
            + (joins[order[-1], item] if order else 0)
            for item in items
        ]
        order.append(items[int(np.argmin(totals))])
        left ^= 1 << order[-1]
    return tuple(order)

"""Goes from an order to cheaper ones, for more items than there are orders to try.

The present order and one built by always going on to the nearest, and both backwards, are mended:
the best step that gives an item a cheaper follower is taken until none is left (see
`deepbass_engine.mix.order_kernel`). Steps exchange two neighbouring stretches (Or, 1976, with
stretches of any length) or reverse one; as joining A to B is not joining B to A, a reversal is
judged by all joins within. From the best one on, short stretches are exchanged by lot and their
ends mended, and that is kept unless it is dearer. The lots are the same each time: so is the order
found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random

import numpy as np

from deepbass_engine.mix.order_kernel import Integers, best_move, moved, row_cost
from deepbass_engine.progress import CancelToken, OnProgress, Progress

N_LOTS = 10_000
"""Exchanges that are tried by lot."""

_N_NEAR = 8
_LONGEST_STRETCH = 10
_TOLD_EVERY = 50

Move = tuple[int, int, int]


def searched(
    joins: Integers,
    places: Integers,
    fixed: Mapping[int, int],
    present: Sequence[int],
    *,
    cancel: CancelToken | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[int, ...]:
    """A good order, never dearer than the present one.

    Parameters
    ----------
    joins, places, fixed
        As for `deepbass_engine.mix.order_search.held_karp`.
    present
        The order to begin with, which keeps to what is fixed.
    cancel, on_progress
        See `deepbass_engine.progress`.
    """
    search = _Search(joins, places, fixed, cancel)
    if search.n_free < 2:
        return tuple(present)
    starts = [search.row(present), search.row(search.to_the_nearest())]
    rows = [search.mended(start, present) for start in starts]
    whole = (0, 0, search.n_free)
    rows += [search.mended(search.moved(row, whole), present) for row in rows]
    row = min(rows, key=search.cost)
    cost = search.cost(row)
    for number, lots in enumerate(_lots(search.n_free)):
        if on_progress is not None and number % _TOLD_EVERY == 0:
            on_progress(Progress("ordering", number, N_LOTS))
        tried, doubtful = row, list[int]()
        for lot in lots:
            tried = search.moved(tried, lot)
            doubtful += search.ends(tried, lot)
        tried = search.mended(tried, doubtful)
        tried_cost = search.cost(tried)
        if tried_cost <= cost:
            row, cost = tried, tried_cost
    if on_progress is not None:
        on_progress(Progress("ordering", N_LOTS, N_LOTS))
    return tuple(row[1:-1].tolist())


def _lots(n_free: int) -> Iterator[tuple[Move, Move]]:
    """Two exchanges in one neighbourhood, as one alone is a step back; the same at every call."""
    random = Random(0)
    longest = min(_LONGEST_STRETCH, n_free // 2)

    def exchange(around: float) -> Move:
        first, second = (1 + int(random.random() * longest) for _ in range(2))
        start = min(max(0, int(around)), n_free - first - second)
        return start, start + first, start + first + second

    for _ in range(N_LOTS):
        one = exchange(random.random() * n_free)
        yield one, exchange(one[0] + (2.0 * random.random() - 1.0) * longest)


class _Search:
    """The tables as the kernel wants them, and what can be done to a row by them."""

    def __init__(
        self,
        joins: Integers,
        places: Integers,
        fixed: Mapping[int, int],
        cancel: CancelToken | None,
    ) -> None:
        n = len(joins)
        self._nothing = n
        self._costs = np.pad(joins, (0, 1))
        self._places = np.pad(places, ((0, 1), (1, 1))) if places.size else places
        self._free = np.array([p + 1 for p in range(n) if p not in fixed], np.int64)
        self._fixed = fixed
        self._cancel = cancel
        self._move = np.zeros(3, np.int64)
        others = joins.copy()
        np.fill_diagonal(others, np.iinfo(np.int64).max)
        by_cost = np.argsort(others, axis=1, kind="stable")
        self._near = np.ascontiguousarray(by_cost[:, : min(_N_NEAR, n - 1)])

    @property
    def n_free(self) -> int:
        """How many places have no fixed item."""
        return len(self._free)

    def row(self, order: Sequence[int]) -> Integers:
        """An order with nothing on both sides."""
        return np.array([self._nothing, *order, self._nothing], np.int64)

    def cost(self, row: Integers) -> int:
        """What a row costs."""
        return row_cost(self._costs, self._places, row)

    def moved(self, row: Integers, move: Move) -> Integers:
        """The row after a move."""
        return moved(row, self._free, *move)

    def to_the_nearest(self) -> list[int]:
        """Each place in turn taken by the item that costs least there."""
        n = self._nothing
        taken = np.zeros(n, bool)
        taken[list(self._fixed.values())] = True
        order: list[int] = []
        for place in range(n):
            item = self._fixed.get(place)
            if item is None:
                here = self._costs[order[-1] if order else n, :n].copy()
                if place + 1 in self._fixed:
                    here += self._costs[:n, self._fixed[place + 1]]
                if self._places.size:
                    here += self._places[:n, place + 1]
                here[taken] = np.iinfo(np.int64).max
                item = int(np.argmin(here))
                taken[item] = True
            order.append(item)
        return order

    def mended(self, row: Integers, doubtful: Iterable[int]) -> Integers:
        """Take the best step of each doubtful item, and doubt those it has parted, to the end."""
        waiting = dict.fromkeys(doubtful)
        while waiting:
            if self._cancel is not None:
                self._cancel.raise_if_cancelled()
            item = next(iter(waiting))
            del waiting[item]
            tables = self._costs, self._places, self._free, self._near
            if best_move(*tables, row, item, self._move):
                i, j, k = self._move.tolist()
                row = self.moved(row, (i, j, k))
                waiting.update(dict.fromkeys(self.ends(row, (i, j, k))))
        return row

    def ends(self, row: Integers, move: Move) -> list[int]:
        """The items on both sides of the cuts of a move that was made."""
        i, j, k = move
        places: list[int] = []
        for cut in (i, i + k - j, k):
            if cut > 0:
                places += [self._free[cut - 1], self._free[cut - 1] + 1]
            if cut < len(self._free):
                places += [self._free[cut] - 1, self._free[cut]]
        items: list[int] = row[places].tolist()
        return [item for item in items if item != self._nothing]

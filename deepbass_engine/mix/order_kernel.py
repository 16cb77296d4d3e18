"""The best single step from one order to a cheaper one.

`best_move_plain` is the specification, `best_move` the same, compiled. Which steps are taken, and
why: `deepbass_engine.mix.order_search`.

Items stand in a row that begins and ends with "nothing", the item behind the last, which costs
nothing to join. Some places are free, the others keep their items; between the free places lie
cuts, number c before free place c. A move ``(i, j, k)`` with ``i < j < k`` exchanges what lies
between the cuts i and j with what lies between j and k; ``(i, i, k)`` reverses what lies between i
and k. Kept items stay where they are, and the others close up around them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.compiled import compiled

Integers = NDArray[np.int64]


def moved(order: Integers, free: Integers, i: int, j: int, k: int) -> Integers:
    """The row after a move."""
    places = free[i:k]
    items = order[places]
    row = order.copy()
    row[places] = items[::-1] if i == j else np.concatenate([items[j - i :], items[: j - i]])
    return row


def row_cost(costs: Integers, places: Integers, order: Integers) -> int:
    """Cost of all joins of a row and of all its items at their places."""
    joins = int(costs[order[:-1], order[1:]].sum())
    return joins + (int(places[order, np.arange(len(order))].sum()) if places.size else 0)


def best_move_plain(
    costs: Integers,
    places: Integers,
    free: Integers,
    near: Integers,
    order: Integers,
    item: int,
    move: Integers,
) -> int:
    """Find the move that saves most of those which have one item followed by a better one.

    For each item that would be cheaper behind this one than what is there: the exchanges that bring
    the two together have two cuts given and the third free, and the one is looked at which promises
    most by the three joins it makes, as if nothing were kept and places were free of cost; and both
    reversals that bring them together. Among equals the first counts.

    Parameters
    ----------
    costs
        int64, shape (items, items): of joining one to the next, "nothing" being the last.
    places
        int64, shape (items, length of the row): of an item at a place; of no size where no place
        costs anything.
    free
        int64: the places whose items may move, ascending.
    near
        int64, shape (items, neighbours): which to try behind an item, the cheapest first.
    order
        int64: the row.
    item
        The one that should be followed by another.
    move
        int64, shape (3,): receives the move; left as it is where none saves anything.

    Returns
    -------
    What the move saves; 0 where none does.
    """
    row, n_free, before = order.tolist(), len(free), row_cost(costs, places, order)
    saved_most = 0
    position = row.index(item)
    after = int(np.count_nonzero(free <= position))

    def left(cut: int) -> int:
        return int(row[free[cut - 1]] if cut > 0 else row[free[0] - 1])

    def right(cut: int) -> int:
        return int(row[free[cut]] if cut < n_free else row[free[-1] + 1])

    def promise(i: int, j: int, k: int) -> int:
        was = costs[left(i), right(i)] + costs[left(j), right(j)] + costs[left(k), right(k)]
        new = costs[left(i), right(j)] + costs[left(k), right(i)] + costs[left(j), right(k)]
        return int(was - new)

    for follower in near[item].tolist():
        if costs[item, follower] >= costs[item, row[position + 1]]:
            break
        there = row.index(follower)
        until = int(np.count_nonzero(free < there))
        if after == until:
            continue
        cuts = [tuple(sorted((after, until, cut))) for cut in range(n_free + 1)]
        moves = [
            max((c for c in cuts if len(set(c)) == 3), key=lambda c: promise(*c), default=None)
        ]
        if after < until:
            moves.append((after, after, until + 1) if there in free else None)
            moves.append((after - 1, after - 1, until) if position in free else None)
        for tried in moves:
            if tried is None:
                continue
            saved = before - row_cost(costs, places, moved(order, free, *tried))
            if saved > saved_most:
                saved_most = saved
                move[:] = tried
    return saved_most


@compiled("int64(int64[:, ::1], int64[:, ::1], int64[::1], int64[::1], int64, int64, int64)")
def _saved(
    costs: Integers, places: Integers, free: Integers, order: Integers, i: int, j: int, k: int
) -> int:
    """What a move saves, by the joins and places between its outer cuts."""
    first, last = free[i], free[k - 1]
    was = new = order[first - 1]
    saved, slot = 0, i
    for position in range(first, last + 1):
        is_now = will_be = order[position]
        if free[slot] == position:
            if i == j:
                source = i + k - 1 - slot
            elif slot < i + k - j:
                source = slot + j - i
            else:
                source = slot - (k - j)
            will_be = order[free[source]]
            slot += 1
        saved += costs[was, is_now] - costs[new, will_be]
        if places.size:
            saved += places[is_now, position] - places[will_be, position]
        was, new = is_now, will_be
    saved += costs[was, order[last + 1]] - costs[new, order[last + 1]]
    return int(saved)


@compiled(
    "int64(int64[:, ::1], int64[:, ::1], int64[::1], int64[:, ::1], int64[::1], int64, int64[::1])"
)
def best_move(
    costs: Integers,
    places: Integers,
    free: Integers,
    near: Integers,
    order: Integers,
    item: int,
    move: Integers,
) -> int:
    """Do what `best_move_plain` does; where a promise is the whole truth, it is not looked into."""
    n_free = len(free)
    alike = places.size == 0 and free[n_free - 1] - free[0] == n_free - 1
    where = np.empty(len(costs), np.int64)
    cuts = np.empty(len(order) + 1, np.int64)  # free places before each place
    cut = 0
    for place in range(len(order)):
        cuts[place] = cut
        if cut < n_free and free[cut] == place:
            cut += 1
        where[order[place]] = place
    saved_most = 0
    position = where[item]
    present = costs[item, order[position + 1]]
    after = cuts[position + 1]
    for follower in near[item]:
        if costs[item, follower] >= present:
            break
        until = cuts[where[follower]]
        if after == until:
            continue
        low, high = min(after, until), max(after, until)
        low_left = order[free[low - 1]] if low > 0 else order[free[0] - 1]
        low_right, high_left = order[free[low]], order[free[high - 1]]
        high_right = order[free[high]] if high < n_free else order[free[n_free - 1] + 1]
        two_were = costs[low_left, low_right] + costs[high_left, high_right]
        promised, third = 0, -1
        for cut in range(n_free + 1):
            if cut in (low, high):
                continue
            left = order[free[cut - 1]] if cut > 0 else order[free[0] - 1]
            right = order[free[cut]] if cut < n_free else order[free[n_free - 1] + 1]
            promise = two_were + costs[left, right]
            if cut < low:
                promise -= costs[left, low_right] + costs[high_left, right]
                promise -= costs[low_left, high_right]
            elif cut < high:
                promise -= costs[low_left, right] + costs[high_left, low_right]
                promise -= costs[left, high_right]
            else:
                promise -= costs[low_left, high_right] + costs[left, low_right]
                promise -= costs[high_left, right]
            if third < 0 or promise > promised:
                promised, third = promise, cut
        if third >= 0:
            i, k = min(low, third), max(high, third)
            j = low + high + third - i - k
            saved = promised if alike else _saved(costs, places, free, order, i, j, k)
            if saved > saved_most:
                saved_most = saved
                move[0], move[1], move[2] = i, j, k
        if after < until:
            if cuts[where[follower] + 1] > until:
                saved = _saved(costs, places, free, order, after, after, until + 1)
                if saved > saved_most:
                    saved_most = saved
                    move[0], move[1], move[2] = after, after, until + 1
            if after > cuts[position]:
                saved = _saved(costs, places, free, order, after - 1, after - 1, until)
                if saved > saved_most:
                    saved_most = saved
                    move[0], move[1], move[2] = after - 1, after - 1, until
    return saved_most

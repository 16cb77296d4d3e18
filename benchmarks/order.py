"""How good an order of tracks is found, and how quickly, against always going on to the nearest.

Made-up playlists of house, hip-hop and drum & bass: tempi around 124, 92 and 174 BPM, any key, any
energy; and costs that are any numbers from 0 to 1, which is harder. The peer is tried from every
track, and the best of its orders is quoted. No order is cheaper than the cheapest choice of a
follower for each track that lets circles pass for an order (the assignment problem, by scipy); up
to 16 tracks the order found is the best there is. The first call, which loads the compiled kernel,
is left out of the times.

    python benchmarks/order.py --rounds 3
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.optimize import linear_sum_assignment

from deepbass_engine.mix.order import TrackTraits, arranged, join_costs
from deepbass_engine.mix.order_search import best_order, order_cost

STYLES_BPM = (124.0, 92.0, 174.0)


def playlist(n_tracks: int) -> list[TrackTraits]:
    """Tracks of three styles, in no order."""
    random = np.random.default_rng(n_tracks)
    return [
        TrackTraits(
            tempo_bpm=random.normal(random.choice(STYLES_BPM, p=(0.6, 0.2, 0.2)), 4.0),
            tempo_confidence=random.uniform(0.6, 1.0),
            key=(int(random.integers(12)), str(random.choice(["major", "minor"]))),
            key_confidence=random.uniform(0.3, 1.0),
            energy=random.uniform(0.0, 1.0),
        )
        for _ in range(n_tracks)
    ]


def nearest_first(costs: np.ndarray) -> float:
    """Cost of the best order of those that go on to the nearest, from any track."""
    found = []
    for start in range(len(costs)):
        left = costs.copy()
        order = [start]
        for _ in range(len(costs) - 1):
            left[:, order[-1]] = np.inf
            order.append(int(np.argmin(left[order[-1]])))
        found.append(order_cost(order, costs))
    return min(found)


def seconds_for(work: Callable[[], object], rounds: int) -> str:
    taken = []
    for _ in range(rounds):
        started_s = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started_s)
    return f"{statistics.median(taken):.3f} ({min(taken):.3f}-{max(taken):.3f})"


def lowest_possible(costs: np.ndarray) -> float:
    """What no order is cheaper than."""
    followers = np.pad(costs, (0, 1))  # the last track has "nothing" behind it, which costs nothing
    np.fill_diagonal(followers, costs.sum() + 1.0)
    return float(followers[linear_sum_assignment(followers)].sum())


def main() -> None:
    """Order the playlists, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tracks", type=int, nargs="*", default=[12, 50, 500])
    args = parser.parse_args()
    arranged(playlist(20))
    print("| what | as given | nearest first | this | no less than | wall s (min-max) |")
    print("|---|---|---|---|---|---|")
    for n_tracks in args.tracks:
        traits = playlist(n_tracks)
        anything = np.random.default_rng(n_tracks).uniform(0.0, 1.0, (n_tracks, n_tracks))
        for name, costs, work in (
            ("tracks", join_costs(traits), partial(arranged, traits)),
            ("any costs", anything, partial(best_order, anything)),
        ):
            print(
                f"| {n_tracks} {name} | {order_cost(range(n_tracks), costs):.2f} "
                f"| {nearest_first(costs):.2f} | {order_cost(best_order(costs), costs):.2f} "
                f"| {lowest_possible(costs):.2f} | {seconds_for(work, args.rounds)} |"
            )


if __name__ == "__main__":
    main()

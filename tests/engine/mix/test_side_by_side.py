"""Workers that take the next item until there are none."""

from __future__ import annotations

import threading

import pytest

from deepbass_engine.errors import Cancelled
from deepbass_engine.mix.side_by_side import work_side_by_side
from deepbass_engine.progress import CancelToken


@pytest.mark.parametrize("n_workers", [1, 2, 7, 100])
def test_every_item_is_worked_on_once(n_workers):
    done: list[int] = []
    work_side_by_side(range(50), done.append, n_workers, stop=CancelToken())
    assert sorted(done) == list(range(50))


def test_one_worker_keeps_the_order():
    done: list[int] = []
    work_side_by_side([3, 1, 2], done.append, 1, stop=CancelToken())
    assert done == [3, 1, 2]


def test_nothing_to_do_is_done_at_once():
    work_side_by_side([], lambda item: pytest.fail("there is none"), 2, stop=CancelToken())


def test_as_many_are_worked_on_at_once_as_there_are_workers():
    together = threading.Barrier(3, timeout=10)
    work_side_by_side(range(3), lambda item: together.wait() and None, 3, stop=CancelToken())
    assert not together.broken


def test_a_failure_stops_the_others_and_is_raised():
    stop = CancelToken()
    waits = threading.Event()

    def work(item: int) -> None:
        if item == 0:
            waits.wait(10)
            raise RuntimeError("the first")
        waits.set()
        while True:
            stop.raise_if_cancelled()

    with pytest.raises(RuntimeError, match="the first"):
        work_side_by_side(range(2), work, 2, stop=stop)


def test_no_item_is_begun_after_a_failure():
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        work_side_by_side(range(9), work, 1, stop=CancelToken())
    assert begun == [0]


def test_the_callers_wish_stops_the_workers():
    stop, cancel = CancelToken(), CancelToken()

    def work(item: int) -> None:
        cancel.cancel()
        while True:
            stop.raise_if_cancelled()

    with pytest.raises(Cancelled):
        work_side_by_side(range(4), work, 2, stop=stop, cancel=cancel)

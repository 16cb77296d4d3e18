"""Asking to stop, from another thread too."""

from __future__ import annotations

import threading
from dataclasses import FrozenInstanceError

import pytest

from deepbass_engine.errors import Cancelled
from deepbass_engine.progress import CancelToken, Progress


def test_a_fresh_token_lets_work_go_on():
    token = CancelToken()
    token.raise_if_cancelled()
    assert not token.cancelled


def test_a_cancelled_token_stops_work_and_stays_cancelled():
    token = CancelToken()
    token.cancel()
    token.cancel()
    assert token.cancelled
    for _ in range(2):
        with pytest.raises(Cancelled):
            token.raise_if_cancelled()


def test_a_token_is_seen_by_a_thread_that_works():
    token, started, stopped = CancelToken(), threading.Event(), threading.Event()

    def work() -> None:
        try:
            while True:
                token.raise_if_cancelled()
                started.set()
        except Cancelled:
            stopped.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(5)
    token.cancel()
    thread.join(5)
    assert stopped.is_set()


def test_progress_is_a_value():
    assert Progress("reading", 1, 2) == Progress("reading", 1, 2, None)
    with pytest.raises(FrozenInstanceError):
        Progress("reading", 1, 2).done = 2  # type: ignore[misc]

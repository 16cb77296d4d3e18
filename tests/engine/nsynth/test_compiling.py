"""Waiting for a compiler."""

from __future__ import annotations

import threading
import time

import pytest
from quickly import assert_within, best_of_three

from deepbass_engine.errors import Cancelled
from deepbass_engine.nsynth.compiling import when_compiled
from deepbass_engine.progress import CancelToken, Progress


def test_what_was_made_is_returned_and_quick_work_is_not_told():
    told: list[Progress] = []
    assert when_compiled(lambda: "made", on_progress=told.append, cancel=CancelToken()) == "made"
    assert told == []


@pytest.mark.slow
def test_long_work_is_told_once_and_at_its_end():
    told: list[Progress] = []
    began = threading.Event()

    def tell(progress: Progress) -> None:
        told.append(progress)
        began.set()

    assert when_compiled(lambda: began.wait(20), on_progress=tell, cancel=CancelToken())
    assert [(progress.stage, progress.done) for progress in told] == [
        ("compiling once", 0),
        ("compiling once", 1),
    ]


def test_what_fails_there_fails_here():
    def fail() -> None:
        raise ZeroDivisionError("a fault")

    with pytest.raises(ZeroDivisionError, match="a fault"):
        when_compiled(fail, cancel=CancelToken())


@best_of_three
def test_who_waits_can_stop_though_the_compiler_can_not():
    cancel, done = CancelToken(), threading.Event()
    cancel.cancel()
    asked_s = time.monotonic()
    with pytest.raises(Cancelled):
        when_compiled(lambda: done.wait(20), cancel=cancel)
    assert_within(0.5, asked_s)
    done.set()

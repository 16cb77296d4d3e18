"""Jobs in the background: what they tell arrives in order, in the GUI thread, and ends."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from deepbass_engine.errors import InputError
from deepbass_engine.progress import Progress
from deepbass_gui.jobs.worker import Advanced, Event, Failed, Finished, Job, Stopped, Told, Worker


@pytest.fixture
def worker(qtbot: QtBot):
    made = Worker(1)
    yield made
    made.shut_down()


def test_events_arrive_in_order_and_in_this_thread(qtbot: QtBot, worker: Worker) -> None:
    events: list[Event] = []
    threads = set()

    def work(job: Job) -> str:
        for number in range(5):
            job.tell(number)
        return "done"

    def on_event(event: Event) -> None:
        threads.add(QThread.currentThread())
        events.append(event)

    with qtbot.waitSignal(worker.idle, timeout=5_000):
        worker.start(work, on_event)
    assert events == [*map(Told, range(5)), Finished("done")]
    assert threads == {QThread.currentThread()}


def test_progress_is_rare_and_its_last_word_always_comes(qtbot: QtBot, worker: Worker) -> None:
    events: list[Event] = []

    def work(job: Job) -> None:
        for done in range(10_001):
            job.progress(Progress("counting", done, 10_000))

    with qtbot.waitSignal(worker.idle, timeout=10_000):
        worker.start(work, events.append)
    told = [event.progress.done for event in events if isinstance(event, Advanced)]
    assert told == sorted(told)
    assert told[-1] == 10_000
    assert len(told) < 100
    assert events[-1] == Finished(None)


def test_jobs_of_one_thread_run_in_the_order_they_were_started(
    qtbot: QtBot, worker: Worker
) -> None:
    ended: list[int] = []
    with qtbot.waitSignal(worker.idle, timeout=5_000):
        for number in range(20):
            worker.start(lambda job, n=number: n, lambda event: ended.append(event.result))
    assert ended == list(range(20))


def test_errors_and_cancelling_end_a_job_each_in_its_own_way(qtbot: QtBot, worker: Worker) -> None:
    events: list[Event] = []
    begun = threading.Event()

    def fails(job: Job) -> None:
        raise InputError("is no song")

    def waits(job: Job) -> None:
        begun.set()
        while True:
            job.cancel.raise_if_cancelled()

    with qtbot.waitSignal(worker.idle, timeout=5_000):
        worker.start(fails, events.append)
        job = worker.start(waits, events.append)
        never_begun = worker.start(lambda job: "ran", events.append)
        assert begun.wait(5)
        never_begun.cancel.cancel()
        job.cancel.cancel()
    assert isinstance(events[0], Failed)
    assert str(events[0].error) == "is no song"
    assert events[1:] == [Stopped(), Stopped()]


def test_shutting_down_waits_for_the_thread_and_delivers_nothing_more(qtbot: QtBot) -> None:
    worker = Worker(2)
    events: list[Event] = []
    ended = threading.Event()

    def work(job: Job) -> None:
        try:
            while True:
                job.cancel.raise_if_cancelled()
        finally:
            ended.set()

    worker.start(work, events.append)
    worker.shut_down()
    assert ended.is_set() or not events
    qtbot.wait(20)
    assert events == []
    assert not worker.is_busy

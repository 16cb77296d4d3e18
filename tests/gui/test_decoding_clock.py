"""The time that decoding will still take: as estimated at first, then as it is seen to go."""

from __future__ import annotations

import pytest

from deepbass_engine.mix.estimate import Estimate
from deepbass_engine.mix.voice import Voice
from deepbass_engine.nsynth.backends import Choice
from deepbass_gui.jobs.decoding_clock import DecodingClock

ESTIMATE = Estimate(3, Voice("m", "m", "abc", Choice("cpu", "float16"), "a machine"), 100.0)


class Time:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def clock(time: Time) -> DecodingClock:
    made = DecodingClock(time)
    made.expect(ESTIMATE, 4.0)
    return made


def test_nothing_is_known_before_it_is_estimated(time: Time) -> None:
    clock = DecodingClock(time)
    assert clock.left_s is None
    assert clock.seconds_each is None
    assert clock.seconds_each_estimated is None


def test_the_estimate_counts_until_enough_is_seen(clock: DecodingClock, time: Time) -> None:
    time.now_s += 50  # encoding
    assert clock.left_s == 100
    clock.advance(0.0)
    time.now_s += 10
    clock.advance(0.01)
    assert clock.left_s == 90


def test_then_it_is_what_was_seen(clock: DecodingClock, time: Time) -> None:
    clock.advance(0.0)
    time.now_s += 10
    clock.advance(0.25)
    assert clock.left_s == pytest.approx(30)
    assert clock.seconds_each == pytest.approx(10)  # 40 s in all, the longest is 4 s


def test_a_batch_that_is_gone_on_with_is_not_taken_for_a_quick_one(
    clock: DecodingClock, time: Time
) -> None:
    clock.advance(0.6)
    time.now_s += 10
    clock.advance(0.7)
    assert clock.left_s == pytest.approx(30)
    assert clock.seconds_each is None
    assert clock.seconds_each_estimated == 25

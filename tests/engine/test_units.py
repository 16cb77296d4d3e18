"""One rounding rule between frames and seconds; decibels and back."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.units import (
    clock_text,
    db_from_gain,
    frames_from_seconds,
    gain_from_db,
    rescale_frames,
    seconds_from_frames,
)

RATES_HZ = st.integers(8_000, 192_000)
FRAMES = st.integers(0, 192_000 * 3_600 * 24)


@given(FRAMES, RATES_HZ)
def test_frames_survive_the_way_over_seconds(n_frames, rate_hz):
    assert frames_from_seconds(seconds_from_frames(n_frames, rate_hz), rate_hz) == n_frames


@pytest.mark.parametrize(("seconds", "frames"), [(0.5, 1), (1.5, 2), (2.5, 3), (0.49, 0), (0, 0)])
def test_halves_are_rounded_up(seconds, frames):
    assert frames_from_seconds(seconds, 1) == frames


@given(FRAMES, RATES_HZ, RATES_HZ)
def test_rescaling_is_exact_to_half_a_frame_halves_up(n_frames, from_hz, to_hz):
    exact = Fraction(n_frames * to_hz, from_hz)
    assert rescale_frames(n_frames, from_hz, to_hz) == math.floor(exact + Fraction(1, 2))


@given(FRAMES, RATES_HZ)
def test_rescaling_to_the_same_rate_changes_nothing(n_frames, rate_hz):
    assert rescale_frames(n_frames, rate_hz, rate_hz) == n_frames


@given(FRAMES, FRAMES, RATES_HZ, RATES_HZ)
def test_rescaling_keeps_the_order_of_frames(one, other, from_hz, to_hz):
    first, second = sorted((one, other))
    assert rescale_frames(first, from_hz, to_hz) <= rescale_frames(second, from_hz, to_hz)


@given(st.floats(-200, 200))
def test_decibels_survive_the_way_over_gain(level_db):
    assert db_from_gain(gain_from_db(level_db)) == pytest.approx(level_db, abs=1e-9)


@pytest.mark.parametrize(("gain", "level_db"), [(1, 0), (10, 20), (0.5, -6.0206), (0, -math.inf)])
def test_known_gains_in_decibels(gain, level_db):
    assert db_from_gain(gain) == pytest.approx(level_db, abs=1e-4)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (59.94, "0:59.9"), (59.95, "1:00.0"), (3599.99, "1:00:00.0"),
     (3600 * 27, "27:00:00.0"), (-1.5, "-0:01.5")],
)  # fmt: skip
def test_a_time_reads_as_a_clock_and_carries(seconds, text):
    assert clock_text(seconds) == text

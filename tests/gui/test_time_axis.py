from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_gui.views.time_axis import TimeAxis, tick_text

AXES = st.builds(
    TimeAxis, st.floats(-1e6, 1e9), st.floats(0.05, 1e6), st.integers(10, 4000), st.just(44_100)
)


@given(AXES, st.floats(-100, 5000))
def test_x_and_frame_are_each_others_inverse(axis, x):
    assert axis.x_at(axis.frame_at(x)) == pytest.approx(x, abs=1e-3)


@given(AXES, st.floats(0, 4000), st.floats(0.01, 100))
def test_zooming_keeps_the_frame_under_the_pointer(axis, x, factor):
    zoomed = axis.zoomed(x, factor, 0.1, 1e5)

    assert 0.1 <= zoomed.frames_per_pixel <= 1e5
    assert zoomed.x_at(axis.frame_at(x)) == pytest.approx(x, abs=0.01)


def test_fitting_puts_both_ends_at_the_margins():
    axis = TimeAxis.fitted(1000, 9000, 120, 44_100, margin_px=10)

    assert axis.x_at(1000) == pytest.approx(10)
    assert axis.x_at(9000) == pytest.approx(110)


def test_centering_puts_a_frame_into_the_middle():
    assert TimeAxis(0, 10, 200, 44_100).centered(5000).x_at(5000) == 100


@given(AXES, st.floats(20, 200))
def test_labels_are_as_far_apart_as_asked_and_at_their_times(axis, least_px):
    labels = [tick for tick in axis.ticks(least_px, 0, axis.width) if tick.text]

    step_frames = axis.step_ms(least_px) * 44.1
    assert step_frames / axis.frames_per_pixel >= least_px * (1 - 1e-9)
    for tick in labels:
        steps = axis.frame_at(tick.x) / step_frames
        assert steps == pytest.approx(round(steps), abs=1e-3)
    assert all(a.x < b.x for a, b in pairwise(labels))


def test_ticks_of_one_second_stand_at_seconds():
    axis = TimeAxis(0, 441, 250, 44_100)  # 100 pixels to a second

    labels = [(tick.text, round(tick.x)) for tick in axis.ticks(90, 0, 250) if tick.text]

    assert labels == [("0:00", 0), ("0:01", 100), ("0:02", 200)]


@pytest.mark.parametrize(
    ("time_ms", "step_ms", "text"),
    [(0, 600_000, "0:00"), (1, 1, "0:00.001"), (3_600_000, 60_000, "1:00:00")],
)
def test_a_label_has_the_digits_its_step_needs(time_ms, step_ms, text):
    assert tick_text(time_ms, step_ms) == text

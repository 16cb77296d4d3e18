import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.analysis.plomp_levelt import FARTHEST, curve, falling


@given(x=st.floats(0, 32))
def test_the_fast_exponential_is_the_exponential(x: float):
    assert falling(x) == pytest.approx(np.exp(-x), rel=1e-11)


@given(x=st.floats(32, 1e6))
def test_far_out_the_fast_exponential_is_as_good_as_nothing(x: float):
    assert 0 <= falling(x) < 2e-14


def test_the_curve_begins_at_nothing_has_one_top_and_ends_at_nothing():
    distance = np.linspace(0, FARTHEST, 100_001)
    values = curve(distance)
    top = int(np.argmax(values))
    assert values[0] == 0
    assert values[-1] < 2e-14
    # where the slope is 0: ln(5.75 / 3.51) / (5.75 - 3.51)
    assert distance[top] == pytest.approx(0.2203, abs=1e-3)
    assert (np.diff(values[:top]) > 0).all()
    assert (np.diff(values[top:]) < 0).all()

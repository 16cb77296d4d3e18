"""Mu-law: NSynth's classes, and samples in their middle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.nsynth.mulaw import (
    inverse_mu_law,
    model_classes,
    mu_law,
    samples_of_model_classes,
)

CLASSES = np.arange(-128, 128)
samples = st.floats(-2, 2, width=32)


def expanded(o: float) -> float:
    """The sample at a place between -1 and 1 of the companded scale, in double precision."""
    return math.copysign((256 ** abs(o) - 1) / 255, o)


def test_the_published_codes_classes(golden):
    classes = mu_law(golden["audio"][:, :2048])
    np.testing.assert_array_equal(classes, golden["mu_law"])
    assert classes.dtype == np.int16


def test_a_classes_own_sample_is_of_that_class():
    np.testing.assert_array_equal(mu_law(inverse_mu_law(CLASSES)), CLASSES)


def test_a_classes_own_sample_is_the_middle_of_its_companded_range():
    expected = [0.0 if q == 0 else expanded((q + 0.5) / 128) for q in CLASSES]
    np.testing.assert_allclose(inverse_mu_law(CLASSES), expected, rtol=2e-5)
    assert inverse_mu_law(0) == 0.0


@given(st.lists(samples, min_size=2))
def test_a_higher_sample_is_never_of_a_lower_class(values):
    assert (np.diff(mu_law(np.sort(np.array(values, np.float32)))) >= 0).all()


def test_classes_rise_where_one_meets_the_next():
    """At each border the samples around it, one by one, for there rounding decides."""
    for border in CLASSES[1:]:
        around = np.float32(expanded(border / 128))
        unit = np.maximum(np.spacing(np.abs(around)), np.float32(1e-10))
        steps = np.arange(-40, 41).astype(np.float32)
        classes = mu_law(around + steps * unit)
        assert (classes[0], classes[-1]) == (border - 1, border)
        assert (np.diff(classes) >= 0).all(), border


def test_samples_at_and_beyond_full_scale_are_of_the_outermost_classes():
    assert mu_law([-3.0, -1.0, 0.999, 1.0, 3.0]).tolist() == [-128, -128, 127, 127, 127]


def test_silence_is_class_0_and_what_is_barely_below_it_class_minus_1():
    assert mu_law([0.0, -0.0, -1e-5]).tolist() == [0, 0, -1]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_finite_number_is_refused(wrong):
    with pytest.raises(ValueError, match="NaN or infinity"):
        mu_law([0.0, wrong])


def test_a_model_counts_the_same_classes_from_0():
    counted = CLASSES + 128
    samples_of_each = samples_of_model_classes(counted.astype(np.uint8))
    np.testing.assert_array_equal(samples_of_each, inverse_mu_law(CLASSES))
    np.testing.assert_array_equal(model_classes(samples_of_each), counted)
    assert model_classes(samples_of_each).dtype == np.uint8


@given(st.lists(st.integers(1, 3), min_size=0, max_size=3))
def test_the_shape_stays(shape):
    assert mu_law(np.zeros(shape)).shape == tuple(shape)
    assert inverse_mu_law(np.zeros(shape, np.int16)).shape == tuple(shape)

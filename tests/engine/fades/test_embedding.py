"""Crossfades of encodings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.fades.embedding import EMBEDDING_FADES, PACES, faded

N_Z = 16


def encodings(seed: int, n_frames: int, n_z: int = N_Z) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(n_frames, n_z))
    return (drawn + np.arange(n_z)).astype(np.float32)


def constant(value: float, n_frames: int) -> np.ndarray:
    return np.full((n_frames, N_Z), value, np.float32)


def numbered(n_frames: int, first_number: float) -> np.ndarray:
    """One number a frame, so that it can be told where each frame comes from."""
    return (np.arange(n_frames)[:, np.newaxis] + first_number).astype(np.float32)


def as_the_original_blends(first: np.ndarray, second: np.ndarray, ramp: np.ndarray) -> np.ndarray:
    """float64 ramp times float32 encodings, fed to a float32 placeholder."""
    x = ramp.reshape(-1, 1)
    return ((1.0 - x) * first + x * second).astype(np.float32)


@given(n_frames=st.integers(1, 200), n_z=st.integers(1, 20), seed=st.integers(0, 2**32))
@settings(deadline=None)
def test_a_linear_fade_has_the_originals_values(n_frames, n_z, seed):
    first, second = encodings(seed, n_frames, n_z), encodings(seed + 1, n_frames, n_z)
    expected = as_the_original_blends(first, second, np.linspace(0, 1, n_frames))
    np.testing.assert_array_equal(faded(first, second, "LinearFade"), expected)


@given(n_frames=st.integers(1, 200), n_z=st.integers(1, 20), seed=st.integers(0, 2**32))
@settings(deadline=None)
def test_a_hann_fade_has_the_originals_values(n_frames, n_z, seed):
    first, second = encodings(seed, n_frames, n_z), encodings(seed + 1, n_frames, n_z)
    ramp = 0.5 * (1.0 - np.cos(np.pi * np.arange(n_frames) / float(n_frames)))
    expected = as_the_original_blends(first, second, ramp)
    np.testing.assert_array_equal(faded(first, second, "HannFade"), expected)


@pytest.mark.parametrize("style", EMBEDDING_FADES)
@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 5, 125])
def test_every_style_keeps_length_width_and_type_and_changes_nothing_given(style, pace, n_frames):
    first, second = encodings(1, n_frames), encodings(2, n_frames)
    blended = faded(first, second, style, pace=pace)
    assert (blended.shape, blended.dtype) == ((n_frames, N_Z), np.float32)
    assert np.isfinite(blended).all()
    np.testing.assert_array_equal(first, encodings(1, n_frames))
    np.testing.assert_array_equal(second, encodings(2, n_frames))


@pytest.mark.parametrize("style", ["LinearFade", "EqualPowerFade"])
@pytest.mark.parametrize("pace", PACES)
def test_a_fade_starts_at_the_first_song_and_ends_at_the_second(style, pace):
    first, second = encodings(1, 125), encodings(2, 125)
    blended = faded(first, second, style, pace=pace)
    np.testing.assert_allclose(blended[0], first[0], rtol=1e-6)
    np.testing.assert_allclose(blended[-1], second[-1], rtol=1e-6)


@pytest.mark.parametrize("style", ["LinearFade", "HannFade", "Extend"])
@pytest.mark.parametrize("pace", PACES)
def test_a_song_that_stands_still_faded_into_itself_stays_itself(style, pace):
    first = constant(1.5, 50)
    np.testing.assert_array_equal(faded(first, first, style, pace=pace), first)


def test_equal_power_keeps_the_variance_of_unrelated_songs_where_a_linear_fade_halves_it():
    first, second = encodings(1, 4001, 200), encodings(2, 4001, 200)
    middle = slice(1950, 2051)
    spread = {
        style: faded(first, second, style)[middle].astype(np.float64).var(axis=0).mean()
        for style in ("LinearFade", "EqualPowerFade")
    }
    assert spread["LinearFade"] == pytest.approx(0.5, abs=0.02)
    assert spread["EqualPowerFade"] == pytest.approx(1.0, abs=0.03)


def test_equal_power_takes_the_mean_straight_from_one_song_to_the_other():
    blended = faded(constant(3.0, 101), constant(-1.0, 101), "EqualPowerFade")
    expected = 3.0 - 4.0 * np.sin(np.pi / 2 * np.linspace(0, 1, 101)) ** 2
    np.testing.assert_allclose(blended[:, 0], expected, rtol=0, atol=1e-6)


def test_extend_plays_the_first_third_over_the_last_third_three_times():
    first, second = numbered(9, 0), numbered(9, 1000)
    opening, closing = np.array([0, 1, 2]), np.array([1006, 1007, 1008])
    expected = np.concatenate([(1 - x) * opening + x * closing for x in (0.25, 0.5, 0.75)])
    np.testing.assert_array_equal(faded(first, second, "Extend")[:, 0], expected.astype(np.float32))


@given(n_frames=st.integers(1, 300))
def test_extend_starts_where_the_first_body_ends_and_ends_where_the_second_begins(n_frames):
    still = np.zeros((n_frames, 1), np.float32)
    from_first = faded(numbered(n_frames, 1), still, "Extend")[:, 0]
    from_second = faded(still, numbered(n_frames, 1), "Extend")[:, 0]
    first_share = 0.5 if n_frames == 1 else 0.75
    assert from_first[0] == first_share
    assert from_second[-1] == first_share * n_frames


@given(n_frames=st.integers(1, 300), seed=st.integers(0, 2**32))
@settings(deadline=None)
def test_extend_run_backwards_is_extend_of_the_songs_backwards(n_frames, seed):
    first, second = encodings(seed, n_frames), encodings(seed + 1, n_frames)
    np.testing.assert_array_equal(
        faded(first, second, "Extend")[::-1], faded(second[::-1], first[::-1], "Extend")
    )


@given(n_frames=st.integers(2, 200), seed=st.integers(0, 2**32))
@settings(deadline=None)
def test_an_even_pace_moves_the_blend_by_equal_distances(n_frames, seed):
    # The position is read off a channel in which the songs are 0 and 1.
    apart = 1 + 0.9 * np.sin(np.random.default_rng(seed).uniform(0, 9) + np.arange(n_frames) / 5)
    first = np.zeros((n_frames, 2), np.float32)
    second = np.stack([np.ones(n_frames), apart], axis=1).astype(np.float32)
    position = faded(first, second, "LinearFade", pace="even")[:, 0].astype(np.float64)
    distance = np.linalg.norm(second.astype(np.float64), axis=1)
    steps = np.diff(position) * (distance[1:] + distance[:-1]) / 2
    assert (position[0], position[-1]) == (0, 1)
    np.testing.assert_allclose(steps, steps.mean(), rtol=1e-4)


def test_an_even_pace_is_the_ramp_itself_where_the_songs_stay_equally_far_apart():
    first, second = constant(0.0, 101), constant(1.0, 101)
    np.testing.assert_allclose(
        faded(first, second, "HannFade", pace="even")[:, 0], np.linspace(0, 1, 101), atol=1e-6
    )


def test_an_even_pace_does_not_leap_through_a_rest_that_both_songs_have():
    first, second = constant(0.0, 100), constant(1.0, 100)
    second[45:55] = 0
    position = faded(first, second, "LinearFade", pace="even")[:, 0]
    before_rest, after_rest = position[44], position[55]
    assert 0.15 < after_rest - before_rest < 0.35


@pytest.mark.parametrize("style", EMBEDDING_FADES)
def test_songs_without_a_distance_take_the_styles_own_ramp_at_an_even_pace(style):
    first = encodings(1, 60)
    np.testing.assert_array_equal(
        faded(first, first, style, pace="even"), faded(first, first, style)
    )


def test_extend_has_no_pace():
    first, second = encodings(1, 60), encodings(2, 60)
    np.testing.assert_array_equal(
        faded(first, second, "Extend", pace="even"), faded(first, second, "Extend")
    )


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_an_even_pace_does_not_depend_on_the_encodings_scale(scale):
    first, second = encodings(1, 60), encodings(2, 60)
    scaled = faded(first * np.float32(scale), second * np.float32(scale), "LinearFade", pace="even")
    expected = faded(first, second, "LinearFade", pace="even").astype(np.float64) * scale
    np.testing.assert_allclose(scaled, expected, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (encodings(1, 9), encodings(2, 8), r"first has shape \(9, 16\) and second \(8, 16\)"),
        (encodings(1, 9), encodings(2, 9, 8), r"first has shape \(9, 16\) and second \(9, 8\)"),
        (encodings(1, 9)[:, 0], encodings(2, 9), r"first is float32 of shape \(9,\)"),
        (encodings(1, 9), encodings(2, 9).astype(np.float64), "second is float64"),
        (encodings(1, 0), encodings(2, 0), "no frames"),
        (encodings(1, 9), constant(np.nan, 9), "second holds NaN"),
        (constant(np.inf, 9), encodings(2, 9), "first holds NaN or infinity"),
    ],
)
def test_encodings_of_the_wrong_form_are_refused_by_name(first, second, message):
    with pytest.raises(ValueError, match=message):
        faded(first, second, "LinearFade")


def test_an_unknown_style_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"style is 'Dilation'; known styles: LinearFade, "):
        faded(encodings(1, 9), encodings(2, 9), "Dilation")


def test_an_unknown_pace_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"pace is 'brisk'; known paces: curve, even"):
        faded(encodings(1, 9), encodings(2, 9), "LinearFade", pace="brisk")

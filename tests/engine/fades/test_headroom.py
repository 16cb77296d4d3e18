"""A fade whose sum passes full scale is turned down smoothly, and only then."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.fades.headroom import gain_under, turned_down
from deepbass_engine.fades.simple import crossfade
from deepbass_engine.settings import CURVES, CurveNames

RATE_HZ = 44_100
REACH = RATE_HZ // 4
LARGEST_PCM_16 = 1 - 2.0**-15


def sine(n_frames: int) -> np.ndarray:
    """441 Hz at full scale, stereo: a peak of exactly 1 every 50 frames."""
    wave = np.sin(2 * np.pi * np.arange(n_frames) / 100)
    return np.stack([wave, -wave], axis=1).astype(np.float32)


def noise(seed: int, n_frames: int, level: float) -> np.ndarray:
    drawn = np.random.default_rng(seed).uniform(-level, level, (n_frames, 2))
    return drawn.astype(np.float32)


def one_peak(n_frames: int, at_frame: int, level: float) -> np.ndarray:
    peaks = np.full(n_frames, 0.5, np.float32)
    peaks[at_frame] = level
    return peaks


def end_distance(n_frames: int) -> np.ndarray:
    """Distance of each frame from the nearer end."""
    return np.minimum(np.arange(n_frames), np.arange(n_frames)[::-1])


def test_two_sines_in_phase_under_nofade_are_halved_in_the_middle():
    n = 4 * RATE_HZ
    mixed = crossfade(sine(n), sine(n), CurveNames("nofade", "nofade"))
    result = turned_down(mixed, 1.0, reach_frames=REACH)
    middle = slice(2 * REACH, n - 2 * REACH)
    np.testing.assert_allclose(result.audio[middle], mixed[middle] / 2, rtol=0, atol=1e-6)
    assert np.abs(result.audio[1:-1]).max() <= 1


def test_two_sines_in_phase_under_equal_power_lose_3_db_at_the_middle():
    n = 4 * RATE_HZ
    mixed = crossfade(sine(n), sine(n), CurveNames("equal_power", "equal_power"))
    result = turned_down(mixed, 1.0, reach_frames=REACH)
    # The sum is loudest, sqrt(2), at the middle of the fade.
    assert result.least_gain == pytest.approx(np.sqrt(0.5), abs=2e-4)
    assert 0.999 < np.abs(result.audio).max() <= 1


def test_two_sines_in_phase_under_tri_pass_untouched():
    mixed = crossfade(sine(RATE_HZ), sine(RATE_HZ), CurveNames("tri", "tri"))
    result = turned_down(mixed, 1.0, reach_frames=REACH)
    assert result.audio is mixed
    assert result.least_gain == 1


@given(
    seed=st.integers(0, 2**32),
    n_frames=st.integers(0, 4000),
    level=st.floats(0.01, 1000),
    reach_frames=st.integers(1, 1500),
    limit=st.sampled_from([1.0, LARGEST_PCM_16, 0.1]),
)
@settings(deadline=None)
def test_no_frame_but_the_first_and_last_is_left_over_the_limit(
    seed, n_frames, level, reach_frames, limit
):
    mixed = noise(seed, n_frames, level)
    result = turned_down(mixed, limit, reach_frames=reach_frames)
    assert np.all(np.abs(result.audio[1:-1]) <= limit)
    np.testing.assert_array_equal(result.audio[:1], mixed[:1])
    np.testing.assert_array_equal(result.audio[-1:], mixed[-1:])


@given(
    curve=st.sampled_from(CURVES), n_frames=st.integers(0, 3000), reach_frames=st.integers(1, 900)
)
@settings(deadline=None)
def test_no_curve_leaves_full_scale_tracks_over_the_limit(curve, n_frames, reach_frames):
    tail, head = np.sign(noise(1, n_frames, 1)), np.sign(noise(2, n_frames, 1))
    mixed = crossfade(tail, head, CurveNames(curve, curve))
    result = turned_down(mixed, 1.0, reach_frames=reach_frames)
    assert np.all(np.abs(result.audio[1:-1]) <= 1)


@given(seed=st.integers(0, 2**32), n_frames=st.integers(0, 2000), level=st.floats(0, 1))
@settings(deadline=None)
def test_a_fade_within_the_limit_is_handed_back_bit_for_bit(seed, n_frames, level):
    mixed = noise(seed, n_frames, level)
    before = mixed.copy()
    result = turned_down(mixed, 1.0, reach_frames=100)
    assert result.audio is mixed
    np.testing.assert_array_equal(mixed, before)


def test_samples_exactly_at_the_limit_are_not_over_it():
    mixed = np.full((100, 2), -LARGEST_PCM_16, np.float32)
    assert turned_down(mixed, LARGEST_PCM_16, reach_frames=20).audio is mixed


def test_a_single_peak_gets_one_symmetric_dip_that_takes_it_just_to_the_limit():
    gain = gain_under(one_peak(20_001, 10_000, 1.6), 1.0, 2000)
    assert np.argmin(gain) == 10_000
    assert gain[10_000] == pytest.approx(1 / 1.6, abs=1e-6)
    np.testing.assert_allclose(gain, gain[::-1], rtol=0, atol=1e-9)
    assert np.all(np.diff(gain[:10_001]) <= 1e-9)


def test_the_gain_is_exactly_1_out_of_reach_of_every_peak():
    gain = gain_under(one_peak(20_001, 10_000, 1.6), 1.0, 2000)
    assert np.all(gain[: 10_000 - 2000 + 1] == 1)
    assert np.all(gain[10_000 + 2000 :] == 1)
    assert np.all(gain[10_000 - 1900 : 10_000 + 1900] < 1)


@pytest.mark.parametrize("distance", [1, 2, 3, 7, 64, 100, 1999, 2000, 2001])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_the_dip_of_a_peak_near_an_end_is_as_wide_as_the_end_allows(distance, at_the_end):
    n = 20_000
    peak_frame = n - 1 - distance if at_the_end else distance
    gain = gain_under(one_peak(n, peak_frame, 1.6), 1.0, 2000)
    touched = np.flatnonzero(gain < 1)
    assert gain[peak_frame] == pytest.approx(1 / 1.6, abs=1e-6)
    assert touched[0] > 0
    assert touched[-1] < n - 1
    reach = (touched[-1] - touched[0]) / 2
    assert min(distance, 2000) / 2 - 5 < reach < min(distance, 2000)


def test_the_gain_goes_no_lower_than_the_loudest_peak_asks_where_the_ends_are_far():
    peaks = np.full(30_000, 0.5, np.float32)
    peaks[4000:-4000] = np.abs(noise(5, 22_000, 3.0)[:, 0])
    assert gain_under(peaks, 1.0, 2000).min() == pytest.approx(1 / peaks.max(), rel=1e-6)


@given(seed=st.integers(0, 2**32), reach_frames=st.integers(1, 600), level=st.floats(1, 100))
@settings(deadline=None)
def test_the_gain_has_no_corner_sharper_than_its_reach_allows(seed, reach_frames, level):
    n = 4000
    draw = np.random.default_rng(seed)
    peaks = np.where(draw.random(n) < draw.random(), draw.uniform(0, level, n), 0.5)
    corner = np.abs(np.diff(gain_under(peaks.astype(np.float32), 1.0, reach_frames), 2))
    distance = end_distance(n)[1:-1]
    average = 2 * ((reach_frames - 1) // 4) + 1
    assert np.all(corner[distance > 1.5 * reach_frames + 2] <= 2 / average**2 + 1e-9)
    assert np.all(corner <= 128 / np.minimum(distance, reach_frames) ** 2.0)


def test_a_loud_minute_of_noise_is_brought_under_the_limit():
    mixed = noise(1, 60 * RATE_HZ, 10.0)
    result = turned_down(mixed, LARGEST_PCM_16, reach_frames=REACH)
    assert np.abs(result.audio[1:-1]).max() <= LARGEST_PCM_16
    assert 0.01 < result.least_gain < 0.1


@pytest.mark.parametrize("n_frames", [0, 1, 2])
def test_a_fade_of_nothing_but_ends_is_left_as_it_is(n_frames):
    mixed = np.full((n_frames, 2), 3.0, np.float32)
    result = turned_down(mixed, 1.0, reach_frames=REACH)
    assert result.audio is mixed
    assert result.least_gain == 1


def test_the_one_frame_between_two_ends_is_taken_to_the_limit():
    mixed = np.full((3, 2), 2.0, np.float32)
    result = turned_down(mixed, 1.0, reach_frames=REACH)
    np.testing.assert_allclose(result.audio[:, 0], [2.0, 1.0, 2.0], rtol=1e-6)
    assert result.least_gain == pytest.approx(0.5, rel=1e-6)


def test_both_channels_are_turned_down_together():
    mixed = np.full((2001, 2), 0.25, np.float32)
    mixed[1000, 0] = 2.0
    result = turned_down(mixed, 1.0, reach_frames=500)
    np.testing.assert_array_equal(result.audio[:1000, 0], result.audio[:1000, 1])
    assert result.audio[1000, 1] == pytest.approx(0.125, rel=1e-6)


def test_the_given_fade_is_not_changed_and_gives_the_same_bits_again():
    mixed = noise(3, 50_000, 1.5)
    before = mixed.copy()
    first = turned_down(mixed, 1.0, reach_frames=REACH)
    np.testing.assert_array_equal(mixed, before)
    again = turned_down(mixed.copy(), 1.0, reach_frames=REACH)
    np.testing.assert_array_equal(first.audio, again.audio)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_not_finite_does_not_keep_the_others_over_the_limit(value):
    mixed = noise(4, 3000, 2.0)
    mixed[1500, 0] = value
    audio = turned_down(mixed, 1.0, reach_frames=200).audio
    finite = np.isfinite(audio[1:-1]).all(axis=1)
    assert np.count_nonzero(~finite) == 1
    assert np.abs(audio[1:-1][finite]).max() <= 1


@pytest.mark.parametrize(
    ("mixed", "limit", "reach_frames", "message"),
    [
        (np.zeros(5, np.float32), 1.0, 9, r"mixed is float32 of shape \(5,\)"),
        (np.zeros((5, 2)), 1.0, 9, "mixed is float64"),
        (np.zeros((5, 2), np.float32), 0.0, 9, r"limit is 0\.0"),
        (np.zeros((5, 2), np.float32), np.nan, 9, "limit is nan"),
        (np.zeros((5, 2), np.float32), 1.0, 0, "reach_frames is 0"),
    ],
)
def test_an_argument_out_of_range_is_refused_by_name(mixed, limit, reach_frames, message):
    with pytest.raises(ValueError, match=message):
        turned_down(mixed, limit, reach_frames=reach_frames)

"""The plain crossfade."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.errors import SettingError
from deepbass_engine.fades.curves import gains
from deepbass_engine.fades.simple import crossfade
from deepbass_engine.settings import CURVES, CurveNames

LINEAR = CurveNames("Linear", "Linear")


def noise(seed: int, n_frames: int, n_channels: int = 2) -> np.ndarray:
    drawn = np.random.default_rng(seed).uniform(-1, 1, (n_frames, n_channels))
    return drawn.astype(np.float32)


@given(
    fade_out=st.sampled_from(CURVES),
    fade_in=st.sampled_from(CURVES),
    n_frames=st.integers(0, 500),
    n_channels=st.integers(1, 6),
    seed=st.integers(0, 2**63 - 1),
)
@settings(deadline=None)
def test_each_sample_is_the_sum_of_both_tracks_under_their_gains(
    fade_out, fade_in, n_frames, n_channels, seed
):
    pair = CurveNames(fade_out, fade_in)
    tail, head = noise(1, n_frames, n_channels), noise(2, n_frames, n_channels)
    mixed = crossfade(tail, head, pair, seed=seed)
    gain = gains(pair, n_frames, seed=seed)
    expected = tail * gain.fade_out[:, np.newaxis] + head * gain.fade_in[:, np.newaxis]
    assert mixed.dtype == np.float32
    np.testing.assert_array_equal(mixed, expected)


def test_the_ends_of_a_linear_fade_are_the_two_tracks_themselves():
    tail, head = noise(1, 300), noise(2, 300)
    mixed = crossfade(tail, head, LINEAR)
    np.testing.assert_array_equal(mixed[0], tail[0])
    np.testing.assert_array_equal(mixed[-1], head[-1])


def test_a_track_linearly_faded_into_itself_stays_itself():
    tail = noise(1, 1000)
    np.testing.assert_allclose(crossfade(tail, tail, LINEAR), tail, rtol=0, atol=2e-7)


def test_equal_power_keeps_the_loudness_of_unrelated_noise():
    tail, head = noise(1, 200_000, 1), noise(2, 200_000, 1)
    mixed = crossfade(tail, head, CurveNames("equal_power", "equal_power"))
    power = (mixed.astype(np.float64) ** 2).reshape(10, -1).mean(axis=1)
    np.testing.assert_allclose(10 * np.log10(power * 3), 0, rtol=0, atol=0.15)


def test_the_tracks_given_are_not_changed():
    tail, head = noise(1, 100), noise(2, 100)
    crossfade(tail, head, LINEAR)
    np.testing.assert_array_equal(tail, noise(1, 100))
    np.testing.assert_array_equal(head, noise(2, 100))


def test_a_view_into_longer_audio_gives_the_same_bits_as_a_copy():
    whole = noise(1, 900)
    tail, head = whole[100:600][::-1], whole[300:800]
    pair = CurveNames("equal_power", "log")
    np.testing.assert_array_equal(
        crossfade(tail, head, pair), crossfade(tail.copy(), head.copy(), pair)
    )


@pytest.mark.parametrize(
    ("tail", "head", "message"),
    [
        (noise(1, 9)[:, 0], noise(2, 9), r"tail is float32 of shape \(9,\)"),
        (noise(1, 9), noise(2, 9).astype(np.float64), "head is float64"),
        (noise(1, 9), noise(2, 8), r"tail has shape \(9, 2\) and head \(8, 2\)"),
        (noise(1, 9), noise(2, 9, 1), r"tail has shape \(9, 2\) and head \(9, 1\)"),
    ],
)
def test_audio_of_the_wrong_form_is_refused_by_name(tail, head, message):
    with pytest.raises(ValueError, match=message):
        crossfade(tail, head, LINEAR)


def test_an_unknown_curve_is_refused():
    with pytest.raises(SettingError, match="'zigzag'"):
        crossfade(noise(1, 9), noise(2, 9), CurveNames("zigzag", "tri"))

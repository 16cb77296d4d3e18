"""The distance between two log-mel spectrograms, where its value is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_mel import FRAME, HOP, N_BANDS, RATE_HZ, distance_db, mel_powers, spectrograms_db


def white(seed: int, n: int = 32_000) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


def sine(hz: float, n: int = 32_000) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(n) / RATE_HZ).astype(np.float32)


def test_a_clip_is_at_no_distance_from_itself():
    assert distance_db(white(0), white(0)) == 0


@settings(deadline=None, max_examples=20)
@given(st.floats(-90, 40))
def test_a_change_of_level_is_at_no_distance(gain_db):
    other = white(0, 8_000) * np.float32(10 ** (gain_db / 20))
    assert distance_db(white(0, 8_000), other) < 1e-3


def test_a_change_of_level_within_the_clip_has_the_distance_that_arithmetic_gives():
    """A half gains 6 dB, the other none; then the level of the whole is matched."""
    half, apart = white(0, 40 * HOP), np.zeros(2 * FRAME, np.float32)
    changed = distance_db(
        np.concatenate([half, apart, half]), np.concatenate([2 * half, apart, half])
    )
    n_frames = (2 * 40 * HOP + 2 * FRAME - FRAME) // HOP + 1
    n_of_half = 40  # that hear any of it: those beginning within it, or one hop before
    matched = np.sqrt(2 / (2**2 + 1**2))
    of_halves = abs(20 * np.log10(2 * matched)) + abs(20 * np.log10(matched))
    assert changed == pytest.approx(of_halves * n_of_half / n_frames, rel=1e-5)


def test_two_white_noises_are_near_and_nearer_where_bands_are_wide():
    first, second = spectrograms_db(white(0, 160_000), white(1, 160_000))
    by_band = np.abs(first - second).mean(axis=0)
    assert by_band[:5].max() < 20 * np.log10(2)
    assert by_band[-5:].max() < 2
    assert by_band.mean() < 3


def test_silence_is_compared_as_it_is_all_floor():
    original, _ = spectrograms_db(white(0), white(0))
    silence = np.zeros(32_000, np.float32)
    assert distance_db(white(0), silence) == pytest.approx((original + 80).mean())


def test_what_lies_80_db_below_the_loudest_cell_does_not_count():
    loud = sine(1_000)
    faint = np.float32(1e-5) * sine(5_000)
    audible = np.float32(1e-2) * sine(5_000)
    assert distance_db(loud, loud + faint) < 0.01
    assert distance_db(loud, loud + audible) > 0.5


@pytest.mark.parametrize("hz", [100, 440, 1_000, 3_000, 7_500])
def test_a_tone_is_in_the_band_whose_middle_is_nearest(hz):
    top_mel = 2595 * np.log10(1 + 8_000 / 700)
    middles_mel = top_mel * np.arange(1, N_BANDS + 1) / (N_BANDS + 1)
    nearest = np.abs(middles_mel - 2595 * np.log10(1 + hz / 700)).argmin()
    # a narrow band's triangle sums to 1, so that one beside may be a little louder
    assert abs(int(mel_powers(sine(hz)).mean(axis=0).argmax()) - nearest) <= 1


def test_every_band_of_white_noise_is_equally_loud():
    by_band = mel_powers(white(0, 1_600_000)).mean(axis=0)
    assert by_band.min() > 0.9 * by_band.max()


@pytest.mark.parametrize(
    ("original", "other", "what"),
    [
        (np.zeros(4_000, np.float32), white(0, 4_000), "silent"),
        (white(0, FRAME - 1), white(0, FRAME - 1), "800 samples at least"),
        (white(0, 4_000), white(0, 4_001), "of one length"),
    ],
)
def test_what_can_not_be_compared_is_refused(original, other, what):
    with pytest.raises(ValueError, match=what):
        distance_db(original, other)

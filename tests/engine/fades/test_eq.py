"""The equalizer of a fade: bands that sum to the signal, and one track in front at a time."""

from __future__ import annotations

import numpy as np
import pytest

from deepbass_engine.fades.eq import BandGains, equalized, handed_over
from deepbass_engine.units import gain_from_db

RATE_HZ = 44_100
N = 2 * RATE_HZ


def flat(low_db: float, mid_db: float, high_db: float) -> BandGains:
    return BandGains(*(np.full(N, gain_from_db(level)) for level in (low_db, mid_db, high_db)))


def sine(hz: float) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(N) / RATE_HZ)
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


def level_db(samples: np.ndarray) -> float:
    middle = samples[N // 4 : -N // 4].astype(np.float64)
    return float(10 * np.log10(np.mean(middle**2) / 0.125))


def test_at_no_level_it_is_the_input_bit_for_bit() -> None:
    noise = np.random.default_rng(0).standard_normal((N, 2)).astype(np.float32)
    np.testing.assert_array_equal(equalized(noise, RATE_HZ, flat(0, 0, 0)), noise)


@pytest.mark.parametrize(
    ("hz", "expected_db"), [(30, -12), (60, -12), (120, -12), (600, -3), (2_000, -3), (9_000, -7)]
)
def test_each_band_is_raised_by_its_level(hz: float, expected_db: float) -> None:
    done = equalized(sine(hz), RATE_HZ, flat(-12, -3, -7))
    assert level_db(done) == pytest.approx(expected_db, abs=0.3)


def test_the_phase_does_not_move() -> None:
    for hz in (80.0, 190.0, 1_000.0, 4_000.0):
        done = equalized(sine(hz), RATE_HZ, flat(-12, 0, -6))
        middle = slice(N // 4, -N // 4)
        quarter = 0.5 * np.cos(2 * np.pi * hz * np.arange(N) / RATE_HZ)
        in_phase = abs(np.dot(done[middle, 0], sine(hz)[middle, 0]))
        assert abs(np.dot(done[middle, 0], quarter[middle])) < 0.02 * in_phase + 1.0


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 48_000, 96_000])
def test_a_bass_that_was_handed_over_is_gone_at_any_rate(rate_hz: int) -> None:
    n = 4 * rate_hz
    kick = np.sin(2 * np.pi * 70 * np.arange(n) / rate_hz)
    bass = np.repeat(kick[:, None], 2, axis=1).astype(np.float32)
    before = slice(rate_hz // 2, n // 2 - rate_hz // 4)
    behind = slice(n // 2 + rate_hz // 4, -rate_hz // 2)
    leaving, entering = handed_over(n, n // 2, rate_hz // 2)
    for low, waits, leads in ((leaving, behind, before), (entering, before, behind)):
        done = equalized(bass, rate_hz, BandGains(low, np.ones(n), np.ones(n)))
        assert np.mean(done[waits] ** 2) < np.mean(bass[waits] ** 2) * 10 ** (-20 / 10)
        np.testing.assert_allclose(done[leads], bass[leads], atol=1e-3)


def test_handing_over_makes_no_click() -> None:
    tone = sine(100.0)
    leaving, _ = handed_over(N, N // 2, RATE_HZ // 2)
    done = equalized(tone, RATE_HZ, BandGains(leaving, leaving, leaving))
    bend = np.abs(np.diff(done[1_000:-1_000, 0].astype(np.float64), 2))
    assert bend.max() < 1.2 * np.abs(np.diff(tone[:, 0].astype(np.float64), 2)).max()


def test_while_it_changes_hands_a_band_keeps_its_power() -> None:
    leaving, entering = handed_over(10_001, 5_000, 4_000)
    np.testing.assert_allclose(leaving**2 + entering**2, 1.0, atol=1e-9)
    np.testing.assert_allclose(leaving, entering[::-1], atol=1e-9)
    assert (leaving[0], leaving[-1]) == (1.0, 0.0)


def test_a_fade_of_a_few_frames_is_made_too() -> None:
    leaving, _ = handed_over(3, 1, 10)
    bands = BandGains(leaving, leaving, leaving)
    assert equalized(np.ones((3, 2), np.float32), RATE_HZ, bands).shape == (3, 2)

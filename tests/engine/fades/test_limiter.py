"""The limiter of transitions: under its ceiling between the samples too, and else not there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.analysis.true_peak import true_peak_plain
from deepbass_engine.errors import Cancelled
from deepbass_engine.fades.limiter import REACH_S, limited
from deepbass_engine.progress import CancelToken
from deepbass_engine.units import gain_from_db

RATE_HZ = 44_100


def noise(n_frames: int, level: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (level * random.standard_normal((n_frames, 2))).astype(np.float32)


def test_what_is_under_the_ceiling_is_the_very_array() -> None:
    quiet = noise(20_000, 0.05)
    assert limited(quiet, RATE_HZ, -1.0) is quiet


@pytest.mark.parametrize("rate_hz", [44_100, 96_000, 192_000])
@pytest.mark.parametrize("seed", range(3))
def test_loud_noise_comes_out_under_the_ceiling(rate_hz: int, seed: int) -> None:
    loud = noise(rate_hz, 0.5, seed)
    loud[:2_000] *= 0.1  # its neighbours are under the ceiling
    loud[-2_000:] *= 0.1
    done = limited(loud, rate_hz, -1.0)
    assert true_peak_plain(done, rate_hz) <= gain_from_db(-1.0 + 0.05)


def test_a_peak_between_the_samples_is_found() -> None:
    at = np.arange(4_000)
    sine = np.sin(2 * np.pi * at / 4 + np.pi / 4) * np.hanning(4_000)
    hidden = np.repeat(1.0 * sine[:, None], 2, axis=1).astype(np.float32)
    assert np.abs(hidden).max() < gain_from_db(-1.0) < true_peak_plain(hidden, RATE_HZ)
    assert true_peak_plain(limited(hidden, RATE_HZ, -1.0), RATE_HZ) <= gain_from_db(-0.95)


def test_out_of_reach_of_a_peak_nothing_is_touched() -> None:
    samples = noise(RATE_HZ, 0.05)
    samples[22_000] = 1.5
    done = limited(samples, RATE_HZ, -1.0)
    reach = round(REACH_S * RATE_HZ) + 2
    for untouched in (slice(0, 22_000 - reach), slice(22_000 + reach, None)):
        np.testing.assert_array_equal(done[untouched], samples[untouched])
    assert np.abs(done[22_000]).max() <= gain_from_db(-1.0)


def test_both_channels_have_one_gain() -> None:
    samples = np.full((9_000, 2), 0.2, np.float32)
    samples[4_000:4_050, 0] = 1.2
    done = limited(samples, RATE_HZ, -1.0)
    gain = done / samples
    np.testing.assert_allclose(gain[:, 0], gain[:, 1], atol=1e-6)


def test_the_ends_meet_their_neighbours() -> None:
    loud = noise(9_000, 0.6)
    done = limited(loud, RATE_HZ, -1.0)
    np.testing.assert_array_equal(done[[0, -1]], loud[[0, -1]])


@given(
    seed=st.integers(0, 2**32 - 1),
    n_frames=st.integers(3_000, 20_000),
    level=st.floats(0.2, 10.0),
    ceiling_dbtp=st.floats(-9.0, 0.0),
)
@settings(deadline=None, max_examples=25)
def test_anything_that_fades_in_and_out_comes_out_under_any_ceiling(
    seed, n_frames, level, ceiling_dbtp
):
    samples = noise(n_frames, level, seed) * np.hanning(n_frames)[:, None].astype(np.float32) ** 2
    done = limited(samples, RATE_HZ, ceiling_dbtp)
    assert true_peak_plain(done, RATE_HZ) <= gain_from_db(ceiling_dbtp + 0.05)


def test_the_gain_has_no_corners() -> None:
    samples = np.full((RATE_HZ, 1), 0.25, np.float32)
    samples[20_000:20_100] = 1.5
    gain = limited(samples, RATE_HZ, -1.0)[:, 0].astype(np.float64) / samples[:, 0]
    slope = np.diff(gain)
    assert gain.min() < 0.6
    # 1 to 0.6 and back within a tenth of a second each: a straight line would fall by 9e-5 a frame
    assert np.abs(slope).max() < 4e-4
    assert np.abs(np.diff(slope)).max() < 2e-6


def test_what_was_given_stays_and_gives_the_same_bits_again() -> None:
    loud = noise(9_000, 0.6)
    before = loud.copy()
    first = limited(loud, RATE_HZ, -1.0)
    np.testing.assert_array_equal(loud, before)
    np.testing.assert_array_equal(limited(loud, RATE_HZ, -1.0), first)


def test_nothing_stays_nothing() -> None:
    nothing = np.zeros((0, 2), np.float32)
    assert limited(nothing, RATE_HZ, -1.0) is nothing


def test_it_stops_when_asked() -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        limited(noise(9_000, 0.6), RATE_HZ, -1.0, cancel=cancel)

"""Triangular dither: its statistics, and that it is a function of place alone."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.audio.dither import dithered, noise

N_FRAMES = 500_000


def mixed(word: int) -> int:
    """MurmurHash3's 32-bit finaliser, from its definition."""
    word ^= word >> 16
    word = word * 0x85EBCA6B % 2**32
    word ^= word >> 13
    word = word * 0xC2B2AE35 % 2**32
    return word ^ word >> 16


def plain_noise(first_frame: int, n_frames: int, n_channels: int) -> np.ndarray:
    """The specification, one sample at a time in whole numbers."""
    values = []
    for sample in range(first_frame * n_channels, (first_frame + n_frames) * n_channels):
        upper, lower = divmod(sample, 2**32)
        word = mixed(lower ^ mixed((0x0DEEBA55 ^ upper) % 2**32))
        values.append(((word & 0xFFFF) + (word >> 16) + 1 - 2**16) / 2**16)
    return np.array(values).reshape(n_frames, n_channels)


@pytest.mark.parametrize("first_frame", [0, 1, 12_345, 2**31 - 5, 2**31, 2**33 - 3, 2**40 + 7])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_the_noise_is_the_specified_mix_of_place_even_past_32_bits(first_frame, n_channels):
    expected = plain_noise(first_frame, 12, n_channels)
    np.testing.assert_array_equal(noise(first_frame, 12, n_channels), expected)


def test_the_noise_is_triangular_with_mean_0_and_variance_a_sixth_of_an_lsb_squared():
    drawn = noise(0, N_FRAMES, 2).astype(np.float64).ravel()
    n = drawn.size
    assert np.abs(drawn).max() < 1
    assert abs(drawn.mean()) < 5 * np.sqrt(1 / 6 / n)
    # a triangular x in (-1, 1) has E x^2 = 1/6 and E x^4 = 1/15
    assert abs(drawn.var() - 1 / 6) < 5 * np.sqrt((1 / 15 - 1 / 36) / n)
    edges = np.linspace(-1, 1, 41)
    cdf = np.where(edges < 0, (1 + edges) ** 2 / 2, 1 - (1 - edges) ** 2 / 2)
    expected = np.diff(cdf) * n
    chi_squared = np.sum((np.histogram(drawn, edges)[0] - expected) ** 2 / expected)
    assert chi_squared < 39 + 5 * np.sqrt(2 * 39)  # 39 degrees of freedom


def test_the_noise_of_the_channels_and_of_neighbouring_frames_is_unrelated():
    drawn = noise(0, N_FRAMES, 2).astype(np.float64)
    limit = 5 / np.sqrt(N_FRAMES)
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]) < limit
    for distance in (1, 2, 3, 4, 64, 65_536):
        for one in (0, 1):
            for other in (0, 1):
                apart = np.corrcoef(drawn[:-distance, one], drawn[distance:, other])[0, 1]
                assert abs(apart) < limit


def test_the_spectrum_of_the_noise_is_flat():
    drawn = noise(0, 2**18, 2)[:, 0].astype(np.float64)
    power = np.abs(np.fft.rfft(drawn.reshape(256, 1024), axis=1))[:, 1:-1] ** 2
    mean = power.mean(axis=0) / (1024 / 6)  # each the mean of 256 exponential variables
    assert np.abs(mean - 1).max() < 6 / np.sqrt(256)


@given(
    first_frame=st.integers(0, 2**34),
    cuts=st.lists(st.integers(0, 300), max_size=6),
)
@settings(deadline=None)
def test_any_split_into_blocks_gives_the_same_noise(first_frame, cuts):
    borders = sorted({0, 300, *cuts})
    parts = [
        noise(first_frame + start, stop - start, 2) for start, stop in itertools.pairwise(borders)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), noise(first_frame, 300, 2))


def test_a_split_at_the_carry_of_32_bits_gives_the_same_noise():
    first = 2**31 - 100  # sample 2**32 is frame 2**31 of a stereo mix
    whole = noise(first, 200, 2)
    np.testing.assert_array_equal(whole[:100], noise(first, 100, 2))
    np.testing.assert_array_equal(whole[100:], noise(first + 100, 100, 2))


def test_threads_that_work_at_once_get_the_same_samples_as_one_alone():
    block = np.random.default_rng(1).uniform(-0.5, 0.5, (20_000, 2)).astype(np.float32)
    starts = range(0, 400_000, 20_000)
    alone = {start: dithered(block, start).copy() for start in starts}
    together: dict[int, np.ndarray] = {}

    def work(own: range) -> None:
        for start in own:
            together[start] = dithered(block, start).copy()

    threads = [threading.Thread(target=work, args=(starts[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for start in starts:
        np.testing.assert_array_equal(together[start], alone[start])


@pytest.mark.parametrize("level_lsb", [0.0, 0.25, 0.5, -0.3, 1.7, 1000.1, -20_000.9])
def test_rounding_error_has_mean_0_and_variance_a_quarter_whatever_the_signal(level_lsb):
    # 1/12 of rounding and 2/12 of noise; without dither it would be 0 or up to 1/4 of the signal
    block = np.full((N_FRAMES, 2), level_lsb / 2**15, np.float32)
    error = dithered(block, 0) - block.astype(np.float64) * 2**15
    n = error.size
    assert abs(error.mean()) < 5 * np.sqrt(1 / 4 / n)
    # the error's fourth moment lies below 1 / 4 + 1 / 8
    assert abs(error.var() - 1 / 4) < 5 * np.sqrt(3 / 8 / n)


def test_a_tone_below_one_step_survives_dither_and_vanishes_without():
    t = np.arange(2**18)
    tone = (0.4 * np.sin(2 * np.pi * t / 64) / 2**15).astype(np.float32)
    block = np.stack([tone, tone], axis=1)
    assert not np.rint(block * 2**15).any()
    heard = dithered(block, 0)[:, 0].astype(np.float64)
    amplitude = 2 * abs(np.mean(heard * np.exp(-2j * np.pi * t / 64)))
    assert amplitude == pytest.approx(0.4, abs=5 * np.sqrt(2 / 4 / len(t)) * 2)
    third = 2 * abs(np.mean(heard * np.exp(-2j * np.pi * 3 * t / 64)))
    assert third < 5 * np.sqrt(2 / 4 / len(t)) * 2  # and without distortion


def test_full_scale_is_clipped_and_never_wraps():
    block = np.array([[1.0, -1.0], [5.0, -5.0], [0.9999847, -0.9999847]] * 500, np.float32)
    samples = dithered(block, 0)
    assert samples.dtype == np.int16
    assert (samples[:, 0] >= 32764).all()
    assert (samples[:, 1] <= -32765).all()

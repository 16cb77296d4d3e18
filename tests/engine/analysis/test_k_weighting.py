"""The K-weighting: the standard's coefficients and response, and the compiled twin."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import signals
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import sosfilt, sosfreqz

from deepbass_engine.analysis.k_weighting import add_energies, add_energies_plain, k_weighting

# ITU-R BS.1770-5, tables 1 and 2: stage 1 and stage 2 at 48 kHz
STANDARD = np.array([
    [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241,
     0.73248077421585],
    [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
])  # fmt: skip


def energies_by(
    add, samples: np.ndarray, rate_hz: int, block_frames: int, borders=()
) -> np.ndarray:
    """Energies of all blocks, the samples given in parts."""
    n_channels = samples.shape[1]
    energies = np.zeros((len(samples) // block_frames + 1, n_channels))
    state = np.zeros((4, n_channels))
    for start, stop in itertools.pairwise([0, *borders, len(samples)]):
        part = np.ascontiguousarray(samples[start:stop])
        add(part, k_weighting(rate_hz), state, start, block_frames, energies)
    return energies


def test_at_48_khz_the_coefficients_are_the_standards():
    np.testing.assert_allclose(k_weighting(48_000), STANDARD, rtol=0, atol=1e-9)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 96_000, 192_000])
def test_at_other_rates_the_response_is_the_same(rate_hz):
    frequencies_hz = np.geomspace(10, min(rate_hz / 8, 6_000), 50)
    _, at_rate = sosfreqz(k_weighting(rate_hz), frequencies_hz, fs=rate_hz)
    _, standard = sosfreqz(STANDARD, frequencies_hz, fs=48_000)
    difference_db = 20 * np.log10(np.abs(at_rate) / np.abs(standard))
    # The bilinear transform warps the shelf's upper edge most at the lowest rate.
    assert np.abs(difference_db).max() < (0.25 if rate_hz < 40_000 else 0.1)


@given(
    n_frames=st.integers(0, 600),
    n_channels=st.integers(1, 6),
    block_frames=st.integers(1, 200),
    cut=st.integers(0, 600),
    seed=st.integers(0, 2**32),
    rate_hz=st.sampled_from([8_000, 44_100, 48_000, 192_000]),
)
@settings(deadline=None, max_examples=60)
def test_the_compiled_twin_does_what_the_plain_one_does(
    n_frames, n_channels, block_frames, cut, seed, rate_hz
):
    samples = np.random.default_rng(seed).uniform(-1, 1, (n_frames, n_channels))
    samples = samples.astype(np.float32)
    plain = energies_by(add_energies_plain, samples, rate_hz, block_frames)
    fast = energies_by(add_energies, samples, rate_hz, block_frames, [min(cut, n_frames)])
    np.testing.assert_allclose(fast, plain, rtol=1e-9, atol=1e-15)


def test_the_energies_are_those_of_scipys_filter():
    samples = signals.noise(0.5)
    filtered = sosfilt(k_weighting(44_100), samples.astype(np.float64), axis=0)
    expected = np.add.reduceat(filtered**2, range(0, len(samples), 441), axis=0)
    got = energies_by(add_energies, samples, 44_100, 441)[: len(expected)]
    np.testing.assert_allclose(got, expected, rtol=1e-9)


@given(cuts=st.lists(st.integers(0, 4_000), max_size=8))
@settings(deadline=None, max_examples=60)
def test_any_split_into_parts_gives_the_same_bits(cuts):
    samples = signals.noise(4_000 / 44_100)
    whole = energies_by(add_energies, samples, 44_100, 441)
    parts = energies_by(add_energies, samples, 44_100, 441, sorted(cuts))
    np.testing.assert_array_equal(parts, whole)


def test_long_silence_after_sound_decays_to_exactly_nothing():
    samples = np.concatenate([signals.noise(0.1), signals.silence(20.0)])
    state = np.zeros((4, 2))
    energies = np.zeros((len(samples) // 441 + 1, 2))
    add_energies(samples, k_weighting(44_100), state, 0, 441, energies)
    assert not energies[-10:].any()
    assert not state.any()

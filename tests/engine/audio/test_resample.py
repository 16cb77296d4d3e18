"""Rate conversion of a stream: the same as in one piece, as long as the rule says, in its place."""

from __future__ import annotations

import numpy as np
import pytest
import signals
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.audio.resample import resampled_blocks
from deepbass_engine.units import rescale_frames

RATES_HZ = [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000]
PAIRS = [(a, b) for a in (8_000, 44_100, 48_000, 192_000) for b in RATES_HZ if a != b]


def streamed(samples: np.ndarray, from_hz: int, to_hz: int, *borders: int) -> np.ndarray:
    """Convert in blocks that end at the given frames."""
    blocks = np.split(samples, borders)
    parts = [b.copy() for b in resampled_blocks(blocks, from_hz, to_hz, samples.shape[1])]
    return np.concatenate([np.empty((0, samples.shape[1]), np.float32), *parts])


@given(cuts=st.lists(st.integers(0, 30_000), max_size=8))
@settings(deadline=None, max_examples=50)
def test_any_split_into_blocks_gives_the_same_samples(cuts):
    samples = signals.noise(30_000 / 44_100)
    whole = streamed(samples, 44_100, 48_000)
    np.testing.assert_array_equal(streamed(samples, 44_100, 48_000, *sorted(cuts)), whole)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_stream_equals_soxrs_conversion_in_one_piece(from_hz, to_hz):
    samples = signals.noise(0.5, from_hz)
    n = len(samples)
    got = streamed(samples, from_hz, to_hz, n // 7, n // 3, n // 3 + 1, n // 2)
    expected = soxr.resample(samples, from_hz, to_hz, "VHQ")
    common = min(len(got), len(expected))
    assert abs(len(got) - len(expected)) <= 1
    np.testing.assert_allclose(got[:common], expected[:common], rtol=0, atol=2e-6)


@given(
    n_frames=st.integers(0, 3000),
    from_hz=st.sampled_from(RATES_HZ),
    to_hz=st.sampled_from(RATES_HZ),
    cut=st.integers(0, 3000),
)
@settings(deadline=None, max_examples=150)
def test_the_length_follows_the_one_rounding_rule(n_frames, from_hz, to_hz, cut):
    samples = np.ones((n_frames, 2), np.float32)
    got = streamed(samples, from_hz, to_hz, min(cut, n_frames))
    assert len(got) == rescale_frames(n_frames, from_hz, to_hz)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(44_100, 48_000), (48_000, 44_100),
                                               (96_000, 44_100), (22_050, 48_000)])  # fmt: skip
def test_a_tone_stays_a_clean_tone(from_hz, to_hz):
    frequency_hz = 997.0
    samples = signals.sine(frequency_hz, 2.0, from_hz, amplitude=0.9)
    got = streamed(samples, from_hz, to_hz, 5_000, 5_001, 30_000)[:, 0].astype(np.float64)
    middle = got[to_hz // 4 : -to_hz // 4]
    t = np.arange(to_hz // 4, len(got) - to_hz // 4) / to_hz
    basis = np.stack([np.sin(2 * np.pi * frequency_hz * t), np.cos(2 * np.pi * frequency_hz * t)])
    in_phase, quadrature = np.linalg.lstsq(basis.T, middle, rcond=None)[0]
    assert in_phase == pytest.approx(0.9, abs=1e-5)
    assert quadrature == pytest.approx(0.0, abs=1e-5)  # not shifted in time
    residue = middle - basis.T @ [in_phase, quadrature]
    thd_n_db = 20 * np.log10(np.sqrt(np.mean(residue**2)) / (0.9 / np.sqrt(2)))
    # float32 in and out: rounding alone is 2**-25 / sqrt(3) of full scale, -155 dB
    assert thd_n_db < -130


@pytest.mark.parametrize(
    ("from_hz", "to_hz"),
    [(44_100, 48_000), (48_000, 44_100), (96_000, 48_000), (48_000, 96_000), (8_000, 48_000)],
)
@pytest.mark.parametrize("at_s", [0.25, 0.5, 0.75])
def test_an_impulse_stays_at_its_time(from_hz, to_hz, at_s):
    at = int(at_s * from_hz)
    got = streamed(signals.impulses([at], from_hz), from_hz, to_hz, at - 10, at)[:, 0]
    assert int(np.argmax(np.abs(got))) == round(at * to_hz / from_hz)
    power = got.astype(np.float64) ** 2
    centre = np.sum(power * np.arange(len(power))) / power.sum()
    assert centre == pytest.approx(at * to_hz / from_hz, abs=0.01)  # linear phase


def test_a_constant_keeps_its_level_without_a_ripple_at_block_borders():
    samples = np.full((96_000, 2), 0.5, np.float32)
    got = streamed(samples, 48_000, 44_100, *range(1_000, 96_000, 1_000))
    np.testing.assert_allclose(got[4_000:-4_000], 0.5, rtol=0, atol=1e-6)


def test_channels_stay_apart():
    tone = signals.sine(440.0, 0.5, channels=1)
    got = streamed(np.concatenate([tone, 0 * tone], axis=1), 44_100, 48_000, 7_000)
    assert np.abs(got[:, 0]).max() > 0.4
    assert not got[:, 1].any()

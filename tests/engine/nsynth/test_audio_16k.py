"""What a model hears of any audio."""

from __future__ import annotations

import numpy as np
import pytest
import signals
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.audio.channels import LAYOUTS
from deepbass_engine.nsynth.audio_16k import mono_blocks
from deepbass_engine.units import rescale_frames


def heard(samples: np.ndarray, rate_hz: int, *borders: int) -> np.ndarray:
    blocks = np.split(samples, borders)
    parts = list(mono_blocks(blocks, LAYOUTS[samples.shape[1]], rate_hz))
    return np.concatenate([np.empty(0, np.float32), *parts])


def test_mono_at_16_khz_is_heard_as_it_is():
    samples = signals.noise(0.1, 16_000, channels=1)
    np.testing.assert_array_equal(heard(samples, 16_000, 100, 101), samples[:, 0])


def test_of_stereo_the_mean_is_heard():
    samples = signals.noise(0.1, 16_000)
    np.testing.assert_allclose(heard(samples, 16_000), samples.mean(axis=1), atol=1e-7)


def test_of_surround_the_fold_to_stereo_is_heard():
    samples = np.zeros((100, 6), np.float32)
    samples[:, 2] = 0.5  # the centre, which lies in both sides at -3 dB
    samples[:, 3] = 0.9  # low-frequency effects, which are left out
    np.testing.assert_allclose(heard(samples, 16_000), 0.5 * 0.5**0.5, rtol=1e-6)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000, 192_000])
def test_a_tone_is_the_same_tone_at_16_khz(rate_hz):
    found = heard(signals.sine(997, 1.0, rate_hz), rate_hz)
    expected = signals.sine(997, 1.0, 16_000, channels=1)[:, 0]
    assert len(found) == 16_000
    np.testing.assert_allclose(found[2000:-2000], expected[2000:-2000], rtol=0, atol=1e-5)


def test_what_16_khz_can_not_hold_is_left_out():
    found = heard(signals.sine(10_000, 1.0), 44_100)
    assert np.abs(found[2000:-2000]).max() < 1e-5


@settings(deadline=None, max_examples=30)
@given(
    cuts=st.lists(st.integers(0, 4000), max_size=6),
    rate_hz=st.sampled_from([8_000, 16_000, 44_100, 96_000]),
)
def test_where_blocks_are_cut_changes_nothing(cuts, rate_hz):
    samples = signals.noise(4000 / rate_hz, rate_hz)
    found = heard(samples, rate_hz, *sorted(cuts))
    np.testing.assert_array_equal(found, heard(samples, rate_hz))
    assert len(found) == rescale_frames(4000, rate_hz, 16_000)


def test_samples_of_a_float_file_far_beyond_full_scale_stay_finite():
    samples = np.full((4000, 2), np.finfo(np.float32).max, np.float32)
    assert np.isfinite(heard(samples, 44_100)).all()

"""Samples together with their rate."""

from __future__ import annotations

import numpy as np
import pytest

from deepbass_engine.audio.clip import Clip


@pytest.mark.parametrize(
    "samples",
    [np.zeros(10, np.float32), np.zeros((10, 2)), np.zeros((10, 2), np.int16),
     np.zeros((10, 2, 1), np.float32)],
)  # fmt: skip
def test_other_shapes_and_types_are_refused_by_what_they_are(samples):
    with pytest.raises(ValueError, match="give float32 of shape") as refused:
        Clip(samples, 44_100)
    assert str(samples.shape) in str(refused.value)
    assert str(samples.dtype) in str(refused.value)


def test_a_clip_keeps_its_samples_and_rate():
    samples = np.zeros((0, 2), np.float32)
    clip = Clip(samples, 48_000)
    assert clip.samples is samples
    assert clip.sample_rate_hz == 48_000

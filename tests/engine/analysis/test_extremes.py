"""Extremes and energies of buckets: the compiled twin and the plain one."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.analysis.extremes import add_extremes, add_extremes_plain


def buckets_by(add, samples: np.ndarray, bucket_frames: int, borders=()) -> np.ndarray:
    """All buckets, the samples given in parts."""
    buckets = np.tile((np.inf, -np.inf, 0.0), (len(samples) // bucket_frames + 1, 1))
    for start, stop in itertools.pairwise([0, *borders, len(samples)]):
        add(np.ascontiguousarray(samples[start:stop]), start, bucket_frames, buckets)
    return buckets


@given(
    n_frames=st.integers(0, 400),
    n_channels=st.integers(1, 6),
    bucket_frames=st.integers(1, 150),
    cuts=st.lists(st.integers(0, 400), max_size=5),
    amplitude=st.sampled_from([1e-30, 0.5, 1.0, 1e30]),
    seed=st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=60)
def test_the_compiled_twin_gives_the_bits_of_the_plain_one_however_it_is_fed(
    n_frames, n_channels, bucket_frames, cuts, amplitude, seed
):
    drawn = np.random.default_rng(seed).uniform(-amplitude, amplitude, (n_frames, n_channels))
    samples = drawn.astype(np.float32)
    borders = sorted(min(cut, n_frames) for cut in cuts)
    plain = buckets_by(add_extremes_plain, samples, bucket_frames)
    fast = buckets_by(add_extremes, samples, bucket_frames, borders)
    np.testing.assert_array_equal(fast, plain)


def test_a_bucket_has_the_extremes_and_the_energy_of_its_samples():
    samples = np.array([[0.5, -0.25], [0.0, 1.0], [-1.0, 0.0]], np.float32)
    buckets = buckets_by(add_extremes_plain, samples, 2)
    np.testing.assert_array_equal(buckets, [[-0.25, 1.0, 1.3125], [-1.0, 0.0, 1.0]])

"""From float to the grid of a file: exact where it can be, counted where it clips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.audio.quantize import quantize

ALL_16_BIT = np.arange(-(2**15), 2**15, dtype=np.int16).reshape(-1, 2)


def test_samples_on_the_16_bit_grid_pass_untouched():
    done = quantize(ALL_16_BIT, "PCM_16", 123)
    np.testing.assert_array_equal(done.samples, ALL_16_BIT)
    assert done.samples.dtype == np.int16
    assert (done.peak, done.n_clipped) == (1.0, 0)


def test_all_16_bit_values_come_through_float_bit_for_bit_without_dither():
    as_float = ALL_16_BIT.astype(np.float32) / np.float32(2**15)
    done = quantize(as_float, "PCM_16", 0, dither=False)
    np.testing.assert_array_equal(done.samples, ALL_16_BIT)
    assert done.samples.dtype == np.int16
    assert done.n_clipped == 0


def test_all_24_bit_values_come_through_float_exactly():
    n_clipped = 0
    for start in range(-(2**23), 2**23, 2**20):
        values = np.arange(start, start + 2**20, dtype=np.int32).reshape(-1, 2)
        done = quantize(values.astype(np.float32) / np.float32(2**23), "PCM_24", 0)
        np.testing.assert_array_equal(done.samples, values)
        n_clipped += done.n_clipped
    assert n_clipped == 0


def test_16_bit_values_lie_on_the_24_bit_grid_too():
    as_float = ALL_16_BIT.astype(np.float32) / np.float32(2**15)
    done = quantize(as_float, "PCM_24", 0)
    np.testing.assert_array_equal(done.samples, ALL_16_BIT.astype(np.int32) * 256)


def test_24_bit_output_is_rounded_to_the_nearest_step():
    block = np.array([[0.4, 0.6], [-0.4, -0.6], [100.49, 100.51]], np.float32) / np.float32(2**23)
    done = quantize(block, "PCM_24", 0)
    np.testing.assert_array_equal(done.samples, [[0, 1], [0, -1], [100, 101]])


def test_float_output_is_left_alone_overs_included():
    block = np.array([[1.5, -2.0], [0.1, np.float32(1e-30)]], np.float32)
    done = quantize(block, "FLOAT", 0)
    np.testing.assert_array_equal(done.samples, block)
    assert (done.peak, done.n_clipped) == (2.0, 0)


@pytest.mark.parametrize(("subtype", "bits"), [("PCM_16", 16), ("PCM_24", 24)])
def test_overs_are_clipped_and_their_frames_counted_once(subtype, bits):
    full = 2 ** (bits - 1)
    block = np.array([[1.5, 0.0], [0.0, -1.5], [2.0, -2.0], [0.9, -1.0], [1.0, 0.0]], np.float32)
    done = quantize(block, subtype, 0, dither=False)
    assert done.n_clipped == 4  # a sample of exactly 1 has no place on the grid; -1 has one
    assert done.peak == 2.0
    np.testing.assert_array_equal(done.samples[:, 0].clip(-full, full - 1), done.samples[:, 0])
    assert [int(v) for v in done.samples[[0, 2, 4], 0]] == [full - 1] * 3
    assert [int(v) for v in done.samples[[1, 2, 3], 1]] == [-full] * 3


@pytest.mark.parametrize(("subtype", "bits"), [("PCM_16", 16), ("PCM_24", 24)])
def test_the_last_values_of_the_grid_are_no_overs(subtype, bits):
    step = 2.0 ** (1 - bits)
    block = np.array([[1 - step, -1.0], [1 - step, -1.0]], np.float32)
    assert quantize(block, subtype, 0, dither=False).n_clipped == 0


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_the_peak_is_of_either_sign(subtype):
    block = np.array([[0.25, -0.75], [0.5, 0.1]], np.float32)
    assert quantize(block, subtype, 0).peak == 0.75
    assert quantize(-block, subtype, 0).peak == 0.75


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_an_empty_block_stays_empty(subtype):
    done = quantize(np.empty((0, 2), np.float32), subtype, 5)
    assert done.samples.shape == (0, 2)
    assert (done.peak, done.n_clipped) == (0.0, 0)


@given(first_frame=st.integers(0, 2**33), cut=st.integers(0, 200), seed=st.integers(0, 2**32))
@settings(deadline=None)
def test_two_blocks_are_quantised_like_one(first_frame, cut, seed):
    block = np.random.default_rng(seed).uniform(-1.2, 1.2, (200, 2)).astype(np.float32)
    one = quantize(block, "PCM_16", first_frame)
    whole = one.samples.copy()
    head = quantize(block[:cut], "PCM_16", first_frame)
    np.testing.assert_array_equal(head.samples, whole[:cut])
    tail = quantize(block[cut:], "PCM_16", first_frame + cut)
    np.testing.assert_array_equal(tail.samples, whole[cut:])
    assert head.n_clipped + tail.n_clipped == one.n_clipped
    assert max(head.peak, tail.peak) == one.peak


def test_dither_is_added_to_16_bit_output_unless_it_is_on_the_grid():
    quiet = np.zeros((1000, 2), np.float32)
    assert quantize(quiet, "PCM_16", 0).samples.any()
    assert not quantize(quiet, "PCM_16", 0, dither=False).samples.any()
    assert not quantize(quiet, "PCM_24", 0).samples.any()


def test_quantising_leaves_the_block_as_it_was():
    block = np.random.default_rng(0).uniform(-1.2, 1.2, (500, 2)).astype(np.float32)
    before = block.copy()
    for subtype in ("PCM_16", "PCM_24", "FLOAT"):
        quantize(block, subtype, 0)
        np.testing.assert_array_equal(block, before)

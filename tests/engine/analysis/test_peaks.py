"""Peaks: every sample is enclosed, at every zoom, and panning shows the same columns."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest
import quickly
import signals
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.analysis.peaks import (
    BUCKET_FRAMES,
    FULL_SCALE,
    LEVEL_FACTOR,
    PeakBuilder,
    Peaks,
    sample_columns,
)

RATE_HZ = 44_100
STEP = 1 / FULL_SCALE


def peaks_of(samples: np.ndarray, borders=()) -> Peaks:
    """Peaks of samples that are pushed in parts."""
    builder = PeakBuilder(RATE_HZ)
    for start, stop in itertools.pairwise([0, *borders, len(samples)]):
        builder.push(samples[start:stop])
    return builder.finish()


def measured(samples: np.ndarray) -> tuple[float, float, float]:
    """Lowest, highest and RMS, by NumPy's own means."""
    return samples.min(), samples.max(), math.sqrt(np.mean(np.square(samples, dtype=np.float64)))


def assert_encloses(rows: np.ndarray, parts: list[np.ndarray], rms_within: float) -> None:
    """Each row encloses the samples of its part, closer than a step."""
    expected = np.array([measured(part) for part in parts])
    below, above = expected[:, 0] - rows[:, 0], rows[:, 1] - expected[:, 1]
    assert below.min() >= 0
    assert below.max() < STEP
    assert above.min() >= 0
    assert above.max() < STEP
    np.testing.assert_allclose(rows[:, 2], expected[:, 2], rtol=0, atol=rms_within)


def test_a_sine_has_its_amplitude_and_its_rms_on_every_level():
    peaks = peaks_of(signals.sine(RATE_HZ / 64, 2.0, amplitude=0.5))  # whole periods in a bucket
    for level in peaks.levels[:-1]:
        assert set(level[:-1, 0]) == {-FULL_SCALE // 2}
        assert set(level[:-1, 1]) == {FULL_SCALE // 2}
        assert set(level[:-1, 2]) == {round(FULL_SCALE * 0.5 / math.sqrt(2))}


def test_an_impulse_is_in_its_bucket_and_those_above_it_alone():
    samples = signals.impulses([5 * BUCKET_FRAMES + 7], 40 * BUCKET_FRAMES, amplitude=0.25)
    for number, level in enumerate(peaks_of(samples).levels):
        assert level[:, 1].nonzero()[0].tolist() == [5 // LEVEL_FACTOR**number]
        assert level[:, 1].max() == FULL_SCALE // 4
        assert not level[:, 0].any()


def test_the_levels_shrink_by_four_to_a_single_bucket():
    peaks = peaks_of(signals.noise(1.0))
    assert [len(level) for level in peaks.levels] == [173, 44, 11, 3, 1]
    assert {(level.dtype, level.shape[1]) for level in peaks.levels} == {(np.dtype(np.int16), 3)}


@pytest.mark.parametrize("n_more", [1, 255])
def test_the_last_bucket_counts_only_the_frames_it_has(n_more):
    samples = np.full((3 * BUCKET_FRAMES + n_more, 2), 0.5, np.float32)
    peaks = peaks_of(samples)
    assert peaks.n_frames == len(samples)
    for level in peaks.levels:
        assert set(map(tuple, level.tolist())) == {(FULL_SCALE // 2,) * 3}


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_extremes_and_rms_are_those_of_all_channels(channels):
    samples = signals.noise(0.1, channels=channels)
    rows = peaks_of(samples).levels[0] * STEP
    parts = [samples[i : i + BUCKET_FRAMES] for i in range(0, len(samples), BUCKET_FRAMES)]
    assert_encloses(rows, parts, STEP / 2 + 1e-9)


def test_rms_of_all_levels_is_that_of_the_samples():
    samples = signals.music(3.0)
    for number, level in enumerate(peaks_of(samples).levels):
        bucket = BUCKET_FRAMES * LEVEL_FACTOR**number
        parts = [samples[i : i + bucket] for i in range(0, len(samples), bucket)]
        # rounded to half a step in the lowest level, and once more in its own
        assert_encloses(level * STEP, parts, STEP + 1e-9)


def test_overs_are_seen_up_to_two_and_saturate_there():
    samples = signals.impulses([0], 4 * BUCKET_FRAMES, amplitude=1.5)
    samples[BUCKET_FRAMES] = -7.0
    samples[2 * BUCKET_FRAMES] = 7.0
    level = peaks_of(samples).levels[0]
    assert level[:, 1].tolist() == [24_576, 0, 32_767, 0]
    assert level[:, 0].tolist() == [0, -32_768, 0, 0]


@pytest.mark.parametrize(("loudest", "is_over"), [(1.0, False), (1.0 + 2**-20, True)])
def test_a_peak_passes_full_scale_exactly_where_a_sample_does(loudest, is_over):
    peaks = peaks_of(signals.impulses([300], 1000, amplitude=loudest))
    assert (peaks.peak > 1.0) is is_over
    assert (peaks.columns(0, 256, 4)[:, 1] > 1.0).tolist() == [False, is_over, False, False]


def test_the_peak_may_lie_below_zero():
    assert peaks_of(signals.impulses([9], 1000, amplitude=-0.75)).peak == 0.75


def test_a_track_without_frames_has_nothing_to_draw():
    peaks = PeakBuilder(RATE_HZ).finish()
    assert peaks.n_frames == 0
    assert peaks.peak == 0.0
    assert not peaks.columns(-3.0, 10.0, 7).any()


def test_a_lowest_level_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"has shape \(3, 3\); 1000 frames need \(4, 3\)"):
        Peaks.over(np.zeros((3, 3), np.int16), 1000, RATE_HZ)


@given(cuts=st.lists(st.integers(0, 5_000), max_size=8))
@settings(deadline=None, max_examples=40)
def test_any_split_into_blocks_gives_the_same_peaks(cuts):
    samples = signals.noise(5_000 / RATE_HZ)
    whole, parts = peaks_of(samples), peaks_of(samples, sorted(cuts))
    for ours, theirs in zip(parts.levels, whole.levels, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_snapshot_has_the_full_buckets_and_stays_as_it_was():
    samples = signals.noise(30.0)  # grows past what is allotted at first
    builder = PeakBuilder(RATE_HZ)
    builder.push(samples[:1000])
    early = builder.so_far()
    kept = [level.copy() for level in early.levels]
    builder.push(samples[1000:])
    whole = builder.finish()
    assert early.n_frames == 3 * BUCKET_FRAMES
    np.testing.assert_array_equal(early.levels[0], whole.levels[0][:3])
    for level, before in zip(early.levels, kept, strict=True):
        np.testing.assert_array_equal(level, before)


def bucket_of(frames_per_column: float) -> int:
    """Frames of the largest buckets that fit into a column."""
    bucket = BUCKET_FRAMES
    while bucket * LEVEL_FACTOR <= frames_per_column:
        bucket *= LEVEL_FACTOR
    return bucket


@given(
    n_frames=st.integers(1, 20_000),
    frames_per_column=st.floats(1.0, 6_000.0),
    first_column=st.integers(-5, 40),
    n_columns=st.integers(0, 40),
)
@settings(deadline=None, max_examples=150)
def test_columns_are_those_of_the_samples_in_their_buckets(
    n_frames, frames_per_column, first_column, n_columns
):
    samples = signals.noise(20_000 / RATE_HZ)[:n_frames]
    columns = peaks_of(samples).columns(
        first_column * frames_per_column, frames_per_column, n_columns
    )
    assert columns.dtype == np.float32
    assert columns.shape == (n_columns, 3)
    bucket = bucket_of(frames_per_column)
    shown, parts = [], []
    for number in range(n_columns):
        start = (first_column + number) * frames_per_column
        end = start + frames_per_column
        if not 0 <= start < n_frames:
            assert not columns[number].any()
            continue
        end = (first_column + number + 1) * frames_per_column
        first, behind = int(start // bucket), int(end // bucket)
        until = n_frames if end >= n_frames else max(behind, first + 1) * bucket
        shown.append(columns[number])
        parts.append(samples[first * bucket : until])
    if shown:
        assert_encloses(np.array(shown, np.float64), parts, 1.5 * STEP)


@given(
    frames_per_column=st.floats(0.2, 9_000.0),
    first_frame=st.floats(-20_000, 50_000),
    n_panned=st.integers(-60, 60),
)
@settings(deadline=None, max_examples=100)
def test_panning_by_whole_columns_moves_the_picture_and_changes_nothing(
    frames_per_column, first_frame, n_panned
):
    peaks = peaks_of(signals.noise(1.0))
    n_columns, n_common = 80, 80 - abs(n_panned)
    before = peaks.columns(first_frame, frames_per_column, n_columns)
    after = peaks.columns(first_frame + n_panned * frames_per_column, frames_per_column, n_columns)
    kept = slice(max(0, n_panned), max(0, n_panned) + n_common)
    moved = slice(max(0, -n_panned), max(0, -n_panned) + n_common)
    np.testing.assert_array_equal(after[moved], before[kept])


def test_a_column_narrower_than_a_bucket_shows_the_bucket_it_lies_in():
    samples = signals.impulses([BUCKET_FRAMES + 3], 3 * BUCKET_FRAMES, amplitude=0.5)
    columns = peaks_of(samples).columns(0, BUCKET_FRAMES / 4, 13)
    assert columns[:, 1].tolist() == [0.0] * 4 + [0.5] * 4 + [0.0] * 5


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((0, 0.0, 9), "frames_per_column"), ((0, math.nan, 9), "frames_per_column"),
     ((0, -1.0, 9), "frames_per_column"), ((math.inf, 1.0, 9), "first_frame"),
     ((0, 1.0, -1), "n_columns")],
)  # fmt: skip
def test_columns_that_cant_be_placed_are_refused_by_name(arguments, name):
    samples = signals.noise(0.01)
    with pytest.raises(ValueError, match=f"^{name} is "):
        peaks_of(samples).columns(*arguments)
    with pytest.raises(ValueError, match=f"^{name} is "):
        sample_columns(samples, *arguments)


@pytest.mark.parametrize("frames_per_column", [0.3, 1.0, 2.75, 100.0])
def test_columns_from_samples_are_exact_and_on_the_same_grid_as_those_from_peaks(
    frames_per_column,
):
    samples = signals.noise(0.05, channels=2)
    n_columns = 60
    columns = sample_columns(samples, 10 * frames_per_column, frames_per_column, n_columns)
    for number, column in enumerate(columns, start=10):
        first = int(number * frames_per_column)
        behind = max(first + 1, int((number + 1) * frames_per_column))
        part = samples[first:behind]
        if number * frames_per_column < len(samples):
            np.testing.assert_allclose(column, measured(part), rtol=1e-6)
        else:
            assert not column.any()


def test_columns_from_a_part_of_the_samples_are_those_from_all():
    samples = signals.noise(0.05)
    whole = sample_columns(samples, 1000.0, 3.7, 100)
    part = sample_columns(samples[980:1400], 1000.0, 3.7, 100, samples_from_frame=980)
    np.testing.assert_array_equal(part, whole)


@quickly.best_of_three
def test_1500_columns_of_an_hour_take_less_than_a_millisecond():
    level_0 = np.tile(peaks_of(signals.noise(10.0)).levels[0][:1722], (360, 1))
    peaks = Peaks.over(level_0, len(level_0) * BUCKET_FRAMES, RATE_HZ)
    for frames_per_column in (100.0, 256.0, 1_023.0, 4_095.0, 105_000.0):
        peaks.columns(1e6, frames_per_column, 1500)
        started_s = time.monotonic()
        for _ in range(10):
            peaks.columns(1e6, frames_per_column, 1500)
        quickly.assert_within(10 * 0.001, started_s)

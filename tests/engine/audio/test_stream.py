"""A track read forward at the mix's rate, from any frame, in pieces of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import signals
import soundfile
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepbass_engine.audio.decode import BLOCK_FRAMES, count_frames, probe
from deepbass_engine.audio.stream import TrackStream
from deepbass_engine.errors import Cancelled
from deepbass_engine.progress import CancelToken

N_FRAMES = BLOCK_FRAMES + 9_999  # over a block's border


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = signals.noise(N_FRAMES / 44_100)
    return signals.write(tmp_path_factory.mktemp("stream") / "a.wav", samples)


def stream(path: Path, rate_hz: int = 44_100, start: int = 0, grid: int | None = None):
    source = count_frames(probe(path))
    return TrackStream(source, rate_hz, start, cancel=CancelToken(), grid_bits=grid)


def file_samples(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="float32", always_2d=True)[0]


@pytest.mark.parametrize("start", [0, 1, BLOCK_FRAMES - 1, BLOCK_FRAMES, BLOCK_FRAMES + 1])
@pytest.mark.parametrize("grid", [None, 16, 24])
def test_reading_gives_the_files_own_samples_from_any_frame(wav, start, grid):
    got = stream(wav, start=start, grid=grid).read(5_000)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, file_samples(wav)[start : start + 5_000])


@given(pieces=st.lists(st.integers(0, 60_000), min_size=1, max_size=6))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_pieces_of_any_size_join_to_the_same_samples(wav, pieces):
    reader = stream(wav, start=777, grid=16)
    got = np.concatenate([reader.read(n) for n in pieces])
    total = sum(pieces)
    whole = np.concatenate([file_samples(wav)[777:], np.zeros((total, 2), np.float32)])[:total]
    np.testing.assert_array_equal(got, whole)
    assert reader.n_missing == max(0, total - (N_FRAMES - 777))


def test_blocks_of_a_16_bit_file_for_a_16_bit_mix_never_leave_their_grid(wav):
    reader = stream(wav, grid=16)
    got = np.concatenate([block.copy() for block in reader.blocks(N_FRAMES)])
    assert reader.on_grid
    assert got.dtype == np.int16
    np.testing.assert_array_equal(got, soundfile.read(wav, dtype="int16")[0])


@pytest.mark.parametrize(
    ("subtype", "grid", "on_grid"),
    [("PCM_16", 16, True), ("PCM_16", 24, True), ("PCM_24", 24, True), ("PCM_24", 16, False),
     ("PCM_16", None, False), ("FLOAT", 16, False), ("FLOAT", 24, False), ("PCM_32", 24, False),
     ("PCM_U8", 16, True)],
)  # fmt: skip
def test_samples_are_on_the_grid_if_their_width_fits(tmp_path, subtype, grid, on_grid):
    path = signals.write(tmp_path / "a.wav", signals.noise(0.1), subtype=subtype)
    reader = stream(path, grid=grid)
    assert reader.on_grid == on_grid
    np.testing.assert_array_equal(reader.read(1000), file_samples(path)[:1000])


def test_a_mono_file_comes_out_stereo_and_on_its_grid(tmp_path):
    path = signals.write(tmp_path / "a.wav", signals.noise(0.5, channels=1))
    reader = stream(path, grid=16)
    got = reader.read(1000)
    assert reader.on_grid
    np.testing.assert_array_equal(got, np.repeat(file_samples(path)[:1000], 2, axis=1))


@pytest.mark.parametrize("rate_hz", [48_000, 32_000])
@pytest.mark.parametrize("start", [0, 12_345, 150_000])
def test_another_rate_is_converted_as_one_stream_whatever_the_start(wav, rate_hz, start):
    reader = stream(wav, rate_hz, start, grid=16)
    assert not reader.on_grid
    whole = soxr.resample(file_samples(wav), 44_100, rate_hz, "VHQ")
    expected = whole[start : start + 3_000]
    got = reader.read(3_000)
    np.testing.assert_allclose(got[: len(expected)], expected, rtol=0, atol=2e-6)


def test_what_the_file_lacks_is_silence_and_counted(wav):
    reader = stream(wav, start=N_FRAMES - 10)
    got = reader.read(BLOCK_FRAMES * 2 + 10)
    np.testing.assert_array_equal(got[:10], file_samples(wav)[-10:])
    assert not got[10:].any()
    assert reader.n_missing == BLOCK_FRAMES * 2


def test_a_start_behind_the_end_gives_only_silence(wav):
    reader = stream(wav, start=N_FRAMES + 5_000)
    assert not reader.read(100).any()
    assert reader.n_missing == 100


def test_samples_that_are_no_numbers_are_counted(tmp_path):
    samples = signals.noise(0.1)
    samples[10, 0] = np.nan
    reader = stream(signals.write(tmp_path / "a.wav", samples, subtype="FLOAT"))
    got = reader.read(20)
    assert got[10, 0] == 0.0
    assert reader.n_not_finite == 1


def test_reading_stops_when_asked_to(wav):
    cancel = CancelToken()
    reader = TrackStream(count_frames(probe(wav)), 44_100, 0, cancel=cancel)
    reader.read(10)
    cancel.cancel()
    with pytest.raises(Cancelled):
        reader.read(BLOCK_FRAMES * 2)

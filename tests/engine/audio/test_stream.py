"""A track read forward at the mix's rate, from any frame, in pieces of any size."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import encoders
import numpy as np
import pytest
import signals
import soundfile
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepbass_engine.audio.decode import (
    BLOCK_FRAMES,
    Decoding,
    count_frames,
    probe,
    seeks_exactly,
)
from deepbass_engine.audio.stream import TrackStream
from deepbass_engine.errors import Cancelled, InputError
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


# Beginning by a seek ----------------------------------------------------------------------------

UNCOMPRESSED = [
    (suffix, subtype)
    for suffix in (".wav", ".aiff", ".rf64", ".w64")
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32")
    if (suffix, subtype) != (".aiff", "PCM_32")
]
STARTS = [1, 2, 4_095, 4_096, 4_097, 99_999, BLOCK_FRAMES, 3 * BLOCK_FRAMES - 7]


def whole_pass(source) -> np.ndarray:
    """What one sequential pass gives."""
    return np.concatenate([block.copy() for block in Decoding(source)])


def seeking(path: Path):
    """The source as it is once its whole length has been decoded."""
    source = replace(probe(path), is_intact=True)
    assert seeks_exactly(source)
    return source


@pytest.fixture
def begun_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Frames at which decoding begins, in order."""
    frames: list[int] = []
    begin = Decoding.__init__

    def noted(self: Decoding, source, dtype="float32", start_frame=0) -> None:
        frames.append(start_frame)
        begin(self, source, dtype, start_frame)

    monkeypatch.setattr(Decoding, "__init__", noted)
    return frames


def assert_seeks_give_the_whole_pass(source, begun_at) -> None:
    whole = whole_pass(source)
    begun_at.clear()
    for start in STARTS:
        for grid in (None, 16):
            reader = TrackStream(
                source, source.sample_rate_hz, start, cancel=CancelToken(), grid_bits=grid
            )
            got = reader.read(BLOCK_FRAMES + 5)
            expected = whole[start : start + BLOCK_FRAMES + 5]
            np.testing.assert_array_equal(got[: len(expected)], expected)
            assert reader.n_missing == len(got) - len(expected)
    assert begun_at == [start for start in STARTS for _ in range(2)]


@pytest.mark.parametrize(("suffix", "subtype"), UNCOMPRESSED)
def test_an_uncompressed_file_is_begun_by_a_seek_and_gives_the_same(
    tmp_path, suffix, subtype, begun_at
):
    samples = signals.noise(3 * BLOCK_FRAMES / 44_100)
    path = signals.write(tmp_path / f"a{suffix}", samples, subtype=subtype)
    assert_seeks_give_the_whole_pass(seeking(path), begun_at)


@pytest.mark.parametrize("options", [("-8",), ("-0",), ("-5", "-b", "1152"), ("--no-seektable",)])
def test_a_flac_is_begun_by_a_seek_and_gives_the_same(tmp_path, options, begun_at):
    samples = signals.music(3 * BLOCK_FRAMES / 44_100)
    wav = signals.write(tmp_path / "a.wav", samples)
    path = encoders.encode(wav, tmp_path / "a.flac", *options)
    assert_seeks_give_the_whole_pass(seeking(path), begun_at)


def test_a_24_bit_mono_flac_of_libsndfile_too(tmp_path, begun_at):
    samples = signals.noise(3 * BLOCK_FRAMES / 44_100, channels=1)
    path = signals.write(tmp_path / "a.flac", samples, subtype="PCM_24")
    source = seeking(path)
    mono = whole_pass(source)
    got = TrackStream(source, 44_100, 150_000, cancel=CancelToken()).read(9_000)
    np.testing.assert_array_equal(got, np.repeat(mono[150_000:159_000], 2, axis=1))
    assert begun_at == [0, 150_000]


def test_a_flac_that_was_never_decoded_whole_may_be_damaged_and_is_read_from_its_start(tmp_path):
    """Behind a damage a whole pass gives nothing, and a seek would give sound."""
    path = signals.write(tmp_path / "a.flac", signals.noise(5))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(3000)
    path.write_bytes(content)
    source = probe(path)
    n_decoded = len(whole_pass(source))
    assert n_decoded < 4 * 44_100
    reader = TrackStream(source, 44_100, 4 * 44_100, cancel=CancelToken())
    assert not reader.read(1000).any()
    assert reader.n_missing == 1000


@pytest.mark.parametrize(
    ("name", "subtype"), [("a.wav", "FLOAT"), ("a.wav", "ULAW"), ("a.ogg", "VORBIS")]
)
def test_all_else_is_decoded_from_its_first_frame(tmp_path, name, subtype, begun_at):
    path = signals.write(tmp_path / name, signals.noise(1), subtype=subtype)
    source = replace(probe(path), is_intact=True)
    assert not seeks_exactly(source)
    begun_at.clear()
    TrackStream(source, 44_100, 20_000, cancel=CancelToken()).read(10)
    assert begun_at == [0]


def test_at_another_rate_all_is_decoded_from_its_first_frame(wav, begun_at):
    TrackStream(probe(wav), 48_000, 20_000, cancel=CancelToken()).read(10)
    assert begun_at == [0]


# Passing over -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [44_100, 32_000])
@given(steps=st.lists(st.tuples(st.integers(0, 90_000), st.integers(0, 3_000)), max_size=4))
@settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))
def test_what_is_passed_over_is_as_if_it_had_been_read(wav, rate_hz, steps):
    total = sum(map(sum, steps))
    whole = stream(wav, rate_hz).read(total)
    reader = stream(wav, rate_hz)
    for skipped, n_read in steps:
        reader.skip(skipped)
        got = reader.read(n_read)
        np.testing.assert_array_equal(got, whole[reader.next_frame - n_read : reader.next_frame])
    assert reader.next_frame == total


def test_a_long_way_is_passed_over_by_a_seek(wav, begun_at):
    reader = stream(wav)
    reader.read(10)
    reader.skip(BLOCK_FRAMES + 1)
    np.testing.assert_array_equal(reader.read(100), file_samples(wav)[BLOCK_FRAMES + 11 :][:100])
    assert begun_at == [0, BLOCK_FRAMES + 11]


def test_a_start_is_approached_block_by_block(wav):
    reader = stream(wav, 32_000, start=99_000)
    n_steps = 1
    while reader.approach():
        n_steps += 1
    assert n_steps > 1
    assert not reader.approach()
    np.testing.assert_array_equal(reader.read(500), stream(wav, 32_000, start=99_000).read(500))


def test_a_start_behind_the_end_is_not_approached_for_ever(wav):
    reader = stream(wav, 32_000, start=10**7)
    while reader.approach():
        pass
    assert not reader.read(10).any()


# A file that is no longer what it was -----------------------------------------------------------


def test_a_file_that_changed_since_it_was_looked_at_is_refused(tmp_path):
    path = signals.write(tmp_path / "a.wav", signals.noise(0.2))
    source = probe(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(InputError, match="has changed since it was looked at") as refused:
        TrackStream(source, 44_100, 0, cancel=CancelToken())
    assert refused.value.path == path
    assert refused.value.hint == "start again, so that it is read anew"


def test_a_file_that_is_gone_is_refused(tmp_path):
    path = signals.write(tmp_path / "a.wav", signals.noise(0.2))
    source = probe(path)
    path.unlink()
    with pytest.raises(InputError, match="does not exist"):
        TrackStream(source, 44_100, 0, cancel=CancelToken())


def test_the_state_of_another_file_says_nothing(tmp_path):
    """A source remembered by its content, and found elsewhere."""
    path = signals.write(tmp_path / "a.wav", signals.noise(0.2))
    copy = signals.write(tmp_path / "b.wav", signals.noise(0.2))
    os.utime(copy, ns=(1, 1))
    source = replace(probe(path), path=copy)
    assert not source.is_known_state
    assert TrackStream(source, 44_100, 0, cancel=CancelToken()).read(10).any()

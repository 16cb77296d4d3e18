"""The files we write, read back by libsndfile, sox and ffprobe."""

from __future__ import annotations

import itertools
import json
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, Queue

import encoders
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quickly import assert_within, best_of_three

from deepbass_engine.audio.decode import count_frames, probe
from deepbass_engine.audio.quantize import quantize
from deepbass_engine.audio.write import (
    BYTES_PER_SAMPLE,
    RF64_FROM_BYTES,
    bytes_needed,
    check_format,
    open_writer,
    wav_header,
)
from deepbass_engine.errors import Cancelled, OutputError
from deepbass_engine.progress import CancelToken

SUBTYPES = list(BYTES_PER_SAMPLE)
RATE_HZ = 44_100


def on_grid(n_frames: int, subtype: str, seed: int = 0) -> np.ndarray:
    """Samples of a file, full range, drawn at random."""
    random = np.random.default_rng(seed)
    if subtype == "FLOAT":
        return random.uniform(-2, 2, (n_frames, 2)).astype(np.float32)
    bits = 8 * BYTES_PER_SAMPLE[subtype]
    values = random.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (n_frames, 2))
    return values.astype(np.int16 if bits == 16 else np.int32)


def write(path: Path, subtype: str, samples: np.ndarray, borders=(), **options) -> Path:
    path.touch()
    writer = open_writer(
        path, path.suffix, subtype, RATE_HZ, len(samples), cancel=CancelToken(), **options
    )
    edges = [0, *borders, len(samples)]
    for start, stop in itertools.pairwise(edges):
        writer.write(start, samples[start:stop])
    writer.close()
    return path


def read_back(path: Path, subtype: str) -> np.ndarray:
    """Samples as they went in."""
    kind = {"PCM_16": "int16", "PCM_24": "int32", "FLOAT": "float32"}[subtype]
    samples = soundfile.read(path, dtype=kind, always_2d=True)[0]
    return samples >> 8 if subtype == "PCM_24" else samples


@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize("n_frames", [0, 1, 2, 3, 5, 1000, 100_001])
def test_a_wav_holds_the_samples_it_was_given(tmp_path, subtype, n_frames):
    samples = on_grid(n_frames, subtype)
    path = write(tmp_path / "a.wav", subtype, samples)
    np.testing.assert_array_equal(read_back(path, subtype), samples)
    header = soundfile.info(path)
    assert (header.samplerate, header.channels, header.subtype) == (RATE_HZ, 2, subtype)
    assert (header.format, header.frames) == ("WAV", n_frames)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize("n_frames", [1, 5, 100_001])
def test_a_flac_holds_the_samples_it_was_given(tmp_path, subtype, n_frames):
    samples = on_grid(n_frames, subtype)
    path = write(tmp_path / "a.flac", subtype, samples, borders=[n_frames // 3])
    np.testing.assert_array_equal(read_back(path, subtype), samples)
    assert encoders.run("flac", "--silent", "--test", path) == ""


@given(
    subtype=st.sampled_from(SUBTYPES),
    cuts=st.lists(st.integers(0, 500), max_size=6),
    seed=st.integers(0, 100),
)
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_blocks_written_in_any_order_and_size_give_the_same_wav(tmp_path, subtype, cuts, seed):
    samples = on_grid(500, subtype)
    whole = write(tmp_path / "whole.wav", subtype, samples).read_bytes()
    edges = sorted({0, 500, *cuts})
    places = list(itertools.pairwise(edges))
    np.random.default_rng(seed).shuffle(places)
    path = tmp_path / "parts.wav"
    path.write_bytes(b"")
    writer = open_writer(path, ".wav", subtype, RATE_HZ, 500, cancel=CancelToken())
    for start, stop in places:
        writer.write(int(start), samples[start:stop])
    writer.close()
    assert path.read_bytes() == whole


def test_what_quantize_gives_is_what_the_file_holds(tmp_path):
    block = np.random.default_rng(1).uniform(-1.1, 1.1, (5001, 2)).astype(np.float32)
    for subtype in SUBTYPES:
        samples = quantize(block, subtype, 0).samples.copy()
        path = write(tmp_path / f"{subtype}.wav", subtype, samples, borders=[1, 2, 700])
        np.testing.assert_array_equal(read_back(path, subtype), samples)


# --- RIFF and RF64 -------------------------------------------------------------------------------

LIMIT = 1_000_000


@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize(("over", "container"), [(-1, "WAV"), (0, "RF64"), (1, "RF64")])
def test_a_file_becomes_rf64_where_its_size_reaches_the_limit(tmp_path, subtype, over, container):
    n_frames = 100_000
    size = len(wav_header(subtype, RATE_HZ, n_frames)) + n_frames * 2 * BYTES_PER_SAMPLE[subtype]
    samples = on_grid(n_frames, subtype)
    path = write(tmp_path / "a.wav", subtype, samples, rf64_from_bytes=size - over)
    assert soundfile.info(path).format == container
    assert path.read_bytes()[:4] == (b"RIFF" if container == "WAV" else b"RF64")
    np.testing.assert_array_equal(read_back(path, subtype), samples)


@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize("n_frames", [1_000, 300_001])
def test_sox_and_ffprobe_find_the_right_length_on_both_sides_of_the_limit(
    tmp_path, subtype, n_frames
):
    path = write(tmp_path / "a.wav", subtype, on_grid(n_frames, subtype), rf64_from_bytes=LIMIT)
    assert (path.stat().st_size >= LIMIT) == (path.read_bytes()[:4] == b"RF64")
    shown = encoders.run("ffprobe", "-v", "error", "-of", "json", "-show_streams", path)
    stream = json.loads(shown)["streams"][0]
    codec = {"PCM_16": "pcm_s16le", "PCM_24": "pcm_s24le", "FLOAT": "pcm_f32le"}[subtype]
    assert stream["codec_name"] == codec
    assert (int(stream["sample_rate"]), stream["channels"]) == (RATE_HZ, 2)
    assert stream["duration_ts"] == n_frames
    decoded = tmp_path / "decoded.raw"
    encoders.run("ffmpeg", "-v", "error", "-i", path, "-f", "f32le", decoded)
    assert decoded.stat().st_size == n_frames * 8
    if path.read_bytes()[:4] == b"RIFF":  # sox reads no RF64
        assert encoders.run("sox", "--info", "-s", path).strip() == str(n_frames)
        assert encoders.run("sox", "--info", "-r", path).strip() == str(RATE_HZ)


@pytest.mark.parametrize("subtype", SUBTYPES)
def test_our_own_reader_finds_nothing_missing_in_an_rf64(tmp_path, subtype):
    path = write(tmp_path / "a.wav", subtype, on_grid(300_000, subtype), rf64_from_bytes=LIMIT)
    source = count_frames(probe(path))
    assert (source.container, source.frames, source.missing_frames) == ("RF64", 300_000, 0)


@pytest.mark.parametrize("subtype", SUBTYPES)
def test_the_32_bit_sizes_never_overflow_at_the_real_limit(subtype):
    frame_bytes = 2 * BYTES_PER_SAMPLE[subtype]
    around = RF64_FROM_BYTES // frame_bytes
    kinds = []
    for n_frames in range(around - 20, around + 5):
        header = wav_header(subtype, RATE_HZ, n_frames)
        file_bytes = len(header) + n_frames * frame_bytes
        if header[:4] == b"RIFF":
            assert struct.unpack_from("<I", header, 4)[0] == file_bytes - 8
            assert struct.unpack_from("<I", header, len(header) - 4)[0] == n_frames * frame_bytes
        else:
            assert struct.unpack_from("<I", header, 4)[0] == 0xFFFF_FFFF
            assert header[12:16] == b"ds64"
            sizes = struct.unpack_from("<QQQ", header, 20)
            assert sizes == (file_bytes - 8, n_frames * frame_bytes, n_frames)
            assert file_bytes >= RF64_FROM_BYTES
        kinds.append(header[:4])
    assert set(kinds) == {b"RIFF", b"RF64"}
    assert kinds == sorted(kinds, reverse=True)  # and it changes once


@pytest.mark.parametrize("subtype", SUBTYPES)
def test_samples_begin_on_an_even_byte_and_are_counted_in_whole_chunks(subtype):
    for limit in (RF64_FROM_BYTES, 0):
        header = wav_header(subtype, 48_000, 77, limit)
        position = 12
        names = []
        while position < len(header) - 8:
            name, size = struct.unpack_from("<4sI", header, position)
            names.append(name)
            position += 8 + size
        assert header[position : position + 4] == b"data"
        assert position + 8 == len(header)
        assert len(header) % 2 == 0
        assert (b"ds64" in names) == (limit == 0)


def test_room_is_asked_for_what_a_wav_takes(tmp_path):
    path = write(tmp_path / "a.wav", "PCM_24", on_grid(5_000, "PCM_24"))
    assert path.stat().st_size - bytes_needed(".wav", "PCM_24", 5_000) == len(
        wav_header("PCM_24", RATE_HZ, 5_000)
    )
    assert bytes_needed(".flac", "PCM_16", 3_000) == 8_000


# --- FLAC in turn --------------------------------------------------------------------------------


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize("n_threads", [2, 5])
def test_flac_blocks_from_threads_out_of_order_give_the_same_file(tmp_path, subtype, n_threads):
    n_frames, block = 60_000, 1_000
    samples = on_grid(n_frames, subtype)
    borders = range(block, n_frames, block)
    alone = write(tmp_path / "alone.flac", subtype, samples, borders=borders).read_bytes()

    path = tmp_path / "together.flac"
    path.touch()
    writer = open_writer(path, ".flac", subtype, RATE_HZ, n_frames, cancel=CancelToken())
    together = threading.Barrier(n_threads)

    def work(own: int) -> None:
        together.wait(10)
        # the last thread has the first block: all others come early
        for start in range((n_threads - 1 - own) * block, n_frames, n_threads * block):
            writer.write(start, samples[start : start + block])

    with ThreadPoolExecutor(n_threads) as pool:
        for done in [pool.submit(work, own) for own in range(n_threads)]:
            done.result(20)
    writer.close()
    assert path.read_bytes() == alone


@best_of_three
def test_cancelling_wakes_a_thread_that_waits_for_its_turn(tmp_path):
    cancel = CancelToken()
    path = tmp_path / "a.flac"
    path.touch()
    writer = open_writer(path, ".flac", "PCM_16", RATE_HZ, 2_000, cancel=cancel)
    ended: Queue[BaseException | None] = Queue()

    def come_early() -> None:
        try:
            ended.put(writer.write(1_000, on_grid(1_000, "PCM_16")))
        except Cancelled as stopped:
            ended.put(stopped)

    threading.Thread(target=come_early, daemon=True).start()
    with pytest.raises(Empty):
        ended.get(timeout=0.15)  # it waits: nobody has written the first block
    asked_at = time.monotonic()
    cancel.cancel()
    assert isinstance(ended.get(timeout=5), Cancelled)
    assert_within(0.5, asked_at)
    writer.close()


# --- names and formats ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mix.wav", "mix.WAV", "mix.flac", "a.b.FLAC"])
def test_wav_and_flac_are_known_by_their_extensions(name):
    check_format(Path(name), "PCM_24")


@pytest.mark.parametrize(("name", "said"), [("mix.mp3", ".mp3"), ("mix", "without extension")])
def test_other_extensions_are_refused_by_name(name, said):
    with pytest.raises(OutputError, match=said) as refused:
        check_format(Path(name), "PCM_24")
    assert refused.value.hint == "name it .wav or .flac"


def test_a_flac_of_floats_is_refused():
    with pytest.raises(OutputError, match="FLAC stores integers"):
        check_format(Path("mix.flac"), "FLOAT")
    check_format(Path("mix.wav"), "FLOAT")


@pytest.mark.slow
def test_over_4_gib_written_for_real_is_read_by_ffprobe_and_libsndfile(tmp_path):
    n_frames = 2**32 // 8 + 1_000  # FLOAT: 8 bytes a frame; sparse but for its ends
    path = tmp_path / "huge.wav"
    path.touch()
    writer = open_writer(path, ".wav", "FLOAT", RATE_HZ, n_frames, cancel=CancelToken())
    ends = on_grid(1_000, "FLOAT")
    writer.write(0, ends)
    writer.write(n_frames - 1_000, ends)
    writer.close()
    shown = encoders.run("ffprobe", "-v", "error", "-of", "json", "-show_streams", path)
    assert json.loads(shown)["streams"][0]["duration_ts"] == n_frames
    with soundfile.SoundFile(path) as file:
        assert (file.format, file.frames) == ("RF64", n_frames)
        np.testing.assert_array_equal(file.read(1_000, dtype="float32"), ends)
        file.seek(n_frames - 1_000)
        np.testing.assert_array_equal(file.read(dtype="float32"), ends)

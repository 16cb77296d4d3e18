"""Walking over the frames of an MP3, held against ffprobe's count of packets."""

from __future__ import annotations

import struct

import encoders
import pytest
import signals

from deepbass_engine.audio.mpeg import scan

KINDS = {
    "128 kb/s": ("-b", "128"),
    "320 kb/s": ("-b", "320"),
    "variable": ("-V4",),
    "average": ("--abr", "150"),
    "mono": ("-m", "m"),
    "MPEG-2": ("--resample", "22.05"),
    "MPEG-2.5": ("--resample", "8", "-b", "64"),
    "with checksums": ("-p",),
    "48 kHz": ("--resample", "48"),
    "32 kHz": ("--resample", "32"),
}


@pytest.fixture(scope="module")
def wav(tmp_path_factory):
    return signals.write(tmp_path_factory.mktemp("mpeg") / "a.wav", signals.music(2.0))


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS.keys())
def test_the_count_is_ffprobes_and_the_headers(wav, tmp_path, options):
    path = encoders.encode(wav, tmp_path / "a.mp3", *options)
    counted = encoders.run("ffprobe", "-v", "error", "-count_packets", "-show_entries",
                           "stream=nb_read_packets", "-of", "csv=p=0", path)  # fmt: skip
    found = scan(path)
    assert found is not None
    assert found.n_frames == int(counted.strip().strip(","))
    assert found.confirmed


@pytest.mark.parametrize("options", [("-b", "128"), ("-V4",), ("--resample", "22.05", "-b", "64")])
def test_delay_and_padding_leave_the_length_of_the_music(wav, tmp_path, options):
    found = scan(encoders.encode(wav, tmp_path / "a.mp3", *options))
    assert found is not None
    assert found.music_frames == (88_200 if "--resample" not in options else 44_100)


def test_without_a_header_nothing_is_claimed(wav, tmp_path):
    found = scan(encoders.encode(wav, tmp_path / "a.mp3", "-t"))
    assert found is not None
    assert (found.info, found.confirmed, found.ends_early) == (None, False, False)
    assert found.music_frames is None


def test_a_truncated_file_ends_early_at_its_last_whole_frame(wav, tmp_path):
    path = encoders.encode(wav, tmp_path / "a.mp3", "-b", "128")
    whole = scan(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    cut = scan(path)
    assert whole is not None
    assert cut is not None
    assert cut.ends_early
    assert not cut.confirmed
    frame_bytes = 144 * 128_000 / 44_100
    assert cut.n_frames == int(len(content) // 2 / frame_bytes) - 1  # one is the header


def test_two_joined_files_are_counted_together_and_not_confirmed(wav, tmp_path):
    path = encoders.encode(wav, tmp_path / "a.mp3", "-V4")
    one = scan(path)
    path.write_bytes(2 * path.read_bytes())
    two = scan(path)
    assert one is not None
    assert two is not None
    # the second file's header counts as a frame: a decoder plays it as one
    assert two.n_frames == 2 * one.n_frames + 1
    assert not two.confirmed


@pytest.mark.parametrize("claim", [0, 1, 50, 2**32 - 1])
def test_a_wrong_count_is_not_confirmed(wav, tmp_path, claim):
    path = encoders.encode(wav, tmp_path / "a.mp3", "-V4")
    content = bytearray(path.read_bytes())
    place = content.index(b"Xing") + 8
    content[place : place + 4] = struct.pack(">I", claim)
    path.write_bytes(content)
    found = scan(path)
    assert found is not None
    assert not found.confirmed


@pytest.mark.parametrize("n_tags", [1, 2])
@pytest.mark.parametrize("size", [0, 10, 127, 128, 300_000])
def test_id3_tags_at_the_start_are_stepped_over(wav, tmp_path, n_tags, size):
    path = encoders.encode(wav, tmp_path / "a.mp3", "-V4")
    content = path.read_bytes()
    length = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    # with frame headers inside the tag, as in a picture of noise
    tag = b"ID3\x03\x00\x00" + length + (b"\xff\xfb\x90\x64" * size)[:size]
    tagged = tmp_path / "tagged.mp3"
    tagged.write_bytes(n_tags * tag + content)
    assert scan(tagged) == scan(path)


@pytest.mark.parametrize(
    "content",
    [b"\xff", b"\xff\xfb\x90", b"ID3", b"ID3\x03\0\0\x7f\x7f\x7f\x7f", b"\xff" * 5000, bytes(5000),
     b"RIFF" + bytes(4000), b"text " * 1000, b"\xff\xfb\x90\x64"],
)  # fmt: skip
def test_what_is_no_mp3_is_none(tmp_path, content):
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    assert scan(path) is None


def test_one_frame_by_chance_makes_no_mp3(wav, tmp_path):
    path = encoders.encode(wav, tmp_path / "a.mp3", "-t", "-b", "128")
    path.write_bytes(path.read_bytes()[:500])
    assert scan(path) is None

"""Clips come back as they were written; whatever is damaged or another's is noticed and named."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from deepbass_engine.errors import InputError
from deepbass_engine.training.tfrecords import ClipFile, encode_example, record

SAMPLES = st.floats(-1, 1, width=32)
CLIPS = st.integers(1, 40).flatmap(
    lambda n: st.lists(arrays.arrays(np.float32, n, elements=SAMPLES), min_size=1, max_size=4)
)


def written(path: Path, clips: list[np.ndarray], note: str = "a note") -> Path:
    path.write_bytes(b"".join(record(encode_example(clip, note)) for clip in clips))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@settings(deadline=None)
@given(clips=CLIPS, note=st.text(max_size=300))
def test_what_is_written_is_read(folder: Path, clips: list[np.ndarray], note: str) -> None:
    file = ClipFile(written(folder / "a.tfrecord", clips, note))
    file.check()
    assert len(file) == len(clips)
    for i, clip in enumerate(clips):
        np.testing.assert_array_equal(file.clip(i), clip)
        assert file.clip(i).dtype == np.float32


@settings(deadline=None)
@given(data=st.data())
def test_any_byte_that_is_changed_is_noticed(folder: Path, data: st.DataObject) -> None:
    clips = [np.linspace(-1, 1, 30, dtype=np.float32)] * 2
    content = bytearray(written(folder / "b.tfrecord", clips).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    (folder / "b.tfrecord").write_bytes(content)
    with pytest.raises(InputError) as caught:
        ClipFile(folder / "b.tfrecord").check()
    assert caught.value.path == folder / "b.tfrecord"


@pytest.mark.parametrize("cut", [1, 4, 20, 130])
def test_a_file_that_is_cut_short_is_refused_when_it_is_opened(folder: Path, cut: int) -> None:
    path = written(folder / "c.tfrecord", [np.zeros(30, np.float32)] * 2)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(InputError, match="record 1 is cut short"):
        ClipFile(path)


def test_damage_is_told_apart_from_another_schema(folder: Path) -> None:
    path = written(folder / "k.tfrecord", [np.zeros(30, np.float32)])
    content = bytearray(path.read_bytes())
    content[12] ^= 1  # the first byte of the example itself
    path.write_bytes(content)
    with pytest.raises(InputError, match="record 0 is damaged"):
        ClipFile(path).check()


def test_an_empty_file_has_no_clips(folder: Path) -> None:
    path = written(folder / "d.tfrecord", [])
    ClipFile(path).check()
    assert len(ClipFile(path)) == 0


def test_a_missing_file_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        ClipFile(folder / "missing.tfrecord")


def test_a_file_of_another_kind_is_refused(folder: Path) -> None:
    path = folder / "e.tfrecord"
    path.write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(InputError, match="no TFRecord file"):
        ClipFile(path)


def length_delimited(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer, of under 128 bytes."""
    return bytes((number << 3 | 2, len(content))) + content


def example(name: bytes, feature: bytes) -> bytes:
    """An example with one feature."""
    entry = length_delimited(1, name) + length_delimited(2, feature)
    return length_delimited(1, length_delimited(1, entry))


def test_numbers_that_are_not_packed_are_read_too(folder: Path) -> None:
    floats = b"".join(b"\x0d" + struct.pack("<f", x) for x in (0.5, -0.25))
    path = folder / "f.tfrecord"
    path.write_bytes(record(example(b"audio", length_delimited(2, floats))))
    assert ClipFile(path).clip(0).tolist() == [0.5, -0.25]


def test_numbers_in_several_pieces_are_one_list(folder: Path) -> None:
    pieces = (length_delimited(1, struct.pack("<2f", 0.5, -0.25)), b"\x0d" + struct.pack("<f", 1))
    path = folder / "i.tfrecord"
    path.write_bytes(record(example(b"audio", length_delimited(2, b"".join(pieces)))))
    assert ClipFile(path).clip(0).tolist() == [0.5, -0.25, 1]


@settings(deadline=None)
@given(data=st.binary(max_size=60), name=st.sampled_from([b"audio", b"wav"]))
def test_whatever_a_record_holds_is_clips_or_refused_in_words(
    folder: Path, data: bytes, name: bytes
) -> None:
    path = folder / "j.tfrecord"
    for content in (data, example(name, data), example(name, length_delimited(2, data))):
        path.write_bytes(record(content))
        try:
            clip = ClipFile(path).clip(0)
        except InputError as error:
            assert error.what.startswith("record 0 is no clip of NSynth's schema: ")  # noqa: PT017
        else:
            assert clip.dtype == np.float32


@pytest.mark.parametrize(
    "data",
    [
        example(b"wav", length_delimited(2, length_delimited(1, struct.pack("<f", 0.5)))),
        example(b"audio", length_delimited(3, length_delimited(1, b"\x01\x02"))),
        example(b"audio", length_delimited(2, length_delimited(1, b"\x01\x02"))),
        example(b"audio", length_delimited(2, length_delimited(1, b""))),
        b"\xff\xff\xff",
        b"plain text",
        b"",
    ],
    ids=[
        "another feature",
        "integers",
        "half a number",
        "no numbers",
        "an endless number",
        "text",
        "nothing",
    ],
)
def test_another_schema_is_refused_by_the_name_of_its_record(folder: Path, data: bytes) -> None:
    good = encode_example(np.zeros(3, np.float32), "good")
    path = folder / "g.tfrecord"
    path.write_bytes(record(good) + record(data))
    with pytest.raises(InputError, match="record 1 ") as caught:
        ClipFile(path).check()
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (np.array([0, np.nan, 0], np.float32), "NaN"),
        (np.array([0, np.inf, 0], np.float32), "NaN or infinity"),
        (np.array([0, 1.5, 0], np.float32), "beyond full scale"),
        (np.zeros(4, np.float32), "has 4 samples where the first has 3"),
    ],
)
def test_a_clip_that_is_none_is_named(folder: Path, bad: np.ndarray, what: str) -> None:
    path = written(folder / "h.tfrecord", [np.zeros(3, np.float32), bad])
    with pytest.raises(InputError, match=f"record 1 .*{what}"):
        ClipFile(path).check()

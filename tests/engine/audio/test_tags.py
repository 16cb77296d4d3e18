"""Title, artist, album and cover out of every format that carries them."""

from __future__ import annotations

import base64
from pathlib import Path

import encoders
import mutagen
import pytest
import signals
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TALB, TIT2, TPE1
from mutagen.mp4 import MP4, MP4Cover

from deepbass_engine.audio.tags import Tags, read_cover, read_tags

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
FORMATS = ["a.mp3", "a.flac", "a.ogg", "a.opus", "a.m4a"]


@pytest.fixture
def file(tmp_path, request):
    wav = signals.write(tmp_path / "a.wav", signals.music(0.5))
    if request.param in ("a.wav", "a.aiff"):
        return signals.write(tmp_path / request.param, signals.music(0.5))
    return encoders.encode(wav, tmp_path / request.param)


def picture() -> Picture:
    found = Picture()
    found.data, found.type, found.mime = PNG, 3, "image/png"
    return found


def add_cover(path: Path) -> None:
    if path.suffix == ".mp3":
        tags = ID3()
        tags.add(APIC(encoding=3, mime="image/png", type=3, desc="", data=PNG))
        tags.save(path)
    elif path.suffix == ".m4a":
        opened = MP4(path)
        opened["covr"] = [MP4Cover(PNG, MP4Cover.FORMAT_PNG)]
        opened.save()
    elif path.suffix == ".flac":
        opened = FLAC(path)
        opened.add_picture(picture())
        opened.save()
    else:
        opened = mutagen.File(path)
        opened["metadata_block_picture"] = [base64.b64encode(picture().write()).decode()]
        opened.save()


@pytest.mark.parametrize("file", FORMATS, indirect=True)
def test_text_tags_are_read(file):
    opened = mutagen.File(file, easy=True)
    if opened.tags is None:
        opened.add_tags()
    opened["title"], opened["artist"], opened["album"] = "Für Elise 🎹", "Ludwig", "Bagatelles"
    opened.save()
    assert read_tags(file) == Tags("Für Elise 🎹", "Ludwig", "Bagatelles")


@pytest.mark.parametrize("file", ["a.wav", "a.aiff"], indirect=True)
def test_id3_tags_inside_wav_and_aiff_are_read(file):
    opened = mutagen.File(file)
    opened.add_tags()
    for frame in (TIT2, TPE1, TALB):
        opened.tags.add(frame(encoding=3, text=frame.__name__))
    opened.save()
    assert read_tags(file) == Tags("TIT2", "TPE1", "TALB")


@pytest.mark.parametrize("file", ["a.wma"], indirect=True)
def test_tags_of_a_wma_are_read(file):
    opened = mutagen.File(file)
    opened["Title"], opened["Author"], opened["WM/AlbumTitle"] = "one", "two", "three"
    opened.save()
    assert read_tags(file) == Tags("one", "two", "three")


@pytest.mark.parametrize("file", FORMATS, indirect=True)
def test_the_cover_is_given_as_its_own_bytes(file):
    add_cover(file)
    assert read_cover(file) == PNG


@pytest.mark.parametrize("file", ["a.wav", "a.aiff", "a.wma", *FORMATS], indirect=True)
def test_a_file_without_tags_has_empty_ones_and_no_cover(file):
    opened = mutagen.File(file)
    if opened.tags is not None:
        opened.delete()
    assert read_tags(file) == Tags()
    assert read_cover(file) is None


@pytest.mark.parametrize("file", ["a.flac"], indirect=True)
def test_a_tag_of_several_lines_becomes_one_line(file):
    opened = FLAC(file)
    opened["title"] = "  one\ntwo\t three\r\n"
    opened.save()
    assert read_tags(file).title == "one two three"


@pytest.mark.parametrize("file", ["a.ogg"], indirect=True)
@pytest.mark.parametrize("text", ["", "!!!", base64.b64encode(b"too short").decode()])
def test_a_damaged_cover_is_no_cover(file, text):
    opened = mutagen.File(file)
    opened["metadata_block_picture"] = [text]
    opened.save()
    assert read_cover(file) is None


@pytest.mark.parametrize("content", [b"", b"text " * 100, b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + bytes(9),
                                     b"fLaC\xff\xff\xff\xff", b"OggS" + bytes(50)])  # fmt: skip
@pytest.mark.parametrize("extension", [".mp3", ".flac", ".ogg", ".m4a", ".xyz"])
def test_a_file_that_is_no_audio_has_empty_tags(tmp_path, content, extension):
    path = tmp_path / ("a" + extension)
    path.write_bytes(content)
    assert read_tags(path) == Tags()
    assert read_cover(path) is None


def test_a_missing_file_has_empty_tags(tmp_path):
    assert read_tags(tmp_path / "nowhere.mp3") == Tags()
    assert read_cover(tmp_path / "nowhere.mp3") is None

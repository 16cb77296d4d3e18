"""The analysis cache: it knows content, not names, and never stands in the way."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from deepbass_engine.analysis import cache
from deepbass_engine.audio.content_hash import content_hash


class Found(msgspec.Struct):
    number: int
    where: Path = Path()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(b"some music")
    return path


@pytest.fixture
def reads(monkeypatch):
    """Every path whose content is read to be hashed."""
    seen: list[Path] = []

    def counting(path: Path, **keywords: object) -> str:
        seen.append(path)
        return content_hash(path, **keywords)

    monkeypatch.setattr(cache, "content_hash", counting)
    return seen


def test_the_folder_can_be_moved(cache_folder):
    assert cache.folder() == cache_folder


def test_without_a_choice_the_folder_is_the_users(monkeypatch):
    monkeypatch.delenv("DEEPBASS_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert cache.folder() == Path("/somewhere/cache/deepbass")
    else:
        assert "deepbass" in str(cache.folder())


def test_what_is_stored_comes_back(cache_folder):
    cache.store(Found(7), "abc", "loudness")
    assert cache.load(Found, "abc", "loudness") == Found(7)


def test_other_content_and_other_names_are_not_known(cache_folder):
    cache.store(Found(7), "abc", "loudness")
    assert cache.load(Found, "abd", "loudness") is None
    assert cache.load(Found, "abc", "rms") is None


def test_paths_are_not_stored(cache_folder):
    cache.store(Found(7, Path("/private/music/song.wav")), "abc", "loudness")
    stored = b"".join(p.read_bytes() for p in cache_folder.rglob("*.json"))
    assert b"private" not in stored
    assert cache.load(Found, "abc", "loudness") == Found(7, Path())


def test_an_unchanged_file_is_hashed_once(file, reads):
    assert cache.hash_of(file) == cache.hash_of(file) == content_hash(file)
    assert reads == [file]


def test_a_file_that_grew_is_hashed_again(file, reads):
    before = cache.hash_of(file)
    file.write_bytes(b"some music and more")
    assert cache.hash_of(file) == content_hash(file) != before
    assert len(reads) == 2


def test_a_file_of_the_same_size_but_another_time_is_hashed_again(file, reads):
    before = cache.hash_of(file)
    file.write_bytes(b"SOME MUSIC")
    status = file.stat()
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert cache.hash_of(file) == content_hash(file) != before
    assert len(reads) == 2


def test_a_renamed_file_has_the_hash_it_had(file, tmp_path):
    before = cache.hash_of(file)
    moved = file.rename(tmp_path / "another name.wav")
    assert cache.hash_of(moved) == before


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        cache.hash_of(tmp_path / "nowhere.wav")


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe\x00", b"[]", b'{"number": "seven"}', b'{"other": 1}',
               b'"text"', b"null"],
)  # fmt: skip
def test_a_damaged_entry_counts_as_none_and_is_replaced(cache_folder, file, damage, reads):
    cache.store(Found(7), "abc", "loudness")
    cache.hash_of(file)
    for entry in cache_folder.rglob("*.json"):
        entry.write_bytes(damage)
    assert cache.load(Found, "abc", "loudness") is None
    assert cache.hash_of(file) == content_hash(file)
    cache.store(Found(8), "abc", "loudness")
    assert cache.load(Found, "abc", "loudness") == Found(8)
    assert cache.hash_of(file) == content_hash(file)
    assert len(reads) == 2  # the damaged entry was read for, then mended


def test_a_cache_that_cant_be_written_costs_nothing_but_time(monkeypatch, tmp_path, file):
    blocked = tmp_path / "a file, no folder"
    blocked.write_text("in the way")
    monkeypatch.setenv("DEEPBASS_CACHE_DIR", str(blocked / "cache"))
    assert cache.hash_of(file) == content_hash(file)
    cache.store(Found(7), "abc", "loudness")
    assert cache.load(Found, "abc", "loudness") is None
    assert blocked.read_text() == "in the way"


def test_nothing_half_written_is_left(cache_folder, file):
    cache.store(Found(7), "abc", "loudness")
    cache.hash_of(file)
    assert [p.suffix for p in cache_folder.rglob("*") if p.is_file()] == [".json", ".json"]


class Other(msgspec.Struct):
    number: int


class Array(msgspec.Struct):
    length: int
    values: bytes


def test_what_holds_bytes_comes_back_from_one_file(cache_folder):
    cache.store_binary(Array(3, b"\x00\xff\n"), "abc", "peaks")
    assert cache.load_binary(Array, "abc", "peaks") == Array(3, b"\x00\xff\n")
    assert cache.load_binary(Array, "abd", "peaks") is None
    assert [p.name for p in cache_folder.rglob("*") if p.is_file()] == ["abc-peaks.bin"]


def test_a_change_anywhere_in_what_holds_bytes_is_noticed(cache_folder):
    cache.store_binary(Array(3, b"some values"), "abc", "peaks")
    [entry] = cache_folder.rglob("*.bin")
    intact = entry.read_bytes()
    for position in range(len(intact)):
        changed = bytearray(intact)
        changed[position] ^= 0x10
        entry.write_bytes(changed)
        assert cache.load_binary(Array, "abc", "peaks") is None
        entry.write_bytes(intact[:position])
        assert cache.load_binary(Array, "abc", "peaks") is None
    entry.write_bytes(intact)
    assert cache.load_binary(Array, "abc", "peaks") == Array(3, b"some values")


def test_what_holds_other_fields_counts_as_none(cache_folder):
    cache.store_binary(Other(7), "abc", "peaks")
    assert cache.load_binary(Array, "abc", "peaks") is None

"""A file's name by its content."""

from __future__ import annotations

import hashlib

import pytest

from deepbass_engine.audio.content_hash import content_hash
from deepbass_engine.errors import Cancelled
from deepbass_engine.progress import CancelToken


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 3_000_000])
def test_the_hash_is_sha256_of_all_bytes(tmp_path, size):
    content = bytes(range(251)) * (size // 251 + 1)
    path = tmp_path / "a.wav"
    path.write_bytes(content[:size])
    assert content_hash(path) == hashlib.sha256(content[:size]).hexdigest()[:32]


def test_one_changed_byte_at_the_end_changes_the_hash(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(2_000_000))
    before = content_hash(path)
    path.write_bytes(bytes(1_999_999) + b"\x01")
    assert content_hash(path) != before


def test_the_name_of_the_file_is_no_part_of_it(tmp_path):
    for name in ("a.wav", "b.mp3"):
        (tmp_path / name).write_bytes(b"the same")
    assert content_hash(tmp_path / "a.wav") == content_hash(tmp_path / "b.mp3")


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        content_hash(tmp_path / "nowhere")


def test_hashing_a_large_file_can_be_cancelled(tmp_path):
    file = tmp_path / "large.wav"
    file.write_bytes(bytes(3 << 20))
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        content_hash(file, cancel=cancel)

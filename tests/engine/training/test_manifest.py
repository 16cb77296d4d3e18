"""A manifest comes back as it was written; a folder without one, or with another's, is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deepbass_engine.errors import InputError, OutputError
from deepbass_engine.training import manifest
from deepbass_engine.training.manifest import LeftOut, Manifest, Shard, Song
from deepbass_engine.training.settings import PrepareSettings

MADE = Manifest(
    settings=PrepareSettings(seconds=2.5, crop="all"),
    songs=(Song(path="/a/ü.wav", content_hash="0f", split="train", duration_s=9.5, n_clips=3),),
    shards=(Shard(name="a.tfrecord", split="train", n_clips=3, n_bytes=99, sha256="ab"),),
    left_out=(LeftOut(path="/a/b.wav", what="is silent throughout"),),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    manifest.write(tmp_path, MADE)
    assert manifest.read(tmp_path) == MADE


def test_it_names_its_schema(tmp_path: Path) -> None:
    manifest.write(tmp_path, MADE)
    document = json.loads((tmp_path / "manifest.json").read_text())
    assert document["schema"] == "deepbass.training-data/1"


def test_a_folder_without_one_is_said_to_be_unfinished(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it has no manifest\.json") as caught:
        manifest.read(tmp_path)
    assert caught.value.path == tmp_path
    assert "run that again to its end" in caught.value.hint


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is no folder of prepared clips"):
        manifest.read(tmp_path / "file")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[]",
        b"{}",
        b'{"schema": "deepbass.training-data/1"}',
        b'{"schema": "\xe9"}',
    ],
    ids=["empty", "text", "a list", "nothing in it", "only its schema", "no Unicode"],
)
def test_what_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(InputError, match="is no manifest of prepared clips") as caught:
        manifest.read(tmp_path)
    assert caught.value.path == tmp_path / "manifest.json"


def test_another_version_is_told_apart_from_damage(tmp_path: Path) -> None:
    newer = {"schema": "deepbass.training-data/2", "settings": {"later": 1}, "files": []}
    (tmp_path / "manifest.json").write_text(json.dumps(newer))
    with pytest.raises(InputError, match=r"has the schema 'deepbass\.training-data/2'"):
        manifest.read(tmp_path)


def test_a_folder_that_is_gone_is_told_when_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't be written"):
        manifest.write(tmp_path / "gone", MADE)

"""`deepbass model`: its words, its documents and its exit codes."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from checkpoint_writer import TINY, pack, part, tiny_weights, write_checkpoint
from commands import called, command, deepbass, environment

from deepbass_engine.nsynth import models

SHAPE = "2 layers of width 8, 4 numbers every 512 samples"


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_bundled: None) -> Path:
    """A data folder for this test alone, and no models beside it; programs inherit the folder."""
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    prefix = write_checkpoint(tmp_path / "model.ckpt-9", tiny_weights())
    ends = ("index", "data-00000-of-00001")
    return pack(tmp_path / "wavenet-ckpt.tar", *(part(prefix, end) for end in ends))


def test_an_archive_is_imported_and_told(archive: Path, data_folder: Path) -> None:
    outcome = called("model", "import", archive, "--name", "h8", "--dilation-cycle", "3")
    assert outcome.code == 0
    facts = models.facts("h8")
    assert facts.config.dilation_cycle == 3
    assert outcome.out.splitlines() == [
        "Imported: h8",
        f"    {SHAPE}, {TINY.n_parameters:,} parameters",
        "    encoder of 1 layers of width 8",
        f"    from {archive}: wavenet-ckpt/model.ckpt-9",
        "    trained for 9 steps",
        f"    written {facts.source.written_at[:19]} UTC, content {facts.source.content_hash}",
        f"    in {data_folder}/models/h8.safetensors, {facts.n_bytes:,} bytes",
    ]


def test_where_the_steps_of_a_training_are_not_known_nothing_is_said_of_them(
    tmp_path: Path,
) -> None:
    prefix = write_checkpoint(tmp_path / "m", tiny_weights())
    assert "trained for" not in called("model", "import", prefix, "--name", "m").out


def test_what_was_chosen_among_several_is_told(tmp_path: Path) -> None:
    for step in (1, 2):
        write_checkpoint(tmp_path / f"model.ckpt-{step}", tiny_weights(step))
    outcome = called("model", "import", tmp_path, "--name", "m")
    assert (
        "    of 2 checkpoints model.ckpt-2 was taken: it is of the highest step"
        in outcome.out.splitlines()
    )


@pytest.mark.parametrize(
    ("flag", "value", "what"),
    [("--hop", "0", "hop is 0"), ("--encoder-dilation-cycle", "-1", "encoder_dilation_cycle is")],
)
def test_a_flag_out_of_range_is_told(archive: Path, flag: str, value: str, what: str) -> None:
    outcome = called("model", "import", archive, "--name", "m", flag, value)
    assert (outcome.code, models.names()) == (2, [])
    assert what in outcome.err


def test_the_list_marks_the_one_that_is_used(archive: Path) -> None:
    for name in ("b", "second", "a"):
        called("model", "import", archive, "--name", name)
    called("model", "import", archive, "--name", "b", "--overwrite")
    outcome = called("model", "list")
    assert outcome.code == 0
    shape = f"{SHAPE}, {TINY.n_parameters:,} parameters"
    assert outcome.out.splitlines() == [
        f"  a       {shape}",
        f"* b       {shape}",
        f"  second  {shape}",
    ]


def test_an_empty_list_says_what_to_do() -> None:
    outcome = called("model", "list")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "deepbass: no model is installed: see deepbass model import --help\n"


def test_the_list_as_a_document(archive: Path, data_folder: Path) -> None:
    called("model", "import", archive, "--name", "good")
    damaged = data_folder / "models" / "bad.safetensors"
    damaged.write_bytes(b"damaged")
    outcome = called("model", "list", "--json")
    assert outcome.code == 1
    document = json.loads(outcome.out)
    assert list(document) == ["schema", "default", "models", "problems"]
    assert (document["schema"], document["default"]) == ("deepbass.models/1", "good")
    assert [model["name"] for model in document["models"]] == ["good"]
    (problem,) = document["problems"]
    assert (problem["path"], problem["line"]) == (str(damaged), None)
    assert problem["what"].startswith("is no model file, or a damaged one")
    assert outcome.err.startswith(f"deepbass: {damaged}: is no model file")


def test_an_empty_list_as_a_document() -> None:
    outcome = called("model", "list", "--json")
    assert json.loads(outcome.out) == {
        "schema": "deepbass.models/1", "default": None, "models": [], "problems": [],
    }  # fmt: skip


def test_what_is_known_of_a_model_as_a_document(archive: Path, data_folder: Path) -> None:
    called("model", "import", archive, "--name", "h8", "--hop", "64")
    document = json.loads(called("model", "info", "h8", "--json").out)
    assert list(document) == [
        "schema", "name", "bundled", "path", "bytes", "parameters", "config", "source",
    ]  # fmt: skip
    assert (document["schema"], document["name"]) == ("deepbass.model/1", "h8")
    assert document["path"] == str(data_folder / "models" / "h8.safetensors")
    assert document["config"]["hop"] == 64
    assert document["bundled"] is False
    assert document["source"]["origin"] == f"{archive}: wavenet-ckpt/model.ckpt-9"
    assert document["source"]["trained_steps"] == 9


def test_the_list_tells_the_one_that_comes_along(archive: Path, bundled: Path) -> None:
    (line,) = called("model", "list").out.splitlines()
    assert line.startswith("* along  ")
    assert line.endswith(", comes with DeepBass")
    called("model", "import", archive, "--name", "own")
    assert [line[:7] for line in called("model", "list").out.splitlines()] == ["  along", "* own  "]
    document = json.loads(called("model", "list", "--json").out)
    assert document["default"] == "own"
    assert {each["name"]: each["bundled"] for each in document["models"]} == {
        "along": True, "own": False,
    }  # fmt: skip


def test_what_is_known_of_the_one_that_comes_along(bundled: Path) -> None:
    lines = called("model", "info", "along").out.splitlines()
    assert "    comes with DeepBass" in lines
    assert lines[-1] == f"    in {bundled}, {bundled.stat().st_size:,} bytes"
    assert json.loads(called("model", "info", "along", "--json").out)["bundled"] is True


def test_the_one_that_comes_along_is_neither_removed_nor_replaced(
    archive: Path, bundled: Path
) -> None:
    removed = called("model", "remove", "along")
    assert removed.code == 2
    assert "comes with DeepBass and can't be removed" in removed.err
    imported = called("model", "import", archive, "--name", "along", "--overwrite")
    assert imported.code == 2
    assert "comes with DeepBass and can't be replaced (choose another name)" in imported.err
    assert bundled.exists()


def test_a_damaged_one_that_came_along_is_named_and_the_others_are_used(
    archive: Path, bundled: Path
) -> None:
    bundled.write_bytes(b"damaged")
    called("model", "import", archive, "--name", "own")
    outcome = called("model", "list")
    assert outcome.code == 1
    assert outcome.out.startswith("* own  ")
    assert outcome.err.startswith(f"deepbass: {bundled}: is no model file")


def test_what_is_known_of_a_model_for_a_person(archive: Path) -> None:
    imported = called("model", "import", archive, "--name", "h8").out
    assert called("model", "info", "h8").out == imported.removeprefix("Imported: ")


def test_a_removed_model_is_gone(archive: Path) -> None:
    called("model", "import", archive, "--name", "h8")
    outcome = called("model", "remove", "h8")
    assert (outcome.code, outcome.out) == (0, "Removed: h8\n")
    assert called("model", "list").out == ""


@pytest.mark.parametrize("action", ["info", "remove"])
def test_a_name_that_is_not_known_fails(action: str) -> None:
    outcome = called("model", action, "h9")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("deepbass: there is no model named 'h9'")


def test_a_taken_name_fails_and_says_how_to_go_on(archive: Path) -> None:
    called("model", "import", archive, "--name", "h8")
    outcome = called("model", "import", archive, "--name", "h8")
    assert outcome.code == 2
    assert outcome.err == (
        "deepbass: there is a model named 'h8' already (choose another name, or use --overwrite)\n"
    )


def test_an_archive_that_is_none_fails(tmp_path: Path) -> None:
    (tmp_path / "m.tar").write_bytes(b"no archive")
    outcome = called("model", "import", tmp_path / "m.tar", "--name", "m")
    assert (outcome.code, models.names()) == (2, [])
    assert outcome.err.startswith(f"deepbass: {tmp_path}/m.tar: is neither a checkpoint nor")


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files")
def test_a_full_disk_is_told_and_leaves_nothing(archive: Path, data_folder: Path) -> None:
    outcome = deepbass("model", "import", archive, "--name", "m", largest_file_bytes=5000)
    assert outcome.code == 2
    target = data_folder / "models" / "m.safetensors"
    assert outcome.err.startswith(f"deepbass: {target}: can't be written: File too large (")
    assert list(target.parent.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files")
def test_a_disk_too_full_to_unpack_is_told_and_leaves_nothing(
    archive: Path, data_folder: Path, tmp_path: Path
) -> None:
    packed = tmp_path / "m.tar.gz"
    packed.write_bytes(gzip.compress(archive.read_bytes()))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    outcome = deepbass(
        "model", "import", packed, "--name", "m", largest_file_bytes=5000, TMPDIR=str(scratch)
    )
    assert outcome.code == 2
    assert outcome.err.startswith(f"deepbass: {packed}: can't be unpacked into {scratch}/deepbass-")
    assert "free some space, or unpack it yourself" in outcome.err
    assert list(scratch.iterdir()) == []
    assert not data_folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, data_folder: Path) -> None:
    """A gzip of 2 GB is being unpacked when the signal comes; it would take seconds more."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (tmp_path / "m.tar.gz").write_bytes(gzip.compress(bytes(1 << 20)) * 2048)
    running = subprocess.Popen(
        command("model", "import", tmp_path / "m.tar.gz", "--name", "m"),
        env=environment(TMPDIR=str(scratch)), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not list(scratch.glob("*/archive.tar")):
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (130, "cancelled; nothing was written\n")
    assert list(scratch.iterdir()) == []
    assert not data_folder.exists()

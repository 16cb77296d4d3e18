from __future__ import annotations

import errno
import os
import resource
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deepbass_engine.atomic import replacing
from deepbass_engine.errors import OutputError


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_target_is_untouched_until_the_block_ends_and_then_whole(tmp_path: Path) -> None:
    target = tmp_path / "mix.wav"
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["mix.wav"]


def test_the_temporary_file_is_hidden_beside_the_target_and_already_there(tmp_path: Path) -> None:
    with replacing(tmp_path / "mix.wav") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".mix.wav.")
        assert temporary.suffix == ".part"
        assert temporary.read_bytes() == b""


@pytest.mark.parametrize("raised", [RuntimeError, KeyboardInterrupt, GeneratorExit])
def test_any_exception_leaves_the_target_as_it_was_and_nothing_beside_it(
    tmp_path: Path, raised: type[BaseException]
) -> None:
    target = tmp_path / "mix.wav"
    target.write_text("old")
    with pytest.raises(raised), replacing(target) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise raised
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_new_file_gets_the_mode_the_umask_gives(tmp_path: Path) -> None:
    with umask(0o027), replacing(tmp_path / "new") as temporary:
        temporary.write_text("x")
    assert mode_of(tmp_path / "new") == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o444, 0o755])
def test_an_existing_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "kept"
    target.write_text("old")
    target.chmod(mode)
    with umask(0o022), replacing(target) as temporary:
        temporary.write_text("new")
    assert mode_of(target) == mode


def test_a_private_file_is_private_while_it_is_written(tmp_path: Path) -> None:
    target = tmp_path / "private"
    target.touch()
    target.chmod(0o600)
    with umask(0), replacing(target) as temporary:
        assert mode_of(temporary) == 0o600


@pytest.mark.parametrize(
    "name", ["a" * 255, "é" * 127, "🎵" * 63], ids=["ascii", "2-byte", "4-byte"]
)
def test_a_name_as_long_as_the_filesystem_allows_can_be_written(tmp_path: Path, name: str) -> None:
    with replacing(tmp_path / name) as temporary:
        temporary.write_text("x")
    assert (tmp_path / name).read_text() == "x"


def test_a_name_that_is_no_utf8_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / os.fsdecode(b"caf\xe9.m3u")
    with replacing(target) as temporary:
        temporary.write_text("x")
    assert [os.fsencode(p.name) for p in tmp_path.iterdir()] == [b"caf\xe9.m3u"]


def test_a_symbolic_link_stays_one_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "file", tmp_path / "link"
    real.write_text("old")
    link.symlink_to(real)
    with replacing(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_missing_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    target = tmp_path / "none" / "mix.wav"
    with pytest.raises(OutputError, match="No such file") as caught, replacing(target):
        pass
    assert caught.value.path == target
    assert "make its folder" in caught.value.hint


@pytest.mark.parametrize("name", ["a" * 256, "a\0b"])
def test_an_impossible_name_is_an_output_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError), replacing(tmp_path / name):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_target_s_place_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(OutputError, match="it is a folder"), replacing(tmp_path):
        raise AssertionError("the block must not run")


def test_a_device_is_never_replaced_by_a_file() -> None:
    with pytest.raises(OutputError, match="device"), replacing(Path(os.devnull)):
        raise AssertionError("the block must not run")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_file_over_the_allowed_size_is_an_output_error_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    target = tmp_path / "large.wav"
    target.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        with pytest.raises(OutputError) as caught, replacing(target) as temporary:
            temporary.write_bytes(bytes(8192))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EFBIG
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_that_names_another_file_is_not_blamed_on_the_target(tmp_path: Path) -> None:
    source = tmp_path / "source.wav"
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "mix.wav"):
        source.read_bytes()
    assert caught.value.filename == str(source)
    assert list(tmp_path.iterdir()) == []


def test_the_content_reaches_the_disk_before_the_name_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, seen, real_fsync = tmp_path / "mix.wav", [], os.fsync

    def watched(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        seen.append((kind, target.exists()))
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    with replacing(target) as temporary:
        temporary.write_text("x")
    assert seen == [("file", False), ("folder", True)]

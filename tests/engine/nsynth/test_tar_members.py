"""Archives are read where they lie, and refused where they try to be clever."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.errors import Cancelled, ModelError
from deepbass_engine.nsynth.tar_members import tar_members
from deepbass_engine.progress import CancelToken, Progress

CONTENTS = {"model/a": b"first" * 300, "model/b": b"", "c": b"third"}


def archive_of(path: Path, *members: tarfile.TarInfo, mode: str = "w") -> Path:
    """An archive of `CONTENTS` with a stranger's members behind."""
    with tarfile.open(path, mode) as archive:
        for name, content in CONTENTS.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in members:
            archive.addfile(member)
    return path


def contents(path: Path) -> dict[str, bytes]:
    with tar_members(path) as members:
        return {name: each.read(0, each.n_bytes) for name, each in members.items()}


def member(name: str, kind: bytes = tarfile.REGTYPE, **facts: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    for fact, value in facts.items():
        setattr(made, fact, value)
    return made


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_every_member_is_read(tmp_path: Path, mode: str) -> None:
    assert contents(archive_of(tmp_path / "m.tar", mode=mode)) == CONTENTS


def test_a_name_that_begins_with_the_folder_itself_is_shortened(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "m.tar", member("./x/./y"))
    assert contents(path) == {**CONTENTS, "x/y": b""}


def test_folders_are_no_members(tmp_path: Path) -> None:
    assert contents(archive_of(tmp_path / "m.tar", member("d", tarfile.DIRTYPE))) == CONTENTS


def test_only_a_compressed_archive_takes_room_and_gives_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with tar_members(archive_of(tmp_path / "m.tar")):
        assert list(scratch.iterdir()) == []
    with tar_members(archive_of(tmp_path / "m.tar.gz", mode="w:gz")):
        assert len(list(scratch.iterdir())) == 1
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (member("/etc/passwd"), "has an absolute name"),
        (member("C:\\model"), "has an absolute name"),
        (member("\\\\server\\model"), "has an absolute name"),
        (member("../model"), "would leave the folder"),
        (member("a/../../model"), "would leave the folder"),
        (member("a\\..\\..\\model"), "would leave the folder"),
        (member("m", tarfile.SYMTYPE, linkname="/etc/passwd"), "is a link"),
        (member("m", tarfile.LNKTYPE, linkname="c"), "is a link"),
        (member("m", tarfile.FIFOTYPE), "is no plain file"),
        (member("m", tarfile.CHRTYPE), "is no plain file"),
        (member("m", tarfile.BLKTYPE), "is no plain file"),
    ],
)
def test_a_strange_member_refuses_the_archive(
    tmp_path: Path, bad: tarfile.TarInfo, fault: str
) -> None:
    path = archive_of(tmp_path / "m.tar", bad)
    with pytest.raises(ModelError, match=fault) as raised:
        contents(path)
    assert raised.value.path == path


def test_a_sparse_member_refuses_the_archive(tmp_path: Path) -> None:
    """A GNU sparse header: 512 bytes stored at the end of a file of 4 GB."""
    header = bytearray(member("m", size=512).tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:410] = b"%011o\0%011o\0" % ((4 << 30) - 512, 512)
    header[483:495] = b"%011o\0" % (4 << 30)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "m.tar"
    path.write_bytes(bytes(header) + bytes(512) + bytes(1024))
    with pytest.raises(ModelError, match="m is a sparse file"):
        contents(path)


@pytest.mark.parametrize("n_bytes", [9 << 30, -1, -512, -(1 << 40)])
def test_a_member_of_impossible_size_refuses_the_archive(tmp_path: Path, n_bytes: int) -> None:
    path = tmp_path / "m.tar"
    path.write_bytes(member("m", size=n_bytes).tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(ModelError, match=rf"m claims {n_bytes} bytes"):
        contents(path)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
@pytest.mark.parametrize("n_bytes", [1 << 62, 1 << 80])
def test_a_header_that_claims_more_than_fits_any_memory_is_refused(
    tmp_path: Path, kind: bytes, n_bytes: int
) -> None:
    path = tmp_path / "m.tar"
    path.write_bytes(member("m", kind, size=n_bytes).tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(ModelError, match="is neither a checkpoint nor"):
        contents(path)


def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    header = member("m", tarfile.GNUTYPE_LONGNAME, size=1).tobuf(tarfile.GNU_FORMAT)
    path = tmp_path / "m.tar"
    path.write_bytes((header + b"m".ljust(512, b"\0")) * 2000)
    with pytest.raises(ModelError, match="is neither a checkpoint nor"):
        contents(path)


def test_a_name_with_control_characters_is_shown_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"its member \.\./a\\nb would"):
        contents(archive_of(tmp_path / "m.tar", member("../a\nb")))


def test_a_member_that_goes_on_behind_the_end_is_cut_short(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "m.tar")
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(ModelError, match="is cut short"):
        contents(path)


def test_a_gzip_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "m.tar.gz", mode="w:gz")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ModelError, match="is cut short or damaged"):
        contents(path)


def test_a_gzip_of_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.tar.gz"
    path.write_bytes(gzip.compress(b"notes on a model"))
    with pytest.raises(ModelError, match="is neither a checkpoint nor a tar archive") as raised:
        contents(path)
    assert raised.value.path == path


@settings(max_examples=150, deadline=None)
@given(
    at=st.integers(0, 10239),
    flip=st.integers(1, 255),
    pack=st.sampled_from([bytes, gzip.compress]),
)
def test_a_damaged_archive_is_read_or_refused_but_no_other_fault(
    tmp_path_factory: pytest.TempPathFactory,
    at: int,
    flip: int,
    pack: Callable[[bytes], bytes],
) -> None:
    path = archive_of(tmp_path_factory.mktemp("m") / "m.tar")
    content = bytearray(pack(path.read_bytes()))
    content[at % len(content)] ^= flip
    path.write_bytes(content)
    found: dict[str, bytes] = {}
    named = path
    try:
        found = contents(path)
    except ModelError as error:
        named = error.path
    assert named == path
    assert sum(map(len, found.values())) <= sum(map(len, CONTENTS.values()))


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=2000))
def test_a_file_of_something_else_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("m") / "m.tar"
    path.write_bytes(b"x" + content)
    with pytest.raises(ModelError) as raised:
        contents(path)
    assert raised.value.path == path


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_cancelling_stops_it(tmp_path: Path, mode: str) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with (
        pytest.raises(Cancelled),
        tar_members(archive_of(tmp_path / "m.tar", mode=mode), cancel=cancel),
    ):
        pass


def test_decompressing_tells_how_far_it_is(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "m.tar.gz", mode="w:gz")
    told: list[Progress] = []
    with tar_members(path, on_progress=told.append):
        assert told[-1] == Progress("unpacking", path.stat().st_size, path.stat().st_size)

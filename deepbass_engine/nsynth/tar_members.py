"""Finds the files in a tar archive without unpacking it: where in the archive each one lies.

Nothing is written but the archive itself, decompressed, into a temporary folder where it came
compressed. An archive is a stranger's: one with anything in it but plain files and folders of
plain names is refused as a whole.
"""

from __future__ import annotations

import gzip
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from deepbass_engine.errors import ModelError, OutputError, shown
from deepbass_engine.nsynth.tf_checkpoint import Stretch
from deepbass_engine.progress import CancelToken, OnProgress, Progress

# The library goes where a header leads: a size that no computer has, headers within headers.
_UNREADABLE = (tarfile.TarError, ValueError, OverflowError, MemoryError, RecursionError)
_GZIP_MAGIC = b"\x1f\x8b"
_MOST_BYTES = 8 << 30
_CHUNK_BYTES = 1 << 20
_UNPACK = "unpack it yourself and give the folder"
_AGAIN = "copy or download it again"


@contextmanager
def tar_members(
    path: Path, *, on_progress: OnProgress | None = None, cancel: CancelToken | None = None
) -> Iterator[dict[str, Stretch]]:
    """The plain files in an archive, by name, readable inside the ``with`` block.

    Parameters
    ----------
    path
        A tar archive, which may be compressed by gzip.

    Raises
    ------
    ModelError
        If it is no archive, damaged, or holds what it should not.
    OutputError
        If there is no room to decompress it.
    Cancelled
        If asked to stop.
    """
    with path.open("rb") as file:
        is_compressed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    if not is_compressed:
        yield _listed(path, path, cancel)
        return
    with tempfile.TemporaryDirectory(prefix="deepbass-") as scratch:
        plain = Path(scratch) / "archive.tar"
        _decompress(path, plain, on_progress, cancel)
        yield _listed(plain, path, cancel)


def _listed(plain: Path, original: Path, cancel: CancelToken | None) -> dict[str, Stretch]:
    """Where the members of an archive lie that was `original` before it was decompressed."""
    members: dict[str, Stretch] = {}
    end, n_bytes = 0, plain.stat().st_size
    try:
        with plain.open("rb") as file, tarfile.TarFile(fileobj=file) as archive:
            for member in archive:
                if cancel is not None:
                    cancel.raise_if_cancelled()
                _check_member(member, original)
                if member.offset_data < end:
                    raise ModelError("is damaged: members overlap", path=original, hint=_AGAIN)
                end = member.offset_data + member.size
                if end > n_bytes:
                    raise ModelError("is cut short", path=original, hint=_AGAIN)
                if member.isfile():
                    name = str(PurePosixPath(member.name))
                    members[name] = Stretch(
                        plain, member.offset_data, member.size, f"{original}: {name}"
                    )
    except _UNREADABLE as error:
        raise ModelError(
            "is neither a checkpoint nor a tar archive, or is damaged",
            path=original,
            hint="give a checkpoint's folder, its .index file, or a .tar with it",
        ) from error
    return members


def _check_member(member: tarfile.TarInfo, archive: Path) -> None:
    """Refuse an archive for a member that would be no plain file inside a folder."""
    name = member.name
    fault = ""
    if PurePosixPath(name).anchor or PureWindowsPath(name).anchor:
        fault = "has an absolute name"
    elif ".." in PureWindowsPath(name).parts:
        fault = "would leave the folder"
    elif member.issym() or member.islnk():
        fault = "is a link"
    elif member.issparse():
        fault = "is a sparse file"
    elif not (member.isfile() or member.isdir()):
        fault = "is no plain file"
    elif not 0 <= member.size <= _MOST_BYTES:
        fault = f"claims {member.size} bytes"
    if fault:
        raise ModelError(
            f"is refused: its member {shown(name)} {fault}", path=archive, hint=_UNPACK
        )


def _decompress(
    path: Path, plain: Path, on_progress: OnProgress | None, cancel: CancelToken | None
) -> None:
    n_bytes, done = path.stat().st_size, 0
    try:
        with (
            path.open("rb") as packed,
            gzip.GzipFile(fileobj=packed) as file,
            plain.open("wb") as out,
        ):
            while chunk := _next_chunk(file, path):
                if cancel is not None:
                    cancel.raise_if_cancelled()
                done += len(chunk)
                if done > _MOST_BYTES:
                    raise ModelError(
                        f"is refused: it unpacks to more than {_MOST_BYTES >> 30} GB",
                        path=path,
                        hint=_UNPACK,
                    )
                out.write(chunk)
                if on_progress is not None:
                    on_progress(Progress("unpacking", packed.tell(), n_bytes))
    except OSError as error:
        raise OutputError(
            f"can't be unpacked into {plain.parent}: {error.strerror or error}",
            path=path,
            hint=f"free some space, or {_UNPACK}",
        ) from error


def _next_chunk(file: gzip.GzipFile, path: Path) -> bytes:
    try:
        return file.read(_CHUNK_BYTES)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ModelError(f"is cut short or damaged: {error}", path=path, hint=_AGAIN) from error

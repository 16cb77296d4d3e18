"""Writing a file whole or not at all.

The new content goes into a temporary file beside the target, is flushed to the disk and then
renamed over it, so that a reader, a crash or a full disk never meets half a file.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deepbass_engine.errors import OutputError

_NAME_KEPT = 40  # characters, at most 160 bytes: a target's name may fill all 255 by itself

_HINTS = {
    errno.ENOSPC: "free some space, or write to another disk",
    errno.EDQUOT: "free some space, or write to another disk",
    errno.EFBIG: "write to a disk, or under a limit, that allows a file this large",
    errno.EACCES: "check the permissions of its folder, or write to another",
    errno.EPERM: "check the permissions of its folder, or write to another",
    errno.EROFS: "write to a disk that is not read-only",
    errno.ENOENT: "make its folder first, or write to another",
    errno.ENOTDIR: "a part of the path is a file, not a folder; write to another place",
    errno.ENAMETOOLONG: "give it a shorter name",
}


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Write a file through a temporary one beside it.

    On a clean exit the temporary file is flushed and renamed over `target`, and the folder is
    flushed too. On any exception it is removed and `target` stays as it was. A target that is a
    symbolic link stays one: the file it leads to is replaced. A new file gets the mode the umask
    gives, an existing one keeps its own.

    Parameters
    ----------
    target
        The file to make or replace. Its folder must exist.

    Yields
    ------
    Path
        The temporary file: empty, made for this call alone, named ``.{name}.{random}.part``.

    Raises
    ------
    OutputError
        If the file can't be written, or `target` is not an ordinary file. An ``OSError`` from
        inside the ``with`` block counts as one, unless it names another file.
    """
    if "\0" in str(target):
        raise OutputError(
            "can't be written: its name has a NUL character in it",
            path=target,
            hint="give another name",
        )
    real = Path(os.path.realpath(target))
    temporary = real.parent / f".{real.name[:_NAME_KEPT]}.{secrets.token_hex(6)}.part"
    try:
        kept_mode = _mode_of(real, target)
        _create(temporary, kept_mode)
        try:
            yield temporary
            _flush(temporary, os.O_RDWR)
            if kept_mode is not None:
                temporary.chmod(kept_mode)
            temporary.replace(real)
        except BaseException:
            with suppress(OSError):  # the failure that led here is the one to tell
                temporary.unlink()
            raise
    except OSError as error:
        if error.filename is not None and str(error.filename) not in (str(temporary), str(real)):
            raise
        raise OutputError(
            f"can't be written: {error.strerror or error}",
            path=target,
            hint=_HINTS.get(error.errno or 0, "write to another place"),
        ) from error
    if os.name != "nt":  # Windows has no handle on a folder to flush
        # The file already stands in its place; that some network disks refuse to flush a folder
        # does not make it unwritten.
        with suppress(OSError):
            _flush(real.parent, os.O_RDONLY)


def _mode_of(real: Path, target: Path) -> int | None:
    """Permission bits of the file to be replaced, None where there is none."""
    try:
        mode = real.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise OutputError(
            "can't be written: it is a folder", path=target, hint="give a file name inside it"
        )
    if not stat.S_ISREG(mode):
        raise OutputError(
            "can't be written: it is a device or pipe, not an ordinary file",
            path=target,
            hint="give the name of a file",
        )
    return stat.S_IMODE(mode)


def _create(temporary: Path, kept_mode: int | None) -> None:
    # Never wider than the target's own mode while it is written, but writable by us.
    mode = 0o666 if kept_mode is None else (kept_mode & 0o666) | 0o600
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))


def _flush(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

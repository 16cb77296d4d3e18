"""Which files may be written: refused before any work is done, so that nothing is lost."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from deepbass_engine.audio.write import check_format
from deepbass_engine.errors import OutputError, shown


def check_target(
    target: Path,
    inputs: Sequence[Path],
    subtype: str,
    *,
    overwrite: bool = False,
    beside: Sequence[Path] = (),
) -> None:
    """Refuse a mix, or a file to be written beside it, that can't or must not be written.

    Parameters
    ----------
    target
        The mix.
    inputs
        Files it is made from.
    subtype
        Its sample format.
    overwrite
        Whether files that exist already may be replaced.
    beside
        What else will be written: a report, a cue sheet.

    Raises
    ------
    OutputError
        If the mix's format can't be written; or if for any of the files the folder does not exist
        or may not be written to, the file is one of the inputs, stands here twice, is no ordinary
        file, or exists and may not be replaced.
    """
    check_format(target, subtype)
    written: list[Path] = []
    for path in (target, *beside):
        if "\0" in str(path):
            raise OutputError(
                "can't be written: its name has a NUL character in it",
                path=path,
                hint="give another name",
            )
        try:
            _check_place(path)
            if _is_among(path, inputs):
                raise OutputError(
                    "is one of the files the mix is made from",
                    path=path,
                    hint="write to another name",
                )
            if _is_among(path, written):
                raise OutputError(
                    "would be written twice", path=path, hint="give each file a name of its own"
                )
            if path.exists() and not overwrite:
                raise OutputError(
                    "exists already", path=path, hint="choose another name, or use --overwrite"
                )
        except OSError as error:
            raise OutputError(
                f"can't be written: {error.strerror or error}",
                path=path,
                hint="write to another place",
            ) from error
        written.append(path)


def _check_place(path: Path) -> None:
    """Refuse a file whose folder takes no new file, or that is a folder or device itself."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise OutputError(
            f"can't be written: there is no folder {shown(folder)}",
            path=path,
            hint="make the folder first, or choose another",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"can't be written: nothing may be written to the folder {shown(folder)}",
            path=path,
            hint="check its permissions, or choose another",
        )
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise OutputError(
            "can't be written: it is a folder or a device",
            path=path,
            hint="give the name of a file",
        )


def _is_among(path: Path, others: Iterable[Path]) -> bool:
    """Whether a path leads to one of the files, by whatever name or link."""
    return any(_is_same(path, other) for other in others)


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there, so only a name can be the same
        return os.path.realpath(path) == os.path.realpath(other)

"""How a path is kept inside a playlist or a project file, and found again from there.

A path is kept relative to the file it stands in, with ``/`` between folders, so that a folder of
music and its playlist can be moved or copied together. Where no sensible relative path exists, on
another drive or with nothing but the root in common, it is kept whole.
"""

from __future__ import annotations

import os
from pathlib import Path


def absolute(path: Path) -> Path:
    """The path from the root, without ``..`` and with symbolic links as they are.

    A ``..`` that follows a symbolic link to a folder stays, where leaving it out would lead to
    another file.
    """
    plain = Path(os.path.abspath(path))  # noqa: PTH100 (Path has nothing that keeps links)
    if ".." in path.parts and "\0" not in str(path) and _real(plain) != _real(path):
        return path.absolute()
    return plain


def home(file: Path) -> Path:
    """The folder that relative paths inside `file` start from: where it lies, links followed."""
    if "\0" not in str(file) and os.path.islink(file):  # noqa: PTH114 (Path's raises on long names)
        return _real(file).parent
    return absolute(file).parent


def kept(path: Path, folder: Path) -> str:
    """The text that stands for `path` in a file whose `home` is `folder`.

    It is relative only where `found` leads from it back to the very same path.

    >>> kept(Path("/music/a/one.wav"), Path("/music/sets"))
    '../a/one.wav'
    >>> kept(Path("/media/one.wav"), Path("/music/sets"))
    '/media/one.wav'
    """
    try:
        shared = Path(os.path.commonpath([path, folder]))
        text = Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return str(path)
    if shared == Path(shared.anchor) or found(text, folder) != path:
        return str(path)
    return text


def found(text: str, folder: Path) -> Path:
    """The path that `text` stands for in a file whose `home` is `folder`."""
    path = Path(text)
    return path if path.is_absolute() else absolute(folder / path)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))

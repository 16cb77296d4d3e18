"""What can go wrong, as types that carry their facts.

Every error a person can mend is a `DeepBassError`: it says *what* is wrong, *where* (a path and,
for a text file, a line) and what to do about it (`hint`). A third party's exception is translated
at the border, with ``raise ... from``. `Cancelled` stands outside the tree: being asked to stop is
not an error.
"""

from __future__ import annotations

import os
from pathlib import Path


def shown(path: str | os.PathLike[str]) -> str:
    r"""The path as one printable line: control and undecodable characters are escaped.

    >>> shown("two\nlines.wav")
    'two\\nlines.wav'
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii")
        for c in os.fspath(path)
    )


class DeepBassError(Exception):
    """Root of everything the engine raises on purpose.

    Parameters
    ----------
    what
        One sentence: what is wrong, naming the value.
    path
        The file it is about, if there is one.
    line
        The line of that file, counted from 1, for playlists and configuration files.
    hint
        What the person can do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        path: str | os.PathLike[str] | None = None,
        line: int | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.path = None if path is None else Path(path)
        self.line = line
        self.hint = hint

    def __str__(self) -> str:
        where = "" if self.path is None else shown(self.path)
        if where and self.line is not None:
            where += f", line {self.line}"
        text = f"{where}: {self.what}" if where else self.what
        return f"{text} ({self.hint})" if self.hint else text


class InputError(DeepBassError):
    """An audio file that can't be used."""


class PlaylistError(DeepBassError):
    """A playlist that can't be read, or an entry of it that leads nowhere."""


class SettingError(DeepBassError):
    """A setting with an unknown name or a value out of its range."""


class PlanError(DeepBassError):
    """A mix that can't be planned, such as one with no usable track."""


class OutputError(DeepBassError):
    """A file that can't be written."""


class ProjectFileError(DeepBassError):
    """A project file that can't be read."""


class ModelError(DeepBassError):
    """A model, a checkpoint or an encoding that can't be used."""


class DeviceError(DeepBassError):
    """A processor, or a precision on it, that can't do the work."""


class DeviceMemoryError(DeviceError):
    """A processor with too little memory for the work."""


class Cancelled(Exception):
    """The caller asked to stop. Not an error; nothing half-written is left behind."""

"""A DJ library's XML, element by element, without holding it and without its traps.

Both rekordbox and Traktor write everything into attributes, so an element is its place, its
attributes and its line. A DOCTYPE is refused, and with it every entity: neither program writes
one, and entities that name each other grow beyond any memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from xml.parsers import expat

from msgspec import Struct

from deepbass_engine.errors import InputError, shown
from deepbass_engine.progress import CancelToken

LARGEST_LIBRARY_BYTES = 1024 * 1024 * 1024
DEEPEST_ELEMENT = 100

_CHUNK_BYTES = 256 * 1024
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?")
_Choice = TypeVar("_Choice")


class UnreadableError(Exception):
    """What an attribute says can't be used; the text says why."""


class Element(Struct, frozen=True, gc=False):  # there are many, and none is part of a circle
    """An element as it begins.

    Attributes
    ----------
    place
        Its name behind those of the elements around it, with ``/`` between.
    attributes
        As they stand there.
    line
        Its line in the file, from 1.
    """

    place: str
    attributes: dict[str, str]
    line: int

    def text(self, name: str) -> str:
        """An attribute; empty where it is absent."""
        return self.attributes.get(name, "")

    def number(self, name: str, least: float, most: float) -> float:
        """An attribute that is a number.

        Raises
        ------
        UnreadableError
            If it is absent, no plain decimal number, or not between `least` and `most`.
        """
        if name not in self.attributes:
            raise UnreadableError(f"{name} is absent")
        text = self.text(name).strip()
        if not _NUMBER.fullmatch(text):
            raise UnreadableError(f'{name} is "{short(text)}", which is no number')
        value = float(text)
        if not least <= value <= most:
            raise UnreadableError(f"{name} is {text}, not between {least:.0f} and {most:.0f}")
        return value

    def choice(self, name: str, choices: Mapping[str, _Choice]) -> _Choice:
        """What an attribute stands for.

        Raises
        ------
        UnreadableError
            If it is none of the keys of `choices`.
        """
        text = self.text(name)
        if text not in choices:
            raise UnreadableError(f'{name} is "{short(text)}", not one of {", ".join(choices)}')
        return choices[text]


def elements(
    path: Path, outermost: str, program: str, cancel: CancelToken | None = None
) -> Iterator[Element]:
    """Every element of a library in the order they begin.

    Parameters
    ----------
    path
        The file.
    outermost
        The name its outermost element must have.
    program
        Who writes such files, for messages.
    cancel
        Looked at before each piece that is read.

    Raises
    ------
    InputError
        If the file can't be read, is damaged or is something else.
    Cancelled
        If asked to stop.
    """
    cancel = cancel or CancelToken()
    parser = expat.ParserCreate()
    places: list[str] = []
    begun: list[Element] = []

    def refused(what: str, hint: str) -> InputError:
        return InputError(what, path=path, line=parser.CurrentLineNumber, hint=hint)

    def refuse_doctype(*_: object) -> None:
        raise refused(
            f"this is not a library of {program}: it has a DOCTYPE, which can hide a trap",
            f"export the library from {program}",
        )

    def start(name: str, attributes: dict[str, str]) -> None:
        if not places and name != outermost:
            raise refused(
                f"this is not a library of {program}: its outermost element is "
                f"<{short(name)}> and not <{outermost}>",
                f"export the library from {program}",
            )
        if len(places) >= DEEPEST_ELEMENT:
            raise refused(
                f"elements are nested more than {DEEPEST_ELEMENT} deep here",
                f"export the library from {program} again, with fewer folders in folders",
            )
        places.append(f"{places[-1]}/{name}" if places else name)
        begun.append(Element(places[-1], attributes, parser.CurrentLineNumber))

    def end(_: str) -> None:
        places.pop()

    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    for chunk in _chunks(path, cancel):
        try:
            parser.Parse(chunk, not chunk)
        except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: its encoding
            raise refused(
                f"this is not well-formed XML: {error}",
                f"export the library from {program} again, or mend that line",
            ) from error
        yield from begun
        begun.clear()


def _chunks(path: Path, cancel: CancelToken) -> Iterator[bytes]:
    """A file piece by piece; the last piece is empty."""
    size = 0
    try:
        with path.open("rb") as file:
            while True:
                cancel.raise_if_cancelled()
                chunk = file.read(_CHUNK_BYTES)
                size += len(chunk)
                if size > LARGEST_LIBRARY_BYTES:
                    raise InputError(
                        f"this is not a library: it is larger than "
                        f"{LARGEST_LIBRARY_BYTES >> 20} MiB",
                        path=path,
                        hint="export fewer playlists",
                    )
                yield chunk
                if not chunk:
                    return
    except (OSError, ValueError) as error:  # the last: a name with a NUL
        reason = error.strerror if isinstance(error, OSError) else None
        raise InputError(
            f"can't be read: {reason or error}",
            path=path,
            hint="check its name and permissions",
        ) from error


def short(text: str) -> str:
    """A text from a library as one printable line that is not endless."""
    line = shown(text)
    return line if len(line) <= 60 else line[:59] + "…"

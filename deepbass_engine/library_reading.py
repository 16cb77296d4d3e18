"""What reading any DJ library takes, from its elements to tracks and playlists.

A program writes its tracks first and its playlists behind them, so that a track is finished where
a playlist names it, once, and the many that none names cost nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from deepbass_engine.library_tracks import LibraryPlaylist, LibraryTrack
from deepbass_engine.library_xml import Element, UnreadableError, elements, short
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Problem

LONGEST_S = 1e6
"""No mark lies further from the first sample."""
LEAST_BPM, MOST_BPM = 1.0, 1000.0

_Mark = TypeVar("_Mark")


class Layout(Struct, frozen=True):
    """Where a program's XML has what.

    Attributes
    ----------
    program
        Its name, for messages.
    outermost
        The outermost element.
    track
        Place of a track.
    parts
        Places of what belongs to the track before.
    node
        Places of folders and playlists.
    entry
        Places of a playlist's entries.
    name
        The attribute of a node that names it.
    is_list
        Whether a node is a playlist with entries.
    """

    program: str
    outermost: str
    track: str
    parts: frozenset[str]
    node: re.Pattern[str]
    entry: re.Pattern[str]
    name: str
    is_list: Callable[[Element], bool]


class Gathered:
    """An element and those that belong to it: a track's marks, a playlist's entries."""

    __slots__ = ("element", "name", "parts")

    def __init__(self, element: Element, name: str = "") -> None:
        self.element = element
        self.name = name
        self.parts: list[Element] = []


def gathered(
    path: Path, layout: Layout, cancel: CancelToken | None
) -> tuple[list[Gathered], list[Gathered]]:
    """The tracks and the playlists of a library.

    Raises
    ------
    InputError
        If the file can't be read, is damaged or is something else.
    Cancelled
        If asked to stop.
    """
    tracks: list[Gathered] = []
    lists: list[Gathered] = []
    names: list[str] = []
    in_list = False
    for element in elements(path, layout.outermost, layout.program, cancel):
        if element.place == layout.track:
            tracks.append(Gathered(element))
        elif element.place in layout.parts:
            tracks[-1].parts.append(element)
        elif layout.node.fullmatch(element.place):
            del names[element.place.count("/NODE") - 1 :]
            names.append(element.text(layout.name) or "(no name)")
            in_list = layout.is_list(element)
            if in_list:
                # The outermost folder holds all and is not told.
                lists.append(Gathered(element, " / ".join(names[1:] or names)))
        elif in_list and layout.entry.fullmatch(element.place):
            lists[-1].parts.append(element)
    return tracks, lists


class Marks:
    """Reads the marks of a track, and remembers those it can't."""

    def __init__(self) -> None:
        self._unread: list[tuple[int, str]] = []

    def read(self, found: Iterable[Element], mark: Callable[[Element], _Mark]) -> list[_Mark]:
        """What `mark` makes of each element, without those it raises `UnreadableError` for."""
        marks = []
        for element in found:
            try:
                marks.append(mark(element))
            except UnreadableError as error:
                self._unread.append((element.line, str(error)))
        return marks

    def problem(self, title: str, path: Path) -> Problem | None:
        """What was left out, as one row of a report."""
        if not self._unread:
            return None
        n = len(self._unread)
        line, why = self._unread[0]
        what = f"{n} marks of" if n > 1 else "a mark of"
        left_out = "are left out; for the first," if n > 1 else "is left out:"
        return Problem(
            path,
            line,
            f'{what} "{short(title)}" {left_out} {why}',
            "mend it in the program and export the library again",
        )


def playlists_of(
    lists: Iterable[Gathered],
    track_of: Callable[[Gathered, Element], LibraryTrack | None],
    path: Path,
) -> tuple[LibraryPlaylist, ...]:
    """Playlists from their entries; `track_of` gives None for one that names no track."""
    playlists = []
    for one in lists:
        found = [(entry, track_of(one, entry)) for entry in one.parts]
        problems = [
            Problem(
                path,
                entry.line,
                "this entry names no track of the library",
                "export the library again",
            )
            for entry, track in found
            if track is None
        ]
        tracks = [track for _, track in found if track is not None]
        playlists.append(LibraryPlaylist(one.name, tuple(tracks), tuple(problems)))
    return tuple(playlists)

"""DJ libraries: rekordbox's XML and Traktor's NML, read as the playlists they hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from deepbass_engine import rekordbox, traktor
from deepbass_engine.errors import InputError, shown
from deepbass_engine.library_tracks import LibraryPlaylist
from deepbass_engine.library_xml import short
from deepbass_engine.progress import CancelToken

LIBRARY_EXTENSIONS = frozenset({".xml", ".nml"})
"""Extensions of DJ libraries, in lower case."""

_MOST_NAMES = 12


class Library(Struct, frozen=True):
    """A DJ library: where it is and its playlists, in its order."""

    path: Path
    playlists: tuple[LibraryPlaylist, ...]

    def playlist(self, name: str | None = None) -> LibraryPlaylist:
        """The one of a name, or without one the only playlist there is.

        A name is that of the playlist with its folders, or as much of its end as no other
        playlist has. Letter case and spaces around a ``/`` don't matter where nothing fits
        exactly.

        Raises
        ------
        InputError
            If there is none, or more than one.
        """
        found = self.playlists if name is None else self._named(name)
        if len(found) == 1:
            return found[0]
        if not self.playlists:
            what = "this library holds no playlist"
            hint = "make one in the program it is from and export the library again"
        elif name is None:
            what = f"this library holds {len(found)} playlists: {_names(found)}"
            hint = f'choose one by "PATH#Folder / Name", as in {self._example(found[0])}'
        elif found:
            what = f'"{short(name)}" is the name of {len(found)} playlists: {_names(found)}'
            hint = "name it with its folders, or rename one in the program and export again"
        else:
            what = f'this library has no playlist "{short(name)}" but {_names(self.playlists)}'
            hint = f"choose one of these, as in {self._example(self.playlists[0])}"
        raise InputError(what, path=self.path, hint=hint)

    def _named(self, name: str) -> tuple[LibraryPlaylist, ...]:
        """The playlists that fit a name best."""
        plain = _plain(name)
        fits: tuple[Callable[[str], bool], ...] = (
            lambda own: own == name,
            lambda own: _plain(own) == plain,
            lambda own: _plain(own).endswith(f"/{plain}"),
        )
        found = (tuple(p for p in self.playlists if fit(p.name)) for fit in fits)
        return next((playlists for playlists in found if playlists), ())

    def _example(self, playlist: LibraryPlaylist) -> str:
        return f'"{shown(self.path.name)}#{shown(playlist.name)}"'


def read_library(path: Path, *, cancel: CancelToken | None = None) -> Library:
    """Read a DJ library.

    Parameters
    ----------
    path
        An ``.xml`` file of rekordbox or an ``.nml`` file of Traktor.
    cancel
        Looked at before each piece that is read.

    Raises
    ------
    InputError
        If the file can't be read, is damaged or is something else.
    Cancelled
        If asked to stop.
    """
    program = traktor if path.suffix.lower() == ".nml" else rekordbox
    return Library(path, program.read(path, cancel=cancel))


def _names(playlists: tuple[LibraryPlaylist, ...]) -> str:
    names = [short(playlist.name) for playlist in playlists[:_MOST_NAMES]]
    more = len(playlists) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _plain(name: str) -> str:
    """A name without what a shell, a path or a keyboard may change of it."""
    parts = (part.strip() for part in unicodedata.normalize("NFC", name).casefold().split("/"))
    return "/".join(part for part in parts if part not in ("", "."))

"""From what a person names, files, folders and playlists, to the list of audio files, and back.

Nothing vanishes and nothing stops the rest: whatever leads nowhere becomes a `Problem` that says
where it stood. The formats themselves are in `deepbass_engine.playlist_formats`, and those of DJ
libraries, which are read like playlists, behind `deepbass_engine.dj_libraries`.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from deepbass_engine.atomic import replacing
from deepbass_engine.dj_libraries import LIBRARY_EXTENSIONS, read_library
from deepbass_engine.errors import InputError, OutputError, PlaylistError, shown
from deepbass_engine.library_tracks import LibraryTrack, grid_of
from deepbass_engine.paths import absolute, home
from deepbass_engine.playlist_formats import Listed, composed, parsed
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Given, Problem

AUDIO_EXTENSIONS = frozenset({
    ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".ape", ".au", ".caf", ".dff", ".dsf", ".flac",
    ".m4a", ".m4b", ".mka", ".mp2", ".mp3", ".mpc", ".oga", ".ogg", ".opus", ".rf64", ".snd",
    ".spx", ".tak", ".tta", ".w64", ".wav", ".wave", ".wma", ".wv",
})  # fmt: skip
"""Extensions of the files taken from a folder, in lower case. A file named by itself is taken
whatever its extension; the decoder judges it."""

LARGEST_PLAYLIST_BYTES = 32 * 1024 * 1024
DEEPEST_NESTING = 32

_WRITTEN = (".m3u8", ".m3u", ".pls", ".xspf")
_READ = (*_WRITTEN, *sorted(LIBRARY_EXTENSIONS))


class Collected(Struct, frozen=True):
    """The audio files that were asked for, in order, and what could not be had.

    Attributes
    ----------
    files
        Absolute paths; a file asked for twice stands here twice.
    problems
        What leads nowhere or can't be read.
    library_tracks
        For each file what the DJ library that named it says of it; None where none did.
    """

    files: tuple[Path, ...]
    problems: tuple[Problem, ...]
    library_tracks: tuple[LibraryTrack | None, ...]

    @property
    def given(self) -> tuple[Given, ...]:
        """For each file what a DJ library knows of it: evenly spaced beats, and a key."""
        return tuple(
            Given() if track is None else Given(beats=grid_of(track), key=track.key)
            for track in self.library_tracks
        )


class Entry(Struct, frozen=True):
    """An entry of a playlist that leads to a file or folder.

    Attributes
    ----------
    line
        Its line, from 1.
    path
        Where it leads to.
    library_track
        What a DJ library says of it.
    """

    line: int
    path: Path
    library_track: LibraryTrack | None = None


class _File(Struct, frozen=True):
    """An audio file that was asked for, and what a DJ library says of it."""

    path: Path
    library_track: LibraryTrack | None = None


class Playlist(Struct, frozen=True):
    """A playlist's entries, in order, and a problem for each that leads nowhere."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]


def collect(paths: Iterable[Path], *, cancel: CancelToken | None = None) -> Collected:
    """Turn files, folders and playlists into audio files.

    A folder gives the audio files in it and in its folders, ordered by name as a person counts;
    hidden ones and playlists in it are passed over, for the music of a playlist beside its own
    files would come twice, and a folder reached a second time by a link is left out. A playlist
    gives its entries, folders and other playlists included; what leads back to the playlist
    itself or to a folder above it is a problem. A DJ library is a playlist; one of several in it
    is chosen by ``#`` and its name behind the library's path, as in ``dj.xml#Summer / Warm up``.

    Parameters
    ----------
    paths
        What a person named, each a file, a folder or a playlist.
    cancel
        Looked at before each file and folder.

    Returns
    -------
    Collected
        The files and the problems, both in the order they were met.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    cancel = cancel or CancelToken()
    met = [item for path in paths for item in _expanded(absolute(path), (), cancel)]
    found = [item for item in met if isinstance(item, _File)]
    return Collected(
        files=tuple(file.path for file in found),
        problems=tuple(item for item in met if isinstance(item, Problem)),
        library_tracks=tuple(file.library_track for file in found),
    )


def read_playlist(
    path: Path, name: str | None = None, *, cancel: CancelToken | None = None
) -> Playlist:
    """Read a playlist and find what its entries lead to.

    Relative paths start at the playlist's folder. Of the ways an entry may be meant (encoding,
    percent signs, backslashes, composed or decomposed accents) the first that leads to something
    on the disk is taken. A track of a DJ library that is not where the library says is also
    looked for where it lies if it has moved together with the library.

    Parameters
    ----------
    path
        An ``.m3u``, ``.m3u8``, ``.pls`` or ``.xspf`` file, or an ``.xml`` or ``.nml`` DJ library.
    name
        Which playlist of a DJ library; it must have only one if this is None.
    cancel
        Looked at while a DJ library is read.

    Raises
    ------
    PlaylistError
        If the file can't be read or is no playlist.
    InputError
        If a DJ library can't be read or has no such playlist.
    Cancelled
        If asked to stop.
    """
    _check_extension(path, PlaylistError, _READ)
    folder = home(path)
    listed: list[tuple[Listed, LibraryTrack | None]]
    entries: list[Entry] = []
    problems: list[Problem] = []
    if path.suffix.lower() in LIBRARY_EXTENSIONS:
        chosen = read_library(path, cancel=cancel).playlist(name)
        listed = [(track.listed, track) for track in chosen.tracks]
        marks = dict.fromkeys(track.problem for track in chosen.tracks if track.problem)
        problems += [*chosen.problems, *marks]
        hint = f"find it again in the program and export once more, or put it in {shown(folder)}"
    else:
        listed = [(each, None) for each in parsed(_content(path), path)]
        hint = f"relative paths start at {shown(folder)}; mend the entry or put the file there"
    for each, library_track in listed:
        leads_to = None if each.is_stream else _first_existing(each, folder)
        if leads_to is None:
            problems.append(_nowhere(each, path, hint))
        else:
            entries.append(Entry(each.line, leads_to, library_track))
    return Playlist(tuple(entries), tuple(problems))


def write_playlist(path: Path, files: Sequence[Path]) -> None:
    """Write a playlist, in the format its extension says, whole or not at all.

    Paths are written relative to the playlist's folder where they share one, else whole.

    Raises
    ------
    OutputError
        If the extension is none of a playlist or the file can't be written.
    """
    _check_extension(path, OutputError, _WRITTEN)
    content = composed([absolute(file) for file in files], path, home(path))
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sorts names as a person counts, whatever their case and the form of their accents.

    >>> sorted(["10 x", "2 x", "Intro"], key=natural_key)
    ['2 x', '10 x', 'Intro']
    """
    parts: list[str | int] = list(re.split(r"(\d+)", unicodedata.normalize("NFC", name).casefold()))
    parts[1::2] = map(int, parts[1::2])
    return parts, name


def _expanded(
    path: Path,
    playlists: tuple[Path, ...],
    cancel: CancelToken,
    library_track: LibraryTrack | None = None,
) -> Iterator[_File | Problem]:
    """What one path gives; `playlists` are the ones that led here, to know a circle by."""
    cancel.raise_if_cancelled()
    if chosen := _in_library(path):
        yield from _from_playlist(*chosen, playlists, cancel)
        return
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        yield Problem(path, None, "there is no such file or folder", "check its name and place")
        return
    except (OSError, ValueError) as error:
        what = f"can't be reached: {_reason(error)}"
        yield Problem(path, None, what, "check its name and permissions")
        return
    if stat.S_ISDIR(mode):
        yield from _from_folder(path, cancel)
    elif not stat.S_ISREG(mode):
        hint = "save the sound as a file and name that"
        yield Problem(path, None, "is a device or pipe, not a file", hint)
    elif path.suffix.lower() in _READ:
        yield from _from_playlist(path, None, playlists, cancel)
    else:
        yield _File(path, library_track)


def _in_library(path: Path) -> tuple[Path, str] | None:
    """A DJ library and the name behind its ``#``; None where the whole is a path, or no library."""
    text = str(path)
    if "#" not in text or _exists(path):
        return None
    for hash_sign in reversed([match.start() for match in re.finditer("#", text)]):
        library = Path(text[:hash_sign])
        if library.suffix.lower() in LIBRARY_EXTENSIONS:
            status = _status(library)
            if status is not None and stat.S_ISREG(status.st_mode):
                return library, text[hash_sign + 1 :]
    return None


def _from_folder(top: Path, cancel: CancelToken) -> Iterator[_File | Problem]:
    waiting = [top]
    visited: set[tuple[int, int]] = set()
    is_empty = True
    while waiting:
        cancel.raise_if_cancelled()
        path = waiting.pop()
        status = _status(path)
        if status is not None and stat.S_ISDIR(status.st_mode):
            identity = (status.st_dev, status.st_ino)
            if identity in visited:  # by a link, perhaps one that leads back up
                continue
            visited.add(identity)
            try:
                inside = sorted(path.iterdir(), key=lambda child: natural_key(child.name))
            except OSError as error:
                is_empty = False
                what = f"can't be looked into: {_reason(error)}"
                yield Problem(path, None, what, "check its permissions")
            else:
                waiting += [child for child in reversed(inside) if child.name[0] != "."]
        elif path.suffix.lower() in AUDIO_EXTENSIONS:
            is_empty = False
            yield from _expanded(path, (), cancel)
    if is_empty:
        hint = "name another folder, or files by themselves if their extension is unusual"
        yield Problem(top, None, "there is no audio file in this folder", hint)


def _from_playlist(
    path: Path, name: str | None, playlists: tuple[Path, ...], cancel: CancelToken
) -> Iterator[_File | Problem]:
    try:
        playlist = read_playlist(path, name, cancel=cancel)
    except (InputError, PlaylistError) as error:
        yield Problem.from_error(error, path)
        return
    yield from playlist.problems
    if not playlist.entries and not playlist.problems:
        yield Problem(path, None, "this playlist has no entries", "add some, or leave it out")
    above = (*playlists, Path(os.path.realpath(path)))
    for entry in playlist.entries:
        if entry.path in home(path).parents:
            what = f"the entry names {shown(entry.path)}, which holds this playlist's own folder"
            yield Problem(path, entry.line, what, "name the folder with the music")
        elif entry.path.suffix.lower() not in _READ:
            yield from _expanded(entry.path, above, cancel, entry.library_track)
        elif Path(os.path.realpath(entry.path)) in above:
            what = f"the entry leads back to the playlist {shown(entry.path)}"
            yield Problem(path, entry.line, what, "take it out")
        elif len(above) >= DEEPEST_NESTING:
            what = f"playlists are nested more than {DEEPEST_NESTING} deep here"
            yield Problem(path, entry.line, what, "list the files in fewer playlists")
        else:
            yield from _expanded(entry.path, above, cancel)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_PLAYLIST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise PlaylistError(
            f"can't be read: {_reason(error)}", path=path, hint="check its name and permissions"
        ) from error
    if len(content) > LARGEST_PLAYLIST_BYTES:
        raise PlaylistError(
            f"this is not a playlist: it is larger than {LARGEST_PLAYLIST_BYTES >> 20} MiB",
            path=path,
            hint="give it the extension of what it is",
        )
    return content


def _first_existing(listed: Listed, folder: Path) -> Path | None:
    found = (_as_on_disk(folder / text) for text in listed.spellings if text)
    return next((absolute(path) for path in found if path is not None), None)


def _as_on_disk(path: Path) -> Path | None:
    """The path, with each folder's and the file's accents composed or not as they are there."""
    if _exists(path):
        return path
    if str(path).isascii():
        return None
    found = [Path(path.anchor)]
    for part in path.parts[1:]:
        forms = dict.fromkeys([part, *(unicodedata.normalize(f, part) for f in ("NFC", "NFD"))])
        found = [base / form for base in found for form in forms if _exists(base / form)]
    return next(iter(found), None)


def _exists(path: Path) -> bool:
    return _status(path) is not None


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):  # absent, out of reach, a name too long or with a NUL
        return None


def _nowhere(listed: Listed, playlist: Path, hint: str) -> Problem:
    if not listed.spellings:
        return Problem(playlist, listed.line, "this entry names no file", "mend it or take it out")
    # Bytes that are no UTF-8 read best in the last spelling, which is CP1252.
    text = next((s for s in listed.spellings if not re.search("[\udc80-\udcff]", s)), "")
    entry = shown(text or listed.spellings[0])
    entry = entry if len(entry) <= 120 else entry[:119] + "…"
    if listed.is_stream:
        what = f"{entry} is a stream, and streams can't be mixed"
        return Problem(playlist, listed.line, what, "save it as a file and list that")
    return Problem(playlist, listed.line, f"there is no file {entry}", hint)


def _check_extension(
    path: Path, error: type[PlaylistError | OutputError], known: tuple[str, ...]
) -> None:
    if path.suffix.lower() not in known:
        raise error(
            f"{path.suffix or 'a name without extension'} is no playlist format",
            path=path,
            hint=f"known formats: {', '.join(known)}",
        )


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)

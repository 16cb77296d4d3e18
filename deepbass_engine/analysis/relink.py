"""Finding files again that have moved: where one went, the others of its folders went too.

A person shows where one missing track is now. The other missing ones are looked for by the same
move of folders, and failing that by their name beside it:

::

    old   /mnt/disk | /Music/A/1.mp3           new   /home/me | /Music/A/1.mp3     chosen
    old   /mnt/disk | /Music/B/2.mp3   ->            /home/me | /Music/B/2.mp3     same move
    old   /elsewhere/3.mp3             ->            /home/me/Music/A/3.mp3        same name

A file that was found is taken unless the project remembers other content for its track.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deepbass_engine.analysis import cache
from deepbass_engine.audio.decode import require_readable
from deepbass_engine.errors import InputError
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Project, Track


@dataclass(frozen=True, slots=True)
class Relinked:
    """A project whose tracks were found again.

    Attributes
    ----------
    project
        The project, with the new places.
    n_relinked
        Rows that have a new place.
    unsure
        Files in the right place or of the right name that hold something else; not taken.
    """

    project: Project
    n_relinked: int
    unsure: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a track is now, and what is known of its content."""

    path: Path
    content_hash: str


def relinked(
    project: Project, track_id: str, new_path: Path, *, cancel: CancelToken | None = None
) -> Relinked:
    """Point a track to another file, and the missing ones like it to where they went.

    Every row of the same file follows.

    Parameters
    ----------
    project
        The project.
    track_id
        Names the row whose file a person has shown.
    new_path
        That file. It is taken whatever it holds, for a person chose it.
    cancel
        Looked at while files are read to be compared.

    Raises
    ------
    ValueError
        If the project has no such row.
    InputError
        If `new_path` is missing, unreadable or empty.
    Cancelled
        If asked to stop.
    """
    old_path = next((track.path for track in project.tracks if track.id == track_id), None)
    if old_path is None:
        raise ValueError(f"track_id is {track_id!r}; give the id of one of the project's tracks")
    new_path = new_path.absolute()
    require_readable(new_path)
    places = {old_path: _Place(new_path, _hash_of(new_path, cancel))}
    taken = {new_path, *(track.path for track in project.tracks)}
    unsure: list[Path] = []
    for track in project.tracks:
        if track.path in places or _is_file(track.path):
            continue
        place = _found(track, _candidates(track.path, old_path, new_path), taken, unsure, cancel)
        if place is not None:
            places[track.path] = place
            taken.add(place.path)
    tracks = tuple(
        msgspec.structs.replace(track, path=place.path, content_hash=place.content_hash)
        if (place := places.get(track.path))
        else track
        for track in project.tracks
    )
    return Relinked(
        msgspec.structs.replace(project, tracks=tracks),
        sum(track.path in places for track in project.tracks),
        tuple(dict.fromkeys(unsure)),
    )


def _candidates(path: Path, old_path: Path, new_path: Path) -> Iterator[Path]:
    """Where a file may be if `old_path` has become `new_path`, the likeliest first."""
    old_root, new_root = old_path.parent, new_path.parent
    while old_root.name and old_root.name == new_root.name:
        old_root, new_root = old_root.parent, new_root.parent
    if path.is_relative_to(old_root):
        yield new_root / path.relative_to(old_root)
    yield new_path.parent / path.name


def _found(
    track: Track,
    candidates: Iterator[Path],
    taken: set[Path],
    unsure: list[Path],
    cancel: CancelToken | None,
) -> _Place | None:
    """The first candidate that holds what the track held, as far as that is known.

    Where nothing is known of it, a file that stands in the project already is another's.
    """
    different = []
    for candidate in candidates:
        if not _is_file(candidate) or (not track.content_hash and candidate in taken):
            continue
        if not track.content_hash:
            return _Place(candidate, "")
        if _hash_of(candidate, cancel) == track.content_hash:
            return _Place(candidate, track.content_hash)
        different.append(candidate)
    unsure += different
    return None


def _hash_of(path: Path, cancel: CancelToken | None) -> str:
    try:
        return cache.hash_of(path, cancel=cancel)
    except OSError as error:
        raise InputError(
            f"can't be read: {error.strerror or error}", path=path, hint="check its disk"
        ) from error


def _is_file(path: Path) -> bool:
    """Whether there is a file, as far as can be told."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False

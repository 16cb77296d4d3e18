"""A collection or playlist that Traktor has written as NML.

Where a beat is and which tempo holds stand apart: ``CUE_V2`` of type 4 is a grid marker, from
which Traktor counts bars, in milliseconds. ``TEMPO`` is the tempo of the track, and since
version 4 a marker may have a ``GRID`` with one of its own. Playlists name their tracks by volume,
folders and file, with ``/:`` between.

The format has no published description; these rules follow what Traktor 2 to 4 write.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from deepbass_engine.library_reading import (
    LEAST_BPM,
    LONGEST_S,
    MOST_BPM,
    Gathered,
    Layout,
    Marks,
    gathered,
    playlists_of,
)
from deepbass_engine.library_tracks import (
    CueKind,
    CueMark,
    LibraryPlaylist,
    LibraryTrack,
    TempoMark,
)
from deepbass_engine.library_xml import Element
from deepbass_engine.playlist_formats import Listed, with_moved
from deepbass_engine.progress import CancelToken

_TRACK = "NML/COLLECTION/ENTRY"
_LOCATION = f"{_TRACK}/LOCATION"
_INFO = f"{_TRACK}/INFO"
_TEMPO = f"{_TRACK}/TEMPO"
_KEY = f"{_TRACK}/MUSICAL_KEY"
_CUE = f"{_TRACK}/CUE_V2"
_GRID = f"{_CUE}/GRID"
_DRIVE = re.compile(r"[a-z]:", re.IGNORECASE)
_GRID_MARKER = "4"
_KINDS: dict[str, CueKind] = {
    "0": "cue",
    "1": "fade-in",
    "2": "fade-out",
    "3": "load",
    "5": "loop",
}
_TONICS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_KEYS = {
    str(number): name for number, name in enumerate([*_TONICS, *(f"{tonic}m" for tonic in _TONICS)])
}
_NO_NAME = "n.n."
_LAYOUT = Layout(
    program="Traktor",
    outermost="NML",
    track=_TRACK,
    parts=frozenset({_LOCATION, _INFO, _TEMPO, _KEY, _CUE, _GRID}),
    node=re.compile(r"NML/PLAYLISTS/NODE(/SUBNODES/NODE)*"),
    entry=re.compile(r"NML/PLAYLISTS/NODE(/SUBNODES/NODE)*/PLAYLIST/ENTRY/PRIMARYKEY"),
    name="NAME",
    is_list=lambda node: node.text("TYPE") == "PLAYLIST",
)


def read(path: Path, *, cancel: CancelToken | None = None) -> tuple[LibraryPlaylist, ...]:
    """The playlists of a Traktor collection, in its order, without those it makes by rules.

    Raises
    ------
    InputError
        If the file can't be read, is damaged or is something else.
    Cancelled
        If asked to stop.
    """
    tracks, lists = gathered(path, _LAYOUT, cancel)
    by_place = {_place_of(track): track for track in reversed(tracks)}
    finished = functools.cache(functools.partial(_track, path=path))

    def track_of(_: Gathered, entry: Element) -> LibraryTrack | None:
        place = entry.text("KEY")
        if place in by_place:
            return finished(by_place[place])
        # An exported playlist may name what the collection beside it has lost.
        return LibraryTrack(_listed(place, entry.line)) if "/:" in place else None

    return playlists_of(lists, track_of, path)


def _place_of(track: Gathered) -> str:
    location = _first(track, _LOCATION)
    return location.text("VOLUME") + location.text("DIR") + location.text("FILE")


def _track(track: Gathered, path: Path) -> LibraryTrack:
    title, marks = track.element.text("TITLE"), Marks()
    tempos = marks.read(_with_tempos(track), _tempo)
    cues = [p for p in track.parts if p.place == _CUE and p.text("TYPE") != _GRID_MARKER]
    return LibraryTrack(
        listed=_listed(_place_of(track), _first(track, _LOCATION).line),
        title=title,
        artist=track.element.text("ARTIST"),
        key=_KEYS.get(_first(track, _KEY).text("VALUE"))
        or _first(track, _INFO).text("KEY").strip(),
        tempos=tuple(tempos),
        cues=tuple(marks.read(cues, _cue)),
        problem=marks.problem(title, path),
    )


def _first(track: Gathered, place: str) -> Element:
    """The first part of a track at a place; one without attributes where it has none."""
    empty = Element(place, {}, track.element.line)
    return next((part for part in track.parts if part.place == place), empty)


def _with_tempos(track: Gathered) -> list[Element]:
    """The grid markers, each with the tempo that holds from there as its own attribute."""
    of_track = _bpm(_first(track, _TEMPO))
    markers: list[Element] = []
    in_marker = False
    for part in track.parts:
        if part.place == _CUE:
            in_marker = part.text("TYPE") == _GRID_MARKER
            if in_marker:
                markers.append(Element(part.place, {**part.attributes, **of_track}, part.line))
        elif part.place == _GRID and in_marker:
            markers[-1].attributes.update(_bpm(part))
    return markers


def _bpm(element: Element) -> dict[str, str]:
    return {name: value for name, value in element.attributes.items() if name == "BPM"}


def _tempo(marker: Element) -> TempoMark:
    return TempoMark(
        start_s=_seconds(marker, "START"),
        bpm=marker.number("BPM", LEAST_BPM, MOST_BPM),
        beat_in_bar=1,
        metre="4/4",
    )


def _cue(mark: Element) -> CueMark:
    start_s, name = _seconds(mark, "START"), mark.text("NAME")
    length_s = _seconds(mark, "LEN", 0.0) if mark.text("LEN") else 0.0
    return CueMark(
        name="" if name == _NO_NAME else name,
        start_s=start_s,
        kind=mark.choice("TYPE", _KINDS),
        end_s=start_s + length_s if length_s else None,
    )


def _seconds(mark: Element, name: str, least_s: float = -LONGEST_S) -> float:
    return mark.number(name, 1000.0 * least_s, 1000.0 * LONGEST_S) / 1000.0


def _listed(place: str, line: int) -> Listed:
    """Where a track lies, from its volume, folders and file with ``/:`` between."""
    volume, *parts = place.split("/:")
    path = "/".join(parts)
    if not path:
        return Listed(line, ())
    if _DRIVE.fullmatch(volume):
        spellings: tuple[str, ...] = (f"{volume}/{path}",)
    else:  # macOS has its own disk among the volumes too
        spellings = (f"/Volumes/{volume}/{path}", f"/{path}")
    return with_moved(Listed(line, spellings))

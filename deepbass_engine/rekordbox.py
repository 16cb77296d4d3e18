"""A library that rekordbox has exported as XML.

A mark of ``TEMPO`` is a beat (``Inizio``, in seconds), which beat of the bar it is (``Battito``)
and the tempo from there on. Playlists name their tracks by number or by location.

Source: the list of the XML's elements that AlphaTheta gives developers, version 1.0.0.
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
from deepbass_engine.library_xml import Element, UnreadableError, short
from deepbass_engine.playlist_formats import Listed, as_listed, with_moved
from deepbass_engine.progress import CancelToken

_TRACK = "DJ_PLAYLISTS/COLLECTION/TRACK"
_TEMPO = f"{_TRACK}/TEMPO"
_CUE = f"{_TRACK}/POSITION_MARK"
_STREAM = re.compile(r"file://localhost/?[a-z]+:tracks?:", re.IGNORECASE)
_DRIVE = re.compile(r"file://localhost(?=[a-z]:/)", re.IGNORECASE)
_METRE = re.compile(r"([1-9][0-9]?)/[1-9][0-9]?", re.ASCII)
_KINDS: dict[str, CueKind] = {
    "0": "cue",
    "1": "fade-in",
    "2": "fade-out",
    "3": "load",
    "4": "loop",
}
_LAYOUT = Layout(
    program="rekordbox",
    outermost="DJ_PLAYLISTS",
    track=_TRACK,
    parts=frozenset({_TEMPO, _CUE}),
    node=re.compile(r"DJ_PLAYLISTS/PLAYLISTS(/NODE)+"),
    entry=re.compile(r"DJ_PLAYLISTS/PLAYLISTS(/NODE)+/TRACK"),
    name="Name",
    is_list=lambda node: node.text("Type") == "1",
)


def read(path: Path, *, cancel: CancelToken | None = None) -> tuple[LibraryPlaylist, ...]:
    """The playlists of a rekordbox library, in its order.

    Raises
    ------
    InputError
        If the file can't be read, is damaged or is something else.
    Cancelled
        If asked to stop.
    """
    tracks, lists = gathered(path, _LAYOUT, cancel)
    by_number = {track.element.text("TrackID"): track for track in reversed(tracks)}
    by_location = {track.element.text("Location"): track for track in reversed(tracks)}
    finished = functools.cache(functools.partial(_track, path=path))

    def track_of(playlist: Gathered, entry: Element) -> LibraryTrack | None:
        by_key = by_location if playlist.element.text("KeyType") == "1" else by_number
        track = by_key.get(entry.text("Key"))
        return None if track is None else finished(track)

    return playlists_of(lists, track_of, path)


def _track(track: Gathered, path: Path) -> LibraryTrack:
    element, marks = track.element, Marks()
    title = element.text("Name")
    tempos = marks.read((p for p in track.parts if p.place == _TEMPO), _tempo)
    cues = marks.read((p for p in track.parts if p.place == _CUE), _cue)
    return LibraryTrack(
        listed=_listed(element),
        title=title,
        artist=element.text("Artist"),
        key=element.text("Tonality").strip(),
        tempos=tuple(tempos),
        cues=tuple(cues),
        problem=marks.problem(title, path),
    )


def _listed(element: Element) -> Listed:
    location = element.text("Location")
    if _STREAM.match(location):
        return Listed(element.line, (location,), is_stream=True)
    uri = _DRIVE.sub("file://localhost/", location)  # as some versions write it on Windows
    # What XML can hold, UTF-8 can: no surrogates come out of the parser.
    return with_moved(as_listed(element.line, uri.encode(), None, is_uri=True))


def _tempo(mark: Element) -> TempoMark:
    metre = _METRE.fullmatch(mark.text("Metro"))
    if metre is None:
        raise UnreadableError(f'Metro is "{short(mark.text("Metro"))}", not a metre such as 4/4')
    beat = mark.number("Battito", 1, int(metre[1]))
    if not beat.is_integer():
        raise UnreadableError(f"Battito is {beat:g}, not a beat")
    return TempoMark(
        start_s=mark.number("Inizio", -LONGEST_S, LONGEST_S),
        bpm=mark.number("Bpm", LEAST_BPM, MOST_BPM),
        beat_in_bar=int(beat),
        metre=metre[0],
    )


def _cue(mark: Element) -> CueMark:
    start_s = mark.number("Start", -LONGEST_S, LONGEST_S)
    return CueMark(
        name=mark.text("Name"),
        start_s=start_s,
        kind=mark.choice("Type", _KINDS),
        end_s=mark.number("End", start_s, LONGEST_S) if mark.text("End") else None,
    )

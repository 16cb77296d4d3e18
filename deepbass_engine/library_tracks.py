"""What a DJ library says of its tracks and playlists, whichever program wrote it.

Times are seconds in the file as that program decodes it. Programs differ on where the first
sample of an MP3 or AAC file is, often by 26 ms, so a mark may be that much off here.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from deepbass_engine.playlist_formats import Listed
from deepbass_engine.project import GivenBeats, Problem

CueKind = Literal["cue", "fade-in", "fade-out", "load", "loop"]

SAME_TEMPO_BPM = 0.01
"""Two tempos that differ by no more are one: rekordbox writes two decimals."""
SAME_BEAT_S = 0.005
"""A mark this near to a beat of a grid is on it."""

_SLOWEST_BPM, _FASTEST_BPM = 20.0, 400.0
_ROUNDING = 1e-9


class TempoMark(Struct, frozen=True, gc=False):
    """A beat from which a tempo holds, up to the next mark.

    Attributes
    ----------
    start_s
        Where the beat is; before the first sample if negative.
    bpm
        Beats a minute.
    beat_in_bar
        Which beat of its bar it is, from 1.
    metre
        Beats in a bar and their value, as in "4/4".
    """

    start_s: float
    bpm: float
    beat_in_bar: int
    metre: str


class CueMark(Struct, frozen=True, gc=False):
    """A place, or with `end_s` a stretch, that a person or the program has marked."""

    name: str
    start_s: float
    kind: CueKind
    end_s: float | None = None


class LibraryTrack(Struct, frozen=True):
    """A track of a library.

    Attributes
    ----------
    listed
        Where it lies, and the line of the library that says so.
    title, artist
        Empty where the library has none.
    key
        As the library has it, such as "Am" or "8A"; empty where it has none.
    tempos
        In the order of the library.
    cues
        In the order of the library.
    problem
        The marks that were left out, if any.
    """

    listed: Listed
    title: str = ""
    artist: str = ""
    key: str = ""
    tempos: tuple[TempoMark, ...] = ()
    cues: tuple[CueMark, ...] = ()
    problem: Problem | None = None


class LibraryPlaylist(Struct, frozen=True):
    """A playlist of a library.

    Attributes
    ----------
    name
        With the folders it is in, as in "Summer / Warm up".
    tracks
        In the order they are played; a track listed twice stands here twice.
    problems
        Entries that name no track of the library.
    """

    name: str
    tracks: tuple[LibraryTrack, ...]
    problems: tuple[Problem, ...] = ()


def grid_of(track: LibraryTrack) -> GivenBeats | None:
    """The beats of a track as its library has them, where they are evenly spaced and in 4/4.

    Several marks are one grid if their tempos lie within `SAME_TEMPO_BPM`, one such tempo passes
    within `SAME_BEAT_S` of each mark, and their bars go on from each other. The tempo is the one
    written or, where its decimals are too few to meet all marks, the one that fits them best.

    Returns
    -------
    GivenBeats or None
        `first_beat_s` is the earliest beat at or after the first sample. None where nothing is
        known, the tempo or the bars change, or a project can't hold such a tempo.
    """
    marks = sorted(track.tempos, key=lambda mark: mark.start_s)
    if not marks or any(mark.metre != "4/4" for mark in marks):
        return None
    slowest, fastest = min(mark.bpm for mark in marks), max(mark.bpm for mark in marks)
    if fastest - slowest > SAME_TEMPO_BPM + _ROUNDING:
        return None
    written_bpm = (slowest + fastest) / 2.0
    beats = [0]
    for mark, following in pairwise(marks):
        beats.append(beats[-1] + round((following.start_s - mark.start_s) * written_bpm / 60.0))
    bars = {(mark.beat_in_bar - 1 - beat) % 4 for mark, beat in zip(marks, beats, strict=True)}
    tempo_bpm = written_bpm
    phases_s = _phases_s(marks, beats, tempo_bpm)
    if beats[-1] and not _is_one(phases_s):
        tempo_bpm = _fitted_bpm(marks, beats)
        tempo_bpm = min(max(tempo_bpm, fastest - SAME_TEMPO_BPM), slowest + SAME_TEMPO_BPM)
        phases_s = _phases_s(marks, beats, tempo_bpm)
    if not (_is_one(phases_s) and len(bars) == 1 and _SLOWEST_BPM <= tempo_bpm <= _FASTEST_BPM):
        return None
    period_s = 60.0 / tempo_bpm
    phase_s = (min(phases_s) + max(phases_s)) / 2.0
    before = math.floor(phase_s / period_s + 1e-6)  # a beat at 0 stays there in spite of rounding
    return GivenBeats(
        tempo_bpm=tempo_bpm,
        first_beat_s=max(phase_s - before * period_s, 0.0),
        first_downbeat=(before - bars.pop()) % 4,
        is_rough=True,
    )


def _phases_s(marks: list[TempoMark], beats: list[int], tempo_bpm: float) -> list[float]:
    """Where each mark says that the first mark's beat is."""
    return [mark.start_s - beat * 60.0 / tempo_bpm for mark, beat in zip(marks, beats, strict=True)]


def _is_one(phases_s: list[float]) -> bool:
    return max(phases_s) - min(phases_s) <= 2.0 * SAME_BEAT_S + _ROUNDING


def _fitted_bpm(marks: list[TempoMark], beats: list[int]) -> float:
    """The tempo that fits the places of the marks best, by least squares."""
    mean_beat = sum(beats) / len(beats)
    offsets = [beat - mean_beat for beat in beats]
    period_s = sum(
        offset * mark.start_s for offset, mark in zip(offsets, marks, strict=True)
    ) / sum(offset * offset for offset in offsets)
    return 60.0 / period_s

"""The columns of the playlist, declared once: their heads, what they show and what they sort by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QCoreApplication

from deepbass_engine.analysis.key import is_compatible
from deepbass_engine.analysis.music import Music
from deepbass_engine.mix.joins.tempo import is_near, meeting
from deepbass_engine.playlists import natural_key
from deepbass_engine.units import clock_text
from deepbass_gui.jobs.library import TrackFacts


@dataclass(frozen=True, slots=True)
class Status:
    """How a row fares.

    Attributes
    ----------
    text
        In a few words.
    icon, color
        Names of the icon (or empty) and of the colour in the theme.
    reasons
        All there is to say about it.
    rank
        The smaller, the more it wants to be looked at.
    """

    text: str
    icon: str = ""
    color: str = "secondary"
    reasons: tuple[str, ...] = ()
    rank: int = 3


@dataclass(frozen=True, slots=True)
class ShownTrack:
    """All that a column may show of a track."""

    number: int
    facts: TrackFacts
    status: Status
    is_pinned: bool = False
    music: Music | None = None
    """What was heard of it, with the beats that the playlist gives it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        What code and preferences call it.
    title, tip
        Its head, and what it holds.
    text
        What it shows of a track.
    sort_key
        What to sort by, None where it is not known of a track; a column without it can't be
        sorted by.
    width_px
        Its width before a person changes it; 0 takes what the others leave.
    from_px
        How wide the table must be for it to be shown, unless a person wants it or not.
    is_number
        Whether it is set in figures of one width, to the right.
    goes_with
        Whether what it shows of a track goes together with what it shows of the one before;
        None where that is no question.
    """

    name: str
    title: str
    tip: str
    text: Callable[[ShownTrack], str]
    sort_key: Callable[[ShownTrack], Any] | None
    width_px: int
    from_px: int = 0
    is_number: bool = False
    goes_with: Callable[[ShownTrack, ShownTrack], bool] | None = None


def columns() -> tuple[Column, ...]:
    """The columns, in order; to add one, add it here."""
    return (
        Column(
            "#", _tr("#"),
            _tr("Place in the playlist; a dot where the track keeps it when they are put in order"),
            lambda track: f"• {track.number}" if track.is_pinned else str(track.number),
            None, 40, is_number=True,
        ),
        Column(
            "title", _tr("Title"), _tr("Title, or the file's name where it has none"),
            lambda track: track.facts.title, lambda track: natural_key(track.facts.title), 0,
        ),
        Column(
            "artist", _tr("Artist"), _tr("Artist, as the file says"),
            lambda track: track.facts.tags.artist, _artist_key, 136, 596,
        ),
        Column(
            "length", _tr("Length"), _tr("Length of the file, in minutes and seconds"),
            _length, lambda track: track.facts.duration_s, 64, 452, is_number=True,
        ),
        Column(
            "rate", _tr("Rate"), _tr("Samples a second, in kilohertz"),
            _rate, _rate_hz, 80, 772, is_number=True,
        ),
        Column(
            "loudness", _tr("Loudness"), _tr("Integrated loudness, in LUFS"),
            _loudness, lambda track: track.facts.loudness_lufs, 96, 692, is_number=True,
        ),
        Column(
            "tempo", _tr("BPM"),
            _tr("Tempo, in beats a minute; in brackets where it is not sure; green where it is "
                "near enough to that of the track before to be joined on the beat"),
            _tempo, _tempo_bpm, 64, 340, is_number=True, goes_with=_tempi_meet,
        ),
        Column(
            "key", _tr("Key"),
            _tr("Key, as its place on the Camelot wheel; green where it goes with that of the "
                "track before"),
            _key, _camelot_place, 52, 340, goes_with=_keys_go_together,
        ),
        Column(
            "status", _tr("Status"), _tr("How far reading the file is, and what is wrong"),
            lambda track: track.status.text, lambda track: track.status.rank, 104,
        ),
    )  # fmt: skip


def _artist_key(track: ShownTrack) -> Any:
    artist = track.facts.tags.artist
    return natural_key(artist) if artist else None


def _length(track: ShownTrack) -> str:
    duration_s = track.facts.duration_s
    return "" if duration_s is None else clock_text(round(duration_s)).removesuffix(".0")


def _rate_hz(track: ShownTrack) -> int | None:
    analysis = track.facts.analysis
    return analysis.source.sample_rate_hz if analysis else None


def _rate(track: ShownTrack) -> str:
    rate_hz = _rate_hz(track)
    return "" if rate_hz is None else _tr("{rate} kHz").format(rate=f"{rate_hz / 1000:g}")


def _loudness(track: ShownTrack) -> str:
    loudness_lufs = track.facts.loudness_lufs
    if loudness_lufs is None:
        return ""
    return _tr("{level} LUFS").format(level=f"{loudness_lufs:.1f}".replace("-", "−"))


def _tempo_bpm(track: ShownTrack) -> float | None:
    music = track.music
    return None if music is None or music.beats is None else music.beats.tempo_bpm


def _tempi_meet(before: ShownTrack, track: ShownTrack) -> bool:
    grids = [each.music.beats if each.music else None for each in (before, track)]
    if any(grid is None or not grid.is_sure for grid in grids):
        return False
    first, second = (grid.tempo_bpm for grid in grids if grid is not None)
    return is_near(meeting(first, second))


def _keys_go_together(before: ShownTrack, track: ShownTrack) -> bool:
    keys = [each.music.key for each in (before, track) if each.music and each.music.key]
    return len(keys) == 2 and is_compatible(*keys)


def _tempo(track: ShownTrack) -> str:
    music = track.music
    if music is None or music.beats is None:
        return ""
    shown = f"{music.beats.tempo_bpm:.1f}"
    return shown if music.beats.is_sure else f"({shown})"


def _key(track: ShownTrack) -> str:
    music = track.music
    return "" if music is None or music.key is None else music.key.camelot


def _camelot_place(track: ShownTrack) -> tuple[int, str] | None:
    camelot = _key(track)
    return (int(camelot[:-1]), camelot[-1]) if camelot else None


def _tr(text: str) -> str:
    return QCoreApplication.translate("Playlist", text)

"""What the playlist knows of a track better than what was heard of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as with_fields

from deepbass_engine.analysis.beats import BeatGrid
from deepbass_engine.analysis.chroma import Chroma
from deepbass_engine.analysis.music import Music
from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.audio.tags import Tags
from deepbass_engine.mix.known import known
from deepbass_engine.project import GivenBeats, Span, Track

HEARD = BeatGrid(125.0, 0.2, 1)
ROW = Track(path=Path("/music/a.mp3"), id="a")


def analysis_of(beats: BeatGrid | None) -> TrackAnalysis:
    chroma = Chroma(np.zeros((4, 12), np.float32), 0.0)
    course = np.zeros(4, np.float32)
    music = Music(beats, None, -10.0, 5.0, -9.0, -9.5, -1.0, course, chroma, Tags())
    source = AudioSource(ROW.path, "MP3", "MP3", 44_100, ("FC",), 44_100, 44_100, 16, "pyav")
    return TrackAnalysis(source, Span(0, 44_100), -10.0, music=music)


def grid_with(beats: GivenBeats, heard: BeatGrid | None = HEARD) -> BeatGrid:
    music = known(with_fields(ROW, beats=beats), analysis_of(heard)).music
    assert music is not None
    assert music.beats is not None
    return music.beats


def beats_of(grid: BeatGrid, every: int = 1) -> np.ndarray:
    first = grid.first_beat_s + (grid.first_downbeat if every == 4 else 0) * grid.beat_s
    return first + every * grid.beat_s * np.arange(40)


def test_without_any_what_was_heard_stays() -> None:
    analysis = analysis_of(HEARD)
    assert known(ROW, analysis) is analysis


def test_what_a_person_gives_is_taken_as_it_is() -> None:
    given_beats = GivenBeats(tempo_bpm=125.01, first_beat_s=0.205, first_downbeat=3)
    grid = grid_with(given_beats)
    assert (grid.tempo_bpm, grid.first_beat_s, grid.first_downbeat) == (125.01, 0.205, 3)
    assert grid.is_sure


@given(
    st.floats(-0.055, 0.055),
    st.sampled_from([1.0, 2.0, 0.5]),
    st.integers(0, 3),
    st.floats(-4e-4, 4e-4),
)
def test_what_a_library_gives_is_moved_to_what_is_heard(
    late_s: float, level: float, bar: int, off: float
) -> None:
    exact = BeatGrid(HEARD.tempo_bpm * level, HEARD.first_beat_s, bar)
    shifted = exact.shifted(late_s)
    grid = grid_with(
        GivenBeats(
            tempo_bpm=shifted.tempo_bpm * (1 + off),
            first_beat_s=shifted.first_beat_s,
            first_downbeat=shifted.first_downbeat,
            is_rough=True,
        )
    )
    bars = 4 * exact.beat_s
    apart = (beats_of(grid, 4)[0] - beats_of(exact, 4)[0] + bars / 2) % bars - bars / 2
    assert grid.tempo_bpm == pytest.approx(exact.tempo_bpm, rel=1e-12)
    assert abs(apart) < 1e-4


@pytest.mark.parametrize(
    ("tempo_bpm", "first_s", "heard"),
    [
        (125.2, 0.2, HEARD),
        (125.0, 0.3, HEARD),
        (125.0, 0.21, None),
        (125.0, 0.21, replace(HEARD, confidence=0.2)),
    ],
)
def test_where_they_do_not_agree_the_library_is_right(
    tempo_bpm: float, first_s: float, heard: BeatGrid | None
) -> None:
    beats = GivenBeats(tempo_bpm=tempo_bpm, first_beat_s=first_s, is_rough=True)
    assert grid_with(beats, heard) == BeatGrid(tempo_bpm, first_s)


@pytest.mark.parametrize(("text", "name"), [("Am", "A minor"), ("8B", "C major"), ("?", None)])
def test_a_key_that_is_given_is_the_key(text: str, name: str | None) -> None:
    music = known(with_fields(ROW, key=text), analysis_of(HEARD)).music
    assert music is not None
    assert (music.key.name if music.key else None) == name
    assert music.beats == HEARD

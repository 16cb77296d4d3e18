from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.library_tracks import LibraryTrack, TempoMark, grid_of
from deepbass_engine.playlist_formats import Listed


def track(*marks: TempoMark) -> LibraryTrack:
    return LibraryTrack(Listed(1, ("a.wav",)), tempos=marks)


def mark(start_s: float, bpm: float, beat_in_bar: int = 1, metre: str = "4/4") -> TempoMark:
    return TempoMark(start_s, bpm, beat_in_bar, metre)


@pytest.mark.parametrize(
    ("only", "first_beat_s", "first_downbeat"),
    [
        (mark(0.0, 120.0), 0.0, 0),
        (mark(0.2, 120.0), 0.2, 0),
        (mark(0.2, 120.0, 2), 0.2, 3),
        (mark(0.2, 120.0, 4), 0.2, 1),
        (mark(0.7, 120.0), 0.2, 1),
        (mark(0.7, 120.0, 2), 0.2, 0),
        (mark(60.25, 120.0), 0.25, 0),
        (mark(61.25, 120.0), 0.25, 2),
        (mark(-0.1, 120.0), 0.4, 3),
    ],
)
def test_a_single_mark_gives_the_earliest_beat_and_the_first_downbeat(
    only: TempoMark, first_beat_s: float, first_downbeat: int
) -> None:
    grid = grid_of(track(only))
    assert grid is not None
    assert grid.tempo_bpm == 120.0
    assert grid.first_beat_s == pytest.approx(first_beat_s, abs=1e-9)
    assert grid.first_downbeat == first_downbeat


@given(
    tempo_bpm=st.floats(20.0, 400.0),
    first_beat=st.floats(0.0, 0.999),
    first_downbeat=st.integers(0, 3),
    beat=st.integers(-50, 5000),
)
def test_any_beat_of_a_grid_gives_that_grid(
    tempo_bpm: float, first_beat: float, first_downbeat: int, beat: int
) -> None:
    period_s = 60.0 / tempo_bpm
    start_s = (first_beat + beat) * period_s
    grid = grid_of(track(mark(start_s, tempo_bpm, (beat - first_downbeat) % 4 + 1)))
    assert grid is not None
    assert grid.tempo_bpm == tempo_bpm
    assert grid.first_beat_s == pytest.approx(first_beat * period_s, abs=1e-5 * period_s)
    assert grid.first_downbeat == first_downbeat


@given(
    tempo_bpm=st.floats(60.0, 200.0),
    first_beat=st.floats(0.1, 0.9),
    beats=st.lists(st.integers(0, 1200), min_size=1, max_size=20, unique=True),
)
def test_marks_written_with_few_decimals_are_one_grid_that_meets_them(
    tempo_bpm: float, first_beat: float, beats: list[int]
) -> None:
    period_s = 60.0 / tempo_bpm
    marks = [
        mark(round((first_beat + beat) * period_s, 3), round(tempo_bpm, 2), beat % 4 + 1)
        for beat in beats
    ]
    grid = grid_of(track(*marks))
    assert grid is not None
    assert grid.tempo_bpm == pytest.approx(tempo_bpm, abs=0.01)
    for each in marks:
        beat = (each.start_s - grid.first_beat_s) * grid.tempo_bpm / 60.0
        assert abs(beat - round(beat)) * 60.0 / grid.tempo_bpm <= 0.0051
        assert (round(beat) - grid.first_downbeat) % 4 == each.beat_in_bar - 1


def test_a_tempo_with_too_few_decimals_is_made_finer_by_marks_far_apart() -> None:
    period_s = 60.0 / 127.9961
    marks = [mark(round(0.1 + beat * period_s, 3), 128.0) for beat in (0, 400, 800)]
    grid = grid_of(track(*marks))
    assert grid is not None
    assert grid.tempo_bpm == pytest.approx(127.9961, abs=0.0005)


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        ((), "nothing is known"),
        ((mark(0.0, 120.0, metre="3/4"),), "not in four"),
        ((mark(0.0, 120.0), mark(16.0, 121.0)), "the tempo changes"),
        ((mark(0.0, 120.0), mark(16.0, 120.011)), "the tempo changes a little"),
        ((mark(0.0, 120.0), mark(16.25, 120.0, 2)), "the beat is shifted"),
        ((mark(0.0, 120.0), mark(8.0, 120.0), mark(16.02, 120.0)), "one beat is late"),
        ((mark(0.0, 120.0), mark(15.0, 120.0)), "a bar is cut short"),
        ((mark(0.0, 120.0), mark(0.1, 120.0)), "two marks are for one beat"),
        ((mark(0.0, 19.0),), "slower than a project holds"),
        ((mark(0.0, 401.0),), "faster than a project holds"),
    ],
)
def test_there_is_no_grid_where(marks: tuple[TempoMark, ...], why: str) -> None:
    assert grid_of(track(*marks)) is None, why


def test_marks_a_hundredth_of_a_beat_a_minute_and_five_milliseconds_apart_are_one_grid() -> None:
    marks = mark(0.105, 120.0), mark(2.095, 120.01), mark(4.105, 120.0)
    grid = grid_of(track(*marks))
    assert grid is not None
    assert grid.tempo_bpm == pytest.approx(120.005, abs=0.006)
    assert grid.first_beat_s == pytest.approx(0.1, abs=0.001)


def test_the_order_of_the_marks_does_not_matter() -> None:
    marks = mark(0.3, 128.0), mark(7.8, 128.0), mark(15.3, 128.0)
    assert grid_of(track(*marks)) == grid_of(track(*reversed(marks)))
    assert grid_of(track(*marks)) is not None


def test_two_marks_at_one_place_are_as_good_as_one() -> None:
    assert grid_of(track(mark(0.3, 128.0), mark(0.3, 128.0))) == grid_of(track(mark(0.3, 128.0)))

"""Beats in the window: drawn, mended, tapped, snapped to, and bars as a length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from loops import RATE_HZ, loop
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from deepbass_engine.analysis.beats import BeatGrid
from deepbass_engine.audio.warp import UNWARPED, Bend, Warp
from deepbass_engine.project import GivenBeats, Project, Track, usual_project
from deepbass_gui import theme
from deepbass_gui.beat_edits import given as given_beats
from deepbass_gui.beat_edits import with_bar_at, with_beats, with_next_downbeat
from deepbass_gui.document import Document
from deepbass_gui.edits import OWN_FIELDS, tracks_for, with_own, with_tracks
from deepbass_gui.main_window import MainWindow
from deepbass_gui.region_edit import Handle, Lane
from deepbass_gui.tapping import FEWEST_TAPS, Taps
from deepbass_gui.views.beat_marks import LEAST_PX, BeatMarks
from deepbass_gui.views.editor_lane import region_edges

grids = st.builds(
    lambda tempo, share, downbeat: BeatGrid(tempo, share * 60.0 / tempo, downbeat),
    st.floats(60.0, 200.0),
    st.floats(0.0, 0.99),
    st.integers(0, 3),
)


def bars_s(grid: BeatGrid) -> np.ndarray:
    return grid.first_beat_s + (grid.first_downbeat + 4 * np.arange(20)) * grid.beat_s


@given(grids, st.floats(0.0, 30.0))
def test_a_bar_begins_where_it_was_put_and_no_beat_moves_far(grid: BeatGrid, time_s: float) -> None:
    moved = with_bar_at(grid, time_s)
    apart = (time_s - bars_s(moved)[0]) % (4 * moved.beat_s)
    assert min(apart, 4 * moved.beat_s - apart) < 1e-6
    late = (moved.first_beat_s - grid.first_beat_s) % grid.beat_s
    assert moved.tempo_bpm == grid.tempo_bpm
    wanted = (time_s - grid.first_beat_s) % grid.beat_s
    assert min(abs(late - wanted), grid.beat_s - abs(late - wanted)) < 1e-6


@given(grids)
def test_four_times_a_beat_later_is_the_same_bar(grid: BeatGrid) -> None:
    moved = grid
    for _ in range(4):
        moved = with_next_downbeat(moved)
    np.testing.assert_allclose(bars_s(moved), bars_s(grid))
    assert with_next_downbeat(grid).first_downbeat != grid.first_downbeat


def test_only_tempi_of_music_can_be_given() -> None:
    assert given_beats(BeatGrid(19.0, 0.0)) is None
    assert given_beats(BeatGrid(128.0, 0.1, 2)) == GivenBeats(
        tempo_bpm=128.0, first_beat_s=0.1, first_downbeat=2
    )


def test_one_row_gets_beats_and_others_stay(tmp_path: Path) -> None:
    rows = tuple(Track(path=tmp_path / name, id=name) for name in "ab")
    beats = GivenBeats(tempo_bpm=100.0, first_beat_s=0.0)
    changed = with_beats(Project(tracks=rows), "b", beats)
    assert [track.beats for track in changed.tracks] == [None, beats]
    assert with_beats(changed, "b", None).tracks == rows


@given(st.floats(70.0, 170.0), st.floats(0.0, 5.0), st.integers(0, 2**32 - 1))
def test_taps_that_waver_have_the_tempo_that_was_found_and_their_own_place(
    tempo_bpm: float, first_s: float, seed: int
) -> None:
    taps, beat_s = Taps(), 60.0 / tempo_bpm
    waver = np.random.default_rng(seed).uniform(-0.01, 0.01, 16)
    for i, late in enumerate(waver):
        taps.add(first_s + i * beat_s + late)
    grid = taps.grid(BeatGrid(2.0 * tempo_bpm, 0.0))
    assert grid is not None
    assert grid.tempo_bpm == pytest.approx(tempo_bpm, rel=1e-12)
    late = (grid.first_beat_s - first_s + beat_s / 2) % beat_s - beat_s / 2
    assert abs(late) < 0.011


def test_taps_alone_are_a_tempo_and_a_pause_begins_anew() -> None:
    taps = Taps()
    for i in range(FEWEST_TAPS - 1):
        taps.add(i * 0.5)
        assert taps.grid(None) is None
    taps.add((FEWEST_TAPS - 1) * 0.5)
    grid = taps.grid(None)
    assert grid is not None
    assert grid.tempo_bpm == pytest.approx(120.0)
    taps.add(100.0)
    assert taps.n == 1


@given(grids, st.floats(1.0, 50_000.0))
def test_lines_are_never_closer_than_can_be_told(grid: BeatGrid, frames_per_pixel: float) -> None:
    marks = BeatMarks(grid, UNWARPED, 44_100)
    step = marks.step(frames_per_pixel)
    frames = marks.between(0, 44_100 * 60, step)
    assert np.all(np.diff(frames) >= LEAST_PX * frames_per_pixel * 0.999)
    if step in (1, 4):
        bars = frames[marks.is_bar(frames)]
        own = bars_s(grid)
        np.testing.assert_allclose(bars[:5] / 44_100, own[own >= -1e-9][:5], atol=1e-6)


def test_lines_of_a_stretched_end_are_where_its_beats_are_heard() -> None:
    warp = Warp(tail=Bend(1.05, 200_000, 100_000), tail_start=400_000)
    marks = BeatMarks(BeatGrid(120.0, 0.0), warp, 44_100)
    frames = marks.between(0, 700_000)
    heard = [warp.source_frame(frame) / 44_100 / 0.5 for frame in frames]
    np.testing.assert_allclose(heard, np.arange(len(heard)), atol=1e-6)
    assert np.diff(frames)[-1] == pytest.approx(0.5 * 44_100 / 1.05)


@pytest.fixture
def window(qtbot: QtBot, document: Document, tmp_path: Path) -> Iterator[MainWindow]:
    """Two loops joined on the beat."""
    paths = []
    for number, tempo_bpm in enumerate((120.0, 124.0)):
        path = tmp_path / f"{number}.wav"
        made = loop("house", tempo_bpm, seconds=60.0, seed=number)
        soundfile.write(path, made.samples, RATE_HZ)
        paths.append(path)
    made = MainWindow(document)
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    project = usual_project()
    document.open(with_tracks(project, tracks_for(paths, project)), None)
    qtbot.waitUntil(lambda: document.is_settled and document.plan is not None, timeout=20_000)
    made.show_part("editor")
    yield made
    document.undo_stack.setClean()
    assert made.close()


def tempo_shown(window: MainWindow, row: int) -> str:
    model = window.playlist.model
    column = next(i for i, c in enumerate(model.columns) if c.name == "tempo")
    return str(model.index(row, column).data())


def run(window: MainWindow, name: str) -> None:
    assert window.actions_by_name[name].isEnabled()
    window.actions_by_name[name].trigger()


def test_the_tempo_of_the_chosen_track_is_halved_and_taken_back(window: MainWindow) -> None:
    window.editor.canvas.choose_handle(Lane.IN, Handle.WHOLE)
    run(window, "beats_halve")
    assert [tempo_shown(window, row) for row in (0, 2)] == ["120.0", "62.0"]
    assert window.document.plan is not None
    join = window.document.plan.fades[0].join
    assert join is not None
    assert join.met.relation == 2.0
    run(window, "beats_double")
    assert tempo_shown(window, 2) == "124.0"
    run(window, "beats_found")
    assert window.document.project.tracks[1].beats is None
    window.document.undo_stack.undo()
    assert window.document.project.tracks[1].beats is not None


def test_shifts_one_after_the_other_are_one_step(window: MainWindow) -> None:
    before = window.document.plan.tracks[0].beats
    steps = window.document.undo_stack.index()
    for _ in range(3):
        run(window, "beats_later")
    after = window.document.plan.tracks[0].beats
    moved = (after.first_beat_s - before.first_beat_s) % before.beat_s
    assert moved == pytest.approx(0.015, abs=1e-9)
    assert window.document.undo_stack.index() == steps + 1


def test_a_bar_begins_at_the_playhead(window: MainWindow) -> None:
    rate_hz = window.document.plan.sample_rate_hz
    window.player.seek(20 * rate_hz + 777)
    run(window, "beats_here")
    grid = window.document.plan.tracks[0].beats
    own_s = 20 + (777 + window.document.plan.tracks[0].span.start_frame) / rate_hz
    bar = (own_s - bars_s(grid)[0]) % (4 * grid.beat_s)
    assert min(bar, 4 * grid.beat_s - bar) < 1e-6


def test_taps_without_sound_are_a_tempo(window: MainWindow, qtbot: QtBot) -> None:
    for _ in range(FEWEST_TAPS):
        run(window, "beats_tap")
        qtbot.wait(300)
    given = window.document.project.tracks[0].beats
    assert given is not None
    assert 100 < given.tempo_bpm < 240


def test_an_edge_that_is_dragged_stops_at_a_beat(window: MainWindow) -> None:
    canvas = window.editor.canvas
    left, right = region_edges(canvas.scene.lane(Lane.OUT), canvas.axis)
    at = QPoint(round((left + right) / 2), round(canvas.lane_rect(Lane.OUT).center().y()))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=at)
    for by in (5, 20, 33):
        QTest.mouseMove(canvas, at - QPoint(by, 0))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=at - QPoint(33, 0))
    scene = canvas.scene
    region, marks = scene.lane(Lane.OUT).region, scene.lane(Lane.OUT).beats
    apart = [
        np.abs(marks.between(edge - 50_000, edge + 50_000) - edge).min()
        for edge in (region.start_frame, region.end_frame)
    ]
    assert min(apart) <= 2.0


def test_bars_are_a_length(window: MainWindow) -> None:
    fields = window.editor.fields
    fields.bars.setCurrentIndex(fields.bars.findData(4))
    fields.bars.activated.emit(fields.bars.currentIndex())
    (own,) = window.document.project.transitions
    assert (own.bars, own.duration_s) == (4, None)
    assert window.document.plan.fades[0].join.placed.n_bars == 4
    fields.length.setValue(6.0)
    (own,) = window.document.project.transitions
    assert (own.bars, own.duration_s) == (None, 6.0)
    fields.bars.setCurrentIndex(0)
    fields.bars.activated.emit(0)
    assert window.document.project.transitions == ()


def test_bars_are_offered_only_on_the_beat(window: MainWindow) -> None:
    fields = window.editor.fields
    assert fields.bars.isVisible()
    assert not fields.seed.isVisible()
    pair = window.selection.pair
    window.document.edit("plain", with_own(window.document.project, pair, style="plain"))
    assert not fields.bars.isVisible()
    assert fields.seed.isVisible()


def test_a_tempo_that_meets_the_one_before_is_highlighted(window: MainWindow) -> None:
    model = window.playlist.model
    column = next(i for i, c in enumerate(model.columns) if c.name == "tempo")
    color = Qt.ItemDataRole.ForegroundRole
    assert model.index(0, column).data(color) != theme.colors().ok
    assert model.index(2, column).data(color) == theme.colors().ok
    assert "BPM" in model.index(2, column).data(Qt.ItemDataRole.ToolTipRole)


def test_whatever_a_transition_has_of_its_own_is_told(window: MainWindow) -> None:
    values = {
        "method": "simple", "curve": "tri", "duration_s": 3.0, "seed": 1, "morph": "raw",
        "embedding_fade": "Extend", "morph_pace": "even", "style": "plain", "bars": 2,
    }  # fmt: skip
    assert set(values) == set(OWN_FIELDS)
    project = with_own(window.document.project, window.selection.pair, **values)
    window.document.edit("all", project)
    tip = window.playlist.model.index(1, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.count(",") >= len(values) - 1

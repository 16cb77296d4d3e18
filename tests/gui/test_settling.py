"""All that is on the beat chosen by measuring, in the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from loops import RATE_HZ, loop
from pytestqt.qtbot import QtBot

from deepbass_engine.mix.measured_style import settle_styles
from deepbass_engine.project import GivenBeats, usual_project
from deepbass_gui.beat_edits import with_beats
from deepbass_gui.document import Document
from deepbass_gui.edits import tracks_for, with_mix, with_own, with_tracks
from deepbass_gui.jobs.searching import Settled, analyses_of
from deepbass_gui.main_window import MainWindow


@pytest.fixture
def window(qtbot: QtBot, document: Document, tmp_path: Path) -> Iterator[MainWindow]:
    """The window over two loops whose bass is a semitone apart; the second hisses."""
    paths = []
    for number, (tempo_bpm, bass_hz, noise) in enumerate(((124.0, 55.0, 0.0), (123.0, 58.27, 0.9))):
        made = loop("house", tempo_bpm, seconds=60.0, bass_hz=bass_hz, noise=noise, seed=number)
        paths.append(tmp_path / f"{number}.wav")
        soundfile.write(paths[-1], made.samples, RATE_HZ, subtype="FLOAT")
    made_window = MainWindow(document)
    qtbot.addWidget(made_window)
    project = usual_project()
    document.open(with_tracks(project, tracks_for(paths, project)), None)
    qtbot.waitUntil(lambda: document.is_settled and document.plan is not None, timeout=20_000)
    yield made_window
    document.undo_stack.setClean()
    assert made_window.close()


def said(window: MainWindow) -> str:
    return " ".join((*window.notices.texts(), window.statusBar().currentMessage()))


def test_what_measures_better_is_one_step_and_the_same_as_on_the_command_line(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    before = document.project
    expected = settle_styles(before, analyses_of(document)).project
    assert expected != before
    with qtbot.waitSignal(document.edited, timeout=30_000):
        window.actions_by_name["settle"].trigger()
    assert document.project == expected
    assert "1 on the beat measured, 1 changed" in said(window)
    document.undo_stack.undo()
    assert document.project == before
    document.undo_stack.redo()
    with qtbot.waitSignal(window.search.searcher.settled, timeout=30_000):
        window.actions_by_name["settle"].trigger()
    assert document.project == expected
    assert "1 on the beat measured: none is better" in said(window)


@pytest.mark.slow
def test_an_edit_meanwhile_is_kept_and_measured_too(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    edited = with_mix(document.project, target_lufs=-16.0)
    found: list[Settled] = []
    window.search.searcher.settled.connect(found.append)
    window.actions_by_name["settle"].trigger()
    document.edit("Loudness", edited)
    qtbot.waitUntil(lambda: len(found) == 2, timeout=30_000)
    assert found[1].before == edited
    assert document.project == found[1].styles.project != edited


def test_opening_another_project_stops_it(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    other = with_mix(document.project, target_lufs=-18.0)
    with qtbot.waitSignal(window.search.searcher.changed, timeout=30_000):
        window.actions_by_name["settle"].trigger()
    document.open(other, None)
    qtbot.waitUntil(lambda: not window.search.searcher.is_searching, timeout=30_000)
    qtbot.wait(50)
    assert not window.search.searcher.is_searching
    assert document.project == other
    assert not document.is_modified


def test_where_all_was_chosen_by_hand_it_says_that_nothing_was_measured(
    window: MainWindow, document: Document, qtbot: QtBot
) -> None:
    assert document.plan is not None
    pair = document.pair(document.plan.fades[0])
    document.edit("Bars", with_own(document.project, pair, bars=2))
    with qtbot.waitSignal(window.search.searcher.settled, timeout=30_000):
        window.actions_by_name["settle"].trigger()
    assert "nothing was measured" in said(window)


@pytest.mark.slow
def test_a_beat_that_is_mended_makes_what_was_measured_open_again(
    window: MainWindow, document: Document, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(document.edited, timeout=30_000):
        window.actions_by_name["settle"].trigger()
    (own,) = document.project.transitions
    assert "score" in own.because
    beats = GivenBeats(tempo_bpm=124.0, first_beat_s=0.1)
    document.edit("Beats", with_beats(document.project, own.out_track, beats))
    assert "score" not in document.project.transitions[0].because
    with qtbot.waitSignal(window.search.searcher.settled, timeout=30_000) as ended:
        window.actions_by_name["settle"].trigger()
    assert ended.args[0].styles.n_measured == 1


def test_it_is_stopped_and_nothing_is_changed(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    before = document.project
    with qtbot.waitSignal(window.search.searcher.stopped, timeout=30_000):
        window.actions_by_name["settle"].trigger()
        assert window.search.searcher.is_searching
        window.search.searcher.cancel()
    assert document.project == before
    assert not document.is_modified


@pytest.mark.slow
def test_what_a_search_offered_goes_where_measuring_changed_it(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    assert document.plan is not None
    window.selection.choose(document.pair(document.plan.fades[0]))
    window.search.button.n_candidates.setValue(4)
    with qtbot.waitSignal(window.search.searcher.finished, timeout=30_000):
        window.actions_by_name["find_better"].trigger()
    assert window.search.panel.isVisibleTo(window)
    with qtbot.waitSignal(document.edited, timeout=30_000):
        window.actions_by_name["settle"].trigger()
    assert not window.search.panel.isVisibleTo(window)

"""Finding a better transition in the window: searched, compared, kept, thrown away, undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, own, with_own
from deepbass_gui.jobs.searching import Searched
from deepbass_gui.main_window import MainWindow
from deepbass_gui.models.choices import WHAT
from deepbass_gui.views.choices import Cover
from deepbass_gui.views.searching import FindButton
from tests.decks import RATE_HZ, deck, drums
from tests.signals import write

Fill = Callable[..., Document]
Install = Callable[..., str]


@pytest.fixture
def beats(tmp_path: Path) -> list[Path]:
    """Three decks of one tempo, each a third of a beat behind the one before it."""
    sounds = [deck(drums(first_s=n / 6)[: 6 * RATE_HZ]) for n in range(3)]
    return [write(tmp_path / f"{n}.wav", sound) for n, sound in enumerate(sounds)]


@pytest.fixture
def window(
    qtbot: QtBot, document: Document, filled: Fill, beats: list[Path]
) -> Iterator[MainWindow]:
    """The window over these decks, faded into each other within two seconds."""
    made = MainWindow(document)
    qtbot.addWidget(made)
    filled(beats, 2.0)
    made.search.button.n_candidates.setValue(6)
    made.show()
    qtbot.waitExposed(made)
    yield made
    document.undo_stack.setClean()
    assert made.close()


def searched(qtbot: QtBot, window: MainWindow, command: str = "find_better") -> Searched:
    """Search, and wait for the end."""
    with qtbot.waitSignal(window.search.searcher.finished, timeout=30_000) as ended:
        window.actions_by_name[command].trigger()
    result = ended.args[0]
    assert isinstance(result, Searched)
    return result


def press(qtbot: QtBot, window: MainWindow, key: Qt.Key) -> None:
    window.timeline.setFocus()
    qtbot.keyClick(window.timeline, key)


def pairs_of(document: Document) -> list[Pair]:
    assert document.plan is not None
    return [document.pair(fade) for fade in document.plan.fades]


def test_the_best_that_is_found_scores_lower_and_is_kept_as_one_step(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    before = document.project
    (found,) = searched(qtbot, window).found
    best, now = found.ranked[0], next(each for each in found.ranked if each.is_default)
    assert best.score < now.score
    assert document.project == before  # nothing is changed unasked
    assert window.search.panel.isVisible()
    press(qtbot, window, Qt.Key.Key_A)
    press(qtbot, window, Qt.Key.Key_K)
    assert not window.search.panel.isVisible()
    assert own(document.project, found.pair).because == best.because
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.project == before


def test_the_keys_show_each_setting(qtbot: QtBot, window: MainWindow, document: Document) -> None:
    searched(qtbot, window)
    comparison = window.comparison
    assert comparison.choices == ("A", "B", "C")
    for key, letter in ((Qt.Key.Key_A, "A"), (Qt.Key.Key_B, "B"), (Qt.Key.Key_3, "C")):
        press(qtbot, window, key)
        assert comparison.shown == letter
        shown = comparison.setting(letter)
        assert shown is not None
        assert own(document.project, pairs_of(document)[0]) == shown.own


def test_escape_stops_the_search_and_leaves_everything_as_it_was(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    before = document.project
    with qtbot.waitSignal(window.search.searcher.stopped, timeout=30_000):
        window.actions_by_name["find_better"].trigger()
        assert window.search.progress.isVisible()
        press(qtbot, window, Qt.Key.Key_Escape)
    assert document.project == before
    assert not document.is_modified
    assert not window.search.panel.isVisible()
    assert not window.search.progress.isVisible()
    assert "everything is as it was" in window.statusBar().currentMessage()


def test_what_was_found_is_thrown_away_where_the_transition_was_edited_meanwhile(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    pair = pairs_of(document)[0]
    with qtbot.waitSignal(window.search.searcher.finished, timeout=30_000):
        window.actions_by_name["find_better"].trigger()
        document.edit("Length", with_own(document.project, pair, duration_s=1.5))
    assert not window.search.panel.isVisible()
    assert not window.comparison.is_on
    assert own(document.project, pair).duration_s == 1.5
    assert "no longer fits and is thrown away" in " ".join(window.notices.texts())


def test_all_flagged_take_their_best_as_one_step_and_offer_the_others(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    before, pairs = document.project, pairs_of(document)
    result = searched(qtbot, window, "find_better_flagged")
    assert [found.pair for found in result.found] == pairs
    assert all(found.ranked[0].score < 1.0 for found in result.found)
    assert [own(document.project, f.pair).because for f in result.found] == [
        f.ranked[0].because for f in result.found
    ]
    assert document.undo_stack.count() == 1
    for pair in pairs:
        window.selection.choose(pair)
        assert window.comparison.shown == "A"
    press(qtbot, window, Qt.Key.Key_3)
    assert own(document.project, pairs[1]) == own(before, pairs[1])
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert document.project == before


def test_what_is_offered_waits_while_another_transition_is_looked_at(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    searched(qtbot, window)
    window.selection.step(1)
    assert not window.search.panel.isVisible()
    assert not window.comparison.is_on
    window.selection.step(-1)
    assert window.search.panel.isVisible()
    assert window.comparison.shown == "C"


@pytest.mark.slow
def test_an_offer_is_forgotten_when_another_setting_was_made_by_hand(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    searched(qtbot, window)
    pair = pairs_of(document)[0]
    window.selection.step(1)
    document.edit("Length", with_own(document.project, pair, duration_s=1.5))
    window.selection.step(-1)
    assert not window.search.panel.isVisible()


def test_blind_the_letters_are_shuffled_and_nothing_is_shown_until_it_is_revealed(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    searched(qtbot, window)
    open_letters = [window.comparison.setting(letter) for letter in "ABC"]
    covers = window.findChildren(Cover)
    window.search.listen_blind(seed=1)
    assert window.comparison.is_blind
    assert len(covers) >= 4
    assert all(cover.isVisible() for cover in covers)
    letters = [window.comparison.setting(letter) for letter in "ABC"]
    assert letters != open_letters
    assert set(letters) == set(open_letters)
    what = [str(window.search.panel.model.index(row, WHAT).data()) for row in range(3)]
    assert what == 3 * ["hidden while you listen"]
    qtbot.keyClick(window.search.panel.table, Qt.Key.Key_H)
    assert not window.comparison.is_blind
    assert not any(cover.isVisible() for cover in covers)
    assert [window.comparison.setting(letter) for letter in "ABC"] == letters


@pytest.mark.slow
def test_the_same_seed_gives_the_same_letters(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    searched(qtbot, window)
    seen = []
    for seed in (5, 6, 5, 7, 8, 9):
        window.search.listen_blind(seed=seed)
        seen.append(tuple(window.comparison.setting(letter) for letter in "ABC"))
        window.comparison.reveal()
    assert seen[0] == seen[2]
    assert len(set(seen)) > 1


@pytest.mark.slow
def test_what_was_heard_blind_is_kept_as_one_step(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    before = document.project
    searched(qtbot, window)
    window.search.listen_blind(seed=2)
    for letter in "BCAB":
        window.comparison.show(letter)
    kept = document.project
    window.comparison.keep()
    assert document.project == kept
    assert document.undo_stack.index() == int(kept != before)
    document.undo_stack.undo()
    assert document.project == before


@pytest.mark.slow
def test_opening_another_project_forgets_what_was_found(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    searched(qtbot, window)
    document.open(document.project, None)
    assert not window.search.panel.isVisible()
    window.selection.step(1)
    window.selection.step(-1)
    assert not window.search.panel.isVisible()


def test_closing_ends_a_search(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_by_name["find_better"].trigger()
    with qtbot.waitSignal(window.closed):
        assert window.close()
    assert not window.search.searcher.is_searching


@pytest.mark.usefixtures("nothing_bundled")
def test_nsynth_is_tried_only_where_that_is_wanted_and_there_is_a_model(
    qtbot: QtBot, window: MainWindow, document: Document, installed: Install
) -> None:
    button, nsynth = window.search.button, document.nsynth
    assert not button.tries_nsynth.isEnabled()
    with qtbot.waitSignal(nsynth.models_changed):
        installed()
        nsynth.look()
    assert button.tries_nsynth.isEnabled()
    assert button.settings.methods == ()
    button.tries_nsynth.click()
    assert button.settings.methods == ("simple", "nsynth")


def test_how_a_search_is_done_is_remembered(qtbot: QtBot, window: MainWindow) -> None:
    window.search.button.n_candidates.setValue(17)
    again = FindButton(window.document, window.selection)
    qtbot.addWidget(again)
    assert again.settings.n_candidates == 17


def test_one_search_goes_on_at_a_time(qtbot: QtBot, window: MainWindow) -> None:
    searcher = window.search.searcher
    with qtbot.waitSignal(searcher.stopped, timeout=30_000):
        window.actions_by_name["find_better"].trigger()
        window.actions_by_name["find_better"].trigger()
        assert "A search goes on" in window.statusBar().currentMessage()
        searcher.cancel()
    assert not searcher.is_searching


@pytest.mark.slow
def test_nsynth_is_among_what_is_found_where_it_is_tried(
    qtbot: QtBot, window: MainWindow, document: Document, installed: Install
) -> None:
    with qtbot.waitSignal(document.nsynth.models_changed):
        installed()
        document.nsynth.look()
    document.edit("Length", with_own(document.project, pairs_of(document)[0], duration_s=0.5))
    window.search.button.tries_nsynth.click()
    (found,) = searched(qtbot, window).found
    assert {each.candidate.method for each in found.ranked} == {"simple", "nsynth"}

"""What a search offers: which of its candidates, in which words, and what is seen of it blind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from deepbass_engine.mix.candidates import Candidate
from deepbass_engine.mix.choosing import Ranked, ranked
from deepbass_engine.mix.quality import Curve, Measure, MeasuredTransition, Outline, Quality
from deepbass_gui.comparison import Comparison
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, own, with_own
from deepbass_gui.jobs.searching import Found, subject
from deepbass_gui.models.choices import (
    LETTER,
    SCORE,
    TERMS,
    WHAT,
    WHY,
    Offer,
    difference_words,
    offer_of,
    setting_line,
)
from deepbass_gui.player import Player
from deepbass_gui.selection import Selection
from deepbass_gui.views.choices import ChoicesPanel, Cover
from tests.gui.pulled_output import PulledOutput

Fill = Callable[..., Document]

NOW = Candidate("simple", "equal_power", 1.0)


def measured(click_db: float) -> MeasuredTransition:
    """A transition of which nothing is known but a click."""
    click = Measure(
        value=click_db, unit="dB", outgoing=0.0, incoming=0.0, excess=click_db, limit=12.0,
        range_s=(0.0, 0.1), words="it clicks",
    )  # fmt: skip
    curve = Curve(start_s=0.0, hop_s=1.0, mixed=(), outgoing=(), incoming=())
    outline = Outline(start_s=0.0, column_s=1.0, mixed=(), outgoing=(), incoming=())
    return MeasuredTransition(
        quality=Quality(click=click), roughness=curve, dissonance=curve, outline=outline
    )


def ranking(*candidates: tuple[Candidate, float], now_db: float = 24.0) -> tuple[Ranked, ...]:
    """The present setting and others, each with the height of its click."""
    found = [(NOW, measured(now_db)), *((c, measured(click_db)) for c, click_db in candidates)]
    return ranked(NOW, found)


@pytest.fixture
def comparison(document: Document, selection: Selection, qtbot: QtBot) -> Iterator[Comparison]:
    player = Player(document, output=PulledOutput(qtbot))
    made = Comparison(document, selection, player)
    yield made
    made.shut_down()
    player.shut_down()


def found_now(document: Document, pair: Pair, found: Sequence[Ranked]) -> Found:
    """What a search of the document as it is now has found."""
    assert document.plan is not None
    return Found(pair, subject(document.plan, 0, document.project.limits), tuple(found))


@pytest.fixture
def offer(selection: Selection, filled: Fill) -> Offer:
    """Half the length, later, and as it is: in this order."""
    document = filled()
    assert selection.pair is not None
    made = offer_of(
        found_now(
            document,
            selection.pair,
            ranking(
                (Candidate("simple", "equal_power", 0.5), 0.0),
                (Candidate("simple", "tri", 1.0, 0.0, 0.75), 6.0),
            ),
        ),
        document,
    )
    assert made is not None
    return made


@pytest.fixture
def panel(qtbot: QtBot, comparison: Comparison, offer: Offer) -> ChoicesPanel:
    """A panel that shows the offer, with the comparison of it begun."""
    made = ChoicesPanel(comparison)
    qtbot.addWidget(made)
    letters = dict(zip("ABC", offer.options, strict=True))
    comparison.offer({letter: option.setting for letter, option in letters.items()}, "C")
    made.show_options(letters)
    return made


def text(panel: ChoicesPanel, row: int, column: int) -> str:
    return str(panel.model.index(row, column).data())


# Which are offered


def test_the_best_is_first_and_the_setting_of_before_is_among_them(offer: Offer) -> None:
    assert [option.ranked.candidate.duration_s for option in offer.options] == [0.5, 1.0, 1.0]
    assert offer.best is offer.options[0]
    assert offer.before is offer.options[2]


def test_of_many_the_setting_of_before_is_the_last_of_three(
    selection: Selection, filled: Fill
) -> None:
    document = filled()
    assert selection.pair is not None
    others = [(Candidate("simple", "tri", 1.0, 0.3 * n), float(n)) for n in range(5)]
    made = offer_of(found_now(document, selection.pair, ranking(*others)), document)
    assert made is not None
    assert [option.ranked.is_default for option in made.options] == [False, False, True]


def test_what_the_ear_does_not_tell_apart_is_offered_once(
    selection: Selection, filled: Fill
) -> None:
    document = filled()
    assert selection.pair is not None
    found = ranking(
        (Candidate("simple", "tri", 1.0, 0.0, 0.50), 0.0),
        (Candidate("simple", "tri", 1.0, 0.0, 0.53), 1.0),
        (Candidate("simple", "tri", 1.0, 0.0, 0.95), 2.0),
    )
    made = offer_of(found_now(document, selection.pair, found), document)
    assert made is not None
    assert [option.ranked.candidate.later_s for option in made.options] == [0.50, 0.95, 0.0]


def test_each_option_is_the_setting_that_the_engine_makes_of_it(
    offer: Offer, document: Document
) -> None:
    analyses = document.analyses(offer.pair)
    assert analyses is not None
    project = offer.best.setting.put_in(document.project, offer.pair, analyses)
    assert own(project, offer.pair).duration_s == 0.5
    assert own(project, offer.pair).because == offer.best.ranked.because
    assert offer.before.setting.put_in(project, offer.pair, analyses) == document.project


def test_what_was_found_of_another_setting_is_no_offer(selection: Selection, filled: Fill) -> None:
    document = filled()
    assert selection.pair is not None
    found = found_now(document, selection.pair, ranking())
    document.edit("Length", with_own(document.project, selection.pair, duration_s=0.75))
    assert offer_of(found, document) is None


def test_what_was_found_still_holds_after_an_edit_elsewhere(
    selection: Selection, filled: Fill
) -> None:
    document = filled()
    assert selection.pair is not None
    found = found_now(document, selection.pair, ranking())
    _, second, third = document.project.tracks
    elsewhere = Pair(second.id, third.id)
    document.edit("Length", with_own(document.project, elsewhere, duration_s=0.75))
    assert offer_of(found, document) is not None


# In words


def test_a_setting_says_what_is_different_from_before() -> None:
    other = Candidate("simple", "log:tri", 0.5, 1.25, 0.5)
    assert difference_words(other, NOW) == (
        "0.5 s instead of 1.0 s, log / tri, leaves 1.2 s earlier, enters 0.5 s further in"
    )
    assert setting_line(NOW) == "Simple, 1.0 s, Equal power"


def test_a_row_says_what_it_is_how_good_and_why(panel: ChoicesPanel) -> None:
    assert text(panel, 0, LETTER) == "A"
    assert text(panel, 0, WHAT) == "0.5 s instead of 1.0 s"
    assert text(panel, 0, SCORE) == "score 0.10"
    assert text(panel, 0, TERMS) == "length 0.10"
    assert text(panel, 0, WHY).startswith("it no longer clicks")
    assert text(panel, 2, WHAT) == "as before: Simple, 1.0 s, Equal power"
    assert text(panel, 2, TERMS) == "click 4.00"


def test_what_a_person_changes_of_an_option_is_no_longer_what_was_measured(
    panel: ChoicesPanel, comparison: Comparison, document: Document, offer: Offer
) -> None:
    comparison.show("A")
    document.edit("Length", with_own(document.project, offer.pair, duration_s=0.6))
    assert text(panel, 0, WHAT) == "changed by hand"
    assert text(panel, 0, SCORE) == ""


# In the panel


def test_a_row_that_is_chosen_is_shown(panel: ChoicesPanel, comparison: Comparison) -> None:
    panel.table.selectRow(1)
    assert comparison.shown == "B"
    assert panel.keep.text() == "Keep B"


def test_what_is_shown_elsewhere_is_the_chosen_row(
    panel: ChoicesPanel, comparison: Comparison
) -> None:
    comparison.show("A")
    assert [index.row() for index in panel.table.selectionModel().selectedRows()] == [0]


def test_keep_ends_the_comparison_with_what_is_shown(
    qtbot: QtBot, panel: ChoicesPanel, comparison: Comparison, document: Document, offer: Offer
) -> None:
    comparison.show("A")
    qtbot.mouseClick(panel.keep, Qt.MouseButton.LeftButton)
    assert not comparison.is_on
    assert own(document.project, offer.pair).duration_s == 0.5


def test_back_ends_it_with_the_setting_of_before(
    qtbot: QtBot, panel: ChoicesPanel, comparison: Comparison, document: Document, offer: Offer
) -> None:
    comparison.show("A")
    qtbot.mouseClick(panel.back, Qt.MouseButton.LeftButton)
    assert not comparison.is_on
    assert own(document.project, offer.pair).duration_s is None


def test_blind_nothing_of_the_settings_is_to_be_seen(
    panel: ChoicesPanel, comparison: Comparison, offer: Offer
) -> None:
    settings = dict(zip("ABC", (option.setting for option in offer.options), strict=True))
    comparison.offer(settings, "C", is_blind=True)
    cells = [panel.model.index(row, column) for row in range(3) for column in range(WHAT, WHY + 1)]
    assert {str(cell.data()) for cell in cells} == {"hidden while you listen", ""}
    assert {cell.data(Qt.ItemDataRole.ToolTipRole) for cell in cells} == {None}
    comparison.reveal()
    assert text(panel, 0, WHAT) == "0.5 s instead of 1.0 s"


def test_a_cover_hides_and_closes_what_it_lies_on_while_listening_is_blind(
    qtbot: QtBot, panel: ChoicesPanel, comparison: Comparison, offer: Offer
) -> None:
    under = QWidget()
    qtbot.addWidget(under)
    QLabel("8.0 s", under)
    cover = Cover(under, comparison)
    under.resize(300, 200)
    under.show()
    assert not cover.isVisible()
    settings = dict(zip("ABC", (option.setting for option in offer.options), strict=True))
    comparison.offer(settings, "C", is_blind=True)
    assert cover.isVisible()
    assert cover.geometry() == under.rect()
    assert under.childAt(under.rect().topLeft()) is cover
    assert not under.isEnabled()
    under.resize(500, 400)
    assert cover.geometry() == under.rect()
    comparison.reveal()
    assert not cover.isVisible()
    assert under.isEnabled()

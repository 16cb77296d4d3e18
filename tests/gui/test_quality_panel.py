"""The verdict, the reasons and the measures: what they say, and which stretch they play."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.playback import MixStream
from deepbass_engine.mix.quality import MEASURES, MeasuredTransition, Quality
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, with_limits, with_own
from deepbass_gui.jobs.measuring import QualityLook
from deepbass_gui.jobs.render_work import Measured
from deepbass_gui.player import Player
from deepbass_gui.playing.passage import stretch_of
from deepbass_gui.quality_words import marks_of, measure_tip, measure_title, reason_words
from deepbass_gui.selection import Selection
from deepbass_gui.views.quality import QualityPanel
from tests.gui.measured import measure, measured
from tests.gui.pulled_output import PulledOutput
from tests.signals import RATE_HZ

Fill = Callable[..., Document]

BEATING = "the two bass lines beat against each other from 0:00.2 to 0:00.6"
CLASHING = "the two tracks' notes clash from 0:00.1 to 0:00.3"


def flagged() -> MeasuredTransition:
    """Clashing notes, worse two basses, and a loudness that is all right."""
    return measured(
        dissonance=measure(80.0, 40.0, (0.1, 0.3), CLASHING, "%"),
        loudness_dip=measure(0.5, 2.0, (0.0, 0.0), "the music does not sag", "LU"),
        bass_overlap=measure(30.0, 3.0, (0.2, 0.6), BEATING),
    )


@pytest.fixture
def player(qtbot: QtBot, document: Document, output: PulledOutput) -> Iterator[Player]:
    made = Player(document, output=output)
    yield made
    made.shut_down()


@pytest.fixture
def output(qtbot: QtBot) -> PulledOutput:
    return PulledOutput(qtbot)


@pytest.fixture
def look(document: Document, selection: Selection, player: Player) -> Iterator[QualityLook]:
    made = QualityLook(document, selection, player)
    yield made
    made.shut_down()


@pytest.fixture
def panel(qtbot: QtBot, filled: Fill, look: QualityLook, selection: Selection) -> QualityPanel:
    document = filled()
    limits = {"dissonance": 40.0, "loudness_dip": 2.0, "bass_overlap": 3.0}
    document.edit("Limits", with_limits(document.project, **limits))
    made = QualityPanel(look, selection)
    qtbot.addWidget(made)
    made.resize(240, 320)
    made.show()
    qtbot.waitExposed(made)
    return made


def plan_now(document: Document) -> MixPlan:
    assert document.plan is not None
    return document.plan


def show(document: Document, look: QualityLook, found: MeasuredTransition) -> None:
    """Let this be what was measured of the first transition, which is chosen."""
    look.take(Measured(plan_now(document), 0, found))


def texts(panel: QualityPanel, role: Qt.ItemDataRole = Qt.ItemDataRole.DisplayRole) -> list[str]:
    model = panel.list.model()
    return [model.index(row, 0).data(role) for row in range(model.rowCount())]


def verdict(panel: QualityPanel) -> str:
    return panel.verdict.accessibleName()


def click(qtbot: QtBot, panel: QualityPanel, row: int) -> None:
    place = panel.list.visualRect(panel.list.model().index(row, 0)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_the_verdict_names_the_reasons_the_worst_first(
    panel: QualityPanel, document: Document, look: QualityLook
) -> None:
    show(document, look, flagged())
    assert verdict(panel) == "Flagged: bass overlap, notes clash"
    assert "Flagged: bass overlap" in panel.verdict.text()


def test_a_transition_within_all_limits_sounds_clean(
    panel: QualityPanel, document: Document, look: QualityLook
) -> None:
    show(document, look, measured(bass_overlap=measure(0.5)))
    assert verdict(panel) == "Sounds clean"
    assert texts(panel) == ["Two basses at once"]


def test_reasons_come_first_as_sentences_then_all_measures(
    panel: QualityPanel, document: Document, look: QualityLook
) -> None:
    show(document, look, flagged())
    assert texts(panel) == [
        "The two bass lines beat against each other from 0:00.2 to 0:00.6.",
        "The two tracks' notes clash from 0:00.1 to 0:00.3.",
        "Clash of notes", "Sag in loudness", "Two basses at once",
    ]  # fmt: skip


def test_rows_are_spoken_with_value_and_whether_they_are_flagged(
    panel: QualityPanel, document: Document, look: QualityLook
) -> None:
    show(document, look, flagged())
    spoken = texts(panel, Qt.ItemDataRole.AccessibleTextRole)
    assert spoken[0].startswith("Reason: The two bass lines beat")
    assert spoken[2:4] == [
        "Clash of notes: 90 %, flagged", "Sag in loudness: 10.5 LU, within its limit"
    ]  # fmt: skip


def test_a_tooltip_explains_and_gives_all_figures(
    panel: QualityPanel, document: Document, look: QualityLook
) -> None:
    show(document, look, flagged())
    tip = texts(panel, Qt.ItemDataRole.ToolTipRole)[2]
    for words in (measure_tip("dissonance"), "90 %", "the leaving track 10", "beyond 40 %"):
        assert words in tip


def test_while_it_is_measured_anew_what_was_there_stays_to_be_read(
    panel: QualityPanel, document: Document, look: QualityLook
) -> None:
    show(document, look, flagged())
    pair = document.pair(plan_now(document).fades[0])
    rows = texts(panel)
    document.edit("Length", with_own(document.project, pair, duration_s=2.0))
    assert verdict(panel) == "Measuring ..."
    assert texts(panel) == rows
    assert not panel.list.is_current


def test_a_click_on_a_reason_asks_for_its_stretch(
    qtbot: QtBot, panel: QualityPanel, document: Document, look: QualityLook
) -> None:
    show(document, look, flagged())
    with qtbot.waitSignal(panel.stretch_requested, timeout=1_000) as told:
        click(qtbot, panel, 0)
    assert told.args == [(0.2, 0.6)]


def test_arrows_go_through_the_rows_and_enter_asks_for_the_stretch(
    qtbot: QtBot, panel: QualityPanel, document: Document, look: QualityLook
) -> None:
    show(document, look, flagged())
    panel.list.setCurrentIndex(panel.list.model().index(0, 0))
    qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    with qtbot.waitSignal(panel.stretch_requested, timeout=1_000) as told:
        qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert told.args == [(0.1, 0.3)]


def test_a_row_without_a_stretch_plays_nothing(
    qtbot: QtBot, panel: QualityPanel, document: Document, look: QualityLook
) -> None:
    show(document, look, flagged())
    assert texts(panel)[3] == "Sag in loudness"
    panel.list.setCurrentIndex(panel.list.model().index(3, 0))
    with qtbot.assertNotEmitted(panel.stretch_requested):
        qtbot.keyClick(panel.list, Qt.Key.Key_Return)


def test_the_player_plays_exactly_the_frames_of_the_stretch(
    filled: Fill, player: Player, output: PulledOutput
) -> None:
    document = filled()
    plan = plan_now(document)
    fade = plan.fades[0]
    player.play_stretch(document.pair(fade), (0.25, 0.75))
    first, end = fade.start_frame + RATE_HZ // 4, fade.start_frame + 3 * RATE_HZ // 4
    expected = MixStream(plan, first, end).read(end - first)
    np.testing.assert_array_equal(output.pull(10**9), expected)


def test_an_empty_stretch_is_not_played(filled: Fill, player: Player, output: PulledOutput) -> None:
    document = filled()
    player.play_stretch(document.pair(plan_now(document).fades[0]), (0.5, 0.5))
    assert not player.is_playing
    player.play_stretch(Pair("no", "such"), (0.0, 1.0))
    assert not player.is_playing


@pytest.mark.parametrize("range_s", [(-400.0, 400.0), (-1.0, 0.5), (0.5, 400.0)])
def test_a_stretch_ends_where_the_mix_does(filled: Fill, range_s: tuple[float, float]) -> None:
    plan = plan_now(filled())
    fade = plan.fades[0]
    passage = stretch_of(plan, fade, range_s)
    assert passage is not None
    wanted = [fade.start_frame + round(seconds * RATE_HZ) for seconds in range_s]
    assert passage.first_frame == max(0, wanted[0])
    assert passage.stop_frame == min(plan.n_frames, wanted[1])


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_and_its_reason_have_words_of_their_own(name: str) -> None:
    found = Quality(**{name: measure(5.0)})
    (reason,) = found.reasons
    assert measure_title(name)
    assert measure_tip(name).endswith(".")
    assert "_" not in reason_words(reason)


def test_a_mark_has_a_few_words_and_a_whole_sentence() -> None:
    first, second = marks_of(flagged())
    assert (first.short, second.short) == ("bass overlap", "notes clash")
    assert first.sentence == "The two bass lines beat against each other from 0:00.2 to 0:00.6."

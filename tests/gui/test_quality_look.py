"""Transitions are measured as they are now: after an edit anew, after an undo from memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.playback import audio_around
from deepbass_engine.settings import OutputSettings
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, with_limits, with_own
from deepbass_gui.jobs.measuring import Look, QualityLook
from deepbass_gui.jobs.render_work import ExportChoice, Measured
from deepbass_gui.jobs.rendering import Renderer
from deepbass_gui.player import Player
from deepbass_gui.selection import Selection
from tests.gui.measured import measure as made
from tests.gui.measured import measured
from tests.gui.pulled_output import PulledOutput
from tests.signals import music, sine, write

Fill = Callable[..., Document]


@pytest.fixture
def look(qtbot: QtBot, document: Document, selection: Selection) -> Iterator[QualityLook]:
    player = Player(document, output=PulledOutput(qtbot))
    found = QualityLook(document, selection, player)
    yield found
    found.shut_down()
    player.shut_down()


def plan_now(document: Document) -> MixPlan:
    assert document.plan is not None
    return document.plan


def pairs(document: Document) -> list[Pair]:
    return [document.pair(fade) for fade in plan_now(document).fades]


def settle(qtbot: QtBot, document: Document, look: QualityLook) -> None:
    """Wait until every transition is measured."""
    qtbot.waitUntil(
        lambda: all(look.state(pair) is Look.MEASURED for pair in pairs(document)), timeout=20_000
    )


def lengthened(document: Document, pair: Pair, duration_s: float) -> None:
    document.edit("Length", with_own(document.project, pair, duration_s=duration_s))


def test_what_is_found_is_what_the_engine_measures_of_the_plan(
    qtbot: QtBot, filled: Fill, look: QualityLook
) -> None:
    document = filled()
    settle(qtbot, document, look)
    for index, pair in enumerate(pairs(document)):
        audio = audio_around(plan_now(document), index)
        assert audio is not None
        assert look.of(pair) == measure(audio, document.project.limits)


def test_the_chosen_transition_is_measured_first_then_the_others_in_order(
    qtbot: QtBot, filled: Fill, look: QualityLook, selection: Selection, songs: list[Path]
) -> None:
    document = filled([songs[0], songs[1], songs[2], songs[0]])
    told: list[Pair] = []
    look.changed.connect(lambda pair: told.append(pair) if pair is not None else None)
    settle(qtbot, document, look)
    told.clear()
    first, second, third = pairs(document)
    selection.choose(third)
    project = document.project
    for pair in (first, second, third):
        project = with_own(project, pair, duration_s=1.5)
    document.edit("Lengths", project)
    settle(qtbot, document, look)
    assert told == [third, first, second]


def test_an_edit_is_measured_anew_and_told(qtbot: QtBot, filled: Fill, look: QualityLook) -> None:
    document = filled()
    settle(qtbot, document, look)
    pair = pairs(document)[0]
    before = look.of(pair)
    with qtbot.waitSignal(look.changed, timeout=10_000, check_params_cb=lambda told: told == pair):
        lengthened(document, pair, 2.0)
        assert look.of(pair) is None
        assert look.state(pair) is Look.MEASURING
        assert look.latest(pair) == before
    after = look.of(pair)
    assert after is not None
    assert after != before
    assert look.latest(pair) == after


def test_what_is_tried_out_is_measured_before_it_is_settled(
    qtbot: QtBot, filled: Fill, look: QualityLook
) -> None:
    document = filled()
    settle(qtbot, document, look)
    pair = pairs(document)[0]
    document.try_out(with_own(document.project, pair, duration_s=2.0))
    qtbot.waitUntil(lambda: look.of(pair) is not None, timeout=10_000)
    assert document.is_trying


def test_an_edit_elsewhere_keeps_what_was_measured(
    qtbot: QtBot, filled: Fill, look: QualityLook, songs: list[Path]
) -> None:
    document = filled([songs[0], write(songs[0].parent / "long.wav", music(12.0)), songs[2]])
    settle(qtbot, document, look)
    first, second = pairs(document)
    before = look.of(first)
    lengthened(document, second, 2.0)
    assert look.state(second) is Look.MEASURING
    assert look.of(first) is before


def test_an_edit_that_is_undone_finds_what_was_measured_at_once(
    qtbot: QtBot, filled: Fill, look: QualityLook
) -> None:
    document = filled()
    settle(qtbot, document, look)
    pair = pairs(document)[0]
    before = look.of(pair)
    lengthened(document, pair, 2.0)
    settle(qtbot, document, look)
    document.undo_stack.undo()
    assert look.of(pair) is before


def test_other_limits_change_the_flags_at_once_and_nothing_that_was_measured(
    qtbot: QtBot, filled: Fill, look: QualityLook, tmp_path: Path
) -> None:
    bass = [write(tmp_path / f"{hz}.wav", sine(hz, 5.0)) for hz in (55.0, 58.0)]
    document = filled(bass, duration_s=3.0)
    settle(qtbot, document, look)
    (pair,) = pairs(document)
    before = look.of(pair)
    assert before is not None
    assert "bass_overlap" not in before.quality.reasons
    with qtbot.waitSignal(look.changed, timeout=0):
        document.edit("Limits", with_limits(document.project, bass_overlap=0.2))
    after = look.of(pair)
    assert after is not None
    assert "bass_overlap" in after.quality.reasons
    document.undo_stack.undo()
    assert look.of(pair) == before


def test_a_morph_that_is_not_rendered_is_told_apart(
    qtbot: QtBot, filled: Fill, look: QualityLook, installed: Callable[..., str]
) -> None:
    installed()
    document = filled()
    pair = pairs(document)[0]
    document.edit("Method", with_own(document.project, pair, method="nsynth"))
    qtbot.waitUntil(lambda: look.state(pair) is Look.NOT_RENDERED, timeout=10_000)
    assert look.of(pair) is None
    assert look.latest(pair) is None
    document.nsynth.shut_down()


def test_a_morph_is_measured_once_it_is_rendered(
    qtbot: QtBot,
    filled: Fill,
    document: Document,
    selection: Selection,
    installed: Callable[..., str],
) -> None:
    installed()
    renderer = Renderer(document)
    player = Player(document, output=PulledOutput(qtbot), store=renderer.store)
    look = QualityLook(document, selection, player)
    try:
        filled()
        pair = pairs(document)[0]
        own = with_own(document.project, pair, method="nsynth", duration_s=0.5)
        document.edit("Method", own)
        qtbot.waitUntil(lambda: look.state(pair) is Look.NOT_RENDERED, timeout=10_000)
        renderer.make([pair])
        qtbot.waitUntil(lambda: look.state(pair) is Look.MEASURED, timeout=20_000)
        found = look.of(pair)
        assert found is not None
        assert found.quality.roughness is not None
        assert found.quality.bass_overlap is None
    finally:
        for part in (look, player, renderer, document.nsynth):
            part.shut_down()


def test_a_file_that_is_gone_is_told_in_words(
    qtbot: QtBot, filled: Fill, look: QualityLook, songs: list[Path]
) -> None:
    document = filled()
    settle(qtbot, document, look)
    pair = pairs(document)[0]
    songs[1].unlink()
    lengthened(document, pair, 2.0)
    qtbot.waitUntil(lambda: look.state(pair) is Look.FAILED, timeout=10_000)
    assert "two.wav" in look.trouble_of(pair)
    assert look.of(pair) is None


def test_what_a_rendering_measured_is_taken_over(
    qtbot: QtBot, filled: Fill, look: QualityLook
) -> None:
    document = filled()
    pair = pairs(document)[0]
    found = measured(bass_overlap=made(excess=5.0))
    look.take(Measured(plan_now(document), 0, found))
    taken = look.of(pair)
    assert taken is not None
    assert taken.quality.bass_overlap is not None
    assert taken.quality.bass_overlap.limit == document.project.limits.bass_overlap
    assert taken.quality.reasons == ("bass_overlap",)
    settle(qtbot, document, look)
    assert look.of(pair) is taken


def test_what_a_rendering_measured_of_an_older_plan_is_not_taken_for_the_present_one(
    qtbot: QtBot, filled: Fill, look: QualityLook
) -> None:
    document = filled()
    pair, older = pairs(document)[0], plan_now(document)
    lengthened(document, pair, 2.0)
    look.take(Measured(older, 0, measured(bass_overlap=made(excess=5.0))))
    assert look.of(pair) is None


def test_a_rendering_tells_what_each_transition_measures(
    qtbot: QtBot, filled: Fill, tmp_path: Path
) -> None:
    document = filled()
    renderer = Renderer(document)
    told: list[Measured] = []
    renderer.measured.connect(told.append)
    choice = ExportChoice(target=tmp_path / "mix.wav", output=OutputSettings())
    try:
        with qtbot.waitSignal(renderer.finished, timeout=20_000):
            renderer.render(choice)
    finally:
        renderer.shut_down()
    assert sorted(found.index for found in told) == [0, 1]
    assert all(found.plan == document.plan for found in told)

"""A, B and C: which is shown, what an edit and an undo do, and that all are equally loud."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from deepbass_engine.mix.playback import MixStream
from deepbass_engine.project import Span
from deepbass_gui.comparison import Comparison, Setting
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, own, with_own
from deepbass_gui.player import Player
from deepbass_gui.selection import Selection
from tests.gui.pulled_output import PulledOutput
from tests.signals import RATE_HZ, noise, write

Fill = Callable[..., Document]


@pytest.fixture
def output(qtbot: QtBot) -> PulledOutput:
    return PulledOutput(qtbot)


@pytest.fixture
def player(document: Document, output: PulledOutput) -> Iterator[Player]:
    made = Player(document, output=output)
    yield made
    made.shut_down()


@pytest.fixture
def comparison(document: Document, selection: Selection, player: Player) -> Iterator[Comparison]:
    made = Comparison(document, selection, player)
    yield made
    made.shut_down()


def with_length(document: Document, selection: Selection, duration_s: float) -> None:
    assert selection.pair is not None
    project = with_own(document.project, selection.pair, duration_s=duration_s)
    document.edit("Length", project)


def length_s(document: Document, selection: Selection) -> float | None:
    assert selection.pair is not None
    return own(document.project, selection.pair).duration_s


def test_b_begins_as_a_copy_and_an_edit_goes_to_the_one_that_is_shown(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    document = filled()
    before = document.project
    comparison.switch()
    assert comparison.is_on
    assert comparison.shown == "B"
    assert document.project == before
    with_length(document, selection, 2.0)
    comparison.switch()
    assert comparison.shown == "A"
    assert document.project == before
    comparison.switch()
    assert length_s(document, selection) == 2.0


def test_switching_is_one_step_that_undo_takes_back(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    document = filled()
    comparison.show("B")
    with_length(document, selection, 2.0)
    n_steps = document.undo_stack.count()
    comparison.show("A")
    assert document.undo_stack.count() == n_steps + 1
    assert document.undo_stack.undoText() == "Compare: A"
    document.undo_stack.undo()
    assert comparison.shown == "B"
    assert length_s(document, selection) == 2.0
    document.undo_stack.redo()
    assert comparison.shown == "A"
    assert length_s(document, selection) is None
    comparison.switch()
    assert length_s(document, selection) == 2.0


def test_undoing_an_edit_stays_with_the_setting_that_is_shown(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    document = filled()
    comparison.show("B")
    with_length(document, selection, 2.0)
    document.undo_stack.undo()
    assert comparison.shown == "B"
    assert length_s(document, selection) is None


def test_a_setting_holds_where_the_transition_lies_in_its_tracks(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    document = filled()
    before = document.project
    comparison.show("B")
    tracks = document.project.tracks
    cut = replace(tracks[0], span=Span(0, 4 * RATE_HZ))
    document.edit("Cut", replace(document.project, tracks=(cut, *tracks[1:])))
    comparison.show("A")
    assert document.project == before
    comparison.show("B")
    assert document.project.tracks[0].span == Span(0, 4 * RATE_HZ)


def test_keeping_ends_the_comparison_with_what_is_shown(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    document = filled()
    comparison.show("B")
    with_length(document, selection, 2.0)
    comparison.keep()
    assert not comparison.is_on
    assert length_s(document, selection) == 2.0


def test_resetting_goes_back_to_a(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    document = filled()
    before = document.project
    comparison.show("B")
    with_length(document, selection, 2.0)
    comparison.reset()
    assert not comparison.is_on
    assert document.project == before


def test_choosing_another_transition_ends_the_comparison(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    filled()
    comparison.show("B")
    selection.step(1)
    assert not comparison.is_on
    assert comparison.shown == "A"


def test_what_happens_to_other_tracks_is_no_part_of_a_setting(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    document = filled()
    comparison.show("B")
    with_length(document, selection, 2.0)
    other = Pair(document.project.tracks[1].id, document.project.tracks[2].id)
    document.edit("Other", with_own(document.project, other, duration_s=0.5))
    comparison.show("A")
    assert own(document.project, other).duration_s == 0.5


def test_the_louder_setting_is_played_as_quiet_as_the_other(
    comparison: Comparison,
    selection: Selection,
    player: Player,
    output: PulledOutput,
    filled: Fill,
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    """Both files are 6.02 dB louder in their second half; B joins those halves, A the first."""
    half = noise(3.0, amplitude=0.2, seed=1)
    sound = np.concatenate([half, 2.0 * half])
    paths = [write(tmp_path / f"{n}.wav", sound, subtype="FLOAT") for n in ("one", "two")]
    document = filled(paths)
    player.pre_roll_s = player.post_roll_s = 0.0
    middle, end = len(half), len(sound)

    def put(out_end: int, in_start: int) -> None:
        left, right = document.project.tracks
        tracks = (
            replace(left, span=Span(0, out_end)),
            replace(right, span=Span(in_start, end)),
        )
        document.edit("Put", replace(document.project, tracks=tracks))

    put(middle, 0)
    comparison.show("B")
    put(end, middle)
    qtbot.waitUntil(lambda: comparison.gain_db("B") != 0.0, timeout=10_000)
    assert comparison.gain_db("B") == pytest.approx(-6.02, abs=0.1)
    assert comparison.gain_db("A") == 0.0
    assert document.plan is not None
    assert selection.pair is not None
    player.audition(selection.pair)
    passage = player.range_of(selection.pair)
    assert passage is not None
    mix = MixStream(document.plan, passage.first_frame, passage.end_frame).read(10**9)
    gain = np.float32(10 ** (comparison.gain_db("B") / 20))
    np.testing.assert_allclose(output.pull(10**9), mix * gain, atol=1e-7)


def test_switching_goes_on_at_the_same_place_of_the_loop(
    comparison: Comparison,
    selection: Selection,
    player: Player,
    output: PulledOutput,
    filled: Fill,
    qtbot: QtBot,
) -> None:
    document = filled()
    assert selection.pair is not None
    player.pre_roll_s = player.post_roll_s = 0.5
    comparison.show("B")
    document.edit("Curve", with_own(document.project, selection.pair, curve="tri"))
    qtbot.waitUntil(lambda: comparison.is_measured, timeout=10_000)
    assert comparison.gain_db("A") < 0.0
    player.loop_audition(selection.pair)
    tape = output.wait()
    output.pull(10_000)
    comparison.show("A")
    passage = player.range_of(selection.pair)
    assert passage is not None

    def is_followed() -> bool:
        spot = tape.spot(tape.handed + 2_000)
        return spot is not None and spot.plan is document.plan

    qtbot.waitUntil(is_followed, timeout=5_000)
    output.pull(2_000)
    heard = output.pull(20_000)
    assert document.plan is not None
    first = passage.first_frame + 12_000
    expected = MixStream(document.plan, first, first + 20_000).read(20_000)
    gain = 10 ** (comparison.gain_db("A") / 20)
    np.testing.assert_allclose(heard, expected * gain, atol=1e-6)


# What a search offers


def setting(document: Document, pair: Pair, **fields: object) -> Setting:
    """The present setting with other fields of its own, or another place in its tracks."""
    analyses = document.analyses(pair)
    assert analyses is not None
    now = Setting.of(document.project, pair, analyses)
    places = {
        name: fields.pop(name) for name in ("out_end_frame", "in_start_frame") & fields.keys()
    }
    return dataclasses.replace(now, own=replace(now.own, **fields), **places)


@pytest.fixture
def offered(comparison: Comparison, selection: Selection, filled: Fill) -> Document:
    """A document whose first transition is offered at half a second, 2 s, and as it is."""
    document = filled()
    pair = selection.pair
    assert pair is not None
    settings = {
        "A": setting(document, pair, duration_s=0.5, because="half is enough"),
        "B": setting(document, pair, duration_s=2.0, out_end_frame=5 * RATE_HZ),
        "C": setting(document, pair),
    }
    comparison.offer(settings, "C")
    return document


def test_what_is_offered_changes_nothing_before_it_is_shown(
    comparison: Comparison, offered: Document
) -> None:
    assert comparison.choices == ("A", "B", "C")
    assert comparison.shown == "C"
    assert not offered.is_modified


def test_each_offered_setting_is_heard_with_its_place_and_its_reason(
    comparison: Comparison, offered: Document, selection: Selection
) -> None:
    comparison.show("A")
    assert selection.pair is not None
    assert own(offered.project, selection.pair).because == "half is enough"
    assert offered.project.tracks[0].span is None
    comparison.show("B")
    assert length_s(offered, selection) == 2.0
    assert offered.project.tracks[0].span == Span(0, 5 * RATE_HZ)
    assert own(offered.project, selection.pair).because == ""


def test_switch_goes_through_all_that_are_offered(
    comparison: Comparison, offered: Document
) -> None:
    seen = []
    for _ in range(3):
        comparison.switch()
        seen.append(comparison.shown)
    assert seen == ["A", "B", "C"]


def test_keeping_an_offered_one_is_one_step_that_undo_takes_back(
    comparison: Comparison, offered: Document, selection: Selection
) -> None:
    before = offered.project
    for letter in ("A", "B", "C", "A"):
        comparison.show(letter)
    kept = offered.project
    comparison.keep()
    assert not comparison.is_on
    assert offered.project == kept
    assert offered.undo_stack.count() == 1
    assert offered.undo_stack.undoText() == "Better transition"
    offered.undo_stack.undo()
    assert offered.project == before


def test_keeping_the_setting_of_before_leaves_no_step(
    comparison: Comparison, offered: Document
) -> None:
    comparison.show("A")
    comparison.show("C")
    comparison.keep()
    assert not offered.undo_stack.canUndo()


def test_keeping_after_an_edit_leaves_the_steps_of_the_edit(
    comparison: Comparison, offered: Document, selection: Selection
) -> None:
    comparison.show("A")
    with_length(offered, selection, 1.5)
    comparison.keep()
    assert length_s(offered, selection) == 1.5
    assert offered.undo_stack.undoText() == "Length"
    offered.undo_stack.undo()
    assert length_s(offered, selection) == 0.5


def test_resetting_goes_back_to_what_was_there_before_the_offer(
    comparison: Comparison, offered: Document
) -> None:
    before = offered.project
    comparison.show("A")
    comparison.show("B")
    comparison.reset()
    assert not comparison.is_on
    assert offered.project == before
    assert not offered.undo_stack.canUndo()


def test_undo_goes_back_through_the_letters_that_were_shown(
    comparison: Comparison, offered: Document, selection: Selection
) -> None:
    comparison.show("B")
    comparison.show("A")
    offered.undo_stack.undo()
    assert comparison.shown == "B"
    assert length_s(offered, selection) == 2.0
    offered.undo_stack.undo()
    assert comparison.shown == "C"
    offered.undo_stack.redo()
    assert comparison.shown == "B"


def test_undoing_a_switch_of_an_earlier_comparison_ends_this_one(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    document = filled()
    comparison.show("B")
    with_length(document, selection, 2.0)
    comparison.show("A")
    comparison.keep()
    comparison.show("B")
    assert comparison.is_on
    document.undo_stack.undo()
    assert not comparison.is_on
    assert length_s(document, selection) == 2.0


def test_an_edit_goes_to_the_offered_one_that_is_shown(
    comparison: Comparison, offered: Document, selection: Selection
) -> None:
    comparison.show("B")
    with_length(offered, selection, 1.75)
    comparison.show("A")
    assert length_s(offered, selection) == 0.5
    comparison.show("B")
    assert length_s(offered, selection) == 1.75


def test_a_letter_that_is_not_offered_shows_nothing(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    document = filled()
    comparison.show("C")
    assert not comparison.is_on
    assert not document.is_modified


def test_the_other_ends_of_the_tracks_are_no_part_of_a_setting(
    comparison: Comparison, offered: Document
) -> None:
    first, second, third = offered.project.tracks
    cut = (
        replace(first, span=Span(RATE_HZ, 6 * RATE_HZ)),
        replace(second, span=Span(0, 4 * RATE_HZ)),
        third,
    )
    offered.edit("Cut elsewhere", replace(offered.project, tracks=cut))
    comparison.show("B")
    assert offered.project.tracks[0].span == Span(RATE_HZ, 5 * RATE_HZ)
    assert offered.project.tracks[1].span == Span(0, 4 * RATE_HZ)


def test_listening_blind_begins_with_the_first_letter_and_ends_with_a_choice(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    document = filled()
    pair = selection.pair
    assert pair is not None
    settings = {"A": setting(document, pair, duration_s=0.5), "B": setting(document, pair)}
    comparison.offer(settings, "B", is_blind=True)
    assert comparison.is_blind
    assert comparison.shown == "A"
    comparison.keep()
    assert not comparison.is_blind
    assert length_s(document, selection) == 0.5


def test_revealing_goes_on_with_the_same_letters(comparison: Comparison, offered: Document) -> None:
    letters = {letter: comparison.setting(letter) for letter in comparison.choices}
    comparison.offer({k: s for k, s in letters.items() if s}, "C", is_blind=True)
    comparison.reveal()
    assert comparison.is_on
    assert not comparison.is_blind
    assert {letter: comparison.setting(letter) for letter in comparison.choices} == letters


def test_opening_another_project_ends_the_comparison_and_leaves_it_unmodified(
    comparison: Comparison, offered: Document
) -> None:
    comparison.show("A")
    other = replace(offered.project, transitions=())
    offered.open(other, None)
    assert not comparison.is_on
    assert offered.project == other
    assert offered.undo_stack.count() == 0


def test_all_that_are_offered_are_played_as_quiet_as_the_quietest(
    comparison: Comparison,
    selection: Selection,
    player: Player,
    filled: Fill,
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    """Both files rise by 6.02 dB twice; the settings cut from one third of them to the same."""
    third = noise(2.0, amplitude=0.1, seed=1)
    sound = np.concatenate([third, 2.0 * third, 4.0 * third])
    paths = [write(tmp_path / f"{n}.wav", sound, subtype="FLOAT") for n in ("one", "two")]
    document = filled(paths, 0.0)
    player.pre_roll_s = player.post_roll_s = 1.0
    pair, n = selection.pair, len(third)
    assert pair is not None
    comparison.offer(
        {
            "A": setting(document, pair),  # from the loud end to the quiet beginning
            "B": setting(document, pair, out_end_frame=n),
            "C": setting(document, pair, out_end_frame=2 * n, in_start_frame=n),
        },
        "A",
    )
    qtbot.waitUntil(lambda: comparison.is_measured, timeout=10_000)
    assert comparison.gain_db("B") == 0.0
    assert comparison.gain_db("C") == pytest.approx(-6.02, abs=0.1)
    assert comparison.gain_db("A") < -6.02


def test_going_back_behind_the_offer_ends_it(
    comparison: Comparison, selection: Selection, filled: Fill
) -> None:
    document = filled()
    pair = selection.pair
    assert pair is not None
    with_length(document, selection, 2.0)
    settings = {"A": setting(document, pair, duration_s=0.5), "B": setting(document, pair)}
    comparison.offer(settings, "B")
    document.undo_stack.undo()
    assert not comparison.is_on


def test_keeping_what_is_heard_in_a_loop_goes_on_playing_it(
    comparison: Comparison,
    offered: Document,
    selection: Selection,
    player: Player,
    output: PulledOutput,
    qtbot: QtBot,
) -> None:
    assert selection.pair is not None
    player.loop_audition(selection.pair)
    tape = output.wait()
    for letter in ("A", "B"):
        output.pull(2_000)
        comparison.show(letter)
    comparison.keep()
    assert player.is_looping

    def is_followed() -> bool:
        spot = tape.spot(tape.handed + 2_000)
        return spot is not None and spot.plan == offered.plan

    qtbot.waitUntil(is_followed, timeout=5_000)
    output.pull(2_000)
    spot = tape.spot(tape.handed)
    assert spot is not None
    heard = output.pull(10_000)
    assert offered.plan is not None
    first = spot.mix_frame
    expected = MixStream(offered.plan, first, first + 10_000).read(10_000)
    np.testing.assert_allclose(heard, expected, atol=1e-6)

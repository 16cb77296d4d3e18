"""A and B: which is shown, what an edit and an undo do, and that both are equally loud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from deepbass_engine.mix.playback import MixStream
from deepbass_engine.project import Span
from deepbass_gui.comparison import Comparison
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

"""The transport row: what its buttons do, and what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QDoubleSpinBox, QLabel, QSlider, QWidget
from pytestqt.qtbot import QtBot

from deepbass_gui.comparison import Comparison, Setting
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, with_own
from deepbass_gui.player import Player
from deepbass_gui.selection import Selection
from deepbass_gui.views.transport import TransportBar
from tests.gui.pulled_output import PulledOutput, moved_to
from tests.signals import RATE_HZ

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


@pytest.fixture
def bar(
    qtbot: QtBot,
    document: Document,
    player: Player,
    comparison: Comparison,
    selection: Selection,
) -> TransportBar:
    made = TransportBar(player, comparison, selection, document.nsynth)
    qtbot.addWidget(made)
    made.show()
    return made


def named(bar: QWidget, kind: type, name: str) -> QWidget:
    (found,) = [w for w in bar.findChildren(kind) if w.accessibleName() == name]
    return found


def press(qtbot: QtBot, bar: QWidget, name: str) -> None:
    qtbot.mouseClick(named(bar, QAbstractButton, name), Qt.MouseButton.LeftButton)


def test_play_becomes_pause_and_back(
    bar: TransportBar, player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    filled()
    press(qtbot, bar, "Play")
    assert player.is_playing
    press(qtbot, bar, "Pause")
    assert not player.is_playing


def test_the_loop_button_begins_and_ends_the_loop(
    bar: TransportBar, player: Player, selection: Selection, filled: Fill, qtbot: QtBot
) -> None:
    filled()
    press(qtbot, bar, "Loop the transition")
    assert player.is_looping
    assert player.pair == selection.pair
    button = named(bar, QAbstractButton, "Loop the transition")
    assert isinstance(button, QAbstractButton)
    assert button.isChecked()
    press(qtbot, bar, "Loop the transition")
    assert not player.is_playing
    assert not button.isChecked()


def test_audition_plays_the_current_transition_once(
    bar: TransportBar, player: Player, selection: Selection, filled: Fill, qtbot: QtBot
) -> None:
    filled()
    press(qtbot, bar, "Audition the transition")
    assert player.is_playing
    assert not player.is_looping
    assert player.pair == selection.pair


def test_where_nothing_can_be_played_the_buttons_say_why(
    bar: TransportBar, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    filled()
    output.why_not = "No audio device was found."
    output.looked.emit()
    for name in ("Play", "Audition the transition", "Loop the transition"):
        button = named(bar, QAbstractButton, name)
        assert not button.isEnabled()
        assert button.toolTip() == "No audio device was found."
    output.why_not = ""
    output.looked.emit()
    assert named(bar, QAbstractButton, "Play").isEnabled()


def test_the_time_is_the_position_and_the_length(
    bar: TransportBar, player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot
) -> None:
    document = filled()
    assert document.plan is not None
    label = named(bar, QLabel, "Position and length of the mix")
    assert isinstance(label, QLabel)
    assert label.text() == "0:00.0 / 0:13.0"
    player.play_from(2 * RATE_HZ)
    output.pull(RATE_HZ // 2)
    moved_to(player, 2 * RATE_HZ + RATE_HZ // 2, qtbot)
    assert label.text() == "0:02.5 / 0:13.0"


def test_rolls_and_volume_are_the_players(
    bar: TransportBar, player: Player, output: PulledOutput, qtbot: QtBot
) -> None:
    pre_roll = named(bar, QDoubleSpinBox, "Pre-roll")
    assert isinstance(pre_roll, QDoubleSpinBox)
    assert pre_roll.value() == 4.0
    pre_roll.selectAll()
    qtbot.keyClicks(pre_roll, "2.5")
    qtbot.keyClick(pre_roll, Qt.Key.Key_Return)
    assert player.pre_roll_s == 2.5
    volume = named(bar, QSlider, "Volume")
    assert isinstance(volume, QSlider)
    qtbot.keyClick(volume, Qt.Key.Key_PageDown)
    assert player.volume == pytest.approx(0.9)
    assert "-2.7 dB" in volume.toolTip()
    player.volume = 0.0
    assert volume.value() == 0
    assert "silent" in volume.toolTip()


def test_a_and_b_show_which_setting_is_heard(
    bar: TransportBar, comparison: Comparison, filled: Fill, qtbot: QtBot
) -> None:
    filled()
    a, b = (named(bar, QAbstractButton, f"Setting {name}") for name in ("A", "B"))
    assert isinstance(a, QAbstractButton)
    assert isinstance(b, QAbstractButton)
    assert (a.isChecked(), b.isChecked()) == (False, False)
    press(qtbot, bar, "Setting B")
    assert (a.isChecked(), b.isChecked()) == (False, True)
    gain = named(bar, QLabel, "Played down by")
    assert isinstance(gain, QLabel)
    assert gain.isVisible()
    qtbot.waitUntil(lambda: gain.text() == "B 0.0 dB", timeout=10_000)
    press(qtbot, bar, "Setting A")
    assert comparison.shown == "A"
    assert (a.isChecked(), b.isChecked()) == (True, False)
    press(qtbot, bar, "Keep this setting")
    assert not comparison.is_on
    assert not gain.isVisible()


def test_every_control_has_a_name_and_a_tooltip(bar: TransportBar) -> None:
    controls = [
        *bar.findChildren(QAbstractButton), *bar.findChildren(QDoubleSpinBox),
        *bar.findChildren(QSlider),
    ]  # fmt: skip
    assert len(controls) >= 9
    for control in controls:
        assert control.accessibleName(), control
        assert control.toolTip(), control.accessibleName()


def letters(bar: TransportBar) -> list[str]:
    """The letters that can be pressed."""
    buttons = bar.findChildren(QAbstractButton)
    return [b.text() for b in buttons if b.text() in "ABC" and b.text() and b.isVisible()]


def offer(document: Document, comparison: Comparison, pair: Pair, **kinds: bool) -> None:
    """Offer three lengths, the second of them the present one."""
    analyses = document.analyses(pair)
    assert analyses is not None
    settings = {
        letter: Setting.of(with_own(document.project, pair, duration_s=length), pair, analyses)
        for letter, length in (("A", 0.5), ("B", None), ("C", 2.0))
    }
    comparison.offer(settings, "B", **kinds)


def test_there_is_a_third_letter_only_where_a_third_setting_is_offered(
    bar: TransportBar, comparison: Comparison, selection: Selection, filled: Fill, qtbot: QtBot
) -> None:
    document = filled()
    assert letters(bar) == ["A", "B"]
    assert selection.pair is not None
    offer(document, comparison, selection.pair)
    assert letters(bar) == ["A", "B", "C"]
    press(qtbot, bar, "Setting C")
    assert comparison.shown == "C"
    press(qtbot, bar, "Back to setting B")
    assert letters(bar) == ["A", "B"]
    assert not document.is_modified


def test_blind_neither_times_nor_levels_tell_the_settings_apart(
    bar: TransportBar, comparison: Comparison, selection: Selection, filled: Fill, qtbot: QtBot
) -> None:
    document = filled()
    assert selection.pair is not None
    offer(document, comparison, selection.pair, is_blind=True)
    time = named(bar, QLabel, "Position and length of the mix")
    gain = named(bar, QLabel, "Played down by")
    assert isinstance(time, QLabel)
    assert time.text() == "hidden"
    assert not gain.isVisible()
    comparison.reveal()
    assert "/" in time.text()
    assert gain.isVisible()

"""The level meter: needles that hold and fall, the clip light, and rest when nothing plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from deepbass_gui import theme
from deepbass_gui.document import Document
from deepbass_gui.player import Player
from deepbass_gui.views.meter import FALL_DB_PER_S, FLOOR_DB, HOLD_S, LevelMeter, Needle
from tests.gui.pulled_output import PulledOutput
from tests.signals import sine, write

Fill = Callable[..., Document]


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def output(qtbot: QtBot) -> PulledOutput:
    return PulledOutput(qtbot)


@pytest.fixture
def player(document: Document, output: PulledOutput) -> Iterator[Player]:
    made = Player(document, output=output)
    yield made
    made.shut_down()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(qtbot: QtBot, player: Player, clock: Clock) -> LevelMeter:
    made = LevelMeter(player, clock_s=clock)
    qtbot.addWidget(made)
    made.resize(240, 36)
    made.show()
    return made


def play_tone(
    player: Player, output: PulledOutput, fill: Fill, qtbot: QtBot, folder: Path, peak: float
) -> None:
    fill([write(folder / "tone.wav", sine(1_000.0, 3.0, amplitude=peak), subtype="FLOAT")])
    player.play(0)
    with qtbot.waitSignal(player.levels_changed, timeout=5_000):
        output.pull(20_000)


def test_a_needle_rises_at_once_holds_and_falls_evenly() -> None:
    needle = Needle(HOLD_S)
    needle.push(-10.0, 5.0)
    needle.push(-30.0, 5.1)
    assert needle.at(5.0 + HOLD_S) == -10.0
    assert needle.at(6.0 + HOLD_S) == pytest.approx(-10.0 - FALL_DB_PER_S)
    assert needle.at(100.0) == FLOOR_DB
    needle.push(-5.0, 101.0)
    assert needle.at(101.0) == -5.0


def test_the_peak_is_held_and_then_falls(
    meter: LevelMeter, clock: Clock, player: Player, output: PulledOutput, filled: Fill,
    qtbot: QtBot, tmp_path: Path,
) -> None:  # fmt: skip
    play_tone(player, output, filled, qtbot, tmp_path, 0.5)
    clock.now_s += HOLD_S
    assert meter.held_db(0) == pytest.approx(-6.02, abs=0.05)
    clock.now_s += 1.0
    assert meter.held_db(0) == pytest.approx(-6.02 - FALL_DB_PER_S, abs=0.05)


def test_the_clip_light_stays_until_it_is_clicked(
    meter: LevelMeter, player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot,
    tmp_path: Path,
) -> None:  # fmt: skip
    play_tone(player, output, filled, qtbot, tmp_path, 1.2)
    player.pause()
    assert meter.has_clipped
    assert "clipped" in meter.accessibleDescription()
    lit = meter.grab().toImage().pixelColor(meter.width() - 12, 4)
    assert lit == theme.colors().error
    qtbot.mouseClick(meter, Qt.MouseButton.LeftButton)
    assert not meter.has_clipped
    assert meter.grab().toImage().pixelColor(meter.width() - 12, 4) == theme.colors().line


def test_full_scale_itself_is_no_clipping(
    meter: LevelMeter, player: Player, output: PulledOutput, filled: Fill, qtbot: QtBot,
    tmp_path: Path,
) -> None:  # fmt: skip
    play_tone(player, output, filled, qtbot, tmp_path, 1.0)
    assert not meter.has_clipped


def test_it_rests_when_nothing_is_heard_and_all_has_fallen(
    meter: LevelMeter, clock: Clock, player: Player, output: PulledOutput, filled: Fill,
    qtbot: QtBot, tmp_path: Path,
) -> None:  # fmt: skip
    assert not meter.is_moving
    play_tone(player, output, filled, qtbot, tmp_path, 0.5)
    assert meter.is_moving
    player.pause()
    clock.now_s += 10.0
    qtbot.waitUntil(lambda: not meter.is_moving, timeout=2_000)
    assert "silent" in meter.accessibleDescription()

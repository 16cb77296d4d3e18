"""An output that a test pulls by hand, frame by frame, in place of an audio device."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from deepbass_gui.player import Player
from deepbass_gui.playing.tape import DeviceFormat, Tape

CHUNK = 1000


class PulledOutput(QObject):
    """Takes what the player would give a device, when the test asks for it."""

    looked = Signal()
    failed = Signal(str)

    def __init__(self, qtbot: QtBot, rate_hz: int | None = None, is_float: bool = True) -> None:
        super().__init__()
        self.why_not = ""
        self.tape: Tape | None = None
        self.gain = 1.0
        self._qtbot = qtbot
        self._rate_hz = rate_hz
        self._is_float = is_float

    def format_for(self, rate_hz: int) -> DeviceFormat:
        return DeviceFormat(self._rate_hz or rate_hz, self._is_float)

    def start(self, tape: Tape) -> None:
        self.tape = tape

    def stop(self) -> None:
        self.tape = None

    def set_volume(self, gain: float) -> None:
        self.gain = gain

    def shut_down(self) -> None:
        self.tape = None

    def wait(self) -> Tape:
        """Wait until the player has started."""
        self._qtbot.waitUntil(lambda: self.tape is not None, timeout=10_000)
        assert self.tape is not None
        return self.tape

    def pull(self, n_frames: int) -> np.ndarray:
        """The next frames, shape (n_frames, 2); waits until they are there; fewer at the end."""
        tape, parts = self.wait(), []
        while n_frames:
            n = min(n_frames, CHUNK)
            self._qtbot.waitUntil(
                lambda n=n: tape.n_ahead >= n or tape.end is not None, timeout=10_000
            )
            n = min(n, tape.n_ahead)
            if not n:
                break
            parts.append(np.frombuffer(tape.take(n), tape.format.dtype).reshape(-1, 2))
            tape.note_heard(tape.handed)
            n_frames -= n
        return np.concatenate(parts) if parts else np.empty((0, 2), tape.format.dtype)


def full(output: PulledOutput, qtbot: QtBot) -> Tape:
    """Wait until the tape is filled as far as it goes; no more is made until something is taken."""
    tape = output.wait()
    qtbot.waitUntil(
        lambda: tape.n_ahead >= tape.format.rate_hz // 2 or tape.end is not None, timeout=10_000
    )
    return tape


def moved_to(player: Player, frame: int, qtbot: QtBot) -> None:
    """Wait until the player has noticed that this frame is heard."""
    qtbot.waitUntil(lambda: player.position == frame, timeout=2_000)

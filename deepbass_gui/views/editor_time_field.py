"""A field for a time to the millisecond."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from deepbass_engine.units import frames_from_seconds
from deepbass_gui import theme
from deepbass_gui.views.editor_lane import exact_clock


def seconds_from_text(text: str) -> float | None:
    """A time as a person writes it: "235.12", "3:55.120" or "1:03:55,12"; None if it is none.

    >>> seconds_from_text("3:55.120"), seconds_from_text("1:60"), seconds_from_text("soon")
    (235.12, None, None)
    """
    parts = text.strip().replace(",", ".").split(":")
    if len(parts) > 3 or not all(part.replace(".", "", 1).isdecimal() for part in parts[-1:]):
        return None
    if not all(part.isdecimal() for part in parts[:-1]):
        return None
    numbers = [float(part) for part in parts]
    if any(number >= 60 for number in numbers[1:]):
        return None
    return float(sum(number * 60**place for place, number in enumerate(reversed(numbers))))


class TimeField(QLineEdit):
    """Shows a time in a track as m:ss.mmm; another one can be typed.

    Signals
    -------
    entered(int)
        A person has typed another time: its frame.
    """

    entered = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame = 0
        self._rate_hz = 48_000
        self.setFont(theme.tabular(self.font()))
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.editingFinished.connect(self._take)

    def show_frame(self, frame: int, rate_hz: int) -> None:
        """Show a time; what is being typed stays until it is entered or left."""
        self._frame, self._rate_hz = frame, rate_hz
        if not (self.hasFocus() and self.isModified()):
            self.setText(exact_clock(frame, rate_hz))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Esc takes back what was typed."""
        if event.key() == Qt.Key.Key_Escape and self.isModified():
            self.setText(exact_clock(self._frame, self._rate_hz))
        else:
            super().keyPressEvent(event)

    def _take(self) -> None:
        if not self.isModified():
            return
        seconds = seconds_from_text(self.text())
        shown = exact_clock(self._frame, self._rate_hz)
        is_same = self.text().strip() == shown
        self.setText(shown)  # what can't be understood, or goes too far, is not left standing
        if seconds is not None and not is_same:
            self.entered.emit(frames_from_seconds(seconds, self._rate_hz))

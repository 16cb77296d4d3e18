"""Colours, icons and the stylesheet, for dark rooms and light ones."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication


@dataclass(frozen=True, slots=True)
class Colors:
    """One palette; text on background or panel has a contrast of at least 4.5, marks of 3."""

    background: QColor
    panel: QColor
    line: QColor
    text: QColor
    secondary: QColor
    accent: QColor
    outgoing: QColor
    incoming: QColor
    ok: QColor
    flagged: QColor
    error: QColor


def _palette(*names: str) -> Colors:
    return Colors(*(QColor(name) for name in names))


DARK = _palette(
    "#15171c", "#1d2027", "#2b303a", "#e7e9ec", "#9aa3af", "#4fb3ff", "#4fb3ff", "#ffb454",
    "#3fb27f", "#f2a33a", "#e5605a",
)  # fmt: skip
LIGHT = _palette(
    "#f6f7f9", "#ffffff", "#d9dde3", "#1b1e24", "#5b6470", "#0b72c4", "#0b72c4", "#b86a00",
    "#1f7f55", "#a86400", "#b3261e",
)  # fmt: skip


def colors() -> Colors:
    """The palette that the system's choice of light or dark asks for."""
    dark = QGuiApplication.styleHints().colorScheme() != Qt.ColorScheme.Light
    return DARK if dark else LIGHT

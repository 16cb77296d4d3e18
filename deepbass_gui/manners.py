"""The ways to join two tracks as a person chooses among them: on the beat, simple, by NSynth.

For the engine they are a method and a style; a person wants one list.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from deepbass_engine.settings import TransitionSpec
from deepbass_gui.setting_words import choice_tip, choice_words

_FIELDS = {
    "auto": {"method": "simple", "style": "auto"},
    "simple": {"method": "simple", "style": "plain"},
    "nsynth": {"method": "nsynth"},
}
MANNERS = tuple(_FIELDS)


def manner_of(spec: TransitionSpec) -> str:
    """The way that a transition is joined in."""
    return "auto" if (spec.method, spec.style) == ("simple", "auto") else spec.method


def fields_of(manner: str) -> dict[str, str]:
    """The settings that stand for a way."""
    return dict(_FIELDS[manner])


def fill(box: QComboBox) -> None:
    """Offer all of them, each with what it is like."""
    for manner in MANNERS:
        box.addItem(choice_words("method", manner), manner)
        box.setItemData(box.count() - 1, choice_tip("method", manner), Qt.ItemDataRole.ToolTipRole)

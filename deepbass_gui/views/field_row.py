"""A row of fields that show and edit what the chosen transition has of its own.

Each field shows whether the pair has a value of its own, and leads back to the playlist's default.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from deepbass_engine.settings import Setting, TransitionSpec, curve_pair, described
from deepbass_gui import theme
from deepbass_gui.curve_words import curve_name
from deepbass_gui.document import Document
from deepbass_gui.edits import OWN_FIELDS, Pair, own, with_own
from deepbass_gui.selection import Selection
from deepbass_gui.setting_words import choice_words


class FieldRow(QWidget):
    """Fields side by side, each under its title; what they show is up to who makes them.

    Attributes
    ----------
    resets
        The buttons that lead back to the default, by the name of the field.
    """

    def __init__(
        self, document: Document, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.resets: dict[str, QToolButton] = {}
        self._document = document
        self._selection = selection
        self._declared = {setting.name: setting for setting in described(TransitionSpec)}
        self._is_showing = False
        self._labels: dict[str, QLabel] = {}
        self._titles: dict[str, str] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 0, 8, 0)
        self._row.setSpacing(8)

    def _add(self, name: str, title: str, key: str, control: QWidget) -> None:
        """Put a control into the row, under its title and its way back."""
        cell = QVBoxLayout()
        cell.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(4)
        label = QLabel(title)
        label.setBuddy(control)
        head.addWidget(label)
        self._labels[name], self._titles[name] = label, title
        head.addStretch(1)
        if name in OWN_FIELDS:
            reset = QToolButton()
            reset.setIcon(theme.icon("reset"))
            reset.setAutoRaise(True)
            reset.setFixedSize(20, 20)
            reset.setAccessibleName(
                self.tr("{field}: use the playlist's default").format(field=title)
            )
            reset.clicked.connect(partial(self._reset, name))
            head.addWidget(reset)
            self.resets[name] = reset
            help_text = self._declared[name].help
            key_text = f" ({key})" if key else ""
            self._explain(name, help_text[:1].upper() + help_text[1:] + key_text)
        else:
            head.addSpacing(20)
            label.setMinimumHeight(20)
        control.setAccessibleName(title)
        cell.addLayout(head)
        cell.addWidget(control)
        self._row.addLayout(cell)

    def _show_field(self, name: str, is_shown: bool) -> None:
        """Show a field, or hide it where it means nothing."""
        label = self._labels[name]
        for part in (label, self.resets.get(name), label.buddy()):
            if part is not None:
                part.setVisible(is_shown)

    def _explain(self, name: str, tip: str) -> None:
        label = self._labels[name]
        label.setToolTip(tip)
        buddy = label.buddy()
        if name != "curve":  # its pickers say what each of them is
            buddy.setToolTip(tip)

    def _spec(self) -> TransitionSpec | None:
        pair = self._selection.pair
        if pair is None or self._document.fade(pair) is None:
            return None
        return self._document.project.spec(pair.out_track, pair.in_track)

    def _mark(self, name: str, pair: Pair) -> None:
        """Show whether the pair has a value of its own, and what the default is."""
        has = own(self._document.project, pair)
        is_own = getattr(has, name) is not None or (name == "method" and has.style is not None)
        label, reset = self._labels[name], self.resets[name]
        label.setText(f"{self._titles[name]} •" if is_own else self._titles[name])
        font = label.font()
        if font.bold() != is_own:
            font.setBold(is_own)
            label.setFont(font)
        reset.setEnabled(is_own)
        default = _words(self._declared[name], getattr(self._document.project.default, name))
        reset.setToolTip(self.tr("Use the playlist's default: {value}").format(value=default))

    def _edit(self, name: str, merge: str = "", **fields: Any) -> None:
        pair = self._selection.pair
        if pair is not None and not self._is_showing:
            project = with_own(self._document.settled_project, pair, **fields)
            self._document.edit(name, project, merge and f"{merge} {pair}")

    def _reset(self, name: str) -> None:
        default: dict[str, Any] = {name: None}
        if name == "method":  # for a person both are one choice
            default["style"] = None
        self._edit(self.tr("Use the playlist's default"), **default)


def _words(setting: Setting, value: object) -> str:
    """A value as it is shown to a person."""
    if setting.name == "curve":
        names = curve_pair(str(value))
        both = (curve_name(names.fade_out), curve_name(names.fade_in))
        return both[0] if names.fade_out == names.fade_in else " / ".join(both)
    if setting.choices:
        return choice_words(setting.name, str(value))
    return f"{value:g} {setting.unit}".strip() if isinstance(value, float) else str(value)

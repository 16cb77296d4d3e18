"""A form made from declared settings: what is added to `deepbass_engine.settings` appears here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRegularExpression, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QWidget,
)

from deepbass_engine.settings import Setting, curve_pair, described
from deepbass_gui import theme
from deepbass_gui.setting_words import choice_tip, choice_words, setting_title
from deepbass_gui.views.curve_picker import CurvePicker

_LARGEST_SPIN = 2**31 - 1
_SPIN_DECIMALS = 3
_FIRST_CHOICE = {"Hz": 44_100}
"""What a field shows first when "automatic" is switched off, by unit; elsewhere its minimum."""


class SettingForm(QWidget):
    """Shows every setting of a struct with its unit, its help and a way back to its default.

    Parameters
    ----------
    kind
        A struct of declared settings.
    values
        What the form shows first.
    fields
        Fields made elsewhere, by the name of their setting.

    Signals
    -------
    changed(str, object)
        A person gave this setting another value.
    """

    changed = Signal(str, object)

    def __init__(
        self,
        kind: type[Struct],
        values: Struct,
        parent: QWidget | None = None,
        *,
        fields: Mapping[str, SettingField] | None = None,
    ) -> None:
        super().__init__(parent)
        self._kind = kind
        self._given = dict(fields or {})
        self._fields: dict[str, SettingField] = {}
        self._resets: dict[str, QToolButton] = {}
        layout = QGridLayout(self)
        layout.setColumnStretch(1, 1)
        layout.setHorizontalSpacing(2 * theme.GRID_PX)
        layout.setVerticalSpacing(theme.GRID_PX // 2)
        for index, setting in enumerate(described(kind)):
            self._add(layout, 2 * index, setting, getattr(values, setting.name))
        layout.setRowStretch(2 * len(self._fields), 1)

    def values(self) -> Any:
        """What the form shows, as a struct of its kind."""
        return msgspec.convert({n: f.value for n, f in self._fields.items()}, self._kind)

    def set_values(self, values: Struct) -> None:
        """Show other values; tells of no change."""
        for name, field in self._fields.items():
            field.show_value(getattr(values, name))
            self._mark(name)

    def control(self, name: str) -> QWidget:
        """The control in which a setting is made: for the focus, and for tests."""
        return self._fields[name].control

    def reset_button(self, name: str) -> QToolButton:
        """The button that takes a setting back to its default."""
        return self._resets[name]

    def _add(self, layout: QGridLayout, row: int, setting: Setting, value: Any) -> None:
        name = setting.name
        title = setting_title(setting)
        field = self._given.get(name) or _field_for(setting, self)
        field.show_value(value)
        field.changed.connect(partial(self._on_changed, name))
        self._fields[name] = field
        tip = _sentence(setting.help) + (
            self.tr("\nUnit: {unit}").format(unit=setting.unit) if setting.unit else ""
        )
        label = QLabel(title)
        label.setBuddy(field.control)
        label.setToolTip(tip)
        field.describe(title, tip)
        reset = QToolButton()
        reset.setIcon(theme.icon("reset"))
        reset.setAutoRaise(True)
        reset.setToolTip(
            self.tr("Back to the default: {default}").format(default=field.words(setting.default))
        )
        reset.setAccessibleName(self.tr("Reset {name}").format(name=title))
        reset.clicked.connect(partial(self._reset, setting))
        self._resets[name] = reset
        help_text = QLabel(_sentence(setting.help))
        help_text.setWordWrap(True)
        help_text.setObjectName("secondary")
        help_text.setForegroundRole(help_text.palette().ColorRole.PlaceholderText)
        top = Qt.AlignmentFlag.AlignTop
        layout.addWidget(label, row, 0)
        layout.addWidget(field, row, 1)
        layout.addWidget(reset, row, 2)
        layout.addWidget(help_text, row + 1, 1, 1, 2, top)
        layout.setRowMinimumHeight(row + 1, help_text.sizeHint().height() + 2 * theme.GRID_PX)
        self._mark(name)

    def _mark(self, name: str) -> None:
        """The way back to the default is open where there is one."""
        default = next(s.default for s in described(self._kind) if s.name == name)
        self._resets[name].setEnabled(self._fields[name].value != default)

    def _on_changed(self, name: str) -> None:
        self._mark(name)
        self.changed.emit(name, self._fields[name].value)

    def _reset(self, setting: Setting) -> None:
        self._fields[setting.name].show_value(setting.default)
        self._on_changed(setting.name)


class SettingField(QWidget):
    """One setting's control; `value` stays what it was given until a person changes it."""

    changed = Signal()

    def __init__(
        self,
        control: QWidget,
        show: Callable[[Any], None],
        words: Callable[[Any], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.control = control
        self.words = words
        self.value: Any = None
        self._show = show
        self._showing = False
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.GRID_PX)
        self._row.addWidget(control)
        self._row.addStretch(1)

    def show_value(self, value: Any) -> None:
        """Show a value that no person has chosen here."""
        self.value = value
        self._showing = True
        try:
            self._show(value)
        finally:
            self._showing = False

    def take(self, value: Any) -> None:
        """A person has chosen this."""
        if not self._showing and value != self.value:
            self.value = value
            self.changed.emit()

    def describe(self, title: str, tip: str) -> None:
        """Name the control for screen readers and explain it."""
        self.control.setAccessibleName(title)
        self.control.setAccessibleDescription(tip)
        self.control.setToolTip(tip)


class _OptionalField(SettingField):
    """A setting that may be left to the program: None while "automatic" is ticked."""

    def __init__(
        self, inner: SettingField, first_value: Any, parent: QWidget | None = None
    ) -> None:
        self._automatic = QCheckBox(self.tr("automatic"))
        super().__init__(inner.control, self._show_optional, self._words, parent)
        self._inner = inner
        inner.setParent(self)
        inner.hide()  # its control has moved here
        inner.show_value(first_value)
        inner.changed.connect(self._take)
        self._automatic.toggled.connect(self._take)
        self._row.insertWidget(1, self._automatic)

    def describe(self, title: str, tip: str) -> None:
        super().describe(title, tip)
        self._automatic.setAccessibleName(self.tr("{name}: automatic").format(name=title))
        self._automatic.setToolTip(self.tr("Let the program choose."))

    def _show_optional(self, value: Any) -> None:
        self._automatic.setChecked(value is None)
        self.control.setEnabled(value is not None)
        if value is not None:
            self._inner.show_value(value)

    def _take(self) -> None:
        automatic = self._automatic.isChecked()
        self.control.setEnabled(not automatic)
        self.take(None if automatic else self._inner.value)

    def _words(self, value: Any) -> str:
        return self.tr("automatic") if value is None else self._inner.words(value)


class _NoWheel(QObject):
    """Lets the wheel scroll the page, so that it never changes a value unseen."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Pass the wheel on to what lies around."""
        if isinstance(event, QWheelEvent):
            event.ignore()
            return True
        return False


def _field_for(setting: Setting, parent: QWidget) -> SettingField:
    """The control that fits a setting's kind."""
    if setting.default is None:
        inner = _plain_field(setting, parent)
        first = _FIRST_CHOICE.get(setting.unit, setting.minimum)
        return _OptionalField(inner, first, parent)
    return _plain_field(setting, parent)


def _plain_field(setting: Setting, parent: QWidget) -> SettingField:
    if setting.name == "curve":
        return _CurveField(parent)
    if setting.choices:
        return _choice_field(setting, parent)
    if setting.kind is bool:
        return _check_field(parent)
    if setting.kind is float or (setting.kind is int and (setting.maximum or 0) <= _LARGEST_SPIN):
        return _number_field(setting, parent)
    return _text_field(setting, parent)


def _choice_field(setting: Setting, parent: QWidget) -> SettingField:
    box = QComboBox()
    for choice in setting.choices:
        box.addItem(choice_words(setting.name, choice), choice)
        if tip := choice_tip(setting.name, choice):
            box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
    _without_wheel(box)
    field = SettingField(
        box,
        lambda value: box.setCurrentIndex(box.findData(value)),
        lambda value: choice_words(setting.name, value),
        parent,
    )
    box.currentIndexChanged.connect(lambda: field.take(box.currentData()))
    return field


def _check_field(parent: QWidget) -> SettingField:
    box = QCheckBox()

    def words(value: bool) -> str:
        translate = QCoreApplication.translate
        return translate("SettingForm", "on") if value else translate("SettingForm", "off")

    field = SettingField(box, box.setChecked, words, parent)
    box.toggled.connect(field.take)
    return field


def _number_field(setting: Setting, parent: QWidget) -> SettingField:
    box = QDoubleSpinBox() if setting.kind is float else QSpinBox()
    if isinstance(box, QDoubleSpinBox):
        box.setDecimals(_SPIN_DECIMALS)
        box.setStepType(QAbstractSpinBox.StepType.DefaultStepType)
    low, high = setting.minimum or 0, setting.maximum
    high = _LARGEST_SPIN if high is None else high
    box.setRange(setting.kind(low), setting.kind(high))
    box.setSuffix(f" {setting.unit}" if setting.unit else "")
    box.setKeyboardTracking(False)
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    box.setMinimumWidth(15 * theme.GRID_PX)
    _without_wheel(box)

    def words(value: Any) -> str:
        return f"{value:g} {setting.unit}".strip()

    field = SettingField(box, box.setValue, words, parent)
    box.valueChanged.connect(field.take)
    return field


def _text_field(setting: Setting, parent: QWidget) -> SettingField:
    """A line of text; for a whole number beyond what a spin box holds, digits only."""
    line = QLineEdit()
    line.setMinimumWidth(24 * theme.GRID_PX)
    field = SettingField(line, lambda value: line.setText(str(value)), str, parent)
    if setting.kind is int:
        digits = QRegularExpression(r"\d{1,19}")
        line.setValidator(QRegularExpressionValidator(digits, line))

    def take() -> None:
        if setting.kind is not int:
            field.take(line.text())
            return
        low, high = setting.minimum or 0, setting.maximum
        number = int(line.text() or field.value)
        number = max(int(low), number if high is None else min(number, int(high)))
        line.setText(str(number))
        field.take(number)

    line.editingFinished.connect(take)
    return field


class _CurveField(SettingField):
    """Two curves, of the track that leaves and of the one that enters."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._pickers = (CurvePicker(rising=False), CurvePicker(rising=True))
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID_PX)
        names = (self.tr("Out"), self.tr("In"))
        for name, picker in zip(names, self._pickers, strict=True):
            row.addWidget(QLabel(name))
            row.addWidget(picker)
            picker.picked.connect(self._take)
        both.setFocusProxy(self._pickers[0])
        super().__init__(both, self._show_pair, self._words, parent)

    def describe(self, title: str, tip: str) -> None:
        """Leave the pickers their own names, which say which track each is for."""
        self.control.setAccessibleName(title)

    def _show_pair(self, value: str) -> None:
        names = curve_pair(value)
        for picker, name in zip(self._pickers, (names.fade_out, names.fade_in), strict=True):
            picker.curve = name

    def _take(self) -> None:
        fade_out, fade_in = (picker.curve for picker in self._pickers)
        self.take(fade_out if fade_out == fade_in else f"{fade_out}:{fade_in}")

    def _words(self, value: str) -> str:
        return value.replace("_", " ")


def _without_wheel(box: QWidget) -> None:
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    box.installEventFilter(_NoWheel(box))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")

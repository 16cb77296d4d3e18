"""The chosen transition in numbers: method, length, place, curves and seed.

Each field shows whether the pair has a value of its own, and leads back to the playlist's default.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QRegularExpression, Qt
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.settings import Setting, TransitionSpec, curve_pair, described
from deepbass_gui import theme
from deepbass_gui.document import Document
from deepbass_gui.edits import OWN_FIELDS, Pair, own, with_own
from deepbass_gui.region_edit import Handle, Lane
from deepbass_gui.selection import Selection
from deepbass_gui.views.curve_picker import CurvePicker, curve_name
from deepbass_gui.views.editor_hold import Hold
from deepbass_gui.views.editor_scene import scene_of
from deepbass_gui.views.editor_time_field import TimeField
from deepbass_gui.views.setting_form import choice_words

_LENGTH_STEP_S = 0.1
_TIME_PX = 96
_LENGTH_PX = 112


class TransitionFields(QWidget):
    """Shows and edits what the chosen transition is, field by field.

    Attributes
    ----------
    method, length, start, enter, curve_out, curve_in, seed
        The controls.
    resets
        The buttons that lead back to the default, by the name of the field.
    controls
        Room at the right end for buttons of the window's.
    """

    def __init__(
        self, document: Document, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._declared = {setting.name: setting for setting in described(TransitionSpec)}
        self._is_showing = False
        self.resets: dict[str, QToolButton] = {}
        self._labels: dict[str, QLabel] = {}
        self._titles: dict[str, str] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        self._row = row

        self.method = QComboBox()
        for choice in self._declared["method"].choices:
            self.method.addItem(choice_words("method", choice), choice)
        self.method.activated.connect(self._on_method)
        self._add("method", self.tr("Method"), "M", self.method)

        declared = self._declared["duration_s"]
        self.length = QDoubleSpinBox()
        self.length.setDecimals(3)
        self.length.setRange(declared.minimum or 0, declared.maximum or 0)
        self.length.setSingleStep(_LENGTH_STEP_S)
        self.length.setSuffix(self.tr(" s"))
        self.length.setKeyboardTracking(False)
        self.length.setFont(theme.tabular(self.length.font()))
        self.length.setFixedWidth(_LENGTH_PX)
        self.length.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.length.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.length.valueChanged.connect(self._on_length)
        self._add("duration_s", self.tr("Length"), "", self.length)

        self.start = TimeField()
        self.start.entered.connect(partial(self._on_time, Lane.OUT))
        self._add("start", self.tr("Starts at"), "", self.start)
        self._explain(
            "start",
            self.tr(
                "Time in the leaving track where the transition begins, in minutes and seconds"
            ),
        )
        self.enter = TimeField()
        for field in (self.start, self.enter):
            field.setFixedWidth(_TIME_PX)
        self.enter.entered.connect(partial(self._on_time, Lane.IN))
        self._add("enter", self.tr("Enters at"), "", self.enter)
        self._explain(
            "enter",
            self.tr(
                "Time in the entering track where the transition begins, in minutes and seconds"
            ),
        )

        both = QWidget()
        pickers = QHBoxLayout(both)
        pickers.setContentsMargins(0, 0, 0, 0)
        pickers.setSpacing(8)
        self.curve_out, self.curve_in = CurvePicker(rising=False), CurvePicker(rising=True)
        for picker in (self.curve_out, self.curve_in):
            picker.setMinimumContentsLength(11)
            picker.picked.connect(self._on_curve)
            pickers.addWidget(picker)
        both.setFocusProxy(self.curve_out)
        self._add("curve", self.tr("Curve out and in"), "C", both)

        self.seed = QLineEdit()
        self.seed.setFont(theme.tabular(self.seed.font()))
        self.seed.setFixedWidth(72)
        digits = QRegularExpression(r"\d{1,19}")
        self.seed.setValidator(QRegularExpressionValidator(digits, self.seed))
        self.seed.editingFinished.connect(self._on_seed)
        self._add("seed", self.tr("Seed"), "", self.seed)

        row.addStretch(1)
        self.controls = QHBoxLayout()
        self.controls.setSpacing(8)
        row.addLayout(self.controls)
        document.edited.connect(self._show)
        document.planned.connect(self._show)
        selection.pair_changed.connect(self._show)
        self._show()

    def choose_next_method(self) -> None:
        """Take the method after this one; behind the last comes the first."""
        choices = self._declared["method"].choices
        spec = self._spec()
        if spec is not None and len(choices) > 1:
            method = choices[(choices.index(spec.method) + 1) % len(choices)]
            self._edit(self.tr("Choose method"), method=method)

    def choose_next_curve(self, lane: Lane) -> None:
        """Take the curve after this one for both tracks; for one where they differ."""
        spec = self._spec()
        if spec is None:
            return
        names = curve_pair(spec.curve)
        picker = self.curve_out if lane is Lane.OUT else self.curve_in
        following = str(picker.itemData((picker.currentIndex() + 1) % picker.count()))
        if names.fade_out == names.fade_in:
            self._edit(self.tr("Choose curve"), curve=following)
        else:
            picker.curve = following
            self._on_curve()

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

    def _explain(self, name: str, tip: str) -> None:
        label = self._labels[name]
        label.setToolTip(tip)
        buddy = label.buddy()
        if name != "curve":  # its pickers say what each of them is
            buddy.setToolTip(tip)

    # Showing

    def _spec(self) -> TransitionSpec | None:
        pair = self._selection.pair
        if pair is None or self._document.fade(pair) is None:
            return None
        return self._document.project.spec(pair.out_track, pair.in_track)

    def _show(self) -> None:
        pair, spec = self._selection.pair, self._spec()
        self.setEnabled(spec is not None)
        if pair is None or spec is None:
            return
        self._is_showing = True
        self.method.setCurrentIndex(self.method.findData(spec.method))
        self.length.setValue(spec.duration_s)
        names = curve_pair(spec.curve)
        self.curve_out.curve, self.curve_in.curve = names.fade_out, names.fade_in
        if not (self.seed.hasFocus() and self.seed.isModified()):
            self.seed.setText(str(spec.seed))
        if scene := scene_of(self._document, pair):
            leaving, entering = scene.lanes
            self.start.show_frame(leaving.region.start_frame, scene.rate_hz)
            self.enter.show_frame(entering.region.start_frame, scene.rate_hz)
        self._is_showing = False
        for name in OWN_FIELDS:
            if name in self.resets:
                self._mark(name, pair)

    def _mark(self, name: str, pair: Pair) -> None:
        """Show whether the pair has a value of its own, and what the default is."""
        is_own = getattr(own(self._document.project, pair), name) is not None
        label, reset = self._labels[name], self.resets[name]
        label.setText(f"{self._titles[name]} •" if is_own else self._titles[name])
        font = label.font()
        if font.bold() != is_own:
            font.setBold(is_own)
            label.setFont(font)
        reset.setEnabled(is_own)
        default = _words(self._declared[name], getattr(self._document.project.default, name))
        reset.setToolTip(self.tr("Use the playlist's default: {value}").format(value=default))

    # Editing

    def _edit(self, name: str, merge: str = "", **fields: Any) -> None:
        pair = self._selection.pair
        if pair is not None and not self._is_showing:
            project = with_own(self._document.settled_project, pair, **fields)
            self._document.edit(name, project, merge and f"{merge} {pair}")

    def _reset(self, name: str) -> None:
        default: dict[str, Any] = {name: None}
        self._edit(self.tr("Use the playlist's default"), **default)

    def _on_method(self) -> None:
        self._edit(self.tr("Choose method"), method=self.method.currentData())

    def _on_length(self, seconds: float) -> None:
        self._edit(self.tr("Change length"), "length", duration_s=seconds)

    def _on_curve(self) -> None:
        names = self.curve_out.curve, self.curve_in.curve
        curve = names[0] if names[0] == names[1] else ":".join(names)
        self._edit(self.tr("Choose curve"), curve=curve)

    def _on_seed(self) -> None:
        spec = self._spec()
        if spec is None or not self.seed.isModified():
            return
        self.seed.setModified(False)
        highest = int(self._declared["seed"].maximum or 0)
        seed = min(int(self.seed.text()), highest)
        if seed != spec.seed:
            self._edit(self.tr("Choose seed"), seed=seed)
        self._show()

    def _on_time(self, lane: Lane, frame: int) -> None:
        """Move the whole region of a track so that it begins at a frame."""
        pair = self._selection.pair
        scene = scene_of(self._document, pair)
        if pair is None or scene is None:
            return
        by = frame - scene.lane(lane).region.start_frame
        if hold := Hold.of(self._document, pair, lane, Handle.WHOLE):
            name = self.tr("Move transition {number}").format(number=scene.fade.index + 1)
            self._document.edit(name, hold.moved(by))
        self._show()


def _words(setting: Setting, value: object) -> str:
    """A value as it is shown to a person."""
    if setting.name == "curve":
        names = curve_pair(str(value))
        both = (curve_name(names.fade_out), curve_name(names.fade_in))
        return both[0] if names.fade_out == names.fade_in else " / ".join(both)
    if setting.choices:
        return choice_words(setting.name, str(value))
    return f"{value:g} {setting.unit}".strip() if isinstance(value, float) else str(value)

"""The chosen transition in numbers: method, length, place, curves and seed.

Each field shows whether the pair has a value of its own, and leads back to the playlist's default.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRegularExpression, Qt
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QWidget,
)

from deepbass_engine.settings import TransitionSpec, curve_pair
from deepbass_engine.units import seconds_from_frames
from deepbass_gui import manners, theme
from deepbass_gui.document import Document
from deepbass_gui.edits import OWN_FIELDS, Pair, own
from deepbass_gui.region_edit import Handle, Lane
from deepbass_gui.selection import Selection
from deepbass_gui.views.curve_picker import CurvePicker
from deepbass_gui.views.editor_hold import Hold
from deepbass_gui.views.editor_scene import scene_of
from deepbass_gui.views.editor_time_field import TimeField
from deepbass_gui.views.field_row import FieldRow

BARS = (1, 2, 4, 8, 16, 32, 64)
_LENGTH_STEP_S = 0.1
_TIME_PX = 96
_LENGTH_PX = 112
_BARS_PX = 104
_PICKER_PX = 176


class TransitionFields(FieldRow):
    """Shows and edits what the chosen transition is, field by field.

    Attributes
    ----------
    method, length, bars, start, enter, curve_out, curve_in, seed
        The controls.
    resets
        The buttons that lead back to the default, by the name of the field.
    controls
        Room at the right end for buttons of the window's.
    """

    def __init__(
        self, document: Document, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(document, selection, parent)
        row = self._row

        self.method = QComboBox()
        manners.fill(self.method)
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

        self.bars = QComboBox()
        self.bars.setFixedWidth(_BARS_PX)
        self.bars.addItem(self.tr("Found"), 0)
        for n_bars in BARS:
            self._add_bars(n_bars)
        self.bars.activated.connect(self._on_bars)
        self._add("bars", self.tr("Bars"), "", self.bars)

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
            picker.setMinimumContentsLength(2)  # they give way in a small window
            picker.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            picker.setMaximumWidth(_PICKER_PX)
            picker.picked.connect(self._on_curve)
            pickers.addWidget(picker)
        both.setFocusProxy(self.curve_out)
        self._add("curve", self.tr("Curve out and in"), "C", both)
        row.setStretch(row.count() - 1, 100)

        self.seed = QLineEdit()
        self.seed.setFont(theme.tabular(self.seed.font()))
        self.seed.setFixedWidth(64)
        digits = QRegularExpression(r"\d{1,19}")
        self.seed.setValidator(QRegularExpressionValidator(digits, self.seed))
        self.seed.editingFinished.connect(self._on_seed)
        self._add("seed", self.tr("Seed"), "", self.seed)

        row.addStretch(1)
        self.controls = QHBoxLayout()
        self.controls.setSpacing(8)
        row.addLayout(self.controls)
        self._show_field("bars", False)
        document.edited.connect(self._show)
        document.planned.connect(self._show)
        selection.pair_changed.connect(self._show)
        self._show()

    def choose_next_method(self) -> None:
        """Take the method after this one; behind the last comes the first."""
        spec, ways = self._spec(), manners.MANNERS
        if spec is not None:
            self._choose_method(ways[(ways.index(manners.manner_of(spec)) + 1) % len(ways)])

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

    # Showing

    def _show(self) -> None:
        pair, spec = self._selection.pair, self._spec()
        self.setEnabled(spec is not None)
        if pair is None or spec is None:
            return
        self._is_showing = True
        self.method.setCurrentIndex(self.method.findData(manners.manner_of(spec)))
        self.length.setValue(self._length_s(pair, spec))
        self._show_bars(pair, spec)
        names = curve_pair(spec.curve)
        self.curve_out.curve, self.curve_in.curve = names.fade_out, names.fade_in
        if not (self.seed.hasFocus() and self.seed.isModified()):
            self.seed.setText(str(spec.seed))
        if scene := scene_of(self._document, pair):
            leaving, entering = scene.lanes
            self.start.show_frame(leaving.region.start_frame, scene.rate_hz)
            self.enter.show_frame(entering.region.start_frame, scene.rate_hz)
        self._is_showing = False
        self._explain_curves(spec)
        for name in OWN_FIELDS:
            if name in self.resets:
                self._mark(name, pair)

    def _length_s(self, pair: Pair, spec: TransitionSpec) -> float:
        """What was asked for; on the beat, what was found."""
        fade, plan = self._document.fade(pair), self._document.plan
        if fade is None or plan is None or fade.join is None:
            return spec.duration_s
        return seconds_from_frames(fade.n_frames, plan.sample_rate_hz)

    def _add_bars(self, n_bars: int) -> None:
        words = self.tr("1 bar") if n_bars == 1 else self.tr("{n} bars")
        self.bars.addItem(words.format(n=n_bars), n_bars)

    def _show_bars(self, pair: Pair, spec: TransitionSpec) -> None:
        """What was asked for, and what was found; only where there can be bars.

        There nothing is random, but for one curve, and the seed gives its place to them.
        """
        is_on_beat = manners.manner_of(spec) == "auto"
        self._show_field("bars", is_on_beat)
        self._show_field("seed", not is_on_beat or "Random_Linear" in spec.curve)
        fade = self._document.fade(pair)
        join = None if fade is None else fade.join
        found = self.tr("Found")
        if join is not None and join.placed.n_bars:
            found = self.tr("Found: {n}").format(n=join.placed.n_bars)
        self.bars.setItemText(0, found)
        has_length = own(self._document.project, pair).duration_s is not None
        if has_length and not spec.bars:
            self.bars.setCurrentIndex(-1)
            return
        if (index := self.bars.findData(spec.bars)) < 0:
            self._add_bars(spec.bars)
            index = self.bars.count() - 1
        self.bars.setCurrentIndex(index)

    def _explain_curves(self, spec: TransitionSpec) -> None:
        """Curves are heard in all but a raw morph, which is the model's sound alone."""
        is_heard = (spec.method, spec.morph) != ("nsynth", "raw")
        for picker in (self.curve_out, self.curve_in):
            picker.setEnabled(is_heard)
            if is_heard:
                picker.show_tip()
            else:
                picker.setToolTip(
                    self.tr("A raw morph has no curve: only the model's sound is heard.")
                )

    # Editing

    def _on_method(self) -> None:
        method = self.method.currentData()
        self._show()  # what is so far, while a model is asked for
        self._choose_method(method)

    def _choose_method(self, method: str) -> None:
        """Take a method; NSynth once there is a model for it."""
        pair, name = self._selection.pair, self.tr("Choose method")
        if method != "nsynth":
            self._edit(name, **manners.fields_of(method))
            return

        def choose() -> None:
            if pair is not None and self._selection.pair == pair:
                self._edit(name, **manners.fields_of(method))

        self._document.nsynth.when_there_is_a_model(choose)

    def _on_length(self, seconds: float) -> None:
        self._edit(self.tr("Change length"), "length", duration_s=seconds, bars=None)

    def _on_bars(self) -> None:
        n_bars = self.bars.currentData()
        is_default = n_bars == self._document.project.default.bars
        self._edit(self.tr("Change bars"), duration_s=None, bars=None if is_default else n_bars)

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

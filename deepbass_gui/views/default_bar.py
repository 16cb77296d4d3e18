"""How pairs are joined that have nothing of their own: a row for the toolbar."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from deepbass_engine.settings import TransitionSpec, curve_pair, described
from deepbass_gui import manners
from deepbass_gui.document import Document
from deepbass_gui.edits import with_default
from deepbass_gui.views.curve_picker import CurvePicker

_PICKER_PX, _LEAST_PICKER_PX = 180, 84


class DefaultBar(QWidget):
    """Shows and edits the playlist's default transition."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        declared = {setting.name: setting for setting in described(TransitionSpec)}

        self._method = QComboBox()
        manners.fill(self._method)
        self._method.setAccessibleName(self.tr("Default method"))
        self._method.setToolTip(self.tr("How pairs are joined that have no method of their own"))
        self._method.activated.connect(self._pick_method)

        self._length = QDoubleSpinBox()
        self._length.setRange(
            declared["duration_s"].minimum or 0, declared["duration_s"].maximum or 0
        )
        self._length.setDecimals(1)
        self._length.setSuffix(self.tr(" s"))
        self._length.setSingleStep(0.5)
        self._length.setKeyboardTracking(False)
        self._length.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._length.setAccessibleName(self.tr("Default length in seconds"))
        self._length.setToolTip(
            self.tr("Length in seconds of transitions that have none of their own; 0 is a hard cut")
        )
        self._length.valueChanged.connect(
            lambda value: self._edit(self.tr("Default length"), duration_s=value)
        )

        self._curve_out = CurvePicker(rising=False)
        self._curve_in = CurvePicker(rising=True)
        for picker, tip in (
            (self._curve_out, self.tr("Curve of the track that leaves, where a pair has none")),
            (self._curve_in, self.tr("Curve of the track that enters, where a pair has none")),
        ):
            picker.setToolTip(tip)
            picker.setMinimumContentsLength(0)  # it gives way: Render must stay to be seen
            picker.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            picker.setMinimumWidth(_LEAST_PICKER_PX)
            picker.setMaximumWidth(_PICKER_PX)
            picker.picked.connect(self._pick_curve)

        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(QLabel(self.tr("Default")))
        for widget in (self._method, self._length, self._curve_out, self._curve_in):
            row.addWidget(widget, 1 if widget in (self._curve_out, self._curve_in) else 0)
        row.addStretch(1)
        document.edited.connect(self._show)
        self._show()

    def _edit(self, name: str, **fields: object) -> None:
        project = with_default(self._document.settled_project, **fields)
        self._document.edit(name, project, merge=name)

    def _pick_method(self) -> None:
        """Take a method; NSynth once there is a model for it."""
        method, name = self._method.currentData(), self.tr("Default method")
        self._show()  # what is so far, while a model is asked for

        def choose() -> None:
            self._edit(name, **manners.fields_of(method))

        if method == "nsynth":
            self._document.nsynth.when_there_is_a_model(choose)
        else:
            choose()

    def _pick_curve(self) -> None:
        names = (self._curve_out.curve, self._curve_in.curve)
        self._edit(
            self.tr("Default curve"), curve=names[0] if names[0] == names[1] else ":".join(names)
        )

    def _show(self) -> None:
        default = self._document.project.default
        pair = curve_pair(default.curve)
        for widget in (self._method, self._length):
            widget.blockSignals(True)
        self._method.setCurrentIndex(self._method.findData(manners.manner_of(default)))
        self._length.setValue(default.duration_s)
        for widget in (self._method, self._length):
            widget.blockSignals(False)
        self._curve_out.curve, self._curve_in.curve = pair.fade_out, pair.fade_in

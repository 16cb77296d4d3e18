"""Every setting, on pages made from `deepbass_engine.settings`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs
from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.settings import (
    Device,
    Jobs,
    MixSettings,
    Precision,
    QualityLimits,
    TransitionSpec,
)
from deepbass_gui import preferences, theme
from deepbass_gui.dialogs.export import JOBS_KEY
from deepbass_gui.dialogs.model_field import ModelField
from deepbass_gui.document import Document
from deepbass_gui.edits import with_default, with_limits, with_mix
from deepbass_gui.player import LONGEST_ROLL_S, Player
from deepbass_gui.views.setting_form import SettingForm

SCHEME_KEY = "scheme"


def _roll(description: str) -> Meta:
    return Meta(ge=0, le=LONGEST_ROLL_S, description=description, extra={"unit": "s"})


class ProgramSettings(Struct, frozen=True, kw_only=True):
    """What belongs to this person and machine, not to a project."""

    scheme: Annotated[
        Literal["system", "dark", "light"], Meta(description="colours of the window")
    ] = "system"
    pre_roll_s: Annotated[
        float, _roll("how much is heard before a transition when it is auditioned")
    ] = 4.0
    post_roll_s: Annotated[
        float, _roll("how much is heard after a transition when it is auditioned")
    ] = 4.0
    jobs: Jobs = 0
    device: Device = "auto"
    precision: Precision = "auto"


class SettingsDialog(QDialog):
    """Shows the playlist's default transition, the mix, limits of quality and the program.

    What belongs to the project becomes a step that can be undone; Cancel changes nothing.
    """

    def __init__(self, document: Document, player: Player, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._player = player
        self.setObjectName("settings")
        self.setWindowTitle(self.tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        project = document.settled_project
        program = ProgramSettings(
            scheme=theme.scheme_named(preferences.get(SCHEME_KEY, "system")),
            pre_roll_s=player.pre_roll_s,
            post_roll_s=player.post_roll_s,
            jobs=preferences.get(JOBS_KEY, 0),
            device=document.nsynth.device,
            precision=document.nsynth.precision,
        )
        self.transition = SettingForm(TransitionSpec, project.default)
        self.transition.changed.connect(self._on_transition)
        self.mix = SettingForm(
            MixSettings, project.mix, fields={"model": ModelField(document.nsynth)}
        )
        self.quality = SettingForm(QualityLimits, project.limits)
        self.program = SettingForm(ProgramSettings, program)
        self.program.changed.connect(self._show_devices)
        document.nsynth.devices_found.connect(self._show_devices)
        document.nsynth.ask_devices()
        self._pages = QTabWidget()
        for form, words in (
            (self.transition, self.tr("&Transitions")),
            (self.mix, self.tr("&Mix")),
            (self.quality, self.tr("&Quality")),
            (self.program, self.tr("&Program")),
        ):
            area = QScrollArea()
            area.setWidgetResizable(True)
            area.setFrameShape(QScrollArea.Shape.NoFrame)
            area.setWidget(form)
            self._pages.addTab(area, words)
        button = QDialogButtonBox.StandardButton
        self._buttons = QDialogButtonBox(button.Ok | button.Cancel | button.Apply)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._buttons.clicked.connect(self._on_clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(*4 * (2 * theme.GRID_PX,))
        column.setSpacing(2 * theme.GRID_PX)
        column.addWidget(self._pages, 1)
        column.addWidget(self._buttons)
        self.resize(720, 560)

    def accept(self) -> None:
        """Take everything over and close."""
        self.apply()
        super().accept()

    def apply(self) -> None:
        """Take everything over."""
        if (field := self.focusWidget()) is not None:  # what is being typed into it counts
            field.clearFocus()
            field.setFocus()
        document = self._document
        project = with_default(document.settled_project, **_values(self.transition))
        project = with_mix(project, **_values(self.mix))
        project = with_limits(project, **_values(self.quality))
        document.edit(self.tr("Settings"), project)
        program: ProgramSettings = self.program.values()
        preferences.put(JOBS_KEY, program.jobs)
        preferences.put(SCHEME_KEY, program.scheme)
        document.nsynth.choose_device(program.device, program.precision)
        self._player.pre_roll_s = program.pre_roll_s
        self._player.post_roll_s = program.post_roll_s
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, program.scheme)

    def _on_transition(self, name: str, value: object) -> None:
        """NSynth is chosen once there is a model for it."""
        if (name, value) != ("method", "nsynth"):
            return
        before = structs.replace(self.transition.values(), method="simple")
        self.transition.set_values(before)

        def choose() -> None:
            values = structs.replace(self.transition.values(), method="nsynth")
            self.transition.set_values(values)

        self._document.nsynth.when_there_is_a_model(choose)

    def _show_devices(self) -> None:
        """Close what can't be used here, and say why."""
        found = self._document.nsynth.devices
        if found is None:
            return
        chosen: ProgramSettings = self.program.values()
        why_not: dict[str, str] = {}
        for facts in found:
            if not facts.precisions:
                why_not[facts.device] = "; ".join(facts.reasons) or self.tr("There is none here.")
        _close(self.program.control("device"), why_not)
        usable = [f for f in found if f.precisions and chosen.device in ("auto", f.device)]
        precisions = {precision for facts in usable for precision in facts.precisions}
        reasons = [reason for facts in found for reason in facts.reasons]
        _close(
            self.program.control("precision"),
            {
                name: "; ".join(reason for reason in reasons if name in reason)
                or self.tr("This device can't compute in it.")
                for name in ("float32", "float16", "int8")
                if name not in precisions
            },
        )

    def _on_clicked(self, button: QAbstractButton) -> None:
        if self._buttons.standardButton(button) == QDialogButtonBox.StandardButton.Apply:
            self.apply()


def _close(control: QWidget, why_not: dict[str, str]) -> None:
    """Close entries of a combo box, each with a tooltip that says why."""
    assert isinstance(control, QComboBox)
    entries = control.model()
    assert isinstance(entries, QStandardItemModel)
    for row in range(control.count()):
        reason = why_not.get(control.itemData(row), "")
        entries.item(row).setEnabled(not reason)
        entries.item(row).setToolTip(reason)


def _values(form: SettingForm) -> dict[str, Any]:
    return structs.asdict(form.values())

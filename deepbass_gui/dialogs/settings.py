"""Every setting, on pages made from `deepbass_engine.settings`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QDialogButtonBox,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.settings import Jobs, MixSettings, TransitionSpec
from deepbass_gui import preferences, theme
from deepbass_gui.dialogs.export import JOBS_KEY
from deepbass_gui.document import Document
from deepbass_gui.edits import with_default, with_mix
from deepbass_gui.player import LONGEST_ROLL_S, Player
from deepbass_gui.views.setting_form import SettingForm

SCHEME_KEY = "scheme"

_RollS = Annotated[float, Meta(ge=0, le=LONGEST_ROLL_S, extra={"unit": "s"})]


class ProgramSettings(Struct, frozen=True, kw_only=True):
    """What belongs to this person and machine, not to a project."""

    scheme: Annotated[
        Literal["system", "dark", "light"], Meta(description="colours of the window")
    ] = "system"
    pre_roll_s: Annotated[
        _RollS, Meta(description="how much is heard before a transition when it is auditioned")
    ] = 4.0
    post_roll_s: Annotated[
        _RollS, Meta(description="how much is heard after a transition when it is auditioned")
    ] = 4.0
    jobs: Jobs = 0


class SettingsDialog(QDialog):
    """Shows the playlist's default transition, the mix's settings and the program's.

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
        )
        self.transition = SettingForm(TransitionSpec, project.default)
        self.mix = SettingForm(MixSettings, project.mix)
        self.program = SettingForm(ProgramSettings, program)
        self._pages = QTabWidget()
        for form, words in (
            (self.transition, self.tr("&Transitions")),
            (self.mix, self.tr("&Mix")),
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
        self.resize(640, 520)

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
        document.edit(self.tr("Settings"), project)
        program: ProgramSettings = self.program.values()
        preferences.put(JOBS_KEY, program.jobs)
        preferences.put(SCHEME_KEY, program.scheme)
        self._player.pre_roll_s = program.pre_roll_s
        self._player.post_roll_s = program.post_roll_s
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, program.scheme)

    def _on_clicked(self, button: QAbstractButton) -> None:
        if self._buttons.standardButton(button) == QDialogButtonBox.StandardButton.Apply:
            self.apply()


def _values(form: SettingForm) -> dict[str, Any]:
    return structs.asdict(form.values())

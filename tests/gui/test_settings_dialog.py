"""Settings: what belongs to the project is one step; Cancel changes nothing; forms keep values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import pytest
from msgspec import Meta, Struct
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialogButtonBox,
    QDoubleSpinBox,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from deepbass_engine.settings import MixSettings, TransitionSpec
from deepbass_gui import preferences, theme
from deepbass_gui.dialogs.settings import SCHEME_KEY, ProgramSettings, SettingsDialog
from deepbass_gui.document import Document
from deepbass_gui.edits import with_default
from deepbass_gui.player import Player
from deepbass_gui.views.default_bar import DefaultBar
from deepbass_gui.views.setting_form import SettingForm
from tests.gui.pulled_output import PulledOutput

Fill = Callable[..., Document]


@pytest.fixture
def player(qtbot: QtBot, document: Document) -> Iterator[Player]:
    made = Player(document, output=PulledOutput(qtbot))
    yield made
    made.shut_down()


@pytest.fixture
def dialog(qtbot: QtBot, qapp: object, filled: Fill, player: Player) -> Iterator[SettingsDialog]:
    made = SettingsDialog(filled(), player)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    yield made
    theme.apply(qapp, "system")


def press(qtbot: QtBot, dialog: SettingsDialog, which: QDialogButtonBox.StandardButton) -> None:
    button = dialog.findChild(QDialogButtonBox).button(which)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def type_in(qtbot: QtBot, control: QDoubleSpinBox | QSpinBox, words: str) -> None:
    control.setFocus()
    control.selectAll()
    qtbot.keyClicks(control, words)


def change_everything(qtbot: QtBot, dialog: SettingsDialog) -> None:
    type_in(qtbot, dialog.transition.control("duration_s"), "2.5")
    trim = dialog.mix.control("trim")
    trim.setCurrentIndex(trim.findData("none"))
    type_in(qtbot, dialog.quality.control("bass_overlap"), "4.5")
    type_in(qtbot, dialog.program.control("pre_roll_s"), "1.5")
    type_in(qtbot, dialog.program.control("jobs"), "3")
    scheme = dialog.program.control("scheme")
    scheme.setCurrentIndex(scheme.findData("dark"))


def test_all_of_a_projects_settings_are_one_step(
    qtbot: QtBot, dialog: SettingsDialog, document: Document
) -> None:
    before = document.project
    change_everything(qtbot, dialog)
    assert document.project == before
    press(qtbot, dialog, QDialogButtonBox.StandardButton.Ok)
    assert not dialog.isVisible()
    assert document.project.default.duration_s == 2.5
    assert document.project.mix.trim == "none"
    assert document.project.limits.bass_overlap == 4.5
    assert (document.undo_stack.count(), document.undo_stack.undoText()) == (1, "Settings")
    document.undo_stack.undo()
    assert document.project == before


def test_the_programs_settings_are_taken_over_and_remembered(
    qtbot: QtBot, dialog: SettingsDialog, document: Document, player: Player
) -> None:
    change_everything(qtbot, dialog)
    press(qtbot, dialog, QDialogButtonBox.StandardButton.Apply)
    assert dialog.isVisible()
    assert player.pre_roll_s == 1.5
    assert preferences.get(SCHEME_KEY, "") == "dark"
    assert theme.colors() == theme.DARK
    again = SettingsDialog(document, player)
    qtbot.addWidget(again)
    assert again.program.values() == ProgramSettings(
        scheme="dark", pre_roll_s=1.5, post_roll_s=player.post_roll_s, jobs=3
    )


def test_cancel_changes_nothing(
    qtbot: QtBot, dialog: SettingsDialog, document: Document, player: Player
) -> None:
    before = (document.project, player.pre_roll_s, theme.colors())
    change_everything(qtbot, dialog)
    press(qtbot, dialog, QDialogButtonBox.StandardButton.Cancel)
    assert not dialog.isVisible()
    assert (document.project, player.pre_roll_s, theme.colors()) == before
    assert not document.is_modified
    assert preferences.get(SCHEME_KEY, "none") == "none"


def test_a_number_that_is_still_being_typed_counts_when_ok_is_pressed_by_key(
    qtbot: QtBot, dialog: SettingsDialog, document: Document
) -> None:
    length = dialog.transition.control("duration_s")
    type_in(qtbot, length, "3.25")
    dialog.accept()
    assert document.project.default.duration_s == 3.25


def test_what_was_not_touched_keeps_more_digits_than_are_shown(
    qtbot: QtBot, dialog: SettingsDialog, document: Document
) -> None:
    exact = 1.0 / 3.0
    document.edit("Length", with_default(document.project, duration_s=exact))
    dialog.transition.set_values(document.project.default)
    assert dialog.transition.values().duration_s == exact


@pytest.mark.parametrize("kind", [TransitionSpec, MixSettings, ProgramSettings])
def test_every_setting_has_a_named_control_with_a_tip_and_a_way_back(
    qtbot: QtBot, kind: type[Struct]
) -> None:
    form = SettingForm(kind, kind())
    qtbot.addWidget(form)
    for name in kind.__struct_fields__:
        assert form.control(name).accessibleName()
        assert form.reset_button(name).accessibleName()
        assert form.reset_button(name).toolTip()
        assert not form.reset_button(name).isEnabled()
    assert form.values() == kind()


class Sample(Struct, frozen=True, kw_only=True):
    """One setting of each kind."""

    flag: Annotated[bool, Meta(description="a switch")] = False
    count: Annotated[int, Meta(ge=0, le=9, description="a count")] = 2
    level_db: Annotated[
        float, Meta(ge=-60, le=0, description="a level", extra={"unit": "dB"})
    ] = -6.0
    big: Annotated[int, Meta(ge=0, le=2**63 - 1, description="a seed")] = 0
    name: Annotated[str, Meta(description="a word")] = "plain"
    maybe_hz: (
        Annotated[int, Meta(ge=8_000, le=192_000, description="a rate", extra={"unit": "Hz"})]
        | None
    ) = None


def test_a_setting_of_each_kind_is_made_told_and_reset(qtbot: QtBot) -> None:
    form = SettingForm(Sample, Sample())
    qtbot.addWidget(form)
    form.show()
    told: list[tuple[str, object]] = []
    form.changed.connect(lambda name, value: told.append((name, value)))
    form.control("flag").click()
    form.control("count").setValue(7)
    form.control("level_db").setValue(-12.5)
    big = form.control("big")
    big.setText("9223372036854775807")
    big.editingFinished.emit()
    word = form.control("name")
    word.setText("fancy")
    word.editingFinished.emit()
    automatic = next(b for b in form.findChildren(QCheckBox) if "automatic" in b.accessibleName())
    automatic.click()
    changed = Sample(
        flag=True, count=7, level_db=-12.5, big=2**63 - 1, name="fancy", maybe_hz=44_100
    )
    assert form.values() == changed
    assert told == [(name, getattr(changed, name)) for name in Sample.__struct_fields__]
    for name in Sample.__struct_fields__:
        assert form.reset_button(name).isEnabled()
        form.reset_button(name).click()
    assert form.values() == Sample()
    assert not any(form.reset_button(name).isEnabled() for name in Sample.__struct_fields__)


def test_a_number_beyond_its_range_becomes_the_nearest_that_is_allowed(qtbot: QtBot) -> None:
    form = SettingForm(Sample, Sample())
    qtbot.addWidget(form)
    big = form.control("big")
    big.setText("9999999999999999999")
    big.editingFinished.emit()
    assert form.values().big == 2**63 - 1
    assert big.text() == str(2**63 - 1)


def test_the_wheel_over_a_field_changes_nothing(qtbot: QtBot) -> None:
    form = SettingForm(Sample, Sample())
    qtbot.addWidget(form)
    form.show()
    count = form.control("count")
    count.setFocus()
    middle = QPointF(count.rect().center())
    wheel = QWheelEvent(
        middle, QPointF(count.mapToGlobal(middle)), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False
    )  # fmt: skip
    QApplication.sendEvent(count, wheel)
    assert not wheel.isAccepted()
    assert form.values() == Sample()
    qtbot.keyClick(count, Qt.Key.Key_Up)
    assert form.values().count == 3


def test_the_default_bar_edits_the_default_and_follows_undo(qtbot: QtBot, filled: Fill) -> None:
    document = filled(duration_s=1.0)
    bar = DefaultBar(document)
    qtbot.addWidget(bar)
    bar.show()
    length = bar.findChild(QDoubleSpinBox)
    type_in(qtbot, length, "2.5")
    qtbot.keyClick(length, Qt.Key.Key_Return)
    assert document.project.default.duration_s == 2.5
    assert document.undo_stack.undoText() == "Default length"
    document.undo_stack.undo()
    assert length.value() == 1.0
    assert document.project.default.duration_s == 1.0


def test_the_default_bar_edits_nothing_by_showing_a_length_of_more_digits(
    qtbot: QtBot, filled: Fill
) -> None:
    document = filled(duration_s=1.26)
    bar = DefaultBar(document)
    qtbot.addWidget(bar)
    bar.show()
    length = bar.findChild(QDoubleSpinBox)
    length.setFocus()
    qtbot.keyClick(length, Qt.Key.Key_Return)
    length.clearFocus()
    assert document.project.default.duration_s == 1.26
    assert not document.is_modified


def test_every_control_of_the_default_bar_is_named_and_explained(
    qtbot: QtBot, document: Document
) -> None:
    bar = DefaultBar(document)
    qtbot.addWidget(bar)
    bar.show()
    focusable = [
        w
        for w in bar.findChildren(QWidget)
        if w.isVisible() and w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.focusProxy() is None
    ]
    assert len(focusable) >= 4
    assert all(w.accessibleName() and w.toolTip() for w in focusable)

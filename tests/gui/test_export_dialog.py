"""Where the mix goes: what can't be is said at once, what was chosen is remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from deepbass_gui.dialogs.export import ExportDialog
from deepbass_gui.document import Document
from deepbass_gui.jobs.render_work import ExportChoice

Fill = Callable[..., Document]


@pytest.fixture
def opened(qtbot: QtBot, filled: Fill) -> Callable[[], ExportDialog]:
    """Open the dialog over three songs."""
    document = filled()

    def open_it() -> ExportDialog:
        dialog = ExportDialog(document)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return open_it


Opened = Callable[[], ExportDialog]


def field(dialog: ExportDialog, name: str) -> QComboBox:
    return next(box for box in dialog.findChildren(QComboBox) if box.accessibleName() == name)


def choose(dialog: ExportDialog, name: str, words: str) -> None:
    box = field(dialog, name)
    assert box.findText(words) >= 0
    box.setCurrentIndex(box.findText(words))


def chosen(qtbot: QtBot, dialog: ExportDialog) -> ExportChoice:
    with qtbot.waitSignal(dialog.chosen) as told:
        qtbot.mouseClick(dialog.render_button, Qt.MouseButton.LeftButton)
    return told.args[0]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("no folder/mix.wav", "there is no folder"),
        ("songs/one.wav", "one of the files the mix is made from"),
        ("songs", "can't be written as"),
        ("mix.mp3", "name it .wav or .flac"),
    ],
)
def test_what_can_not_be_written_is_said_at_once_and_can_not_be_rendered(
    qtbot: QtBot, opened: Opened, tmp_path: Path, place: str, said: str
) -> None:
    dialog = opened()
    told: list[ExportChoice] = []
    dialog.chosen.connect(told.append)
    dialog.set_target(tmp_path / place)
    assert said in dialog.trouble
    assert not dialog.render_button.isEnabled()
    dialog.accept()
    assert dialog.isVisible()
    assert told == []
    dialog.set_target(tmp_path / "mix.wav")
    assert dialog.trouble == ""
    assert chosen(qtbot, dialog).target == tmp_path / "mix.wav"


def test_a_mix_without_a_name_is_said(opened: Opened) -> None:
    dialog = opened()
    dialog.findChildren(QLineEdit)[0].clear()
    assert "name" in dialog.trouble
    assert not dialog.render_button.isEnabled()


def test_a_folder_in_the_place_of_a_file_beside_it_is_said(opened: Opened, tmp_path: Path) -> None:
    dialog = opened()
    dialog.set_target(tmp_path / "mix.wav")
    (tmp_path / "mix.wav.cue").mkdir()
    assert dialog.trouble == ""
    check(dialog, "cue").click()
    assert "mix.wav.cue" in dialog.trouble
    assert not dialog.render_button.isEnabled()


def check(dialog: ExportDialog, word: str) -> QCheckBox:
    boxes = dialog.findChildren(QCheckBox)
    return next(box for box in boxes if word in box.text().replace("&", "").lower())


def test_flac_offers_no_float_and_takes_24_bits_instead(opened: Opened, tmp_path: Path) -> None:
    dialog = opened()
    dialog.set_target(tmp_path / "mix.wav")
    choose(dialog, "Sample format", "32 bit float")
    choose(dialog, "File format", "FLAC")
    assert dialog.choice.target == tmp_path / "mix.flac"
    assert dialog.choice.output.subtype == "PCM_24"
    assert field(dialog, "Sample format").findText("32 bit float") < 0
    assert dialog.trouble == ""


def test_a_name_that_is_typed_chooses_the_format(opened: Opened, tmp_path: Path) -> None:
    dialog = opened()
    choose(dialog, "Sample format", "32 bit float")
    dialog.set_target(tmp_path / "mix.FLAC")
    assert field(dialog, "File format").currentText() == "FLAC"
    assert dialog.choice.output.subtype == "PCM_24"
    assert dialog.render_button.isEnabled()


def test_what_will_be_replaced_is_named_by_the_button_and_beside_it(
    opened: Opened, tmp_path: Path
) -> None:
    dialog = opened()
    dialog.set_target(tmp_path / "mix.wav")
    assert dialog.render_button.text() == "&Render"
    (tmp_path / "mix.wav.tracklist.txt").write_text("of yesterday")
    check(dialog, "tracklist").click()
    assert dialog.render_button.text() == "&Replace"
    assert dialog.trouble == "Will be replaced: mix.wav.tracklist.txt"
    check(dialog, "tracklist").click()
    assert dialog.render_button.text() == "&Render"
    (tmp_path / "mix.wav").write_bytes(b"of yesterday")
    dialog.set_target(tmp_path / "mix.wav")
    check(dialog, "report").click()
    assert dialog.trouble == "Will be replaced: mix.wav"
    assert dialog.render_button.isEnabled()


def test_what_was_chosen_last_is_offered_again(
    qtbot: QtBot, opened: Opened, tmp_path: Path
) -> None:
    first = opened()
    choose(first, "File format", "FLAC")
    choose(first, "Sample format", "16 bit")
    check(first, "cue").click()
    first.set_target(tmp_path / "evening.flac")
    choice = chosen(qtbot, first)
    again = opened().choice
    assert again.target == tmp_path / "mix.flac"
    assert (again.output.subtype, again.cue, again.tracklist, again.report) == (
        "PCM_16", True, False, False,
    )  # fmt: skip
    assert choice.output.subtype == "PCM_16"


def test_what_was_cancelled_is_not_remembered(opened: Opened) -> None:
    first = opened()
    before = first.choice
    choose(first, "File format", "FLAC")
    choose(first, "Sample rate of the mix", "96 kHz")
    first.reject()
    assert opened().choice == before
    assert not first._document.is_modified


def test_the_rate_is_an_edit_that_can_be_undone(
    qtbot: QtBot, opened: Opened, tmp_path: Path
) -> None:
    dialog = opened()
    document = dialog._document
    dialog.set_target(tmp_path / "mix.wav")
    choose(dialog, "Sample rate of the mix", "96 kHz")
    chosen(qtbot, dialog)
    assert document.project.mix.sample_rate_hz == 96_000
    assert document.plan.sample_rate_hz == 96_000
    assert document.undo_stack.undoText() == "Rate of the mix"
    document.undo_stack.undo()
    assert document.project.mix.sample_rate_hz is None
    chosen(qtbot, opened_again(opened, tmp_path))
    assert document.undo_stack.index() == 0


def opened_again(opened: Opened, tmp_path: Path) -> ExportDialog:
    dialog = opened()
    dialog.set_target(tmp_path / "mix.wav")
    return dialog


def test_nothing_can_be_rendered_of_no_music(
    qtbot: QtBot, document: Document, tmp_path: Path
) -> None:
    dialog = ExportDialog(document)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.set_target(tmp_path / "mix.wav")
    assert not dialog.render_button.isEnabled()
    assert dialog.trouble


def test_every_field_has_a_name_for_screen_readers(opened: Opened) -> None:
    dialog = opened()
    for kind in (QComboBox, QLineEdit):
        for widget in dialog.findChildren(kind):
            if widget.isVisible():
                assert widget.accessibleName()

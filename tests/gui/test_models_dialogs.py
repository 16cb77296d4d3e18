"""Models are imported, listed, chosen and removed, and asked for where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from deepbass_engine.nsynth import models
from deepbass_gui.dialogs.export import ExportDialog
from deepbass_gui.dialogs.import_model import ImportModelDialog, name_for
from deepbass_gui.dialogs.models import ModelsDialog, offer_import
from deepbass_gui.dialogs.settings import SettingsDialog
from deepbass_gui.document import Document
from deepbass_gui.edits import with_default, with_mix
from deepbass_gui.main_window import MainWindow
from deepbass_gui.nsynth import Readiness
from deepbass_gui.player import Player
from deepbass_gui.selection import Selection
from deepbass_gui.views.default_bar import DefaultBar
from deepbass_gui.views.editor import TransitionEditor
from tests.gui.asked import answer, question, questions
from tests.gui.pulled_output import PulledOutput

Fill = Callable[..., Document]
Install = Callable[..., str]
MakeModel = Callable[..., Path]


@pytest.fixture(autouse=True)
def threads_end(document: Document) -> Iterator[None]:
    yield
    document.nsynth.shut_down()


@pytest.fixture
def importing(qtbot: QtBot, document: Document) -> Iterator[ImportModelDialog]:
    window = QWidget()
    qtbot.addWidget(window)
    made = ImportModelDialog(document.nsynth, window)
    made.show()
    yield made
    document.nsynth.shut_down()
    window.close()


@pytest.fixture
def listed(
    qtbot: QtBot, document: Document, installed: Install, nothing_bundled: None
) -> ModelsDialog:
    """The dialog with two models that were imported, and none beside them."""
    installed("first")
    installed("second", width=16)
    made = ModelsDialog(document)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.table.rowCount() == 2, timeout=5_000)
    return made


@pytest.fixture
def editor(
    qtbot: QtBot, document: Document, filled: Fill, selection: Selection
) -> Iterator[TransitionEditor]:
    made = TransitionEditor(filled(), selection)
    document.nsynth.model_wanted.connect(partial(offer_import, made, document.nsynth))
    qtbot.addWidget(made)
    made.show()
    yield made
    made.shut_down()


def press(qtbot: QtBot, button: QWidget) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def pick(combo: QComboBox, value: object) -> None:
    """Choose an entry, as a person does."""
    combo.setCurrentIndex(combo.findData(value))
    combo.activated.emit(combo.currentIndex())


def dialog(kind: type[QDialog]) -> QDialog:
    (found,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    return found


def is_open(dialog: QDialog) -> bool:
    """Whether a dialog, which is deleted when it closes, is there to be seen."""
    return isValid(dialog) and dialog.isVisible()


def cells(table: ModelsDialog) -> list[list[str]]:
    return [
        [table.table.item(row, column).text() for column in range(5)]
        for row in range(table.table.rowCount())
    ]


# Importing


@pytest.mark.usefixtures("nothing_bundled")
def test_a_model_is_imported_under_the_name_of_its_file(
    qtbot: QtBot, importing: ImportModelDialog, model_file: MakeModel, document: Document
) -> None:
    importing.path.setText(str(model_file("strings")))
    assert importing.name.text() == "strings"
    with qtbot.waitSignal(importing.imported, timeout=10_000) as imported:
        press(qtbot, importing.import_button)
    assert imported.args == ["strings"]
    assert models.names() == ["strings"]
    qtbot.waitUntil(lambda: len(document.nsynth.models) == 1, timeout=5_000)
    qtbot.waitUntil(lambda: not is_open(importing), timeout=1_000)


def test_a_name_that_was_typed_stays(importing: ImportModelDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(importing.name, "mine")
    importing.path.setText("/somewhere/else.tar")
    assert importing.name.text() == "mine"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("wavenet-ckpt.tar", "wavenet-ckpt"),
        ("model.ckpt-200000.index", "model.ckpt-200000"),
        ("My Model (2).safetensors", "My-Model-2"),
        ("x" * 60, "x" * 40),
    ],
)
def test_a_name_is_made_of_the_files(file: str, name: str) -> None:
    assert name_for(Path("models") / file) == name


def test_what_is_no_model_is_told_in_the_engines_words(
    qtbot: QtBot, importing: ImportModelDialog, tmp_path: Path
) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"no model at all")
    importing.path.setText(str(path))
    press(qtbot, importing.import_button)
    qtbot.waitUntil(lambda: "broken.safetensors" in importing.trouble.text(), timeout=5_000)
    with pytest.raises(Exception, match="broken") as expected:
        models.import_model(path, "broken")
    assert importing.trouble.text() == str(expected.value)
    assert importing.isVisible()
    assert importing.import_button.isEnabled()


@pytest.mark.usefixtures("nothing_bundled")
def test_a_name_that_is_taken_is_replaced_by_a_button_that_says_so(
    qtbot: QtBot,
    importing: ImportModelDialog,
    installed: Install,
    model_file: MakeModel,
    document: Document,
) -> None:
    installed("strings")
    document.nsynth.look()
    qtbot.waitUntil(lambda: len(document.nsynth.models) == 1, timeout=5_000)
    importing.path.setText(str(model_file("strings", width=16)))
    assert importing.import_button.text() == "&Replace"
    assert "will be replaced" in importing.trouble.text()
    with qtbot.waitSignal(importing.imported, timeout=10_000):
        press(qtbot, importing.import_button)
    assert models.facts("strings").config.width == 16


@pytest.mark.usefixtures("nothing_bundled")
def test_escape_stops_an_import_and_leaves_the_dialog(
    qtbot: QtBot, importing: ImportModelDialog, model_file: MakeModel
) -> None:
    importing.path.setText(str(model_file("large", width=128, layers=30, skip_width=128)))
    press(qtbot, importing.import_button)
    qtbot.keyClick(importing, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: "Cancelled" in importing.trouble.text(), timeout=5_000)
    assert importing.isVisible()
    assert models.names() == []
    qtbot.keyClick(importing, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not is_open(importing), timeout=1_000)


# The list


def test_models_are_listed_with_what_they_are(listed: ModelsDialog) -> None:
    first, second = cells(listed)
    assert first[0] == "first"
    assert second == [
        "second", "automatically: the newest", second[2], "4 × 16", "second: random weights",
    ]  # fmt: skip


def test_a_project_is_given_a_model_as_a_step_that_can_be_undone(
    qtbot: QtBot, listed: ModelsDialog, document: Document
) -> None:
    listed.table.selectRow(0)
    press(qtbot, listed.use_button)
    assert document.project.mix.model == "first"
    assert [row[1] for row in cells(listed)] == ["by this project", ""]
    document.undo_stack.undo()
    assert document.project.mix.model == ""


def test_the_delete_key_asks_too(qtbot: QtBot, listed: ModelsDialog) -> None:
    listed.activateWindow()
    listed.table.setFocus()
    qtbot.waitUntil(listed.table.hasFocus)
    qtbot.keyClick(listed.table, Qt.Key.Key_Delete)
    answer(qtbot, listed, "Keep")
    assert models.names() == ["first", "second"]


@pytest.mark.parametrize(("words", "left"), [("Remove", ["second"]), ("Keep", ["first", "second"])])
def test_a_model_is_removed_once_that_is_asked(
    qtbot: QtBot, listed: ModelsDialog, words: str, left: list[str]
) -> None:
    listed.table.selectRow(0)
    press(qtbot, listed.remove_button)
    assert "“first”" in question(listed).text()
    answer(qtbot, listed, words)
    assert models.names() == left
    qtbot.waitUntil(lambda: [row[0] for row in cells(listed)] == left, timeout=5_000)


def test_a_model_that_the_project_wants_and_is_not_here_is_named(
    listed: ModelsDialog, document: Document
) -> None:
    document.edit("Model", with_mix(document.project, model="lost"))
    assert any("“lost”" in label.text() for label in listed.findChildren(QLabel))


# Where there is none


@pytest.mark.usefixtures("nothing_bundled")
def test_choosing_nsynth_without_a_model_offers_to_import_one_and_changes_nothing(
    qtbot: QtBot, editor: TransitionEditor, document: Document
) -> None:
    pick(editor.fields.method, "nsynth")
    qtbot.waitUntil(lambda: bool(questions(editor)), timeout=5_000)
    assert editor.fields.method.currentData() == "simple"
    answer(qtbot, editor, "Not now")
    assert document.project.transitions == ()
    assert not editor.morph.isVisible()


@pytest.mark.usefixtures("nothing_bundled")
def test_when_a_model_is_imported_the_choice_is_made(
    qtbot: QtBot, editor: TransitionEditor, model_file: MakeModel, document: Document
) -> None:
    pick(editor.fields.method, "nsynth")
    qtbot.waitUntil(lambda: bool(questions(editor)), timeout=5_000)
    answer(qtbot, editor, "Import a model ...")
    importing = dialog(ImportModelDialog)
    assert isinstance(importing, ImportModelDialog)
    importing.path.setText(str(model_file()))
    press(qtbot, importing.import_button)
    qtbot.waitUntil(lambda: editor.fields.method.currentData() == "nsynth", timeout=10_000)
    assert document.project.transitions[0].method == "nsynth"
    assert editor.morph.isVisible()


@pytest.mark.usefixtures("nothing_bundled")
def test_the_default_bar_asks_for_a_model_too(
    qtbot: QtBot, filled: Fill, installed: Install
) -> None:
    document = filled()
    bar = DefaultBar(document)
    document.nsynth.model_wanted.connect(partial(offer_import, bar, document.nsynth))
    qtbot.addWidget(bar)
    bar.show()
    (method,) = [c for c in bar.findChildren(QComboBox) if c.accessibleName() == "Default method"]
    pick(method, "nsynth")
    qtbot.waitUntil(lambda: bool(questions(bar)), timeout=5_000)
    answer(qtbot, bar, "Not now")
    assert document.project.default.method == "simple"
    installed()
    document.nsynth.look()
    qtbot.waitUntil(lambda: bool(document.nsynth.models), timeout=5_000)
    pick(method, "nsynth")
    assert document.project.default.method == "nsynth"
    assert method.currentText() == "NSynth morph"


# Where one comes with the program


@pytest.fixture
def listed_bundled(qtbot: QtBot, document: Document, bundled: Path) -> ModelsDialog:
    """The dialog where nothing was imported."""
    made = ModelsDialog(document)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.table.rowCount() == 1, timeout=5_000)
    return made


def test_the_one_that_comes_along_is_listed_as_such_and_used(listed_bundled: ModelsDialog) -> None:
    (row,) = cells(listed_bundled)
    assert (row[0], row[1], row[4]) == ("along", "automatically", "comes with DeepBass")
    said = [label.text() for label in listed_bundled.findChildren(QLabel)]
    assert any("The published one (wavenet-ckpt.tar)" in text for text in said)


def test_the_one_that_comes_along_can_not_be_removed_and_its_button_says_why(
    qtbot: QtBot, listed_bundled: ModelsDialog, installed: Install, document: Document
) -> None:
    assert not listed_bundled.remove_button.isEnabled()
    assert "stays" in listed_bundled.remove_button.toolTip()
    qtbot.keyClick(listed_bundled.table, Qt.Key.Key_Delete)
    assert questions(listed_bundled) == []
    installed("own")
    document.nsynth.look()
    qtbot.waitUntil(lambda: listed_bundled.table.rowCount() == 2, timeout=5_000)
    listed_bundled.table.selectRow(1)
    assert listed_bundled.remove_button.isEnabled()


def test_an_imported_model_takes_its_place(
    qtbot: QtBot, listed_bundled: ModelsDialog, installed: Install, document: Document
) -> None:
    installed("own")
    document.nsynth.look()
    qtbot.waitUntil(lambda: document.nsynth.default_model == "own", timeout=5_000)
    assert [row[1] for row in cells(listed_bundled)] == ["", "automatically: the newest"]


def test_its_name_is_taken(
    qtbot: QtBot,
    importing: ImportModelDialog,
    bundled: Path,
    model_file: MakeModel,
    document: Document,
) -> None:
    document.nsynth.look()
    qtbot.waitUntil(lambda: len(document.nsynth.models) == 1, timeout=5_000)
    importing.path.setText(str(model_file("along")))
    assert not importing.import_button.isEnabled()
    assert "“along” comes with DeepBass" in importing.trouble.text()
    importing.name.setText("mine")
    qtbot.keyClicks(importing.name, "2")
    assert importing.import_button.isEnabled()
    assert importing.trouble.text() == ""


@pytest.mark.usefixtures("bundled")
def test_nsynth_is_chosen_with_no_question_asked(
    qtbot: QtBot, editor: TransitionEditor, document: Document
) -> None:
    pick(editor.fields.method, "nsynth")
    qtbot.waitUntil(lambda: document.project.transitions != (), timeout=5_000)
    assert document.project.transitions[0].method == "nsynth"
    assert questions(editor) == []
    pair = editor._selection.pair
    assert pair is not None
    qtbot.waitUntil(lambda: document.nsynth.readiness(pair) is Readiness.MISSING, timeout=5_000)
    assert document.nsynth.trouble_words == ""


@pytest.mark.usefixtures("bundled")
def test_the_settings_name_it_as_what_is_taken(qtbot: QtBot, filled: Fill) -> None:
    player = Player(filled(), output=PulledOutput(qtbot))
    made = SettingsDialog(player._document, player)
    qtbot.addWidget(made)
    made.show()
    combo = made.mix.control("model")
    assert isinstance(combo, QComboBox)
    qtbot.waitUntil(lambda: combo.findData("along") > 0, timeout=5_000)
    assert combo.itemText(0) == "Automatic: along (comes with DeepBass)"
    assert (combo.itemText(1), combo.itemData(1)) == ("along (comes with DeepBass)", "along")
    player.shut_down()


# Settings and export


@pytest.fixture
def settings(qtbot: QtBot, filled: Fill, installed: Install) -> Iterator[SettingsDialog]:
    installed("first")
    installed("second")
    player = Player(filled(), output=PulledOutput(qtbot))
    made = SettingsDialog(player._document, player)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: bool(player._document.nsynth.models), timeout=5_000)
    yield made
    player.shut_down()


def test_the_model_of_a_project_is_chosen_in_the_settings(
    settings: SettingsDialog, document: Document
) -> None:
    combo = settings.mix.control("model")
    assert isinstance(combo, QComboBox)
    assert combo.currentText() == "Automatic: the newest (second)"
    pick(combo, "first")
    settings.apply()
    assert document.project.mix.model == "first"


def test_a_model_that_is_not_installed_stays_chosen_and_says_so(
    qtbot: QtBot, settings: SettingsDialog, document: Document
) -> None:
    document.edit("Model", with_mix(document.project, model="lost"))
    settings.mix.set_values(document.project.mix)
    combo = settings.mix.control("model")
    assert isinstance(combo, QComboBox)
    assert combo.currentText() == "lost (not installed)"
    settings.apply()
    assert document.project.mix.model == "lost"


def test_what_can_not_compute_here_is_closed_with_its_reason(
    qtbot: QtBot, settings: SettingsDialog, document: Document
) -> None:
    qtbot.waitUntil(lambda: document.nsynth.devices is not None, timeout=10_000)
    combo = settings.program.control("device")
    assert isinstance(combo, QComboBox)
    for facts in document.nsynth.devices or ():
        row = combo.findData(facts.device)
        assert combo.model().item(row).isEnabled() == bool(facts.precisions)
        if not facts.precisions:
            tip = combo.itemData(row, Qt.ItemDataRole.ToolTipRole)
            assert all(reason in tip for reason in facts.reasons)


def test_device_and_precision_are_remembered_by_the_program(
    settings: SettingsDialog, document: Document
) -> None:
    for name, value in (("device", "cpu"), ("precision", "float32")):
        combo = settings.program.control(name)
        assert isinstance(combo, QComboBox)
        combo.setCurrentIndex(combo.findData(value))
    settings.apply()
    assert (document.nsynth.device, document.nsynth.precision) == ("cpu", "float32")
    assert document.project.mix.model == ""


def export(qtbot: QtBot, document: Document, target: Path) -> ExportDialog:
    made = ExportDialog(document)
    qtbot.addWidget(made)
    made.set_target(target)
    made.show()
    return made


def test_the_export_says_what_is_going_to_be_rendered(
    qtbot: QtBot, filled: Fill, installed: Install, tmp_path: Path
) -> None:
    installed()
    document = filled()
    document.edit("Method", with_default(document.project, method="nsynth"))
    qtbot.waitUntil(lambda: len(document.nsynth.missing()) == 2, timeout=5_000)
    made = export(qtbot, document, tmp_path / "mix.wav")
    words = [label.text() for label in made.findChildren(QLabel) if label.isVisible()]
    assert any(text.startswith("2 NSynth transitions are not rendered yet") for text in words)
    assert made.render_button.isEnabled()
    assert made.choice.output.device == "auto"


@pytest.mark.usefixtures("nothing_bundled")
def test_the_export_is_closed_without_a_model_and_says_why(
    qtbot: QtBot, filled: Fill, tmp_path: Path
) -> None:
    document = filled()
    document.edit("Method", with_default(document.project, method="nsynth"))
    qtbot.waitUntil(lambda: document.nsynth.lacks_model, timeout=5_000)
    made = export(qtbot, document, tmp_path / "mix.wav")
    assert not made.render_button.isEnabled()
    assert made.trouble == document.nsynth.trouble_words


# The window


@pytest.fixture
def window(qtbot: QtBot, document: Document, filled: Fill) -> Iterator[MainWindow]:
    made = MainWindow(document)
    qtbot.addWidget(made)
    made.show()
    filled(duration_s=0.1)
    yield made
    document.undo_stack.setClean()
    assert made.close()


@pytest.mark.slow
def test_one_key_renders_all_that_are_missing(
    qtbot: QtBot, window: MainWindow, document: Document, installed: Install
) -> None:
    installed()
    document.edit("Method", with_default(document.project, method="nsynth"))
    qtbot.waitUntil(lambda: len(document.nsynth.missing()) == 2, timeout=5_000)
    with qtbot.waitSignal(window.renderer.made, timeout=20_000):
        window.actions_by_name["render_nsynth"].trigger()
    pair = window.selection.pair
    assert pair is not None
    qtbot.waitUntil(lambda: document.nsynth.readiness(pair) is Readiness.READY, timeout=5_000)
    assert window.editor.morph.words.text() == "Rendered: this is what you hear."
    assert not window.editor.morph.button.isVisible()


@pytest.mark.usefixtures("nothing_bundled")
def test_without_a_model_the_editor_leads_to_the_models(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    document.edit("Method", with_default(document.project, method="nsynth"))
    qtbot.waitUntil(lambda: document.nsynth.lacks_model, timeout=5_000)
    button = window.editor.morph.button
    assert button.accessibleName() == "NSynth models"
    press(qtbot, button)
    shown = dialog(ModelsDialog)
    assert shown.isVisible()
    shown.reject()


@pytest.mark.usefixtures("nothing_bundled")
def test_the_settings_offer_a_model_on_top_of_themselves(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    window.actions_by_name["settings"].trigger()
    settings = dialog(SettingsDialog)
    assert isinstance(settings, SettingsDialog)
    method = settings.transition.control("method")
    assert isinstance(method, QComboBox)
    method.setCurrentIndex(method.findData("nsynth"))
    qtbot.waitUntil(lambda: bool(questions(settings)), timeout=5_000)
    assert method.currentData() == "simple"
    answer(qtbot, settings, "Not now")
    settings.reject()
    assert document.project.default.method == "simple"


def test_the_editor_renders_the_one_that_is_shown(
    qtbot: QtBot, window: MainWindow, document: Document, installed: Install
) -> None:
    installed()
    document.edit("Method", with_default(document.project, method="nsynth"))
    qtbot.waitUntil(lambda: len(document.nsynth.missing()) == 2, timeout=5_000)
    pair = window.selection.pair
    with qtbot.waitSignal(window.renderer.made, timeout=20_000) as made:
        press(qtbot, window.editor.morph.button)
    assert made.args[0].pairs == (pair,)
    qtbot.waitUntil(lambda: len(document.nsynth.missing()) == 1, timeout=5_000)


def test_fields_of_the_morph_are_shown_and_edited_like_the_others(
    qtbot: QtBot, window: MainWindow, document: Document, installed: Install
) -> None:
    installed()
    morph = window.editor.morph
    assert not morph.isVisible()
    document.edit("Method", with_default(document.project, method="nsynth"))
    assert morph.isVisible()
    pick(morph.combos["morph"], "raw")
    assert document.project.transitions[0].morph == "raw"
    assert not window.editor.fields.curve_out.isEnabled()
    assert "raw morph" in window.editor.fields.curve_out.toolTip()
    press(qtbot, morph.resets["morph"])
    assert document.project.transitions == ()
    assert window.editor.fields.curve_out.isEnabled()
    pick(morph.combos["embedding_fade"], "Extend")
    assert not morph.combos["morph_pace"].isEnabled()
    document.undo_stack.undo()
    assert morph.combos["morph_pace"].isEnabled()

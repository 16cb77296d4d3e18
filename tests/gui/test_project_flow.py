"""What a person is asked when projects are opened, saved, damaged, or found after a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from deepbass_engine import project_file
from deepbass_engine.project import Project
from deepbass_gui import state
from deepbass_gui.autosave import Autosave
from deepbass_gui.document import Document
from deepbass_gui.edits import with_default
from deepbass_gui.jobs.library import Library
from deepbass_gui.project_files import ProjectFiles
from deepbass_gui.project_flow import ProjectFlow
from tests.gui.asked import answer, question, questions

Fill = Callable[..., Document]


class Window(QWidget):
    """A window with nothing in it but the life of a project."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
        self.files = ProjectFiles(document, self)
        self.autosave = Autosave(document, self)
        self.flow = ProjectFlow(document, self.files, self.autosave, self)
        self.told: list[tuple[str, str]] = []
        self.flow.told.connect(lambda level, words: self.told.append((level, words)))

    def shut_down(self) -> None:
        for part in (self.flow, self.files, self.autosave):
            part.shut_down()


@pytest.fixture
def window(qtbot: QtBot, document: Document) -> Iterator[Window]:
    made = Window(document)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.shut_down()


@pytest.fixture
def saved(qtbot: QtBot, window: Window, filled: Fill, tmp_path: Path) -> Path:
    """A project that is open and saved; its file."""
    filled()
    path = tmp_path / "set.deepbass"
    with qtbot.waitSignal(window.files.saved):
        window.files.save(path)
    return path


def edited(document: Document, duration_s: float = 0.5) -> None:
    document.edit("Length", with_default(document.project, duration_s=duration_s))


def choose(qtbot: QtBot, window: Window, path: Path) -> None:
    """Give a file's name in the dialog that asks for one."""
    (dialog,) = [d for d in window.findChildren(QFileDialog) if d.isVisible()]
    dialog.fileSelected.emit(str(path))
    dialog.close()


def stems(document: Document) -> list[str]:
    return [track.path.stem for track in document.project.tracks]


def test_a_project_without_a_name_is_saved_under_the_one_that_is_chosen(
    qtbot: QtBot, window: Window, filled: Fill, tmp_path: Path
) -> None:
    document = filled()
    edited(document)
    window.flow.save()
    with qtbot.waitSignal(window.files.saved):
        choose(qtbot, window, tmp_path / "mine.deepbass")
    assert (document.path, document.is_modified) == (tmp_path / "mine.deepbass", False)
    assert project_file.load(tmp_path / "mine.deepbass").default.duration_s == 0.5
    assert window.told == [("info", "Saved mine.deepbass")]


def test_a_new_project_comes_when_the_old_one_is_safe(
    qtbot: QtBot, window: Window, saved: Path
) -> None:
    document = window.document
    edited(document)
    window.flow.new()
    answer(qtbot, window, "Cancel")
    assert len(document.project.tracks) == 3
    window.flow.new()
    with qtbot.waitSignal(document.opened):
        answer(qtbot, window, "Save")
    assert document.project.tracks == ()
    assert project_file.load(saved).default.duration_s == 0.5


def test_a_project_changed_by_another_program_is_replaced_only_when_asked(
    qtbot: QtBot, window: Window, saved: Path
) -> None:
    document = window.document
    project_file.save(with_default(document.project, duration_s=7.0), saved)
    edited(document)
    with qtbot.waitSignal(window.files.save_failed):
        window.flow.save()
    assert project_file.load(saved).default.duration_s == 7.0
    with qtbot.waitSignal(window.files.saved):
        answer(qtbot, window, "Replace it")
    assert project_file.load(saved).default.duration_s == 0.5


def test_what_can_not_be_saved_may_be_saved_under_another_name_and_then_goes_on(
    qtbot: QtBot, window: Window, saved: Path, tmp_path: Path
) -> None:
    document = window.document
    edited(document)
    saved.unlink()
    saved.mkdir()
    went_on: list[bool] = []
    window.flow.save(lambda: went_on.append(True))
    qtbot.waitUntil(lambda: bool(questions(window)))
    assert went_on == []
    answer(qtbot, window, "Save under another name ...")
    with qtbot.waitSignal(window.files.saved):
        choose(qtbot, window, tmp_path / "other.deepbass")
    assert not document.is_modified
    assert document.path == tmp_path / "other.deepbass"
    assert went_on == [True]


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def test_a_damaged_project_offers_its_last_good_version(
    qtbot: QtBot, window: Window, saved: Path
) -> None:
    window.flow.new()
    damage(saved)
    window.flow.open_path(saved)
    qtbot.waitUntil(lambda: bool(questions(window)))
    assert questions(window) == ["set.deepbass can't be opened."]
    with qtbot.waitSignal(window.files.opened):
        answer(qtbot, window, "Open the last good version")
    assert stems(window.document) == ["one", "two", "three"]
    assert (window.document.path, window.document.is_modified) == (saved, True)


def test_a_damaged_project_can_be_left_alone(qtbot: QtBot, window: Window, saved: Path) -> None:
    window.flow.new()
    damage(saved)
    left = saved.read_bytes()
    window.flow.open_path(saved)
    qtbot.waitUntil(lambda: bool(questions(window)))
    answer(qtbot, window, "Close")
    assert window.document.project.tracks == ()
    assert saved.read_bytes() == left


def test_a_project_that_was_never_here_offers_nothing_to_open(
    qtbot: QtBot, window: Window, saved: Path, tmp_path: Path
) -> None:
    window.flow.open_path(tmp_path / "never.deepbass")
    qtbot.waitUntil(lambda: bool(questions(window)))
    assert [button.text() for button in question(window).buttons()] == ["&Close"]
    assert stems(window.document) == ["one", "two", "three"]


def test_a_project_open_elsewhere_is_opened_as_a_copy_and_that_is_told(
    qtbot: QtBot, window: Window, saved: Path, library: Library
) -> None:
    other = Window(Document(library))
    qtbot.addWidget(other)
    with qtbot.waitSignal(other.files.opened):
        other.flow.open_path(saved)
    other.shut_down()
    ((level, words),) = other.told
    assert level == "warning"
    assert "set.deepbass is open in another DeepBass window" in words


# After a crash


@pytest.fixture
def crashed(qtbot: QtBot, filled: Fill, library: Library) -> Path:
    """Unsaved work of a window whose program was killed; its file."""
    document = filled()
    autosave = Autosave(document)
    edited(document, 0.25)
    with qtbot.waitSignal(autosave.kept):
        autosave.keep()
    (file,) = kept()
    copy = file.parent.with_name("crashed")
    kept_bytes = {path.name: path.read_bytes() for path in file.parent.glob("*.*")}
    autosave.shut_down()
    copy.mkdir()
    for name, content in kept_bytes.items():
        (copy / name).write_bytes(content)
    document.open(Project(), None)
    return copy / file.name


def kept() -> list[Path]:
    return sorted(state.folder("autosaves").glob("*/*.deepbass"))


def offer(qtbot: QtBot, window: Window) -> None:
    window.flow.offer_recovery()
    qtbot.waitUntil(lambda: bool(questions(window)))


def test_what_a_crash_left_is_opened_if_wanted_and_goes_only_when_it_is_kept_anew(
    qtbot: QtBot, window: Window, crashed: Path
) -> None:
    offer(qtbot, window)
    assert "did not close in order" in question(window).text()
    assert "3 tracks" in question(window).informativeText()
    answer(qtbot, window, "Open it")
    qtbot.waitUntil(lambda: bool(window.document.project.tracks))
    assert window.document.project.default.duration_s == 0.25
    assert window.document.is_modified
    qtbot.waitUntil(lambda: not crashed.exists())
    (anew,) = kept()
    assert project_file.load(anew) == window.document.project


def test_what_a_crash_left_is_removed_if_it_is_not_wanted(
    qtbot: QtBot, window: Window, crashed: Path
) -> None:
    offer(qtbot, window)
    answer(qtbot, window, "Discard it")
    qtbot.waitUntil(lambda: not crashed.exists())
    assert window.document.project.tracks == ()
    assert questions(window) == []


def test_what_a_crash_left_stays_if_the_answer_is_later(
    qtbot: QtBot, window: Window, crashed: Path
) -> None:
    offer(qtbot, window)
    qtbot.keyClick(question(window), Qt.Key.Key_Escape)
    assert questions(window) == []
    assert crashed.exists()
    offer(qtbot, window)
    assert "did not close in order" in question(window).text()


def test_work_that_is_damaged_is_told_and_can_be_removed(
    qtbot: QtBot, window: Window, crashed: Path
) -> None:
    damage(crashed)
    offer(qtbot, window)
    assert "it is damaged" in question(window).text()
    answer(qtbot, window, "Discard it")
    qtbot.waitUntil(lambda: not crashed.exists())


def test_without_a_crash_nothing_is_asked(qtbot: QtBot, window: Window) -> None:
    window.flow.offer_recovery()
    qtbot.waitUntil(lambda: not window.flow._looking.is_busy)
    assert questions(window) == []


def test_no_way_to_keep_unsaved_work_is_told_once(
    qtbot: QtBot,
    window: Window,
    filled: Fill,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    document = filled()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DEEPBASS_STATE_DIR", str(tmp_path / "file" / "state"))
    edited(document)
    with qtbot.waitSignal(window.autosave.failed):
        window.autosave.keep()
    ((level, words),) = window.told
    assert level == "warning"
    assert "can't be kept for the case of a crash" in words

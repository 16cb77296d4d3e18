"""Opening and saving beside other windows and programs; nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from deepbass_engine import project_file
from deepbass_gui.document import Document
from deepbass_gui.edits import with_default
from deepbass_gui.jobs.library import Library
from deepbass_gui.project_files import ChangedElsewhereError, ProjectFiles

Fill = Callable[..., Document]


@pytest.fixture
def files(document: Document) -> Iterator[ProjectFiles]:
    made = ProjectFiles(document)
    yield made
    made.shut_down()


@pytest.fixture
def other(library: Library) -> Iterator[ProjectFiles]:
    """A second window's files."""
    made = ProjectFiles(Document(library))
    yield made
    made.shut_down()


def save(qtbot: QtBot, files: ProjectFiles, path: Path) -> None:
    with qtbot.waitSignal(files.saved, timeout=5_000):
        files.save(path)


def test_what_is_saved_is_what_is_opened(
    qtbot: QtBot, filled: Fill, files: ProjectFiles, tmp_path: Path
) -> None:
    document, path = filled(), tmp_path / "set.deepbass"
    document.edit("Length", with_default(document.project, duration_s=0.5))
    assert document.is_modified
    save(qtbot, files, path)
    assert (document.path, document.is_modified) == (path, False)
    before = document.project
    files.new()
    assert document.project.tracks == ()
    assert document.path is None
    with qtbot.waitSignal(files.opened, timeout=5_000):
        files.open(path)
    assert [t.path for t in document.project.tracks] == [t.path for t in before.tracks]
    assert document.project.default == before.default
    assert all(track.content_hash for track in document.project.tracks)
    assert not document.is_modified
    assert files.recent() == [path]


def test_an_edit_made_while_saving_is_still_to_be_saved(
    qtbot: QtBot, filled: Fill, files: ProjectFiles, tmp_path: Path
) -> None:
    document = filled()
    with qtbot.waitSignal(files.saved, timeout=5_000):
        files.save(tmp_path / "set.deepbass")
        document.edit("Length", with_default(document.project, duration_s=0.25))
    assert document.is_modified
    assert project_file.load(tmp_path / "set.deepbass").default.duration_s == 1.0


def test_a_second_window_gets_a_copy(
    qtbot: QtBot, filled: Fill, files: ProjectFiles, other: ProjectFiles, tmp_path: Path
) -> None:
    document, path = filled(), tmp_path / "set.deepbass"
    save(qtbot, files, path)
    with qtbot.waitSignal(other.opened, timeout=5_000) as opened:
        other.open(path)
    assert opened.args == [path, True]
    assert other._document.path is None
    assert other._document.is_modified
    with qtbot.waitSignal(other.save_failed, timeout=5_000) as failed:
        other.save(path)
    assert "another DeepBass window" in str(failed.args[1])
    save(qtbot, other, tmp_path / "copy.deepbass")
    files.new()
    with qtbot.waitSignal(other.opened, timeout=5_000) as opened:
        other.open(path)
    assert opened.args == [path, False]
    assert document.path is None


def test_a_file_changed_elsewhere_is_not_written_over_unasked(
    qtbot: QtBot, filled: Fill, files: ProjectFiles, tmp_path: Path
) -> None:
    document, path = filled(), tmp_path / "set.deepbass"
    save(qtbot, files, path)
    theirs = with_default(document.project, duration_s=7.0)
    project_file.save(theirs, path)
    document.edit("Length", with_default(document.project, duration_s=0.125))
    with qtbot.waitSignal(files.save_failed, timeout=5_000) as failed:
        files.save(path)
    assert isinstance(failed.args[1], ChangedElsewhereError)
    assert project_file.load(path).default.duration_s == 7.0
    assert document.is_modified
    with qtbot.waitSignal(files.saved, timeout=5_000):
        files.save(path, over_changes=True)
    assert project_file.load(path).default.duration_s == 0.125


def test_a_damaged_project_has_its_last_good_version(
    qtbot: QtBot, filled: Fill, files: ProjectFiles, tmp_path: Path
) -> None:
    document, path = filled(), tmp_path / "set.deepbass"
    save(qtbot, files, path)
    tracks = [track.path for track in document.project.tracks]
    files.new()
    path.write_bytes(path.read_bytes()[:100])
    with qtbot.waitSignal(files.open_failed, timeout=5_000):
        files.open(path)
    assert document.project.tracks == ()
    kept = files.last_good(path)
    assert kept is not None
    with qtbot.waitSignal(files.opened, timeout=5_000):
        files.open_copy(kept, path)
    assert [track.path for track in document.project.tracks] == tracks
    assert (document.path, document.is_modified) == (path, True)


def test_a_place_that_takes_no_file_is_said_and_the_work_stays(
    qtbot: QtBot, filled: Fill, files: ProjectFiles, tmp_path: Path
) -> None:
    document = filled()
    document.edit("Length", with_default(document.project, duration_s=0.5))
    done: list[bool] = []
    with qtbot.waitSignal(files.save_failed, timeout=5_000) as failed:
        files.save(tmp_path / "no such folder" / "set.deepbass", on_done=done.append)
    assert "make its folder first" in str(failed.args[1])
    assert done == [False]
    assert (document.path, document.is_modified) == (None, True)

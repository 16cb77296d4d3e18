"""What is kept of unsaved work, and found again after a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from deepbass_engine import project_file
from deepbass_gui import state
from deepbass_gui.autosave import Autosave, discard, left_behind
from deepbass_gui.document import Document
from deepbass_gui.edits import with_default

Fill = Callable[..., Document]


@pytest.fixture
def autosave(document: Document) -> Iterator[Autosave]:
    made = Autosave(document)
    yield made
    made.shut_down()


def kept_projects() -> list[Path]:
    return sorted(state.folder("autosaves").glob("*/*.deepbass"))


def edit(qtbot: QtBot, document: Document, autosave: Autosave, seconds: float) -> None:
    document.edit("Length", with_default(document.project, duration_s=seconds))
    with qtbot.waitSignal(autosave.kept, timeout=5_000):
        autosave.keep()


def crash(autosave: Autosave) -> None:
    """End as a killed program does: the lock is let go, nothing is tidied up."""
    autosave._regular.stop()
    autosave._settled.stop()
    autosave._worker.shut_down()
    autosave._lock.unlock()
    autosave._folder = None


def test_a_settled_edit_is_kept_by_itself(qtbot: QtBot, filled: Fill, autosave: Autosave) -> None:
    document = filled()
    with qtbot.waitSignal(autosave.kept, timeout=5_000):
        document.edit("Length", with_default(document.project, duration_s=0.5))
    (file,) = kept_projects()
    assert project_file.load(file) == document.project


def test_nothing_is_kept_where_nothing_is_unsaved(filled: Fill, autosave: Autosave) -> None:
    filled()
    autosave.keep()
    assert not autosave._worker.is_busy
    assert kept_projects() == []


def test_a_running_windows_work_is_not_offered_and_a_closed_ones_is_gone(
    qtbot: QtBot, filled: Fill, autosave: Autosave
) -> None:
    edit(qtbot, filled(), autosave, 0.5)
    assert left_behind() == []
    autosave.shut_down()
    assert left_behind() == []
    assert kept_projects() == []


def test_after_a_crash_the_newest_version_is_offered_until_it_is_discarded(
    qtbot: QtBot, filled: Fill, autosave: Autosave
) -> None:
    document = filled()
    for seconds in (0.5, 0.25, 0.75, 0.125):
        edit(qtbot, document, autosave, seconds)
    crash(autosave)
    (rescued,) = left_behind()
    assert project_file.load(rescued.file) == document.project
    assert (rescued.path, rescued.n_tracks, rescued.n_damaged) == (None, 3, 0)
    assert left_behind() == [rescued]
    discard(rescued)
    assert left_behind() == []


def test_a_damaged_newest_version_gives_way_to_the_one_before(
    qtbot: QtBot, filled: Fill, autosave: Autosave
) -> None:
    document = filled()
    edit(qtbot, document, autosave, 0.5)
    edit(qtbot, document, autosave, 0.25)
    crash(autosave)
    newest = left_behind()[0].file
    newest.write_bytes(b'{"schema": "deepbass.pro')
    (rescued,) = left_behind()
    assert project_file.load(rescued.file).default.duration_s == 0.5
    assert rescued.n_damaged == 1
    rescued.file.write_bytes(b"")
    (damaged,) = left_behind()
    assert damaged.error is not None


def test_saved_work_is_not_offered(
    qtbot: QtBot, filled: Fill, autosave: Autosave, tmp_path: Path
) -> None:
    document = filled()
    edit(qtbot, document, autosave, 0.5)
    document.saved(tmp_path / "set.deepbass", document.project)
    qtbot.waitUntil(lambda: kept_projects() == [], timeout=5_000)
    crash(autosave)
    assert left_behind() == []


def test_it_says_so_once_when_it_can_keep_nothing(
    qtbot: QtBot, filled: Fill, autosave: Autosave, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    document = filled()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DEEPBASS_STATE_DIR", str(tmp_path / "file" / "state"))
    told: list[Exception] = []
    autosave.failed.connect(told.append)
    for seconds in (0.5, 0.25):
        document.edit("Length", with_default(document.project, duration_s=seconds))
        autosave.keep()
        qtbot.waitUntil(lambda: not autosave._worker.is_busy, timeout=5_000)
    assert len(told) == 1

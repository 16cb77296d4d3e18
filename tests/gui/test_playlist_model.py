from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from deepbass_gui import edits
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.models.playlist import PlaylistModel, TrackRow, TransitionRow
from deepbass_gui.quality_words import Mark

Fill = Callable[..., Document]
MODE = QAbstractItemModelTester.FailureReportingMode.Fatal


def texts(model: PlaylistModel, name: str) -> list[str]:
    column = next(i for i, c in enumerate(model.columns) if c.name == name)
    return [model.data(model.index(row, column)) for row in range(model.rowCount())]


def test_transitions_stand_between_their_tracks(qtbot: QtBot, filled: Fill) -> None:
    document = filled()
    model = PlaylistModel(document)
    assert texts(model, "title") == [
        "one", "~ 1.0 s  equal power", "two", "~ 1.0 s  equal power", "three",
    ]  # fmt: skip
    assert texts(model, "#") == ["1", "", "2", "", "3"]
    assert texts(model, "length") == ["0:06", "", "0:05", "", "0:04"]
    assert texts(model, "status") == ["ready", "ok", "ready", "ok", "ready"]


def test_every_edit_keeps_rows_and_their_indexes_true(qtbot: QtBot, filled: Fill) -> None:
    document = filled()
    model = PlaylistModel(document)
    tester = QAbstractItemModelTester(model, MODE)
    one, two, three = (track.id for track in document.project.tracks)
    kept = QPersistentModelIndex(model.index(model.row_of(two) or 0, 1))
    for project in (
        edits.ordered(document.project, [three, one, two]),
        edits.duplicated(document.project, [one, three]),
        edits.without_tracks(document.project, [one, three]),
    ):
        document.edit("edit", project)
        row = model.row(kept)
        assert isinstance(row, TrackRow)
        assert row.track.id == two
        shown = [r.key for r in map(model.row, range(model.rowCount())) if isinstance(r, TrackRow)]
        assert shown == [track.id for track in project.tracks]
    for _ in range(3):
        document.undo_stack.undo()
        assert isinstance(model.row(kept), TrackRow)
        assert model.rowCount() == 2 * len(document.project.tracks) - 1
    del tester


def test_a_missing_file_stays_as_a_row_with_its_reason_and_its_neighbours_are_joined(
    qtbot: QtBot, filled: Fill, songs: list[Path], tmp_path: Path
) -> None:
    document = filled([songs[0], tmp_path / "gone.wav", songs[1]])
    model = PlaylistModel(document)
    one, gone, two = (track.id for track in document.project.tracks)
    assert [model.row(i).key for i in range(model.rowCount())] == [one, gone, Pair(one, two), two]
    assert texts(model, "status")[1].startswith("failed: ")
    error = document.library.facts(tmp_path / "gone.wav").error
    assert error is not None
    tip = model.data(model.index(1, 1), Qt.ItemDataRole.ToolTipRole)
    assert error.what in tip
    assert error.hint in tip


def test_what_shortens_a_transition_is_told(qtbot: QtBot, filled: Fill) -> None:
    document = filled(duration_s=20.0)
    model = PlaylistModel(document)
    assert texts(model, "status")[1] == "shortened"
    tip = model.data(model.index(1, 1), Qt.ItemDataRole.ToolTipRole)
    assert "two.wav" in tip


def test_marks_flag_a_transition_in_words(qtbot: QtBot, filled: Fill) -> None:
    document = filled()
    model = PlaylistModel(document)
    row = model.row(1)
    assert isinstance(row, TransitionRow)
    sentence = "The two bass lines beat against each other from 0:03.1 to 0:03.9."
    model.set_marks({row.pair: (Mark("bass overlap", sentence),)})
    assert texts(model, "status")[1] == "bass overlap"
    assert sentence in model.data(model.index(1, 1), Qt.ItemDataRole.ToolTipRole)
    model.set_marks({})
    assert texts(model, "status")[1] == "ok"

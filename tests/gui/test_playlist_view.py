from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from signals import music, write

from deepbass_engine.project import Problem
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.models.playlist import TransitionRow
from deepbass_gui.selection import Selection
from deepbass_gui.views.playlist import PlaylistView

Fill = Callable[..., Document]


@pytest.fixture
def view(qtbot: QtBot, document: Document, selection: Selection) -> Iterator[PlaylistView]:
    made = PlaylistView(document, selection)
    qtbot.addWidget(made)
    made.resize(700, 400)
    made.show()
    yield made
    made.shut_down()


def names(document: Document) -> list[str]:
    return [track.path.stem for track in document.project.tracks]


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop(target: QWidget, mime: QMimeData, at: QPoint) -> bool:
    """Drag to a place and let go; whether it was taken."""
    actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for event in (
        QDragEnterEvent(at, actions, mime, button, modifier),
        QDragMoveEvent(at, actions, mime, button, modifier),
        QDropEvent(QPointF(at), actions, mime, button, modifier),
    ):
        QApplication.sendEvent(target, event)
    return event.isAccepted()


def boundary(view: PlaylistView, track: int) -> QPoint:
    """A place in the upper half of a track's row."""
    row = [i for i in range(view.model.rowCount()) if view.model.n_tracks_above(i) == track][-1]
    return QPoint(60, view.table.rowViewportPosition(row) + 2)


def ids_of(document: Document, stems: Sequence[str]) -> list[str]:
    return [track.id for track in document.project.tracks if track.path.stem in stems]


def test_files_dropped_on_the_empty_playlist_become_tracks_in_one_step(
    qtbot: QtBot, view: PlaylistView, document: Document, songs: list[Path]
) -> None:
    assert view.empty.isVisible()
    assert drop(view, files(*songs), QPoint(20, 20))
    qtbot.waitUntil(lambda: names(document) == ["one", "two", "three"])
    assert view.table.isVisible()
    assert document.undo_stack.undoText() == "Add 3 tracks"
    document.undo_stack.undo()
    assert names(document) == []
    assert view.empty.isVisible()
    document.undo_stack.redo()
    assert names(document) == ["one", "two", "three"]


def test_a_file_dropped_between_two_rows_stands_between_them(
    qtbot: QtBot, view: PlaylistView, filled: Fill, tmp_path: Path
) -> None:
    document = filled()
    new = write(tmp_path / "new.wav", music(2.0))
    assert drop(view.table.viewport(), files(new), boundary(view, 1))
    qtbot.waitUntil(lambda: names(document) == ["one", "new", "two", "three"])
    assert view.selected_ids() == ids_of(document, ["new"])


def test_several_rows_are_dragged_together_and_back_by_undo(
    view: PlaylistView, filled: Fill
) -> None:
    document = filled()
    view.select(ids_of(document, ["two", "three"]))
    mime = view.model.mimeData(view.table.selected())
    assert drop(view.table.viewport(), mime, boundary(view, 0))
    assert names(document) == ["two", "three", "one"]
    assert document.undo_stack.undoText() == "Move 2 tracks"
    assert view.selected_ids() == ids_of(document, ["two", "three"])
    document.undo_stack.undo()
    assert names(document) == ["one", "two", "three"]


def test_keys_move_duplicate_and_remove(view: PlaylistView, filled: Fill) -> None:
    document = filled()
    view.select(ids_of(document, ["three"]))
    QTest.keyClick(view.table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert names(document) == ["one", "three", "two"]
    QTest.keyClick(view.table, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert names(document) == ["one", "three", "three", "two"]
    QTest.keyClick(view.table, Qt.Key.Key_Delete)
    assert names(document) == ["one", "three", "two"]
    assert view.selected_ids() == ids_of(document, ["two"])
    for _ in range(3):
        document.undo_stack.undo()
    assert names(document) == ["one", "two", "three"]


def test_a_click_on_a_head_sorts_and_another_reverses(view: PlaylistView, filled: Fill) -> None:
    document = filled()
    header = view.table.horizontalHeader()

    def click() -> None:
        at = QPoint(header.sectionViewportPosition(1) + 10, 10)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)

    click()
    assert names(document) == ["one", "three", "two"]
    assert document.undo_stack.undoText() == "Sort by title"
    click()
    assert names(document) == ["two", "three", "one"]


def test_a_picture_alone_is_not_added_and_told(
    qtbot: QtBot, view: PlaylistView, document: Document, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0 no sound in here")
    with qtbot.waitSignal(view.problems_found) as told:
        assert drop(view, files(photo), QPoint(20, 20))
    (problems,) = told.args
    assert [problem.path for problem in problems] == [photo]
    assert document.project.tracks == ()


def test_a_project_is_given_on_and_what_came_with_it_is_told(
    qtbot: QtBot, view: PlaylistView, songs: list[Path], tmp_path: Path
) -> None:
    told: list[Problem] = []
    view.problems_found.connect(told.extend)
    with qtbot.waitSignal(view.project_dropped) as opened:
        drop(view, files(songs[0], tmp_path / "set.deepbass"), QPoint(20, 20))
    assert opened.args == [tmp_path / "set.deepbass"]
    assert [problem.path for problem in told] == [songs[0]]
    assert not view.is_adding


def test_choosing_a_transition_row_opens_it_and_enter_plays_it(
    qtbot: QtBot, view: PlaylistView, filled: Fill, selection: Selection
) -> None:
    document = filled()
    one, two, three = (track.id for track in document.project.tracks)
    row = view.model.row_of(Pair(two, three))
    assert row is not None
    at = QPoint(60, view.table.rowViewportPosition(row) + 5)
    QTest.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert selection.pair == Pair(two, three)
    with qtbot.waitSignal(view.audition_requested):
        QTest.keyClick(view.table, Qt.Key.Key_Return)
    selection.choose(Pair(one, two))
    assert view.model.row(view.table.currentIndex()) == TransitionRow(Pair(one, two))


def test_missing_files_are_relinked_with_their_siblings_in_one_step(
    qtbot: QtBot, view: PlaylistView, filled: Fill, songs: list[Path], tmp_path: Path
) -> None:
    document = filled()
    moved = tmp_path / "elsewhere"
    songs[0].parent.rename(moved)
    view.relink(document.project.tracks[0].id, moved / "one.wav")
    qtbot.waitUntil(lambda: document.undo_stack.undoText() == "Relink 3 tracks")
    assert [track.path.parent for track in document.project.tracks] == [moved] * 3
    document.undo_stack.undo()
    assert document.project.tracks[0].path == songs[0]


def test_the_playlist_is_written_and_an_error_told(
    qtbot: QtBot, view: PlaylistView, filled: Fill, tmp_path: Path
) -> None:
    filled()
    target = tmp_path / "out.m3u8"
    view.export_playlist(target)
    qtbot.waitUntil(target.exists)
    assert "songs/two.wav" in target.read_text(encoding="utf-8").splitlines()
    with qtbot.waitSignal(view.problems_found):
        view.export_playlist(tmp_path / "absent" / "out.m3u8")

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from dj_libraries_writer import rekordbox, rekordbox_folder, rekordbox_list, rekordbox_track, tempo
from pytestqt.qtbot import QtBot
from signals import music, write

from deepbass_engine.project import Problem, Project
from deepbass_gui.document import Document
from deepbass_gui.edits import without_tracks
from deepbass_gui.jobs.adding import Adding


@pytest.fixture
def adding(qtbot: QtBot, document: Document) -> Iterator[Adding]:
    made = Adding(document)
    yield made
    made.shut_down()


def names(document: Document) -> list[str]:
    return [track.path.stem for track in document.project.tracks]


def test_overlapping_drops_are_added_in_the_order_they_were_made(
    qtbot: QtBot, adding: Adding, document: Document, songs: list[Path]
) -> None:
    told: list[bool] = []
    adding.changed.connect(told.append)
    adding.add([songs[0].parent])
    adding.add([songs[2]])
    assert adding.is_adding
    qtbot.waitUntil(lambda: not adding.is_adding)
    assert names(document) == ["one", "three", "two", "three"]
    assert document.undo_stack.count() == 2
    assert told == [True, False]


def test_files_stand_where_they_were_dropped_though_others_came_before(
    qtbot: QtBot, adding: Adding, document: Document, songs: list[Path]
) -> None:
    adding.add(songs)
    qtbot.waitUntil(lambda: not adding.is_adding)
    one, _, _ = document.project.tracks
    adding.add([songs[0]], 2)
    document.edit("Remove", without_tracks(document.project, [one.id]))
    qtbot.waitUntil(lambda: not adding.is_adding)
    assert names(document) == ["two", "one", "three"]


def test_a_cover_in_a_folder_is_passed_over_and_a_named_text_is_told(
    qtbot: QtBot, adding: Adding, document: Document, songs: list[Path], tmp_path: Path
) -> None:
    (songs[0].parent / "cover.jpg").write_bytes(b"\xff\xd8\xff picture")
    text = tmp_path / "notes.txt"
    text.write_text("no music")
    told: list[Problem] = []
    adding.problems_found.connect(told.extend)
    adding.add([songs[0].parent, text])
    qtbot.waitUntil(lambda: not adding.is_adding)
    assert names(document) == ["one", "three", "two"]
    assert [problem.path for problem in told] == [text]


def test_a_playlist_gives_its_files_and_tells_the_entry_that_leads_nowhere(
    qtbot: QtBot, adding: Adding, document: Document, songs: list[Path]
) -> None:
    playlist = songs[0].parent / "set.m3u8"
    playlist.write_text("two.wav\nabsent.wav\none.wav\n", encoding="utf-8")
    told: list[Problem] = []
    adding.problems_found.connect(told.extend)
    adding.add([playlist])
    qtbot.waitUntil(lambda: not adding.is_adding)
    assert names(document) == ["two", "one"]
    assert [(problem.path, problem.line) for problem in told] == [(playlist, 2)]


def test_a_tree_with_broken_links_gives_its_music_and_tells_the_links(
    qtbot: QtBot, adding: Adding, document: Document, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    write(tree / "deep" / "good.wav", music(1.0))
    (tree / "gone.wav").symlink_to(tmp_path / "absent.wav")
    (tree / "deep" / "up").symlink_to(tree, target_is_directory=True)
    told: list[Problem] = []
    adding.problems_found.connect(told.extend)
    adding.add([tree])
    qtbot.waitUntil(lambda: not adding.is_adding)
    assert names(document) == ["good"]
    assert [problem.path for problem in told] == [tree / "gone.wav"]


def test_a_folder_of_500_files_is_one_edit(
    qtbot: QtBot, adding: Adding, document: Document, tmp_path: Path
) -> None:
    original = write(tmp_path / "original.wav", music(0.2))
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(500):
        os.link(original, folder / f"{number}.wav")
    adding.add([folder])
    qtbot.waitUntil(lambda: not adding.is_adding)
    assert names(document) == [str(number) for number in range(500)]
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Add 500 tracks"


def test_nothing_is_added_to_a_project_that_was_opened_meanwhile(
    qtbot: QtBot, adding: Adding, document: Document, songs: list[Path]
) -> None:
    adding.add(songs)
    document.open(Project(), None)
    qtbot.waitUntil(lambda: not adding.is_adding)
    assert document.project.tracks == ()


def test_of_a_dj_library_with_several_lists_one_is_asked_for(
    qtbot: QtBot, adding: Adding, document: Document, songs: list[Path], tmp_path: Path
) -> None:
    tracks = [
        rekordbox_track(n, song.as_uri(), tempo("0.1", "120.00"), Tonality="8A")
        for n, song in enumerate(songs, start=1)
    ]
    library = tmp_path / "dj.xml"
    lists = [rekordbox_list("Early", "1"), rekordbox_list("Late", "3", "1")]
    library.write_text(rekordbox(tracks, [rekordbox_folder("Set", *lists)]))
    wanted: list[object] = []
    adding.list_wanted.connect(lambda *told: wanted.append(told))
    adding.add([library])
    qtbot.waitUntil(lambda: not adding.is_adding)
    assert wanted == [(library, ("Set / Early", "Set / Late"), None)]
    assert document.project.tracks == ()
    adding.add([Path(f"{library}#Set / Late")])
    qtbot.waitUntil(lambda: not adding.is_adding)
    assert [track.path for track in document.project.tracks] == [songs[2], songs[0]]
    assert {track.key for track in document.project.tracks} == {"8A"}
    assert all(track.beats and track.beats.tempo_bpm == 120.0 for track in document.project.tracks)

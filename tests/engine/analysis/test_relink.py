"""Files that have moved: one is shown, the others are found by the same move or their name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deepbass_engine.analysis.relink import relinked
from deepbass_engine.audio.content_hash import content_hash
from deepbass_engine.errors import Cancelled, InputError
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Project, Span, Track


def file(path: Path, content: str = "") -> Path:
    """A file whose content is its name unless given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content or path.name)
    return path


def project_of(paths: list[Path], *, hashed: bool = False) -> Project:
    return Project(
        tracks=tuple(
            Track(
                path=path, id=str(number), content_hash=content_hash(path) if hashed else "",
                span=Span(number, 100),
            )
            for number, path in enumerate(paths)
        )
    )  # fmt: skip


def paths_of(project: Project) -> list[Path]:
    return [track.path for track in project.tracks]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return tmp_path / "disk" / "Music"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return tmp_path / "home" / "me" / "Music"


@pytest.mark.parametrize("hashed", [False, True])
def test_a_folder_tree_that_moved_is_found_by_showing_one_file(old, new, hashed):
    names = ["A/1.mp3", "A/2.mp3", "B/deep/3.mp3"]
    project = project_of([file(old / name) for name in names], hashed=hashed)
    new.parent.mkdir(parents=True)
    shutil.move(old, new)
    found = relinked(project, "0", new / names[0])
    assert paths_of(found.project) == [new / name for name in names]
    assert (found.n_relinked, found.unsure) == (3, ())
    assert [track.span for track in found.project.tracks] == [Span(n, 100) for n in range(3)]
    assert [t.content_hash for t in found.project.tracks[1:]] == [
        t.content_hash for t in project.tracks[1:]
    ]


def test_a_folder_that_was_renamed_takes_its_files_along(old, tmp_path):
    project = project_of([file(old / "A" / "1.mp3"), file(old / "A" / "x" / "2.mp3")])
    shutil.move(old / "A", old / "Z")
    found = relinked(project, "0", old / "Z" / "1.mp3")
    assert paths_of(found.project) == [old / "Z" / "1.mp3", old / "Z" / "x" / "2.mp3"]


def test_a_file_that_was_renamed_still_shows_where_its_folder_went(old, new):
    project = project_of([old / "A" / "1.mp3", old / "A" / "2.mp3"])
    file(new / "A" / "first.mp3")
    file(new / "A" / "2.mp3")
    found = relinked(project, "0", new / "A" / "first.mp3")
    assert paths_of(found.project) == [new / "A" / "first.mp3", new / "A" / "2.mp3"]


def test_a_file_of_another_folder_is_found_by_its_name_beside_the_shown_one(old, new, tmp_path):
    project = project_of([old / "A" / "1.mp3", tmp_path / "elsewhere" / "2.mp3"])
    file(new / "all" / "1.mp3")
    file(new / "all" / "2.mp3")
    found = relinked(project, "0", new / "all" / "1.mp3")
    assert paths_of(found.project) == [new / "all" / "1.mp3", new / "all" / "2.mp3"]


def test_files_that_are_not_missing_stay(old, new):
    there = file(old / "A" / "2.mp3")
    project = project_of([old / "A" / "1.mp3", there])
    file(new / "A" / "1.mp3")
    file(new / "A" / "2.mp3")
    found = relinked(project, "0", new / "A" / "1.mp3")
    assert paths_of(found.project) == [new / "A" / "1.mp3", there]
    assert found.n_relinked == 1


def test_a_file_that_is_nowhere_stays_missing(old, new):
    project = project_of([old / "1.mp3", old / "2.mp3"])
    found = relinked(project, "0", file(new / "1.mp3"))
    assert paths_of(found.project) == [new / "1.mp3", old / "2.mp3"]


def test_every_row_of_a_file_follows(old, new):
    project = project_of([old / "1.mp3", old / "2.mp3", old / "1.mp3", old / "2.mp3"])
    file(new / "1.mp3")
    file(new / "2.mp3")
    found = relinked(project, "2", new / "1.mp3")
    assert paths_of(found.project) == [new / "1.mp3", new / "2.mp3"] * 2
    assert found.n_relinked == 4


def test_a_sibling_with_other_content_is_named_and_not_taken(old, new):
    project = project_of([file(old / "1.mp3"), file(old / "2.mp3")], hashed=True)
    shutil.rmtree(old)
    file(new / "1.mp3")
    file(new / "2.mp3", "another song")
    found = relinked(project, "0", new / "1.mp3")
    assert paths_of(found.project) == [new / "1.mp3", old / "2.mp3"]
    assert (found.n_relinked, found.unsure) == (1, (new / "2.mp3",))


def test_the_right_content_by_name_is_taken_where_the_move_leads_to_the_wrong_one(old, new):
    project = project_of([file(old / "A/1.mp3"), file(old / "B/2.mp3")], hashed=True)
    shutil.rmtree(old)
    file(new / "A/1.mp3")
    file(new / "B/2.mp3", "another song")
    file(new / "A/2.mp3")
    found = relinked(project, "0", new / "A/1.mp3")
    assert paths_of(found.project) == [new / "A/1.mp3", new / "A/2.mp3"]
    assert found.unsure == ()


def test_the_chosen_file_is_taken_whatever_it_holds_and_remembered_by_it(old, new):
    project = project_of([file(old / "1.mp3")], hashed=True)
    (old / "1.mp3").unlink()
    chosen = file(new / "1.mp3", "another song")
    found = relinked(project, "0", chosen)
    assert found.project.tracks[0].path == chosen
    assert found.project.tracks[0].content_hash == content_hash(chosen)


def test_two_albums_tracks_of_one_name_do_not_become_one_file(old, new):
    project = project_of([old / "A" / "01.mp3", old / "B" / "01.mp3"])
    chosen = file(new / "A" / "01.mp3")
    found = relinked(project, "0", chosen)
    assert paths_of(found.project) == [chosen, old / "B" / "01.mp3"]


def test_a_folder_or_nothing_can_not_be_chosen(old, new):
    project = project_of([old / "1.mp3"])
    new.mkdir(parents=True)
    for chosen in (new, new / "gone.mp3"):
        with pytest.raises(InputError) as refused:
            relinked(project, "0", chosen)
        assert refused.value.path == chosen


def test_an_unknown_row_is_refused(old):
    with pytest.raises(ValueError, match="track_id is '7'"):
        relinked(project_of([old / "1.mp3"]), "7", old)


def test_comparing_stops_when_asked_to(old, new):
    cancel = CancelToken()
    cancel.cancel()
    project = project_of([old / "1.mp3"])
    with pytest.raises(Cancelled):
        relinked(project, "0", file(new / "1.mp3"), cancel=cancel)

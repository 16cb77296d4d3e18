"""The open project over real files: edits, try-outs, undo, and the plan that follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from deepbass_engine.mix.plan import plan_mix
from deepbass_engine.project import Project
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, Region, tracks_for, with_default, with_region, without_tracks
from deepbass_gui.selection import Selection

Fill = Callable[..., Document]


def test_the_plan_is_the_engines(filled: Fill) -> None:
    document = filled()
    analyses = [document.facts(track).analysis for track in document.project.tracks]
    assert document.plan == plan_mix(document.project, analyses)
    assert [len(document.plan.tracks), len(document.plan.fades)] == [3, 2]


def test_undo_and_redo_go_through_the_same_projects(filled: Fill) -> None:
    document = filled()
    values = [document.project]
    for seconds in (2.0, 0.5):
        document.edit("Length", with_default(document.project, duration_s=seconds))
        values.append(document.project)
    plans = {}
    for value in reversed(values):
        assert document.project == value
        plans[value.default.duration_s] = document.plan
        document.undo_stack.undo()
    for value in values[1:]:
        document.undo_stack.redo()
        assert document.project == value
        assert document.plan == plans[value.default.duration_s]


def test_a_drag_is_seen_by_all_and_becomes_one_step(filled: Fill) -> None:
    document = filled()
    before = document.project
    seen: list[int] = []
    document.planned.connect(lambda: seen.append(document.plan.fades[0].n_frames))
    for seconds in (0.9, 0.8, 0.7):
        document.try_out(with_default(before, duration_s=seconds))
    assert seen == [round(44_100 * s) for s in (0.9, 0.8, 0.7)]
    assert document.settled_project == before
    assert not document.is_modified
    document.settle("Drag")
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.project == before


def test_a_drag_that_is_dropped_leaves_nothing(filled: Fill) -> None:
    document = filled()
    before, plan = document.project, document.plan
    document.try_out(with_default(before, duration_s=0.3))
    document.drop_trial()
    assert document.project == before
    assert document.plan == plan
    assert document.undo_stack.count() == 0


def test_quick_nudges_are_one_step_and_other_edits_are_not(filled: Fill) -> None:
    document = filled()
    before = document.project
    for seconds in (0.9, 0.8, 0.7):
        document.edit("Nudge", with_default(document.project, duration_s=seconds), merge="nudge")
    document.edit("Length", with_default(document.project, duration_s=2.0))
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert document.project == before


def test_an_edit_that_changes_nothing_is_no_step(filled: Fill) -> None:
    document = filled()
    document.edit("Nothing", document.project)
    assert document.undo_stack.count() == 0


def test_a_broken_file_is_a_problem_and_the_rest_is_planned(
    qtbot: QtBot, document: Document, songs: list[Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound in here at all")
    missing = tmp_path / "missing.mp3"
    paths = [songs[0], broken, missing, songs[1]]
    document.open(Project(tracks=tracks_for(paths, Project())), None)
    qtbot.waitUntil(lambda: document.is_settled, timeout=10_000)
    qtbot.waitUntil(lambda: {p.path for p in document.problems} == {broken, missing})
    assert [track.source.path for track in document.plan.tracks] == [songs[0], songs[1]]


def test_a_file_that_is_replaced_is_read_again(
    qtbot: QtBot, filled: Fill, songs: list[Path]
) -> None:
    from signals import music, write

    document = filled()
    write(songs[1], music(9.0))
    document.library.look_again()
    qtbot.waitUntil(lambda: document.plan.tracks[1].source.frames == 9 * 44_100, timeout=10_000)
    songs[1].unlink()
    document.library.look_again()
    qtbot.waitUntil(lambda: len(document.plan.tracks) == 2, timeout=10_000)
    assert "does not exist" in str(document.problems[0])


def test_another_rule_for_silence_reads_anew(qtbot: QtBot, filled: Fill, tmp_path: Path) -> None:
    import numpy as np
    from signals import music, silence, write

    padded = write(tmp_path / "p.wav", np.concatenate([silence(1.0), music(4.0), silence(1.0)]))
    document = filled([padded])
    trimmed = document.plan.n_frames
    assert trimmed < 4.6 * 44_100
    project = document.project
    document.edit("Keep silence", replace(project, mix=replace(project.mix, trim="none")))
    qtbot.waitUntil(lambda: document.is_settled and document.plan.n_frames == 6 * 44_100)
    document.undo_stack.undo()
    qtbot.waitUntil(lambda: document.is_settled and document.plan.n_frames == trimmed)


def test_files_no_longer_wanted_are_forgotten(filled: Fill) -> None:
    document = filled()
    first = document.project.tracks[0].id
    document.edit("Remove", without_tracks(document.project, {first}))
    assert document.library.n_wanted == 2
    document.undo_stack.undo()
    assert document.library.n_wanted == 3


def test_the_selection_follows_the_mix(filled: Fill, selection: Selection) -> None:
    document = filled()
    first, second = (document.pair(fade) for fade in document.plan.fades)
    assert selection.pair == first
    selection.step(1)
    assert selection.pair == second
    selection.step(1)
    assert selection.pair == second
    document.edit("Remove", without_tracks(document.project, {second.in_track}))
    assert selection.pair == first
    document.open(Project(), None)
    assert selection.pair is None


def test_what_is_tried_out_is_not_lost_when_an_edit_comes_between(filled: Fill) -> None:
    document = filled()
    before, plan = document.project, document.plan
    region = Region.of(plan.fades[0])
    analyses = document.analyses(document.pair(plan.fades[0]))
    shorter = Region(region.out_end_frame, region.in_start_frame, 4_410)
    document.try_out(with_region(before, plan, 0, shorter, analyses))
    document.edit("Length", with_default(before, duration_s=2.0))
    assert document.project == with_default(before, duration_s=2.0)
    document.undo_stack.undo()
    assert document.project == before


@pytest.mark.parametrize("pair", [Pair("no", "such"), Pair("track-1", "track-1")])
def test_a_pair_that_is_none_has_no_fade(filled: Fill, pair: Pair) -> None:
    document = filled()
    assert document.fade(pair) is None
    assert document.analyses(pair) is None


def test_a_file_that_is_not_the_saved_one_is_told(
    qtbot: QtBot, filled: Fill, songs: list[Path]
) -> None:
    document = filled()
    known = [document.facts(track).analysis.content_hash for track in document.project.tracks]
    hashes = [known[0], "0" * 32, ""]
    tracks = tuple(
        replace(track, content_hash=content)
        for track, content in zip(document.project.tracks, hashes, strict=True)
    )
    document.open(replace(document.project, tracks=tracks), None)
    assert [problem.path for problem in document.problems] == [songs[1]]
    assert len(document.plan.tracks) == 3

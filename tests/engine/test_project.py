"""What a mix is made of: values that refuse to contradict themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepbass_engine.errors import DeepBassError, InputError, ProjectFileError, SettingError
from deepbass_engine.project import (
    Problem,
    Project,
    Span,
    Track,
    Transition,
    tracks_of,
)
from deepbass_engine.settings import TransitionSpec

A, B, C = (Track(path=Path(f"/{name}.wav"), id=name) for name in "abc")


def test_a_span_is_as_long_as_its_half_open_range():
    assert Span(10, 25).n_frames == 15
    assert Span(10, 10).n_frames == 0


def test_an_error_becomes_a_problem_with_all_its_facts():
    error = InputError("is empty", path="/a.wav", line=4, hint="copy it")
    problem = Problem.from_error(error)
    assert problem == Problem(Path("/a.wav"), 4, "is empty", "copy it")
    assert str(problem) == str(error)


def test_a_problems_path_is_the_errors_and_else_the_one_given():
    given = Path("/given.wav")
    assert Problem.from_error(DeepBassError("x"), given).path == given
    assert Problem.from_error(DeepBassError("x", path="/own.wav"), given).path == Path("/own.wav")
    assert Problem.from_error(DeepBassError("x")).path is None


def test_a_pairs_own_choices_lie_over_the_default_and_the_rest_is_kept():
    default = TransitionSpec(curve="tri", duration_s=4.0, seed=9)
    own = Transition(out_track="a", in_track="b", duration_s=2.0)
    assert own.over(default) == TransitionSpec(curve="tri", duration_s=2.0, seed=9)
    assert Transition(out_track="a", in_track="b").over(default) == default


def test_zero_is_a_choice_and_not_the_lack_of_one():
    own = Transition(out_track="a", in_track="b", duration_s=0.0, seed=0)
    spec = own.over(TransitionSpec(duration_s=4.0, seed=9))
    assert (spec.duration_s, spec.seed) == (0.0, 0)


def test_a_transition_holds_for_its_pair_in_its_direction_only():
    own = Transition(out_track="a", in_track="b", duration_s=1.0)
    project = Project(tracks=(A, B, C), transitions=(own,))
    assert project.spec("a", "b").duration_s == 1.0
    for pair in (("b", "a"), ("b", "c"), ("a", "c")):
        assert project.spec(*pair) == project.default


def test_an_unknown_curve_in_a_transition_is_refused():
    with pytest.raises(SettingError, match="wobbly"):
        Transition(out_track="a", in_track="b", curve="wobbly")


def test_two_tracks_of_one_id_are_refused():
    with pytest.raises(ProjectFileError, match="'a' stands in the project twice"):
        Project(tracks=(A, B, A))


def test_two_transitions_of_one_pair_are_refused():
    own = Transition(out_track="a", in_track="b")
    with pytest.raises(ProjectFileError, match="stands in the project twice"):
        Project(tracks=(A, B), transitions=(own, own))


def test_one_file_may_stand_in_a_project_twice_under_two_ids():
    same = tuple(Track(path=Path("/a.wav"), id=name) for name in ("one", "two"))
    assert Project(tracks=same).tracks == same


def test_rows_from_paths_keep_their_order_and_have_ids_of_their_own():
    paths = [Path("/b.wav"), Path("/a.wav"), Path("/b.wav")]
    tracks = tracks_of(paths)
    assert [track.path for track in tracks] == paths
    assert len({track.id for track in tracks}) == 3
    assert tracks == tracks_of(paths)


def test_what_measuring_chose_is_known_as_such_without_its_figures() -> None:
    measured, other = (
        Transition(out_track=a, in_track=b, bars=4, because="the style auto: 4 bars (score 1)")
        for a, b in (("a", "b"), ("c", "d"))
    )
    project = Project(transitions=(measured, other)).without_reasons(track="b")
    cleared, left = project.transitions
    assert cleared.is_measured
    assert "score" not in cleared.because
    assert left == other


def test_without_reasons_only_the_reasons_go() -> None:
    own = Transition(out_track="a", in_track="b", duration_s=4.0, because="search: x")
    empty = Transition(out_track="b", in_track="c", because="search: stays")
    project = Project(transitions=(own, empty)).without_reasons()
    assert project.transitions == (Transition(out_track="a", in_track="b", duration_s=4.0),)

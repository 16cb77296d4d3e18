"""What a person can do to a project, without a window."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.mix.plan import plan_mix
from deepbass_engine.project import Project, Span, Track, Transition
from deepbass_engine.settings import MixSettings, TransitionSpec
from deepbass_gui import edits
from deepbass_gui.edits import Pair, Region

RATE_HZ = 44_100


def project_of(names: str, **more: object) -> Project:
    tracks = tuple(Track(path=Path(f"/music/{name}.wav"), id=name) for name in names)
    return Project(tracks=tracks, **more)


def ids(project: Project) -> str:
    return "".join(track.id for track in project.tracks)


def analysis(n_frames: int, span: Span | None = None, rate_hz: int = RATE_HZ) -> TrackAnalysis:
    source = AudioSource(
        path=Path("/music/x.wav"), container="WAV", codec="PCM_16", sample_rate_hz=rate_hz,
        layout=("FL", "FR"), frames=n_frames, declared_frames=n_frames, bit_depth=16,
        decoder="soundfile",
    )  # fmt: skip
    return TrackAnalysis(source, span or Span(0, n_frames))


@pytest.mark.parametrize(
    ("moving", "before", "after"),
    [("a", 4, "bcda"), ("d", 0, "dabc"), ("bd", 0, "bdac"), ("ac", 2, "bacd"), ("b", 1, "abcd")],
)
def test_rows_move_together_in_their_order(moving: str, before: int, after: str) -> None:
    assert ids(edits.moved(project_of("abcd"), set(moving), before)) == after


@given(st.sets(st.sampled_from("abcdef")), st.integers(0, 6))
def test_moving_loses_no_row_and_keeps_the_order_of_the_rest(moving: set[str], at: int) -> None:
    moved = ids(edits.moved(project_of("abcdef"), moving, at))
    assert sorted(moved) == list("abcdef")
    assert [i for i in moved if i not in moving] == [i for i in "abcdef" if i not in moving]
    assert [i for i in moved if i in moving] == sorted(moving)


def test_a_row_taken_out_takes_its_transitions_along() -> None:
    own = (
        Transition(out_track="a", in_track="b", seed=1),
        Transition(out_track="b", in_track="c", seed=2),
        Transition(out_track="c", in_track="d", seed=3),
    )
    left = edits.without_tracks(project_of("abcd", transitions=own), {"b"})
    assert ids(left) == "acd"
    assert left.transitions == own[2:]


def test_a_copy_stands_behind_its_row_under_an_id_of_its_own() -> None:
    copied = edits.duplicated(project_of("abc"), {"a", "c"})
    assert [track.path.stem for track in copied.tracks] == ["a", "a", "b", "c", "c"]
    assert len({track.id for track in copied.tracks}) == 5


def test_own_settings_come_and_go_field_by_field() -> None:
    pair, plain = Pair("a", "b"), project_of("ab")
    changed = edits.with_own(plain, pair, duration_s=3.0)
    changed = edits.with_own(changed, pair, curve="tri")
    assert changed.spec("a", "b") == TransitionSpec(duration_s=3.0, curve="tri")
    changed = edits.with_own(changed, pair, duration_s=None)
    assert changed.spec("a", "b") == TransitionSpec(curve="tri")
    assert edits.with_own(changed, pair, curve=None) == plain


def plan_of(project: Project, *analyses: TrackAnalysis):
    return plan_mix(project, analyses)


def test_a_region_lands_where_it_was_put_to_the_frame() -> None:
    known = (analysis(400_000, Span(1_000, 390_000)), analysis(300_000, Span(2_000, 290_000)))
    project = project_of("ab", default=TransitionSpec(duration_s=1.0))
    plan = plan_of(project, *known)
    region = Region(out_end_frame=350_001, in_start_frame=12_345, n_frames=22_051)
    moved = edits.with_region(project, plan, 0, region, known)
    (fade,) = plan_of(moved, *known).fades
    assert Region.of(fade) == region
    assert fade.asked_frames == 22_051
    assert moved.tracks[0].span == Span(1_000, 350_001)
    assert moved.tracks[1].span == Span(12_345, 290_000)


def test_a_region_touches_only_what_it_changes() -> None:
    known = (analysis(400_000), analysis(300_000))
    project = project_of("ab", default=TransitionSpec(duration_s=1.0))
    plan = plan_of(project, *known)
    longer = edits.with_region(project, plan, 0, Region(400_000, 0, 88_200), known)
    assert [track.span for track in longer.tracks] == [None, None]
    assert longer.spec("a", "b").duration_s == 2.0
    earlier = edits.with_region(project, plan, 0, Region(399_000, 0, 44_100), known)
    assert [track.span for track in earlier.tracks] == [Span(0, 399_000), None]
    assert earlier.transitions == ()


@given(st.integers(-1_000_000, 1_000_000), st.integers(-1_000_000, 1_000_000))
def test_no_region_reaches_past_its_tracks(out_end: int, in_start: int) -> None:
    known = (analysis(100_000), analysis(80_000))
    project = project_of("ab", default=TransitionSpec(duration_s=0.1))
    plan = plan_of(project, *known)
    moved = edits.with_region(project, plan, 0, Region(out_end, in_start, 4_410), known)
    for track, of in zip(moved.tracks, known, strict=True):
        span = track.span or of.span
        assert 0 <= span.start_frame < span.end_frame <= of.source.frames


@given(st.integers(1, 200_000), st.integers(0, 200_000))
def test_at_another_rate_a_region_lands_within_one_frame(out_end: int, in_start: int) -> None:
    known = (analysis(44_100 * 5), analysis(44_100 * 5))
    mix = MixSettings(sample_rate_hz=48_000)
    project = project_of("ab", default=TransitionSpec(duration_s=0.0), mix=mix)
    plan = plan_of(project, *known)
    moved = edits.with_region(project, plan, 0, Region(out_end, in_start, 0), known)
    (fade,) = plan_of(moved, *known).fades
    assert abs(fade.out_frame - out_end) <= 1
    assert abs(fade.in_frame - in_start) <= 1


def test_reset_takes_back_the_pair_and_leaves_the_neighbours_alone() -> None:
    audible = Span(1_000, 90_000)
    known = (analysis(100_000, audible), analysis(100_000, audible))
    project = project_of("ab", transitions=(Transition(out_track="a", in_track="b", seed=3),))
    tracks = (
        edits.replace(project.tracks[0], span=Span(5_000, 50_000)),
        edits.replace(project.tracks[1], span=Span(7_000, 60_000)),
    )
    back = edits.reset_transition(edits.replace(project, tracks=tracks), Pair("a", "b"), known)
    assert back.transitions == ()
    assert [track.span for track in back.tracks] == [Span(5_000, 90_000), Span(1_000, 60_000)]
    tracks = (
        edits.replace(project.tracks[0], span=Span(1_000, 50_000)),
        edits.replace(project.tracks[1], span=Span(7_000, 90_000)),
    )
    back = edits.reset_transition(edits.replace(project, tracks=tracks), Pair("a", "b"), known)
    assert [track.span for track in back.tracks] == [None, None]

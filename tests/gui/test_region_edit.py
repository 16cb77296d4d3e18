from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.mix.plan import plan_mix
from deepbass_engine.project import Project, Span, Track, Transition
from deepbass_engine.settings import TransitionSpec
from deepbass_gui.edits import Region, with_region
from deepbass_gui.region_edit import (
    Handle,
    Lane,
    Limits,
    Snap,
    dragged,
    moved,
    snapped,
    stretch,
)

RATE_HZ = 8_000
REGION = Region(out_end_frame=900, in_start_frame=100, n_frames=200)
ROOMY = Limits(0, 1_000, 0, 1_000, 0, 600 * RATE_HZ)


def analysis(name: str, n_frames: int, span: Span | None = None) -> TrackAnalysis:
    source = AudioSource(
        path=Path(f"/music/{name}.wav"),
        sample_rate_hz=RATE_HZ,
        layout=("FC",),
        frames=n_frames,
        declared_frames=n_frames,
        bit_depth=16,
        container="WAV",
        codec="PCM_16",
        decoder="soundfile",
    )
    return TrackAnalysis(source, span or Span(0, n_frames))


handles = st.sampled_from(Handle)
lanes = st.sampled_from(Lane)


@pytest.mark.parametrize(
    ("lane", "handle", "expected"),
    [
        (Lane.OUT, Handle.WHOLE, Region(907, 100, 200)),
        (Lane.OUT, Handle.LEFT, Region(900, 100, 193)),
        (Lane.OUT, Handle.RIGHT, Region(907, 100, 207)),
        (Lane.IN, Handle.WHOLE, Region(900, 107, 200)),
        (Lane.IN, Handle.LEFT, Region(900, 107, 193)),
        (Lane.IN, Handle.RIGHT, Region(900, 100, 207)),
    ],
)
def test_each_handle_changes_its_own_lane_and_leaves_the_other_its_cut(
    lane: Lane, handle: Handle, expected: Region
) -> None:
    assert dragged(REGION, lane, handle, 7, ROOMY) == expected


@given(lanes, handles, st.integers(-100, 100))
def test_only_the_edges_that_are_held_move_in_their_lane(
    lane: Lane, handle: Handle, by: int
) -> None:
    before, after = stretch(REGION, lane), stretch(moved(REGION, lane, handle, by), lane)
    assert after.start_frame - before.start_frame == (0 if handle is Handle.RIGHT else by)
    assert after.end_frame - before.end_frame == (0 if handle is Handle.LEFT else by)


@st.composite
def planned(draw: st.DrawFn) -> tuple[Project, list[TrackAnalysis], int]:
    """Two to four tracks with cuts and lengths of any kind, and one of their transitions."""
    analyses, rows = [], []
    n_tracks = draw(st.integers(2, 4))
    for number in range(n_tracks):
        n_frames = draw(st.integers(1, 3_000))
        start = draw(st.integers(0, n_frames - 1))
        span = Span(start, draw(st.integers(start + 1, n_frames)))
        analyses.append(analysis(str(number), n_frames, span))
        rows.append(Track(path=analyses[-1].source.path, id=str(number)))
    transitions = tuple(
        Transition(
            out_track=str(i),
            in_track=str(i + 1),
            duration_s=draw(st.integers(0, 3_000)) / RATE_HZ,
        )
        for i in range(n_tracks - 1)
    )
    project = Project(tracks=tuple(rows), transitions=transitions)
    return project, analyses, draw(st.integers(0, n_tracks - 2))


@given(planned(), lanes, handles, st.integers(-4_000, 4_000))
def test_the_plan_puts_the_transition_where_it_was_dragged(
    case: tuple[Project, list[TrackAnalysis], int], lane: Lane, handle: Handle, by: int
) -> None:
    project, analyses, index = case
    plan = plan_mix(project, analyses)
    pair = analyses[index], analyses[index + 1]
    before = Region.of(plan.fades[index])
    wanted = dragged(before, lane, handle, by, Limits.of(plan, index, pair))
    after = plan_mix(with_region(project, plan, index, wanted, pair), analyses)
    assert Region.of(after.fades[index]) == wanted
    for track, known in ((after.tracks[index], pair[0]), (after.tracks[index + 1], pair[1])):
        assert 0 <= track.span.start_frame < track.span.end_frame <= (known.source.frames or 0)


@given(planned(), lanes, handles, st.integers(-4_000, 4_000))
def test_going_back_restores_the_region(
    case: tuple[Project, list[TrackAnalysis], int], lane: Lane, handle: Handle, by: int
) -> None:
    project, analyses, index = case
    plan = plan_mix(project, analyses)
    limits = Limits.of(plan, index, (analyses[index], analyses[index + 1]))
    before = Region.of(plan.fades[index])
    there = dragged(before, lane, handle, by, limits)
    went = next(
        after - start
        for after, start, is_held in (
            (
                stretch(there, lane).start_frame,
                stretch(before, lane).start_frame,
                handle is not Handle.RIGHT,
            ),
            (
                stretch(there, lane).end_frame,
                stretch(before, lane).end_frame,
                handle is not Handle.LEFT,
            ),
        )
        if is_held
    )
    assert abs(went) <= abs(by)
    assert dragged(there, lane, handle, -went, limits) == before


@given(planned(), lanes, handles, st.integers(-4_000, 4_000))
def test_a_move_stops_only_where_one_more_frame_is_not_allowed(
    case: tuple[Project, list[TrackAnalysis], int], lane: Lane, handle: Handle, by: int
) -> None:
    project, analyses, index = case
    plan = plan_mix(project, analyses)
    limits = Limits.of(plan, index, (analyses[index], analyses[index + 1]))
    before = Region.of(plan.fades[index])
    assert limits.allow(before)
    there = dragged(before, lane, handle, by, limits)
    if there != moved(before, lane, handle, by):
        assert not limits.allow(moved(there, lane, handle, 1 if by > 0 else -1))


def test_no_transition_is_longer_than_ten_minutes() -> None:
    n_frames = 3_600 * RATE_HZ
    long = [analysis("a", n_frames), analysis("b", n_frames)]
    project = Project(
        tracks=tuple(Track(path=a.source.path, id=str(i)) for i, a in enumerate(long)),
        default=TransitionSpec(duration_s=8.0),
    )
    plan = plan_mix(project, long)
    limits = Limits.of(plan, 0, (long[0], long[1]))
    there = dragged(Region.of(plan.fades[0]), Lane.OUT, Handle.LEFT, -n_frames, limits)
    assert there.n_frames == 600 * RATE_HZ


def test_an_edge_is_drawn_to_a_target_within_reach() -> None:
    assert snapped(REGION, Lane.OUT, Handle.LEFT, 42, [750], 8) == Snap(50, 750)
    assert snapped(REGION, Lane.OUT, Handle.LEFT, 41, [750], 8) == Snap(41)


def test_of_two_targets_the_nearer_one_draws() -> None:
    assert snapped(REGION, Lane.IN, Handle.RIGHT, 5, [300, 308], 8) == Snap(8, 308)


def test_the_whole_is_drawn_by_either_of_its_edges() -> None:
    assert snapped(REGION, Lane.OUT, Handle.WHOLE, 97, [1_000], 8) == Snap(100, 1_000)
    assert snapped(REGION, Lane.OUT, Handle.WHOLE, -3, [698], 8) == Snap(-2, 698)

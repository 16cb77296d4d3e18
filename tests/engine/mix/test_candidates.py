"""Which settings a search may try: the rules hold for all of them, and their order is good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.mix.candidates import SHORTEST_S, Candidate, Room
from deepbass_engine.mix.pair import Pair, with_candidate
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.proposals import Kicks, proposals
from deepbass_engine.mix.transition_audio import discarded_s
from deepbass_engine.project import Project, Span, Track, Transition
from deepbass_engine.settings import MixSettings, QualityLimits, TransitionSpec
from deepbass_engine.units import frames_from_seconds

NO_KICKS = Kicks(np.empty(0), np.empty(0))


def analysis(n_frames: int, rate_hz: int, audible: Span | None = None) -> TrackAnalysis:
    """A track of so many frames."""
    source = AudioSource(
        path=Path(f"/music/{n_frames} {rate_hz}.wav"),
        container="WAV",
        codec="PCM_16",
        sample_rate_hz=rate_hz,
        layout=("FL", "FR"),
        frames=n_frames,
        declared_frames=n_frames,
        bit_depth=16,
        decoder="soundfile",
    )
    return TrackAnalysis(source, audible or Span(0, n_frames))


def project_of(
    analyses: list[TrackAnalysis],
    duration_s: float = 8.0,
    *,
    spans: list[Span | None] | None = None,
    rate_hz: int | None = None,
    transitions: tuple[Transition, ...] = (),
    **limits: float,
) -> Project:
    """A playlist of these tracks."""
    return Project(
        tracks=tuple(
            Track(path=each.source.path, id=f"t{number}", span=span)
            for number, (each, span) in enumerate(
                zip(analyses, spans or [None] * len(analyses), strict=True)
            )
        ),
        default=TransitionSpec(duration_s=duration_s),
        mix=MixSettings(sample_rate_hz=rate_hz),
        limits=QualityLimits(**limits),
        transitions=transitions,
    )


def planned(n_seconds: tuple[float, ...] = (100, 100), **settings: object) -> MixPlan:
    analyses = [analysis(round(seconds * 8000), 8000) for seconds in n_seconds]
    return plan_mix(project_of(analyses, **settings), analyses)


def room_of(n_seconds: tuple[float, ...] = (100, 100), index: int = 0, **settings: object) -> Room:
    return Room.of(planned(n_seconds, **settings), index, QualityLimits())


def proposed(
    room: Room,
    n_candidates: int,
    *,
    kicks: Kicks = NO_KICKS,
    cost: Callable[[Candidate], float] = lambda candidate: 0.0,
) -> list[Candidate]:
    """What is proposed, the present one first, if candidates are as bad as `cost` says."""
    made = [room.present]

    def best(n_most: int) -> list[Candidate]:
        return sorted(made, key=cost)[:n_most]

    others = proposals(room, kicks, n_candidates, best)
    while len(made) < n_candidates and (candidate := next(others, None)) is not None:
        made.append(candidate)
    return made


# The rules


@st.composite
def playlists(draw: st.DrawFn) -> tuple[Project, list[TrackAnalysis]]:
    """Three tracks of any rates, lengths, audible and chosen parts."""
    analyses, spans = [], []
    for _ in range(3):
        rate_hz = draw(st.sampled_from([8000, 11_025, 44_100, 48_000]))
        n_frames = draw(st.integers(100, 60 * rate_hz))
        parts = []
        for _ in range(2):
            start = draw(st.integers(0, n_frames - 1))
            parts.append(Span(start, draw(st.integers(start + 1, n_frames))))
        analyses.append(analysis(n_frames, rate_hz, parts[0]))
        spans.append(draw(st.sampled_from([None, parts[1], Span(0, n_frames)])))
    project = project_of(
        analyses,
        draw(st.sampled_from([0.0, 0.3, 2.0, 8.0, 30.0])),
        spans=spans,
        rate_hz=draw(st.sampled_from([None, 8000, 44_100])),
        discarded=draw(st.sampled_from([0.0, 1.0, 12.0, 40.0])),
    )
    return project, analyses


@settings(max_examples=60, deadline=None)
@given(playlists(), st.randoms(use_true_random=False))
def test_whatever_is_chosen_at_both_ends_of_a_track_the_plan_is_as_it_was_tried(
    playlist, random
) -> None:
    project, analyses = playlist
    plan, chosen = plan_mix(project, analyses), project
    pairs = [Pair.of(project, plan, index, analyses) for index in (0, 1)]
    choices = [random.choice(proposed(pair.room, 12)) for pair in pairs]
    for pair, choice in zip(pairs, choices, strict=True):
        chosen = with_candidate(chosen, plan, pair.index, choice, analyses)
    fades = plan_mix(chosen, analyses).fades
    for pair, choice in zip(pairs, choices, strict=True):
        tried, fade = pair.planned(choice).fades[0], fades[pair.index]
        assert fade.n_frames == frames_from_seconds(choice.duration_s, plan.sample_rate_hz)
        for name in ("n_frames", "out_frame", "in_frame", "method", "curve", "seed"):
            assert getattr(fade, name) == getattr(tried, name)


@settings(max_examples=60, deadline=None)
@given(playlists(), st.sampled_from([0, 1]))
def test_no_candidate_leaves_out_more_music_than_the_budget_or_the_present_setting(
    playlist, index
) -> None:
    project, analyses = playlist
    plan = plan_mix(project, analyses)
    pair = Pair.of(project, plan, index, analyses)
    allowed_s = max(project.limits.discarded, sum(discarded_s(plan, index)))
    for candidate in proposed(pair.room, 12):
        left_out_s = sum(discarded_s(pair.planned(candidate), 0))
        assert left_out_s <= allowed_s + 1e-9


@settings(max_examples=60, deadline=None)
@given(playlists(), st.sampled_from([0, 1]))
def test_candidates_lie_within_what_is_used_now_and_are_no_shorter_than_half_a_second(
    playlist, index
) -> None:
    project, analyses = playlist
    plan = plan_mix(project, analyses)
    pair, fade = Pair.of(project, plan, index, analyses), plan.fades[index]
    for candidate in proposed(pair.room, 12):
        tried = pair.planned(candidate).fades[0]
        assert tried.in_frame >= fade.in_frame
        assert tried.out_frame + tried.n_frames <= fade.out_frame + fade.n_frames
        assert candidate.duration_s >= min(SHORTEST_S, pair.present.duration_s)


def test_the_present_setting_of_a_pair_alone_is_that_of_the_whole_mix_however_shortened() -> None:
    analyses = [analysis(n * 8000, 8000) for n in (100, 10, 100)]
    project = project_of(analyses, 8.0)
    plan = plan_mix(project, analyses)
    assert [fade.n_frames for fade in plan.fades] == [40_000, 40_000]
    for index in (0, 1):
        pair = Pair.of(project, plan, index, analyses)
        alone, whole = pair.planned(pair.present).fades[0], plan.fades[index]
        assert (alone.n_frames, alone.out_frame, alone.in_frame) == (
            whole.n_frames, whole.out_frame, whole.in_frame,
        )  # fmt: skip


def test_where_more_than_the_budget_is_left_out_now_no_candidate_leaves_out_more() -> None:
    analyses = [analysis(800_000, 8000) for _ in range(2)]
    project = project_of(analyses, spans=[Span(0, 640_000), None])
    room = Room.of(plan_mix(project, analyses), 0, project.limits)
    assert room.most_discarded_frames == 160_000
    assert {c.earlier_s + c.later_s for c in proposed(room, 20)} == {0.0}


def test_a_cut_may_stay_a_cut_elsewhere_or_become_a_short_fade() -> None:
    lengths = {candidate.duration_s for candidate in proposed(room_of(duration_s=0.0), 30)}
    assert 0.0 in lengths
    assert min(lengths - {0.0}) >= SHORTEST_S
    assert any(c.duration_s == 0.0 and c.later_s for c in proposed(room_of(duration_s=0.0), 30))


def test_a_candidate_lies_where_both_files_have_a_frame() -> None:
    analyses = [analysis(4_410_000, 44_100), analysis(800_000, 8000)]
    project = project_of(analyses, rate_hz=48_000)
    plan = plan_mix(project, analyses)
    room = Room.of(plan, 0, project.limits)
    placed = room.placed(Candidate("simple", "tri", 4.0, earlier_s=1.00001, later_s=0.1234))
    assert room.placed(placed) == placed
    fade = plan_mix(with_candidate(project, plan, 0, placed, analyses), analyses).fades[0]
    assert fade.in_frame == frames_from_seconds(placed.later_s, 48_000)
    assert fade.in_frame % 6 == 0  # frames of the second file


# Their order


def test_none_is_proposed_twice_and_all_are_allowed() -> None:
    room = room_of()
    candidates = proposed(room, 200, cost=lambda c: abs(c.duration_s - 3.1) + c.later_s)
    assert len(candidates) == len(set(candidates)) > 100
    assert all(room.allows(candidate) for candidate in candidates)


def test_a_small_number_is_spread_over_lengths_and_places() -> None:
    candidates = proposed(room_of(), 24)
    spread = candidates[:10]
    assert len({c.duration_s for c in spread}) >= 4
    assert {bool(c.earlier_s) for c in spread} == {bool(c.later_s) for c in spread} == {True, False}
    assert {c.curve for c in spread} == {"equal_power"}
    assert len({c.curve for c in candidates}) >= 3


@pytest.mark.parametrize(
    ("wanted", "n_candidates"),
    [
        (Candidate("simple", "tri", 8.0), 24),
        (Candidate("simple", "equal_power", 4.0, 1.5), 48),
        (Candidate("simple", "log:tri", 2.0, 0.0, 3.0), 48),
    ],
)
def test_the_best_of_a_smooth_cost_is_come_near_to(wanted: Candidate, n_candidates: int) -> None:
    def cost(candidate: Candidate) -> float:
        return (
            abs(np.log2(candidate.duration_s / wanted.duration_s))
            + abs(candidate.earlier_s - wanted.earlier_s)
            + abs(candidate.later_s - wanted.later_s)
            + (candidate.curve != wanted.curve)
        )

    candidates = proposed(room_of(), n_candidates, cost=cost)
    assert min(map(cost, candidates)) < 0.6 < cost(candidates[0]) + 0.1


def test_what_was_good_is_looked_around_with_other_curves_and_nearer_by() -> None:
    def cost(candidate: Candidate) -> float:
        return abs(candidate.earlier_s - 4.0) + abs(candidate.later_s)

    candidates = proposed(room_of(), 40, cost=cost)
    near = [c for c in candidates if abs(c.earlier_s - 4.0) <= 1.2]
    assert len(near) > 20
    assert len({c.curve for c in near}) > 5


# Kicks


def at(*times_s: float) -> np.ndarray:
    return np.array(times_s)


def test_kicks_are_brought_together_by_beginning_later_by_less_than_a_beat() -> None:
    beats = np.arange(0.0, 40.0, 0.5)
    kicks = Kicks(beats - 40.0, beats + 0.2)
    moved = kicks.together(Candidate("simple", "tri", 8.0))
    assert moved.later_s == pytest.approx(0.2, abs=0.003)


@pytest.mark.parametrize("earlier_s", [0.1, 0.35, 2.05])
def test_kicks_are_brought_together_wherever_the_leaving_track_ends(earlier_s: float) -> None:
    beats = np.arange(0.0, 40.0, 0.5)
    kicks = Kicks(beats - 40.0, beats)
    moved = kicks.together(Candidate("simple", "tri", 8.0, earlier_s))
    assert (moved.later_s + earlier_s + 0.25) % 0.5 - 0.25 == pytest.approx(0.0, abs=0.003)


def test_what_keeps_no_beat_is_not_moved() -> None:
    beats = np.arange(0.0, 40.0, 0.5)
    candidate = Candidate("simple", "tri", 8.0, 1.0, 1.0)
    stray = np.sort(np.random.default_rng(0).uniform(0.0, 40.0, 60))
    assert Kicks(beats - 40.0, stray).together(candidate) == candidate
    assert Kicks(beats - 40.0, at()).together(candidate) == candidate
    assert NO_KICKS.together(candidate) == candidate


def test_proposals_keep_the_beat_where_there_is_one() -> None:
    room, beats = room_of(), np.arange(0.0, 100.0, 0.5)
    kicks = Kicks(beats - 100.0, beats + 0.2)
    candidates = proposed(room, 24, kicks=kicks)[1:]
    for candidate in candidates:
        if candidate.duration_s >= 2.0:
            phase_s = (candidate.later_s - 0.2 + candidate.earlier_s + candidate.duration_s) % 0.5
            assert min(phase_s, 0.5 - phase_s) < 0.006


def test_kicks_are_found_in_audio_where_they_are() -> None:
    rate_hz = 8000
    leaving, entering = (np.zeros((12 * rate_hz, 2), np.float32) for _ in range(2))
    t = np.arange(800) / rate_hz
    kick = (0.8 * np.sin(2 * np.pi * 60 * t) * np.exp(-t / 0.03))[:, np.newaxis]
    for samples, first_s in ((leaving, 0.0), (entering, 0.3)):
        for at_s in np.arange(first_s, 11.5, 0.5):
            samples[round(at_s * rate_hz) :][:800] += kick.astype(np.float32)
    kicks = Kicks.of(leaving, entering, rate_hz)
    moved = kicks.together(Candidate("simple", "tri", 8.0))
    assert moved.later_s == pytest.approx(0.3, abs=0.01)
    assert len(kicks.leaving_s) == pytest.approx(23, abs=1)

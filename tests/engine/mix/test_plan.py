"""Plans: held against a checker that knows the segments only, and against lengths known by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.errors import InputError, PlanError
from deepbass_engine.mix.plan import Body, Fade, MixPlan, PlannedTrack, fade_lengths, plan_mix
from deepbass_engine.project import Project, Span, Track, Transition
from deepbass_engine.settings import MixSettings, TransitionSpec

HOUR_FRAMES = 3600 * 48_000


def analysis(
    n_frames: int, rate_hz: int = 8000, *, span: Span | None = None, name: str = "a.wav"
) -> TrackAnalysis:
    """What is known of a file of this length; heard throughout unless a span is given."""
    source = AudioSource(
        path=Path("/music") / name,
        container="WAV",
        codec="PCM_16",
        sample_rate_hz=rate_hz,
        layout=("FL", "FR"),
        frames=n_frames,
        declared_frames=n_frames,
        bit_depth=16,
        decoder="soundfile",
    )
    return TrackAnalysis(source, span or Span(0, n_frames))


def project_of(
    analyses: list[TrackAnalysis],
    duration_s: float = 8.0,
    *,
    spans: dict[int, Span] | None = None,
    transitions: tuple[Transition, ...] = (),
    rate_hz: int | None = None,
) -> Project:
    """A project with tracks named "0", "1", ..."""
    return Project(
        tracks=tuple(
            Track(path=known.source.path, id=str(i), span=(spans or {}).get(i))
            for i, known in enumerate(analyses)
        ),
        default=TransitionSpec(duration_s=duration_s),
        mix=MixSettings(sample_rate_hz=rate_hz),
        transitions=transitions,
    )


def planned(analyses: list[TrackAnalysis], duration_s: float = 8.0, **more: object) -> MixPlan:
    return plan_mix(project_of(analyses, duration_s, **more), analyses)  # type: ignore[arg-type]


def check_plan(plan: MixPlan) -> None:
    """Every invariant of a plan, from its segments alone."""
    fades = [s for s in plan.segments if isinstance(s, Fade)]
    assert [f.index for f in fades] == list(range(len(plan.tracks) - 1))

    end_of_mix = 0
    for segment in plan.segments:
        assert segment.start_frame == end_of_mix, "the mix has a gap or an overlap"
        assert segment.n_frames > 0 or isinstance(segment, Fade)
        end_of_mix += segment.n_frames
    assert plan.n_frames == end_of_mix
    assert end_of_mix == sum(t.span.n_frames for t in plan.tracks) - sum(f.n_frames for f in fades)

    for number, track in enumerate(plan.tracks):
        heard = []
        for segment in plan.segments:
            if isinstance(segment, Body) and segment.track == number:
                heard.append((segment.track_frame, segment.track_frame + segment.n_frames))
            elif isinstance(segment, Fade) and segment.index == number:
                heard.append((segment.out_frame, segment.out_frame + segment.n_frames))
            elif isinstance(segment, Fade) and segment.index + 1 == number:
                heard.append((segment.in_frame, segment.in_frame + segment.n_frames))
        ends = [track.span.start_frame, *(end for _, end in heard)]
        assert [start for start, _ in heard] == ends[:-1], "a track is heard twice or has a gap"
        assert ends[-1] == track.span.end_frame

    for fade in fades:
        assert fade.n_frames <= fade.asked_frames
        assert bool(fade.shortened_because) == (fade.n_frames < fade.asked_frames)


# Any playlist -----------------------------------------------------------------------------------

RATES = st.sampled_from([8000, 11_025, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000])
LENGTHS = st.one_of(st.integers(1, 20), st.integers(1, 10**6), st.integers(1, 10 * HOUR_FRAMES))
DURATIONS = st.one_of(st.just(0.0), st.floats(0, 600), st.floats(0, 0.01))


@st.composite
def analysed(draw: st.DrawFn) -> TrackAnalysis:
    n_frames = draw(LENGTHS)
    start = draw(st.integers(0, n_frames - 1))
    end = draw(st.integers(start + 1, n_frames))
    return analysis(n_frames, draw(RATES), span=draw(st.sampled_from([None, Span(start, end)])))


@st.composite
def playlists(draw: st.DrawFn) -> tuple[Project, list[TrackAnalysis]]:
    analyses = draw(st.lists(analysed(), min_size=1, max_size=8))
    spans = draw(
        st.dictionaries(
            st.integers(0, len(analyses) - 1),
            st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)).map(
                lambda ends: Span(min(ends), max(ends))
            ),
        )
    )
    overrides = draw(
        st.dictionaries(st.integers(0, max(0, len(analyses) - 2)), DURATIONS, max_size=4)
    )
    return (
        project_of(
            analyses,
            draw(DURATIONS),
            spans=spans,
            rate_hz=draw(st.none() | RATES),
            transitions=tuple(
                Transition(out_track=str(i), in_track=str(i + 1), duration_s=duration_s)
                for i, duration_s in overrides.items()
            ),
        ),
        analyses,
    )


@given(playlists())
def test_any_playlist_gives_a_valid_plan_or_an_error_that_says_why(
    playlist: tuple[Project, list[TrackAnalysis]],
) -> None:
    project, analyses = playlist
    try:
        plan = plan_mix(project, analyses)
    except PlanError as error:
        n_tracks, reasons = 0, error.hint.split("; ")
    else:
        check_plan(plan)
        n_tracks, reasons = len(plan.tracks), [problem.what for problem in plan.problems]
    left_out = [reason for reason in reasons if "before the chosen part does" not in reason]
    assert n_tracks + len(left_out) == len(analyses)
    for reason in left_out:
        assert "chosen part" in reason or "is shorter than one frame of the mix" in reason


@given(st.lists(LENGTHS, min_size=1, max_size=8), st.data())
def test_fade_lengths_are_the_same_for_the_playlist_played_backwards(
    lengths: list[int], data: st.DataObject
) -> None:
    n_fades = len(lengths) - 1
    asked = data.draw(st.lists(st.integers(0, 10**7), min_size=n_fades, max_size=n_fades))
    forward = [fade.n_frames for fade in fade_lengths(lengths, asked)]
    backward = [fade.n_frames for fade in fade_lengths(lengths[::-1], asked[::-1])]
    assert forward == backward[::-1]


@given(st.lists(LENGTHS, min_size=2, max_size=8), st.data())
def test_no_fade_is_shorter_than_the_rules_make_it(lengths: list[int], data: st.DataObject) -> None:
    """A fade has what was asked, a whole track, or at least half of a track it shares."""
    n_fades = len(lengths) - 1
    asked = data.draw(st.lists(st.integers(0, 10**7), min_size=n_fades, max_size=n_fades))
    for i, fade in enumerate(fade_lengths(lengths, asked)):
        wanted = min(asked[i], lengths[i], lengths[i + 1])
        halves = [
            lengths[track] // 2
            for track, other in ((i, i - 1), (i + 1, i + 1))
            if 0 <= other < n_fades
        ]
        assert fade.n_frames >= min([wanted, *halves])


@given(st.lists(LENGTHS, min_size=3, max_size=8), st.data())
def test_an_edit_moves_no_fade_further_away_than_its_neighbours(
    lengths: list[int], data: st.DataObject
) -> None:
    n_fades = len(lengths) - 1
    asked = data.draw(st.lists(st.integers(0, 10**7), min_size=n_fades, max_size=n_fades))
    edited = data.draw(st.integers(0, n_fades - 1))
    changed = [*asked]
    changed[edited] = data.draw(st.integers(0, 10**7))
    before, after = fade_lengths(lengths, asked), fade_lengths(lengths, changed)
    for i in range(n_fades):
        if abs(i - edited) > 1:
            assert before[i].n_frames == after[i].n_frames


# Lengths known by hand --------------------------------------------------------------------------


def fade_frames(plan: MixPlan) -> list[int]:
    return [fade.n_frames for fade in plan.fades]


def test_long_tracks_get_the_transitions_that_were_asked() -> None:
    plan = planned([analysis(80_000), analysis(96_000), analysis(40_000)], 2.0)
    assert plan.segments == (
        Body(0, 0, 64_000, 0),
        replace(plan.fades[0], start_frame=64_000, n_frames=16_000, out_frame=64_000, in_frame=0),
        Body(1, 80_000, 64_000, 16_000),
        replace(plan.fades[1], start_frame=144_000, n_frames=16_000, out_frame=80_000, in_frame=0),
        Body(2, 160_000, 24_000, 16_000),
    )
    assert plan.n_frames == 184_000
    assert plan.track_starts == (0, 64_000, 144_000)
    check_plan(plan)


@pytest.mark.parametrize(
    ("tracks", "asked", "expected", "limited_by"),
    [
        ([100, 30], [50], [30], [1]),  # as long as the shorter track
        ([30, 100], [50], [30], [0]),
        ([100, 10, 100], [8, 2], [8, 2], [None, None]),  # both fit exactly
        ([100, 10, 100], [8, 6], [5, 5], [1, 1]),  # half each
        ([100, 10, 100], [8, 3], [7, 3], [1, None]),  # what one does not need, the other gets
        ([100, 10, 100], [50, 0], [10, 0], [1, None]),  # a cut needs nothing
        ([100, 11, 100], [50, 50], [5, 5], [1, 1]),  # the odd frame stays alone
        ([100, 1, 100], [50, 50], [0, 0], [1, 1]),  # one frame can't be shared
        ([10, 10, 10, 10], [10, 10, 10], [5, 5, 5], [1, 1, 2]),
    ],
)
def test_short_tracks(
    tracks: list[int], asked: list[int], expected: list[int], limited_by: list[int | None]
) -> None:
    lengths = fade_lengths(tracks, asked)
    assert [length.n_frames for length in lengths] == expected
    assert [length.limited_by for length in lengths] == limited_by


def test_a_short_track_between_long_ones_is_named_as_the_reason() -> None:
    plan = planned([analysis(80_000), analysis(4000, name="jingle.wav"), analysis(80_000)], 2.0)
    assert fade_frames(plan) == [2000, 2000]
    for fade in plan.fades:
        assert fade.shortened_because == (
            "track 2 (jingle.wav) has 0:00.5 of sound for its two transitions"
        )
    check_plan(plan)


def test_a_track_shorter_than_its_one_fade_says_so() -> None:
    plan = planned([analysis(80_000), analysis(8000, name="short.wav")], 2.0)
    assert fade_frames(plan) == [8000]
    assert plan.fades[0].shortened_because == "track 2 (short.wav) has 0:01.0 of sound"
    assert plan.n_frames == 80_000


def test_no_duration_is_a_hard_cut() -> None:
    plan = planned([analysis(100), analysis(50), analysis(70)], 0.0)
    assert fade_frames(plan) == [0, 0]
    assert [s.start_frame for s in plan.segments if isinstance(s, Body)] == [0, 100, 150]
    assert plan.n_frames == 220
    assert all(fade.shortened_because == "" for fade in plan.fades)
    check_plan(plan)


def test_one_track_is_a_plan_of_one_body() -> None:
    plan = planned([analysis(100, span=Span(10, 90))])
    assert plan.segments == (Body(0, 0, 80, 10),)
    assert plan.fades == ()


def test_an_audible_span_is_used_and_a_chosen_one_goes_before_it() -> None:
    tracks = [analysis(8000, span=Span(1000, 7000)), analysis(8000, span=Span(500, 7500))]
    plan = planned(tracks, 0.0, spans={1: Span(2000, 2600)})
    assert [track.span for track in plan.tracks] == [Span(1000, 7000), Span(2000, 2600)]
    assert plan.n_frames == 6600


def test_a_chosen_part_that_passes_the_end_of_the_file_ends_there() -> None:
    plan = planned([analysis(8000)], spans={0: Span(7000, 9000)})
    assert plan.tracks[0].span == Span(7000, 8000)


def test_a_chosen_part_with_nothing_in_it_is_a_problem_and_the_rest_is_mixed() -> None:
    plan = planned([analysis(8000), analysis(8000)], spans={0: Span(8000, 9000)})
    assert len(plan.tracks) == 1
    assert plan.problems[0].path == Path("/music/a.wav")
    assert plan.problems[0].what == (
        "has 8000 frames, none of them in the chosen part 8000 to 9000"
    )


def test_a_pair_may_differ_from_the_default_in_every_setting() -> None:
    own = Transition(
        out_track="1", in_track="2", duration_s=0.5, curve="tri:qsin", seed=7, method="nsynth",
        morph="raw", embedding_fade="Extend", morph_pace="even",
    )  # fmt: skip
    plan = planned([analysis(80_000)] * 4, 2.0, transitions=(own,))
    assert fade_frames(plan) == [16_000, 4000, 16_000]
    assert [fade.curve for fade in plan.fades] == ["equal_power", "tri:qsin", "equal_power"]
    assert [fade.seed for fade in plan.fades] == [0, 7, 0]
    assert [fade.method for fade in plan.fades] == ["simple", "nsynth", "simple"]
    assert [fade.morph for fade in plan.fades] == ["hybrid", "raw", "hybrid"]
    assert [fade.embedding_fade for fade in plan.fades] == ["LinearFade", "Extend", "LinearFade"]
    assert [fade.morph_pace for fade in plan.fades] == ["curve", "even", "curve"]


def test_a_pair_keeps_its_own_settings_only_while_it_stands_together() -> None:
    own = Transition(out_track="0", in_track="1", duration_s=0.5)
    tracks = [analysis(80_000)] * 3
    project = project_of(tracks, 2.0, transitions=(own,))
    together = plan_mix(project, tracks)
    apart = plan_mix(project, [tracks[0], InputError("is broken"), tracks[2]])
    assert fade_frames(together) == [4000, 16_000]
    assert fade_frames(apart) == [16_000]


def test_a_bad_track_is_a_problem_and_its_neighbours_are_joined() -> None:
    tracks = [analysis(80_000, name="0.wav"), analysis(80_000), analysis(80_000, name="2.wav")]
    error = InputError("is broken", path=Path("/music/a.wav"), hint="mend it")
    plan = plan_mix(project_of(tracks, 2.0), [tracks[0], error, tracks[2]])
    assert [track.source.path.name for track in plan.tracks] == ["0.wav", "2.wav"]
    assert fade_frames(plan) == [16_000]
    assert [str(problem) for problem in plan.problems] == ["/music/a.wav: is broken (mend it)"]
    check_plan(plan)


def test_with_no_usable_track_the_error_holds_every_reason() -> None:
    tracks = [analysis(1), analysis(1)]
    errors = [InputError("is empty", path=Path("/m/a")), InputError("is text", path=Path("/m/b"))]
    with pytest.raises(PlanError, match="none of the tracks can be used") as caught:
        plan_mix(project_of(tracks), errors)
    assert caught.value.hint == "/m/a: is empty; /m/b: is text"


def test_an_empty_project_says_that_no_tracks_were_given() -> None:
    with pytest.raises(PlanError, match="no tracks were given"):
        plan_mix(Project(), [])


# Rates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rates", "asked", "expected"),
    [
        ([44_100], None, 44_100),
        ([44_100, 22_050], None, 44_100),
        ([44_100, 48_000], None, 48_000),
        ([44_100, 96_000], None, 48_000),
        ([192_000], None, 48_000),
        ([8000, 11_025], None, 11_025),
        ([44_100, 48_000], 96_000, 96_000),
        ([44_100, 48_000], 22_050, 22_050),
    ],
)
def test_the_mix_has_the_highest_rate_up_to_48_khz_or_the_one_asked(
    rates: list[int], asked: int | None, expected: int
) -> None:
    plan = planned([analysis(10 * rate, rate) for rate in rates], 1.0, rate_hz=asked)
    assert plan.sample_rate_hz == expected
    assert [track.span.n_frames for track in plan.tracks] == [10 * expected] * len(rates)
    assert fade_frames(plan) == [expected] * (len(rates) - 1)


def test_a_track_that_is_left_out_has_no_say_in_the_rate() -> None:
    tracks = [analysis(44_100, 44_100), analysis(48_000, 48_000)]
    plan = plan_mix(project_of(tracks), [tracks[0], InputError("is broken")])
    assert plan.sample_rate_hz == 44_100


def test_a_track_shorter_than_one_frame_of_the_mix_is_left_out_and_named() -> None:
    tracks = [analysis(2, 192_000, name="click.wav"), analysis(8000)]
    plan = planned(tracks, rate_hz=8000)
    assert [track.source.sample_rate_hz for track in plan.tracks] == [8000]
    assert str(plan.problems[0]) == (
        "/music/click.wav: is shorter than one frame of the mix at 8000 Hz "
        "(take it out of the playlist, or mix at a higher rate)"
    )


@pytest.mark.parametrize("start", [0, 1, 11, 12, 13, 22, 23])
def test_a_part_shorter_than_one_frame_of_the_mix_becomes_one_frame_inside_the_track(
    start: int,
) -> None:
    plan = planned([analysis(24, 192_000, span=Span(start, start + 1))], rate_hz=8000)
    span = plan.tracks[0].span
    assert span.n_frames == 1
    assert 0 <= span.start_frame < 1  # 24 frames at 192 kHz are one at 8 kHz


# The plan's own check ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        (Body(0, 0, 90, 0),),  # the track's end is missing
        (Body(0, 0, 50, 0), Body(0, 60, 50, 50)),  # a gap in the mix
        (Body(0, 0, 50, 0), Body(0, 50, 50, 40)),  # a part of the track twice
    ],
)
def test_segments_that_do_not_join_are_no_plan(wrong: tuple[Body, ...]) -> None:
    track = PlannedTrack("a", analysis(100).source, Span(0, 100), Span(0, 100))
    with pytest.raises(AssertionError):
        MixPlan(8000, (track,), wrong, ())


def test_a_chosen_part_that_reaches_past_the_file_is_used_as_far_as_it_goes_and_named() -> None:
    known = [analysis(1000)]
    plan = plan_mix(project_of(known, spans={0: Span(200, 1500)}), known)
    assert plan.tracks[0].span == Span(200, 1000)
    (problem,) = plan.problems
    assert problem.path == known[0].source.path
    assert "frame 1000" in problem.what
    assert "1500" in problem.what

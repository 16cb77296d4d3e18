"""Tracks joined on the beat: where, how long, how it sounds, and why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from loops import RATE_HZ, kick_heard_s, loop
from mixes import rendered_to, samples_of

from deepbass_engine.analysis.loudness import LoudnessMeter, integrated_lufs, momentary
from deepbass_engine.analysis.track import TrackAnalysis, analyze_tracks
from deepbass_engine.analysis.true_peak import true_peak_plain
from deepbass_engine.mix import track_stream
from deepbass_engine.mix.candidates import Candidate, Room
from deepbass_engine.mix.joins.choosing import Join, joined
from deepbass_engine.mix.joins.side import Side
from deepbass_engine.mix.joins.tempo import MOST_STRETCH, is_near, meeting
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.pair import with_candidate
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.playback import MixStream, audio_around
from deepbass_engine.mix.render import render
from deepbass_engine.mix.track_stream import open_track
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import GivenBeats, Project, Span, Transition, tracks_of
from deepbass_engine.settings import MixSettings, TransitionSpec
from deepbass_engine.units import db_from_gain

tempi = st.floats(60.0, 200.0)
AUTO = TransitionSpec(style="auto")
LOOPS = (("house", 122.37, 0.31), ("house", 126.8, 0.12), ("break", 63.0, 0.4))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two loops near in tempo, and one at half of it."""
    folder = tmp_path_factory.mktemp("loops")
    paths = []
    for number, (pattern, tempo_bpm, first_beat_s) in enumerate(LOOPS):
        made = loop(pattern, tempo_bpm, seconds=75.0, first_beat_s=first_beat_s, seed=number)
        path = folder / f"{number}.wav"
        soundfile.write(path, made.samples, RATE_HZ, subtype="FLOAT")
        paths.append(path)
    return paths


@pytest.fixture(scope="module")
def heard(files: list[Path]) -> list[TrackAnalysis]:
    found = analyze_tracks(files, music=True)
    return [analysis for analysis in found if isinstance(analysis, TrackAnalysis)]


def project_of(heard: list[TrackAnalysis], target_lufs: float = 0.0, **own: object) -> Project:
    rows = tracks_of(analysis.source.path for analysis in heard)
    transitions = (Transition(out_track=rows[0].id, in_track=rows[1].id, **own),) if own else ()
    mix = MixSettings(target_lufs=target_lufs)
    return Project(tracks=rows, default=AUTO, mix=mix, transitions=transitions)


def planned(heard: list[TrackAnalysis], target_lufs: float = 0.0, **own: object) -> MixPlan:
    return plan_mix(project_of(heard, target_lufs, **own), heard)


def true_beats_s(plan: MixPlan, side: int) -> np.ndarray:
    """When the beats that were put into a loop are heard within the transition."""
    fade, track = plan.fades[0], plan.tracks[side]
    first = (fade.out_frame, fade.in_frame)[side]
    _, tempo_bpm, first_beat_s = LOOPS[int(track.source.path.stem)]
    own = (first_beat_s + np.arange(400) * 60.0 / tempo_bpm) * plan.sample_rate_hz
    at = np.array([track.warp.heard_frame(frame) for frame in own]) - first
    return at[(at >= -1) & (at < fade.n_frames)] / plan.sample_rate_hz


# Tempi


@given(tempi, tempi)
def test_both_tracks_come_to_one_tempo_in_beats_of_the_first(out_bpm: float, in_bpm: float) -> None:
    met = meeting(out_bpm, in_bpm)
    assert out_bpm * met.out_ratio == pytest.approx(met.tempo_bpm)
    assert in_bpm * met.relation * met.in_ratio == pytest.approx(met.tempo_bpm)
    assert met.out_ratio * met.in_ratio == pytest.approx(1.0)


@given(tempi, st.sampled_from([0.5, 1.0, 2.0]), st.floats(-0.1, 0.1))
def test_half_and_double_time_are_as_near_as_the_same(
    out_bpm: float, times: float, away: float
) -> None:
    met = meeting(out_bpm, out_bpm / times * (1.0 + away))
    assert met.relation == times
    assert is_near(met) == (max(met.out_ratio, met.in_ratio) <= 1.0 + MOST_STRETCH)


# Where and how long


def test_two_steady_loops_are_joined_by_bars_and_it_is_said(heard: list[TrackAnalysis]) -> None:
    plan = planned(heard[:2])
    (fade,) = plan.fades
    assert fade.join is not None
    assert fade.join.placed.n_bars in (4, 8, 16)
    assert "bars on the beat at 124.6 BPM (122.4 and 126.8 BPM)" in fade.because


def test_true_beats_fall_together_within_five_milliseconds(heard: list[TrackAnalysis]) -> None:
    plan = planned(heard[:2])
    leaving, entering = true_beats_s(plan, 0), true_beats_s(plan, 1)
    n = min(len(leaving), len(entering))
    assert n >= 16
    assert np.abs(leaving[:n] - entering[:n]).max() < 0.005


def test_bars_fall_together_too(heard: list[TrackAnalysis]) -> None:
    plan = planned(heard[:2])
    (fade,) = plan.fades
    for side, first in ((0, fade.out_frame), (1, fade.in_frame)):
        _, tempo_bpm, first_beat_s = LOOPS[side]
        at_s = plan.tracks[side].warp.source_frame(first) / plan.sample_rate_hz
        bars = (at_s - first_beat_s) / (240.0 / tempo_bpm)
        assert bars == pytest.approx(round(bars), abs=0.01)


def test_kicks_are_heard_together(heard: list[TrackAnalysis]) -> None:
    plan = planned(heard[:2])
    (fade,) = plan.fades
    found = []
    for side, first in ((0, fade.out_frame), (1, fade.in_frame)):
        stream = open_track(plan.tracks[side], plan.sample_rate_hz, first, cancel=CancelToken())
        samples = stream.read(fade.n_frames).mean(axis=1)
        found.append([kick_heard_s(samples, at_s) for at_s in true_beats_s(plan, side)[1:-1]])
    apart = np.abs(np.subtract(*found))
    assert len(apart) >= 12
    assert np.median(apart) <= 0.005
    assert np.quantile(apart, 0.95) <= 0.012


def test_a_track_at_half_the_tempo_is_joined_on_every_second_beat(
    heard: list[TrackAnalysis],
) -> None:
    # its tempo is found as that of its half beats, or as its own: either way the beats meet
    plan = planned(heard[1:])
    assert plan.fades[0].join is not None
    leaving, entering = true_beats_s(plan, 0), true_beats_s(plan, 1)
    apart = [np.abs(leaving - at).min() for at in entering]
    assert max(apart) < 0.008


def test_no_more_is_left_out_than_the_budget_and_most_of_each_track_is_kept(
    heard: list[TrackAnalysis],
) -> None:
    plan = planned(heard)
    for fade in plan.fades:
        assert fade.join is not None
        assert fade.join.placed.discarded_s <= 12.0
    for i, track in enumerate(plan.tracks):
        taken = sum(f.n_frames for f in plan.fades if i in (f.index, f.index + 1))
        assert taken <= 0.4 * track.audible.n_frames


def test_the_length_a_person_chose_is_kept_on_the_beat(heard: list[TrackAnalysis]) -> None:
    plan = planned(heard[:2], duration_s=7.0)
    (fade,) = plan.fades
    assert fade.join is not None
    assert fade.n_frames == 7 * plan.sample_rate_hz
    leaving, entering = true_beats_s(plan, 0), true_beats_s(plan, 1)
    assert max(np.abs(leaving - at).min() for at in entering[:-1]) < 0.005


@pytest.mark.parametrize("n_bars", [3, 4, 5])
def test_the_bars_a_person_chose_are_kept(heard: list[TrackAnalysis], n_bars: int) -> None:
    join = planned(heard[:2], bars=n_bars).fades[0].join
    assert join is not None
    assert join.placed.n_bars == n_bars
    assert join.placed.n_frames == pytest.approx(n_bars * 240 / join.met.tempo_bpm * RATE_HZ, abs=1)


def test_where_so_many_bars_have_no_place_there_are_fewer(heard: list[TrackAnalysis]) -> None:
    join = planned(heard[:2], bars=64).fades[0].join
    assert join is not None
    assert join.placed.n_bars < 64


def test_a_length_of_its_own_goes_before_bars_of_the_whole_mix(heard: list[TrackAnalysis]) -> None:
    project = project_of(heard[:2], duration_s=6.0)
    default = msgspec.structs.replace(project.default, bars=4)
    fade = plan_mix(msgspec.structs.replace(project, default=default), heard[:2]).fades[0]
    assert fade.n_frames == 6 * RATE_HZ


def test_beats_that_are_given_are_those_that_are_joined(heard: list[TrackAnalysis]) -> None:
    project = project_of(heard[:2])
    found = heard[1].music.beats
    assert found is not None
    moved = found.shifted(found.beat_s / 3)
    given = GivenBeats(
        tempo_bpm=moved.tempo_bpm,
        first_beat_s=moved.first_beat_s,
        first_downbeat=moved.first_downbeat,
    )
    rows = (project.tracks[0], msgspec.structs.replace(project.tracks[1], beats=given))
    plan = plan_mix(msgspec.structs.replace(project, tracks=rows), heard[:2])
    leaving, entering = (true_beats_s(plan, side) for side in (0, 1))
    late = np.array([leaving[np.argmin(np.abs(leaving - at))] - at for at in entering[1:-1]])
    beat_s = 60.0 / plan.fades[0].join.met.tempo_bpm
    np.testing.assert_allclose(late % beat_s, beat_s / 3, atol=0.005)


def test_an_end_that_a_person_chose_is_kept(heard: list[TrackAnalysis]) -> None:
    project = project_of(heard[:2])
    end = heard[0].span.end_frame - 5 * RATE_HZ
    first = msgspec.structs.replace(project.tracks[0], span=Span(0, end))
    plan = plan_mix(msgspec.structs.replace(project, tracks=(first, project.tracks[1])), heard[:2])
    track = plan.tracks[0]
    assert plan.fades[0].join is not None
    assert track.warp.source_frame(track.span.end_frame) == pytest.approx(end, abs=2)


@pytest.mark.parametrize("own", [{"style": "plain"}, {"method": "nsynth"}, {"duration_s": 0.0}])
def test_what_is_not_asked_for_is_not_done(
    heard: list[TrackAnalysis], own: dict[str, object]
) -> None:
    plan = planned(heard[:2], **own)
    assert plan.fades[0].join is None
    assert all(track.warp.is_none for track in plan.tracks)


# Why not


def side_of(analysis: TrackAnalysis, **grid: object) -> Side:
    music = analysis.music
    assert music is not None
    assert music.beats is not None
    if grid:
        music = replace(music, beats=replace(music.beats, **grid))
    span = analysis.span
    return Side(RATE_HZ, span.start_frame, span.end_frame, True, music)


@pytest.mark.parametrize(
    ("grid", "reason"),
    [
        ({"tempo_bpm": 150.0}, "122.4 and 150.0 BPM are further apart than 6% of each"),
        ({"confidence": 0.2}, "the beat of the second track is not sure (20%)"),
        ({"drift_ms": 80.0}, "the tempo of the second track drifts"),
    ],
)
def test_why_two_tracks_are_not_joined_on_the_beat_is_said(
    heard: list[TrackAnalysis], grid: dict[str, object], reason: str
) -> None:
    assert joined(side_of(heard[0]), side_of(heard[1], **grid), 12.0) == reason


def test_a_track_that_was_not_listened_to_is_joined_plainly(heard: list[TrackAnalysis]) -> None:
    first = side_of(heard[0])
    deaf = replace(first, music=None)
    assert joined(deaf, first, 12.0) == "the first track was not listened to"


def test_a_track_too_short_for_two_bars_is_joined_plainly(heard: list[TrackAnalysis]) -> None:
    first = side_of(heard[0])
    short = replace(first, end=first.start + 5 * RATE_HZ)
    assert joined(first, short, 12.0) == (
        "wherever bar lines meet, more than 20% of a track would be taken, "
        "or more than 12 s left out"
    )


def test_of_all_candidates_the_one_that_costs_least_is_taken(heard: list[TrackAnalysis]) -> None:
    found = joined(side_of(heard[0]), side_of(heard[1]), 12.0)
    assert isinstance(found, Join)
    totals = [each.terms.total for each in found.considered]
    assert totals == sorted(totals)
    assert found.placed == found.considered[0].placed


# The sound


def test_one_bass_at_a_time_and_better_than_a_plain_fade(heard: list[TrackAnalysis]) -> None:
    qualities = []
    for own in ({}, {"style": "plain", "duration_s": 15.0}):
        audio = audio_around(planned(heard[:2], -16.0, **own), 0)
        assert audio is not None
        qualities.append(measure(audio).quality)
    auto, plain = qualities
    assert auto.bass_overlap is not None
    assert auto.kicks is not None
    assert plain.kicks is not None
    assert auto.bass_overlap.value < 1.0
    assert auto.kicks.value < 5.0 < plain.kicks.value
    assert auto.score < plain.score


def test_within_a_join_it_is_about_as_loud_as_beside_it(heard: list[TrackAnalysis]) -> None:
    audio = audio_around(planned(heard[:2], target_lufs=-14.0), 0)
    assert audio is not None
    levels = []
    for samples in (
        audio.outgoing[: audio.n_before],
        audio.heard,
        audio.incoming[audio.n_frames :],
    ):
        meter = LoudnessMeter(RATE_HZ, ("FL", "FR"))
        meter.push(samples)
        levels.append(10.0 * np.log10(momentary(meter.finish())))
    before, within, behind = levels
    assert within.min() > min(before.min(), behind.min()) - 2.0
    assert within.max() < max(before.max(), behind.max()) + 1.5


def test_a_mix_is_the_same_from_any_number_of_workers_and_as_it_is_played(
    heard: list[TrackAnalysis], tmp_path: Path
) -> None:
    plan = planned(heard[:2], -16.0)
    for jobs in (1, 2):
        rendered_to(tmp_path / f"{jobs}.wav", plan, "FLOAT", jobs)
    written = samples_of(tmp_path / "1.wav")
    np.testing.assert_array_equal(written, samples_of(tmp_path / "2.wav"))
    np.testing.assert_array_equal(MixStream(plan).read(plan.n_frames), written)
    middle = plan.fades[0].start_frame + 1_000
    np.testing.assert_array_equal(
        MixStream(plan, middle).read(50_000), written[middle : middle + 50_000]
    )


def test_tracks_come_to_the_loudness_asked_for_and_keep_under_the_ceiling(
    heard: list[TrackAnalysis], tmp_path: Path
) -> None:
    rendered_to(tmp_path / "mix.wav", planned(heard[:2], -20.0), "FLOAT")
    mix = samples_of(tmp_path / "mix.wav")
    meter = LoudnessMeter(RATE_HZ, ("FL", "FR"))
    meter.push(mix)
    assert integrated_lufs(meter.finish()) == pytest.approx(-20.0, abs=1.0)
    assert db_from_gain(true_peak_plain(mix, RATE_HZ)) <= -1.0 + 0.05


@pytest.mark.slow
def test_at_another_rate_too_peaks_keep_under_the_ceiling(
    heard: list[TrackAnalysis], tmp_path: Path
) -> None:
    project = project_of(heard[:2])
    mix = MixSettings(target_lufs=-5.0, sample_rate_hz=48_000)
    plan = plan_mix(msgspec.structs.replace(project, mix=mix), heard[:2])
    rendered_to(tmp_path / "mix.wav", plan, "FLOAT")
    peak = true_peak_plain(samples_of(tmp_path / "mix.wav"), 48_000)
    assert -2.5 <= db_from_gain(peak) <= -1.0 + 0.05


def test_between_its_bends_a_track_is_itself_sample_by_sample(
    heard: list[TrackAnalysis], files: list[Path], tmp_path: Path
) -> None:
    plan = planned(heard[:2])
    rendered_to(tmp_path / "mix.wav", plan, "FLOAT")
    mix, own = samples_of(tmp_path / "mix.wav"), samples_of(files[0])
    n = plan.tracks[0].warp.tail_start - plan.tracks[0].span.start_frame
    first = plan.tracks[0].span.start_frame
    np.testing.assert_array_equal(mix[:n], own[first : first + n])


def test_where_a_bend_begins_there_is_no_click(heard: list[TrackAnalysis], tmp_path: Path) -> None:
    plan = planned(heard[:2])
    rendered_to(tmp_path / "mix.wav", plan, "FLOAT")
    bend = np.abs(np.diff(samples_of(tmp_path / "mix.wav")[:, 0].astype(np.float64), 2))
    (fade,) = plan.fades
    entering = plan.tracks[1]
    seams = (
        plan.tracks[0].warp.tail_start - plan.tracks[0].span.start_frame,
        fade.start_frame + entering.warp.head_end - entering.span.start_frame,
    )
    for seam in seams:
        near = bend[seam - RATE_HZ // 10 : seam + RATE_HZ // 10].max()
        around = bend[seam - 2 * RATE_HZ : seam + 2 * RATE_HZ].max()
        assert near <= 1.05 * around


def test_a_search_keeps_the_beat_or_makes_it_plain_where_it_was(heard: list[TrackAnalysis]) -> None:
    project = project_of(heard[:2])
    plan = plan_mix(project, heard[:2])
    present = Room.of(plan, 0, project.limits).present

    def planned_with(candidate: Candidate) -> MixPlan:
        return plan_mix(with_candidate(project, plan, 0, candidate, heard[:2]), heard[:2])

    assert planned_with(present).fades[0].join == plan.fades[0].join
    other_curve = planned_with(replace(present, curve="tri")).fades[0]
    assert (other_curve.join, other_curve.curve) == (plan.fades[0].join, "tri")
    shorter = planned_with(replace(present, duration_s=5.0, later_s=0.5))
    assert shorter.fades[0].join is None
    assert shorter.fades[0].n_frames == 5 * RATE_HZ
    ends = plan.tracks[0].warp.source_frame(plan.tracks[0].span.end_frame)
    begins = plan.tracks[1].warp.source_frame(plan.tracks[1].span.start_frame + RATE_HZ / 2)
    assert shorter.tracks[0].span.end_frame == pytest.approx(ends, abs=1)
    assert shorter.tracks[1].span.start_frame == pytest.approx(begins, abs=1)


def test_what_was_stretched_is_kept_and_found_again(
    heard: list[TrackAnalysis], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, store = planned(heard[:2], -16.0), TransitionStore(tmp_path / "store")
    render(plan, tmp_path / "one.wav", transitions=store)

    def stretch(*_: object, **__: object) -> None:
        raise AssertionError("it was stretched again")

    monkeypatch.setattr(track_stream, "bent", stretch)
    render(plan, tmp_path / "two.wav", transitions=store)
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()
    quieter = planned(heard[:2], -24.0)
    with pytest.raises(AssertionError, match="stretched again"):
        render(quieter, tmp_path / "three.wav", transitions=store)

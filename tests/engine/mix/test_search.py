"""Better transitions are found where there are any, the same at every run, and made as measured."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import signals
from decks import C_MAJOR, SEMITONE
from mixes import rendered_to, samples_of
from nsynth_mixes import EXACT
from nsynth_mixes import batches as batches
from nsynth_mixes import model_name as model_name
from quickly import assert_within, best_of_three

from deepbass_engine.analysis.track import analyze_tracks
from deepbass_engine.errors import Cancelled
from deepbass_engine.fades.simple import crossfade
from deepbass_engine.mix import pair as pair_module
from deepbass_engine.mix import playback
from deepbass_engine.mix.candidates import Candidate
from deepbass_engine.mix.choosing import Ranked, ranked
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.playback import DecodedStretches, audio_around
from deepbass_engine.mix.search import search_transitions, with_choice
from deepbass_engine.mix.track_stream import open_track
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import CancelToken, Progress
from deepbass_engine.project import Project, Span, tracks_of
from deepbass_engine.settings import MixSettings, SearchSettings, TransitionSpec, curve_pair

RATE_HZ = 16_000


def tone(frequencies_hz: tuple[float, ...], duration_s: float, level: float = 0.05) -> np.ndarray:
    """A sustained chord of four harmonics a note."""
    t = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    waves = [np.sin(2 * np.pi * f * k * t + k) / k for f in frequencies_hz for k in (1, 2, 3, 4)]
    return level * sum(waves)


def beats(duration_s: float, first_s: float = 0.0) -> np.ndarray:
    """A kick twice a second."""
    sound = np.zeros(round(duration_s * RATE_HZ))
    t = np.arange(round(0.3 * RATE_HZ)) / RATE_HZ
    kick = 0.5 * np.sin(2 * np.pi * 55 * t) * np.exp(-t / 0.06)
    for at_s in np.arange(first_s, duration_s - 0.3, 0.5):
        first = round(at_s * RATE_HZ)
        sound[first : first + len(kick)] += kick
    return sound


def write(path: Path, mono: np.ndarray) -> Path:
    stereo = np.repeat(mono[:, np.newaxis], 2, axis=1).astype(np.float32)
    return signals.write(path, stereo, RATE_HZ, "FLOAT")


def project_of(paths: list[Path], duration_s: float, **spec: object) -> Project:
    return Project(
        tracks=tracks_of(paths),
        default=TransitionSpec(duration_s=duration_s, **spec),
        mix=MixSettings(trim="none"),
    )


class Playlist:
    """A project, what is known of its tracks, and its plan."""

    def __init__(self, paths: list[Path], duration_s: float, **spec: object) -> None:
        self.project = project_of(paths, duration_s, **spec)
        self.analyses = analyze_tracks(paths, "none")

    @property
    def plan(self) -> MixPlan:
        return plan_mix(self.project, self.analyses)

    def searched(self, n_candidates: int, *methods: str, **how: object):
        indices = how.pop("indices", range(len(self.plan.fades)))
        settings = SearchSettings(n_candidates=n_candidates, methods=methods)
        return search_transitions(self.project, self.analyses, indices, settings, **how)


def now_of(ranking: tuple[Ranked, ...]) -> Ranked:
    (found,) = (each for each in ranking if each.is_default)
    return found


@pytest.fixture(scope="module")
def clash(tmp_path_factory: pytest.TempPathFactory) -> Playlist:
    """A track whose last three seconds are a semitone above the next one's chord."""
    folder = tmp_path_factory.mktemp("clash")
    leaving = np.concatenate([tone(C_MAJOR, 27), tone(tuple(SEMITONE * f for f in C_MAJOR), 3)])
    paths = [write(folder / "1.wav", leaving), write(folder / "2.wav", tone(C_MAJOR, 30))]
    return Playlist(paths, 2.0)


@pytest.fixture(scope="module")
def set_of_three(tmp_path_factory: pytest.TempPathFactory) -> Playlist:
    """Three tracks of chords and kicks, one of another rate."""
    folder = tmp_path_factory.mktemp("set")
    paths = []
    for number, (step, first_s) in enumerate([(0, 0.0), (1, 0.2)]):
        notes = tuple(f * SEMITONE**step for f in C_MAJOR)
        paths.append(write(folder / f"{number}.wav", tone(notes, 24) + beats(24, first_s)))
    paths.append(signals.write(folder / "slow.wav", 0.4 * signals.music(24, 11_025), 11_025))
    return Playlist(paths, 2.0)


Rankings = dict[int, tuple[Ranked, ...]]


@pytest.fixture(scope="module")
def found(set_of_three: Playlist) -> Rankings:
    """What a search of it finds."""
    return set_of_three.searched(5, jobs=1)


# Known answers


def test_a_track_that_clashes_at_its_end_is_left_earlier(clash: Playlist) -> None:
    (ranking,) = clash.searched(12).values()
    best, now = ranking[0], now_of(ranking)
    assert now.terms["dissonance"] > 0.5
    assert best.candidate.earlier_s >= 2.0
    assert best.terms["dissonance"] < 0.2 * now.terms["dissonance"]
    assert "clash" in best.because


def test_two_basses_are_kept_apart(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / f"{hz}.wav", tone((hz,), 40, 0.2) + tone(C_MAJOR, 40, 0.02))
        for hz in (55, 61)
    ]
    (ranking,) = Playlist(paths, 6.0).searched(8).values()
    best, now = ranking[0], now_of(ranking)
    assert "bass_overlap" in now.measured.quality.reasons
    assert best.terms["bass_overlap"] < 0.5 * now.terms["bass_overlap"]
    assert best.candidate.duration_s < 6.0 or best.candidate.curve != "equal_power"


def test_kicks_a_third_of_a_beat_apart_are_brought_together(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / f"{number}.wav", beats(30, first_s) + tone(C_MAJOR, 30, 0.01))
        for number, first_s in enumerate((0.0, 0.5 / 3))
    ]
    (ranking,) = Playlist(paths, 4.0).searched(3).values()
    best, now = ranking[0], now_of(ranking)
    assert now.measured.quality.kicks.value == pytest.approx(500 / 3, abs=5)
    assert best.measured.quality.kicks.value < 6
    shift_s = best.candidate.later_s + best.candidate.earlier_s
    assert shift_s % 0.5 == pytest.approx(0.5 / 3, abs=0.006)
    assert "the kicks no longer fall apart" in best.because


# What always holds


def test_any_number_of_jobs_finds_the_same(set_of_three: Playlist, found: Rankings) -> None:
    assert list(found) == [0, 1]
    assert set_of_three.searched(5, jobs=4) == found


def test_the_present_setting_is_always_ranked_and_nothing_worse_comes_before_it(
    found: Rankings,
) -> None:
    for ranking in found.values():
        now = now_of(ranking)
        assert now.candidate == Candidate("simple", "equal_power", 2.0)
        assert [each.score for each in ranking] == sorted(each.score for each in ranking)
        assert ranking[0].score <= now.score
        assert ranking[0].measured.quality.score <= now.measured.quality.score
        for each in ranking:
            assert each.score == pytest.approx(sum(each.terms.values()))


def test_no_more_are_measured_than_asked_for_and_each_is_counted(set_of_three: Playlist) -> None:
    told: list[Progress] = []
    ranking = set_of_three.searched(3, indices=[1], on_progress=told.append)[1]
    assert len(ranking) == 3
    assert [(p.stage, p.total) for p in told] == [("searching", 3)] * len(told)
    assert [p.done for p in told][-2:] == [3, 3]
    assert told[-1].transition_index == 1


def test_the_two_tracks_are_decoded_once_for_all_candidates(
    clash: Playlist, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def stream(*arguments: object, **keywords: object) -> object:
        opened.append(arguments[0])
        return open_track(*arguments, **keywords)

    for module in (pair_module, playback):
        monkeypatch.setattr(module, "open_track", stream)
    stretches = DecodedStretches()
    first = clash.searched(3, stretches=stretches)
    assert len(opened) == 2
    assert clash.searched(3, stretches=stretches) == first
    assert len(opened) == 2


def test_what_was_chosen_is_rendered_as_it_was_measured(
    set_of_three: Playlist, found: Rankings, tmp_path: Path
) -> None:
    project, plan, analyses = set_of_three.project, set_of_three.plan, set_of_three.analyses
    chosen = {i: next(r for r in ranking if not r.is_default) for i, ranking in found.items()}
    for index, choice in chosen.items():
        project = with_choice(project, plan, index, choice, analyses)
    after = plan_mix(project, analyses)
    rendered_to(tmp_path / "mix.wav", after)
    mix = samples_of(tmp_path / "mix.wav")
    for index, choice in chosen.items():
        fade = after.fades[index]
        audio = audio_around(after, index)
        assert audio is not None
        assert fade.because == choice.because
        assert measure(audio) == choice.measured
        heard = mix[fade.start_frame : fade.start_frame + fade.n_frames]
        np.testing.assert_array_equal(heard, audio.mixed)
    out_track, in_track = (samples_of(project.tracks[i].path) for i in (0, 1))
    fade = after.fades[0]
    tail = out_track[fade.out_frame : fade.out_frame + fade.n_frames]
    head = in_track[fade.in_frame : fade.in_frame + fade.n_frames]
    expected = crossfade(tail, head, curve_pair(fade.curve))
    np.testing.assert_array_equal(mix[fade.start_frame :][: fade.n_frames], expected)


def test_a_choice_leaves_everything_else_of_a_project_as_it_was(
    set_of_three: Playlist, found: Rankings
) -> None:
    before, analyses = set_of_three.project, set_of_three.analyses
    last = before.tracks[1].id, before.tracks[2].id
    choice = replace(found[1][0], candidate=Candidate("simple", "log:tri", 1.5, 1.0, 0.5))
    after = with_choice(before, set_of_three.plan, 1, choice, analyses)
    own = after.own(*last)
    assert (own.curve, own.duration_s, own.method, own.seed) == ("log:tri", 1.5, None, None)
    assert own.because == choice.because
    assert after.tracks[1].span == Span(0, 23 * RATE_HZ)
    assert after.tracks[2].span == Span(round(0.5 * 11_025 + 0.01), 24 * 11_025)
    assert after.tracks[0] == before.tracks[0]
    same = replace(choice, candidate=Candidate("simple", "equal_power", 2.0))
    back = with_choice(before, set_of_three.plan, 1, same, analyses)
    assert back.tracks == before.tracks
    assert back.spec(*last) == before.default


@best_of_three
def test_it_stops_within_half_a_second(set_of_three: Playlist) -> None:
    cancel, asked_s = CancelToken(), []

    def ask(progress: Progress) -> None:
        if not asked_s:
            asked_s.append(time.monotonic())
            cancel.cancel()

    with pytest.raises(Cancelled):
        set_of_three.searched(200, on_progress=ask, cancel=cancel)
    assert_within(0.5, asked_s[0])


def test_a_track_that_is_gone_leaves_its_two_transitions_as_they_are(
    set_of_three: Playlist, tmp_path: Path
) -> None:
    lost = write(tmp_path / "lost.wav", tone(C_MAJOR, 12))
    paths = [track.path for track in set_of_three.project.tracks]
    playlist = Playlist([paths[0], paths[1], lost, paths[2]], 0.5)
    lost.unlink()
    notes: list[str] = []
    found = playlist.searched(2, on_note=notes.append, jobs=1)
    assert list(found) == [0]
    assert [note.split(":")[0] for note in notes] == [
        "transition 2 is left as it is", "transition 3 is left as it is",
    ]  # fmt: skip
    assert all("lost.wav" in note for note in notes)


def test_what_is_found_is_told_as_it_is_found(set_of_three: Playlist) -> None:
    told: dict[int, tuple[Ranked, ...]] = {}
    assert set_of_three.searched(2, on_found=told.__setitem__) == told


# NSynth


@pytest.mark.usefixtures("nothing_bundled")
def test_auto_without_a_model_says_so_and_tries_the_plain_ones(
    clash: Playlist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(tmp_path))
    notes: list[str] = []
    found = clash.searched(3, "simple", "nsynth", on_note=notes.append)
    assert len(notes) == 1
    assert "no model" in notes[0]
    assert {each.candidate.method for each in found[0]} == {"simple"}


def test_auto_makes_one_nsynth_candidate_of_each_transition_in_one_batch(
    set_of_three: Playlist, model_name: str, batches: list[int], tmp_path: Path
) -> None:
    playlist = Playlist([track.path for track in set_of_three.project.tracks], 0.6)
    store = TransitionStore(tmp_path / "store")
    found = playlist.searched(2, "simple", "nsynth", store=store, **EXACT)
    assert batches == [2]
    for ranking in found.values():
        spoken, plain = sorted(ranking, key=lambda each: each.candidate.method)
        assert plain.is_default
        assert spoken.candidate == replace(plain.candidate, method="nsynth")
        assert f"{plain.score:.2f}" in spoken.because
        assert f"the best nsynth one {spoken.score:.2f}" in plain.because
    project = with_choice(
        playlist.project, playlist.plan, 1,
        next(each for each in found[1] if not each.is_default), playlist.analyses,
    )  # fmt: skip
    after = plan_mix(project, playlist.analyses)
    audio = audio_around(after, 1, store=store, **EXACT)
    assert audio is not None  # it is not decoded again
    assert measure(audio) == next(e for e in found[1] if not e.is_default).measured


def test_nsynth_alone_is_spoken_where_its_plain_crossfade_is_best(
    clash: Playlist, model_name: str, batches: list[int], tmp_path: Path
) -> None:
    playlist = Playlist([track.path for track in clash.project.tracks], 0.6, method="nsynth")
    found = playlist.searched(10, store=TransitionStore(tmp_path / "store"), **EXACT)
    assert {each.candidate.method for each in found[0]} == {"nsynth"}
    assert batches == [2]
    (other,) = (each for each in found[0] if not each.is_default)
    assert other.candidate.earlier_s > 1.0


@pytest.mark.usefixtures("nothing_bundled")
def test_nsynth_without_a_model_is_left_as_it_is(
    clash: Playlist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(tmp_path))
    playlist = Playlist([track.path for track in clash.project.tracks], 0.6, method="nsynth")
    notes: list[str] = []
    assert playlist.searched(3, on_note=notes.append) == {}
    assert len(notes) == 1


# Ranking


def test_of_equal_ones_the_present_setting_comes_first_then_what_was_made_earlier(
    found: Rankings,
) -> None:
    measured = now_of(found[0]).measured
    present = Candidate("simple", "tri", 8.0)
    others = [Candidate("simple", curve, 8.0) for curve in ("qsin", "hsin")]
    ranking = ranked(present, [(each, measured) for each in (*others, present)])
    assert [each.candidate for each in ranking] == [present, *others]
    assert "stays" in ranking[0].because


@pytest.mark.parametrize(
    ("duration_s", "expected"), [(8.0, 0.0), (4.0, 0.1), (16.0, 0.1), (2.0, 0.4), (0.0, 1.6)]
)
def test_another_length_than_the_present_one_counts_a_little(
    found: Rankings, duration_s: float, expected: float
) -> None:
    measured = now_of(found[0]).measured
    present, other = Candidate("simple", "tri", 8.0), Candidate("simple", "tri", duration_s, 1.0)
    ranking = ranked(present, [(present, measured), (other, measured)])
    terms = next(each.terms for each in ranking if each.candidate == other)
    assert terms["length"] == pytest.approx(expected)


def test_the_reason_names_both_settings_what_is_better_and_both_scores(found: Rankings) -> None:
    measured = now_of(found[0]).measured
    worse = msgspec.structs.replace(
        measured.quality.dissonance, excess=2 * measured.quality.dissonance.excess
    )
    before = msgspec.structs.replace(
        measured, quality=msgspec.structs.replace(measured.quality, dissonance=worse)
    )
    present = Candidate("simple", "equal_power", 8.0)
    best = Candidate("simple", "log:tri", 4.0, 1.5, 0.25)
    ranking = ranked(present, [(present, before), (best, measured)])
    assert ranking[0].because == (
        "search: 4.0 s log:tri ending 1.50 s earlier and beginning 0.25 s later instead of "
        "8.0 s equal_power; the notes clash less "
        f"(score {ranking[0].score:.2f} instead of {ranking[1].score:.2f}, "
        "0.10 of it for its length)"
    )

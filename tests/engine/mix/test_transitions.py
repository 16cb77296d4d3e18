"""Transitions made without the rest of the mix."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import encoders
import numpy as np
import pytest
import signals
import soundfile
from mixes import plan_of, rendered_to, samples_of
from nsynth_mixes import EXACT, exact_output, nsynth_plan, voice_of
from quickly import assert_within, best_of_three

from deepbass_engine.audio import decode
from deepbass_engine.errors import Cancelled, InputError, ModelError, OutputError
from deepbass_engine.fades.headroom import REACH_S, turned_down
from deepbass_engine.fades.hybrid import hybrid, morph_at_rate, raw
from deepbass_engine.fades.simple import crossfade
from deepbass_engine.mix.morphs import Morph, make_morphs
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.render import render
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.transitions import (
    INTEGER_LIMIT,
    METHODS,
    Part,
    kept_transition,
    render_transitions,
    stand_in,
    transition_audio,
    under_full_scale,
)
from deepbass_engine.nsynth.mulaw import inverse_mu_law
from deepbass_engine.progress import CancelToken, Progress
from deepbass_engine.settings import TransitionSpec, curve_pair, described

RATE_HZ = 16_000
MOST_S = 0.5


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Five tracks of several kinds."""
    music = signals.music(4, RATE_HZ)
    wav = signals.write(tmp_path / "1.wav", music, RATE_HZ)
    return [
        wav,
        signals.write(tmp_path / "2.flac", music[::-1], RATE_HZ),
        encoders.encode(wav, tmp_path / "3.mp3"),
        signals.write(tmp_path / "4 slow.wav", signals.music(4, 8000), 8000, "FLOAT"),
        signals.write(tmp_path / "5.wav", signals.noise(4, RATE_HZ), RATE_HZ),
    ]


@pytest.fixture
def plan(paths: list[Path]) -> MixPlan:
    return plan_of(paths, 1.0)


@pytest.fixture
def store(tmp_path: Path) -> TransitionStore:
    return TransitionStore(tmp_path / "store")


class Listener:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.done: list[tuple[int, bool]] = []
        self.progress: list[Progress] = []

    def __call__(self, index: int, came_from_store: bool) -> None:
        self.done.append((index, came_from_store))


def made(plan: MixPlan, indices: list[int], store: TransitionStore, jobs: int = 2):
    """Errors of a run, and what its listener was told."""
    listener = Listener()
    failed = render_transitions(
        plan, indices, store, jobs=jobs, on_done=listener, on_progress=listener.progress.append
    )
    return failed, listener


def test_every_declared_method_can_be_made():
    declared = next(setting for setting in described(TransitionSpec) if setting.name == "method")
    assert set(declared.choices) == set(METHODS)


def test_a_transition_is_its_method_over_its_two_parts(paths):
    plan = plan_of(paths, 1.0, curve="tri:Random_Linear", seed=3)
    tail, head = signals.noise(1, RATE_HZ), signals.noise(1, RATE_HZ, seed=1)
    expected = crossfade(tail, head, curve_pair("tri:Random_Linear"), seed=3)
    np.testing.assert_array_equal(transition_audio(plan, 1, tail, head), expected)


def test_samples_at_the_end_of_float32_stay_finite(paths):
    plan = plan_of(paths, 1.0, curve="nofade")
    huge = np.full((RATE_HZ, 2), 3.4e38, np.float32)
    assert np.isfinite(transition_audio(plan, 0, huge, huge)).all()


def test_what_integers_would_clip_is_turned_down_and_all_else_is_left():
    loud = signals.sine(400, 1, RATE_HZ, amplitude=1.2)
    quiet = signals.sine(400, 1, RATE_HZ, amplitude=0.9)
    expected = turned_down(loud, INTEGER_LIMIT, reach_frames=round(REACH_S * RATE_HZ)).audio
    np.testing.assert_array_equal(under_full_scale(loud, RATE_HZ), expected)
    assert under_full_scale(quiet, RATE_HZ) is quiet


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_transitions_are_those_of_the_rendered_mix(plan, store, tmp_path, jobs):
    failed, listener = made(plan, [0, 1, 2, 3], store, jobs)
    assert failed == {}
    assert sorted(listener.done) == [(index, False) for index in range(4)]
    rendered_to(tmp_path / "mix.wav", plan, "FLOAT")
    mix = samples_of(tmp_path / "mix.wav")
    for fade in plan.fades:
        expected = mix[fade.start_frame : fade.start_frame + fade.n_frames]
        np.testing.assert_array_equal(store.load(plan, fade.index), expected)


def test_only_the_wanted_are_made_each_track_decoded_once(plan, store, monkeypatch):
    decoded: list[str] = []
    begin = decode.Decoding.__init__

    def noted(self: decode.Decoding, source, *rest) -> None:
        decoded.append(source.path.name)
        begin(self, source, *rest)

    monkeypatch.setattr(decode.Decoding, "__init__", noted)
    made(plan, [1, 2], store)
    assert sorted(decoded) == ["2.flac", "3.mp3", "4 slow.wav"]
    there = [store.load(plan, index) is not None for index in range(4)]
    assert there == [False, True, True, False]


def test_those_in_the_store_are_told_first_and_made_by_no_one(plan, store, monkeypatch):
    made(plan, [1, 2], store)
    asked: list[int] = []
    monkeypatch.setitem(METHODS, "simple", lambda *a, **k: asked.append(1) or crossfade(*a, **k))
    _, listener = made(plan, [3, 2, 1, 0], store)
    assert listener.done[:2] == [(1, True), (2, True)]
    assert sorted(listener.done[2:]) == [(0, False), (3, False)]
    assert len(asked) == 2
    assert [(p.done, p.total) for p in listener.progress] == [(n, 4) for n in (1, 2, 3, 4)]
    assert [p.transition_index for p in listener.progress] == [index for index, _ in listener.done]


def test_a_cut_is_there_at_once(paths, store):
    assert made(plan_of(paths, 0.0), [2], store)[1].done == [(2, True)]


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_track_that_is_gone_fails_its_two_transitions_and_no_other(paths, plan, store, jobs):
    paths[2].unlink()
    failed, listener = made(plan, [0, 1, 2, 3], store, jobs)
    assert {index: error.path for index, error in failed.items()} == {1: paths[2], 2: paths[2]}
    assert all(isinstance(error, InputError) for error in failed.values())
    assert sorted(listener.done) == [(0, False), (3, False)]
    assert [p.done for p in listener.progress] == [1, 2, 3, 4]


def test_a_track_that_is_another_by_now_is_named(paths, plan, store):
    signals.write(paths[4], signals.noise(5, RATE_HZ), RATE_HZ)
    failed, _ = made(plan, [3], store)
    assert str(failed[3]) == (
        f"{paths[4]}: has changed since it was looked at (start again, so that it is read anew)"
    )


def test_a_method_that_fails_fails_its_own_transition_only(plan, store, monkeypatch):
    def fails_at_first(*parts, **keywords):
        if not asked:
            asked.append(1)
            raise OutputError("can't be made")
        return crossfade(*parts, **keywords)

    asked: list[int] = []
    monkeypatch.setitem(METHODS, "simple", fails_at_first)
    failed, listener = made(plan, [0, 1, 2, 3], store, jobs=1)
    assert list(failed) == [0]
    assert sorted(listener.done) == [(1, False), (2, False), (3, False)]


def test_what_a_file_lacks_is_not_kept_so_that_it_is_said_each_time(tmp_path, store):
    """A float file with a sample in its tail that is no number."""
    samples = signals.noise(2, RATE_HZ)
    samples[-100] = np.nan
    bad = signals.write(tmp_path / "bad.wav", samples, RATE_HZ, "FLOAT")
    good = signals.write(tmp_path / "good.wav", signals.noise(2, RATE_HZ), RATE_HZ)
    plan = plan_of([good, bad, good], 0.5)
    failed, _ = made(plan, [0, 1], store)
    assert failed == {}
    assert store.load(plan, 1) is None


def test_a_failure_of_the_listener_is_raised(plan, store):
    def listen(index: int, came_from_store: bool) -> None:
        raise RuntimeError("the window is gone")

    with pytest.raises(RuntimeError, match="the window is gone"):
        render_transitions(plan, [0, 1, 2, 3], store, on_done=listen)


@pytest.mark.slow
@best_of_three
def test_making_stops_when_asked_to(tmp_path, store):
    path = tmp_path / "hour.flac"
    with soundfile.SoundFile(path, "w", 22_050, 2, subtype="PCM_16") as file:
        minute = signals.sine(220, 60, 22_050)
        for _ in range(60):
            file.write(minute)
    plan, cancel = plan_of([path, path], 5.0), CancelToken()
    cancelled_at: list[float] = []

    def stop() -> None:
        cancelled_at.append(time.monotonic())
        cancel.cancel()

    n_threads = threading.active_count()
    timer = threading.Timer(0.15, stop)
    timer.start()
    with pytest.raises(Cancelled):
        render_transitions(plan, [0], store, cancel=cancel)
    assert_within(MOST_S, cancelled_at[0])
    timer.join()
    assert threading.active_count() == n_threads


# NSynth -----------------------------------------------------------------------------------------

SHORT_S = [0.04, 0.3, 0.02, 0.04]
MIXED = ["nsynth", "simple", "nsynth", "nsynth"]


def spoken(plan: MixPlan, indices: list[int], store: TransitionStore, **keywords: object):
    """Errors of a run, and what its listener was told."""
    listener = Listener()
    failed = render_transitions(plan, indices, store, on_done=listener, **EXACT, **keywords)
    return failed, listener


@pytest.mark.parametrize("kind", ["hybrid", "raw"])
def test_an_nsynth_transition_is_what_the_model_said_put_over_its_two_parts(
    paths, model_name, kind
):
    plan = nsynth_plan(paths, [0.3] * 4, curve="tri:qsin", seed=3, morph=kind, rate_hz=22_050)
    tail, head = signals.noise(0.3, 22_050), signals.noise(0.3, 22_050, seed=1)
    classes = np.random.default_rng(1).integers(0, 256, 4800).astype(np.uint8)
    sound = morph_at_rate(inverse_mu_law(classes.astype(int) - 128), len(tail), 22_050)
    expected = raw(sound)
    if kind == "hybrid":
        pair = curve_pair("tri:qsin")
        expected = hybrid(tail, head, sound, pair, sample_rate_hz=22_050, seed=3)
    found = transition_audio(plan, 1, tail, head, Morph(classes, voice_of(plan)))
    np.testing.assert_array_equal(found, expected)


def test_its_stand_in_is_the_plain_crossfade(paths, model_name):
    plan = nsynth_plan(paths, [0.3] * 4, curve="tri:qsin")
    tail, head = signals.noise(0.3, RATE_HZ), signals.noise(0.3, RATE_HZ, seed=1)
    expected = crossfade(tail, head, curve_pair("tri:qsin"))
    np.testing.assert_array_equal(stand_in(plan, 1, tail, head), expected)


def test_samples_at_the_end_of_float32_stay_finite_in_a_morph_too(paths, model_name):
    plan = nsynth_plan(paths, [0.3] * 4, curve="nofade")
    huge = np.full((round(0.3 * RATE_HZ), 2), 3.4e38, np.float32)
    morph = Morph(np.full(4800, 128, np.uint8), voice_of(plan))
    assert np.isfinite(transition_audio(plan, 0, huge, huge, morph)).all()


@pytest.mark.parametrize("jobs", [1, 4])
def test_transitions_of_both_methods_are_those_of_the_rendered_mix(
    paths, store, tmp_path, model_name, batches, cache_folder, jobs
):
    plan = nsynth_plan(paths, SHORT_S, methods=MIXED)
    failed, listener = spoken(plan, [0, 1, 2, 3], store, jobs=jobs)
    assert failed == {}
    assert sorted(listener.done) == [(index, False) for index in range(4)]
    assert batches == [3]
    for file in cache_folder.glob("**/*morph*"):
        file.unlink()
    render(plan, tmp_path / "mix.wav", exact_output())
    mix = samples_of(tmp_path / "mix.wav")
    for fade in plan.fades:
        expected = mix[fade.start_frame : fade.start_frame + fade.n_frames]
        np.testing.assert_array_equal(store.load(plan, fade.index, voice=voice_of(plan)), expected)


def test_those_that_are_there_are_told_first_and_not_decoded_again(
    paths, store, model_name, batches
):
    plan = nsynth_plan(paths, SHORT_S)
    spoken(plan, [2], store)
    failed, listener = spoken(plan, [0, 1, 2, 3], store)
    assert failed == {}
    assert listener.done[0] == (2, True)
    assert sorted(listener.done[1:]) == [(0, False), (1, False), (3, False)]
    assert batches == [1, 3]


def test_each_is_told_once_when_work_on_it_begins(paths, store, model_name):
    begun: list[int] = []
    spoken(nsynth_plan(paths, SHORT_S, methods=MIXED), [0, 1, 2], store, on_begin=begun.append)
    assert sorted(begun) == [0, 1, 2]


def test_without_the_model_only_those_it_should_speak_fail(paths, store, model_name):
    plan = nsynth_plan(paths, SHORT_S, model="gone", methods=MIXED)
    failed, listener = spoken(plan, [0, 1, 2, 3], store)
    assert sorted(failed) == [0, 2, 3]
    assert all(isinstance(error, ModelError) and "gone" in str(error) for error in failed.values())
    assert listener.done == [(1, False)]


def test_a_track_that_can_not_be_read_fails_its_two_and_the_rest_is_made(
    paths, store, model_name, batches
):
    plan = nsynth_plan(paths, SHORT_S)
    paths[1].unlink()
    failed, listener = spoken(plan, [0, 1, 2, 3], store)
    assert list(failed) == [0, 1]
    assert all(isinstance(error, InputError) for error in failed.values())
    assert sorted(listener.done) == [(2, False), (3, False)]
    assert batches == [2]


def test_what_was_decoded_otherwise_than_chosen_is_not_kept_as_if_it_were(paths, store, model_name):
    plan = nsynth_plan(paths, SHORT_S)
    morph = make_morphs(plan, [0], voice_of(plan), on_failed=lambda *_: None).decoded[0]
    part = Part(signals.noise(SHORT_S[0], RATE_HZ), True)
    otherwise = Morph(morph.classes, morph.voice, is_as_chosen=False)
    for each, is_kept in ((otherwise, False), (morph, True)):
        kept_transition(plan, 0, part, part, store, morph=each)
        assert (store.load(plan, 0, voice=morph.voice) is not None) == is_kept

"""NSynth transitions decoded together: what is decoded, when, how often, and what is not."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signals
from nsynth_mixes import install, nsynth_plan, voice_of
from quickly import assert_within, best_of_three

from deepbass_engine.audio.stream import TrackStream
from deepbass_engine.errors import (
    Cancelled,
    DeepBassError,
    DeviceMemoryError,
    InputError,
    ModelError,
    SettingError,
)
from deepbass_engine.fades.embedding import faded
from deepbass_engine.mix import morph_cache
from deepbass_engine.mix.estimate import Estimate
from deepbass_engine.mix.morphs import LONGEST_S, Morphs, heard, make_morphs, nsynth_transitions
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.nsynth import backends, models
from deepbass_engine.nsynth.backends import Choice
from deepbass_engine.nsynth.decoder_cpu import CpuDecoder
from deepbass_engine.progress import CancelToken, Progress

RATE_HZ = 22_050
LENGTHS_S = [0.04, 0.02, 0.04]


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Four tracks of a second."""
    return [
        signals.write(tmp_path / "1.wav", signals.music(1, RATE_HZ), RATE_HZ),
        signals.write(tmp_path / "2.flac", signals.noise(1, RATE_HZ), RATE_HZ),
        signals.write(tmp_path / "3 slow.wav", signals.music(1, 8000), 8000),
        signals.write(tmp_path / "4.wav", signals.sine(300, 1, RATE_HZ), RATE_HZ),
    ]


@pytest.fixture
def plan(paths: list[Path], model_name: str) -> MixPlan:
    return nsynth_plan(paths, LENGTHS_S)


def refuse(index: int, error: DeepBassError) -> None:
    raise error


def made(plan: MixPlan, indices: list[int] | None = None, **keywords: object) -> Morphs:
    """All morphs of a plan, or some."""
    wanted = nsynth_transitions(plan) if indices is None else indices
    return make_morphs(plan, wanted, voice_of(plan), **({"on_failed": refuse} | keywords))


def parts(plan: MixPlan, index: int, hop: int) -> np.ndarray:
    """Tail and head of a transition as a model hears them."""
    fade = plan.fades[index]
    streams = [
        TrackStream(track.source, plan.sample_rate_hz, frame, cancel=CancelToken())
        for track, frame in (
            (plan.tracks[index], fade.out_frame), (plan.tracks[index + 1], fade.in_frame),
        )
    ]  # fmt: skip
    return np.stack(
        [heard(stream.read(fade.n_frames), plan.sample_rate_hz, hop) for stream in streams]
    )


# What a model hears -----------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 44_100, 48_000, 96_000])
def test_a_tone_is_heard_as_the_same_tone_at_16_khz(rate_hz):
    tone = heard(signals.sine(440, 0.5, rate_hz), rate_hz, 64)
    expected = signals.sine(440, 0.5, 16_000)[:, 0]
    assert (tone.dtype, tone.shape) == (np.float32, (8000,))
    np.testing.assert_allclose(tone[500:-500], expected[500:-500], atol=1e-3)


def test_what_both_channels_have_in_opposite_is_not_heard():
    tone = signals.sine(440, 0.5, 16_000)
    tone[:, 1] *= -1
    assert not heard(tone, 16_000, 64).any()


@pytest.mark.parametrize(
    ("n_frames", "rate_hz", "n_samples"),
    [(1, 48_000, 64), (192, 48_000, 64), (193, 48_000, 128), (64, 16_000, 64), (5, 8000, 64)],
)
def test_silence_behind_makes_it_a_whole_number_of_hops(n_frames, rate_hz, n_samples):
    loud = np.full((n_frames, 2), 0.5, np.float32)
    samples = heard(loud, rate_hz, 64)
    assert len(samples) == n_samples
    assert not samples[-(-n_frames * 16_000 // rate_hz) :].any()


def test_samples_at_the_end_of_float32_are_heard_as_finite_ones():
    huge = np.full((1000, 2), 3.4e38, np.float32) * signals.noise(1000 / 44_100)[:1000].round()
    assert np.isfinite(heard(huge, 44_100, 64)).all()


# What is decoded --------------------------------------------------------------------------------


def test_all_are_one_batch_and_each_is_what_the_model_says_of_it_alone(plan, batches):
    morphs = made(plan).decoded
    assert batches == [3]
    model = voice_of(plan).load()
    for fade in plan.fades:
        first, second = model.encode(parts(plan, fade.index, model.config.hop))
        encoding = faded(first, second, "LinearFade")
        expected = model.decode(encoding[np.newaxis], device="cpu", precision="float32")
        np.testing.assert_array_equal(morphs[fade.index].classes, expected[0])


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"seed": 5}, "seed"),
        ({"embedding_fade": "Extend"}, "fade"),
        ({"morph_pace": "even"}, "pace"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_seed_fade_and_pace_reach_the_model(paths, model_name, settings, name):
    plan = nsynth_plan(paths, LENGTHS_S, **settings)
    model, fade = voice_of(plan).load(), plan.fades[0]
    first, second = model.encode(parts(plan, 0, model.config.hop))
    encoding = faded(first, second, fade.embedding_fade, pace=fade.morph_pace)[np.newaxis]
    expected = model.decode(encoding, seed=fade.seed, device="cpu", precision="float32")
    np.testing.assert_array_equal(made(plan, [0]).decoded[0].classes, expected[0])


@pytest.mark.slow
def test_any_grouping_and_any_number_of_jobs_decode_the_same(plan, cache_folder):
    def remembered() -> list[Path]:
        return list(cache_folder.glob("**/*morph*"))

    expected = {index: morph.classes for index, morph in made(plan).decoded.items()}
    for groups, jobs in (([[0, 1, 2]], 4), ([[2], [0, 1]], 1)):
        for file in remembered():
            file.unlink()
        for group in groups:
            for index, morph in made(plan, group, jobs=jobs).decoded.items():
                np.testing.assert_array_equal(morph.classes, expected[index])
    assert len(remembered()) == 3


def test_a_transition_shorter_than_a_hop_and_one_of_a_frame_are_decoded(paths, model_name):
    plan = nsynth_plan(paths, [0.001, 1 / RATE_HZ, 0.0])
    assert nsynth_transitions(plan) == [0, 1]
    assert [len(morph.classes) for morph in made(plan).decoded.values()] == [64, 64]


def test_cuts_and_simple_transitions_need_no_model(paths, model_name):
    plan = nsynth_plan(paths, [0.0, 0.1, 0.1], methods=["nsynth", "simple", "nsynth"])
    assert nsynth_transitions(plan) == [2]


def test_each_stage_is_told_and_each_transition_when_it_is_decoded(plan):
    told: list[Progress] = []
    made(plan, on_progress=told.append)
    stages = list(dict.fromkeys(progress.stage for progress in told))
    assert stages == ["reading", "encoding", "decoding"]
    assert [p.transition_index for p in told if p.transition_index is not None] == [1, 0, 2]
    n_samples = sum(-(-round(16_000 * length) // 64) * 64 for length in LENGTHS_S)
    assert (told[-1].done, told[-1].total) == (n_samples, n_samples)


def test_how_long_it_takes_is_told_before_it_begins(plan):
    told: list[object] = []
    made(plan, on_estimate=told.append, on_progress=lambda progress: told.append(progress.stage))
    estimate = next(each for each in told if isinstance(each, Estimate))
    assert {"encoding", "decoding"}.isdisjoint(told[: told.index(estimate)])
    assert (estimate.n_transitions, estimate.voice.name) == (3, "tiny")
    assert estimate.seconds > 0


# What is kept -----------------------------------------------------------------------------------


def test_what_was_decoded_once_is_not_decoded_again_nor_needs_its_model(plan, batches):
    first, voice = made(plan), voice_of(plan)
    models.remove("tiny")
    again = make_morphs(plan, [0, 1, 2], voice, on_failed=refuse)
    assert batches == [3]
    for index, morph in first.decoded.items():
        np.testing.assert_array_equal(again.decoded[index].classes, morph.classes)


def test_a_cancelled_run_goes_on_with_what_was_finished(plan, batches):
    expected = {index: morph.classes for index, morph in made(plan, [1]).decoded.items()}
    other_seed = nsynth_plan([track.source.path for track in plan.tracks], LENGTHS_S, seed=1)
    cancel = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.transition_index == 1:  # the shortest
            cancel.cancel()

    with pytest.raises(Cancelled):
        made(other_seed, on_progress=stop, cancel=cancel)
    morphs = made(other_seed).decoded
    assert batches == [1, 3, 2]
    assert len(morphs) == 3
    assert not np.array_equal(morphs[1].classes, expected[1])


def test_a_run_that_is_stopped_in_the_middle_goes_on_there_with_the_same_samples(
    paths, model_name, cache_folder
):
    plan = nsynth_plan(paths, [0.1, 0.1, 0.06])
    expected = {index: morph.classes for index, morph in made(plan).decoded.items()}
    for file in cache_folder.glob("**/*morph*"):
        file.unlink()
    n_done = 0
    for _ in range(2):
        cancel = CancelToken()
        done: list[int] = []

        def note(progress: Progress, cancel=cancel, done=done) -> None:
            if progress.stage == "decoding":
                done.append(progress.done)
                if done[-1] - done[0] > 300:
                    cancel.cancel()

        with pytest.raises(Cancelled):
            made(plan, on_progress=note, cancel=cancel)
        assert done[0] > n_done
        n_done = done[-1]
    for index, morph in made(plan).decoded.items():
        np.testing.assert_array_equal(morph.classes, expected[index])


def test_tracks_whose_state_is_not_known_are_decoded_from_memory(plan, batches, cache_folder):
    tracks = tuple(
        replace(track, source=replace(track.source, looked_at=None)) for track in plan.tracks
    )
    unknown = replace(plan, tracks=tracks)
    morphs = made(unknown).decoded
    assert list(cache_folder.glob("**/*morph*")) == []
    for index, morph in made(plan).decoded.items():
        np.testing.assert_array_equal(morphs[index].classes, morph.classes)


def test_silence_for_what_a_damaged_file_lacks_is_decoded_like_any_other(tmp_path, model_name):
    samples = signals.noise(1, RATE_HZ)
    samples[-100] = np.nan
    bad = signals.write(tmp_path / "bad.wav", samples, RATE_HZ, "FLOAT")
    good = signals.write(tmp_path / "good.wav", signals.noise(1, RATE_HZ), RATE_HZ)
    assert len(made(nsynth_plan([bad, good], [0.1])).decoded) == 1


# What goes wrong --------------------------------------------------------------------------------


def test_where_a_track_can_not_be_read_its_transitions_fail_and_the_others_are_decoded(
    plan, paths, batches
):
    paths[0].unlink()
    failed: dict[int, DeepBassError] = {}
    morphs = made(plan, on_failed=failed.__setitem__)
    assert list(failed) == [0]
    assert isinstance(failed[0], InputError)
    assert failed[0].path == paths[0]
    assert sorted(morphs.decoded) == [1, 2]
    assert batches == [2]


def test_the_first_failure_ends_it_before_anything_is_decoded_if_the_caller_says_so(
    plan, paths, batches
):
    paths[3].unlink()
    with pytest.raises(InputError):
        made(plan)
    assert batches == []


def test_one_too_long_fails_before_anything_is_read(tmp_path, model_name, batches):
    path = signals.write(tmp_path / "long.wav", signals.noise(2 * LONGEST_S + 2, 8000), 8000)
    project_paths = [path, path, path]
    plan = nsynth_plan(project_paths, [LONGEST_S + 0.01, 0.05])
    failed: dict[int, DeepBassError] = {}
    morphs = made(plan, on_failed=failed.__setitem__)
    assert list(failed) == [0]
    assert isinstance(failed[0], SettingError)
    assert str(failed[0]).startswith("transition 1 is 60.01 s long")
    assert sorted(morphs.decoded) == [1]


def test_a_model_that_was_replaced_since_it_was_looked_at_is_an_error(plan, batches):
    voice = voice_of(plan)
    install("tiny", seed=9)
    with pytest.raises(ModelError):
        make_morphs(plan, [0], voice, on_failed=refuse)
    assert batches == []


class SmallMemory:
    """A decoder that has room for so many streams at once."""

    def __init__(self, decoder: CpuDecoder, most: int) -> None:
        self._decoder, self._most = decoder, most

    def start(self, encodings: np.ndarray):
        if len(encodings) > self._most:
            raise DeviceMemoryError("the GPU's memory is full")
        return self._decoder.start(encodings)


@pytest.mark.parametrize("most", [1, 0])
def test_what_is_done_for_want_of_memory_is_said_and_another_devices_work_is_not_kept(
    plan, monkeypatch, most
):
    """A GPU's place is taken by the CPU, with room for one stream or for none."""
    expected = {index: morph.classes for index, morph in made(plan).decoded.items()}
    make_decoder = backends.make_decoder

    def make(config, weights, choice: Choice):
        if choice.device == "cpu":
            return make_decoder(config, weights, Choice("cpu", "float32"))
        return SmallMemory(make_decoder(config, weights, Choice("cpu", "float32")), most)

    monkeypatch.setattr(backends, "make_decoder", make)
    gpu = replace(voice_of(plan), choice=Choice("cuda", "float32"))
    told: list[str] = []
    estimates: list[Estimate] = []
    morphs = make_morphs(
        plan,
        [0, 1, 2],
        gpu,
        on_failed=refuse,
        on_estimate=estimates.append,
        on_note=told.append,
    )
    assert told == morphs.notes
    assert estimates == []  # there is no room to try the batch
    assert any("halves" in note for note in told)
    assert any("on the CPU" in note for note in told) == (most == 0)
    for index, morph in morphs.decoded.items():
        assert morph.is_as_chosen == (most == 1)
        np.testing.assert_array_equal(morph.classes, expected[index])
        kept = morph_cache.load(plan, index, gpu)
        assert (kept is not None) == morph.is_as_chosen


@best_of_three
@pytest.mark.parametrize("stage", ["reading", "encoding", "decoding"])
def test_it_stops_when_asked_to_at_every_stage(tmp_path, model_name, stage):
    paths = [
        signals.write(tmp_path / f"{seed}.wav", signals.noise(30, 44_100, seed=seed))
        for seed in range(3)
    ]
    plan, cancel = nsynth_plan(paths, [20.0, 9.0], model=model_name), CancelToken()
    asked_at: list[float] = []

    def stop(progress: Progress) -> None:
        if progress.stage == stage and not asked_at:
            asked_at.append(time.monotonic())
            cancel.cancel()

    n_threads = threading.active_count()
    with pytest.raises(Cancelled):
        made(plan, on_progress=stop, cancel=cancel)
    assert_within(0.5, asked_at[0])
    assert threading.active_count() == n_threads

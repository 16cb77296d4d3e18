"""Streams of any lengths decoded as one batch."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nsynth_models import random_weights, small_config
from quickly import assert_within, best_of_three

from deepbass_engine.errors import Cancelled, DeviceMemoryError
from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.nsynth.backends import Choice
from deepbass_engine.nsynth.batch import MOST_STREAMS, Stream, decode_streams, measured_step_s
from deepbass_engine.nsynth.decoding import Decoder
from deepbass_engine.nsynth.reference import ReferenceDecoder, ReferenceDecoding
from deepbass_engine.nsynth.sampling import uniforms
from deepbass_engine.progress import CancelToken, Progress

CPU = Choice("cpu", "float32")
CONFIG = small_config(hop=32, layers=3)


class Plain(Autoencoder):
    """A model that is decoded by plain NumPy, so that nothing has to be compiled."""

    def decoder(self, choice: Choice) -> Decoder:
        return ReferenceDecoder(self.config, self.weights)


class SmallGpu(ReferenceDecoder):
    """A decoder with room for so many streams, as a GPU has."""

    def __init__(self, model: Autoencoder, most_streams: int) -> None:
        super().__init__(model.config, model.weights)
        self.most_streams = most_streams
        self.asked: list[int] = []

    def start(self, encodings: np.ndarray) -> ReferenceDecoding:
        self.asked.append(len(encodings))
        if len(encodings) > self.most_streams:
            raise DeviceMemoryError("the GPU has too little memory")
        return super().start(encodings)


class WithGpu(Plain):
    """A model whose "cuda" has room for so many streams."""

    def __init__(self, most_streams: int) -> None:
        super().__init__(CONFIG, random_weights(CONFIG))
        self.gpu = SmallGpu(self, most_streams)

    def decoder(self, choice: Choice) -> Decoder:
        return self.gpu if choice.device == "cuda" else super().decoder(choice)


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return Plain(CONFIG, random_weights(CONFIG))


def stream(n_frames: int, seed: int = 0) -> Stream:
    encodings = np.random.default_rng(seed).standard_normal((n_frames, CONFIG.n_z))
    return Stream(encodings.astype(np.float32), seed)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_streams_of_any_lengths_come_out_as_each_does_alone(model, lengths):
    streams = [stream(n_frames, seed) for seed, n_frames in enumerate(lengths)]
    together = decode_streams(model, streams, CPU)
    assert [len(classes) for classes in together] == [32 * n_frames for n_frames in lengths]
    for one, classes in zip(streams, together, strict=True):
        decoding = model.decoder(CPU).start(one.encodings[np.newaxis])
        expected = decoding.advance(uniforms(one.seed, 0, len(classes))[np.newaxis])[0]
        np.testing.assert_array_equal(classes, expected)


def test_numbers_that_are_given_come_before_the_seed(model):
    seeded = stream(2, seed=5)
    numbers = uniforms(5, 0, 64)
    given_numbers = Stream(seeded.encodings, seed=99, uniforms=numbers)
    by_seed, by_numbers = (decode_streams(model, [s], CPU)[0] for s in (seeded, given_numbers))
    np.testing.assert_array_equal(by_seed, by_numbers)


def test_each_stream_is_told_as_it_ends(model):
    told: dict[int, list[int]] = {}

    def end(number: int, found: np.ndarray, choice: Choice) -> None:
        assert choice == CPU
        told[number] = found.tolist()

    streams = [stream(3), stream(1, 1), stream(3, 2), stream(2, 3)]
    classes = decode_streams(model, streams, CPU, on_stream=end)
    assert list(told) == [1, 3, 0, 2]
    assert told == {number: found.tolist() for number, found in enumerate(classes)}


def test_progress_counts_the_samples_of_all_streams(model):
    told: list[Progress] = []
    decode_streams(model, [stream(4), stream(1, 1)], CPU, on_progress=told.append)
    done = [progress.done for progress in told]
    assert done == sorted(set(done))
    assert {(progress.stage, progress.total) for progress in told} == {("decoding", 160)}
    assert done[-1] == 160


def test_a_stream_that_has_ended_is_not_computed_any_longer(model):
    """One long stream beside many short ones: steps of the whole batch are few."""
    rows: list[int] = []

    class Counting(ReferenceDecoding):
        def advance(self, numbers: np.ndarray) -> np.ndarray:
            rows.append(numbers.size)
            return super().advance(numbers)

    class Counted(Plain):
        def decoder(self, choice: Choice) -> Decoder:
            found = ReferenceDecoder(self.config, self.weights)
            found.start = lambda encodings: Counting(self.config, self.weights, encodings)
            return found

    counted = Counted(model.config, model.weights)
    decode_streams(counted, [stream(6), *(stream(1, seed) for seed in range(1, 5))], CPU)
    assert sum(rows) == 32 * (6 + 4)


def test_it_stops_between_two_calls(model):
    cancel, told = CancelToken(), []

    def stop(progress: Progress) -> None:
        told.append(progress.done)
        cancel.cancel()

    with pytest.raises(Cancelled):
        decode_streams(model, [stream(50)], CPU, on_progress=stop, cancel=cancel)
    assert len(told) == 1


@best_of_three
def test_it_stops_within_half_a_second(model):
    cancel, asked_s = CancelToken(), []

    def stop() -> None:
        asked_s.append(time.monotonic())
        cancel.cancel()

    timer = threading.Timer(0.6, stop)
    timer.start()
    with pytest.raises(Cancelled):
        decode_streams(model, [stream(100_000, seed) for seed in range(3)], CPU, cancel=cancel)
    assert_within(0.5, asked_s[0])
    timer.join()


def test_what_does_not_fit_the_gpu_at_once_is_decoded_in_halves(model):
    streams, notes = [stream(1 + seed % 2, seed) for seed in range(5)], []
    small = WithGpu(most_streams=2)
    found = decode_streams(small, streams, Choice("cuda", "float32"), on_note=notes.append)
    for classes, expected in zip(found, decode_streams(model, streams, CPU), strict=True):
        np.testing.assert_array_equal(classes, expected)
    assert small.gpu.asked == [5, 2, 3, 1, 2]
    assert notes == [
        "the GPU has too little memory: 5 streams are decoded in two halves",
        "the GPU has too little memory: 3 streams are decoded in two halves",
    ]


def test_what_does_not_fit_the_gpu_by_itself_is_decoded_on_the_cpu(model):
    notes: list[str] = []
    streams = [stream(2, seed) for seed in range(2)]
    found = decode_streams(
        WithGpu(most_streams=0), streams, Choice("cuda", "float32"), on_note=notes.append
    )
    for classes, expected in zip(found, decode_streams(model, streams, CPU), strict=True):
        np.testing.assert_array_equal(classes, expected)
    assert notes == [
        "the GPU has too little memory: 2 streams are decoded in two halves",
        *["the GPU has too little memory: a stream is decoded on the CPU instead"] * 2,
    ]


def test_a_great_many_streams_are_decoded_in_batches_of_equal_size(model):
    roomy = WithGpu(most_streams=MOST_STREAMS)
    streams = [stream(1, seed) for seed in range(2 * MOST_STREAMS + 2)]
    found = decode_streams(roomy, streams, Choice("cuda", "float32"))
    assert roomy.gpu.asked == [44, 43, 43]
    for number in (0, 43, 44, 129):
        alone = decode_streams(model, [streams[number]], CPU)[0]
        np.testing.assert_array_equal(found[number], alone)


def test_progress_goes_on_over_the_halves():
    told: list[Progress] = []
    streams = [stream(1, seed) for seed in range(4)]
    decode_streams(
        WithGpu(most_streams=1), streams, Choice("cuda", "float32"), on_progress=told.append
    )
    done = [progress.done for progress in told]
    assert (done, told[-1].total) == (sorted(set(done)), 128)
    assert done[-1] == 128


def test_the_time_of_a_step_is_measured(model):
    class Slow(ReferenceDecoding):
        def advance(self, numbers: np.ndarray) -> np.ndarray:
            threading.Event().wait(0.002 * numbers.shape[1])
            return np.zeros(numbers.shape, np.uint8)

    class SlowModel(Plain):
        def decoder(self, choice: Choice) -> Decoder:
            found = ReferenceDecoder(self.config, self.weights)
            found.start = lambda encodings: Slow(self.config, self.weights, encodings)
            return found

    step_s = measured_step_s(SlowModel(model.config, model.weights), 3, CPU)
    assert 0.002 <= step_s < 0.01


def test_measuring_can_be_stopped(model):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        measured_step_s(model, 1, CPU, cancel=cancel)


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.tuples(st.integers(3, 6), st.sampled_from([0, 1, 40, 64])), min_size=1, max_size=5)
)
def test_what_was_stopped_is_gone_on_with_and_comes_out_the_same(model, streams):
    whole = [stream(n_frames, seed) for seed, (n_frames, _) in enumerate(streams)]
    expected = decode_streams(model, whole, CPU)
    left = [
        replace(each, known=classes[:n_known])
        for each, classes, (_, n_known) in zip(whole, expected, streams, strict=True)
    ]
    for classes, found in zip(expected, decode_streams(model, left, CPU), strict=True):
        np.testing.assert_array_equal(found, classes)


def test_how_far_each_has_come_is_told_when_it_is_stopped(model):
    streams, cancel = [stream(9, 0), stream(1, 1), stream(9, 2)], CancelToken()
    parts: dict[int, np.ndarray] = {}

    def keep(number: int, classes: np.ndarray, _: Choice) -> None:
        parts[number] = classes

    def stop(progress: Progress) -> None:
        if progress.done > 3 * CONFIG.hop:
            cancel.cancel()

    with pytest.raises(Cancelled):
        decode_streams(model, streams, CPU, on_part=keep, on_progress=stop, cancel=cancel)
    assert sorted(parts) == [0, 2]
    for number, classes in parts.items():
        assert len(classes) >= CONFIG.hop
        whole = decode_streams(model, streams, CPU)[number]
        np.testing.assert_array_equal(classes, whole[: len(classes)])

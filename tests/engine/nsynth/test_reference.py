"""The plain NumPy model: against the published code's values, and against whole-array maths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nsynth_models import PUBLISHED, Weights, random_weights, small_config

from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.nsynth.mulaw import mu_law
from deepbass_engine.nsynth.reference import ReferenceDecoder, encode
from deepbass_engine.nsynth.sampling import sample_classes

configs = st.builds(
    small_config,
    width=st.integers(1, 12),
    skip_width=st.integers(1, 12),
    layers=st.integers(1, 6),
    n_z=st.integers(1, 5),
    filter_length=st.integers(1, 4),
    hop=st.sampled_from([1, 7, 16]),
    dilation_cycle=st.integers(1, 4),
    n_classes=st.sampled_from([2, 256]),
)


def encodings_for(config: WaveNetConfig, n_streams: int, n_frames: int, seed: int = 0):
    drawn = np.random.default_rng(seed).standard_normal((n_streams, n_frames, config.n_z))
    return drawn.astype(np.float32)


def expected_at_once(
    config: WaveNetConfig, weights: Weights, encoding: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """Probabilities of one stream, all samples at once, in double precision: no rings, no steps."""
    n_samples = len(classes)
    each_frame = np.repeat(encoding.astype(np.float64), config.hop, axis=0)[:n_samples]

    def layer(x: np.ndarray, name: str) -> np.ndarray:
        return x @ weights[f"{name}/W"][0, 0].astype(np.float64) + weights[f"{name}/biases"]

    def causal(x: np.ndarray, name: str, dilation: int) -> np.ndarray:
        taps = weights[f"{name}/W"][0].astype(np.float64)
        reach = (len(taps) - 1) * dilation
        padded = np.concatenate([np.zeros((reach, x.shape[1])), x])
        parts = [padded[k * dilation :][:n_samples] @ tap for k, tap in enumerate(taps)]
        return sum(parts) + weights[f"{name}/biases"]

    fed = np.concatenate([[0.0], (classes[:-1] - 128.0) / 128])[:, np.newaxis]
    hidden = causal(fed, "startconv", 1)
    skip = layer(hidden, "skip_start")
    for i, dilation in enumerate(config.dilations, start=1):
        y = causal(hidden, f"dilatedconv_{i}", dilation) + layer(each_frame, f"cond_map_{i}")
        gate = np.tanh(y[:, config.width :]) / (1 + np.exp(-y[:, : config.width]))
        hidden = hidden + layer(gate, f"res_{i}")
        skip = skip + layer(gate, f"skip_{i}")
    head = layer(np.maximum(skip, 0), "out1") + layer(each_frame, "cond_map_out1")
    raised = np.exp(layer(np.maximum(head, 0), "logits"))
    return raised / raised.sum(axis=1, keepdims=True)


# The published code -----------------------------------------------------------------------------

AS_FAR_AS = pytest.mark.parametrize(
    ("n_streams", "n_steps"), [(1, 8), pytest.param(2, 512, marks=pytest.mark.slow)]
)


def test_encodings_are_the_published_codes(golden, golden_model):
    found = encode(PUBLISHED, golden_model, golden["audio"][:, :2048])
    np.testing.assert_allclose(found, golden["teacher_encodings"], rtol=0, atol=1e-5)


@AS_FAR_AS
def test_probabilities_are_the_published_codes(golden, golden_model, n_streams, n_steps):
    classes = (mu_law(golden["audio"][:n_streams, :n_steps]) + 128).astype(np.uint8)
    encodings = golden["teacher_encodings"][:n_streams]
    decoding = ReferenceDecoder(PUBLISHED, golden_model).start(encodings)
    expected = golden["teacher_pmf"][:n_streams, :n_steps]
    np.testing.assert_allclose(decoding.follow(classes), expected, rtol=0, atol=5e-6)


@AS_FAR_AS
def test_sampled_classes_are_the_published_codes(golden, golden_model, n_streams, n_steps):
    decoding = ReferenceDecoder(PUBLISHED, golden_model).start(golden["encodings"][:n_streams])
    found = decoding.advance(golden["uniforms"][:n_streams, :n_steps])
    np.testing.assert_array_equal(found, golden["classes"][:n_streams, :n_steps])


# Step by step -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(config=configs, seed=st.integers(0, 2**32), n_frames=st.integers(1, 3))
def test_steps_give_what_whole_arrays_give(config, seed, n_frames):
    weights = random_weights(config, seed)
    encodings = encodings_for(config, 2, n_frames, seed)
    drawn = np.random.default_rng(seed).integers(0, config.n_classes, (2, n_frames * config.hop))
    classes = drawn.astype(np.uint8)
    found = ReferenceDecoder(config, weights).start(encodings).follow(classes)
    for stream in range(2):
        expected = expected_at_once(config, weights, encodings[stream], classes[stream])
        np.testing.assert_allclose(found[stream], expected, rtol=0, atol=5e-6)


def test_what_it_decodes_is_what_it_would_sample_when_following():
    config = small_config()
    encodings, uniforms = encodings_for(config, 3, 2), np.random.default_rng(1).random((3, 128))
    decoder = ReferenceDecoder(config, random_weights(config))
    classes = decoder.start(encodings).advance(uniforms)
    expected = decoder.start(encodings).follow(classes)
    for step in range(128):
        picked = sample_classes(expected[:, step], uniforms[:, step])
        np.testing.assert_array_equal(picked, classes[:, step])


def test_a_sample_is_heard_for_the_receptive_field_and_no_longer():
    config = small_config(layers=3, hop=64)
    encodings, decoder = (
        encodings_for(config, 1, 1),
        ReferenceDecoder(config, random_weights(config)),
    )
    classes = np.full((1, 64), 128, np.uint8)
    before = decoder.start(encodings).follow(classes)[0]
    classes[0, 10] = 255
    after = decoder.start(encodings).follow(classes)[0]
    differs = np.flatnonzero((before != after).any(axis=1))
    assert (differs.min(), differs.max()) == (11, 10 + config.receptive_field)


def test_an_encoding_is_heard_from_its_own_frame_on():
    config = small_config(hop=16)
    encodings, decoder = (
        encodings_for(config, 1, 4),
        ReferenceDecoder(config, random_weights(config)),
    )
    classes = np.full((1, 64), 100, np.uint8)
    before = decoder.start(encodings).follow(classes)[0]
    encodings[0, 2] += 1
    after = decoder.start(encodings).follow(classes)[0]
    assert np.flatnonzero((before != after).any(axis=1)).min() == 32


def test_streams_that_are_kept_go_on_in_the_order_asked_for():
    config = small_config(layers=6)
    decoder = ReferenceDecoder(config, random_weights(config))
    encodings, uniforms = encodings_for(config, 4, 2), np.random.default_rng(2).random((4, 128))
    whole = decoder.start(encodings).advance(uniforms)
    decoding = decoder.start(encodings)
    first = decoding.advance(uniforms[:, :50])
    decoding.keep([3, 1])
    rest = decoding.advance(uniforms[[3, 1], 50:])
    np.testing.assert_array_equal(first, whole[:, :50])
    np.testing.assert_array_equal(rest, whole[[3, 1], 50:])


# Encoding ---------------------------------------------------------------------------------------


def test_what_makes_no_whole_frame_is_not_heard():
    config = small_config(hop=64)
    weights = random_weights(config)
    audio = np.random.default_rng(0).uniform(-1, 1, (2, 200)).astype(np.float32)
    found = encode(config, weights, audio)
    assert found.shape == (2, 3, config.n_z)
    np.testing.assert_array_equal(found, encode(config, weights, audio[:, :192]))


def test_a_sample_is_heard_as_far_before_it_as_behind_it():
    config = small_config(hop=1, encoder_layers=3, encoder_dilation_cycle=3)
    weights = random_weights(config)
    reach = 1 + sum(config.encoder_dilations)
    audio = np.zeros((1, 60), np.float32)
    before = encode(config, weights, audio)[0]
    audio[0, 30] = 0.9
    differs = np.flatnonzero((before != encode(config, weights, audio)[0]).any(axis=1))
    assert (differs.min(), differs.max()) == (30 - reach, 30 + reach)

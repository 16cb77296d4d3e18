"""The model as a library: what goes in, what comes out, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from nsynth_models import random_weights, small_config

from deepbass_engine import nsynth
from deepbass_engine.errors import Cancelled, DeviceError, ModelError
from deepbass_engine.nsynth import reference
from deepbass_engine.nsynth.sampling import uniforms
from deepbass_engine.progress import CancelToken, Progress

CONFIG = small_config(hop=64)
ON_CPU = {"device": "cpu", "precision": "float32"}


@pytest.fixture(scope="module")
def model() -> nsynth.Autoencoder:
    return nsynth.Autoencoder(CONFIG, random_weights(CONFIG))


def noise(n_streams: int, n_samples: int) -> np.ndarray:
    drawn = np.random.default_rng(0).uniform(-1, 1, (n_streams, n_samples))
    return drawn.astype(np.float32)


def encodings_of(n_streams: int, n_frames: int, n_z: int = CONFIG.n_z) -> np.ndarray:
    drawn = np.random.default_rng(0).standard_normal((n_streams, n_frames, n_z))
    return drawn.astype(np.float32)


# Encoding ---------------------------------------------------------------------------------------


def test_audio_becomes_a_row_for_each_whole_frame(model):
    encodings = model.encode(noise(2, 200))
    assert (encodings.shape, encodings.dtype) == ((2, 3, CONFIG.n_z), np.float32)
    expected = reference.encode(CONFIG, model.weights, noise(2, 200))
    np.testing.assert_allclose(encodings, expected, rtol=0, atol=3e-6)


def test_a_stream_in_blocks_is_encoded_as_in_one_piece(model):
    audio = noise(1, 1000)
    blocks = np.split(audio[0], [1, 64, 300])
    np.testing.assert_array_equal(model.encode_blocks(iter(blocks)), model.encode(audio)[0])


@pytest.mark.parametrize(
    ("audio", "says"),
    [
        (np.zeros((1, 63), np.float32), "shorter than one frame of 64 samples"),
        (np.zeros((1, 0), np.float32), "shorter than one frame"),
        (np.zeros((0, 640), np.float32), r"shape \(0, 640\)"),
        (np.zeros(640, np.float32), r"shape \(640,\)"),
        (np.zeros((1, 640)), "float64"),
        (np.full((1, 640), np.nan, np.float32), "NaN or infinity"),
        (np.full((1, 640), np.inf, np.float32), "NaN or infinity"),
    ],
)
def test_audio_that_can_not_be_encoded_is_refused(model, audio, says):
    with pytest.raises(ModelError, match=says):
        model.encode(audio)


@pytest.mark.parametrize(
    ("blocks", "says"),
    [
        ([], "shorter than one frame"),
        ([np.zeros(30, np.float32), np.zeros(33, np.float32)], "shorter than one frame"),
        ([np.zeros(640, np.float32), np.full(1, np.nan, np.float32)], "NaN or infinity"),
    ],
)
def test_blocks_that_can_not_be_encoded_are_refused(model, blocks, says):
    with pytest.raises(ModelError, match=says):
        model.encode_blocks(blocks)


def test_full_scale_and_beyond_is_clipped(model):
    loud = np.full((1, 64), 3.0, np.float32)
    np.testing.assert_array_equal(model.encode(loud), model.encode(loud / 3))


# Decoding ---------------------------------------------------------------------------------------


def test_an_encoding_becomes_a_class_for_each_sample(model):
    classes = model.decode(encodings_of(2, 3), **ON_CPU)
    assert (classes.shape, classes.dtype) == ((2, 192), np.uint8)


def test_numbers_that_are_given_decide_the_samples(model):
    encodings = encodings_of(2, 2)
    numbers = np.random.default_rng(1).random((2, 128))
    decoding = reference.ReferenceDecoder(CONFIG, model.weights).start(encodings)
    expected = decoding.advance(numbers)
    np.testing.assert_array_equal(model.decode(encodings, uniforms=numbers, **ON_CPU), expected)


def test_a_seed_is_counted_on_from_stream_to_stream(model):
    encodings = encodings_of(3, 2)
    together = model.decode(encodings, seed=7, **ON_CPU)
    for i in range(3):
        alone = model.decode(encodings[[i]], seed=7 + i, **ON_CPU)
        np.testing.assert_array_equal(together[i], alone[0])
    np.testing.assert_array_equal(model.decode(encodings, seed=[7, 8, 9], **ON_CPU), together)


def test_seeds_stand_for_philoxs_numbers(model):
    encodings = encodings_of(1, 2)
    numbers = uniforms(11, 0, 128)[np.newaxis]
    np.testing.assert_array_equal(
        model.decode(encodings, seed=11, **ON_CPU),
        model.decode(encodings, uniforms=numbers, **ON_CPU),
    )


def test_another_seed_gives_other_samples(model):
    one, other = (model.decode(encodings_of(1, 4), seed=seed, **ON_CPU) for seed in (0, 1))
    assert (one != other).mean() > 0.5


@pytest.mark.parametrize(
    ("encodings", "says"),
    [
        (encodings_of(1, 2, n_z=3), r"shape \(1, 2, 3\)"),
        (encodings_of(1, 2)[0], r"shape \(2, 4\)"),
        (encodings_of(1, 2).astype(np.float64), "float64"),
        (encodings_of(1, 0), r"shape \(1, 0, 4\)"),
        (encodings_of(0, 2), r"shape \(0, 2, 4\)"),
        (np.full((1, 2, 4), np.nan, np.float32), "NaN or infinity"),
    ],
)
def test_encodings_that_can_not_be_decoded_are_refused(model, encodings, says):
    with pytest.raises(ModelError, match=says):
        model.decode(encodings, **ON_CPU)
    with pytest.raises(ModelError, match=says):
        model.probabilities(noise(1, 64), encodings, **ON_CPU)


def test_a_wrong_number_of_numbers_or_seeds_is_refused(model):
    with pytest.raises(ValueError, match=r"uniforms has shape \(1, 100\); give \(1, 128\)"):
        model.decode(encodings_of(1, 2), uniforms=np.zeros((1, 100)), **ON_CPU)
    with pytest.raises(ValueError, match="2 seeds for 1 streams"):
        model.decode(encodings_of(1, 2), seed=[1, 2], **ON_CPU)


@pytest.mark.parametrize(("device", "precision"), [("tpu", "auto"), ("cpu", "float8")])
def test_a_device_or_precision_that_is_not_there_is_refused(model, device, precision):
    with pytest.raises(DeviceError):
        model.decode(encodings_of(1, 1), device=device, precision=precision)


def test_decoding_tells_how_far_it_is_and_can_be_stopped(model):
    cancel, told = CancelToken(), []

    def stop(progress: Progress) -> None:
        told.append(progress)
        if progress.stage == "decoding":
            cancel.cancel()

    with pytest.raises(Cancelled):
        model.decode(encodings_of(1, 500), on_progress=stop, cancel=cancel, **ON_CPU)
    assert told[-1].total == 500 * 64
    assert told[-1].done < 500 * 64


# Teacher forcing --------------------------------------------------------------------------------


def test_probabilities_are_the_references(model):
    audio, encodings = noise(2, 100), encodings_of(2, 2)
    found = model.probabilities(audio, encodings, **ON_CPU)
    classes = (nsynth.mu_law(audio) + 128).astype(np.uint8)
    expected = reference.ReferenceDecoder(CONFIG, model.weights).start(encodings).follow(classes)
    np.testing.assert_allclose(found, expected, rtol=0, atol=5e-6)
    np.testing.assert_allclose(found.sum(axis=2), 1, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 129), (2, 100), (100,)])
def test_audio_that_does_not_go_with_the_encodings_is_refused(model, shape):
    with pytest.raises(ModelError, match="audio has shape"):
        model.probabilities(np.zeros(shape, np.float32), encodings_of(1, 2), **ON_CPU)


def test_a_decoder_is_laid_out_once_for_each_choice(model):
    choice = nsynth.backends.Choice("cpu", "float32")
    assert model.decoder(choice) is model.decoder(choice)

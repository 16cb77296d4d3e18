"""The network that is trained is the one that encodes and decodes."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from nsynth_models import random_weights, small_config

from deepbass_engine.nsynth import reference
from deepbass_engine.nsynth.mulaw import samples_of_model_classes
from deepbass_engine.training import network

pytestmark = pytest.mark.slow


def some_classes(n_crops: int, n_samples: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n_crops, n_samples)).astype(np.uint8)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"filter_length": 2, "encoder_filter_length": 5},
        {"n_classes": 256, "layers": 7, "hop": 32},
    ],
)
def test_its_probabilities_are_those_of_the_reference(changes: dict[str, int]) -> None:
    config = small_config(**changes)
    weights = random_weights(config)
    classes = some_classes(2, 4 * config.hop)
    logits = network.logits(config, weights, keras.ops.convert_to_tensor(classes), "float32")
    found = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    encodings = reference.encode(config, weights, samples_of_model_classes(classes))
    wanted = reference.ReferenceDecoder(config, weights).start(encodings).follow(classes)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_its_loss_is_the_mean_negative_log_probability() -> None:
    config = small_config()
    weights = random_weights(config)
    classes = some_classes(2, 2 * config.hop)
    encodings = reference.encode(config, weights, samples_of_model_classes(classes))
    expected = reference.ReferenceDecoder(config, weights).start(encodings).follow(classes)
    wanted = -np.log(np.take_along_axis(expected, classes[..., np.newaxis].astype(int), 2)).mean()
    found = network.loss(config, weights, keras.ops.convert_to_tensor(classes), "float32")
    assert float(found) == pytest.approx(wanted, rel=1e-5)


def test_in_bfloat16_the_loss_is_nearly_the_same() -> None:
    config = small_config()
    weights = random_weights(config)
    classes = keras.ops.convert_to_tensor(some_classes(2, 2 * config.hop))
    exact = float(network.loss(config, weights, classes, "float32"))
    rounded = float(network.loss(config, weights, classes, "bfloat16"))
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.02)

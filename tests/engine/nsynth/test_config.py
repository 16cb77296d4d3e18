"""The shape of a model, and reading it off variables."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nsynth_models import PUBLISHED, small_config

from deepbass_engine.errors import ModelError
from deepbass_engine.nsynth.config import WaveNetConfig, check_shapes, config_of_shapes

configs = st.builds(
    WaveNetConfig,
    encoder_width=st.integers(1, 70),
    encoder_layers=st.integers(1, 12),
    n_z=st.integers(1, 20),
    width=st.integers(1, 70),
    layers=st.integers(1, 40),
    skip_width=st.integers(1, 70),
    filter_length=st.integers(1, 4),
    encoder_filter_length=st.sampled_from([1, 3, 5]),
    hop=st.integers(1, 600),
    dilation_cycle=st.integers(1, 12),
    encoder_dilation_cycle=st.integers(1, 12),
    n_classes=st.integers(1, 256),
)
SMALL = small_config(layers=4)
TELL_THE_SHAPE = {"ae_startconv/W", "ae_bottleneck/W", "startconv/W", "skip_start/W", "logits/W"}
"""Variables that are believed, so that where they are wrong another is named."""


def read(shapes: dict[str, tuple[int, ...]]) -> WaveNetConfig:
    return config_of_shapes(shapes, hop=64, dilation_cycle=3, encoder_dilation_cycle=3)


def test_the_published_model():
    assert len(PUBLISHED.variables()) == 374
    assert PUBLISHED.n_parameters == 61_804_048
    assert PUBLISHED.receptive_field == 6141
    assert PUBLISHED.dilations == PUBLISHED.encoder_dilations
    assert PUBLISHED.dilations[:11] == (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1)
    assert PUBLISHED.variables()["dilatedconv_30/W"] == (1, 3, 512, 1024)


@given(configs)
def test_a_configuration_is_read_off_its_variables(config):
    cycles = {
        name: getattr(config, name) for name in ("hop", "dilation_cycle", "encoder_dilation_cycle")
    }
    assert config_of_shapes(config.variables(), **cycles) == config


def test_variables_of_the_training_are_passed_over():
    shapes = SMALL.variables()
    shadows = {f"{name}/ExponentialMovingAverage": (1,) for name in shapes}
    slots = {f"{name}/Adam": shape for name, shape in shapes.items()}
    assert read(shapes | shadows | slots | {"global_step": ()}) == SMALL


@pytest.mark.parametrize("name", SMALL.variables())
def test_a_missing_variable_is_named(name):
    shapes = SMALL.variables()
    del shapes[name]
    with pytest.raises(ModelError, match=rf"has no variable {name}\b"):
        read(shapes)


def test_of_several_missing_variables_the_first_is_named():
    shapes = SMALL.variables()
    for name in ("skip_2/W", "res_2/biases", "logits/biases"):
        del shapes[name]
    with pytest.raises(ModelError, match="has no variable res_2/biases"):
        read(shapes)


def test_a_layer_that_is_missing_as_a_whole_is_seen_by_those_behind_it():
    shapes = {name: s for name, s in SMALL.variables().items() if "_2/" not in name}
    with pytest.raises(ModelError, match="behind a layer that is missing"):
        read(shapes)


@settings(deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(SMALL.variables().keys() - TELL_THE_SHAPE)))
def test_a_misshapen_variable_is_named(data, name):
    shapes = SMALL.variables()
    shape = shapes[name]
    other = data.draw(
        st.lists(st.integers(0, 20), max_size=5).map(tuple).filter(lambda s: s != shape)
    )
    with pytest.raises(ModelError) as caught:
        read(shapes | {name: other})
    assert f"variable {name} has shape {other}" in caught.value.what
    assert str(shape) in caught.value.what


@pytest.mark.parametrize("name", sorted(TELL_THE_SHAPE))
@pytest.mark.parametrize("shape", [(), (3,), (1, 3, 8), (1, 3, 1, 9), (1, 1, 1, 0), (0, 0, 0, 0)])
def test_where_a_variable_that_is_believed_is_wrong_it_is_seen_too(name, shape):
    with pytest.raises(ModelError):
        read(SMALL.variables() | {name: shape})


def test_nothing_at_all_is_no_model():
    with pytest.raises(ModelError, match="has no variable startconv/W"):
        read({})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"width": 0}, "width is 0"),
        ({"layers": -1}, "layers is -1"),
        ({"hop": 0}, "hop is 0"),
        ({"encoder_filter_length": 2}, "encoder_filter_length is 2"),
        ({"n_classes": 257}, "n_classes is 257"),
    ],
)
def test_what_no_model_can_be_is_refused(changes, says):
    with pytest.raises(ModelError, match=says):
        small_config(**changes)


def test_variables_are_held_against_a_configuration():
    check_shapes(SMALL.variables(), SMALL)
    with pytest.raises(ModelError, match="dilatedconv_5/W behind a layer that is missing"):
        check_shapes(small_config(layers=5).variables(), SMALL)

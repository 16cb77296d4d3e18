"""Our reader of checkpoints against TensorFlow's own writer and reader.

Needs TensorFlow, which DeepBass does not: run it in an environment that has both.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from nsynth_models import golden_weights, random_weights, small_config

from deepbass_engine.nsynth.checkpoints import Untold, read
from deepbass_engine.nsynth.tf_checkpoint import Checkpoint, Stretch

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tf() -> ModuleType:
    """TensorFlow, whose own warnings are not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module: ModuleType = pytest.importorskip(
            "tensorflow", reason="TensorFlow can't be imported here"
        )
    return module


def opened(prefix: Path) -> Checkpoint:
    files = {
        file.name.removeprefix(f"{prefix.name}."): Stretch(file, 0, file.stat().st_size, str(file))
        for file in prefix.parent.glob(f"{prefix.name}.*")
    }
    return Checkpoint(files["index"], files)


def save(tf: ModuleType, prefix: Path, variables: dict[str, Any]) -> Path:
    """Write a checkpoint by TensorFlow's own operation."""
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=list(variables),
        shape_and_slices=[""] * len(variables),
        tensors=[tf.convert_to_tensor(values) for values in variables.values()],
    )
    return prefix


def assert_read_as_by_tensorflow(tf: ModuleType, prefix: Path) -> int:
    """Hold every floating-point variable against TensorFlow's reader; return how many."""
    ours, theirs = opened(prefix), tf.train.load_checkpoint(str(prefix))
    floats = {
        name: shape
        for name, shape in theirs.get_variable_to_shape_map().items()
        if theirs.get_variable_to_dtype_map()[name].is_floating
    }
    assert ours.shapes == {name: tuple(shape) for name, shape in floats.items()}
    for name in floats:
        wanted = np.asarray(theirs.get_tensor(name)).astype(np.float32)
        np.testing.assert_array_equal(ours.read(name), wanted)
    return len(floats)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_every_floating_type(tf: ModuleType, tmp_path: Path, dtype: str) -> None:
    values = np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32)
    variables = {"a": tf.cast(values, dtype), "b": tf.cast(values[0, 0], dtype), "n": 7}
    assert assert_read_as_by_tensorflow(tf, save(tf, tmp_path / "m", variables)) == 2


def test_an_index_of_many_blocks(tf: ModuleType, tmp_path: Path) -> None:
    """TensorFlow begins a new block after 256 KB of index."""
    variables = {
        f"scope_{i % 7}/{'x' * 90}_{i}": np.full((1, 2), i, np.float32) for i in range(20_000)
    }
    prefix = save(tf, tmp_path / "m", variables)
    assert (tmp_path / "m.index").stat().st_size > 2 * 262_144
    ours = opened(prefix)
    assert ours.shapes.keys() == variables.keys()
    for name in list(variables)[::371]:
        np.testing.assert_array_equal(ours.read(name), variables[name])


def test_several_data_files(tf: ModuleType, tmp_path: Path) -> None:
    config = small_config()
    variables = random_weights(config)
    parts = [
        save(tf, tmp_path / f"part-{i}", {name: variables[name] for name in list(variables)[i::3]})
        for i in range(3)
    ]
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=[str(part) for part in parts],
        destination_prefix=str(tmp_path / "m"),
        delete_old_dirs=False,
    )
    assert (tmp_path / "m.data-00002-of-00003").exists()
    assert assert_read_as_by_tensorflow(tf, tmp_path / "m") == len(variables)
    untold = Untold(hop=config.hop, dilation_cycle=3, encoder_dilation_cycle=3)
    found = read(tmp_path / "m", untold)
    assert found.config == config


def test_what_a_checkpoint_object_writes(tf: ModuleType, tmp_path: Path) -> None:
    saved = tf.train.Checkpoint(weights=tf.Variable([[1.0, 2.0]]), step=tf.Variable(3))
    prefix = Path(saved.write(str(tmp_path / "m")))
    assert assert_read_as_by_tensorflow(tf, prefix) == 1


def test_the_published_size_is_read_to_the_bit(tf: ModuleType, tmp_path: Path) -> None:
    variables = golden_weights()
    found = read(save(tf, tmp_path / "model.ckpt-200000", variables), Untold())
    assert found.weights.keys() == variables.keys()
    assert all(np.array_equal(found.weights[name], variables[name]) for name in variables)


def test_tensorflow_finds_the_same_damage(tf: ModuleType, tmp_path: Path) -> None:
    """The checksum we refuse by is the one TensorFlow refuses by."""
    from deepbass_engine.errors import ModelError

    prefix = save(tf, tmp_path / "m", {"a": np.ones(4, np.float32), "b": np.ones(4, np.float32)})
    data = tmp_path / "m.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[20] ^= 1
    data.write_bytes(content)
    ours, theirs = opened(prefix), tf.train.load_checkpoint(str(prefix))
    np.testing.assert_array_equal(ours.read("a"), theirs.get_tensor("a"))
    with pytest.raises(tf.errors.OpError, match="Checksum does not match"):
        theirs.get_tensor("b")
    with pytest.raises(ModelError, match="is damaged in variable b"):
        ours.read("b")

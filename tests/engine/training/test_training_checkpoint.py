"""Checkpoints keep every number, are whole or not there, and the newest is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepbass_engine.errors import ModelError
from deepbass_engine.training import checkpoint
from deepbass_engine.training.checkpoint import Standing


def state(seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {
        "weights/startconv/W": generator.standard_normal((1, 3, 1, 8)).astype(np.float32),
        "iterations": np.array(12, np.int64),
    }


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    standing = Standing(step=12, best_loss=2.5, best_step=10, n_worse=1)
    path = checkpoint.save(tmp_path, standing, state())
    found, numbers = checkpoint.load(path)
    assert found == standing
    for name, values in state().items():
        np.testing.assert_array_equal(numbers[name], values)
        assert numbers[name].dtype == values.dtype


def test_a_training_that_was_never_evaluated_is_loaded(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, Standing(step=3), state())
    assert checkpoint.load(path)[0] == Standing(step=3)


def test_the_newest_is_found_and_the_last_two_are_kept(tmp_path: Path) -> None:
    assert checkpoint.latest(tmp_path) is None
    for step in (900, 1000, 11_000):
        checkpoint.save(tmp_path, Standing(step=step), state())
    assert checkpoint.latest(tmp_path) == tmp_path / "step-00011000.safetensors"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_that_is_half_written_is_not_found(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, Standing(step=1), state())
    (tmp_path / ".step-00000002.safetensors.abc.part").write_bytes(b"half")
    assert checkpoint.latest(tmp_path) == tmp_path / "step-00000001.safetensors"


def test_a_damaged_one_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, Standing(step=1), state())
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ModelError, match="damaged checkpoint") as caught:
        checkpoint.load(path)
    assert caught.value.path == path
    assert "the one before" in caught.value.hint

"""A step of training does what Adam says, on every backend and however it is dealt out."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from nsynth_models import small_config

from deepbass_engine.training.initial import initial_weights
from deepbass_engine.training.learners import make_learner

pytestmark = pytest.mark.slow

TINY = small_config()
N_STEPS = 20
RATE = 1e-3
DECAY = 0.5


def a_batch() -> np.ndarray:
    """Tones in noise, eight crops."""
    t = np.arange(8 * TINY.hop)
    tones = np.sin(np.arange(1, 9)[:, np.newaxis] * 0.05 * t)
    noise = np.random.default_rng(0).normal(0, 3, tones.shape)
    return (128 + 40 * tones + noise).astype(np.uint8)


def a_learner():
    return make_learner(TINY, initial_weights(TINY, 0), "float32")


def test_learning_lowers_the_loss() -> None:
    learner, batch = a_learner(), a_batch()
    losses = [learner.step(batch, RATE, DECAY) for _ in range(N_STEPS)]
    assert all(later < earlier for earlier, later in itertools.pairwise(losses))
    assert learner.loss(batch) < losses[0]


def test_the_first_step_is_adams_and_the_average_follows() -> None:
    learner = a_learner()
    before = learner.state()
    learner.step(a_batch(), RATE, DECAY)
    after = learner.state()
    for name in ("dilatedconv_2/W", "ae_startconv/W", "logits/biases"):
        gradient = after[f"momentum/{name}"] / 0.1
        np.testing.assert_allclose(
            after[f"velocity/{name}"], 0.001 * gradient**2, rtol=1e-4, atol=1e-12
        )
        correction = np.sqrt(0.001) / 0.1
        moved = RATE * correction * 0.1 * gradient / (np.sqrt(0.001) * np.abs(gradient) + 1e-8)
        wanted = before[f"weights/{name}"] - moved
        np.testing.assert_allclose(after[f"weights/{name}"], wanted, rtol=1e-4, atol=1e-6)
        average = DECAY * before[f"average/{name}"] + (1 - DECAY) * after[f"weights/{name}"]
        np.testing.assert_allclose(after[f"average/{name}"], average, rtol=1e-5, atol=1e-7)
    assert after["iterations"] == 1


def test_it_goes_on_from_a_state_as_if_nothing_had_been() -> None:
    learner, batch = a_learner(), a_batch()
    for _ in range(3):
        learner.step(batch, RATE, DECAY)
    state = learner.state()
    wanted = [learner.step(batch, RATE, DECAY) for _ in range(3)]
    other = make_learner(TINY, initial_weights(TINY, 1), "float32")
    other.restore(state)
    assert [other.step(batch, RATE, DECAY) for _ in range(3)] == wanted


def test_in_bfloat16_it_learns_too() -> None:
    learner = make_learner(TINY, initial_weights(TINY, 0), "bfloat16")
    losses = [learner.step(a_batch(), RATE, DECAY) for _ in range(N_STEPS)]
    assert losses[-1] < losses[0]


def run_here() -> dict[str, float]:
    """What twenty steps come to; as a program, this module prints it."""
    learner, batch = a_learner(), a_batch()
    losses = [learner.step(batch, RATE, DECAY) for _ in range(N_STEPS)]
    weights = learner.averaged()
    return {
        "n_devices": learner.n_devices,
        "writes": learner.writes,
        "loss": losses[-1],
        "average_loss": learner.loss(batch),
        "norm": float(np.sqrt(sum(np.square(each).sum() for each in weights.values()))),
    }


def started(**environment: str) -> subprocess.Popen[str]:
    """This module as a program of its own."""
    root = Path(__file__).parents[2]
    paths = os.pathsep.join((str(root), str(root / "tests")))
    variables = {**os.environ, "PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": "", **environment}
    return subprocess.Popen(
        [sys.executable, __file__],
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
    )


def result(process: subprocess.Popen[str]) -> dict[str, float]:
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return json.loads(out.splitlines()[-1])


def assert_same(found: dict[str, float], wanted: dict[str, float]) -> None:
    for name in ("loss", "average_loss", "norm"):
        assert found[name] == pytest.approx(wanted[name], rel=1e-5), name


def free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a way of TensorFlow's")
def test_two_workers_learn_what_one_process_does() -> None:
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    workers = [
        started(TF_CONFIG=json.dumps({"cluster": cluster, "task": {"type": "worker", "index": i}}))
        for i in range(2)
    ]
    alone = run_here()
    found = [result(worker) for worker in workers]
    assert [each["n_devices"] for each in found] == [2, 2]
    assert [each["writes"] for each in found] == [True, False]
    for each in found:
        assert_same(each, alone)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="a way of JAX's")
def test_two_devices_of_jax_learn_what_one_does() -> None:
    found = result(started(XLA_FLAGS="--xla_force_host_platform_device_count=2"))
    assert found["n_devices"] == 2
    assert_same(found, run_here())


if __name__ == "__main__":
    print(json.dumps(run_here()))

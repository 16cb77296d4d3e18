"""Models for tests: small ones with random weights, and the one the golden values belong to."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.training.configs import CONFIGS

Weights = dict[str, NDArray[np.float32]]

PUBLISHED = CONFIGS["h512_bo16"]


def small_config(**changes: int) -> WaveNetConfig:
    """A model that plain NumPy decodes at some thousand steps a second."""
    values = {
        "encoder_width": 8, "encoder_layers": 4, "n_z": 4, "width": 8, "layers": 4,
        "skip_width": 8, "hop": 64, "dilation_cycle": 3, "encoder_dilation_cycle": 3,
    }  # fmt: skip
    return WaveNetConfig(**(values | changes))


def random_weights(config: WaveNetConfig, seed: int = 0) -> Weights:
    """Weights that let signals through every layer at a moderate level."""
    generator = np.random.default_rng(seed)
    return {
        name: (_scale(name, shape) * generator.standard_normal(shape)).astype(np.float32)
        for name, shape in config.variables().items()
    }


def golden_weights() -> Weights:
    """The weights of `tests/golden/nsynth`."""
    return {
        name: (
            _scale(name, shape)
            * np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF).standard_normal(shape)
        ).astype(np.float32)
        for name, shape in PUBLISHED.variables().items()
    }


def _scale(name: str, shape: tuple[int, ...]) -> float:
    if name.endswith("biases"):
        return 0.05
    scale = float(np.sqrt(2.0 / (int(np.prod(shape[:-1])) + shape[-1])))
    if name.startswith(("res_", "ae_res_")):
        return scale * 0.5
    if name.startswith("logits"):
        return scale * 2.0
    return scale * (3.0 if name.startswith(("startconv", "ae_startconv")) else 1.0)

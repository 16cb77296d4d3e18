"""Weights that a training begins with."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.nsynth.config import WaveNetConfig


def initial_weights(config: WaveNetConfig, seed: int) -> dict[str, NDArray[np.float32]]:
    """Weights to begin with: uniform at unit scale, as the published training has them; biases 0.

    Each variable draws from a generator of its own, so the weights do not depend on the backend.
    """
    weights = {}
    for name, shape in config.variables().items():
        if name.endswith("/biases"):
            weights[name] = np.zeros(shape, np.float32)
            continue
        limit = np.sqrt(3 / np.prod(shape[:-1]))
        generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
        weights[name] = generator.uniform(-limit, limit, shape).astype(np.float32)
    return weights

"""What the published code computes, and the weights it does so with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nsynth_models import Weights, golden_weights

GOLDEN = Path(__file__).parents[2] / "golden/nsynth/golden.npz"


@pytest.fixture(scope="session")
def golden() -> dict[str, np.ndarray]:
    """Arrays of `tests/golden/nsynth`, see its README."""
    with np.load(GOLDEN) as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def golden_model() -> Weights:
    """Weights of `PUBLISHED` that they belong to; 247 MB, made once."""
    return golden_weights()

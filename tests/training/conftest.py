"""Clips and a model small enough to train in a test; the backend is the one Keras is set to."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from nsynth_models import small_config

from deepbass_engine.nsynth import weights
from deepbass_engine.training.initial import initial_weights
from deepbass_engine.training.prepare import prepare
from deepbass_engine.training.settings import PrepareSettings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("keras")

TINY = small_config()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of one second of six songs, each a chord of its own."""
    songs, clips = tmp_path_factory.mktemp("songs"), tmp_path_factory.mktemp("clips") / "out"
    t = np.arange(6 * 16_000) / 16_000
    for i in range(6):
        chord = sum(np.sin(2 * np.pi * (110 + 40 * i) * k * t) for k in (1, 1.25, 1.5))
        soundfile.write(songs / f"{i}.wav", 0.2 * chord, 16_000)
    prepare(songs, clips, PrepareSettings(seconds=1.0, crop="all", valid_share=0.3, n_shards=2))
    return clips


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file with first weights, to train from."""
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    weights.save(path, TINY, initial_weights(TINY, 0), origin="a test")
    return path

"""What every test gets: folders of its own, so that none touches the user's."""

from __future__ import annotations

from pathlib import Path

import pytest
from nsynth_models import random_weights, small_config

from deepbass_engine.nsynth import models, weights


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and no imported models for this test; programs it starts inherit both."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DEEPBASS_CACHE_DIR", str(folder))
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(tmp_path_factory.mktemp("data")))
    return folder


@pytest.fixture
def nothing_bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DeepBass that was packed without any model."""
    monkeypatch.setattr(models, "bundled_folder", lambda: None)


@pytest.fixture
def bundled(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a small model that comes with this DeepBass, named `along`; no other does."""
    path = tmp_path_factory.mktemp("bundled") / f"along{weights.SUFFIX}"
    config = small_config()
    weights.save(path, config, random_weights(config), origin="a test", precision="float16")
    monkeypatch.setattr(models, "bundled_folder", lambda: path.parent)
    return path

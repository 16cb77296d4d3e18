"""What every test gets: folders of its own, so that none touches the user's."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no models, for this test alone; programs it starts inherit both."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DEEPBASS_CACHE_DIR", str(folder))
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(tmp_path_factory.mktemp("data")))
    return folder

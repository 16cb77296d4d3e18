"""What every test gets: a cache folder of its own, so that none touches the user's."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty analysis cache for this test alone; programs it starts inherit it."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DEEPBASS_CACHE_DIR", str(folder))
    return folder

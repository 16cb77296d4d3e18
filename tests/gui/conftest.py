"""A window's parts over real files: every test gets settings of its own and leaves no thread."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from nsynth_models import random_weights, small_config
from PySide6.QtCore import QCoreApplication, QSettings
from pytestqt.qtbot import QtBot
from signals import music, write

from deepbass_engine.nsynth import weights
from deepbass_engine.nsynth.models import import_model
from deepbass_engine.progress import UNSTOPPABLE_THREAD
from deepbass_engine.project import Project
from deepbass_gui.document import Document
from deepbass_gui.edits import tracks_for
from deepbass_gui.jobs.library import Library
from deepbass_gui.selection import Selection


@pytest.fixture(autouse=True)
def garbage_ends_in_this_thread() -> Iterator[None]:
    """Collect after each test and never in another thread, as the program does."""
    gc.disable()
    yield
    gc.collect(0)
    gc.enable()


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, state and data folders that belong to this test."""
    folder = tmp_path_factory.mktemp("settings")
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    QCoreApplication.setOrganizationName("DeepBass")
    QCoreApplication.setApplicationName("DeepBass")
    monkeypatch.setenv("DEEPBASS_STATE_DIR", str(folder / "state"))
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(folder / "data"))
    return folder


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves a thread of Python's running.

    A stretch that is no longer wanted can't be stopped, and runs to its end.
    """
    before = set(threading.enumerate())
    yield
    new = [t for t in threading.enumerate() if t not in before]
    for stretch in (t for t in new if t.name == UNSTOPPABLE_THREAD):
        stretch.join()
    found = [t for t in new if t.is_alive()]
    left = [t for t in found if not isinstance(t, threading._DummyThread)]  # Qt's; may have ended
    assert not left, f"threads left behind: {left}"


@pytest.fixture
def songs(tmp_path: Path) -> list[Path]:
    """Three files of 6, 5 and 4 seconds with something like music in them."""
    folder = tmp_path / "songs"
    folder.mkdir()
    return [
        write(folder / f"{name}.wav", music(seconds))
        for name, seconds in (("one", 6.0), ("two", 5.0), ("three", 4.0))
    ]


@pytest.fixture
def model_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a small model with random weights to a file outside the data folder."""

    def make(name: str = "tiny", seed: int = 0, **changes: int) -> Path:
        config = small_config(**changes)
        path = tmp_path / f"{name}.safetensors"
        weights.save(path, config, random_weights(config, seed), origin=f"{name}: random weights")
        return path

    return make


@pytest.fixture
def installed(model_file: Callable[..., Path]) -> Callable[..., str]:
    """Install a small model under a name."""

    def install(name: str = "tiny", seed: int = 0, **changes: int) -> str:
        return import_model(model_file(name, seed, **changes), name, overwrite=True).name

    return install


@pytest.fixture
def library(qtbot: QtBot) -> Iterator[Library]:
    """A library; its threads end with the test."""
    made = Library(jobs=2)
    yield made
    made.shut_down()


@pytest.fixture
def document(library: Library) -> Document:
    """An empty project."""
    return Document(library)


@pytest.fixture
def selection(document: Document) -> Selection:
    """The selection over the document."""
    return Selection(document)


@pytest.fixture
def filled(qtbot: QtBot, document: Document, songs: list[Path]) -> Callable[..., Document]:
    """Fill the document with files and wait until all is known of them."""

    def fill(paths: list[Path] | None = None, duration_s: float = 1.0) -> Document:
        project = Project(tracks=tracks_for(paths or songs, Project()))
        project = Project(
            tracks=project.tracks,
            default=type(project.default)(duration_s=duration_s),
        )
        document.open(project, None)
        qtbot.waitUntil(lambda: document.is_settled, timeout=10_000)
        qtbot.waitUntil(lambda: document.plan is not None, timeout=1_000)
        return document

    return fill

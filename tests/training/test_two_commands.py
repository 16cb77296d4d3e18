"""Two commands lead from a folder of songs to a model that a mix is made with."""

from __future__ import annotations

import json
import os
from pathlib import Path

import keras
import pytest
import soundfile
from commands import called

from deepbass_engine.nsynth import models
from deepbass_engine.training.train import MODEL_NAME

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def songs() -> Path:
    """Real music, where CI or a person has put some."""
    folder = os.environ.get("DEEPBASS_MUSIC")
    if not folder:
        pytest.skip("DEEPBASS_MUSIC names no folder with music")
    return Path(folder)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="once is enough")
def test_from_songs_to_a_mix(songs: Path, tmp_path: Path) -> None:
    clips, run, mix = tmp_path / "clips", tmp_path / "run", tmp_path / "mix.wav"
    prepared = called("data", "prepare", songs, "-o", clips, "--json")
    assert len(json.loads(prepared.out)["songs"]) >= 20
    trained = called(
        "train", "--data", clips, "--out", run, "--steps", "4", "--batch", "2", "--examples", "1"
    )
    assert trained.code == 0, trained.err
    model = models.load_model(run / MODEL_NAME)
    assert model.trained_steps == 4
    two = [song["path"] for song in json.loads(prepared.out)["songs"][:2]]
    report = tmp_path / "report.json"
    mixed = called(
        "mix", *two, "-o", mix, "--method", "nsynth", "--duration", "1",
        "--model", run / MODEL_NAME, "--report", report,
    )  # fmt: skip
    assert mixed.code == 0, mixed.err
    (transition,) = json.loads(report.read_text())["transitions"]
    assert transition["nsynth"]["content_hash"] == model.content_hash
    assert soundfile.info(mix).duration > 60

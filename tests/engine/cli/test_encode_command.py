"""`deepbass encode`."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import encoders
import numpy as np
import pytest
import signals
from commands import called, command, environment
from nsynth_models import random_weights, small_config
from quickly import assert_within, best_of_three

from deepbass_engine.nsynth import weights
from deepbass_engine.nsynth.autoencoder import Autoencoder

CONFIG = small_config(hop=64)


@pytest.fixture(autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where no model is installed."""
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(folder))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / f"small{weights.SUFFIX}"
    weights.save(path, CONFIG, random_weights(CONFIG), origin="a test")
    return path


def test_a_file_becomes_a_row_of_float32_for_each_frame(tmp_path, model):
    samples = signals.noise(1.0, 16_000, channels=1)
    path = signals.write(tmp_path / "in.wav", samples, 16_000, "FLOAT")
    outcome = called("encode", path, "-o", tmp_path / "e.npy", "--model", model)
    assert (outcome.code, outcome.err) == (0, "")
    assert "250 frames of 4 numbers, 0:01.0, by the model small" in outcome.out
    encodings = np.load(tmp_path / "e.npy")
    assert (encodings.shape, encodings.dtype) == ((250, 4), np.float32)
    expected = Autoencoder(CONFIG, random_weights(CONFIG)).encode(samples.T)[0]
    np.testing.assert_array_equal(encodings, expected)


@pytest.mark.parametrize(
    ("rate_hz", "channels", "says"),
    [
        (44_100, 2, "mixed to mono and brought from 44100 to 16000 Hz"),
        (16_000, 2, "mixed to mono"),
        (48_000, 1, "brought from 48000 to 16000 Hz"),
    ],
)
def test_mixing_and_resampling_are_said(tmp_path, model, rate_hz, channels, says):
    samples = signals.noise(0.5, rate_hz, channels=channels)
    path = signals.write(tmp_path / "in.wav", samples, rate_hz)
    outcome = called("encode", path, "-o", tmp_path / "e.npy", "--model", model)
    assert (outcome.code, outcome.err) == (0, f"deepbass: {path}: {says}\n")
    assert np.load(tmp_path / "e.npy").shape == (125, 4)


@pytest.mark.parametrize("extension", [".mp3", ".flac", ".ogg", ".m4a"])
def test_any_audio_can_be_encoded(tmp_path, model, extension):
    wav = signals.write(tmp_path / "in.wav", signals.music(1.0))
    path = encoders.encode(wav, tmp_path / f"in{extension}")
    outcome = called("encode", path, "-o", tmp_path / "e.npy", "--model", model)
    assert outcome.code == 0
    as_wav = called("encode", wav, "-o", tmp_path / "wav.npy", "--model", model)
    assert as_wav.code == 0
    found, expected = np.load(tmp_path / "e.npy"), np.load(tmp_path / "wav.npy")
    n_both = min(len(found), len(expected))
    assert abs(len(found) - 250) <= 10
    assert np.corrcoef(found[:n_both].ravel(), expected[:n_both].ravel())[0, 1] > 0.9


def test_an_installed_model_is_taken_where_none_is_named(tmp_path, model, data_folder):
    (data_folder / "models").mkdir()
    (data_folder / f"models/mine{weights.SUFFIX}").write_bytes(model.read_bytes())
    path = signals.write(tmp_path / "in.wav", signals.noise(0.5, 16_000), 16_000)
    by_default = called("encode", path, "-o", tmp_path / "a.npy")
    by_name = called("encode", path, "-o", tmp_path / "b.npy", "--model", "mine")
    assert (by_default.code, by_name.code) == (0, 0)
    assert "by the model mine" in by_default.out
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


@pytest.mark.usefixtures("nothing_bundled")
def test_without_any_model_it_is_said_how_to_get_one(tmp_path):
    path = signals.write(tmp_path / "in.wav", signals.noise(0.5, 16_000), 16_000)
    outcome = called("encode", path, "-o", tmp_path / "e.npy")
    assert (outcome.code, outcome.out) == (2, "")
    assert "deepbass model import" in outcome.err
    assert not (tmp_path / "e.npy").exists()


@pytest.mark.parametrize(
    ("name", "says"),
    [("missing.wav", "does not exist"), ("text.wav", "text.wav: "), ("short.wav", "too short")],
)
def test_what_can_not_be_encoded_is_named_and_nothing_is_written(tmp_path, model, name, says):
    (tmp_path / "text.wav").write_text("no music")
    signals.write(tmp_path / "short.wav", signals.noise(0.003, 16_000), 16_000)
    outcome = called("encode", tmp_path / name, "-o", tmp_path / "e.npy", "--model", model)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err
    assert not (tmp_path / "e.npy").exists()


def test_a_file_that_is_cut_short_is_encoded_with_code_1(tmp_path, model):
    path = signals.write(tmp_path / "in.wav", signals.noise(1.0, 16_000, channels=1), 16_000)
    path.write_bytes(path.read_bytes()[:-16_000])
    outcome = called("encode", path, "-o", tmp_path / "e.npy", "--model", model)
    assert outcome.code == 1
    assert "is cut short" in outcome.err
    assert np.load(tmp_path / "e.npy").shape == (125, 4)


def test_a_file_that_exists_is_replaced_only_if_asked(tmp_path, model):
    path = signals.write(tmp_path / "in.wav", signals.noise(0.5, 16_000), 16_000)
    (tmp_path / "e.npy").write_bytes(b"kept")
    words = ["encode", path, "-o", tmp_path / "e.npy", "--model", model]
    refused = called(*words)
    assert refused.code == 2
    assert "use --overwrite" in refused.err
    assert (tmp_path / "e.npy").read_bytes() == b"kept"
    assert called(*words, "--overwrite").code == 0
    assert np.load(tmp_path / "e.npy").shape == (125, 4)


@best_of_three
def test_a_signal_stops_it_and_leaves_nothing(tmp_path, model):
    """In the midst of ten minutes, which take many times as long."""
    sound = np.tile(signals.noise(60, 8_000, channels=1), (10, 1))
    path = signals.write(tmp_path / "in.flac", sound, 8_000)
    process = subprocess.Popen(
        command("encode", path, "-o", tmp_path / "e.npy", "--model", model),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    deadline_s = time.monotonic() + 20
    while not list(tmp_path.glob(".*.part")):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    time.sleep(0.3)
    assert process.poll() is None, "it was done before it could be stopped"
    sent_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert_within(0.8, sent_s)
    assert process.returncode == 130
    assert (out, err) == ("", "cancelled; nothing was written\n")
    assert [file.name for file in tmp_path.iterdir()] == ["in.flac"]

"""`deepbass decode`."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import signals
import soundfile
from commands import called
from nsynth_models import random_weights, small_config

from deepbass_engine.nsynth import mu_law, weights
from deepbass_engine.nsynth.autoencoder import Autoencoder

CONFIG = small_config(hop=64)
ON_CPU = ("--device", "cpu", "--precision", "float32")


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


@pytest.fixture
def encodings(tmp_path: Path) -> Path:
    drawn = np.random.default_rng(0).standard_normal((10, 4))
    np.save(tmp_path / "e.npy", drawn.astype(np.float32))
    return tmp_path / "e.npy"


def classes_of(path: Path) -> np.ndarray:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    assert rate_hz == 16_000
    return mu_law(samples) + 128


def test_encodings_become_the_wav_the_library_decodes(tmp_path, model, encodings):
    target = tmp_path / "out.wav"
    outcome = called("decode", encodings, "-o", target, "--model", model, "--seed", "3", *ON_CPU)
    assert outcome.code == 0
    assert "0:00.0, 16000 Hz, mono, seed 3, by the model small\n" in outcome.out
    info = soundfile.info(target)
    assert (info.frames, info.channels, info.subtype) == (640, 1, "PCM_16")
    expected = Autoencoder(CONFIG, random_weights(CONFIG)).decode(
        np.load(encodings)[np.newaxis], seed=3, device="cpu", precision="float32"
    )[0]
    np.testing.assert_array_equal(classes_of(target), expected)


def test_how_long_it_will_take_is_said(tmp_path, model, encodings):
    outcome = called("decode", encodings, "-o", tmp_path / "o.wav", "--model", model, *ON_CPU)
    says = r"deepbass: decoding 0:00\.0 takes about \d+:\d\d\.\d \(cpu, float32\)\n"
    assert re.fullmatch(says, outcome.err)


def test_the_same_seed_gives_the_same_file_and_another_one_another(tmp_path, model, encodings):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        words = ["decode", encodings, "-o", tmp_path / f"{name}.wav", "--model", model]
        assert called(*words, "--seed", seed, *ON_CPU).code == 0
    a, b, c = ((tmp_path / f"{name}.wav").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_encodings_of_one_stream_of_a_batch_will_do(tmp_path, model, encodings):
    np.save(tmp_path / "batch.npy", np.load(encodings)[np.newaxis])
    for name in ("e", "batch"):
        source, target = tmp_path / f"{name}.npy", tmp_path / f"{name}.wav"
        assert called("decode", source, "-o", target, "--model", model, *ON_CPU).code == 0
    assert (tmp_path / "e.wav").read_bytes() == (tmp_path / "batch.wav").read_bytes()


def test_what_encode_writes_decode_reads(tmp_path, model):
    audio = signals.write(tmp_path / "in.wav", signals.music(0.5, 16_000), 16_000)
    assert called("encode", audio, "-o", tmp_path / "x.npy", "--model", model).code == 0
    words = ["decode", tmp_path / "x.npy", "-o", tmp_path / "x.wav", "--model", model]
    assert called(*words, *ON_CPU).code == 0
    assert soundfile.info(tmp_path / "x.wav").frames == 8000


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        (np.zeros((5, 3), np.float32), "shape (1, 5, 3)"),
        (np.zeros((2, 5, 4), np.float32), "shape (2, 5, 4), not encodings"),
        (np.full((5, 4), np.nan, np.float32), "NaN or infinity"),
    ],
)
def test_what_can_not_be_decoded_is_named_and_nothing_is_written(tmp_path, model, stored, says):
    np.save(tmp_path / "e.npy", stored)
    outcome = called("decode", tmp_path / "e.npy", "-o", tmp_path / "o.wav", "--model", model)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"deepbass: {tmp_path / 'e.npy'}: ")
    assert says in outcome.err
    assert not (tmp_path / "o.wav").exists()


def test_the_model_that_comes_along_decodes_what_it_encoded(tmp_path, bundled):
    audio = signals.write(tmp_path / "in.wav", signals.music(0.5, 16_000), 16_000)
    assert called("encode", audio, "-o", tmp_path / "x.npy").out.endswith("by the model along\n")
    outcome = called("decode", tmp_path / "x.npy", "-o", tmp_path / "x.wav", *ON_CPU)
    assert outcome.out.endswith("by the model along\n")
    assert soundfile.info(tmp_path / "x.wav").frames == 8000


@pytest.mark.usefixtures("nothing_bundled")
def test_without_any_model_it_is_said_how_to_get_one(tmp_path, encodings):
    outcome = called("decode", encodings, "-o", tmp_path / "o.wav")
    assert outcome.code == 2
    assert "deepbass model import" in outcome.err


def test_a_file_that_exists_is_replaced_only_if_asked(tmp_path, model, encodings):
    (tmp_path / "o.wav").write_bytes(b"kept")
    words = ["decode", encodings, "-o", tmp_path / "o.wav", "--model", model, *ON_CPU]
    refused = called(*words)
    assert refused.code == 2
    assert "use --overwrite" in refused.err
    assert (tmp_path / "o.wav").read_bytes() == b"kept"
    assert called(*words, "--overwrite").code == 0
    assert soundfile.info(tmp_path / "o.wav").frames == 640


def test_a_name_that_is_no_wav_is_refused(tmp_path, model, encodings):
    outcome = called("decode", encodings, "-o", tmp_path / "o.flac", "--model", model)
    assert outcome.code == 2
    assert "name it .wav" in outcome.err

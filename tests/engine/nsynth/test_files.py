"""Encodings and decoded audio in files."""

from __future__ import annotations

import contextlib
import io
import os

import numpy as np
import pytest
import signals
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from nsynth_models import random_weights, small_config

from deepbass_engine.errors import InputError, ModelError, OutputError
from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.nsynth.files import (
    encode_file,
    load_encodings,
    new_file,
    save_encodings,
    wav_of,
)
from deepbass_engine.nsynth.mulaw import mu_law
from deepbass_engine.progress import Progress

CONFIG = small_config(hop=64)


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return Autoencoder(CONFIG, random_weights(CONFIG))


# Audio files ------------------------------------------------------------------------------------


def test_a_16_khz_mono_file_is_encoded_as_its_samples(model, tmp_path):
    samples = signals.noise(0.5, 16_000, channels=1)
    path = signals.write(tmp_path / "in.wav", samples, 16_000, "FLOAT")
    encoded = encode_file(model, path)
    np.testing.assert_array_equal(encoded.encodings, model.encode(samples.T)[0])
    assert (encoded.source.frames, encoded.problems) == (8000, ())


def test_the_rate_a_file_comes_in_changes_little(model, tmp_path):
    """A tone at 44.1 kHz in stereo gives the encodings of the same tone at 16 kHz in mono."""
    at_44k = signals.write(tmp_path / "a.wav", signals.sine(440, 2), subtype="FLOAT")
    tone = signals.sine(440, 2, 16_000, channels=1)
    at_16k = signals.write(tmp_path / "b.wav", tone, 16_000, "FLOAT")
    one, other = (encode_file(model, path).encodings for path in (at_44k, at_16k))
    assert one.shape == other.shape
    spread = other.std(axis=0).max()
    assert np.abs(one - other)[10:-10].max() < 0.1 * spread


def test_progress_ends_at_the_length_of_the_file(model, tmp_path):
    path = signals.write(tmp_path / "in.wav", signals.noise(1.0), 44_100)
    told: list[Progress] = []
    encode_file(model, path, on_progress=told.append)
    assert {(progress.stage, progress.total) for progress in told} == {("encoding", 16_000)}
    assert told[-1].done == 16_000


@pytest.mark.parametrize("n_frames", [1, 63])
def test_a_file_shorter_than_a_frame_is_refused(model, tmp_path, n_frames):
    path = signals.write(tmp_path / "in.wav", np.ones((n_frames, 1), np.float32) / 2, 16_000)
    with pytest.raises(InputError, match=r"too short to be encoded.*frame of this model is 0\.004"):
        encode_file(model, path)


def test_a_file_that_is_no_audio_is_refused(model, tmp_path):
    (tmp_path / "in.wav").write_text("no music")
    with pytest.raises(InputError):
        encode_file(model, tmp_path / "in.wav")


def test_a_file_that_is_cut_short_is_encoded_as_far_as_it_goes_and_says_so(model, tmp_path):
    path = signals.write(tmp_path / "in.wav", signals.noise(1.0, 16_000, channels=1), 16_000)
    path.write_bytes(path.read_bytes()[: 44 + 2 * 8000])
    encoded = encode_file(model, path)
    assert len(encoded.encodings) == 8000 // 64
    assert [problem.what for problem in encoded.problems] == [
        "is cut short: 0:01.0 declared, 0:00.5 could be read and is used"
    ]


def test_samples_that_are_no_numbers_are_heard_as_silence_and_said(model, tmp_path):
    samples = signals.noise(0.5, 16_000, channels=1)
    samples[100:103] = np.nan
    encoded = encode_file(model, signals.write(tmp_path / "a.wav", samples, 16_000, "FLOAT"))
    samples[100:103] = 0
    silent = encode_file(model, signals.write(tmp_path / "b.wav", samples, 16_000, "FLOAT"))
    np.testing.assert_array_equal(encoded.encodings, silent.encodings)
    assert "3 samples that are no finite numbers" in encoded.problems[0].what


# Encodings --------------------------------------------------------------------------------------


def encodings_of(n_frames: int) -> np.ndarray:
    drawn = np.random.default_rng(0).standard_normal((n_frames, CONFIG.n_z))
    return drawn.astype(np.float32)


def test_encodings_come_back_as_they_were(tmp_path):
    save_encodings(tmp_path / "e.npy", encodings_of(5))
    found = load_encodings(tmp_path / "e.npy", CONFIG)
    np.testing.assert_array_equal(found, encodings_of(5))
    assert found.dtype == np.float32


@pytest.mark.parametrize("kind", ["<f2", "<f4", ">f4", "<f8"])
@pytest.mark.parametrize("shape", [(5, 4), (1, 5, 4)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_floats_of_one_stream_will_do(tmp_path, kind, shape, order):
    stored = np.asarray(encodings_of(5).reshape(shape), kind, order=order)
    np.save(tmp_path / "e.npy", stored)
    found = load_encodings(tmp_path / "e.npy", CONFIG)
    np.testing.assert_array_equal(found, stored.reshape(5, 4).astype(np.float32))


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        (np.zeros((5, 3), np.float32), r"shape \(1, 5, 3\)"),
        (np.zeros((0, 4), np.float32), r"shape \(1, 0, 4\)"),
        (np.zeros((2, 5, 4), np.float32), r"float32 of shape \(2, 5, 4\), not encodings"),
        (np.zeros(4, np.float32), r"float32 of shape \(4,\), not encodings"),
        (np.zeros((), np.float32), r"float32 of shape \(\), not encodings"),
        (np.zeros((5, 4), np.int32), r"int32 of shape \(5, 4\), not encodings"),
        (np.zeros((5, 4), np.complex64), "complex64"),
        (np.full((5, 4), np.nan, np.float32), "NaN or infinity"),
        (np.full((5, 4), 1e300), "NaN or infinity"),
        (np.array([["a", "b"]]), "not encodings"),
    ],
)
def test_what_the_model_can_not_decode_is_refused_and_named(tmp_path, stored, says):
    np.save(tmp_path / "e.npy", stored)
    with pytest.raises(ModelError, match=says) as caught:
        load_encodings(tmp_path / "e.npy", CONFIG)
    assert caught.value.path == tmp_path / "e.npy"
    assert caught.value.hint


class Trap:
    """An object that tells when it is unpickled."""

    def __reduce__(self):
        return os.putenv, ("DEEPBASS_TRAP", "1")


def test_nothing_is_unpickled(tmp_path):
    np.save(tmp_path / "e.npy", np.array([Trap()], object), allow_pickle=True)
    with pytest.raises(ModelError, match=r"is no \.npy file"):
        load_encodings(tmp_path / "e.npy", CONFIG)


def file_bytes() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, encodings_of(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF and more text than a header has",
        b"PK\x03\x04 as an .npz begins",
        file_bytes()[:50],
        file_bytes()[:-1],
        file_bytes().replace(b"(3, 4), }           ", b"(30000000000, 4), } "),
    ],
    ids=["empty", "text", "zip", "cut header", "cut data", "more than there is"],
)
def test_other_and_cut_files_are_refused(tmp_path, content):
    (tmp_path / "e.npy").write_bytes(content)
    with pytest.raises(ModelError, match=r"is no \.npy file, or is cut short"):
        load_encodings(tmp_path / "e.npy", CONFIG)


@settings(deadline=None, max_examples=150)
@given(place=st.integers(0, 127), byte=st.integers(0, 255))
def test_a_damaged_header_is_refused_or_harmless(tmp_path_factory, place, byte):
    path = tmp_path_factory.mktemp("damaged") / "e.npy"
    content = bytearray(file_bytes())
    content[place] = byte
    path.write_bytes(content)
    with contextlib.suppress(ModelError):
        assert load_encodings(path, CONFIG).shape[1] == CONFIG.n_z


@pytest.mark.parametrize("name", ["missing.npy", "folder"])
def test_a_file_that_can_not_be_read_is_named(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ModelError, match="can't be read") as caught:
        load_encodings(tmp_path / name, CONFIG)
    assert caught.value.path == tmp_path / name


# Decoded audio ----------------------------------------------------------------------------------


def test_a_wav_of_classes_is_of_these_classes():
    """Every class survives 16 bits, whatever reads the file."""
    classes = np.arange(256, dtype=np.uint8)
    samples, rate_hz = soundfile.read(io.BytesIO(wav_of(classes)), dtype="float32")
    assert (samples.shape, rate_hz) == ((256,), 16_000)
    np.testing.assert_array_equal(mu_law(samples) + 128, classes)
    assert soundfile.info(io.BytesIO(wav_of(classes))).subtype == "PCM_16"


# Places -----------------------------------------------------------------------------------------


def test_a_new_file_stands_whole_in_its_place(tmp_path):
    with new_file(tmp_path / "e.npy", tmp_path / "in.wav", ".npy", overwrite=False) as temporary:
        temporary.write_bytes(b"content")
        assert not (tmp_path / "e.npy").exists()
    assert (tmp_path / "e.npy").read_bytes() == b"content"
    assert len(list(tmp_path.iterdir())) == 1


def test_after_a_failure_nothing_is_left(tmp_path):
    def fail() -> None:
        target, made_from = tmp_path / "e.npy", tmp_path / "in.wav"
        with new_file(target, made_from, ".npy", overwrite=False) as temporary:
            temporary.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "overwrite", "says"),
    [
        ("e.wav", False, r"has not the extension \.npy"),
        ("e", False, r"has not the extension \.npy"),
        ("there.npy", False, "exists already"),
        ("folder.npy", True, "is a folder"),
        ("missing/e.npy", False, "can't be written"),
        ("in.npy", True, "is the file it would be made from"),
        ("link.npy", True, "is the file it would be made from"),
        ("a\0b.npy", False, "NUL character"),
    ],
)
def test_where_a_file_must_not_be_written_is_found_out_at_the_start(
    tmp_path, name, overwrite, says
):
    for there in ("there.npy", "in.npy"):
        (tmp_path / there).write_bytes(b"kept")
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "link.npy").symlink_to(tmp_path / "in.npy")
    target, made_from = tmp_path / name, tmp_path / "in.npy"
    with (
        pytest.raises(OutputError, match=says),
        new_file(target, made_from, ".npy", overwrite=overwrite),
    ):
        pytest.fail("it began to be written")
    assert (tmp_path / "there.npy").read_bytes() == (tmp_path / "in.npy").read_bytes() == b"kept"

"""Mono, stereo and surround to stereo, in arrays and in every container that holds surround."""

from __future__ import annotations

from pathlib import Path

import encoders
import numpy as np
import pytest
import signals

from deepbass_engine.audio.channels import LAYOUTS, keeps_samples, to_stereo
from deepbass_engine.audio.decode import Decoding, count_frames, probe

ROOT_HALF = 0.5**0.5
SURROUND = ("FL", "FR", "FC", "LFE", "BL", "BR")
TONES_HZ = (300.0, 500.0, 700.0, 60.0, 1100.0, 1300.0)
LEFT = (1.0, 0.0, ROOT_HALF, 0.0, ROOT_HALF, 0.0)
RIGHT = (0.0, 1.0, ROOT_HALF, 0.0, 0.0, ROOT_HALF)
AMPLITUDE = 0.1


def surround() -> np.ndarray:
    """2 s of 5.1 with another tone in every channel, in WAVE's order."""
    tones = [signals.sine(f, 2.0, 48_000, amplitude=AMPLITUDE, channels=1) for f in TONES_HZ]
    return np.concatenate(tones, axis=1)


def amplitudes(channel: np.ndarray) -> list[float]:
    """How strong each of the tones is in a channel, over its middle second."""
    middle = channel[24_000:72_000].astype(np.float64)
    t = np.arange(48_000) / 48_000
    return [abs(2 * np.mean(middle * np.exp(-2j * np.pi * f * t))) for f in TONES_HZ]


def folded(path: Path) -> np.ndarray:
    source = count_frames(probe(path))
    return np.concatenate([to_stereo(block, source.layout).copy() for block in Decoding(source)])


def test_mono_is_spread_without_a_change_of_level():
    mono = signals.noise(0.1, channels=1)
    stereo = to_stereo(mono, ("FC",))
    np.testing.assert_array_equal(stereo, np.concatenate([mono, mono], axis=1))


def test_stereo_is_passed_on_itself():
    stereo = signals.noise(0.1)
    assert to_stereo(stereo, ("FL", "FR")) is stereo


def test_integer_mono_stays_integer():
    mono = np.array([[1], [-32768], [32767]], np.int16)
    stereo = to_stereo(mono, ("FC",))
    assert stereo.dtype == np.int16
    np.testing.assert_array_equal(stereo, np.repeat(mono, 2, axis=1))


def test_only_mono_and_stereo_keep_their_samples():
    assert [n for n, layout in LAYOUTS.items() if keeps_samples(layout)] == [1, 2]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=str)
def test_every_channel_but_the_low_one_is_heard_and_left_mirrors_right(layout):
    for place, name in enumerate(layout):
        alone = np.zeros((1, len(layout)), np.float32)
        alone[0, place] = 1.0
        left, right = to_stereo(alone, layout)[0]
        if name == "LFE":
            assert (left, right) == (0.0, 0.0)
        elif name in ("FC", "BC") or len(layout) == 1:
            assert left == right > 0
        else:
            assert (left > 0, right > 0) == (name.endswith("L"), name.endswith("R"))


def test_a_stereo_pair_inside_surround_keeps_its_level():
    block = np.zeros((100, 6), np.float32)
    block[:, :2] = signals.noise(1.0)[:100]
    np.testing.assert_array_equal(to_stereo(block, SURROUND), block[:, :2])


@pytest.mark.parametrize("name", ["5.1.wav", "5.1.rf64", "5.1.aiff", "5.1.flac", "5.1.alac"])
def test_surround_in_lossless_files_folds_by_itu_coefficients(tmp_path, name):
    wav = signals.write(tmp_path / "source.wav", surround(), 48_000)
    if name.endswith(".alac"):
        path = encoders.encode(wav, tmp_path / name)
    else:
        path = signals.write(tmp_path / name, surround(), 48_000)
    stereo = folded(path)
    assert len(stereo) == 96_000
    for channel, weights in ((0, LEFT), (1, RIGHT)):
        expected = [AMPLITUDE * weight for weight in weights]
        assert amplitudes(stereo[:, channel]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["5.1.ogg", "5.1.m4a", "5.1.opus"])
def test_surround_in_lossy_files_folds_by_itu_coefficients_whatever_their_channel_order(
    tmp_path, name
):
    # Vorbis orders FL FC FR BL BR LFE, AAC FC FL FR BL BR LFE
    wav = signals.write(tmp_path / "source.wav", surround(), 48_000)
    path = tmp_path / name
    codec = {".ogg": "libvorbis", ".m4a": "aac", ".opus": "libopus"}[path.suffix]
    encoders.run("ffmpeg", "-v", "error", "-channel_layout", "5.1", "-i", wav,
                 "-c:a", codec, "-b:a", "640k", path)  # fmt: skip
    assert sorted(probe(path).layout) == sorted(SURROUND)
    stereo = folded(path)
    for channel, weights in ((0, LEFT), (1, RIGHT)):
        expected = [AMPLITUDE * weight for weight in weights]
        assert amplitudes(stereo[:, channel]) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("extension", [".wma", ".mp3", ".ogg", ".opus", ".m4a"])
def test_mono_files_come_out_equal_in_both_channels(tmp_path, extension):
    wav = signals.write(tmp_path / "mono.wav", signals.music(2.0, channels=1))
    options = ("-V2",) if extension == ".mp3" else ()  # at constant bit rates lame scales by 0.95
    path = encoders.encode(wav, tmp_path / ("mono" + extension), *options)
    assert len(probe(path).layout) == 1
    stereo = folded(path)
    np.testing.assert_array_equal(stereo[:, 0], stereo[:, 1])
    assert np.sqrt(np.mean(stereo[:, 0] ** 2)) == pytest.approx(
        np.sqrt(np.mean(signals.music(2.0, channels=1) ** 2)), rel=0.02
    )


@pytest.mark.parametrize("extension", [".wma", ".wav", ".m4a"])
def test_stereo_channels_are_not_exchanged(tmp_path, extension):
    left = signals.sine(500.0, 2.0, 48_000, amplitude=0.3, channels=1)
    right = signals.sine(1100.0, 2.0, 48_000, amplitude=0.3, channels=1)
    samples = np.concatenate([left, right], axis=1)
    wav = signals.write(tmp_path / "source.wav", samples, 48_000)
    path = wav if extension == ".wav" else encoders.encode(wav, tmp_path / ("a" + extension))
    stereo = folded(path)
    at_500, at_1100 = TONES_HZ.index(500.0), TONES_HZ.index(1100.0)
    assert amplitudes(stereo[:, 0])[at_500] > 10 * amplitudes(stereo[:, 0])[at_1100]
    assert amplitudes(stereo[:, 1])[at_1100] > 10 * amplitudes(stereo[:, 1])[at_500]
    assert probe(path).layout == ("FL", "FR")

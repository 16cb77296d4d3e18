"""Generated songs: always the same, all different, and with something to learn in every stretch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import generate_music
import numpy as np
import pytest
import soundfile
from generate_music import RATE_HZ, song

pytestmark = pytest.mark.slow  # a whole song is made or measured

SECONDS = 20.0
LEVELS_OF_SONG_0 = [0.119301, 0.091636, 0.12354, 0.108465]
"""RMS of each of its first four seconds."""


@pytest.fixture(scope="module")
def songs() -> list[np.ndarray]:
    return [song(3, number, SECONDS) for number in range(3)]


def test_a_seed_gives_the_same_samples_again(songs):
    np.testing.assert_array_equal(song(3, 1, SECONDS), songs[1])


def test_the_songs_of_seed_0_are_those_the_default_model_was_trained_on():
    seconds = song(0, 0, 60.0)[: 4 * RATE_HZ].reshape(4, -1).astype(np.float64)
    levels = np.sqrt((seconds**2).mean(axis=1))
    np.testing.assert_allclose(levels, LEVELS_OF_SONG_0, rtol=1e-4)


def test_no_song_is_like_another(songs):
    likeness = np.corrcoef(np.stack([*songs, song(4, 0, SECONDS)]))
    assert np.abs(likeness - np.eye(4)).max() < 0.2


def test_songs_are_as_long_as_asked_mono_and_never_clipped(songs):
    for each in songs:
        assert each.shape == (SECONDS * RATE_HZ,)
        assert each.dtype == np.float32
        assert np.abs(each).max() == pytest.approx(0.9)


def test_no_pause_is_longer_than_3_s(songs):
    for each in songs:
        hundredths = np.abs(each).reshape(-1, RATE_HZ // 100).max(axis=1)
        heard = np.flatnonzero(hundredths > 10 ** (-50 / 20))
        assert np.diff([-1, *heard, len(hundredths)]).max() < 300


def test_low_and_high_are_both_there(songs):
    hz = np.fft.rfftfreq(int(SECONDS * RATE_HZ), 1 / RATE_HZ)
    for each in songs:
        power = np.abs(np.fft.rfft(each)) ** 2
        assert power[(hz > 40) & (hz < 200)].sum() > 0.1 * power.sum()
        assert power[(hz > 2_000) & (hz < 8_000)].sum() > 0.003 * power.sum()


def test_the_program_writes_what_the_function_gives(tmp_path: Path):
    script = Path(generate_music.__file__)
    command = [sys.executable, script, "-o", tmp_path / "new", "--songs", "2", "--seconds", "2"]
    said = subprocess.run([*command, "--seed", "5"], check=True, capture_output=True, text=True)
    files = sorted((tmp_path / "new").iterdir())
    assert said.stdout.split() == [str(file) for file in files]
    assert [file.name for file in files] == ["generated-5-000.flac", "generated-5-001.flac"]
    read, rate_hz = soundfile.read(files[1], dtype="float32")
    assert rate_hz == RATE_HZ
    np.testing.assert_allclose(read, song(5, 1, 2.0), atol=2**-15)


@pytest.mark.parametrize("wrong", [["--songs", "0"], ["--seconds", "nan"], ["--seed", "-1"]])
def test_a_wrong_number_is_refused_before_anything_is_made(monkeypatch, tmp_path, capsys, wrong):
    target = tmp_path / "new"
    monkeypatch.setattr(sys, "argv", ["generate_music.py", "-o", str(target), *wrong])
    with pytest.raises(SystemExit, match="2"):
        generate_music.main()
    assert "one song at least" in capsys.readouterr().err
    assert not target.exists()

"""`deepbass analyze`: the document's keys are a contract."""

from __future__ import annotations

import json
from pathlib import Path

import loops
import numpy as np
import progressions
import pytest
import signals
from commands import deepbass
from loops import loop
from progressions import progression

from deepbass_engine.cli.main import main

RATE_HZ = 16_000
KEYS = [
    "path", "duration_s", "sample_rate_hz", "channels", "span_s", "loudness_lufs",
    "loudness_range_lu", "max_momentary_lufs", "max_short_term_lufs", "true_peak_dbtp",
    "tempo_bpm", "tempo_confidence", "tempo_is_steady", "first_beat_s", "first_downbeat",
    "key", "camelot", "key_confidence", "warnings",
]  # fmt: skip


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """Two seconds of a 997 Hz tone, each channel at -20 dBFS, in three of silence."""
    silence = signals.silence(1, RATE_HZ)
    sound = signals.sine(997, 2, RATE_HZ, amplitude=0.1)
    samples = np.concatenate([silence, sound, silence, silence])
    return signals.write(tmp_path / "tone.wav", samples, RATE_HZ)


def test_the_document_has_the_keys_of_its_schema(
    tone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(tone), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    document = json.loads(out)
    assert list(document) == ["schema", "tracks", "problems"]
    assert document["schema"] == "deepbass.analysis/1"
    (track,) = document["tracks"]
    assert list(track) == KEYS
    assert track["path"] == str(tone)
    assert (track["duration_s"], track["sample_rate_hz"], track["channels"]) == (5.0, RATE_HZ, 2)
    assert track["span_s"] == pytest.approx([1.0, 3.0], abs=0.02)
    assert track["loudness_lufs"] == pytest.approx(-20.6, abs=0.1)  # its ends ring into silence
    assert track["warnings"] == []
    assert track["true_peak_dbtp"] == pytest.approx(-20.0, abs=0.2)
    assert track["max_momentary_lufs"] == pytest.approx(-20.0, abs=0.1)
    assert track["max_short_term_lufs"] == pytest.approx(-20.0 - 1.76, abs=0.1)  # 2 s of 3 s


def test_tempo_and_key_of_music_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beat = loop("house", 124.5, first_beat_s=0.2).samples
    path = signals.write(tmp_path / "loop.wav", beat, loops.RATE_HZ)
    assert main(["analyze", str(path), "--json"]) == 0
    (track,) = json.loads(capsys.readouterr().out)["tracks"]
    assert track["tempo_bpm"] == pytest.approx(124.5, rel=2e-4)
    assert track["first_beat_s"] == pytest.approx(0.2, abs=0.005)
    assert (track["first_downbeat"], track["tempo_is_steady"]) == (0, True)
    chords = signals.write(tmp_path / "chords.wav", progression(9, "minor"), progressions.RATE_HZ)
    assert main(["analyze", str(chords)]) == 0
    assert "A minor, 8A" in capsys.readouterr().out


def test_loudness_of_a_tone_is_the_one_it_is_defined_by(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """EBU Tech 3341: 1 kHz at -20 dBFS in both channels reads -20 LUFS."""
    sound = signals.sine(1000, 20, 48_000, amplitude=0.1)
    path = signals.write(tmp_path / "tone.wav", sound, 48_000, "PCM_24")
    assert main(["analyze", str(path), "--json"]) == 0
    (track,) = json.loads(capsys.readouterr().out)["tracks"]
    assert track["loudness_lufs"] == pytest.approx(-20.0, abs=0.1)


def test_no_trim_keeps_all_and_measures_it_too(
    tone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(tone), "--json", "--trim", "none"]) == 0
    (track,) = json.loads(capsys.readouterr().out)["tracks"]
    assert track["span_s"] == [0.0, 5.0]
    assert track["loudness_lufs"] == pytest.approx(-20.6, abs=0.1)


def test_a_person_gets_four_lines_a_track(tone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(tone)]) == 0
    *lines, music = capsys.readouterr().out.splitlines()
    assert lines == [
        str(tone),
        "    0:05.0, WAV PCM_16, 16000 Hz, 2 channels",
        "    heard from 0:01.0 to 0:03.0, loudness -20.6 LUFS",
    ]
    assert music.startswith("    true peak -20.0 dBTP")


def test_what_can_not_be_analysed_is_named_and_the_rest_is_done(tone: Path, tmp_path: Path) -> None:
    (tmp_path / "zero.wav").touch()
    (tmp_path / "list.m3u8").write_text("tone.wav\nmissing.wav\n")
    outcome = deepbass("analyze", tmp_path / "list.m3u8", tmp_path / "zero.wav", "--json")
    assert outcome.code == 1
    document = json.loads(outcome.out)
    assert [track["path"] for track in document["tracks"]] == [str(tone)]
    assert [(p["path"], p["line"], p["what"]) for p in document["problems"]] == [
        (str(tmp_path / "list.m3u8"), 2, "there is no file missing.wav"),
        (str(tmp_path / "zero.wav"), None, "is empty (0 bytes)"),
    ]
    assert len(outcome.err.splitlines()) == 2
    assert "line 2: there is no file missing.wav" in outcome.err
    assert "zero.wav: is empty (0 bytes) (copy it again)" in outcome.err


def test_a_damaged_track_carries_its_warning(
    tone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tone.write_bytes(tone.read_bytes()[: 44 + 3 * RATE_HZ * 4])
    assert main(["analyze", str(tone), "--json"]) == 1
    (track,) = json.loads(capsys.readouterr().out)["tracks"]
    assert track["duration_s"] == 3.0
    assert track["warnings"] == ["is cut short: 0:05.0 declared, 0:03.0 could be read and is used"]


def test_nothing_analysed_is_code_2_and_the_document_says_why(tmp_path: Path) -> None:
    outcome = deepbass("analyze", tmp_path / "missing.wav", "--json")
    assert outcome.code == 2
    document = json.loads(outcome.out)
    assert document["tracks"] == []
    assert document["problems"][0]["what"] == "there is no such file or folder"
    assert outcome.err.splitlines() == [
        f"deepbass: {tmp_path}/missing.wav: there is no such file or folder "
        "(check its name and place)",
        "deepbass: none of the files could be analysed (give audio files or folders)",
    ]

"""`deepbass rough`: the document's keys are a contract, the numbers those of the engine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import signals
from commands import called, deepbass
from encoders import encode

from deepbass_engine.analysis.dissonance import dissonance
from deepbass_engine.analysis.roughness import timbral_roughness
from deepbass_engine.cli.console import Console
from deepbass_engine.cli.main import main
from deepbass_engine.mix.file_roughness import measure_files
from deepbass_engine.progress import Progress

RATE_HZ = 16_000


def clash(channels: int = 2) -> np.ndarray:
    """Two seconds of a semitone, unlike in every channel but in tune among them."""
    low = signals.sine(440.0, 2.0, RATE_HZ, amplitude=0.2, channels=channels)
    high = signals.sine(470.0, 2.0, RATE_HZ, amplitude=0.2, channels=channels)
    return low + high * np.linspace(1.0, 0.5, channels, dtype=np.float32)


@pytest.fixture
def rough(tmp_path: Path) -> Path:
    """A stereo file that is rough."""
    return signals.write(tmp_path / "rough.wav", clash(), RATE_HZ, "FLOAT")


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    """A file of silence."""
    return signals.write(tmp_path / "silent.wav", signals.silence(1.0, RATE_HZ), RATE_HZ)


def measured(capsys: pytest.CaptureFixture[str], *paths: Path) -> list[dict[str, object]]:
    """Rows of the document of some files, all of which can be measured."""
    assert main(["rough", *map(str, paths), "--json"]) == 0
    files: list[dict[str, object]] = json.loads(capsys.readouterr().out)["files"]
    return files


def test_the_document_has_the_keys_of_its_schema(
    rough: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rough", str(rough), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    document = json.loads(out)
    assert list(document) == ["schema", "files", "problems"]
    assert document["schema"] == "deepbass.roughness/1"
    assert document["problems"] == []
    (row,) = document["files"]
    assert list(row) == ["path", "roughness", "roughness_vassilakis", "dissonance"]
    assert row["path"] == str(rough)


def test_the_numbers_are_those_of_the_engine(
    rough: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = measured(capsys, rough)
    expected = timbral_roughness(clash(), RATE_HZ)
    assert expected.published > 20
    assert row["roughness"] == pytest.approx(expected.published, rel=1e-5)
    assert row["roughness_vassilakis"] == pytest.approx(expected.vassilakis, rel=1e-5)
    mean = dissonance(clash().sum(axis=1), RATE_HZ).mean
    assert mean > 0.3
    assert row["dissonance"] == pytest.approx(mean, rel=1e-5)


def test_of_more_than_three_channels_the_first_three_are_summed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = np.concatenate([clash(3), signals.noise(2.0, RATE_HZ, channels=3)], axis=1)
    surround = signals.write(tmp_path / "5.1.wav", samples, RATE_HZ, "FLOAT")
    summed = clash(3).sum(axis=1, keepdims=True)
    mono = signals.write(tmp_path / "mono.wav", summed, RATE_HZ, "FLOAT")
    one, other = measured(capsys, surround, mono)
    for name in ("roughness", "roughness_vassilakis", "dissonance"):
        assert one[name] == pytest.approx(other[name], rel=1e-5)


def test_a_file_longer_than_it_says_is_measured_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An MP3 names no length, and its 12 s are more than a block: quiet, then rough."""
    tone = signals.sine(440.0, 6.0, 44_100, amplitude=0.2)
    other = signals.sine(470.0, 6.0, 44_100, amplitude=0.2)
    wav = signals.write(tmp_path / "long.wav", np.concatenate([tone, tone + other]))
    of_mp3, of_wav = measured(capsys, encode(wav, tmp_path / "long.mp3", "-b", "320"), wav)
    assert of_mp3["dissonance"] == pytest.approx(of_wav["dissonance"], rel=0.05)


def test_a_person_is_told_what_the_numbers_mean(
    rough: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = measured(capsys, rough)
    assert main(["rough", str(rough)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(rough),
        f"    roughness {row['roughness']:.1f} on a scale of 0 (smooth) to about 90 "
        f"({row['roughness_vassilakis']:.1f} by Vassilakis's formula)",
        f"    dissonance {row['dissonance']:.2f} (0 where no two partials grate on each other, "
        "1 to 4 in most music)",
    ]


def test_what_can_not_be_measured_is_named_and_the_rest_is_done(
    rough: Path, silent: Path, tmp_path: Path
) -> None:
    (tmp_path / "list.m3u8").write_text("rough.wav\nsilent.wav\nmissing.wav\n")
    (tmp_path / "zero.wav").touch()
    outcome = called("rough", tmp_path / "list.m3u8", tmp_path / "zero.wav", "--json")
    assert outcome.code == 1
    document = json.loads(outcome.out)
    assert [row["path"] for row in document["files"]] == [str(rough)]
    named = {Path(problem["path"]).name: problem for problem in document["problems"]}
    assert named.keys() == {"list.m3u8", "silent.wav", "zero.wav"}
    assert "silent" in named["silent.wav"]["what"]
    assert len(outcome.err.splitlines()) == 3
    for problem in document["problems"]:
        assert f"{problem['path']}" in outcome.err


def test_a_damaged_file_is_measured_and_named(rough: Path) -> None:
    rough.write_bytes(rough.read_bytes()[:-RATE_HZ])
    outcome = called("rough", rough, "--json")
    assert outcome.code == 1
    document = json.loads(outcome.out)
    assert len(document["files"]) == 1
    assert "is cut short" in document["problems"][0]["what"]


def test_nothing_measured_is_code_2(silent: Path) -> None:
    outcome = deepbass("rough", silent)
    assert outcome.code == 2
    assert outcome.out == ""
    of_file, at_last = outcome.err.splitlines()
    assert str(silent) in of_file
    assert "silent" in of_file
    assert at_last == (
        "deepbass: none of the files could be measured (give audio files that hold sound)"
    )


def test_the_number_of_threads_changes_nothing(rough: Path, tmp_path: Path) -> None:
    other = signals.write(tmp_path / "music.wav", signals.music(2.0, RATE_HZ), RATE_HZ)
    one, two = (called("rough", rough, other, "--json", "--jobs", n).out for n in ("1", "2"))
    assert json.loads(one)["files"] == json.loads(two)["files"]
    assert len(json.loads(one)["files"]) == 2


def test_progress_counts_up_to_the_end_over_all_files(rough: Path, silent: Path) -> None:
    told: list[Progress] = []
    measure_files([rough, silent], jobs=1, on_progress=told.append)
    shares = [progress.done / progress.total for progress in told]
    assert shares == sorted(shares)
    assert len(set(shares)) > 3
    assert shares[-1] == 1.0


def test_once_cancelled_nothing_is_printed(
    rough: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As by Ctrl-C, at the first progress that is told."""
    monkeypatch.setattr(Console, "progress", lambda console, _: console.cancel.cancel())
    assert main(["rough", str(rough)]) == 130
    assert capsys.readouterr().out == ""

"""`deepbass crossfade` and `deepbass config`, as a person types them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from signals import silence, sine, write

from deepbass_engine import legacy_ini
from deepbass_engine.cli.main import main

RATE_HZ = 16_000


@pytest.fixture
def songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with two songs."""
    pause = silence(1.0, RATE_HZ, channels=1)
    tone = sine(440.0, 3.0, RATE_HZ, channels=1)
    write(tmp_path / "Song1.wav", np.concatenate([tone, pause]), RATE_HZ)
    write(tmp_path / "Song2.wav", np.concatenate([pause, tone]), RATE_HZ)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edited(path: Path, **values: str) -> None:
    """Change values of a configuration file."""
    lines = path.read_text().splitlines()
    for name, value in values.items():
        key = name.replace("_", " ")
        lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines]
    path.write_text("\n".join(lines))


def test_a_new_file_edited_does_the_job(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "new"]) == 0
    edited(songs / "config.ini", firstsong="Song1.wav", secondsong="Song2.wav", time="2")
    assert main(["crossfade"]) == 0
    told = capsys.readouterr()
    assert "Song1.wav, 0:04.0, 0.88 s of silence at its end left out" in told.out
    assert "Linear, 2.00 s, 16000 Hz, mono" in told.out
    assert "Exp1_simple.wav" in told.out
    assert told.err == ""
    assert sorted(path.name for path in (songs / "crossfade").iterdir()) == [
        "Exp1_simple.wav",
        "begin_faded.wav",
        "begin_trim.wav",
        "end_faded.wav",
        "end_trim.wav",
    ]


def test_a_shortened_fade_is_said(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "new"])
    edited(songs / "config.ini", firstsong="Song1.wav", secondsong="Song2.wav", time="10")
    assert main(["crossfade", "--config", "config.ini", "--method", "simple"]) == 0
    assert (
        "the fade is shorter than the 10 s asked for: Song1.wav is only 3.12 s long without its "
        "silence"
    ) in capsys.readouterr().err


def test_what_could_not_be_played_ends_with_exit_code_1(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = sine(440.0, 3.0, RATE_HZ, channels=1)
    broken[100] = np.nan
    write(songs / "Song1.wav", broken, RATE_HZ, "FLOAT")
    main(["config", "new"])
    edited(songs / "config.ini", firstsong="Song1.wav", secondsong="Song2.wav", time="1")
    assert main(["crossfade"]) == 1
    assert "Song1.wav" in capsys.readouterr().err
    assert (songs / "crossfade" / "Exp1_simple.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["crossfade"], "config.ini: does not exist"),
        (["crossfade", "--config", "bad.ini"], "bad.ini, line 2: there is no key 'firstsng'"),
        (["crossfade", "--config", "Song1.wav"], "Song1.wav: is no configuration file"),
        (["config", "show", "--config", "bad.ini"], "did you mean firstsong?"),
        (["config", "new", "bad.ini"], "bad.ini: exists already"),
        (["config", "new", "missing/config.ini"], "make its folder first"),
    ],
)
def test_a_mistake_is_said_in_one_line_and_ends_with_exit_code_2(
    songs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    (songs / "bad.ini").write_text("[IO]\nfirstsng = Song1.wav\n")
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["crossfade", "--method", "nsynth"], ["config"]])
def test_what_there_is_not_is_bad_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: deepbass" in capsys.readouterr().err


def test_config_new_replaces_a_file_when_told(songs: Path) -> None:
    path = songs / "my file.ini"
    path.write_text("old")
    assert main(["config", "new", str(path), "--overwrite"]) == 0
    assert path.read_text() == legacy_ini.new_text()


def test_config_show_tells_values_and_defaults(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (songs / "config.ini").write_text(
        "[IO]\nfirstsong = Song1.wav\nsecondsong = Song2.wav\nload directory = .\n"
        "save directory = out\nsave name = Exp\n[Simple XFade Settings]\nstyle = sigmoid\n"
    )
    assert main(["config", "show", "--config", "config.ini"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "samplingrate = 16000    (default)" in lines
    assert "Style = Sigmoid" in lines
    assert f"firstsong = {songs / 'Song1.wav'}" in lines


def test_config_show_without_a_file_tells_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "SR window duration = 30" in lines
    assert "firstsong = (must be given)" in lines

"""`deepbass data prepare`: what it prints, what it names, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import signals
from commands import called, command, environment

RATE_HZ = 16_000


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    (tmp_path / "songs").mkdir()
    for i in range(3):
        noise = signals.noise(4.0, RATE_HZ, channels=1, seed=i)
        signals.write(tmp_path / "songs" / f"{i}.wav", noise, RATE_HZ)
    return tmp_path / "songs"


def prepare(songs: Path, out: Path, *more: str):
    return called("data", "prepare", songs, "-o", out, "--seconds", "1", *more)


def test_a_summary_says_what_there_is(songs: Path, tmp_path: Path) -> None:
    outcome = prepare(songs, tmp_path / "out")
    assert outcome.code == 0
    assert "to train on: 4 clips, 0.1 min, of 2 songs" in outcome.out
    assert "to validate on: 2 clips, 0.0 min, of 1 songs" in outcome.out
    assert not outcome.err


def test_what_is_left_out_is_named_and_the_exit_code_says_so(songs: Path, tmp_path: Path) -> None:
    (songs / "bad.wav").write_text("no audio")
    outcome = prepare(songs, tmp_path / "out", "--quiet")
    assert outcome.code == 1
    assert f"left out: {songs / 'bad.wav'}: " in outcome.err
    assert not outcome.out


def test_one_document_tells_all(songs: Path, tmp_path: Path) -> None:
    (songs / "bad.wav").write_text("no audio")
    document = json.loads(prepare(songs, tmp_path / "out", "--json").out)
    assert document["schema"] == "deepbass.training-data-report/1"
    assert len(document["songs"]) == 3
    assert [each["path"] for each in document["left_out"]] == [str(songs / "bad.wav")]
    assert document["settings"]["seconds"] == 1.0


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    outcome = prepare(tmp_path / "songs", tmp_path / "out")
    assert outcome.code == 2
    assert "no audio file in this folder" in outcome.err


def test_a_setting_out_of_range_is_refused(songs: Path, tmp_path: Path) -> None:
    outcome = prepare(songs, tmp_path / "out", "--valid-share", "1.5")
    assert outcome.code == 2
    assert "1.5 is not between 0 and 0.9" in outcome.err


@pytest.mark.parametrize("jobs", ["-1", "two"])
def test_a_number_of_jobs_that_is_none_is_refused(songs: Path, tmp_path: Path, jobs: str) -> None:
    outcome = prepare(songs, tmp_path / "out", "--jobs", jobs)
    assert outcome.code == 2
    assert f"{jobs!r} is no whole number from 0 on" in outcome.err


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_stops_it_and_the_same_command_goes_on(songs: Path, tmp_path: Path) -> None:
    """Half an hour of noise is being cut, or is next, when the signal comes."""
    out = tmp_path / "out"
    long = np.tile(signals.noise(60.0, RATE_HZ, channels=1, seed=9), (30, 1))
    signals.write(songs / "long.wav", long, RATE_HZ)
    words = (
        "data", "prepare", songs, "-o", out, "--seconds", "0.5", "--crop", "all", "--jobs", "1",
        "--max-duration", "4000",
    )  # fmt: skip
    assert called("analyze", songs).code == 0  # so that what is left is the cutting
    running = subprocess.Popen(
        command(*words),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list(out.glob(".*.part")):
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    printed, said = running.communicate(timeout=60)
    assert (running.returncode, printed) == (130, "")
    assert said == "cancelled; what is done is kept, and the same command goes on\n"
    assert not list(out.rglob("*.part"))
    assert not (out / "manifest.json").exists()
    assert called(*words).code == 0
    assert (out / "manifest.json").exists()


def test_a_scheduler_without_dask_or_an_answer_is_named(songs: Path, tmp_path: Path) -> None:
    outcome = prepare(songs, tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9")
    assert outcome.code == 2
    assert "--scheduler needs Dask" in outcome.err or "no Dask scheduler answers" in outcome.err

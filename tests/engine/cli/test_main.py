"""The program as a process: exit codes, streams, signals, and what help costs."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import signals
import soundfile
from commands import command, deepbass, environment
from quickly import assert_within, best_of_three

from deepbass_engine.cli.main import main
from deepbass_engine.version import __version__

RATE_HZ = 8000


@pytest.fixture
def music(tmp_path: Path) -> Path:
    return signals.write(tmp_path / "music.wav", signals.music(2, RATE_HZ), RATE_HZ)


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four hours of sound: seconds of work, and small on the disk."""
    path = tmp_path_factory.mktemp("hours") / "hours.flac"
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, subtype="PCM_16") as file:
        minute = signals.sine(220, 60, RATE_HZ)
        for _ in range(240):
            file.write(minute)
    return path


# Help -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [["--help"], ["mix", "--help"], ["gui", "--help"], ["--version"]]
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    heavy = ("numpy", "scipy", "soundfile", "soxr", "av", "mutagen", "matplotlib", "PySide6")
    program = (
        "import sys\n"
        "from deepbass_engine.cli.main import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True, env=environment(),
    )  # fmt: skip
    assert done.stdout
    assert done.stderr == "[]\n"


def test_every_command_has_help_and_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    listed = re.findall(r"^    (\w+) ", capsys.readouterr().out, re.MULTILINE)
    assert {"demo", "mix", "analyze"} <= set(listed)
    for name in listed:
        with pytest.raises(SystemExit) as caught:
            main([name, "--help"])
        assert caught.value.code == 0
        assert capsys.readouterr().out.startswith(f"usage: deepbass {name}")


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"deepbass {__version__}\n"


# Exit codes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["gui"], ["set.m3u8"]])
def test_no_command_and_a_files_name_open_the_window(tmp_path: Path, words: list[str]) -> None:
    """There is no screen here, so it says that it can't, and what can be done instead."""
    (tmp_path / "set.m3u8").write_text("one.wav\n")
    outcome = deepbass(*words, cwd=tmp_path, DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert (outcome.code, outcome.out) == (2, "")
    assert "no screen" in outcome.err
    assert "deepbass mix" in outcome.err


def test_an_unknown_command_is_named_with_those_there_are() -> None:
    outcome = deepbass("remix")
    assert (outcome.code, outcome.out) == (2, "")
    assert "'remix'" in outcome.err
    assert "'mix'" in outcome.err


def test_paths_may_stand_on_both_sides_of_the_flags(tmp_path: Path) -> None:
    for name in "abc":
        signals.write(tmp_path / f"{name}.wav", signals.music(1, RATE_HZ), RATE_HZ)
    outcome = deepbass(
        "mix", "b.wav", "-o", "mix.wav", "c.wav", "--duration", "0.1", "a.wav", cwd=tmp_path
    )
    assert (outcome.code, outcome.err) == (0, "")
    positions = [outcome.out.index(f"  {name}.wav") for name in "bca"]
    assert positions == sorted(positions)


@pytest.mark.parametrize("words", [["--frob"], ["--frob", "b.wav"], ["-x", "b.wav"]])
def test_an_unknown_flag_is_named_and_its_value_is_no_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["mix", "a.wav", "-o", str(tmp_path / "mix.wav"), *words])
    assert caught.value.code == 2
    assert f"unrecognized arguments: {' '.join(words)}" in capsys.readouterr().err


def test_a_command_without_paths_takes_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["demo", "a.wav"])
    assert caught.value.code == 2
    assert "unrecognized arguments: a.wav" in capsys.readouterr().err


def test_done_is_0_left_out_is_1_nothing_done_is_2(music: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_text("no music")
    codes = [
        deepbass("mix", *paths, "-o", tmp_path / "mix.wav", "--overwrite").code
        for paths in ([music, music], [music, bad], [bad])
    ]
    assert codes == [0, 1, 2]


def test_a_fault_of_the_program_is_not_taken_for_an_input_left_out(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python itself would end with 1, which in the contract means that a mix was made."""

    def fault(*_: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("deepbass_engine.mix.job.plan_mix", fault)
    assert main(["mix", str(music), "-o", str(tmp_path / "mix.wav")]) == 2
    err = capsys.readouterr().err
    assert "ZeroDivisionError: a fault" in err
    assert "fault in DeepBass itself" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["music.wav"]


def test_a_reader_that_goes_away_is_no_traceback(music: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    process = subprocess.Popen(
        command("mix", music, "-o", tmp_path / "mix.wav", "--report", report),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(30)
    assert "Traceback" not in err
    assert "Error" not in err
    assert report.exists()  # it is written though nobody reads the summary


# Signals ----------------------------------------------------------------------------------------


MOST_S = 0.8
"""The contract is 0.5 s for the call; a process has to be torn down as well."""


@pytest.mark.parametrize(
    "signum", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("stage", ["analysing", "rendering"])
@pytest.mark.parametrize("target", ["mix.wav", "mix.flac"])
@best_of_three
def test_a_signal_cancels_within_half_a_second_and_leaves_nothing(
    hours: Path, tmp_path: Path, signum: int, stage: str, target: str
) -> None:
    trim = ["--no-trim"] if stage == "rendering" else []
    arguments = ["mix", hours, hours, "-o", tmp_path / target, *trim, "--rate", "16000"]
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    deadline_s = time.monotonic() + 20
    if stage == "rendering":
        while not list(tmp_path.glob(".*.part")):
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
    else:
        time.sleep(3.0)  # by then its kernels are loaded, on a busy machine too
    time.sleep(0.1)
    assert process.poll() is None, "it was done before it could be stopped"
    sent_s = time.monotonic()
    process.send_signal(signum)
    out, err = process.communicate(timeout=20)
    assert_within(MOST_S, sent_s)
    assert process.returncode == 130
    assert (out, err) == ("", "cancelled; nothing was written\n")
    assert list(tmp_path.iterdir()) == []


def test_signals_are_given_back(music: Path, tmp_path: Path) -> None:
    """Whoever calls `main` keeps its own Ctrl-C."""
    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    assert main(["mix", str(music), "-o", str(tmp_path / "mix.wav"), "--quiet"]) == 0
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == before


def test_the_program_ends_though_something_unstoppable_goes_on() -> None:
    """With its exit code, and all it said."""
    program = """
import sys, threading, time
from deepbass_engine.cli.main import script
from deepbass_engine.progress import UNSTOPPABLE_THREAD
threading.Thread(target=time.sleep, args=(60.0,), name=UNSTOPPABLE_THREAD).start()
sys.argv = ["deepbass", "analyze", "no-such-file.wav"]
script()
"""
    words = [sys.executable, "-c", program]
    found = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert found.returncode == 2
    assert "no-such-file.wav" in found.stderr

"""What is printed where, with and without a terminal."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest
import signals
import soundfile
from commands import command, environment

from deepbass_engine.cli.console import Console, progress_line
from deepbass_engine.progress import Progress

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")

RATE_HZ = 8000


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough that the progress line appears, which it does after 0.3 s."""
    path = tmp_path_factory.mktemp("long") / "long.flac"
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, subtype="PCM_16") as file:
        minute = signals.sine(220, 60, RATE_HZ)
        for _ in range(40):
            file.write(minute)
    return path


def on_terminal(*arguments: str | Path, columns: int = 80) -> tuple[str, str]:
    """Standard output (a pipe) and what a terminal shows of standard error."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=follower,
        env=environment(COLUMNS=str(columns)),
    )  # fmt: skip
    os.close(follower)
    shown: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(leader, 4096):
                shown.append(data)
        except OSError:  # how Linux says that the other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    out, _ = process.communicate(timeout=60)
    reader.join(10)
    os.close(leader)
    assert process.returncode == 0
    return out.decode(), b"".join(shown).decode()


def test_a_terminal_shows_progress_and_is_left_clean(long: Path, tmp_path: Path) -> None:
    out, shown = on_terminal(
        "mix", long, "-o", tmp_path / "m.wav", "--no-trim", "--rate", "16000", columns=40
    )
    assert "\r\x1b[Krendering" in shown
    lines = [part for part in shown.split("\r\x1b[K") if part.startswith("rendering")]
    assert {len(line) for line in lines} == {39}  # one longer and the terminal would break it
    # the line is taken away before the last word, which stands alone
    assert shown.endswith(
        "\r\x1b[Kdeepbass: only one track could be used: the mix is that track\r\n"
    )
    assert "rendering" not in out
    assert "long.flac" in out


@pytest.mark.slow
def test_quiet_shows_nothing_on_a_terminal_either(long: Path, tmp_path: Path) -> None:
    out, shown = on_terminal(
        "mix", long, "-o", tmp_path / "m.wav", "--no-trim", "--rate", "16000", "--quiet"
    )
    assert out == ""
    assert shown.splitlines() == ["deepbass: only one track could be used: the mix is that track"]


@pytest.mark.slow
def test_without_a_terminal_there_is_no_progress(long: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        command("mix", long, "-o", tmp_path / "m.wav", "--no-trim", "--rate", "16000"),
        capture_output=True, check=True, env=environment(),
    )  # fmt: skip
    assert done.stderr.splitlines() == [
        b"deepbass: only one track could be used: the mix is that track"
    ]
    assert b"\r" not in done.stdout
    assert b"\x1b" not in done.stdout


def test_results_go_to_stdout_and_everything_else_to_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console()
    console.out("a result")
    console.note("a warning")
    assert capsys.readouterr() == ("a result\n", "a warning\n")


def test_quiet_keeps_results_back_but_never_what_went_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console()
    console.quiet = True
    console.out("a result")
    console.note("a warning")
    assert capsys.readouterr() == ("", "a warning\n")


@pytest.mark.parametrize(
    ("done", "total", "elapsed_s", "expected"),
    [
        (0, 10, 3.0, "rendering   ........................ 0 %"),
        (10, 10, 3.0, "rendering   ######################## 100 %, 0 s left"),
        (1, 100, 10.0, "rendering   ........................ 1 %, 16 min 30 s left"),
        (0, 0, 1.0, "rendering   ######################## 100 %, 0 s left"),
    ],
)
def test_the_progress_line(done: int, total: int, elapsed_s: float, expected: str) -> None:
    assert progress_line(Progress("rendering", done, total), elapsed_s) == expected


@pytest.mark.parametrize(("quiet", "shown"), [(False, "about 12 min\n"), (True, "")])
def test_what_is_going_on_is_said_on_standard_error_unless_it_is_to_be_quiet(
    quiet: bool, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console()
    console.quiet = quiet
    console.say("about 12 min")
    assert capsys.readouterr() == ("", shown)


def test_a_stage_that_is_told_of_once_is_shown_at_once_and_without_a_guess(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        Console().progress(Progress("compiling once", 0, 1))
        shown = os.read(leader, 4096).decode()
    os.close(leader)
    assert shown == f"\r\x1b[K{progress_line(Progress('compiling once', 0, 1), 0.0)}"
    assert "left" not in shown


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full is Linux's")
def test_results_that_can_not_be_written_are_an_error_in_words() -> None:
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(
            command("model", "list"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            check=False,
        )
    assert found.returncode == 2
    assert found.stderr == (
        "deepbass: the results can't be written: No space left on device (let them go somewhere "
        "else)\n"
    )

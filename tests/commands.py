"""The command line as a person meets it: its words, its output and its exit code."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from encoders import program

from deepbass_engine.cli.main import main

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str


def command(*arguments: str | bytes | Path) -> list[str | bytes | Path]:
    """The words that start `deepbass` with these arguments."""
    return [sys.executable, "-m", "deepbass_engine", *arguments]


def environment(**more: str) -> dict[str, str]:
    """This process's environment, in which the engine of this checkout is found."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "error", **more}


def called(*arguments: str | bytes | Path) -> Outcome:
    """Run `deepbass` in this process: the same words and streams, and none of its start-up."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main([os.fsdecode(word) for word in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
    texts = []
    for stream in (out, err):
        stream.seek(0)
        texts.append(stream.read())
    return Outcome(code, *texts)


def deepbass(
    *arguments: str | bytes | Path,
    cwd: Path | None = None,
    without_privileges: bool = False,
    largest_file_bytes: int | None = None,
    **variables: str,
) -> Outcome:
    """Run `deepbass` as a process of its own.

    Parameters
    ----------
    arguments
        Its command line.
    cwd
        Folder it is started in.
    without_privileges
        Whether permissions hold for it though root runs the tests.
    largest_file_bytes
        Limit on the size of a file it may write: a disk that is full sooner.
    variables
        More environment variables.
    """

    def limit() -> None:
        import resource

        assert largest_file_bytes is not None
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, largest_file_bytes))

    words = command(*arguments)
    if without_privileges and os.geteuid() == 0:
        bounds = "--bounding-set=-dac_override,-dac_read_search"
        words = [program("setpriv"), bounds, "--", *words]
    done = subprocess.run(
        words,
        capture_output=True,
        check=False,
        timeout=120,
        cwd=cwd,
        env=environment(**variables),
        preexec_fn=None if largest_file_bytes is None else limit,
    )
    out, err = (text.decode(errors="surrogateescape") for text in (done.stdout, done.stderr))
    return Outcome(done.returncode, out, err)

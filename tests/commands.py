"""The command line as a person meets it: a real process, its output and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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


def deepbass(
    *arguments: str | bytes | Path,
    cwd: Path | None = None,
    uid: int | None = None,
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
    uid
        User it runs as; only root may choose.
    largest_file_bytes
        Limit on the size of a file it may write: a disk that is full sooner.
    variables
        More environment variables.
    """

    def limit() -> None:
        import resource

        assert largest_file_bytes is not None
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, largest_file_bytes))

    done = subprocess.run(
        command(*arguments),
        capture_output=True,
        check=False,
        timeout=120,
        cwd=cwd,
        env=environment(**variables),
        user=uid,
        extra_groups=None if uid is None else [],
        preexec_fn=None if largest_file_bytes is None else limit,
    )
    out, err = (text.decode(errors="surrogateescape") for text in (done.stdout, done.stderr))
    return Outcome(done.returncode, out, err)

"""Encoders and other programs on the PATH, for files that libsndfile alone does not make."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_COMMANDS = {
    ".mp3": ("lame", "--quiet", "{options}", "{wav}", "{target}"),
    ".flac": ("flac", "--silent", "--force", "{options}", "-o", "{target}", "{wav}"),
    ".ogg": ("oggenc", "--quiet", "{options}", "-o", "{target}", "{wav}"),
    ".opus": ("opusenc", "--quiet", "{options}", "{wav}", "{target}"),
    ".m4a": ("ffmpeg", "-v", "error", "-y", "-i", "{wav}", "-c:a", "aac", "{options}", "{target}"),
    ".alac": (
        "ffmpeg", "-v", "error", "-y", "-i", "{wav}", "-c:a", "alac", "-f", "ipod", "{options}",
        "{target}",
    ),
    ".wma": (
        "ffmpeg", "-v", "error", "-y", "-i", "{wav}", "-c:a", "wmav2", "{options}", "{target}",
    ),
    ".aac": (
        "ffmpeg", "-v", "error", "-y", "-i", "{wav}", "-c:a", "aac", "-f", "adts", "{options}",
        "{target}",
    ),
}  # fmt: skip


def program(name: str) -> str:
    """Path of a program; the test is skipped where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(name: str, *arguments: str | Path) -> str:
    """Run a program that must succeed; returns its standard output."""
    done = subprocess.run(
        [program(name), *map(str, arguments)], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode(errors="replace")


def encode(wav: Path, target: Path, *options: str) -> Path:
    """Encode a WAV as the target's extension says; ``.alac`` is ALAC in MP4.

    Parameters
    ----------
    wav
        The file to encode.
    target
        Where to.
    options
        More arguments for the encoder, such as ``"-V2"`` for lame.
    """
    command: list[str] = []
    for part in _COMMANDS[target.suffix]:
        command += options if part == "{options}" else [part.format(wav=wav, target=target)]
    run(*command)
    return target

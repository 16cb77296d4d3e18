"""One piece of music in every format, encoded once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import encoders
import numpy as np
import pytest
import signals

MUSIC_S = 6.0
_OPTIONS = {
    "plain.flac": (), "plain.ogg": (), "plain.opus": ("--comp", "0"), "cbr.mp3": ("-b", "128"),
    "vbr.mp3": ("-V2",), "plain.m4a": (), "plain.alac": (), "plain.wma": (), "plain.aac": (),
    "untagged cbr.mp3": ("-t", "-b", "128"), "untagged vbr.mp3": ("-t", "-V2"),
    "quiet reservoir.mp3": ("-b", "64"),
}  # fmt: skip


@pytest.fixture(scope="session")
def music() -> np.ndarray:
    """The music as it went into the encoders: on the 16-bit grid."""
    return (np.rint(signals.music(MUSIC_S) * 32768) / 32768).astype(np.float32)


@pytest.fixture(scope="session")
def recording(music: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Path of the music in a format: "plain.flac", "vbr.mp3", ...; not to be changed."""
    folder = tmp_path_factory.mktemp("recordings")

    def path_of(name: str) -> Path:
        path = folder / name
        if not path.exists():
            if name in _OPTIONS:
                encoders.encode(path_of("plain.wav"), path, *_OPTIONS[name])
            else:
                signals.write(path, music)
        return path

    return path_of

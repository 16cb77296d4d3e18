"""How the program finds out that it is linked to a sound server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deepbass_gui.playing.sound_server import is_connected

OPEN_FILES = Path("/proc/self/fd")


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="what is open is not known here")
def test_looking_for_it_leaves_no_file_open() -> None:
    with Path(os.devnull).open("rb"):
        before = len([*OPEN_FILES.iterdir()])
        is_connected()
        assert len([*OPEN_FILES.iterdir()]) == before

"""One person at a real X server: drags an edge, presses Space, renders, closes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
import soundfile

DRIVER = Path(__file__).with_name("screen_driver.py")
REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 60

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool"
    ),
]


@pytest.fixture
def screen() -> Iterator[str]:
    """The name of a display of its own."""
    reading, writing = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(writing),
        "-screen",
        "0",
        "1400x900x24",
        "-nolisten",
        "tcp",
    ]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as told:
        yield f":{told.readline().strip()}"
    server.terminate()
    server.wait()


@pytest.fixture
def window(
    screen: str, songs: list[Path], tmp_path: Path, own_settings: Path
) -> Iterator[tuple[subprocess.Popen[str], Callable[[str], dict[str, Any]]]]:
    """The program with three songs in it, and a way to wait for what it says."""
    environment = os.environ | {
        "DISPLAY": screen,
        "QT_QPA_PLATFORM": "xcb",
        "XDG_CONFIG_HOME": str(own_settings / "config"),
        "PYTHONPATH": str(REPOSITORY),
    }
    program = subprocess.Popen(
        [sys.executable, str(DRIVER), str(tmp_path), *map(str, songs)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    said: Queue[dict[str, Any]] = Queue()

    def listen() -> None:
        for line in program.stdout:
            said.put(json.loads(line))

    listener = threading.Thread(target=listen)
    listener.start()

    def wait_for(what: str) -> dict[str, Any]:
        try:
            while (told := said.get(timeout=PATIENCE_S))["what"] != what:
                pass
        except Empty:
            pytest.fail(f"the window never said {what!r}")
        return told

    yield program, wait_for
    program.kill()
    program.wait()
    listener.join()
    program.stdout.close()


def test_a_person_drags_an_edge_plays_renders_and_leaves(window, screen: str, tmp_path: Path):
    program, wait_for = window

    def xdotool(*words: object) -> None:
        environment = os.environ | {"DISPLAY": screen}
        subprocess.run(["xdotool", *map(str, words)], env=environment, check=True)

    ready = wait_for("ready")
    (x, y), before = ready["left"], ready["frames"]
    xdotool("mousemove", x, y)
    xdotool("mousedown", 1)
    for by in (5, 20, 40):
        xdotool("mousemove", x + by, y)
    xdotool("mouseup", 1)
    edit = wait_for("edit")
    assert 0 < edit["frames"] < before

    xdotool("key", "space")
    if ready["can_play"]:
        assert wait_for("playing")["is_on"]
        xdotool("key", "Escape")
        assert not wait_for("playing")["is_on"]
    else:
        assert ready["why_not"]

    xdotool("key", "ctrl+r")
    xdotool("sleep", 1, "key", "Return")
    rendered = wait_for("rendered")
    mix = Path(rendered["path"])
    assert mix.parent == tmp_path
    assert soundfile.info(mix).frames == rendered["frames"]

    xdotool("windowfocus", "--sync", ready["window"])  # there is no window manager to do so
    xdotool("key", "ctrl+z")
    assert wait_for("edit")["frames"] == before
    xdotool("key", "ctrl+q", "sleep", 1, "key", "alt+d")  # it asks, and nothing is to be saved
    assert program.wait(PATIENCE_S) == 0

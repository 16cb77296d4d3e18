"""Playing to a real sound server: what it plays is the mix, and its end is no end of ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepbass_engine.mix.playback import MixStream
from tests.mixes import plan_of
from tests.signals import RATE_HZ, noise, write

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(shutil.which(name) for name in ("pulseaudio", "parec", "pactl")),
        reason="PulseAudio is not installed",
    ),
]

CHILD = Path(__file__).parent / "sound_server_child.py"
ROOT = Path(__file__).parents[2]


class Server:
    """A sound server with one device that plays into nothing."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700)
        self.environment = {
            **os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home),
            "PULSE_SERVER": f"unix:{home / 'socket'}", "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        self._home = home
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
                "-L", f"module-native-protocol-unix socket={self._home / 'socket'}",
                "-L", f"module-null-sink sink_name=test rate={RATE_HZ} format=float32le",
            ],
            env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until_s = time.monotonic() + 10.0
        while self._asked("info") != 0:
            assert time.monotonic() < until_s, "the sound server doesn't start"

    def _asked(self, what: str) -> int:
        asked = subprocess.run(["pactl", what], env=self.environment, capture_output=True)
        return asked.returncode

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def record(self, target: Path) -> subprocess.Popen[bytes]:
        """Write what the device plays into a file, from when it is heard until it is ended."""
        with target.open("wb") as file:
            return subprocess.Popen(
                ["parec", "-d", "test.monitor", "--format=float32le", f"--rate={RATE_HZ}",
                 "--channels=2", "--latency-msec=20"],
                env=self.environment, stdout=file,
            )  # fmt: skip


class Child:
    """The program that plays."""

    def __init__(self, server: Server, paths: list[Path], settings: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(CHILD), str(settings), *map(str, paths)],
            env=server.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def says(self, what: str) -> dict[str, Any]:
        """The next line, which is to be this."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"ended before it was {what}"
        said: dict[str, Any] = json.loads(line)
        assert said["what"] == what
        return said

    def go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Wait for it to end; returns its exit status."""
        with self._process:
            try:
                return self._process.wait(20)
            finally:
                self._process.kill()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "home")
    yield made
    made.kill()


def place_of(recorded: np.ndarray, mix: np.ndarray) -> int:
    """The frame of the mix at which a recording that is a part of it begins."""
    probe = recorded[len(recorded) // 2 :][:4096, 0]
    size = 1 << (len(mix) + len(probe)).bit_length()
    spectrum = np.fft.rfft(mix[:, 0], size) * np.conj(np.fft.rfft(probe, size))
    return int(np.fft.irfft(spectrum, size)[: len(mix)].argmax()) - len(recorded) // 2


def recording(path: Path) -> np.ndarray:
    """What was recorded, without the silence around it."""
    samples = np.fromfile(path, np.float32)
    samples = samples[: len(samples) // 2 * 2].reshape(-1, 2)
    sounding = np.flatnonzero(np.any(samples != 0.0, axis=1))
    return samples[sounding[0] : sounding[-1] + 1]


def test_the_sound_server_plays_the_mix_and_may_go_and_come_back(
    server: Server, tmp_path: Path
) -> None:
    paths = [
        write(tmp_path / f"{n}.wav", noise(2.0, amplitude=0.3, seed=n), subtype="FLOAT")
        for n in (1, 2)
    ]
    child = Child(server, paths, tmp_path / "settings")
    try:
        n_frames = child.says("ready")["n_frames"]
        recorder = server.record(tmp_path / "mix.raw")
        child.go_on()
        assert child.says("ended")["position"] == n_frames
        recorder.terminate()
        recorder.wait()
        plan = plan_of(paths, 0.5)
        mix = MixStream(plan).read(plan.n_frames)
        assert len(mix) == n_frames
        recorded = recording(tmp_path / "mix.raw")
        first = place_of(recorded, mix)
        assert first + len(recorded) == n_frames  # to its last frame
        assert first < RATE_HZ // 20  # a recorder may miss the very first
        np.testing.assert_array_equal(recorded, mix[first:])

        recorder = server.record(tmp_path / "loop.raw")
        child.go_on()
        looped = child.says("looped")
        recorder.terminate()
        recorder.wait()
        edited = plan_of(paths, 0.8)
        passes = [
            MixStream(of, first, end).read(end - first)
            for of, (first, end) in ((plan, looped["before"]), (edited, looped["after"]))
        ]
        expected = np.concatenate(passes)
        recorded = recording(tmp_path / "loop.raw")
        first = place_of(recorded, expected)
        assert first < RATE_HZ // 20
        n_both = min(len(recorded), len(expected) - first)
        assert n_both > len(passes[0]) + len(passes[1]) // 2
        np.testing.assert_array_equal(recorded[:n_both], expected[first : first + n_both])

        child.says("playing")
        server.kill()
        server.start()
        told = child.says("told")
        assert "device" in told["text"]
        assert not told["is_playing"]
        assert told["longest_s"] < 0.5
        child.go_on()
        assert child.says("resumed")["is_playing"]

        server.kill()
        assert "sound server" in child.says("told")["text"]
        assert "sound server" in child.says("refused")["text"]
    finally:
        code = child.end()
    assert code == 0

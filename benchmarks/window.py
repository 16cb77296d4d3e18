"""How quick the window is: to show itself, to show a first waveform, to stay awake.

Three scenarios, each in a process of its own, as often as `--rounds` says; medians are printed.

start       from the start of the process until the window has painted itself
waveform    from the drop of a 5-minute MP3, 1.5 s after the window is there, until part of its
            waveform is painted, and until all is
heartbeat   a timer of the GUI thread that should fire every 10 ms, while 200 tracks are loaded and
            while a mix is rendered: how late it is

The peer of `start` is Python with an empty Qt window; the others have a target, not a peer.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEARTBEAT_MS = 10
LATE_S = 0.05
CHILD = Path(__file__).with_name("window_scenarios.py")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tracks", type=int, default=200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        long_mp3 = _mp3(work / "five minutes.mp3", 300)
        tracks = _tracks(work / "tracks", args.tracks)
        _start(args.rounds)
        _waveform(args.rounds, long_mp3)
        _heartbeat(args.rounds, tracks)


def _start(rounds: int) -> None:
    ours, peer = [], []
    for _ in range(rounds):
        ours.append(_child("start")["painted_s"])
        peer.append(_child("empty")["painted_s"])
    print(f"window visible: {_spread(ours)} s   empty Qt window: {_spread(peer)} s")


def _waveform(rounds: int, mp3: Path) -> None:
    first, whole = [], []
    for _ in range(rounds):
        told = _child("waveform", str(mp3))
        first.append(told["first_s"])
        whole.append(told["whole_s"])
    print(f"first waveform of a 5-minute MP3: {_spread(first)} s   all of it: {_spread(whole)} s")


def _heartbeat(rounds: int, tracks: Path) -> None:
    for what in ("loading", "rendering"):
        on_time, worst = [], []
        for _ in range(rounds):
            told = _child("heartbeat", what, str(tracks))
            late = told["late_s"]
            on_time.append(100 * sum(s <= LATE_S for s in late) / len(late))
            worst.append(max(late))
        print(
            f"heartbeat while {what}: {statistics.median(on_time):.2f} % within 50 ms, "
            f"worst {1000 * statistics.median(worst):.0f} ms (median of {rounds}), "
            f"{len(late)} beats"
        )


def _child(*words: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
            "DEEPBASS_STATE_DIR": f"{folder}/state",
            "DEEPBASS_CACHE_DIR": f"{folder}/cache",
            "XDG_CONFIG_HOME": f"{folder}/config",
            "DEEPBASS_STARTED_S": repr(time.time()),
        }
        done = subprocess.run(
            [sys.executable, str(CHILD), *words],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    return json.loads(done.stdout.splitlines()[-1])


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def _mp3(path: Path, seconds: int) -> Path:
    sound = f"anoisesrc=d={seconds}:c=pink:r=44100:a=0.5"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", sound, "-ac", "2", "-b:a", "192k"]
    subprocess.run([*command, str(path)], check=True)
    return path


def _tracks(folder: Path, n_tracks: int) -> Path:
    """Files that differ in a tag only, so that each is read for itself."""
    folder.mkdir()
    one = _mp3(folder / "track-0.mp3", 180).read_bytes()
    for number in range(1, n_tracks):
        (folder / f"track-{number}.mp3").write_bytes(one + f"{number:128d}".encode())
    return folder


if __name__ == "__main__":
    main()

"""A program that plays to the sound server of its surroundings; see `test_sound_server.py`.

It plays a mix of the files given to it to the end, then in a loop with an edit, and then until the
server is gone and back, and prints one line of JSON whenever the next thing has come about.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSettings, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from deepbass_engine.project import Project
from deepbass_engine.settings import TransitionSpec
from deepbass_gui.document import Document
from deepbass_gui.edits import tracks_for, with_own
from deepbass_gui.jobs.library import Library
from deepbass_gui.player import Player

BEAT_MS = 10


def comes(what: Callable[[], object], within_s: float = 30.0) -> bool:
    until_s = time.monotonic() + within_s
    while not what():
        if time.monotonic() > until_s:
            return False
        QTest.qWait(5)
    return True


def wait(what: Callable[[], object]) -> None:
    if not comes(what):
        raise TimeoutError


def say(what: str, **facts: object) -> None:
    print(json.dumps({"what": what, **facts}), flush=True)


def main(paths: list[Path], settings: str) -> None:
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, settings)
    QCoreApplication.setOrganizationName("DeepBass")
    QCoreApplication.setApplicationName("DeepBass")
    QApplication([])
    library = Library(2)
    document = Document(library)
    player = Player(document)
    told: list[str] = []
    player.trouble.connect(told.append)
    beats = [time.monotonic()]
    heart = QTimer()
    heart.timeout.connect(lambda: beats.append(time.monotonic()))
    heart.start(BEAT_MS)
    spec = TransitionSpec(duration_s=0.5)
    document.open(Project(tracks=tracks_for(paths, Project()), default=spec), None)
    wait(lambda: document.is_settled and player.can_play)
    assert document.plan is not None

    say("ready", n_frames=document.plan.n_frames)
    sys.stdin.readline()
    player.play(0)
    wait(lambda: not player.is_playing)
    say("ended", position=player.position)

    pair = document.pair(document.plan.fades[0])
    player.pre_roll_s = player.post_roll_s = 0.5
    before = player.range_of(pair)
    assert before is not None
    sys.stdin.readline()
    player.loop_audition(pair)
    wait(lambda: player.position > before.first_frame)
    document.edit("Length", with_own(document.project, pair, duration_s=0.8))
    after = player.range_of(pair)
    assert after is not None
    for _ in range(2):  # this pass, and one of the edited
        wait(lambda: player.position > after.stop_frame - after.plan.sample_rate_hz // 2)
        wait(lambda: player.position < after.first_frame + after.plan.sample_rate_hz // 2)
    player.stop()
    say(
        "looped",
        before=[before.first_frame, before.stop_frame],
        after=[after.first_frame, after.stop_frame],
    )

    player.loop_audition(pair)
    wait(lambda: player.position > after.first_frame)
    beats[:] = [time.monotonic()]
    say("playing")
    wait(lambda: told)
    longest_s = max(later - sooner for sooner, later in pairwise(beats))
    say("told", text=told[0], longest_s=longest_s, is_playing=player.is_playing)
    there = player.position
    sys.stdin.readline()
    for _ in range(20):
        player.resume()
        if comes(lambda: player.position != there, 3.0):
            break
    told.clear()
    say("resumed", is_playing=player.is_playing)

    wait(lambda: told)
    say("told", text=told.pop())
    player.resume()
    wait(lambda: told)
    say("refused", text=told.pop())
    player.shut_down()
    library.shut_down()


if __name__ == "__main__":
    main([Path(path) for path in sys.argv[2:]], sys.argv[1])

"""What `window.py` runs in processes of their own; each prints one line of JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer

if TYPE_CHECKING:
    from deepbass_gui.main_window import MainWindow

STARTED_S = float(os.environ.get("DEEPBASS_STARTED_S", time.time()))
HEARTBEAT_S = 0.01


class FirstPaint(QObject):
    """Remembers when a widget was first painted."""

    painted_s: float | None = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802, D102
        if event.type() == QEvent.Type.Paint and self.painted_s is None:
            self.painted_s = time.time()
        return False


def wait(until: Callable[[], bool]) -> None:
    from PySide6.QtCore import QCoreApplication

    while not until():
        QCoreApplication.processEvents()
        time.sleep(0.001)


def started(widget: QObject, show: Callable[[], None]) -> float:
    watcher = FirstPaint()
    widget.installEventFilter(watcher)
    show()
    wait(lambda: watcher.painted_s is not None)
    return watcher.painted_s - STARTED_S


def start() -> dict[str, object]:
    from deepbass_gui.app import make_application, make_window

    make_application()
    window = make_window()
    told = {"painted_s": started(window, window.show)}
    window.shut_down()
    return told


def waveform(mp3: str) -> dict[str, object]:
    from deepbass_gui.app import make_application, make_window

    make_application()
    window = make_window()
    window.show()
    library = window.document.library
    library.warm_up()
    a_person_s = time.time() + 1.5  # from seeing the window to letting a file go over it
    wait(lambda: time.time() > a_person_s)
    begun = time.time()
    window.music.add_paths([Path(mp3)])
    wait(lambda: library.facts(Path(mp3)).peaks is not None)
    window.timeline.repaint()
    first_s = time.time() - begun
    wait(lambda: library.facts(Path(mp3)).is_settled)
    window.timeline.repaint()
    told = {"first_s": first_s, "whole_s": time.time() - begun}
    window.shut_down()
    return told


def heartbeat(what: str, folder: str) -> dict[str, object]:
    from deepbass_gui.app import make_application, make_window

    make_application()
    window = make_window()
    window.show()
    late: list[float] = []
    last = time.perf_counter()
    timer = QTimer()
    timer.setInterval(round(HEARTBEAT_S * 1000))

    def beat() -> None:
        nonlocal last
        now = time.perf_counter()
        late.append(max(0.0, now - last - HEARTBEAT_S))
        last = now

    def begin() -> None:
        nonlocal last
        late.clear()
        last = time.perf_counter()

    timer.timeout.connect(beat)
    timer.start()
    application_loop(window, what, folder, begin)
    window.shut_down()
    return {"late_s": late}


def application_loop(window: MainWindow, what: str, folder: str, begin: Callable[[], None]) -> None:
    """Load the tracks, or render them, in Qt's own event loop."""
    from PySide6.QtCore import QCoreApplication

    from deepbass_engine.settings import OutputSettings
    from deepbass_gui.jobs.render_work import ExportChoice

    document = window.document
    step = 0

    def on_turn() -> None:
        nonlocal step
        is_loaded = bool(document.project.tracks) and document.is_settled
        if step == 0 and is_loaded:
            step = 1
            if what == "loading":
                QCoreApplication.exit()
                return
            begin()
            window.renderer.finished.connect(lambda *_: QCoreApplication.exit())
            window.renderer.failed.connect(lambda error: QCoreApplication.exit(1))
            target = Path(folder).parent / f"mix-{os.getpid()}.wav"
            window.renderer.render(
                ExportChoice(target=target, output=OutputSettings(), overwrite=True)
            )

    turn = QTimer()
    turn.setInterval(50)
    turn.timeout.connect(on_turn)
    turn.start()
    files = sorted(Path(folder).glob("*.mp3"))
    if what == "rendering":
        files = files[:20]
    begin()
    window.music.add_paths(files)
    QCoreApplication.exec()


def empty() -> dict[str, object]:
    from PySide6.QtWidgets import QApplication, QWidget

    application = QApplication([])
    window = QWidget()
    told = {"painted_s": started(window, window.show)}
    del application
    return told


if __name__ == "__main__":
    scenario = {"start": start, "waveform": waveform, "heartbeat": heartbeat, "empty": empty}
    print(json.dumps(scenario[sys.argv[1]](*sys.argv[2:])))

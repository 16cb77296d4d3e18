"""Whether the window wears out: memory over many repaints, and over many editors opened and closed.

    python benchmarks/window_memory.py [--repaints 50000] [--cycles 1000]

Three tracks of generated music; resident memory is printed along the way. The first tenth fills
caches; from there on it is to stay within 10 MB.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SAMPLES = 10


def main() -> None:
    """Repaint, open and close, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repaints", type=int, default=50_000)
    parser.add_argument("--cycles", type=int, default=1_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deepbass-benchmark-") as folder:
        os.environ["DEEPBASS_STATE_DIR"] = f"{folder}/state"
        os.environ["DEEPBASS_CACHE_DIR"] = f"{folder}/cache"
        os.environ["XDG_CONFIG_HOME"] = f"{folder}/config"
        run(args, Path(folder))


def run(args: argparse.Namespace, folder: Path) -> None:
    """Everything, in one process."""
    from PySide6.QtCore import QEvent

    from deepbass_engine.audio.demo_tracks import make_demo_tracks
    from deepbass_gui.app import make_application, make_window
    from deepbass_gui.views.editor import TransitionEditor

    application = make_application()
    window = make_window()
    window.resize(1280, 800)
    window.show()
    window.music.add_paths(make_demo_tracks(folder))
    document, selection = window.document, window.selection
    while not (document.project.tracks and document.is_settled):
        application.processEvents()
        time.sleep(0.01)

    def repaint(number: int) -> None:
        window.timeline.set_playhead(number * 50)
        for part in (window.timeline, window.editor.canvas):
            part.update()
        application.processEvents()

    def cycle(number: int) -> None:
        editor = TransitionEditor(document, selection)
        editor.resize(900, 330)
        editor.show()
        selection.step(1 if number % 2 else -1)
        editor.zoom_in()
        application.processEvents()
        editor.shut_down()
        editor.close()
        editor.deleteLater()
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    measure("repaints", args.repaints, repaint)
    measure("editors opened and closed", args.cycles, cycle)
    window.shut_down()


def measure(what: str, n: int, step: Callable[[int], None]) -> None:
    """Do something often, and print the memory ten times on the way."""
    resident = []
    for number in range(n):
        step(number)
        if (number + 1) % max(1, n // SAMPLES) == 0:
            resident.append(resident_mb())
    print(
        f"{n} {what}: {' '.join(f'{mb:.0f}' for mb in resident)} MB, "
        f"{max(resident) - min(resident):.1f} MB apart after the first tenth"
    )


def resident_mb() -> float:
    """Memory of this process, from /proc."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS here")


if __name__ == "__main__":
    main()

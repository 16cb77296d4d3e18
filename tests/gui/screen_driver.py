"""Opens the window on a real screen and tells, one JSON line each, what a person at it would see.

python screen_driver.py OUTPUT_FOLDER PATH...
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtCore import QPoint, QTimer

from deepbass_gui import preferences
from deepbass_gui.app import make_application, make_window
from deepbass_gui.dialogs.export import FOLDER_KEY
from deepbass_gui.region_edit import Lane


def say(what: str, **more: object) -> None:
    print(json.dumps({"what": what, **more}), flush=True)


def main() -> int:
    application = make_application()
    preferences.put(FOLDER_KEY, sys.argv[1])
    window = make_window()
    document = window.document
    window.show()
    window.open_paths([Path(word) for word in sys.argv[2:]])

    def look() -> None:
        """Say that all is there, once, and where the left edge of the region lies."""
        fade = document.plan.fades[0] if document.plan and document.plan.fades else None
        if fade is None or not document.is_settled or not window.isActiveWindow():
            window.activateWindow()  # there may be no window manager to do so
            return
        timer.stop()
        canvas = window.editor.canvas
        lane = canvas.lane_rect(Lane.OUT)
        left = canvas.mapToGlobal(
            QPoint(round(canvas.axis.x_at(fade.start_frame)), round(lane.center().y()))
        )
        say(
            "ready",
            window=int(window.winId()),
            left=[left.x(), left.y()],
            frames=fade.n_frames,
            can_play=window.player.can_play,
            why_not=window.player.why_not,
        )

    timer = QTimer(interval=100)
    timer.timeout.connect(look)
    timer.start()
    document.undo_stack.indexChanged.connect(
        lambda _: say(
            "edit",
            name=document.undo_stack.undoText(),
            frames=document.plan.fades[0].n_frames if document.plan else None,
        )
    )
    window.player.state_changed.connect(lambda: say("playing", is_on=window.player.is_playing))
    window.renderer.finished.connect(
        lambda mix: say("rendered", path=mix.report.output, frames=mix.report.frames)
    )
    window.closed.connect(application.quit)
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())

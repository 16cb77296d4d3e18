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
            return
        timer.stop()
        canvas = window.editor.canvas
        lane = canvas.lane_rect(Lane.OUT)
        edges = [canvas.axis.x_at(f) for f in (fade.start_frame, fade.start_frame + fade.n_frames)]
        left, right = (
            canvas.mapToGlobal(QPoint(round(x), round(lane.center().y()))) for x in edges
        )
        say("ready", left=[left.x(), left.y()], right=[right.x(), right.y()], frames=fade.n_frames)

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
    window.player.trouble.connect(lambda text: say("trouble", text=text))
    window.renderer.finished.connect(lambda report, choice: say("rendered", path=report.output))
    window.closed.connect(application.quit)
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())

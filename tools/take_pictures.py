"""Makes the user guide's pictures from the running program, over real music.

    python tools/take_pictures.py MUSIC_FOLDER [-o FOLDER] [--size 1280x800] [--scheme dark|light]

The music is any folder of audio files; the picture of a morph is taken where a model is installed.
Every state is reached as a person would reach it, by the window's own commands; nothing is painted
over.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QWidget

PATIENCE_S = 120


def main() -> int:
    """Take all pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("music", type=Path, help="a folder of audio files")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--scheme", choices=["dark", "light"], default="dark")
    parser.add_argument("--prefix", default="window")
    parser.add_argument("--tracks", type=int, default=8)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="Music ") as folder:
        os.environ["DEEPBASS_STATE_DIR"] = f"{folder}/state"
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        return take_all(args, Path(folder))


def take_all(args: argparse.Namespace, work: Path) -> int:
    """Drive the window through its states and keep a picture of each."""
    from deepbass_engine.nsynth.models import default_name
    from deepbass_engine.playlists import collect
    from deepbass_gui import preferences, theme
    from deepbass_gui.app import make_application, make_window
    from deepbass_gui.edits import Region, with_own, with_region

    application = make_application()
    preferences.put("scheme", args.scheme)
    theme.apply(application, args.scheme)
    window = make_window()
    window.resize(*map(int, args.size.split("x")))
    window.show()

    def wait(until: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not until():
            application.processEvents()
            time.sleep(0.005)
            if time.monotonic() > end_s:
                raise TimeoutError(what)

    def settle() -> None:
        end_s = time.monotonic() + 0.4
        wait(lambda: time.monotonic() > end_s, "a pause")

    def take(name: str, of: QWidget | None = None) -> None:
        settle()
        path = args.output / f"{args.prefix}-{name}.png"
        (of or window).grab().save(str(path))
        print(path)

    def topmost() -> QWidget:
        settle()
        found = QApplication.activeModalWidget() or QApplication.activeWindow()
        assert found is not None
        return found

    actions = window.actions_by_name
    take("empty")
    files = collect([args.music]).files[: args.tracks]
    window.music.add_paths(files)
    wait(lambda: window.document.library.n_settled > 1, "the first tracks")
    take("reading")
    wait(lambda: bool(window.document.project.tracks) and window.document.is_settled, "all tracks")
    document = window.document
    pairs = [document.pair(fade) for fade in document.plan.fades]
    wait(lambda: all(window.quality.of(pair) is not None for pair in pairs), "all measures")
    take("mix")
    window.selection.step(1)
    pair = window.selection.pair
    document.edit("Length", with_own(document.project, pair, duration_s=14.0, curve="qsin:tri"))
    fade = document.fade(pair)
    plan = document.plan
    region = Region.of(fade)
    moved = Region(
        region.out_end_frame - 6 * plan.sample_rate_hz, region.in_start_frame, region.n_frames
    )
    document.edit(
        "Move", with_region(document.project, plan, fade.index, moved, document.analyses(pair))
    )
    window.timeline.center_on(pair)
    for _ in range(3):
        window.timeline.zoom_in()
    window.timeline.center_on(pair)
    wait(lambda: window.quality.of(pair) is not None, "the measures")
    take("transition")
    actions["spectrogram"].trigger()
    for _ in range(5):  # both tracks' frequencies are worked out
        settle()
    take("spectrogram")
    actions["spectrogram"].trigger()
    actions["find_better"].trigger()
    wait(lambda: window.comparison.is_offered, "a search")
    take("choices")
    window.comparison.reset()
    if default_name() is not None:
        document.edit("Method", with_own(document.project, pair, method="nsynth", duration_s=4.0))
        take("nsynth")
        document.undo_stack.undo()
    actions["render"].trigger()
    dialog = topmost()
    dialog.set_target(work / "mix.wav")
    take("export", dialog)
    dialog.accept()
    wait(lambda: window.renderer.share > 0.3 or not window.renderer.is_rendering, "rendering")
    take("rendering")
    wait(lambda: not window.renderer.is_rendering, "the mix")
    take("rendered")
    window.show_part("report")
    take("report")
    actions["settings"].trigger()
    dialog = topmost()
    take("settings", dialog)
    dialog.reject()
    actions["shortcuts"].trigger()
    dialog = topmost()
    take("keys", dialog)
    dialog.close()
    document.undo_stack.setClean()
    window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The way into the window: says in plain words why it can't open, where Qt would just abort."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from deepbass_gui import missing

EXIT_NO_WINDOW = 2


def main(paths: Sequence[Path]) -> int:
    """Open the window with these files, and return its exit code once it is closed.

    Where there can be no window, that is said on stderr and the code is 2.
    """
    why = missing.why_no_window()
    if why is None:
        try:
            from PySide6 import QtWidgets  # noqa: F401 (asks whether Qt loads)
        except ImportError as error:
            why = (
                f"DeepBass can't open its window, for Qt doesn't load: {error}\n"
                "Install what that names, or DeepBass again. `deepbass mix` works without a window."
            )
    if why is not None:
        if sys.stderr is not None:  # a program without a console on Windows has none
            print(why, file=sys.stderr)
        return EXIT_NO_WINDOW
    from deepbass_gui.app import run

    return run(paths)


def script() -> int:
    """The command `deepbass-gui [PATH...]`."""
    return main([Path(word).absolute() for word in sys.argv[1:]])

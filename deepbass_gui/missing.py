"""What the system lacks for a window, found before Qt is started: Qt would end the process.

Libraries are really loaded; the Debian package of each stands in `resources/debian-packages.txt`.
Knows nothing of Qt, so that it can speak where Qt can't be imported.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deepbass_engine import resources

ONLY_FOR_SOUND = frozenset({"libpulse.so.0"})
"""Without these the window opens, and says that it can't play."""


@dataclass(frozen=True, slots=True)
class Need:
    """A library that Qt loads, and the Debian package that has it."""

    library: str
    package: str

    def is_met(self) -> bool:
        """Whether it loads."""
        try:
            ctypes.CDLL(self.library)
        except OSError:
            return False
        return True


def needs(kinds: Iterable[str]) -> list[Need]:
    """The rows of the table of these kinds: "library", "display"."""
    text = resources.path("debian-packages.txt").read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    wanted = set(kinds)
    return [Need(name, package) for kind, name, package in rows if kind in wanted]


def explained(lacking: Iterable[Need]) -> str:
    """In plain words: what is missing and the one command that installs it."""
    lacking = list(lacking)
    libraries = ", ".join(need.library for need in lacking)
    packages = " ".join(sorted({need.package for need in lacking}))
    return (
        f"DeepBass can't open its window: this system lacks {libraries}.\n"
        f"On Debian or Ubuntu, install as root (or with sudo in front):\n\n"
        f"    apt-get install {packages}\n\n"
        "`deepbass mix` works without a window."
    )


def why_no_window(environment: Mapping[str, str] = os.environ) -> str | None:
    """Why Qt couldn't open a window here, in words for a person; None if nothing is in the way."""
    if not sys.platform.startswith("linux"):
        return None
    platform = environment.get("QT_QPA_PLATFORM", "").partition(":")[0]
    display = environment.get("DISPLAY")
    wayland = environment.get("WAYLAND_DISPLAY")
    if not platform and not display and not wayland:
        return (
            "There is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set); "
            "`deepbass mix` works without one."
        )
    on_x = platform == "xcb" or (not platform and not wayland)
    kinds = ("library", "display") if on_x else ("library",)
    lacking = [
        need for need in needs(kinds) if need.library not in ONLY_FOR_SOUND and not need.is_met()
    ]
    if lacking:
        return explained(lacking)
    if on_x and not _answers(display):
        return (
            f"The screen {display or '(none)'} doesn't answer: look at DISPLAY, and whether you "
            "may use that screen. `deepbass mix` works without one."
        )
    return None


def _answers(display: str | None) -> bool:
    """Whether an X server can be connected to; true where that can't be tried."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(os.fsencode(display) if display else None, None)
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed

"""Colours, icons and the stylesheet, for dark rooms and light ones.

`apply` dresses the whole program; `colors` says what it is dressed in, for those who paint
themselves. Widgets repaint on `QEvent.Type.PaletteChange`, which every change of scheme sends.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from string import Template
from typing import Literal, TypeAlias, get_args

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from deepbass_engine import resources
from deepbass_gui import icons

Scheme: TypeAlias = Literal["system", "dark", "light"]

GRID_PX = 8


@dataclass(frozen=True, slots=True)
class Colors:
    """One palette; text on background or panel has a contrast of at least 4.5, marks of 3."""

    background: QColor
    panel: QColor
    line: QColor
    text: QColor
    secondary: QColor
    accent: QColor
    outgoing: QColor
    incoming: QColor
    ok: QColor
    flagged: QColor
    error: QColor
    disabled: QColor
    """What can't be used now: dimmer than `secondary`, still to be made out."""
    edge: QColor
    """The outline of what can be used, such as a field; `line` only divides."""
    hover: QColor
    on_accent: QColor
    """Text on `accent`."""


def _palette(*names: str) -> Colors:
    return Colors(*(QColor(name) for name in names))


DARK = _palette(
    "#15171c", "#1d2027", "#2b303a", "#e7e9ec", "#9aa3af", "#4fb3ff", "#4fb3ff", "#ffb454",
    "#3fb27f", "#f2a33a", "#e5605a", "#6f7783", "#69717d", "#282c35", "#101216",
)  # fmt: skip
LIGHT = _palette(
    "#f6f7f9", "#ffffff", "#d9dde3", "#1b1e24", "#5b6470", "#0b72c4", "#0b72c4", "#b86a00",
    "#1f7f55", "#a86400", "#b3261e", "#868e99", "#868e99", "#e9ecf0", "#ffffff",
)  # fmt: skip

_scheme: Scheme | None = None
"""What was asked of `apply`; None before it is called."""
_in_use: Colors | None = None


def colors() -> Colors:
    """The palette in use; before `apply`, the one that the system asks for."""
    return _in_use or _wanted("system", QGuiApplication.styleHints().colorScheme())


def _wanted(scheme: Scheme, system: Qt.ColorScheme) -> Colors:
    """The palette of a scheme; a system that doesn't say which it wants gets dark."""
    if scheme == "system":
        return LIGHT if system == Qt.ColorScheme.Light else DARK
    return LIGHT if scheme == "light" else DARK


@lru_cache
def icon(name: str, color: str = "text") -> QIcon:
    """A line icon, such as "play"; it follows every change of scheme by itself.

    Parameters
    ----------
    name
        A file of `resources/icons`.
    color
        The field of `Colors` to draw it in; where it can't be used it is `Colors.disabled`.

    Raises
    ------
    ValueError
        If there is no such icon or colour.
    """
    if color not in {field.name for field in fields(Colors)}:
        raise ValueError(f"there is no colour named {color!r}")

    def drawn_in(mode: QIcon.Mode) -> QColor:
        wanted = "disabled" if mode == QIcon.Mode.Disabled else color
        found: QColor = getattr(colors(), wanted)
        return found

    return icons.line_icon(name, drawn_in)


def apply(app: QApplication, scheme: Scheme) -> None:
    """Dress the whole program; with "system" it follows the system from now on."""
    global _scheme
    hints = app.styleHints()
    if _scheme is None:
        app.setStyle("Fusion")
        hints.colorSchemeChanged.connect(_follow)
    _scheme = scheme
    hints.setColorScheme(_WINDOW_FRAMES[scheme])
    _dress(app, _wanted(scheme, hints.colorScheme()))


def scheme_named(name: str) -> Scheme:
    """The scheme of a remembered name; "system" where there is none of that name."""
    for scheme in get_args(Scheme):
        if scheme == name:
            found: Scheme = scheme
            return found
    return "system"


def window_icon() -> QIcon:
    """The program's own icon, at every size that windows and task bars ask for."""
    return icons.window_icon()


def tabular(font: QFont) -> QFont:
    """The font with figures of one width, so that running times don't jitter."""
    made = QFont(font)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


_WINDOW_FRAMES = {
    "system": Qt.ColorScheme.Unknown,
    "dark": Qt.ColorScheme.Dark,
    "light": Qt.ColorScheme.Light,
}
"""What is asked of the system, for the parts of a window that it draws itself."""


def _follow(system: Qt.ColorScheme) -> None:
    """The system has changed between light and dark."""
    app = QApplication.instance()
    if isinstance(app, QApplication) and _scheme is not None:
        _dress(app, _wanted(_scheme, system))


def _dress(app: QApplication, chosen: Colors) -> None:
    """Set palette and stylesheet, unless they are those already."""
    global _in_use
    if chosen is _in_use:
        return
    _in_use = chosen
    app.setPalette(palette(chosen))
    app.setStyleSheet(_stylesheet(chosen))


def palette(chosen: Colors) -> QPalette:
    """Qt's roles in these colours."""
    role = QPalette.ColorRole
    made = QPalette()
    for of_role, color in {
        role.Window: chosen.background,
        role.WindowText: chosen.text,
        role.Base: chosen.panel,
        role.AlternateBase: chosen.background,
        role.Text: chosen.text,
        role.Button: chosen.panel,
        role.ButtonText: chosen.text,
        role.BrightText: chosen.error,
        role.ToolTipBase: chosen.panel,
        role.ToolTipText: chosen.text,
        role.PlaceholderText: chosen.secondary,
        role.Highlight: chosen.accent,
        role.HighlightedText: chosen.on_accent,
        role.Accent: chosen.accent,
        role.Link: chosen.accent,
        role.LinkVisited: chosen.accent,
        role.Light: chosen.hover,
        role.Midlight: chosen.hover,
        role.Mid: chosen.line,
        role.Dark: chosen.line,
        role.Shadow: chosen.edge,
    }.items():
        made.setColor(of_role, color)
    off = QPalette.ColorGroup.Disabled
    for of_text in (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText):
        made.setColor(off, of_text, chosen.disabled)
    made.setColor(off, role.Highlight, chosen.line)
    made.setColor(off, role.HighlightedText, chosen.disabled)
    made.setColor(off, role.Accent, chosen.disabled)
    return made


def mixed(first: QColor, second: QColor, share: float) -> QColor:
    """A colour between two; `share` is how much there is of the second."""
    parts = zip(first.getRgb()[:3], second.getRgb()[:3], strict=True)  # type: ignore[index]
    return QColor(*(round(a + (b - a) * share) for a, b in parts))


def blends(chosen: Colors) -> dict[str, QColor]:
    """What the stylesheet uses besides the palette's own colours."""
    return {
        "accent_hover": mixed(chosen.accent, chosen.text, 0.15),
        "accent_pressed": mixed(chosen.accent, chosen.text, 0.3),
        "progress": mixed(chosen.accent, chosen.background, 0.55),
        "selection": mixed(chosen.panel, chosen.accent, 0.25),
    }


def _stylesheet(chosen: Colors) -> str:
    """`resources/style.qss` in these colours."""
    named = {field.name: getattr(chosen, field.name) for field in fields(chosen)} | blends(chosen)
    values = {name: color.name() for name, color in named.items()}
    for name, file in {
        "up": "up",
        "down": "down",
        "tick": "tick-light" if chosen is LIGHT else "tick-dark",
    }.items():
        values[name] = resources.path(f"style/{file}.svg").as_posix()
    text = resources.path("style.qss").read_text(encoding="utf-8")
    return Template(text).substitute(values)

"""What the window remembers of a person's choices, apart from any project."""

from __future__ import annotations

from typing import Any, TypeVar

from PySide6.QtCore import QByteArray, QSettings

T = TypeVar("T", bool, int, float, str)


def stored() -> QSettings:
    """The settings of this user; the application's name and organisation say where."""
    return QSettings()


def get(key: str, default: T) -> T:
    """A remembered choice, or the default where there is none or it makes no sense."""
    value: Any = stored().value(key, default, type=type(default))
    return value if isinstance(value, type(default)) else default


def put(key: str, value: object) -> None:
    """Remember a choice."""
    stored().setValue(key, value)


def get_bytes(key: str) -> QByteArray:
    """Remembered bytes, such as a window's layout; empty where there are none."""
    value = stored().value(key)
    return value if isinstance(value, QByteArray) else QByteArray()

"""Who gets a key: the window's single keys, or the field that is being typed into.

The window uses arrows, Space, Enter and letters. Where a field, a list or a button has the
keyboard and knows a key itself, the key is its own.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QLineEdit,
    QMenu,
    QTabBar,
    QTextEdit,
    QWidget,
)

_KEY = Qt.Key
_ARROWS = {_KEY.Key_Left, _KEY.Key_Right, _KEY.Key_Up, _KEY.Key_Down}
_ENDS = {_KEY.Key_Home, _KEY.Key_End, _KEY.Key_PageUp, _KEY.Key_PageDown}
_PRESS = {_KEY.Key_Space, _KEY.Key_Return, _KEY.Key_Enter}
_COMMIT = {_KEY.Key_Return, _KEY.Key_Enter}
_OWN: tuple[tuple[type[QWidget], set[Qt.Key]], ...] = (
    (QAbstractSlider, _ARROWS | _ENDS),
    (QAbstractSpinBox, _ARROWS | _ENDS | _COMMIT),
    (QComboBox, _ARROWS | _ENDS | _PRESS),
    (QAbstractItemView, {_KEY.Key_Up, _KEY.Key_Down} | _ENDS),
    (QTabBar, {_KEY.Key_Left, _KEY.Key_Right}),
    (QAbstractButton, _PRESS),
    (QLineEdit, _ARROWS | _ENDS | _PRESS),
    (QTextEdit, _ARROWS | _ENDS | _PRESS),
)
_TYPED_INTO = (QLineEdit, QTextEdit)
_OF_NUMBERS = "0123456789.,+-:"
_PLAIN = Qt.KeyboardModifier.NoModifier | Qt.KeyboardModifier.ShiftModifier


_COMMITS = (QAbstractSpinBox, QLineEdit)


class OwnKeys(QObject):
    """Leaves the widget that has the keyboard the keys it knows itself.

    Signals
    -------
    committed()
        Enter has ended the typing in a field: the keyboard can go back to the music.
    """

    committed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Take a key from the shortcuts where the focused widget knows it."""
        if not (isinstance(event, QKeyEvent) and isinstance(watched, QWidget)):
            return False
        if not self._is_ours(watched.window()):
            return False
        if event.type() == QEvent.Type.KeyPress and isinstance(watched, _COMMITS):
            if event.key() in _COMMIT and watched is QApplication.focusWidget():
                QTimer.singleShot(0, self.committed.emit)
            return False
        if event.type() == QEvent.Type.ShortcutOverride and _is_history(watched, event):
            event.ignore()  # the window's, not that of the digits
            return True
        if event.type() == QEvent.Type.ShortcutOverride and _is_own(watched, event):
            event.accept()
            return True
        return False

    def _is_ours(self, window: QWidget) -> bool:
        """Whether it is the window, or a part of it that was torn off: its keys hold there too."""
        is_torn_off = isinstance(window, QDockWidget) and window.parentWidget() is self._window
        return window is self._window or is_torn_off


def _is_history(widget: QWidget, event: QKeyEvent) -> bool:
    """Whether a key undoes or redoes, in a field of numbers."""
    both = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)
    return isinstance(widget, QAbstractSpinBox) and any(map(event.matches, both))


def _is_own(widget: QWidget, event: QKeyEvent) -> bool:
    """Whether a widget itself does something with a key."""
    if isinstance(widget, QMenu):
        return True
    if isinstance(widget, QAbstractSpinBox) and event.text() and event.text() in _OF_NUMBERS:
        return not event.modifiers() & ~_PLAIN
    if isinstance(widget, _TYPED_INTO) and event.text().isprintable() and event.text():
        return not event.modifiers() & ~_PLAIN
    key = Qt.Key(event.key())
    return any(isinstance(widget, kind) and key in keys for kind, keys in _OWN)

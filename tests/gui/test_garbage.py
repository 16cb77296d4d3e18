"""Cycles are collected in the GUI thread, whatever thread makes them."""

from __future__ import annotations

import gc
import threading
import weakref

from pytestqt.qtbot import QtBot

from deepbass_gui.garbage import GarbageCollection


class Knot:
    """A thing in a cycle, which remembers the thread it died in."""

    died_in: list[int] = []

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        Knot.died_in.append(threading.get_ident())


def test_cycles_made_in_a_thread_die_in_this_one(qtbot: QtBot) -> None:
    garbage = GarbageCollection()
    try:
        Knot.died_in.clear()
        thread = threading.Thread(target=lambda: [Knot() for _ in range(5_000)] and None)
        thread.start()
        thread.join()
        assert Knot.died_in == []
        qtbot.waitUntil(lambda: len(Knot.died_in) >= 4_999, timeout=5_000)
        assert set(Knot.died_in) == {threading.get_ident()}
    finally:
        garbage.give_back()


def test_python_collects_again_when_it_is_given_back(qtbot: QtBot) -> None:
    GarbageCollection().give_back()
    assert gc.isenabled()
    knot = Knot()
    alive = weakref.ref(knot)
    del knot
    gc.collect()
    assert alive() is None

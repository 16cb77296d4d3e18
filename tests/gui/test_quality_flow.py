"""What is measured reaches playlist, timeline, curves and player, without any rendering."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from deepbass_engine.mix.playback import MixStream
from deepbass_gui.document import Document
from deepbass_gui.edits import with_limits, with_own
from deepbass_gui.jobs.measuring import Look, QualityLook
from deepbass_gui.jobs.render_work import Measured
from deepbass_gui.main_window import MainWindow
from deepbass_gui.models.playlist import PlaylistModel
from deepbass_gui.player import Player
from deepbass_gui.quality_flow import QualityFlow
from deepbass_gui.selection import Selection
from deepbass_gui.views.editor import TransitionEditor
from deepbass_gui.views.playlist import PlaylistView
from deepbass_gui.views.timeline import TimelineView
from tests.gui.measured import measure, measured
from tests.gui.pulled_output import PulledOutput
from tests.signals import RATE_HZ, sine, write

Fill = Callable[..., Document]


@dataclass
class Parts:
    """The parts of a window that show what is measured."""

    look: QualityLook
    flow: QualityFlow
    editor: TransitionEditor
    playlist: PlaylistView
    timeline: TimelineView
    output: PulledOutput


@pytest.fixture
def parts(qtbot: QtBot, document: Document, selection: Selection) -> Iterator[Parts]:
    output = PulledOutput(qtbot)
    player = Player(document, output=output)
    look = QualityLook(document, selection, player)
    window = QWidget()
    qtbot.addWidget(window)
    editor = TransitionEditor(document, selection)
    playlist, timeline = PlaylistView(document, selection), TimelineView(document, selection)
    for widget in (editor, playlist, timeline):
        qtbot.addWidget(widget)
    flow = QualityFlow(look, document, selection, player, editor, playlist, timeline, window)
    qtbot.addWidget(flow.panel)
    yield Parts(look, flow, editor, playlist, timeline, output)
    for part in (look, player, playlist, editor):
        part.shut_down()


def status(model: PlaylistModel) -> str:
    """What the playlist says of the first transition."""
    column = [column.name for column in model.columns].index("status")
    return str(model.index(1, column).data())


def test_two_basses_are_flagged_in_playlist_and_timeline_without_rendering(
    qtbot: QtBot, filled: Fill, parts: Parts, tmp_path: Path
) -> None:
    bass = [write(tmp_path / f"{hz}.wav", sine(hz, 5.0)) for hz in (55.0, 58.0)]
    document = filled(bass, duration_s=3.0)
    open_wide = dict.fromkeys(("roughness", "dissonance", "loudness_dip", "flux"), 1000.0)
    document.edit("Limits", with_limits(document.project, bass_overlap=0.2, **open_wide))
    assert document.plan is not None
    pair = document.pair(document.plan.fades[0])
    qtbot.waitUntil(lambda: pair in parts.timeline.marks, timeout=10_000)
    assert status(parts.playlist.model) == "bass overlap"
    (mark,) = parts.timeline.marks[pair]
    assert mark.sentence.startswith("The two bass lines ")
    document.edit("Limits", with_limits(document.project, bass_overlap=10.0))
    qtbot.waitUntil(lambda: not parts.timeline.marks, timeout=10_000)
    assert status(parts.playlist.model) == "ok"


def test_a_flag_stays_while_its_transition_is_measured_anew(
    qtbot: QtBot, filled: Fill, parts: Parts
) -> None:
    document = filled()
    assert document.plan is not None
    pair = document.pair(document.plan.fades[0])
    parts.look.take(Measured(document.plan, 0, measured(bass_overlap=measure(30.0))))
    qtbot.waitUntil(lambda: pair in parts.timeline.marks, timeout=10_000)
    before = parts.timeline.marks[pair]
    document.edit("Length", with_own(document.project, pair, duration_s=1.5))
    assert parts.look.state(pair) is Look.MEASURING
    parts.flow._show_marks()
    assert parts.timeline.marks[pair] == before
    qtbot.waitUntil(lambda: parts.timeline.marks.get(pair) != before, timeout=10_000)
    assert parts.look.state(pair) is Look.MEASURED


def test_the_curves_are_those_of_the_chosen_transition(
    filled: Fill, parts: Parts, selection: Selection
) -> None:
    document = filled()
    assert document.plan is not None
    found = [measured(bass_overlap=measure(0.1, words=words)) for words in ("one", "two")]
    for index, each in enumerate(found):
        parts.look.take(Measured(document.plan, index, each))
    for fade in document.plan.fades:
        selection.choose(document.pair(fade))
        shown = parts.editor.strip._measured
        assert shown is parts.look.of(document.pair(fade))


def test_a_click_on_a_reason_plays_exactly_its_frames(
    qtbot: QtBot, filled: Fill, parts: Parts
) -> None:
    document = filled()
    plan = document.plan
    assert plan is not None
    parts.look.take(Measured(plan, 0, measured(bass_overlap=measure(30.0, range_s=(0.25, 0.75)))))
    rows = parts.flow.panel.list
    parts.flow.panel.resize(240, 320)
    parts.flow.panel.show()
    place = rows.visualRect(rows.model().index(0, 0)).center()
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    first = plan.fades[0].start_frame + RATE_HZ // 4
    expected = MixStream(plan, first, first + RATE_HZ // 2).read(RATE_HZ // 2)
    np.testing.assert_array_equal(parts.output.pull(10**9), expected)


def test_in_the_window_enter_on_a_reason_is_the_panels_and_not_the_audition(
    qtbot: QtBot, document: Document, filled: Fill
) -> None:
    window = MainWindow(document)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    try:
        filled()
        assert document.plan is not None
        found = measured(bass_overlap=measure(30.0))
        window.quality.take(Measured(document.plan, 0, found))
        panel = window.quality_flow.panel
        panel.list.setFocus()
        panel.list.setCurrentIndex(panel.list.model().index(0, 0))
        with (
            qtbot.assertNotEmitted(window.actions_by_name["audition"].triggered),
            qtbot.waitSignal(panel.stretch_requested, timeout=2_000) as told,
        ):
            qtbot.keyClick(panel.list, Qt.Key.Key_Return)
        assert told.args == [(0.2, 0.6)]
    finally:
        document.undo_stack.setClean()
        assert window.close()

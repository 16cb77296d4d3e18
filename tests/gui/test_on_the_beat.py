"""What the window does with beats and keys: columns, joins on the beat, a good order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from loops import RATE_HZ, loop
from pytestqt.qtbot import QtBot

from deepbass_engine.project import usual_project
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, ordered, tracks_for, with_default, with_own, with_tracks
from deepbass_gui.manners import MANNERS, fields_of, manner_of
from deepbass_gui.selection import Selection
from deepbass_gui.views.playlist import PlaylistView
from deepbass_gui.views.transition_fields import TransitionFields

TEMPI = {"slow": 120.0, "fast": 128.0, "middle": 124.0}


@pytest.fixture
def beaten(qtbot: QtBot, document: Document, tmp_path: Path) -> Document:
    """A project as the window begins one, with three loops out of order."""
    paths = []
    for name, tempo_bpm in TEMPI.items():
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, loop("house", tempo_bpm, seconds=60.0).samples, RATE_HZ)
        paths.append(path)
    project = usual_project()
    document.open(with_tracks(project, tracks_for(paths, project)), None)
    qtbot.waitUntil(lambda: document.is_settled and document.plan is not None, timeout=20_000)
    return document


def names(document: Document) -> list[str]:
    return [track.path.stem for track in document.project.tracks]


def test_a_new_project_is_joined_on_the_beat_and_evenly_loud(document: Document) -> None:
    assert manner_of(document.project.default) == "auto"
    assert document.project.mix.target_lufs == -14.0


def test_loops_are_joined_on_the_beat_and_the_row_says_so(beaten: Document, qtbot: QtBot) -> None:
    assert beaten.plan is not None
    assert all(fade.join is not None for fade in beaten.plan.fades)
    view = PlaylistView(beaten, Selection(beaten))
    qtbot.addWidget(view)
    fade = beaten.plan.fades[0]
    assert "On the beat" in view.model.transition_text(beaten.pair(fade))
    view.shut_down()


def test_tempo_and_key_have_columns(beaten: Document, qtbot: QtBot) -> None:
    view = PlaylistView(beaten, Selection(beaten))
    qtbot.addWidget(view)
    columns = {column.name: i for i, column in enumerate(view.model.columns)}
    shown = view.model.index(0, columns["tempo"]).data()
    assert shown == "120.0"
    view.sort(columns["tempo"])
    assert names(beaten) == ["slow", "middle", "fast"]
    view.shut_down()


def test_a_good_order_is_one_edit_that_is_taken_back(beaten: Document, qtbot: QtBot) -> None:
    view = PlaylistView(beaten, Selection(beaten))
    qtbot.addWidget(view)
    with qtbot.waitSignal(beaten.edited, timeout=10_000):
        view.arrange()
    assert names(beaten) in (["slow", "middle", "fast"], ["fast", "middle", "slow"])
    beaten.undo_stack.undo()
    assert names(beaten) == list(TEMPI)
    view.shut_down()


def test_a_track_that_is_pinned_keeps_its_place(beaten: Document, qtbot: QtBot) -> None:
    view = PlaylistView(beaten, Selection(beaten))
    qtbot.addWidget(view)
    slow, fast, middle = (track.id for track in beaten.project.tracks)
    beaten.edit("Mix up", ordered(beaten.project, [fast, slow, middle]))
    view.select([fast])
    view.pin_selected()
    assert view.model.index(0, 0).data() == "• 1"
    with qtbot.waitSignal(beaten.edited, timeout=10_000):
        view.arrange()
    assert names(beaten) == ["fast", "middle", "slow"]
    view.select([fast])
    view.pin_selected()
    assert view.model.index(0, 0).data() == "1"
    view.shut_down()


def test_the_ways_to_join_are_one_list(
    filled: Callable[..., Document], selection: Selection, qtbot: QtBot
) -> None:
    document = filled()
    fields = TransitionFields(document, selection)
    qtbot.addWidget(fields)
    assert document.plan is not None
    pair: Pair = document.pair(document.plan.fades[0])
    selection.choose(pair)
    assert [fields.method.itemData(i) for i in range(fields.method.count())] == list(MANNERS)
    assert fields.method.currentData() == "simple"
    document.edit("On the beat", with_own(document.project, pair, **fields_of("auto")))
    assert fields.method.currentData() == "auto"
    fields.resets["method"].click()
    own = document.project.own(pair.out_track, pair.in_track)
    assert (own.method, own.style) == (None, None)


def test_the_default_can_be_any_of_them(document: Document) -> None:
    for manner in MANNERS:
        changed = with_default(document.project, **fields_of(manner))
        assert manner_of(changed.default) == manner

"""The report of a mix as a person reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.report import MixReport, ReportedJoin
from deepbass_engine.project import Project
from deepbass_engine.settings import OutputSettings
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, with_limits, with_own, without_tracks
from deepbass_gui.jobs.render_work import ExportChoice, RenderedMix
from deepbass_gui.jobs.rendering import Renderer
from deepbass_gui.selection import Selection
from deepbass_gui.views.report import ReportView
from tests.signals import sine, write

Fill = Callable[..., Document]


@pytest.fixture
def renderer(document: Document) -> Iterator[Renderer]:
    made = Renderer(document)
    yield made
    made.shut_down()


@pytest.fixture
def view(qtbot: QtBot, document: Document, selection: Selection, renderer: Renderer) -> ReportView:
    """The report, shown whenever a mix is ready."""
    made = ReportView(document, selection)
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    renderer.finished.connect(made.show_mix)
    return made


def render(qtbot: QtBot, renderer: Renderer, folder: Path) -> MixReport:
    choice = ExportChoice(target=folder / "mix.wav", output=OutputSettings(subtype="PCM_16"))
    with qtbot.waitSignal(renderer.finished, timeout=10_000) as ended:
        renderer.render(choice)
    mix = ended.args[0]
    assert isinstance(mix, RenderedMix)
    return mix.report


def pairs(document: Document) -> list[Pair]:
    ids = [track.id for track in document.project.tracks]
    return [Pair(ids[0], ids[1]), Pair(ids[1], ids[2])]


def plan_now(document: Document) -> MixPlan:
    assert document.plan is not None
    return document.plan


def rows(view: ReportView) -> list[list[str]]:
    model = view.model
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_there_is_a_row_for_each_transition_with_what_was_asked_and_done(
    qtbot: QtBot, view: ReportView, renderer: Renderer, filled: Fill, tmp_path: Path
) -> None:
    assert not view.table.isVisible()
    document = filled()
    own = with_own(document.project, pairs(document)[1], duration_s=500.0, curve="tri")
    document.edit("Length", own)
    render(qtbot, renderer, tmp_path)
    assert view.table.isVisible()
    first, second = rows(view)
    assert first[:3] == ["1", "one", "two"]
    assert first[4:8] == ["1.00 s", "1.00 s", "Simple", "equal_power"]
    assert second[5:8] == ["500.00 s", "Simple", "tri"]
    assert second[9].endswith(f"shortened: {plan_now(document).fades[1].shortened_because}")


def test_what_is_joined_on_the_beat_says_so(
    qtbot: QtBot, view: ReportView, renderer: Renderer, filled: Fill, tmp_path: Path
) -> None:
    filled()
    report = render(qtbot, renderer, tmp_path)
    join = ReportedJoin(tempo_bpm=124.0, out_ratio=1.01, in_ratio=0.99, considered=())
    first, second = report.transitions
    joined = replace(report, transitions=(replace(first, join=join), second))
    view.model.show_report(joined, ("one", "two", "three"))
    assert [row[6] for row in rows(view)] == ["On the beat", "Simple"]


def test_a_flagged_transition_has_its_reason_in_words_and_its_score(
    qtbot: QtBot, view: ReportView, renderer: Renderer, filled: Fill, tmp_path: Path
) -> None:
    bass = [write(tmp_path / f"{hz}.wav", sine(hz, 5.0)) for hz in (55.0, 58.0)]
    document = filled(bass, duration_s=3.0)
    document.edit("Limits", with_limits(document.project, bass_overlap=0.2, roughness=1000.0))
    reports: list[RenderedMix] = []
    renderer.finished.connect(reports.append)
    render(qtbot, renderer, tmp_path)
    (fade,) = reports[0].report.transitions
    (row,) = rows(view)
    assert "bass overlap" in row[9].split("; ")
    assert row[8] == f"{fade.score:.2f}"
    tip = view.model.index(0, 9).data(Qt.ItemDataRole.ToolTipRole)
    assert "The two bass lines" in tip


def test_another_project_takes_the_report_away(
    qtbot: QtBot, view: ReportView, renderer: Renderer, filled: Fill, tmp_path: Path
) -> None:
    document = filled()
    render(qtbot, renderer, tmp_path)
    assert view.model.rowCount() == 2
    document.open(Project(), None)
    assert view.model.rowCount() == 0


def test_choosing_a_row_chooses_its_transition_if_it_is_still_there(
    qtbot: QtBot,
    view: ReportView,
    renderer: Renderer,
    selection: Selection,
    filled: Fill,
    tmp_path: Path,
) -> None:
    document = filled()
    first, second = pairs(document)
    render(qtbot, renderer, tmp_path)
    assert selection.pair == first
    view.table.selectRow(1)
    assert selection.pair == second
    document.edit("Remove", without_tracks(document.project, [first.out_track]))
    view.table.selectRow(0)
    assert selection.pair == second


def test_what_was_left_out_is_listed_and_all_of_it_can_be_copied(
    qtbot: QtBot,
    view: ReportView,
    renderer: Renderer,
    filled: Fill,
    songs: list[Path],
    tmp_path: Path,
) -> None:
    filled()
    songs[1].unlink()
    render(qtbot, renderer, tmp_path)
    notes = view.findChild(QPlainTextEdit)
    assert notes.isVisible()
    assert "two.wav" in notes.toPlainText()
    view.findChild(QPushButton).click()
    copied = QGuiApplication.clipboard().text()
    assert str(tmp_path / "mix.wav") in copied
    assert "1\tone\tthree" in copied
    assert str(songs[1]) in copied


def test_a_name_with_a_line_break_or_an_escape_keeps_its_row(
    qtbot: QtBot, view: ReportView, renderer: Renderer, filled: Fill, songs: list[Path],
    tmp_path: Path,
) -> None:  # fmt: skip
    odd = songs[0].rename(songs[0].with_name("o\x1b[31mn\te\n.wav"))
    filled([odd, *songs[1:]])
    render(qtbot, renderer, tmp_path)
    view.copy()
    copied = QGuiApplication.clipboard().text()
    assert "\x1b" not in copied
    (row,) = [line for line in copied.split("\n") if line.startswith("1\t")]
    assert row.split("\t")[2] == "two"

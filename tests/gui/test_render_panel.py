"""What is seen of a rendering: each transition, the whole, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QLabel, QProgressBar, QTableView, QToolButton
from pytestqt.qtbot import QtBot

from deepbass_engine.settings import OutputSettings
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, with_mix, with_own
from deepbass_gui.jobs.library import Library
from deepbass_gui.jobs.render_work import ExportChoice
from deepbass_gui.jobs.rendering import Renderer
from deepbass_gui.views.render_panel import RenderPanel, StatusProgress
from tests.signals import music, write

Fill = Callable[..., Document]


@pytest.fixture
def renderer(document: Document) -> Iterator[Renderer]:
    made = Renderer(document)
    yield made
    made.shut_down()


@pytest.fixture
def panel(qtbot: QtBot, renderer: Renderer) -> RenderPanel:
    made = RenderPanel(renderer)
    qtbot.addWidget(made)
    made.show()
    return made


def words(panel: RenderPanel) -> str:
    return panel.findChildren(QLabel)[0].text()


def states(panel: RenderPanel) -> list[str]:
    model = panel.findChild(QTableView).model()
    return [model.index(row, 2).data() for row in range(model.rowCount())]


def to(folder: Path) -> ExportChoice:
    output = OutputSettings(subtype="PCM_16")
    return ExportChoice(target=folder / "mix.wav", output=output, overwrite=True)


def render(qtbot: QtBot, renderer: Renderer, folder: Path) -> None:
    with qtbot.waitSignal(renderer.finished, timeout=10_000):
        renderer.render(to(folder))


def result_buttons(panel: RenderPanel) -> list[bool]:
    return [
        button.isVisible()
        for button in (panel.play_button, panel.folder_button, panel.report_button)
    ]


def test_before_anything_is_rendered_it_says_how_to_begin(panel: RenderPanel) -> None:
    assert "Ctrl+R" in words(panel)
    assert not any(result_buttons(panel))
    assert not panel.cancel_button.isVisible()


def test_each_transition_has_a_row_with_its_state_and_the_result_can_be_opened(
    qtbot: QtBot, panel: RenderPanel, renderer: Renderer, filled: Fill, tmp_path: Path
) -> None:
    document = filled()
    render(qtbot, renderer, tmp_path)
    assert states(panel) == ["done", "done"]
    assert "mix.wav is ready: 0:13" in words(panel)
    assert all(result_buttons(panel))
    assert not panel.cancel_button.isVisible()
    ids = [track.id for track in document.project.tracks]
    document.edit("Curve", with_own(document.project, Pair(ids[0], ids[1]), curve="tri"))
    render(qtbot, renderer, tmp_path)
    assert states(panel) == ["done", "unchanged, kept from before"]


def test_while_it_renders_there_is_a_bar_and_cancel_and_no_result(
    qtbot: QtBot, panel: RenderPanel, renderer: Renderer, filled: Fill, tmp_path: Path
) -> None:
    filled()
    render(qtbot, renderer, tmp_path)
    bar = panel.findChild(QProgressBar)
    with qtbot.waitSignal(renderer.stopped):
        renderer.render(to(tmp_path))
        assert bar.isVisible()
        assert words(panel) == "reading the tracks"
        assert not any(result_buttons(panel))
        qtbot.mouseClick(panel.cancel_button, Qt.MouseButton.LeftButton)
    assert words(panel).startswith("Cancelled.")
    assert not bar.isVisible()
    assert states(panel) == []


def test_why_it_failed_is_said(
    qtbot: QtBot, panel: RenderPanel, renderer: Renderer, filled: Fill, tmp_path: Path
) -> None:
    filled()
    with qtbot.waitSignal(renderer.failed):
        renderer.render(to(tmp_path / "nowhere"))
    assert "The mix could not be made." in words(panel)
    assert "there is no folder" in words(panel)
    assert not any(result_buttons(panel))


def test_what_was_left_out_is_counted(
    qtbot: QtBot,
    panel: RenderPanel,
    renderer: Renderer,
    filled: Fill,
    songs: list[Path],
    tmp_path: Path,
) -> None:
    filled()
    songs[1].unlink()
    render(qtbot, renderer, tmp_path)
    assert "mix.wav is ready" in words(panel)
    assert "1 " in words(panel).split(".")[-2]
    assert "see the report" in words(panel)


class Opener(QObject):
    """Takes what the program gives to the desktop to open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Path] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.opened.append(Path(url.toLocalFile()))


@pytest.fixture
def opener() -> Iterator[Opener]:
    made = Opener()
    QDesktopServices.setUrlHandler("file", made, "take")
    yield made
    QDesktopServices.unsetUrlHandler("file")


def test_the_buttons_open_the_mix_its_folder_and_the_report(
    qtbot: QtBot,
    panel: RenderPanel,
    renderer: Renderer,
    filled: Fill,
    opener: Opener,
    tmp_path: Path,
) -> None:
    filled()
    render(qtbot, renderer, tmp_path)
    qtbot.mouseClick(panel.play_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.folder_button, Qt.MouseButton.LeftButton)
    assert opener.opened == [tmp_path / "mix.wav", tmp_path]
    with qtbot.waitSignal(panel.report_requested):
        qtbot.mouseClick(panel.report_button, Qt.MouseButton.LeftButton)


def test_the_status_line_tells_of_reading_then_of_rendering_and_goes(
    qtbot: QtBot,
    library: Library,
    document: Document,
    renderer: Renderer,
    filled: Fill,
    tmp_path: Path,
) -> None:
    line = StatusProgress(library, renderer)
    qtbot.addWidget(line)
    label, cancel = line.findChild(QLabel), line.findChild(QToolButton)
    assert not line.isVisible()
    told = watched(line)
    filled([write(tmp_path / "long.wav", np.tile(music(5.0), (60, 1)))])
    assert told[0] == "reading 1 of 1"
    qtbot.waitUntil(lambda: not line.isVisible())
    document.edit("Rate", with_mix(document.project, sample_rate_hz=96_000))
    renderer.render(to(tmp_path))
    qtbot.waitUntil(line.isVisible)
    assert label.text().startswith(("reading the tracks", "writing the mix"))
    with qtbot.waitSignal(renderer.stopped):
        qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not line.isVisible())


def watched(line: StatusProgress) -> list[str]:
    """What the line says each time it comes into view, from now on."""
    told: list[str] = []

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's)
            if event.type() == QEvent.Type.Paint:
                told.append(line.findChild(QLabel).text())
            return False

    line.installEventFilter(Watch(line))
    return told

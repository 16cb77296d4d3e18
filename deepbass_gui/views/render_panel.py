"""How far rendering is, what became of it, and a line of it for the status bar."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.errors import DeepBassError, shown
from deepbass_engine.mix.estimate import Estimate, time_text
from deepbass_engine.units import clock_text
from deepbass_gui import theme
from deepbass_gui.jobs.library import Library
from deepbass_gui.jobs.pair_jobs import Stage
from deepbass_gui.jobs.render_work import MadeTransitions, RenderedMix
from deepbass_gui.jobs.rendering import Renderer
from deepbass_gui.models.render_queue import RenderQueueModel, left_words
from deepbass_gui.setting_words import choice_words

_STEPS = 1_000
_UPDATE_EVERY_MS = 100


class RenderPanel(QWidget):
    """Shows the progress of the whole and of each transition, then the result.

    Signals
    -------
    report_requested()
        The report is to be shown.
    """

    report_requested = Signal()

    def __init__(self, renderer: Renderer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._renderer = renderer
        self._target: Path | None = None
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bar = _progress_bar(self.tr("Progress of the mix"))
        self.cancel_button = QPushButton(theme.icon("cancel"), self.tr("&Cancel"))
        self.cancel_button.setToolTip(self.tr("Stops; nothing half-written is left behind (Esc)"))
        self.cancel_button.clicked.connect(renderer.cancel)
        self.folder_button = QPushButton(theme.icon("folder"), self.tr("Open &folder"))
        self.folder_button.clicked.connect(self._open_folder)
        self.play_button = QPushButton(theme.icon("play"), self.tr("&Play"))
        self.play_button.setToolTip(self.tr("Opens the mix in this system's player"))
        self.play_button.clicked.connect(self._open_mix)
        self.report_button = QPushButton(theme.icon("report"), self.tr("&Show report"))
        self.report_button.clicked.connect(self.report_requested)
        self._table = QTableView()
        self._table.setModel(RenderQueueModel(renderer, self))
        self._table.setAccessibleName(self.tr("Transitions being rendered"))
        self._table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self._table.setShowGrid(False)
        self._table.verticalHeader().hide()
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)

        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GRID_PX)
        buttons.addWidget(self._bar, 1)
        for button in (
            self.cancel_button, self.play_button, self.folder_button, self.report_button,
        ):  # fmt: skip
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*4 * (theme.GRID_PX,))
        column.setSpacing(theme.GRID_PX)
        column.addWidget(self._words)
        column.addLayout(buttons)
        column.addWidget(self._table, 1)

        renderer.queue_changed.connect(self._update)
        renderer.advanced.connect(self._update)
        renderer.finished.connect(self._on_finished)
        renderer.made.connect(self._on_made)
        renderer.stopped.connect(self._on_stopped)
        renderer.failed.connect(self._on_failed)
        self._words.setText(self.tr("Nothing was rendered yet. Render mix (Ctrl+R) begins."))
        self._show_buttons()

    def _update(self) -> None:
        if self._renderer.is_rendering:
            self._target = None
            self._words.setText(stage_words(self._renderer))
            self._bar.setValue(round(_STEPS * self._renderer.share))
        self._show_buttons()

    def _show_buttons(self) -> None:
        is_rendering = self._renderer.is_rendering
        self._bar.setVisible(is_rendering)
        self.cancel_button.setVisible(is_rendering)
        for button in (self.folder_button, self.play_button, self.report_button):
            button.setVisible(self._target is not None)

    def _on_finished(self, mix: RenderedMix) -> None:
        report = mix.report
        self._target = mix.choice.target
        length = clock_text(report.frames / report.sample_rate_hz)
        words = self.tr("{name} is ready: {length}, rendered in {time}.")
        took = f"{mix.took_s:.1f} s" if mix.took_s < 60 else clock_text(mix.took_s)
        text = words.format(name=shown(self._target), length=length, time=took)
        if report.problems:
            text += " " + self.tr("{n} things were left out or are worth knowing; see the report.")
            text = text.replace("{n}", str(len(report.problems)))
        self._words.setText(text)
        self.folder_button.setToolTip(shown(self._target.parent))
        self._show_buttons()

    def _on_made(self, made: MadeTransitions) -> None:
        n, failed = len(made.pairs) - len(made.failed), list(made.failed.values())
        text = (
            self.tr("1 transition is rendered and can be heard.")
            if n == 1
            else self.tr("{n} transitions are rendered and can be heard.").format(n=n)
        )
        if failed:
            text = "" if n == 0 else f"{text} "
            text += self.tr("{n} could not be rendered. {why}").format(n=len(failed), why=failed[0])
        self._words.setText(text)
        self._show_buttons()

    def _on_stopped(self) -> None:
        self._words.setText(
            self.tr(
                "Cancelled. Nothing was written; transitions made by then are kept, "
                "and rendering again goes on from there."
            )
        )

    def _on_failed(self, error: Exception) -> None:
        why = str(error) if isinstance(error, DeepBassError) else type(error).__name__
        words = (
            self.tr("The mix could not be made. {why}")
            if self._renderer.is_for_mix
            else self.tr("The transitions could not be made. {why}")
        )
        self._words.setText(words.format(why=why))

    def _open_folder(self) -> None:
        if self._target is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._target.parent)))

    def _open_mix(self) -> None:
        if self._target is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._target)))


class StatusProgress(QWidget):
    """One line for the status bar: rendering, or else reading; empty where neither goes on."""

    def __init__(self, library: Library, renderer: Renderer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self._renderer = renderer
        self._words = QLabel()
        self._words.setFont(theme.tabular(self._words.font()))
        self._bar = _progress_bar(self.tr("Progress"))
        self._bar.setFixedWidth(160)
        self._cancel = QToolButton()
        self._cancel.setIcon(theme.icon("cancel"))
        self._cancel.setAutoRaise(True)
        self._cancel.setAccessibleName(self.tr("Cancel rendering"))
        self._cancel.setToolTip(self.tr("Cancel rendering (Esc)"))
        self._cancel.clicked.connect(renderer.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID_PX, 0, theme.GRID_PX, 0)
        row.setSpacing(theme.GRID_PX)
        for widget in (self._words, self._bar, self._cancel):
            row.addWidget(widget)
        self._soon = QTimer(self, singleShot=True, interval=_UPDATE_EVERY_MS)
        self._soon.timeout.connect(self._update)
        for news in (library.advanced, renderer.queue_changed, renderer.advanced):
            news.connect(self._update_soon)
        self._update()

    def _update_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _update(self) -> None:
        library, renderer = self._library, self._renderer
        is_reading = library.n_settled < library.n_wanted
        self.setVisible(renderer.is_rendering or is_reading)
        self._cancel.setVisible(renderer.is_rendering)
        if renderer.is_rendering:
            self._words.setText(stage_words(renderer))
            self._bar.setValue(round(_STEPS * renderer.share))
        elif is_reading:
            words = self.tr("reading {n} of {of}")
            self._words.setText(words.format(n=library.n_settled + 1, of=library.n_wanted))
            self._bar.setValue(round(_STEPS * library.share))


def stage_words(renderer: Renderer) -> str:
    """What a rendering is at, and how long it will take."""
    left_s = renderer.time_left_s
    words = _speaking_words(renderer) if renderer.speaking else _plain_words(renderer)
    if left_s is None:
        return words
    if renderer.speaking == "encoding":
        return renderer.tr("{words}; decoding will take {time}").format(
            words=words, time=time_text(left_s)
        )
    return f"{words}, {left_words(left_s)}"


def _plain_words(renderer: Renderer) -> str:
    n_over = sum(job.is_over for job in renderer.jobs)
    return {
        Stage.READING: renderer.tr("reading the tracks"),
        Stage.TRANSITIONS: renderer.tr("rendering transition {n} of {of}").format(
            n=min(n_over + 1, len(renderer.jobs)), of=len(renderer.jobs)
        ),
        Stage.WRITING: renderer.tr("writing the mix"),
    }[renderer.stage]


def _speaking_words(renderer: Renderer) -> str:
    """What the NSynth transitions are at."""
    estimate = renderer.estimate
    if renderer.speaking == "decoding" and estimate is not None:
        return _decoding_words(estimate)
    return {
        "reading": renderer.tr("reading for NSynth"),
        "encoding": renderer.tr("encoding for NSynth"),
        "compiling once": renderer.tr(
            "compiling the decoder: once on this machine, about a minute"
        ),
        "decoding": renderer.tr("decoding"),
    }[renderer.speaking]


def _decoding_words(estimate: Estimate) -> str:
    """What is decoded together, on what and in what."""
    translate = QCoreApplication.translate
    n, choice = estimate.n_transitions, estimate.voice.choice
    words = (
        translate("Rendering", "decoding 1 transition on the {device}, {precision}")
        if n == 1
        else translate("Rendering", "decoding {n} transitions on the {device}, {precision}")
    )
    device = choice_words("device", choice.device)
    return words.format(n=n, device=device, precision=choice.precision)


def _progress_bar(name: str) -> QProgressBar:
    bar = QProgressBar()
    bar.setAccessibleName(name)
    bar.setRange(0, _STEPS)
    bar.setTextVisible(False)
    return bar

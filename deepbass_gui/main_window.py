"""The window: its parts, where they stand, and how what happens in one reaches the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import cast

from PySide6.QtCore import QChildEvent, QEvent, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.errors import DeepBassError, shown
from deepbass_engine.mix.morphs import nsynth_transitions
from deepbass_engine.project import Problem
from deepbass_engine.units import clock_text, seconds_from_frames
from deepbass_engine.version import __version__
from deepbass_gui import commands, faults, preferences, theme
from deepbass_gui.autosave import Autosave
from deepbass_gui.beats_flow import BeatsFlow
from deepbass_gui.comparison import Comparison
from deepbass_gui.dialogs.ask import Answer, Role, ask
from deepbass_gui.dialogs.export import ExportDialog
from deepbass_gui.dialogs.models import ModelsDialog, offer_import
from deepbass_gui.dialogs.problems import Level, NoticeBar, ProblemsDialog
from deepbass_gui.dialogs.settings import SettingsDialog
from deepbass_gui.dialogs.shortcuts import ShortcutSheet
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, reset_transition
from deepbass_gui.jobs.measuring import QualityLook
from deepbass_gui.jobs.pair_jobs import JobState, PairJob, Stage
from deepbass_gui.jobs.render_work import ExportChoice, MadeTransitions, RenderedMix
from deepbass_gui.jobs.rendering import Renderer
from deepbass_gui.keys import OwnKeys
from deepbass_gui.music_flow import MusicFlow
from deepbass_gui.player import Player
from deepbass_gui.project_files import ProjectFiles
from deepbass_gui.project_flow import ProjectFlow
from deepbass_gui.quality_flow import QualityFlow
from deepbass_gui.search_flow import SearchFlow
from deepbass_gui.selection import Selection
from deepbass_gui.settle_flow import SettleFlow
from deepbass_gui.views.choices import Below, Cover
from deepbass_gui.views.editor import TransitionEditor
from deepbass_gui.views.overview import OverviewStrip
from deepbass_gui.views.playlist import PlaylistView
from deepbass_gui.views.render_panel import RenderPanel, StatusProgress
from deepbass_gui.views.report import ReportView
from deepbass_gui.views.timeline import TimelineView
from deepbass_gui.views.tool_bar import ToolBar
from deepbass_gui.views.transport import TransportBar

_LAYOUT_VERSION = 1
_MESSAGE_MS = 6_000
_FOR_A_PAIR = ("show_a", "show_b", "spectrogram", "curves")
_FOR_SOUND = ("play", "play_start", "audition", "loop")


class MainWindow(QMainWindow):
    """The whole program on a screen.

    Signals
    -------
    closed()
        The window has closed; its threads have ended.
    """

    closed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.document = document
        self.selection = Selection(document, self)
        self.renderer = Renderer(document, self)
        self.player = Player(document, self, store=self.renderer.store)
        self.comparison = Comparison(document, self.selection, self.player)
        self.quality = QualityLook(document, self.selection, self.player, self)
        self.files = ProjectFiles(document, self)
        self.autosave = Autosave(document, self)
        self.flow = ProjectFlow(document, self.files, self.autosave, self)
        self._is_closing = False
        self._editor_px = 0

        self.playlist = PlaylistView(document, self.selection)
        self.timeline = TimelineView(document, self.selection)
        self.overview = OverviewStrip(document, self.timeline)
        self.editor = TransitionEditor(document, self.selection)
        self.transport = TransportBar(self.player, self.comparison, self.selection, document.nsynth)
        self.render_panel = RenderPanel(self.renderer)
        self.report = ReportView(document, self.selection)
        self.notices = NoticeBar()
        self.progress = StatusProgress(document.library, self.renderer)

        self.music = MusicFlow(self.playlist, self.flow, self)
        self.search = SearchFlow(
            document, self.selection, self.player, self.comparison, self.renderer.store, self
        )
        self.settling = SettleFlow(document, self.search, self)
        self.beats = BeatsFlow(document, self.editor, self.player, self)
        self.quality_flow = QualityFlow(
            self.quality, document, self.selection, self.player, self.editor, self.playlist,
            self.timeline, self,
        )  # fmt: skip

        self.actions_by_name = commands.make_actions(self, self._slots())
        self._lay_out()
        self._make_menus()
        self.addToolBar(ToolBar(self.document, self.actions_by_name))
        self._connect()
        self._own_keys = OwnKeys(self)
        self._own_keys.committed.connect(self.editor.setFocus)
        self._restore_layout()
        self._update_title()
        self._update_actions()

    # What the window is made of

    def _lay_out(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.notices, self.overview, self.timeline, self.transport):
            column.addWidget(widget)
        column.setStretchFactor(self.timeline, 1)
        self.setCentralWidget(middle)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        editor = Below(self.search.panel, self.editor)
        self.editor.controls.addWidget(self.search.button)
        self.editor.put_beside(self.quality_flow.panel)
        for hidden in (self.overview, self.timeline, self.playlist, self.editor):
            Cover(hidden, self.comparison)
        left, bottom = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
        self._docks = {
            "playlist": self._dock(self.tr("Playlist"), "playlist", self.playlist, left),
            "editor": self._dock(self.tr("Transition"), "editor", editor, bottom),
            "render": self._dock(self.tr("Render"), "render", self.render_panel, bottom),
            "report": self._dock(self.tr("Report"), "report", self.report, bottom),
        }
        self.tabifyDockWidget(self._docks["editor"], self._docks["render"])
        self.tabifyDockWidget(self._docks["render"], self._docks["report"])
        self._docks["editor"].raise_()
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        self._summary = QLabel()
        self._summary.setContentsMargins(0, 0, theme.GRID_PX, 0)
        bar.addPermanentWidget(self.search.progress)
        bar.addPermanentWidget(self.progress)
        bar.addPermanentWidget(self._summary)

    def _dock(self, title: str, name: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(widget)
        tips = {
            "float": self.tr("Make this panel a window of its own, or put it back"),
            "close": self.tr("Close this panel; the View menu brings it back"),
        }
        for which, tip in tips.items():
            button = dock.findChild(QAbstractButton, f"qt_dockwidget_{which}button")
            if button is not None:
                button.setToolTip(tip)
        self.addDockWidget(area, dock)
        return dock

    def _make_menus(self) -> None:
        undo = self.document.undo_stack.createUndoAction(self, self.tr("&Undo"))
        redo = self.document.undo_stack.createRedoAction(self, self.tr("&Redo"))
        for action, name, key in ((undo, "undo", "Ctrl+Z"), (redo, "redo", "Ctrl+Shift+Z")):
            action.setObjectName(name)
            action.setShortcut(key)
            action.setIcon(theme.icon(name))
            self.addAction(action)
            self.actions_by_name[name] = action
        self._recent_menu = QMenu(self.tr("Open re&cent"), self)
        commands.fill_menus(
            self.menuBar(),
            self.actions_by_name,
            {"&Edit": [undo, redo], "&View": [d.toggleViewAction() for d in self._docks.values()]},
        )
        file_menu = self.menuBar().findChild(QMenu, "File")
        assert file_menu is not None
        file_menu.insertMenu(self.actions_by_name["save"], self._recent_menu)
        self._fill_recent()

    def _connect(self) -> None:
        document, player, timeline = self.document, self.player, self.timeline
        document.renamed.connect(self._update_title)
        document.modified_changed.connect(self.setWindowModified)
        document.planned.connect(self._update_actions)
        document.library.failed.connect(faults.show)
        self.selection.pair_changed.connect(self._update_actions)
        self.files.recent_changed.connect(self._fill_recent)
        self.search.take_actions(self.actions_by_name)
        self.search.panel.opened.connect(self._make_room)
        self.comparison.changed.connect(self._hide_summary)
        for flow in (self.flow, self.music, self.search):
            flow.told.connect(self._tell)
            flow.failed.connect(faults.show)
        for teller in (self.beats, self.settling):
            teller.told.connect(self._tell)

        player.position_changed.connect(timeline.set_playhead)
        player.position_changed.connect(self.editor.set_playhead)
        player.state_changed.connect(self._update_actions)
        player.trouble.connect(partial(self._tell, "warning"))
        timeline.seek_requested.connect(player.seek)
        timeline.play_requested.connect(player.play_from)
        timeline.edit_requested.connect(self._show_editor)
        self.editor.seek_requested.connect(player.seek)
        self.editor.audition_requested.connect(self._audition)
        self.editor.morph.render_requested.connect(lambda pair: self._make([pair]))
        self.editor.morph.models_requested.connect(self._show_models)
        document.nsynth.changed.connect(self._update_actions)
        document.nsynth.model_wanted.connect(self._offer_import)
        for name, changed in (
            ("snap", self.editor.snap_changed),
            ("spectrogram", self.editor.spectrogram_changed),
            ("curves", self.editor.curves_changed),
        ):
            changed.connect(self.actions_by_name[name].setChecked)
        self.actions_by_name["curves"].setChecked(self.editor.shows_curves)
        self.actions_by_name["snap"].setChecked(self.editor.canvas.snaps)

        self.playlist.add_requested.connect(self.music.add)
        self.playlist.demo_requested.connect(self.music.add_demo)
        self.playlist.play_requested.connect(self._play_track)
        self.playlist.audition_requested.connect(self._audition)
        self.playlist.problems_found.connect(self._show_problems)
        self.playlist.project_dropped.connect(self.flow.open_path)
        self.playlist.failed.connect(faults.show)

        self.renderer.finished.connect(self._on_rendered)
        self.renderer.made.connect(self._on_made)
        self.renderer.noted.connect(partial(self._tell, "warning"))
        self.renderer.failed.connect(self._on_render_failed)
        self.renderer.queue_changed.connect(self._update_actions)
        self.renderer.queue_changed.connect(self._show_queue)
        self.render_panel.report_requested.connect(partial(self.show_part, "report"))
        self.renderer.measured.connect(self.quality.take)

    def _slots(self) -> dict[str, Callable[[], object]]:
        """What each command does."""
        editor, player = self.editor, self.player
        return {
            "new": self.flow.new,
            "open": self.flow.open,
            "save": self.flow.save,
            "save_as": self.flow.save_as,
            "save_playlist": self.music.save_playlist,
            "render": self._ask_and_render,
            "models": self._show_models,
            "settings": self._show_settings,
            "quit": self.close,
            "add": self.music.add,
            "add_folder": self.music.add_folder,
            "remove": self.playlist.remove_selected,
            "duplicate": self.playlist.duplicate_selected,
            "arrange": self.playlist.arrange,
            "pin": self.playlist.pin_selected,
            "relink": self.playlist.relink_selected,
            "look_again": self.document.library.look_again,
            "previous": lambda: self.selection.step(-1),
            "next": lambda: self.selection.step(1),
            "render_nsynth": self._render_missing,
            "next_method": editor.choose_next_method,
            "next_curve": editor.choose_next_curve,
            "find_better": self.search.find_better,
            "find_better_flagged": self.search.find_better_flagged,
            "settle": self.settling.settle,
            "reset": self._reset_transition,
            "snap": editor.toggle_snap,
            "nudge_left": partial(editor.nudge_ms, -10.0),
            "nudge_right": partial(editor.nudge_ms, 10.0),
            "nudge_left_100": partial(editor.nudge_ms, -100.0),
            "nudge_right_100": partial(editor.nudge_ms, 100.0),
            "nudge_left_1": partial(editor.nudge_ms, -1.0),
            "nudge_right_1": partial(editor.nudge_ms, 1.0),
            "nudge_left_frame": partial(editor.nudge_frames, -1),
            "nudge_right_frame": partial(editor.nudge_frames, 1),
            "beats_halve": self.beats.halve,
            "beats_double": self.beats.double,
            "beats_earlier": self.beats.earlier,
            "beats_later": self.beats.later,
            "beats_downbeat": self.beats.next_downbeat,
            "beats_here": self.beats.bar_here,
            "beats_tap": self.beats.tap,
            "beats_found": self.beats.as_found,
            "play": player.toggle,
            "play_start": partial(player.play_from, 0),
            "audition": self._audition,
            "loop": self._loop,
            "show_a": partial(self.comparison.show, "A"),
            "show_b": partial(self.comparison.show, "B"),
            "show_c": partial(self.comparison.show, "C"),
            "blind": self.search.toggle_blind,
            "keep": self.comparison.keep,
            "zoom_in": partial(self._zoom, "zoom_in"),
            "zoom_out": partial(self._zoom, "zoom_out"),
            "fit": partial(self._zoom, "fit"),
            "follow": self._toggle_follow,
            "spectrogram": editor.toggle_spectrogram,
            "curves": editor.toggle_curves,
            "shortcuts": self._show_shortcuts,
            "log_folder": self._open_log,
            "about": self._show_about,
            "cancel": self._cancel,
        }

    # Playing

    def _play_track(self, track_id: str) -> None:
        plan = self.document.plan
        for track, start in zip(plan.tracks, plan.track_starts, strict=True) if plan else ():
            if track.id == track_id:
                self.player.play_from(start)

    # Transitions

    def _show_editor(self, pair: Pair) -> None:
        self.selection.choose(pair)
        self.show_part("editor")

    def _audition(self) -> None:
        if self.selection.pair is not None:
            self.player.audition(self.selection.pair)

    def _loop(self) -> None:
        if self.selection.pair is not None:
            self.player.loop_audition(self.selection.pair)

    def _reset_transition(self) -> None:
        pair = self.selection.pair
        analyses = self.document.analyses(pair) if pair else None
        if pair is not None and analyses is not None:
            project = reset_transition(self.document.settled_project, pair, analyses)
            self.document.edit(self.tr("Reset transition"), project)

    # View

    def show_part(self, name: str) -> None:
        """Bring a panel to the front: "playlist", "editor", "render" or "report"."""
        self._docks[name].show()
        self._docks[name].raise_()

    def _make_room(self, is_wanted: bool) -> None:
        """Make the editor's panel higher by what stands above the editor, as far as it goes."""
        dock, panel = self._docks["editor"], self.search.panel
        if is_wanted == panel.isHidden():
            before = self._editor_px
            self._editor_px = dock.height()
            height = dock.height() + panel.sizeHint().height() if is_wanted else before
            self.resizeDocks([dock], [height], Qt.Orientation.Vertical)

    def _zoom(self, how: str) -> None:
        """Zoom the editor where it has the keyboard, else the timeline."""
        focus = self.focusWidget()
        in_editor = focus is not None and self.editor.isAncestorOf(focus)
        getattr(self.editor if in_editor else self.timeline, how)()

    def _toggle_follow(self) -> None:
        self.timeline.follow = self.actions_by_name["follow"].isChecked()
        preferences.put("follow", self.timeline.follow)

    # Rendering

    def _ask_and_render(self) -> None:
        dialog = ExportDialog(self.document, self)
        dialog.chosen.connect(self._render)
        dialog.open()

    def _render(self, choice: ExportChoice) -> None:
        self.show_part("render")
        self.renderer.render(choice)

    def _render_missing(self) -> None:
        """Render all NSynth transitions that are not rendered, or say why not."""
        nsynth = self.document.nsynth
        missing = nsynth.missing()
        if nsynth.trouble is not None:
            self._tell("warning", nsynth.trouble_words)
            if nsynth.lacks_model:
                self._show_models()
        elif missing:
            self.show_part("render")
            self._make(missing)
        else:
            self._tell("info", self.tr("Every NSynth transition is rendered."))

    def _make(self, pairs: Collection[Pair]) -> None:
        if not self.renderer.is_rendering:
            self.renderer.make(pairs)

    def _on_made(self, made: MadeTransitions) -> None:
        for why in dict.fromkeys(map(str, made.failed.values())):  # each reason once
            words = self.tr("NSynth transitions could not be rendered. {why}")
            self._tell("error", words.format(why=why))
        n = len(made.pairs) - len(made.failed)
        if n:
            words = (
                self.tr("1 transition rendered") if n == 1 else self.tr("{n} transitions rendered")
            )
            self._tell("info", words.format(n=n))

    def _on_rendered(self, mix: RenderedMix) -> None:
        self.report.show_mix(mix)
        self._tell("info", self.tr("Rendered {name}").format(name=shown(mix.choice.target.name)))

    def _show_queue(self) -> None:
        """Show in the timeline how far each transition is."""
        is_shown = self.renderer.is_rendering and self.renderer.stage is Stage.TRANSITIONS
        jobs = self.renderer.jobs if is_shown else []
        self.timeline.set_progress({job.pair: _shown_share(job) for job in jobs})

    def _on_render_failed(self, error: Exception) -> None:
        if not isinstance(error, DeepBassError):
            faults.show(error)

    # Telling

    def _tell(self, level: Level, text: str) -> None:
        if level == "info":
            self.statusBar().showMessage(text, _MESSAGE_MS)
        else:
            self.notices.tell(text, level)

    def _show_problems(self, problems: Sequence[Problem]) -> None:
        ProblemsDialog(problems, self).show()

    def _show_settings(self) -> None:
        SettingsDialog(self.document, self.player, self).open()

    def _offer_import(self, then: Callable[[], object]) -> None:
        """Offer to import a model, on top of the dialog that is open."""
        top = QApplication.activeModalWidget()
        offer_import(top or self, self.document.nsynth, then)

    def _show_models(self) -> None:
        ModelsDialog(self.document, self).open()

    def _show_shortcuts(self) -> None:
        ShortcutSheet(self.menuBar(), self).show()

    def _open_log(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(faults.log_folder())))

    def _show_about(self) -> None:
        text = self.tr(
            "DeepBass {version}\n\nTurns a playlist into one continuous mix.\n"
            "Free software under the GNU GPL, version 3 or later."
        )
        QMessageBox.about(self, self.tr("About DeepBass"), text.format(version=__version__))

    def _cancel(self) -> None:
        """Stop what runs: a try-out, rendering, a search, adding, playing; the first that does."""
        if self.editor.abort():
            return
        if self.renderer.is_rendering:
            self.renderer.cancel()
        elif self.search.searcher.is_searching:
            self.search.searcher.cancel()
        elif self.playlist.is_adding:
            self.playlist.cancel_adding()
        elif self.player.is_playing:
            self.player.stop()

    def _update_title(self) -> None:
        path = self.document.path
        name = shown(path.name) if path else self.tr("Untitled mix")
        self.setWindowTitle(f"{name}[*] – DeepBass")
        self.setWindowFilePath(str(path) if path else "")
        self.setWindowModified(self.document.is_modified)

    def _update_actions(self) -> None:
        plan, actions = self.document.plan, self.actions_by_name
        has_pair = self.selection.pair is not None
        actions["render"].setEnabled(plan is not None and not self.renderer.is_rendering)
        has_nsynth = bool(plan and nsynth_transitions(plan))
        actions["render_nsynth"].setEnabled(has_nsynth and not self.renderer.is_rendering)
        self.editor.morph.can_render = not self.renderer.is_rendering
        actions["save_playlist"].setEnabled(bool(self.document.project.tracks))
        for command in commands.COMMANDS:
            is_for_pair = (
                command.menu in ("&Transition", "&Beats") and command.name != "render_nsynth"
            )
            if is_for_pair or command.name in _FOR_A_PAIR:
                actions[command.name].setEnabled(has_pair)
        for name in _FOR_SOUND:
            wanted = plan is not None if name in ("play", "play_start") else has_pair
            actions[name].setEnabled(self.player.can_play and wanted)
        actions["play"].setIcon(theme.icon("pause" if self.player.is_playing else "play"))
        self._summary.setText(self._summary_words())

    def _summary_words(self) -> str:
        plan = self.document.plan
        if plan is None:
            return ""
        length = clock_text(seconds_from_frames(plan.n_frames, plan.sample_rate_hz))
        words = self.tr("{n} tracks, {length}, {rate} kHz")
        return words.format(n=len(plan.tracks), length=length, rate=plan.sample_rate_hz / 1000)

    def _hide_summary(self) -> None:
        """Hide while listening is blind how long the mix is: it tells one setting from another."""
        self._summary.setHidden(self.comparison.is_blind)

    def _fill_recent(self) -> None:
        self._recent_menu.clear()
        for path in self.files.recent():
            action = self._recent_menu.addAction(shown(path.name))
            action.setToolTip(shown(path))
            action.triggered.connect(partial(self._open_recent, path))
        self._recent_menu.addSeparator()
        clear = self._recent_menu.addAction(self.tr("&Clear this list"))
        clear.triggered.connect(self.files.forget_recent)
        self._recent_menu.setEnabled(bool(self.files.recent()))

    def _open_recent(self, path: Path, _checked: bool = False) -> None:
        self.flow.open_path(path)

    # The window itself

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Show what was named on the command line, and offer what a crash left behind."""
        if paths:
            self.music.add_paths(paths)
        self.flow.offer_recovery()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's names from here on)
        """Take files dropped anywhere."""
        if self.playlist.can_take(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802
        """Say so while they are dragged."""
        if self.playlist.can_take(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Add them behind the last track."""
        if self.playlist.drop_files(event.mimeData(), None):
            event.acceptProposedAction()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Look at the files again when the person comes back."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.document.library.look_again()
            if self.document.nsynth.is_known:
                self.document.nsynth.look()

    def childEvent(self, event: QChildEvent) -> None:  # noqa: N802
        """Name the tabs that Qt makes for panels lying on each other."""
        super().childEvent(event)
        if event.type() == QEvent.Type.ChildPolished and isinstance(event.child(), QTabBar):
            cast(QTabBar, event.child()).setAccessibleName(self.tr("Panels"))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Ask about what is unsaved or still running, then end every thread."""
        if self._is_closing:
            event.accept()
            return
        event.ignore()
        if self.renderer.is_rendering:
            ask(
                self,
                self.tr("A mix is being rendered")
                if self.renderer.is_for_mix
                else self.tr("Transitions are being rendered"),
                self.tr("Stop rendering and close?"),
                [
                    Answer(self.tr("&Keep rendering"), role=Role.RejectRole),
                    Answer(self.tr("&Stop and close"), self._stop_and_close, Role.DestructiveRole),
                ],
                details=self.tr("Nothing half-written is left behind."),
            )
            return
        self.flow.when_safe(self._close_now)
        event.setAccepted(self._is_closing)  # it was safe at once, and `close` is no use in here

    def _stop_and_close(self) -> None:
        self.renderer.cancel()
        self.flow.when_safe(self._close_now)

    def _close_now(self) -> None:
        self._is_closing = True
        preferences.put("window/geometry", self.saveGeometry())
        preferences.put("window/layout", self.saveState(_LAYOUT_VERSION))
        self.shut_down()
        self.close()
        self.closed.emit()

    def shut_down(self) -> None:
        """End all threads; what is being written is finished or taken back."""
        for part in (
            self.player, self.comparison, self.quality, self.renderer, self.search,
            self.playlist, self.editor, self.flow, self.files, self.autosave, self.music,
            self.document.nsynth, self.document.library,
        ):  # fmt: skip
            part.shut_down()

    def _restore_layout(self) -> None:
        frame = QSize(2, 40)  # what a window manager adds, roughly
        self.resize(QSize(1280, 800).boundedTo(self.screen().availableSize() - frame))
        self.resizeDocks([self._docks["playlist"]], [380], Qt.Orientation.Horizontal)
        self.resizeDocks(
            [self._docks["editor"]], [self.height() * 9 // 20], Qt.Orientation.Vertical
        )
        self.restoreGeometry(preferences.get_bytes("window/geometry"))
        self.restoreState(preferences.get_bytes("window/layout"), _LAYOUT_VERSION)
        self.actions_by_name["follow"].setChecked(preferences.get("follow", True))
        self._toggle_follow()


def _shown_share(job: PairJob) -> float:
    """How far a transition is, as the timeline shows it."""
    if job.is_nsynth and not job.is_over:
        return 0.95 * job.share
    return {JobState.QUEUED: 0.0, JobState.RENDERING: 0.5}.get(job.state, 1.0)

"""The playlist: music comes in here and is put in order, transitions between the tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QModelIndex, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QIcon
from PySide6.QtWidgets import QFileDialog, QMenu, QStackedLayout, QWidget

from deepbass_engine.errors import DeepBassError
from deepbass_engine.playlists import write_playlist
from deepbass_engine.project import Problem
from deepbass_gui import edits, theme
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.adding import Adding
from deepbass_gui.jobs.arranging import Arranging
from deepbass_gui.jobs.relinking import Relinking
from deepbass_gui.jobs.worker import Event, Failed, Finished, Worker
from deepbass_gui.models.playlist import PlaylistModel, TrackRow, TransitionRow, dragged_ids
from deepbass_gui.quality_words import Mark
from deepbass_gui.selection import Selection
from deepbass_gui.views.empty_playlist import EmptyPlaylist
from deepbass_gui.views.playlist_table import PlaylistTable

PROJECT_EXTENSION = ".deepbass"

_LEAST_PX = 240


class PlaylistView(QWidget):
    """Shows the tracks and transitions of the document; empty, it says how music gets in.

    Signals
    -------
    add_requested(), demo_requested()
        A button of the empty playlist was pressed.
    play_requested(str)
        The mix is to be played from this track on.
    audition_requested()
        The chosen transition is to be played.
    problems_found(tuple[Problem, ...])
        What could not be added, relinked or written.
    project_dropped(Path)
        A project was dropped, to be opened.
    adding_changed(bool)
        Whether music is being looked for.
    list_wanted(Path, tuple[str, ...], object)
        See `deepbass_gui.jobs.adding.Adding`.
    failed(Exception)
        Something ended with an error that no person can mend.
    """

    add_requested = Signal()
    demo_requested = Signal()
    play_requested = Signal(str)
    audition_requested = Signal()
    problems_found = Signal(tuple)
    project_dropped = Signal(Path)
    adding_changed = Signal(bool)
    list_wanted = Signal(Path, tuple, object)
    failed = Signal(object)

    def __init__(
        self, document: Document, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._worker = Worker(1, self)
        self._adding = Adding(document, self)
        self._relinking = Relinking(document, self._worker, self)
        self._arranging = Arranging(document, self._worker, self)
        self._arranging.failed.connect(self.failed)
        self.model = PlaylistModel(document, self)
        self.table = PlaylistTable(self.model, self)
        self.empty = EmptyPlaylist(self)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.table)
        self.setMinimumWidth(_LEAST_PX)
        self.setAcceptDrops(True)
        self._connect()
        self._show_page()

    @property
    def is_adding(self) -> bool:
        """Whether music is being looked for."""
        return self._adding.is_adding

    def selected_ids(self) -> list[str]:
        """Ids of the chosen tracks, from top to bottom."""
        rows = (self.model.row(index) for index in self.table.selected())
        return [row.key for row in rows if isinstance(row, TrackRow)]

    def set_marks(self, marks: Mapping[Pair, tuple[Mark, ...]]) -> None:
        """Flag transitions, each with its reasons in words; all others lose their flag."""
        self.model.set_marks(marks)

    def add_paths(self, paths: Sequence[Path], at: int | None = None) -> None:
        """Add what files, folders and playlists hold before track `at`, or at the end."""
        self._adding.add(paths, at)

    def cancel_adding(self) -> None:
        """Add nothing of what is still being looked for."""
        self._adding.cancel()

    def can_take(self, mime: QMimeData) -> bool:
        """Whether `drop_files` can make something of it."""
        return bool(mime.hasUrls())

    def drop_files(self, mime: QMimeData, at: int | None) -> bool:
        """Add what was dropped; a project is given on to be opened instead."""
        urls = mime.urls()
        paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
        problems = [self._not_here(url) for url in urls if not url.isLocalFile()]
        project = next((p for p in paths if p.suffix.lower() == PROJECT_EXTENSION), None)
        if project is not None:
            problems += [self._beside_project(path) for path in paths if path != project]
        if problems:
            self.problems_found.emit(tuple(problems))
        if project is not None:
            self.project_dropped.emit(project)
        else:
            self.add_paths(paths, at)
        return bool(urls)

    def remove_selected(self) -> None:
        """Take the chosen tracks out; the one that moves up into their place is chosen then."""
        ids = self.selected_ids()
        if not ids:
            return
        project = self._document.settled_project
        first = [track.id for track in project.tracks].index(ids[0])
        text = self._counted(len(ids), self.tr("Remove 1 track"), self.tr("Remove {n} tracks"))
        after = edits.without_tracks(project, ids)
        self._document.edit(text, after)
        if after.tracks:
            self.select([after.tracks[min(first, len(after.tracks) - 1)].id])

    def duplicate_selected(self) -> None:
        """Put a copy of each chosen track behind it."""
        ids = self.selected_ids()
        if not ids:
            return
        project = self._document.settled_project
        after = edits.duplicated(project, ids)
        self._document.edit(
            self._counted(len(ids), self.tr("Duplicate 1 track"), self.tr("Duplicate {n} tracks")),
            after,
        )
        before = {track.id for track in project.tracks}
        self.select([track.id for track in after.tracks if track.id not in before])

    def move_selected(self, by: int) -> None:
        """Move the chosen tracks together, one place up (-1) or down (1)."""
        ids = self.selected_ids()
        if ids:
            order = [track.id for track in self._document.settled_project.tracks]
            edge = order.index(ids[0]) - 1 if by < 0 else order.index(ids[-1]) + 2
            self._move(ids, min(max(0, edge), len(order)), f"move {' '.join(ids)}")

    def sort(self, column: int) -> None:
        """Put the tracks in the order of a column, or in reverse if they stand so already."""
        declared = self.model.columns[column]
        if declared.sort_key is not None:
            name = self.tr("Sort by {column}").format(column=declared.title.lower())
            ids = self.model.sorted_ids(column)
            self._document.edit(name, edits.ordered(self._document.settled_project, ids))

    def pin_selected(self) -> None:
        """Let the chosen tracks keep their places when the playlist is put in order, or not."""
        if ids := self.selected_ids():
            project = edits.with_pins(self._document.settled_project, ids)
            self._document.edit(self.tr("Keep places"), project)

    def arrange(self) -> None:
        """Put the tracks in an order in which tempi, keys and loudness go together."""
        self._arranging.arrange()

    def relink(self, track_id: str, new_path: Path) -> None:
        """Point a track to another file, and the missing ones like it to where they went."""
        self._relinking.relink(track_id, new_path)

    def relink_selected(self) -> None:
        """Ask where the file of the first chosen track is now."""
        track = self._document.track(next(iter(self.selected_ids()), ""))
        if track is None:
            return
        path = track.path

        def on_event(event: Event) -> None:
            match event:
                case Finished(Path() as folder):
                    self._ask_place(track.id, path, folder)
                case Failed(error):
                    self.failed.emit(error)

        self._worker.start(lambda job: _deepest_folder(path), on_event)

    def export_playlist(self, path: Path) -> None:
        """Write the chosen tracks, or all where fewer than two are, as a playlist."""
        ids = self.selected_ids()
        tracks = self._document.settled_project.tracks
        files = [track.path for track in tracks if len(ids) < 2 or track.id in ids]

        def on_event(event: Event) -> None:
            match event:
                case Failed(DeepBassError() as error):
                    self.problems_found.emit((Problem.from_error(error, path),))
                case Failed(error):
                    self.failed.emit(error)

        self._worker.start(lambda job: write_playlist(path, files), on_event)

    def look_again(self) -> None:
        """Read the chosen tracks' files anew."""
        for track in map(self._document.track, self.selected_ids()):
            if track is not None:
                self._document.library.refresh(track.path)

    def select(self, ids: Sequence[str]) -> None:
        """Choose tracks, and bring the first into view."""
        flags = self.table.selectionModel().SelectionFlag
        self.table.selectionModel().clearSelection()
        indexes = [
            self.model.index(row, 1)
            for row in map(self.model.row_of, ids)
            if row is not None
        ]  # fmt: skip
        for index in indexes:
            self.table.selectionModel().select(index, flags.Select | flags.Rows)
        if indexes:
            self.table.selectionModel().setCurrentIndex(indexes[0], flags.NoUpdate)
            self.table.scrollTo(indexes[0])

    def menu(self) -> QMenu:
        """What can be done with the chosen rows."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        index = self.table.currentIndex()
        if index.isValid() and isinstance(self.model.row(index), TransitionRow):
            audition = menu.addAction(self.tr("Audition this transition"))
            audition.setIcon(theme.icon("play"))
            audition.triggered.connect(lambda: self._open(index))
            menu.addSeparator()
        has_tracks = bool(self.selected_ids())
        for text, icon, then in (
            (self.tr("Play from here"), "play", self._play_selected),
            (self.tr("Remove"), "remove", self.remove_selected),
            (self.tr("Duplicate"), "duplicate", self.duplicate_selected),
            (self.tr("Keep its place in an order, or not"), "", self.pin_selected),
            (self.tr("Move up"), "up", lambda: self.move_selected(-1)),
            (self.tr("Move down"), "down", lambda: self.move_selected(1)),
            (self.tr("Relink ..."), "relink", self.relink_selected),
            (self.tr("Look again"), "search", self.look_again),
            (self.tr("Show in folder"), "folder", self._show_in_folder),
        ):
            action = menu.addAction(theme.icon(icon) if icon else QIcon(), text)
            action.setEnabled(has_tracks)
            action.triggered.connect(lambda _checked, then=then: then())
        menu.addSeparator()
        order = menu.addMenu(self.tr("Sort by"))
        for i, column in enumerate(self.model.columns):
            if column.sort_key is not None:
                by = order.addAction(column.title)
                by.triggered.connect(lambda _checked, i=i: self.sort(i))
        return menu

    def shut_down(self) -> None:
        """Stop what runs and wait for the threads."""
        self._adding.shut_down()
        self._worker.shut_down()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        """Take files anywhere on the empty playlist."""
        if self.can_take(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        """Add what was dropped."""
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.drop_files(event.mimeData(), None)

    def _connect(self) -> None:
        table = self.table
        self.empty.add_requested.connect(self.add_requested)
        self.empty.demo_requested.connect(self.demo_requested)
        self._adding.problems_found.connect(self.problems_found)
        self._adding.added.connect(self._on_added)
        self._adding.changed.connect(self.adding_changed)
        self._adding.list_wanted.connect(self.list_wanted)
        self._adding.changed.connect(self.empty.set_adding)
        self._relinking.problems_found.connect(self.problems_found)
        self.model.rows_changed.connect(self._show_page)
        self._selection.pair_changed.connect(self._show_pair)
        self._selection.shown.connect(self._bring_into_view)
        table.selectionModel().currentRowChanged.connect(self._on_current)
        table.dropped.connect(self._on_dropped)
        table.sort_requested.connect(self.sort)
        table.opened.connect(self._open)
        table.remove_requested.connect(self.remove_selected)
        table.duplicate_requested.connect(self.duplicate_selected)
        table.move_requested.connect(self.move_selected)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show_menu)

    def _on_added(self, ids: list[str]) -> None:
        """Show where new tracks stand among others."""
        if len(ids) < len(self._document.settled_project.tracks):
            self.select(ids)

    def _show_page(self) -> None:
        self._pages.setCurrentWidget(self.table if self.model.rowCount() else self.empty)

    def _show_menu(self, at: QPoint) -> None:
        self.menu().popup(self.table.viewport().mapToGlobal(at))

    def _on_current(self, index: QModelIndex, before: QModelIndex) -> None:
        if index.isValid() and not self.model.is_changing:
            row = self.model.row(index)
            if isinstance(row, TransitionRow):
                self._selection.choose(row.pair)

    def _show_pair(self) -> None:
        """Mark the transition; where one was chosen here, choose it instead."""
        pair = self._selection.pair
        self.table.show_pair(pair)
        row = None if pair is None else self.model.row_of(pair)
        current = self.table.currentIndex()
        if row is None or not current.isValid() or current.row() == row:
            return
        if isinstance(self.model.row(current), TransitionRow):
            self.table.selectRow(row)

    def _bring_into_view(self, pair: Pair) -> None:
        row = self.model.row_of(pair)
        if row is not None:
            self.table.scrollTo(self.model.index(row, 1))

    def _on_dropped(self, mime: QMimeData, at: int) -> None:
        known = {track.id for track in self._document.settled_project.tracks}
        ids = [track_id for track_id in dragged_ids(mime) if track_id in known]
        if ids:
            self._move(ids, at, "")
        else:
            self.drop_files(mime, at)

    def _move(self, ids: Sequence[str], before: int, merge: str) -> None:
        text = self._counted(len(ids), self.tr("Move 1 track"), self.tr("Move {n} tracks"))
        after = edits.moved(self._document.settled_project, ids, before)
        self._document.edit(text, after, merge=merge)
        self.table.scrollTo(self.table.currentIndex())

    def _open(self, index: QModelIndex) -> None:
        row = self.model.row(index)
        if isinstance(row, TrackRow):
            self.play_requested.emit(row.key)
        else:
            self._selection.choose(row.pair)
            self.audition_requested.emit()

    def _play_selected(self) -> None:
        self.play_requested.emit(self.selected_ids()[0])

    def _show_in_folder(self) -> None:
        track = self._document.track(self.selected_ids()[0])
        if track is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(track.path.parent)))

    def _ask_place(self, track_id: str, path: Path, folder: Path) -> None:
        title = self.tr("Where is {name} now?").format(name=path.name)
        dialog = QFileDialog(self, title, str(folder))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.relink(track_id, Path(name)))
        dialog.open()

    def _not_here(self, url: QUrl) -> Problem:
        what = self.tr("{address} is not on this computer").format(address=url.toDisplayString())
        return Problem(None, None, what, self.tr("save it as a file and drop that"))

    def _beside_project(self, path: Path) -> Problem:
        what = self.tr("was not added, for a project was dropped with it")
        return Problem(path, None, what, self.tr("drop it again when the project is open"))

    def _counted(self, n: int, one: str, several: str) -> str:
        return one if n == 1 else several.format(n=n)


def _deepest_folder(path: Path) -> Path:
    """The folder a missing file was in, or the nearest above it that is still there."""
    for folder in path.parents:
        try:
            if folder.is_dir():
                return folder
        except (OSError, ValueError):
            continue
    return Path.home()

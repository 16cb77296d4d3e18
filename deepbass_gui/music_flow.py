"""How music comes into the playlist: by dialogs, the command line and the demo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from deepbass_engine.audio.demo_tracks import make_demo_tracks
from deepbass_engine.dj_libraries import LIBRARY_EXTENSIONS
from deepbass_engine.errors import DeepBassError, shown
from deepbass_engine.playlist_formats import PLAYLIST_EXTENSIONS
from deepbass_engine.playlists import AUDIO_EXTENSIONS
from deepbass_gui import preferences, state
from deepbass_gui.jobs.worker import Event, Failed, Finished, Job, Worker
from deepbass_gui.project_files import SUFFIX
from deepbass_gui.project_flow import ProjectFlow
from deepbass_gui.views.playlist import PlaylistView

_FOLDER_KEY = "folders/music"


class MusicFlow(QObject):
    """Adds music, and writes the playlist.

    Signals
    -------
    told(str, str)
        Something to say in the window: a level and the words.
    failed(Exception)
        A fault of the program itself.
    """

    told = Signal(str, str)
    failed = Signal(object)

    def __init__(self, playlist: PlaylistView, projects: ProjectFlow, window: QWidget) -> None:
        super().__init__(window)
        self._playlist = playlist
        self._projects = projects
        self._window = window
        self._worker = Worker(1, self)
        playlist.list_wanted.connect(self._choose_list)

    def add(self) -> None:
        """Ask for files and add them."""
        extensions = AUDIO_EXTENSIONS | PLAYLIST_EXTENSIONS | LIBRARY_EXTENSIONS
        patterns = " ".join(f"*{extension}" for extension in sorted(extensions))
        dialog = self._dialog(self.tr("Add music"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(
            [f"{self.tr('Music and playlists')} ({patterns})", self.tr("All files (*)")]
        )
        dialog.filesSelected.connect(self._add_chosen)
        dialog.open()

    def add_folder(self) -> None:
        """Ask for a folder and add what is in it."""
        dialog = self._dialog(self.tr("Add a folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.filesSelected.connect(self._add_chosen)
        dialog.open()

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Add files, folders and playlists behind the last track; a project is opened instead."""
        for path in paths:
            if path.suffix.lower() == SUFFIX:
                self._projects.open_path(path)
                return
        self._playlist.add_paths(paths, None)

    def add_demo(self) -> None:
        """Make the demo's three tracks and add them."""

        def make(job: Job) -> list[Path]:
            return make_demo_tracks(state.folder("demo"))

        def on_event(event: Event) -> None:
            if isinstance(event, Finished):
                self.add_paths(event.result)
            elif isinstance(event, Failed) and isinstance(event.error, DeepBassError | OSError):
                self.told.emit("error", str(event.error))
            elif isinstance(event, Failed):
                self.failed.emit(event.error)

        self._worker.start(make, on_event)

    def save_playlist(self) -> None:
        """Ask for a name and write the playlist there."""
        dialog = self._dialog(self.tr("Save playlist"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([f"*{e}" for e in sorted(PLAYLIST_EXTENSIONS)])
        dialog.setDefaultSuffix("m3u8")
        dialog.selectFile(self.tr("playlist") + ".m3u8")
        dialog.fileSelected.connect(lambda name: self._playlist.export_playlist(Path(name)))
        dialog.open()

    def shut_down(self) -> None:
        """End the thread."""
        self._worker.shut_down()

    def _choose_list(self, library: Path, names: tuple[str, ...], at: int | None) -> None:
        """Ask which playlist of a DJ library is to be added, and add it."""
        dialog = QInputDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setOption(QInputDialog.InputDialogOption.UseListViewForComboBoxItems)
        dialog.setWindowTitle(self.tr("Add a playlist"))
        dialog.setLabelText(
            self.tr("{name} holds {n} playlists. Which one?").format(
                name=shown(library.name), n=len(names)
            )
        )
        dialog.setComboBoxItems(names)
        dialog.setComboBoxEditable(False)
        dialog.textValueSelected.connect(
            lambda name: self._playlist.add_paths([Path(f"{library}#{name}")], at)
        )
        dialog.open()

    def _dialog(self, title: str) -> QFileDialog:
        folder = preferences.get(_FOLDER_KEY, str(Path.home()))
        dialog = QFileDialog(self._window, title, folder)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog

    def _add_chosen(self, names: list[str]) -> None:
        paths = [Path(name) for name in names]
        preferences.put(_FOLDER_KEY, str(paths[0].parent))
        self.add_paths(paths)

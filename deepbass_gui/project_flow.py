"""New, open, save, close, recover: what a person is asked on the way, and what happens then."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from deepbass_engine.errors import DeepBassError, shown
from deepbass_gui import autosave as autosaves
from deepbass_gui import preferences
from deepbass_gui.autosave import Autosave, Rescued
from deepbass_gui.dialogs.ask import Answer, Role, ask
from deepbass_gui.document import Document
from deepbass_gui.jobs.worker import Event, Finished, Worker
from deepbass_gui.project_files import SUFFIX, ChangedElsewhereError, ProjectFiles, is_damaged

FOLDER_KEY = "folders/project"


class ProjectFlow(QObject):
    """The life of a project in one window.

    Signals
    -------
    told(str, str)
        Something to say in the window: a level ("info", "warning", "error") and the words.
    failed(Exception)
        A fault of the program itself.
    """

    told = Signal(str, str)
    failed = Signal(object)

    def __init__(
        self, document: Document, files: ProjectFiles, autosave: Autosave, window: QWidget
    ) -> None:
        super().__init__(window)
        self._document = document
        self._files = files
        self._autosave = autosave
        self._window = window
        self._looking = Worker(1, self)
        self._failure: Exception | None = None  # of the save that is just ending
        files.opened.connect(self._on_opened)
        files.open_failed.connect(self._on_open_failed)
        files.save_failed.connect(self._on_save_failed)
        files.saved.connect(lambda path: self.told.emit("info", self._saved_words(path)))
        autosave.failed.connect(self._on_autosave_failed)

    def new(self) -> None:
        """Begin an empty project."""
        self.when_safe(self._files.new)

    def open(self) -> None:
        """Ask for a project file and open it."""
        self.when_safe(self._choose_and_open)

    def open_path(self, path: Path) -> None:
        """Open a project file, when what is open is safe."""
        self.when_safe(partial(self._files.open, path))

    def save(self, then: Callable[[], object] = lambda: None) -> None:
        """Save the project, under a name that is asked for if it has none; then go on."""
        if self._document.path is None:
            self.save_as(then)
        else:
            self._save_to(self._document.path, then)

    def save_as(self, then: Callable[[], object] = lambda: None) -> None:
        """Ask for a name, save there, then go on."""
        dialog = self._dialog(self.tr("Save project"), QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        path = self._document.path
        dialog.selectFile(path.name if path else self.tr("My mix") + SUFFIX)
        dialog.fileSelected.connect(lambda name: self._save_to(Path(name), then))
        dialog.open()

    def when_safe(self, then: Callable[[], object]) -> None:
        """Ask about unsaved work, if there is any; go on unless the person wants to stay."""
        if not self._document.is_modified:
            then()
            return
        name = self._document.path.name if self._document.path else self.tr("this mix")
        ask(
            self._window,
            self.tr("Unsaved changes"),
            self.tr("Save the changes to {name}?").format(name=name),
            [
                Answer(self.tr("&Save"), partial(self.save, then), Role.AcceptRole),
                Answer(self.tr("&Don't save"), then, Role.DestructiveRole),
                Answer(self.tr("&Cancel"), role=Role.RejectRole),
            ],
        )

    def offer_recovery(self) -> None:
        """Look for what a crash left behind, and offer it."""

        def on_event(event: Event) -> None:
            if isinstance(event, Finished) and event.result:
                self._offer(list(event.result))

        self._looking.start(lambda job: autosaves.left_behind(), on_event)

    def shut_down(self) -> None:
        """End the thread."""
        self._looking.shut_down()

    def _choose_and_open(self) -> None:
        dialog = self._dialog(self.tr("Open project"), QFileDialog.AcceptMode.AcceptOpen)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self._files.open(Path(name)))
        dialog.open()

    def _dialog(self, title: str, mode: QFileDialog.AcceptMode) -> QFileDialog:
        path = self._document.path
        folder = str(path.parent) if path else preferences.get(FOLDER_KEY, str(Path.home()))
        words = self.tr("DeepBass projects (*.deepbass)")
        dialog = QFileDialog(self._window, title, folder, words)
        dialog.setObjectName("project_dialog")
        dialog.setAcceptMode(mode)
        dialog.setDefaultSuffix(SUFFIX)
        dialog.fileSelected.connect(
            lambda name: preferences.put(FOLDER_KEY, str(Path(name).parent))
        )
        return dialog

    def _save_to(
        self, path: Path, then: Callable[[], object], *, over_changes: bool = False
    ) -> None:
        def on_done(is_saved: bool) -> None:
            error, self._failure = self._failure, None
            if is_saved:
                then()
            elif error is not None:
                self._ask_where_else(path, error, then)

        self._files.save(path, over_changes=over_changes, on_done=on_done)

    def _on_opened(self, path: Path, is_copy: bool) -> None:
        if is_copy:
            self.told.emit(
                "warning",
                self.tr(
                    "{name} is open in another DeepBass window. This is a copy of it: saving asks "
                    "for a name of its own."
                ).format(name=shown(path.name)),
            )

    def _on_open_failed(self, path: Path, error: Exception) -> None:
        if not isinstance(error, DeepBassError):
            self.failed.emit(error)
            return
        kept = self._files.last_good(path) if is_damaged(error) else None
        answers = [Answer(self.tr("&Close"), role=Role.RejectRole)]
        if kept is not None:
            words = self.tr("Open the last good version")
            open_kept = partial(self._files.open_copy, kept, path)
            answers.insert(0, Answer(words, open_kept, Role.AcceptRole))
        ask(
            self._window,
            self.tr("The project can't be opened"),
            self.tr("{name} can't be opened.").format(name=shown(path.name)),
            answers,
            details=str(error),
            icon=QMessageBox.Icon.Warning,
        )

    def _on_save_failed(self, path: Path, error: Exception) -> None:
        self._failure = error

    def _ask_where_else(self, path: Path, error: Exception, then: Callable[[], object]) -> None:
        """Say why a project is not saved, and offer other ways to, after which it goes on."""
        if not isinstance(error, DeepBassError):
            self.failed.emit(error)
            return
        answers = [
            Answer(
                self.tr("Save under &another name ..."),
                partial(self.save_as, then),
                Role.AcceptRole,
            ),
            Answer(self.tr("&Cancel"), role=Role.RejectRole),
        ]
        if isinstance(error, ChangedElsewhereError):
            replace = partial(self._save_to, path, then, over_changes=True)
            answers.insert(1, Answer(self.tr("&Replace it"), replace, Role.DestructiveRole))
        ask(
            self._window,
            self.tr("The project is not saved"),
            self.tr("{name} could not be saved. Your work is still here.").format(
                name=shown(path.name)
            ),
            answers,
            details=str(error),
            icon=QMessageBox.Icon.Warning,
        )

    def _on_autosave_failed(self, error: Exception) -> None:
        if not isinstance(error, DeepBassError | OSError):
            self.failed.emit(error)
            return
        words = self.tr("Unsaved work can't be kept for the case of a crash: {why}")
        self.told.emit("warning", words.format(why=error))

    def _offer(self, found: list[Rescued]) -> None:
        """Ask about the newest of what was left behind; the others come after it."""
        rescued, rest = found[0], found[1:]

        def then_the_rest() -> None:
            if rest:
                self._offer(rest)

        def discard() -> None:
            self._looking.start(lambda job: autosaves.discard(rescued), lambda event: None)
            then_the_rest()

        name = shown(rescued.path.name) if rescued.path else self.tr("a mix without a name")
        at = rescued.saved_at.strftime("%Y-%m-%d %H:%M")
        later = Answer(self.tr("Ask &later"), then_the_rest, Role.RejectRole)
        drop = Answer(self.tr("&Discard it"), discard, Role.DestructiveRole)
        if rescued.error is not None:
            ask(
                self._window,
                self.tr("Unsaved work was found"),
                self.tr("Unsaved work on {name} from {at} was found, but it is damaged.").format(
                    name=name, at=at
                ),
                [later, drop],
                details=str(rescued.error),
                icon=QMessageBox.Icon.Warning,
            )
            return
        details = self.tr("{n} tracks, kept at {at}.").format(n=rescued.n_tracks, at=at)
        if rescued.n_damaged:
            details += " " + self.tr("A newer version was damaged; this is the last good one.")
        ask(
            self._window,
            self.tr("Unsaved work was found"),
            self.tr("DeepBass did not close in order. Open the unsaved work on {name}?").format(
                name=name
            ),
            [
                Answer(self.tr("&Open it"), partial(self._recover, rescued), Role.AcceptRole),
                drop,
                later,
            ],
            details=details,
        )

    def _recover(self, rescued: Rescued) -> None:
        """Open unsaved work; what was left behind goes when it is kept anew or saved."""

        def on_opened() -> None:
            self._files.opened.disconnect(on_opened)
            self._autosave.kept.connect(discard)
            self._autosave.keep()

        def discard() -> None:
            self._autosave.kept.disconnect(discard)
            self._looking.start(lambda job: autosaves.discard(rescued), lambda event: None)

        def open_it() -> None:
            self._files.opened.connect(on_opened)
            self._files.open_copy(rescued.file, rescued.path)

        self.when_safe(open_it)

    def _saved_words(self, path: Path) -> str:
        return self.tr("Saved {name}").format(name=shown(path.name))

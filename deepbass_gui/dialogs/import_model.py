"""A model for NSynth transitions is chosen, named and imported."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.errors import DeepBassError
from deepbass_engine.progress import Progress
from deepbass_gui import preferences, theme
from deepbass_gui.nsynth import NSynth

FOLDER_KEY = "folders/models"
_STEPS = 1_000
_ENDINGS = (".tar", ".safetensors", ".index", ".meta")
_NOT_IN_A_NAME = re.compile(r"[^\w.+-]+")
_LONGEST_NAME = 40


class ImportModelDialog(QDialog):
    """Asks for a file or folder and a name, and imports the model.

    Signals
    -------
    imported(str)
        The model is installed under this name, and known to the window.
    """

    imported = Signal(str)

    def __init__(self, nsynth: NSynth, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nsynth = nsynth
        self._importer = nsynth.importer
        self._name_is_own = False
        self._is_mine = False
        self.setObjectName("import_model")
        self.setWindowTitle(self.tr("Import an NSynth model"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        words = QLabel(
            self.tr(
                "Takes the published checkpoint (wavenet-ckpt.tar, its folder, or its .index file) "
                "or a model that DeepBass made (.safetensors). It is checked and copied; this is "
                "done once."
            )
        )
        words.setWordWrap(True)
        self.path = QLineEdit()
        self.path.setAccessibleName(self.tr("File or folder of the model"))
        self.path.setMinimumWidth(320)
        self.path.textChanged.connect(self._on_path)
        self._file = QPushButton(theme.icon("open"), self.tr("&File ..."))
        self._file.setToolTip(self.tr("Choose an archive or a file of a model"))
        self._file.clicked.connect(self._browse_file)
        self._folder = QPushButton(theme.icon("folder"), self.tr("F&older ..."))
        self._folder.setToolTip(self.tr("Choose the folder of a checkpoint"))
        self._folder.clicked.connect(self._browse_folder)
        for button in (self._file, self._folder):
            button.setAutoDefault(False)
        self.name = QLineEdit()
        self.name.setAccessibleName(self.tr("Name of the model"))
        self.name.setToolTip(self.tr("One word, as it shall be called in DeepBass"))
        self.name.setMaxLength(_LONGEST_NAME)
        self.name.textEdited.connect(self._on_name)
        self._bar = QProgressBar()
        self._bar.setAccessibleName(self.tr("Progress of the import"))
        self._bar.setRange(0, _STEPS)
        self._bar.setTextVisible(False)
        self._stage = QLabel()
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.trouble.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.import_button = buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        self.import_button.setProperty("primary", True)
        self.import_button.setDefault(True)
        buttons.accepted.connect(self._import)
        buttons.rejected.connect(self.reject)
        self._lay_out(words, buttons)
        self._importer.advanced.connect(self._on_advanced)
        self._importer.imported.connect(self._on_imported)
        self._importer.failed.connect(self._on_failed)
        self._importer.stopped.connect(self._on_stopped)
        self._show()

    def reject(self) -> None:
        """Stop the import where one runs; else close."""
        if self._is_mine:
            self._importer.cancel()
        else:
            super().reject()

    def _lay_out(self, words: QLabel, buttons: QDialogButtonBox) -> None:
        path_row = QHBoxLayout()
        path_row.addWidget(self.path, 1)
        path_row.addWidget(self._file)
        path_row.addWidget(self._folder)
        progress_row = QHBoxLayout()
        progress_row.addWidget(self._bar, 1)
        progress_row.addWidget(self._stage)
        form = QFormLayout()
        form.setSpacing(theme.GRID_PX)
        label = QLabel(self.tr("&Model"))
        label.setBuddy(self.path)
        form.addRow(label, path_row)
        form.addRow(self.tr("&Name"), self.name)
        column = QVBoxLayout(self)
        column.setContentsMargins(*4 * (2 * theme.GRID_PX,))
        column.setSpacing(2 * theme.GRID_PX)
        column.addWidget(words)
        column.addLayout(form)
        column.addLayout(progress_row)
        column.addWidget(self.trouble)
        column.addStretch(1)
        column.addWidget(buttons)
        self.resize(600, self.sizeHint().height())

    def _browse_file(self) -> None:
        dialog = QFileDialog(self, self.tr("Import an NSynth model"), self._begin())
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(
            [self.tr("Models (*.tar *.safetensors *.index)"), self.tr("All files (*)")]
        )
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()

    def _browse_folder(self) -> None:
        dialog = QFileDialog(self, self.tr("Folder of a checkpoint"), self._begin())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()

    def _begin(self) -> str:
        """Where choosing begins."""
        return preferences.get(FOLDER_KEY, str(Path.home()))

    def _on_path(self, text: str) -> None:
        if not self._name_is_own:
            self.name.setText(name_for(Path(text)))
        self.trouble.setText("")
        self._show()

    def _on_name(self, text: str) -> None:
        self._name_is_own = bool(text)
        self.trouble.setText("")
        self._show()

    def _show(self) -> None:
        is_running, name = self._is_mine, self.name.text()
        of_this_name = [model for model in self._nsynth.models if model.name == name]
        is_bundled = any(model.bundled for model in of_this_name)
        replaces = bool(of_this_name) and not is_bundled
        for field in (self.path, self._file, self._folder, self.name):
            field.setEnabled(not is_running)
        for shown in (self._bar, self._stage):
            shown.setVisible(is_running)
        can = bool(self.path.text().strip() and name) and not self._importer.is_running
        self.import_button.setEnabled(can and not is_bundled)
        self.import_button.setText(self.tr("&Replace") if replaces else self.tr("&Import"))
        if of_this_name and not self.trouble.text():
            words = (
                self.tr("The model “{name}” comes with DeepBass. Choose another name.")
                if is_bundled
                else self.tr("The model “{name}” will be replaced.")
            )
            self.trouble.setText(words.format(name=name))

    def _import(self) -> None:
        path = Path(self.path.text().strip())
        is_taken = any(model.name == self.name.text() for model in self._nsynth.models)
        preferences.put(FOLDER_KEY, str(path.parent))
        self.trouble.setText("")
        self._is_mine = True
        self._importer.start(path, self.name.text(), overwrite=is_taken)
        self._bar.setValue(0)
        self._stage.setText("")
        self._show()

    def _on_advanced(self, progress: Progress) -> None:
        if self._is_mine:
            self._bar.setValue(round(_STEPS * progress.done / max(1, progress.total)))
            self._stage.setText(self._stage_words(progress.stage))

    def _stage_words(self, stage: str) -> str:
        known = {
            "unpacking": self.tr("unpacking"),
            "reading": self.tr("reading and checking"),
            "writing": self.tr("writing"),
        }
        return known.get(stage, stage)

    def _on_imported(self, name: str) -> None:
        if self._is_mine:
            self._is_mine = False
            self.imported.emit(name)
            self.accept()

    def _on_failed(self, error: Exception) -> None:
        if self._is_mine:
            self._is_mine = False
            why = str(error) if isinstance(error, DeepBassError) else type(error).__name__
            self.trouble.setText(why)
            self._show()

    def _on_stopped(self) -> None:
        if self._is_mine:
            self._is_mine = False
            self.trouble.setText(self.tr("Cancelled; nothing was changed."))
            self._show()


def name_for(path: Path) -> str:
    """A name for the model of a file or folder.

    >>> name_for(Path("models/wavenet-ckpt.tar"))
    'wavenet-ckpt'
    >>> name_for(Path("my model (2).safetensors"))
    'my-model-2'
    """
    stem = path.name
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    return _NOT_IN_A_NAME.sub("-", stem)[:_LONGEST_NAME].strip("-.+")

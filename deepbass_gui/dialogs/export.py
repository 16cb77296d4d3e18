"""Where the mix goes and how it is written, asked before it is rendered."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.audio.write import bytes_needed
from deepbass_engine.errors import OutputError
from deepbass_engine.mix.estimate import time_text
from deepbass_engine.mix.targets import check_target
from deepbass_engine.settings import OutputSettings
from deepbass_engine.units import rescale_frames
from deepbass_gui import preferences, theme
from deepbass_gui.document import Document
from deepbass_gui.edits import with_mix
from deepbass_gui.jobs.render_work import ExportChoice

FOLDER_KEY = "folders/export"
JOBS_KEY = "output/jobs"
_KIND_KEY, _SUBTYPE_KEY = "export/kind", "export/subtype"
_RATES_HZ = (44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
_MAY_BREAK = "\N{ZERO WIDTH SPACE}"
_SUBTYPES = {".wav": ("PCM_16", "PCM_24", "FLOAT"), ".flac": ("PCM_16", "PCM_24")}


class ExportDialog(QDialog):
    """Asks for the file, its format and what is written beside it.

    A choice that can't be made is said at once, by the rules of the command line; a file that
    exists is replaced only by a button that says so.

    Signals
    -------
    chosen(ExportChoice)
        The mix is to be rendered.
    """

    chosen = Signal(object)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setObjectName("export")
        self.setWindowTitle(self.tr("Render mix"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._path = QLineEdit()
        self._path.setAccessibleName(self.tr("File of the mix"))
        self._path.setMinimumWidth(360)
        browse = QPushButton(theme.icon("folder"), self.tr("&Choose ..."))
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        self._kind = self._combo(
            self.tr("File format"), ((".wav", self.tr("WAV")), (".flac", self.tr("FLAC")))
        )
        self._subtype = self._combo(self.tr("Sample format"), ())
        self._rate = self._combo(
            self.tr("Sample rate of the mix"),
            (
                (None, self.tr("as the tracks")),
                *((rate, f"{rate / 1000:g} kHz") for rate in _RATES_HZ),
            ),
        )
        self._rate.setToolTip(
            self.tr("As the tracks: the highest of theirs, at most 48 kHz. Kept with the project.")
        )
        self._cue = self._box(
            self.tr("C&ue sheet"), "cue", self.tr("For players and burning: .cue")
        )
        self._tracklist = self._box(
            self.tr("&Tracklist"), "tracklist", self.tr("Times, artists and titles: .tracklist.txt")
        )
        self._report = self._box(
            self.tr("Re&port"), "report", self.tr("Every transition to the frame: .report.json")
        )
        self._size = QLabel()
        self._size.setProperty("secondary", True)
        self._nsynth = QLabel()
        self._nsynth.setProperty("secondary", True)
        self._nsynth.setWordWrap(True)
        self._trouble = QLabel()
        self._trouble.setWordWrap(True)
        self._trouble.setTextFormat(Qt.TextFormat.PlainText)
        self._trouble.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.render_button = buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        self.render_button.setProperty("primary", True)
        self.render_button.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._lay_out(browse, buttons)
        self._show_remembered()
        self._path.textChanged.connect(self._check)
        self._kind.currentIndexChanged.connect(self._on_kind)
        for box in (self._subtype, self._rate):
            box.currentIndexChanged.connect(self._check)
        for check in (self._cue, self._tracklist, self._report):
            check.toggled.connect(self._check)
        document.planned.connect(self._check)
        document.nsynth.changed.connect(self._check)
        self._check()
        self.render_button.setFocus()

    @property
    def choice(self) -> ExportChoice:
        """What is chosen now."""
        target = Path(self._path.text())
        with suppress(RuntimeError):  # a "~name" of nobody is a name like any other
            target = target.expanduser()
        return ExportChoice(
            target=target.absolute(),
            output=self._document.nsynth.output(
                OutputSettings(
                    subtype=self._subtype.currentData(), jobs=preferences.get(JOBS_KEY, 0)
                )
            ),
            cue=self._cue.isChecked(),
            tracklist=self._tracklist.isChecked(),
            report=self._report.isChecked(),
            overwrite=True,
        )

    @property
    def trouble(self) -> str:
        """Why this can't be rendered, or what will be replaced; empty where all is well."""
        return self._trouble.text().replace(_MAY_BREAK, "")

    def set_target(self, path: Path) -> None:
        """Put another file in."""
        self._path.setText(str(path))

    def accept(self) -> None:
        """Render, if that can be done."""
        self._check()
        if not self.render_button.isEnabled():
            return
        choice = self.choice
        preferences.put(FOLDER_KEY, str(choice.target.parent))
        preferences.put(_KIND_KEY, self._kind.currentData())
        preferences.put(_SUBTYPE_KEY, choice.output.subtype)
        for name, check in (
            ("cue", self._cue), ("tracklist", self._tracklist), ("report", self._report),
        ):  # fmt: skip
            preferences.put(f"export/{name}", check.isChecked())
        project = self._document.settled_project
        self._document.edit(
            self.tr("Rate of the mix"), with_mix(project, sample_rate_hz=self._rate.currentData())
        )
        super().accept()
        self.chosen.emit(choice)

    def _combo(self, name: str, choices: tuple[tuple[object, str], ...]) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        for value, words in choices:
            box.addItem(words, value)
        return box

    def _box(self, words: str, name: str, tip: str) -> QCheckBox:
        check = QCheckBox(words)
        check.setToolTip(tip)
        check.setChecked(preferences.get(f"export/{name}", False))
        return check

    def _lay_out(self, browse: QPushButton, buttons: QDialogButtonBox) -> None:
        file_row = QHBoxLayout()
        file_row.addWidget(self._path, 1)
        file_row.addWidget(browse)
        format_row = QHBoxLayout()
        format_row.addWidget(self._kind)
        format_row.addWidget(self._subtype)
        format_row.addStretch(1)
        beside_row = QHBoxLayout()
        for check in (self._cue, self._tracklist, self._report):
            beside_row.addWidget(check)
        beside_row.addStretch(1)
        form = QFormLayout()
        form.setSpacing(theme.GRID_PX)
        form.addRow(_label(self.tr("&File"), self._path), file_row)
        form.addRow(_label(self.tr("F&ormat"), self._kind), format_row)
        form.addRow(self.tr("Sample &rate"), self._rate)
        form.addRow(self.tr("Beside it"), beside_row)
        form.addRow("", self._size)
        form.addRow("", self._nsynth)
        column = QVBoxLayout(self)
        column.setContentsMargins(*4 * (2 * theme.GRID_PX,))
        column.setSpacing(2 * theme.GRID_PX)
        column.addLayout(form)
        column.addWidget(self._trouble)
        column.addStretch(1)
        column.addWidget(buttons)

    def _show_remembered(self) -> None:
        kind = preferences.get(_KIND_KEY, ".wav")
        self._kind.setCurrentIndex(max(0, self._kind.findData(kind)))
        self._fill_subtypes(preferences.get(_SUBTYPE_KEY, OutputSettings().subtype))
        rate_hz = self._document.settled_project.mix.sample_rate_hz
        if rate_hz is not None and rate_hz not in _RATES_HZ:
            self._rate.addItem(f"{rate_hz / 1000:g} kHz", rate_hz)
        self._rate.setCurrentIndex(self._rate.findData(rate_hz))
        project = self._document.path
        folder = preferences.get(FOLDER_KEY, str(project.parent if project else Path.home()))
        name = project.stem if project else self.tr("mix")
        self.set_target(Path(folder) / f"{name}{self._kind.currentData()}")

    def _fill_subtypes(self, wanted: str) -> None:
        words = {
            "PCM_16": self.tr("16 bit"),
            "PCM_24": self.tr("24 bit"),
            "FLOAT": self.tr("32 bit float"),
        }
        self._subtype.blockSignals(True)
        self._subtype.clear()
        for subtype in _SUBTYPES[self._kind.currentData()]:
            self._subtype.addItem(words[subtype], subtype)
        index = self._subtype.findData(wanted)
        self._subtype.setCurrentIndex(index if index >= 0 else self._subtype.count() - 1)
        self._subtype.blockSignals(False)

    def _on_kind(self) -> None:
        self._fill_subtypes(self._subtype.currentData())
        path = Path(self._path.text())
        if path.suffix.lower() in _SUBTYPES:
            self._path.setText(str(path.with_suffix(self._kind.currentData())))
        self._check()

    def _browse(self) -> None:
        dialog = QFileDialog(self, self.tr("File of the mix"), self._path.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # this dialog says so itself
        dialog.setNameFilters([self.tr("Mixes (*.wav *.flac)")])
        dialog.setDefaultSuffix(self._kind.currentData().lstrip("."))
        dialog.fileSelected.connect(self._path.setText)
        dialog.open()

    def _check(self) -> None:
        """Say what can't be done, what will be replaced, and how large it will be."""
        kind = Path(self._path.text()).suffix.lower()
        if kind in _SUBTYPES and kind != self._kind.currentData():
            self._kind.blockSignals(True)
            self._kind.setCurrentIndex(self._kind.findData(kind))
            self._kind.blockSignals(False)
            self._fill_subtypes(self._subtype.currentData())
        choice = self.choice
        inputs = [track.path for track in self._document.settled_project.tracks]
        try:
            if not self._path.text():
                raise OutputError("give the mix a name")
            if self._document.plan is None:
                raise OutputError("there is nothing to mix", hint="add music")
            check_target(
                choice.target,
                inputs,
                choice.output.subtype,
                overwrite=True,
                beside=[*choice.beside],
            )
            trouble = self._room_words(choice) or self._document.nsynth.trouble_of_mix
        except OutputError as error:
            trouble = str(error)
        replaced = [p.name for p in (choice.target, *choice.beside) if not trouble and p.exists()]
        self.render_button.setEnabled(not trouble)
        self.render_button.setText(self.tr("&Replace") if replaced else self.tr("&Render"))
        if replaced:
            trouble = self.tr("Will be replaced: {names}").format(names=", ".join(replaced))
        self._trouble.setText(_breakable(trouble))
        self._nsynth.setText(self._nsynth_words())
        self._nsynth.setVisible(bool(self._nsynth.text()))
        self._size.setText("" if not self.render_button.isEnabled() else self._size_words(choice))

    def _nsynth_words(self) -> str:
        """What is going to be decoded, and how long that will take."""
        nsynth = self._document.nsynth
        missing = [] if nsynth.trouble else nsynth.missing()
        if not missing:
            return ""
        words = (
            self.tr("1 NSynth transition is not rendered yet and will be")
            if len(missing) == 1
            else self.tr("{n} NSynth transitions are not rendered yet and will be, together")
        ).format(n=len(missing))
        cost_s = nsynth.cost_s(missing)
        if cost_s is None:
            return self.tr("{words}; how long it takes is measured first.").format(words=words)
        return self.tr("{words}: {time}.").format(words=words, time=time_text(cost_s))

    def _size_words(self, choice: ExportChoice) -> str:
        words = self.tr("{size:.0f} MB at most; {free:.1f} GB are free there")
        return words.format(size=self._n_bytes(choice) / 1e6, free=_n_free(choice) / 1e9)

    def _room_words(self, choice: ExportChoice) -> str:
        """Why the disk can't hold the mix; empty where it can."""
        needed, free = self._n_bytes(choice), _n_free(choice)
        if needed <= free:
            return ""
        words = self.tr("The mix needs {size:.0f} MB, and {free:.0f} MB are free there.")
        return words.format(size=needed / 1e6, free=free / 1e6)

    def _n_bytes(self, choice: ExportChoice) -> int:
        """Room that the mix takes; none while too little is known of its tracks."""
        plan = self._document.plan
        if plan is None:
            return 0
        rate_hz = self._rate.currentData() or plan.sample_rate_hz
        n_frames = rescale_frames(plan.n_frames, plan.sample_rate_hz, rate_hz)
        return bytes_needed(choice.target.suffix, choice.output.subtype, n_frames)


def _n_free(choice: ExportChoice) -> int:
    return shutil.disk_usage(choice.target.parent).free


def _breakable(text: str) -> str:
    """The text with places to break a long name: a label breaks only between words."""
    return re.sub(r"(\S{24})", r"\1" + _MAY_BREAK, text)


def _label(words: str, buddy: QWidget) -> QLabel:
    """A label whose letter leads to a field that shares its row with others."""
    label = QLabel(words)
    label.setBuddy(buddy)
    return label

"""The NSynth models of this machine, and the question that is asked where there is none."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.errors import DeepBassError
from deepbass_gui import theme
from deepbass_gui.dialogs.ask import Answer, Role, ask
from deepbass_gui.dialogs.import_model import ImportModelDialog
from deepbass_gui.document import Document
from deepbass_gui.edits import with_mix
from deepbass_gui.nsynth import NSynth


class ModelsDialog(QDialog):
    """Lists the models that are here, imports and removes them, and says which one is used."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._nsynth = document.nsynth
        self.setObjectName("models")
        self.setWindowTitle(self.tr("NSynth models"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._words = QLabel()
        self._words.setWordWrap(True)
        self.table = QTableWidget(0, 5)
        self.table.setHorizontalHeaderLabels(
            [
                self.tr("Name"),
                self.tr("Used"),
                self.tr("Size"),
                self.tr("Layers × width"),
                self.tr("From"),
            ]
        )
        self.table.setAccessibleName(self.tr("Models"))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.itemSelectionChanged.connect(self._show_buttons)
        self.import_button = self._button("add", self.tr("&Import a model ..."), self._import)
        self.use_button = self._button("ok", self.tr("&Use in this project"), self._use)
        self.use_button.setToolTip(self.tr("NSynth transitions of this project take this model"))
        self.remove_button = self._button("remove", self.tr("&Remove ..."), self._ask_to_remove)
        delete = QShortcut(QKeySequence.StandardKey.Delete, self.table)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._ask_to_remove)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        row = QHBoxLayout()
        for button in (self.import_button, self.use_button, self.remove_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(*4 * (2 * theme.GRID_PX,))
        column.setSpacing(2 * theme.GRID_PX)
        column.addWidget(self._words)
        column.addWidget(self.table, 1)
        column.addLayout(row)
        self.resize(720, 360)
        self._nsynth.models_changed.connect(self._show)
        document.edited.connect(self._show)
        self._show()
        self._nsynth.look()

    def _button(self, icon: str, words: str, then: Callable[[], object]) -> QPushButton:
        button = QPushButton(theme.icon(icon), words)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: then())
        return button

    def _show(self) -> None:
        chosen, models = self._chosen(), self._nsynth.models
        self.table.setRowCount(len(models))
        for row, model in enumerate(models):
            config, source = model.config, model.source
            cells = (
                model.name,
                self._used_words(model.name),
                self.tr("{n} MB").format(n=f"{model.n_bytes / 1e6:.1f}"),
                f"{config.layers} × {config.width}",
                self.tr("comes with DeepBass") if model.bundled else source.origin,
            )
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip("\n".join((source.origin, *source.notes)))
                self.table.setItem(row, column, item)
            if model.name == chosen:
                self.table.selectRow(row)
        if models and not self._chosen():
            self.table.selectRow(0)
        wanted = self._document.project.mix.model
        words = self.tr("With these, one track turns into the other in NSynth transitions.")
        if not models:
            words = self.tr(
                "No model is installed yet. NSynth transitions need one: import the published "
                "checkpoint or a model that DeepBass made."
            )
        elif all(model.bundled for model in models) and not wanted:
            words = self.tr(
                "With the small model that comes with DeepBass, one track turns into the other in "
                "NSynth transitions. The published one (wavenet-ckpt.tar), which is far larger and "
                "takes far longer, can be imported."
            )
        elif wanted and wanted not in {model.name for model in models}:
            words = self.tr("This project wants the model “{name}”, which is not installed here.")
            words = words.format(name=wanted)
        self._words.setText(words)
        self._show_buttons()

    def _used_words(self, name: str) -> str:
        wanted = self._document.project.mix.model
        if name == wanted:
            return self.tr("by this project")
        if wanted or name != self._nsynth.default_model:
            return ""
        if self._is_bundled(name):
            return self.tr("automatically")
        return self.tr("automatically: the newest")

    def _is_bundled(self, name: str) -> bool:
        return any(model.bundled for model in self._nsynth.models if model.name == name)

    def _chosen(self) -> str:
        item = self.table.item(self.table.currentRow(), 0)
        return "" if item is None else item.text()

    def _show_buttons(self) -> None:
        chosen = self._chosen()
        is_bundled = self._is_bundled(chosen)
        self.remove_button.setEnabled(bool(chosen) and not is_bundled)
        self.remove_button.setToolTip(
            self.tr("This model comes with DeepBass and stays")
            if is_bundled
            else self.tr("Deletes DeepBass's copy of the model (Del)")
        )
        self.use_button.setEnabled(bool(chosen) and chosen != self._document.project.mix.model)

    def _import(self) -> None:
        dialog = ImportModelDialog(self._nsynth, self)
        dialog.open()

    def _use(self) -> None:
        project = with_mix(self._document.settled_project, model=self._chosen())
        self._document.edit(self.tr("Choose NSynth model"), project)

    def _ask_to_remove(self) -> None:
        name = self._chosen()
        if not self.remove_button.isEnabled():
            return
        details = self.tr("The file it was imported from stays. It can be imported again.")
        if self._used_words(name):
            details += "\n" + self.tr("NSynth transitions of this project use it.")
        ask(
            self,
            self.tr("Remove a model"),
            self.tr("Remove the model “{name}” from this machine?").format(name=name),
            [
                Answer(self.tr("&Keep"), role=Role.RejectRole),
                Answer(self.tr("&Remove"), lambda: self._remove(name), Role.DestructiveRole),
            ],
            details=details,
        )

    def _remove(self, name: str) -> None:
        from deepbass_engine.nsynth import models

        try:
            models.remove(name)
        except DeepBassError as error:
            self._words.setText(str(error))
        self._nsynth.look()


def offer_import(parent: QWidget, nsynth: NSynth, then: Callable[[], object]) -> None:
    """Say that there is no model, and offer to import one."""

    def import_one() -> None:
        dialog = ImportModelDialog(nsynth, parent.window())
        dialog.imported.connect(lambda _name: then())
        dialog.open()

    translate = parent.tr
    ask(
        parent.window(),
        translate("NSynth needs a model"),
        translate("No NSynth model is installed on this machine."),
        [
            Answer(translate("&Import a model ..."), import_one, Role.AcceptRole),
            Answer(translate("&Not now"), role=Role.RejectRole),
        ],
        details=translate(
            "A neural model turns one track into the other. It is imported once: the published "
            "checkpoint (wavenet-ckpt.tar or its folder), or a model that DeepBass made. "
            "Until then transitions stay as they are."
        ),
    )

"""The model of a project's NSynth transitions, to be chosen among those that are here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

from deepbass_gui import theme
from deepbass_gui.dialogs.import_model import ImportModelDialog
from deepbass_gui.nsynth import NSynth
from deepbass_gui.views.setting_form import SettingField

if TYPE_CHECKING:
    from deepbass_engine.nsynth.models import ModelFacts

_IMPORT = object()


class ModelField(SettingField):
    """A field for the setting ``model``: the default, one by name, or one to be imported now."""

    def __init__(self, nsynth: NSynth, parent: QWidget | None = None) -> None:
        self._nsynth = nsynth
        self._box = _Combo()
        self._box.setMinimumContentsLength(24)
        super().__init__(self._box, self._show_model, self._words, parent)
        self._box.activated.connect(self._on_activated)
        nsynth.models_changed.connect(self._fill)
        nsynth.look()

    def _words(self, value: str) -> str:
        return value or _tr("automatic")

    def _show_model(self, value: str) -> None:
        self.value = value
        self._fill()

    def _fill(self) -> None:
        """List what can be chosen, and what is chosen though it is not here."""
        box, chosen = self._box, self.value or ""
        models = {model.name: model for model in self._nsynth.models}
        box.clear()
        default = models.get(self._nsynth.default_model)
        automatic = _tr("Automatic: none is installed")
        if default is not None:
            words = (
                _tr("Automatic: {name}")
                if default.bundled
                else _tr("Automatic: the newest ({name})")
            )
            automatic = words.format(name=_title(default))
        box.addItem(automatic, "")
        for name, model in models.items():
            box.addItem(_title(model), name)
        if chosen and chosen not in models:
            words = _tr("{name} (not installed)").format(name=chosen)
            box.addItem(theme.icon("error", "error"), words, chosen)
        box.insertSeparator(box.count())
        box.addItem(theme.icon("add"), _tr("Import a model ..."), _IMPORT)
        box.setCurrentIndex(max(0, box.findData(chosen)))

    def _on_activated(self, index: int) -> None:
        if self._box.itemData(index, Qt.ItemDataRole.UserRole) is not _IMPORT:
            self.take(self._box.itemData(index))
            return
        self._fill()
        dialog = ImportModelDialog(self._nsynth, self.window())
        dialog.imported.connect(self._take_imported)
        dialog.open()

    def _take_imported(self, name: str) -> None:
        self.take(name)
        self._fill()


class _Combo(QComboBox):
    """Leaves the wheel to the page, so that it never changes a value unseen."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        event.ignore()


def _title(model: ModelFacts) -> str:
    if not model.bundled:
        return model.name
    return _tr("{name} (comes with DeepBass)").format(name=model.name)


def _tr(text: str) -> str:
    return QCoreApplication.translate("ModelField", text)

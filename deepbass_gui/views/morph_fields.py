"""What an NSynth transition has beside the others' settings, and whether it can be heard yet."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QSizePolicy, QWidget

from deepbass_engine.mix.estimate import time_text
from deepbass_gui import theme
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.nsynth import Readiness
from deepbass_gui.selection import Selection
from deepbass_gui.setting_words import choice_tip, choice_words
from deepbass_gui.views.field_row import FieldRow

FIELDS = ("morph", "embedding_fade", "morph_pace")
_ICON_PX = 16


class MorphFields(FieldRow):
    """Shows and edits the morph of the chosen transition; hidden for other methods.

    Attributes
    ----------
    combos
        The controls, by the name of the setting.
    words
        Whether the transition can be heard, and what that would cost.
    button
        Renders it, or leads to the models where one is missing.

    Signals
    -------
    render_requested(Pair)
        This transition is to be rendered.
    models_requested()
        The models are to be shown.
    """

    render_requested = Signal(object)
    models_requested = Signal()

    def __init__(
        self, document: Document, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(document, selection, parent)
        self._can_render = True
        self.combos: dict[str, QComboBox] = {}
        titles = {
            "morph": self.tr("Sound"),
            "embedding_fade": self.tr("Way across"),
            "morph_pace": self.tr("Pace"),
        }
        for name in FIELDS:
            combo = _Combo()
            for choice in self._declared[name].choices:
                combo.addItem(choice_words(name, choice), choice)
                tip = choice_tip(name, choice)
                combo.setItemData(combo.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
            combo.activated.connect(partial(self._on_activated, name))
            combo.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            combo.setMinimumContentsLength(14)
            self.combos[name] = combo
            self._add(name, titles[name], "", combo)
        self._icon = QLabel()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAccessibleName(self.tr("Whether the transition is rendered"))
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.button = QPushButton(theme.icon("render"), self.tr("Render"))
        self.button.setAccessibleName(self.tr("Render this transition"))
        self.button.clicked.connect(self._on_button)
        self._row.addSpacing(8)
        self._row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignBottom)
        self._row.addWidget(self.words, 1, Qt.AlignmentFlag.AlignBottom)
        self._row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        document.edited.connect(self._show)
        document.planned.connect(self._show)
        document.nsynth.changed.connect(self._show)
        document.nsynth.models_changed.connect(self._show)
        selection.pair_changed.connect(self._show)
        self._show()

    @property
    def can_render(self) -> bool:
        """Whether rendering can begin; not while it goes on."""
        return self._can_render

    @can_render.setter
    def can_render(self, can_render: bool) -> None:
        if can_render != self._can_render:
            self._can_render = can_render
            self._show()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw in other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "button"):
            self._show()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Words give way before fields do."""
        return QSize(0, super().minimumSizeHint().height())

    def _show(self) -> None:
        pair, spec = self._selection.pair, self._spec()
        is_shown = pair is not None and spec is not None and spec.method == "nsynth"
        self.setVisible(is_shown)
        if pair is None or spec is None or not is_shown:
            return
        for name, combo in self.combos.items():
            combo.setCurrentIndex(combo.findData(getattr(spec, name)))
            combo.setToolTip(choice_tip(name, getattr(spec, name)))
            self._mark(name, pair)
        pace = self.combos["morph_pace"]
        pace.setEnabled(spec.embedding_fade != "Extend")
        if not pace.isEnabled():
            pace.setToolTip(
                self.tr("Extend has no pace: each of its three passes holds its blend.")
            )
        self._show_readiness(pair)

    def _show_readiness(self, pair: Pair) -> None:
        nsynth, colors = self._document.nsynth, theme.colors()
        readiness = nsynth.readiness(pair)
        icon, color, words = "", colors.secondary, ""
        if trouble := nsynth.trouble_of(pair):
            icon, color, words = "error", colors.error, trouble
        elif readiness is Readiness.READY:
            icon, words = "ok", self.tr("Rendered: this is what you hear.")
        elif readiness is Readiness.MISSING:
            icon, color = "warning", colors.flagged
            words = self.tr("Not rendered yet: you hear the plain crossfade.")
            cost_s = nsynth.cost_s([pair])
            if cost_s is not None:
                words += " " + self.tr("Rendering takes {time}.").format(time=time_text(cost_s))
        self._show_icon(icon)
        self.words.setText(words)
        self.words.setToolTip(words)
        palette = self.words.palette()
        palette.setColor(self.words.foregroundRole(), color)
        self.words.setPalette(palette)
        self._show_button(readiness, can=not trouble)

    def _show_icon(self, icon: str) -> None:
        if icon:
            color = {"error": "error", "warning": "flagged", "ok": "ok"}[icon]
            self._icon.setPixmap(theme.icon(icon, color).pixmap(_ICON_PX, _ICON_PX))
        self._icon.setVisible(bool(icon))

    def _show_button(self, readiness: Readiness | None, *, can: bool) -> None:
        nsynth = self._document.nsynth
        lacks_model = nsynth.lacks_model and readiness is not None
        self.button.setVisible(lacks_model or readiness is Readiness.MISSING)
        self.button.setText(self.tr("Models ...") if lacks_model else self.tr("Render"))
        self.button.setAccessibleName(
            self.tr("NSynth models") if lacks_model else self.tr("Render this transition")
        )
        self.button.setIcon(theme.icon("settings" if lacks_model else "render"))
        self.button.setEnabled(lacks_model or (self._can_render and can))
        if lacks_model:
            tip = self.tr("Import a model, or choose another")
        elif not can:
            tip = self.words.text()
        elif self._can_render:
            tip = self.tr(
                "Renders this transition alone. To render all that are missing together, which is "
                "quicker: Transition > Render NSynth transitions (Ctrl+Shift+R)."
            )
        else:
            tip = self.tr("Something is being rendered already.")
        self.button.setToolTip(tip)

    def _on_activated(self, name: str, index: int) -> None:
        title = self._titles[name].lower()
        fields = {name: self.combos[name].itemData(index)}
        self._edit(self.tr("Choose {what} of the morph").format(what=title), **fields)

    def _on_button(self) -> None:
        pair = self._selection.pair
        if self._document.nsynth.lacks_model:
            self.models_requested.emit()
        elif pair is not None:
            self.render_requested.emit(pair)


class _Combo(QComboBox):
    """Leaves the wheel alone, so that it never changes a value unseen."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        event.ignore()

"""The search for better settings: the button that begins it, and a line for the status bar."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QWidget,
    QWidgetAction,
)

from deepbass_engine.mix.estimate import time_text
from deepbass_engine.settings import SearchSettings, described
from deepbass_gui import preferences, theme
from deepbass_gui.document import Document
from deepbass_gui.jobs.pair_jobs import SPEAKING_STAGES
from deepbass_gui.jobs.searching import LOOKING, Searcher
from deepbass_gui.models.render_queue import left_words
from deepbass_gui.selection import Selection

_WITH_WORDS = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
_ICON_ALONE = Qt.ToolButtonStyle.ToolButtonIconOnly
_STEPS = 1_000
_UPDATE_EVERY_MS = 100
_N_KEY, _NSYNTH_KEY = "search/n_candidates", "search/nsynth"


class FindButton(QToolButton):
    """Begins a search for the chosen transition; its arrow opens how it is done.

    In a small window its words give way to its icon.

    Signals
    -------
    find_requested()
        A better one is wanted.
    """

    find_requested = Signal()

    def __init__(
        self, document: Document, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self.setIcon(theme.icon("search"))
        self.setText(self.tr("Find better"))
        self.setToolButtonStyle(_WITH_WORDS)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.setAccessibleName(self.tr("Find a better one"))
        self.setToolTip(
            self.tr(
                "Try other lengths, places and curves for this transition, measure each, and offer "
                "the best to your ears (Ctrl+B)"
            )
        )
        self.clicked.connect(lambda: self.find_requested.emit())
        declared = {setting.name: setting for setting in described(SearchSettings)}
        number = declared["n_candidates"]
        self.n_candidates = QSpinBox()
        self.n_candidates.setRange(int(number.minimum or 0), int(number.maximum or 0))
        self.n_candidates.setValue(preferences.get(_N_KEY, int(number.default)))
        self.n_candidates.setAccessibleName(self.tr("Settings to try"))
        self.n_candidates.setToolTip(
            self.tr("How many settings are tried for a transition: the more, the longer it takes")
        )
        self.n_candidates.valueChanged.connect(lambda n: preferences.put(_N_KEY, n))
        self.tries_nsynth = QCheckBox(self.tr("Also try NSynth"))
        self.tries_nsynth.setChecked(preferences.get(_NSYNTH_KEY, False))
        self.tries_nsynth.clicked.connect(lambda on: preferences.put(_NSYNTH_KEY, on))
        self._cost = QLabel()
        self._cost.setProperty("secondary", True)
        self._cost.setWordWrap(True)
        self._make_menu()
        document.nsynth.models_changed.connect(self._refresh)
        selection.pair_changed.connect(self._refresh)
        document.planned.connect(self._refresh)
        self._refresh()

    @property
    def settings(self) -> SearchSettings:
        """How the search is to be done."""
        tries_nsynth = self.tries_nsynth.isChecked() and bool(self._document.nsynth.models)
        return SearchSettings(
            n_candidates=self.n_candidates.value(),
            methods=("simple", "nsynth") if tries_nsynth else (),
        )

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The size with words."""
        hint = super().sizeHint()
        return hint if self.toolButtonStyle() == _WITH_WORDS else hint + self._words_size

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The size without them."""
        return self.sizeHint() - self._words_size

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Show the words where there is room for them."""
        super().resizeEvent(event)
        has_room = self.width() >= self.sizeHint().width()
        self.setToolButtonStyle(_WITH_WORDS if has_room else _ICON_ALONE)

    @property
    def _words_size(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + theme.GRID_PX // 2, 0)

    def _make_menu(self) -> None:
        form = QWidget()
        grid = QGridLayout(form)
        grid.setContentsMargins(*4 * (theme.GRID_PX,))
        grid.setSpacing(theme.GRID_PX)
        label = QLabel(self.tr("Settings to try"))
        label.setBuddy(self.n_candidates)
        grid.addWidget(label, 0, 0)
        grid.addWidget(self.n_candidates, 0, 1)
        grid.addWidget(self.tries_nsynth, 1, 0, 1, 2)
        grid.addWidget(self._cost, 2, 0, 1, 2)
        menu = QMenu(self)
        entry = QWidgetAction(menu)
        entry.setDefaultWidget(form)
        menu.addAction(entry)
        menu.aboutToShow.connect(self._ask)
        self.setMenu(menu)

    def _ask(self) -> None:
        """Find out whether there is a model."""
        self._document.nsynth.when_known(self._refresh)

    def _refresh(self) -> None:
        nsynth, pair = self._document.nsynth, self._selection.pair
        self.setEnabled(pair is not None)
        has_model = bool(nsynth.models)
        self.tries_nsynth.setEnabled(has_model)
        cost_s = nsynth.cost_s([pair]) if pair is not None and has_model else None
        if not has_model:
            words = self.tr("NSynth needs a model; none is installed.")
        elif cost_s is not None:
            words = self.tr("Each NSynth transition takes {time}.").format(time=time_text(cost_s))
        else:
            words = self.tr("Each NSynth transition may take minutes; Esc stops.")
        self._cost.setText(words)


class SearchProgress(QWidget):
    """One line for the status bar while a search goes on; else it is hidden."""

    def __init__(self, searcher: Searcher, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._searcher = searcher
        self._words = QLabel()
        self._words.setFont(theme.tabular(self._words.font()))
        self._bar = QProgressBar()
        self._bar.setAccessibleName(self.tr("Progress of the search"))
        self._bar.setRange(0, _STEPS)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(20 * theme.GRID_PX)
        cancel = QToolButton()
        cancel.setIcon(theme.icon("cancel"))
        cancel.setAutoRaise(True)
        cancel.setAccessibleName(self.tr("Cancel the search"))
        cancel.setToolTip(self.tr("Cancel the search; everything stays as it is (Esc)"))
        cancel.clicked.connect(searcher.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID_PX, 0, theme.GRID_PX, 0)
        row.setSpacing(theme.GRID_PX)
        for widget in (self._words, self._bar, cancel):
            row.addWidget(widget)
        self._soon = QTimer(self, singleShot=True, interval=_UPDATE_EVERY_MS)
        self._soon.timeout.connect(self._update)
        searcher.changed.connect(self._update)
        searcher.advanced.connect(self._update_soon)
        self._update()

    def _update_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _update(self) -> None:
        searcher = self._searcher
        self.setVisible(searcher.is_searching)
        self._bar.setValue(round(_STEPS * searcher.share))
        parts = [_stage_words(searcher.stage, self.tr), f"{100 * searcher.share:.0f} %"]
        if searcher.time_left_s is not None:
            parts.append(left_words(searcher.time_left_s))
        self._words.setText(", ".join(parts))


def _stage_words(stage: str, tr: Callable[[str], str]) -> str:
    """What a search is at."""
    if stage == LOOKING:
        return tr("measuring every transition")
    if stage == "comparing":
        return tr("measuring what is on the beat")
    if stage in SPEAKING_STAGES:
        return tr("looking for better ones: NSynth, {stage}").format(stage=stage)
    return tr("looking for better ones")

"""The transitions of a finished mix as a table, from its report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from deepbass_engine.errors import shown
from deepbass_engine.mix.report import MixReport, ReportedTransition
from deepbass_engine.units import clock_text, seconds_from_frames
from deepbass_gui import theme
from deepbass_gui.quality_words import reason_words, sentence
from deepbass_gui.setting_words import choice_words

_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: its words and what a transition shows in it."""

    title: str
    text: Callable[[MixReport, ReportedTransition], str]
    is_number: bool = False
    tip: Callable[[ReportedTransition], str] | None = None


class ReportModel(QAbstractTableModel):
    """One row a transition; empty without a report."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._report: MixReport | None = None
        self._titles: tuple[str, ...] = ()
        self._columns = (
            _Column(self.tr("#"), lambda _, fade: str(fade.index + 1), True),
            _Column(self.tr("Leaves"), lambda _, fade: self._titles[fade.out_track]),
            _Column(self.tr("Enters"), lambda _, fade: self._titles[fade.in_track]),
            _Column(self.tr("At"), lambda report, fade: _clock(report, fade.start_frame), True),
            _Column(self.tr("Length"), lambda report, fade: _seconds(report, fade.frames), True),
            _Column(
                self.tr("Asked"), lambda report, fade: _seconds(report, fade.asked_frames), True
            ),
            _Column(self.tr("Method"), lambda _, fade: _manner(fade)),
            _Column(self.tr("Curve"), lambda _, fade: fade.curve),
            _Column(self.tr("Score"), lambda _, fade: _score(fade), True, self._score_tip),
            _Column(
                self.tr("Worth knowing"),
                lambda _, fade: "; ".join(notes(fade)),
                tip=lambda fade: "\n".join(sentences(fade)),
            ),
        )

    def show_report(self, report: MixReport | None, titles: tuple[str, ...] = ()) -> None:
        """Show another report, or none.

        Parameters
        ----------
        titles
            What to call its tracks.
        """
        self.beginResetModel()
        self._report, self._titles = report, titles
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's)
        """As many as transitions."""
        if parent.isValid() or self._report is None:
            return 0
        return len(self._report.transitions)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's)
        """As many as there are things to tell."""
        return 0 if parent.isValid() else len(self._columns)

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Words over the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        if self._report is None:
            return None
        column, fade = self._columns[index.column()], self._report.transitions[index.row()]
        if role == Qt.ItemDataRole.ToolTipRole and column.tip is not None:
            return column.tip(fade)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return column.text(self._report, fade)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.DecorationRole and index.column() == len(self._columns) - 1:
            return theme.icon("flag", "flagged") if notes(fade) else None
        return None

    def _score_tip(self, _fade: ReportedTransition) -> str:
        return self.tr(
            "How much worse it measures than its two tracks: 0 is as good as they are,\n"
            "at 1 something is at its limit."
        )

    def as_text(self) -> str:
        """The table in lines, with tabs between its columns."""
        rows = [[column.title for column in self._columns]]
        if self._report is not None:
            rows += [
                [column.text(self._report, fade) for column in self._columns]
                for fade in self._report.transitions
            ]
        return "\n".join("\t".join(map(shown, row)) for row in rows)


def notes(fade: ReportedTransition) -> tuple[str, ...]:
    """What is worth knowing of a transition, in a few words each."""
    return (*map(reason_words, fade.reasons), *_shortened(fade))


def sentences(fade: ReportedTransition) -> tuple[str, ...]:
    """The same at length."""
    flagged = fade.quality.flagged if fade.quality is not None else {}
    chosen = (fade.because,) if fade.because else ()
    return (*(sentence(measure.words) for measure in flagged.values()), *_shortened(fade), *chosen)


def _manner(fade: ReportedTransition) -> str:
    """The way it is joined in, as a person chooses among them."""
    return choice_words("method", fade.method if fade.join is None else "auto")


def _shortened(fade: ReportedTransition) -> tuple[str, ...]:
    words = QCoreApplication.translate("ReportModel", "shortened: {why}")
    return (words.format(why=fade.shortened_because),) if fade.shortened_because else ()


def _score(fade: ReportedTransition) -> str:
    return "" if fade.score is None else f"{fade.score:.2f}"


def _clock(report: MixReport, frame: int) -> str:
    return clock_text(seconds_from_frames(frame, report.sample_rate_hz))


def _seconds(report: MixReport, n_frames: int) -> str:
    return f"{seconds_from_frames(n_frames, report.sample_rate_hz):.2f} s"

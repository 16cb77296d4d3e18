"""What was measured of a transition as rows: the reasons it is flagged for, then every measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from deepbass_engine.mix.quality import Measure, Quality
from deepbass_gui.quality_words import figure, measure_lines, measure_title, sentence

_Index = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the panel.

    Attributes
    ----------
    name
        Of the measure.
    measure
        What was measured.
    is_reason
        Whether it stands above, as a sentence, because it is flagged.
    """

    name: str
    measure: Measure
    is_reason: bool

    @property
    def can_play(self) -> bool:
        """Whether there is a stretch to be heard."""
        first_s, end_s = self.measure.range_s
        return first_s < end_s


def rows_of(quality: Quality) -> list[Row]:
    """The reasons, the worst first, then all measures."""
    reasons = [Row(name, measure, True) for name, measure in quality.flagged.items()]
    return reasons + [Row(name, measure, False) for name, measure in quality.measures.items()]


class QualityModel(QAbstractListModel):
    """The rows of a transition; none where nothing is known of it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []

    def show_quality(self, quality: Quality | None) -> None:
        """Show another one; as long as its rows are of the same measures, they stay."""
        rows = rows_of(quality) if quality is not None else []
        is_alike = [(r.name, r.is_reason) for r in rows] == [
            (r.name, r.is_reason) for r in self._rows
        ]
        if is_alike:
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def row(self, index: _Index) -> Row:
        """What stands in a row."""
        return self._rows[index.row()]

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's)
        """Reasons and measures."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> Any:
        """What a row says."""
        if not index.isValid():
            return None
        row = self.row(index)
        match role:
            case _Role.DisplayRole:
                return sentence(row.measure.words) if row.is_reason else measure_title(row.name)
            case _Role.ToolTipRole:
                name = "kicks" if row.name == "beat_phase" else row.name
                lines = measure_lines(name, row.measure)
                return f"{lines}\n{self._way_to_play(row)}" if row.can_play else lines
            case _Role.AccessibleTextRole:
                return self._spoken(row)
        return None

    def _spoken(self, row: Row) -> str:
        if row.is_reason:
            return self.tr("Reason: {words}").format(words=sentence(row.measure.words))
        flagged = self.tr("flagged") if row.measure.is_flagged else self.tr("within its limit")
        value = figure(row.measure.value, row.measure.unit)
        return f"{measure_title(row.name)}: {value}, {flagged}"

    def _way_to_play(self, row: Row) -> str:
        words = self.tr("Click or Enter: hear the {seconds} s that show it best")
        first_s, end_s = row.measure.range_s
        return words.format(seconds=f"{end_s - first_s:.1f}")

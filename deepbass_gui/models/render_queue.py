"""The transitions of a rendering as a table."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from deepbass_gui import theme
from deepbass_gui.jobs.pair_jobs import JobState, PairJob
from deepbass_gui.jobs.rendering import Renderer

_Index = QModelIndex | QPersistentModelIndex
_ICONS = {
    JobState.QUEUED: ("transition", "secondary"),
    JobState.READING: ("render", "accent"),
    JobState.ENCODING: ("render", "accent"),
    JobState.DECODING: ("render", "accent"),
    JobState.RENDERING: ("render", "accent"),
    JobState.DONE: ("ok", "ok"),
    JobState.KEPT: ("ok", "secondary"),
    JobState.FAILED: ("error", "error"),
}


class RenderQueueModel(QAbstractTableModel):
    """One row a transition: its number, its tracks, how far it is."""

    def __init__(self, renderer: Renderer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._renderer = renderer
        self._jobs: list[PairJob] = []
        renderer.queue_changed.connect(self._update)
        self._update()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's)
        """As many as transitions."""
        return 0 if parent.isValid() else len(self._jobs)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's)
        """Number, tracks, state."""
        return 0 if parent.isValid() else 3

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Words over the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("#"), self.tr("Transition"), self.tr("State"))[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        job = self._jobs[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (str(job.index + 1), job.words, self._words(job))[index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 2:
            return theme.icon(*_ICONS[job.state])
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(job.error) if job.error else job.words
        return None

    def _words(self, job: PairJob) -> str:
        if job.state is JobState.DECODING:
            return self._decoding_words(job)
        return {
            JobState.QUEUED: self.tr("waiting"),
            JobState.READING: self.tr("reading"),
            JobState.ENCODING: self.tr("encoding"),
            JobState.RENDERING: self.tr("rendering"),
            JobState.DONE: self.tr("done"),
            JobState.KEPT: self.tr("unchanged, kept from before"),
            JobState.FAILED: self.tr("failed"),
        }[job.state]

    def _decoding_words(self, job: PairJob) -> str:
        if job.share >= 1:
            return self.tr("decoded; is put together with the others")
        words = self.tr("decoding {percent} %").format(percent=int(100 * job.share))
        left_s = self._renderer.left_s(job)
        return words if left_s is None else f"{words}, {left_words(left_s)}"

    def _update(self) -> None:
        jobs = self._renderer.jobs
        if len(jobs) != len(self._jobs):
            self.beginResetModel()
            self._jobs = jobs
            self.endResetModel()
            return
        changed = [i for i, job in enumerate(jobs) if job != self._jobs[i]]
        self._jobs = jobs
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], 2))


def left_words(left_s: float) -> str:
    """How long something will still take."""
    translate = QCoreApplication.translate
    if left_s < 60:
        return translate("Rendering", "{n} s left").format(n=max(1, round(left_s)))
    minutes = round(left_s / 60)
    if minutes < 90:
        return translate("Rendering", "{n} min left").format(n=minutes)
    words = translate("Rendering", "{hours} h {n} min left")
    return words.format(hours=minutes // 60, n=minutes % 60)

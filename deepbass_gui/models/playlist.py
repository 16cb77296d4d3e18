"""The playlist as a table: the tracks, and between them how each pair is joined.

A transition is a row of its own, before the track that enters. A track that can't be used has
none: its neighbours are joined over it, as the plan joins them. Rows are told apart by the track's
id or by the pair, so that what is selected stays selected whatever an edit does around it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QByteArray,
    QCoreApplication,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QIcon

from deepbass_engine.errors import shown
from deepbass_engine.mix.known import known
from deepbass_engine.project import Problem, Track
from deepbass_engine.units import seconds_from_frames
from deepbass_gui import theme
from deepbass_gui.document import Document
from deepbass_gui.edits import OWN_FIELDS, Pair, own
from deepbass_gui.jobs.library import State, TrackFacts
from deepbass_gui.models.playlist_columns import Column, ShownTrack, Status, columns
from deepbass_gui.nsynth import Readiness
from deepbass_gui.quality_words import Mark
from deepbass_gui.setting_words import choice_words

ROWS_MIME = "application/x-deepbass-rows"
SHOW_EVERY_MS = 100

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


@dataclass(frozen=True, slots=True)
class TrackRow:
    """A row that shows a track.

    Attributes
    ----------
    track
        The track.
    number
        Its place in the playlist, from 1.
    """

    track: Track
    number: int

    @property
    def key(self) -> str:
        """What tells the row from the others."""
        return self.track.id


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """A row that shows how two tracks are joined."""

    pair: Pair

    @property
    def key(self) -> Pair:
        """What tells the row from the others."""
        return self.pair


Row = TrackRow | TransitionRow


class PlaylistModel(QAbstractTableModel):
    """Shows the document's tracks and transitions as rows.

    What the library finds out is shown some ten times a second, row by row.

    Parameters
    ----------
    document
        Where the tracks are.

    Signals
    -------
    rows_changed()
        Rows have come, gone or moved, and all of them stand where they belong.
    """

    rows_changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = columns()
        self.is_changing = False
        """Whether rows are coming, going or moving just now."""
        self._document = document
        self._rows: list[Row] = []
        self._unplanned: set[str] = set()
        self._problems: dict[Path, tuple[Problem, ...]] = {}
        self._marks: dict[Pair, tuple[Mark, ...]] = {}
        self._news: set[Path] = set()
        self._is_stale = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SHOW_EVERY_MS)
        self._soon.timeout.connect(self._show_news)
        document.library.changed.connect(self._on_facts)
        document.edited.connect(self._on_edited)
        document.planned.connect(self._on_planned)
        document.nsynth.changed.connect(self._show_all)
        self._on_planned()

    # What it holds, for those who know rows by what they show

    def row(self, index: Index | int) -> Row:
        """What stands in a row."""
        return self._rows[index if isinstance(index, int) else index.row()]

    def row_of(self, key: str | Pair) -> int | None:
        """Where a track or a transition stands, or None."""
        return next((i for i, row in enumerate(self._rows) if row.key == key), None)

    def n_tracks_above(self, row: int) -> int:
        """How many tracks stand above a row."""
        return sum(isinstance(r, TrackRow) for r in self._rows[:row])

    def facts(self, row: TrackRow) -> TrackFacts:
        """What is known of a row's file."""
        return self._document.facts(row.track)

    def shown(self, row: TrackRow) -> ShownTrack:
        """What the columns are made from."""
        facts = self.facts(row)
        music = known(row.track, facts.analysis).music if facts.analysis else None
        return ShownTrack(row.number, facts, self._track_status(row), row.track.is_pinned, music)

    def sorted_ids(self, column: int) -> list[str]:
        """Ids of the tracks by a column, or in reverse if they stand by it already."""
        key_of = self.columns[column].sort_key
        tracks = [row for row in self._rows if isinstance(row, TrackRow)]
        if key_of is None:
            return [row.key for row in tracks]
        keys = {row.key: key_of(self.shown(row)) for row in tracks}
        known = [row.key for row in tracks if keys[row.key] is not None]
        unknown = [row.key for row in tracks if keys[row.key] is None]
        order = sorted(known, key=keys.__getitem__) + unknown
        if order == [row.key for row in tracks]:
            order = sorted(known, key=keys.__getitem__, reverse=True) + unknown
        return order

    def set_marks(self, marks: Mapping[Pair, tuple[Mark, ...]]) -> None:
        """Flag transitions, each with its reasons; all others lose their flag."""
        if marks != self._marks:
            self._marks = dict(marks)
            self._show_all()

    def status(self, row: Row) -> Status:
        """How a row fares."""
        if isinstance(row, TransitionRow):
            return self._transition_status(row.pair)
        return self._track_status(row)

    def transition_text(self, pair: Pair) -> str:
        """How a pair is joined, on one line."""
        spec = self._document.project.spec(pair.out_track, pair.in_track)
        fade, plan = self._document.fade(pair), self._document.plan
        duration_s = spec.duration_s
        if fade is not None and plan is not None:
            duration_s = seconds_from_frames(fade.n_frames, plan.sample_rate_hz)
        if not duration_s:
            text = _tr("~ cut")
        else:
            leaving, _, entering = spec.curve.replace("_", " ").partition(":")
            curve = f"{leaving} / {entering}" if entering not in ("", leaving) else leaving
            is_on_beat = fade is not None and fade.join is not None
            manner = "auto" if is_on_beat else spec.method
            method = "" if manner == "simple" else choice_words("method", manner) + "  "
            text = _tr("~ {seconds} s").format(seconds=f"{duration_s:.1f}") + f"  {method}{curve}"
        return text + (_tr("  (own)") if self._own_fields(pair) else "")

    # What Qt asks of a model

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        """Tracks and transitions."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        """The table of columns says."""
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Tracks can be dragged; nothing is edited in place."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flag = Qt.ItemFlag
        flags = flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemNeverHasChildren
        return flags | flag.ItemIsDragEnabled if isinstance(self.row(index), TrackRow) else flags

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        """The head of a column."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        match role:
            case Role.DisplayRole:
                return column.title
            case Role.TextAlignmentRole:
                return _alignment(column)
            case Role.ToolTipRole if column.sort_key is None:
                return column.tip
            case Role.ToolTipRole:
                return column.tip + "\n" + _tr("Click to sort by it, again for the reverse.")
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """What a cell shows."""
        if not index.isValid() or role not in _ROLES:
            return None
        row, column = self.row(index), self.columns[index.column()]
        match role:
            case Role.DisplayRole:
                return self._text(row, column)
            case Role.DecorationRole if column.name == "status":
                return self._icon(row)
            case Role.ToolTipRole:
                return self._tip(row)
            case Role.ForegroundRole:
                return self._color(row, column)
            case Role.TextAlignmentRole:
                return _alignment(column)
            case Role.FontRole if column.is_number:
                return theme.tabular(QFont())
            case Role.AccessibleTextRole:
                return self._spoken(row)
        return None

    def mimeTypes(self) -> list[str]:  # noqa: N802 (Qt's name)
        """Rows, as this window knows them."""
        return [ROWS_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: N802 (Qt's name)
        """The tracks among these cells, to be dropped in this window again."""
        rows = [self.row(i) for i in sorted({index.row() for index in indexes})]
        ids = [row.key for row in rows if isinstance(row, TrackRow)]
        mime = QMimeData()
        content = json.dumps({"process": os.getpid(), "ids": ids}).encode()
        mime.setData(ROWS_MIME, QByteArray(content))
        return mime

    def supportedDragActions(self) -> Qt.DropAction:  # noqa: N802 (Qt's name)
        """Rows are moved."""
        return Qt.DropAction.MoveAction

    # Cells

    def _text(self, row: Row, column: Column) -> str:
        if isinstance(row, TrackRow):
            return column.text(self.shown(row))
        if column.name == "title":
            return self.transition_text(row.pair)
        return self.status(row).text if column.name == "status" else ""

    def _icon(self, row: Row) -> QIcon | None:
        status = self.status(row)
        return theme.icon(status.icon, status.color) if status.icon else None

    def _color(self, row: Row, column: Column) -> QColor:
        status = self.status(row)
        colors = theme.colors()
        if status.color == "error" or column.name == "status":
            named: QColor = getattr(colors, status.color)
            return named
        if isinstance(row, TrackRow) and self._goes_with_before(row, column):
            return colors.ok
        is_first = isinstance(row, TrackRow) and column.name == "title"
        return colors.text if is_first else colors.secondary

    def _goes_with_before(self, row: TrackRow, column: Column) -> bool:
        """Whether what a column shows goes together with what it shows of the track before."""
        if column.goes_with is None:
            return False
        before = self._track_before(row)
        return before is not None and column.goes_with(self.shown(before), self.shown(row))

    def _track_before(self, row: TrackRow) -> TrackRow | None:
        """The row of the track before."""
        tracks = self._document.project.tracks
        if row.number < 2 or row.number - 2 >= len(tracks):
            return None
        return TrackRow(tracks[row.number - 2], row.number - 1)

    def _tip(self, row: Row) -> str:
        lines = list(self.status(row).reasons)
        if isinstance(row, TrackRow):
            fitting = [c.title for c in self.columns if self._goes_with_before(row, c)]
            if row.track.is_pinned:
                lines.append(_tr("Keeps its place when the tracks are put in order"))
            if fitting:
                words = _tr("Goes with the track before: {columns}")
                lines.append(words.format(columns=", ".join(fitting)))
            lines.append(shown(row.track.path))
        else:
            lines.insert(0, self._joined(row.pair))
            if names := self._own_fields(row.pair):
                words = ", ".join(_own_words()[name] for name in names)
                lines.append(_tr("Has of its own: {fields}").format(fields=words))
            if because := own(self._document.project, row.pair).because:
                lines.append(_tr("Chosen by {reason}").format(reason=because))
        return "\n".join(lines)

    def _spoken(self, row: Row) -> str:
        status = self.status(row).text
        if isinstance(row, TransitionRow):
            text = self.transition_text(row.pair).removeprefix("~ ")
            return f"{self._joined(row.pair)}: {text}, {status}"
        track = self.shown(row)
        parts = [c.text(track) for c in self.columns if c.name not in ("#", "status")]
        told = ", ".join(part for part in (*parts, status) if part)
        return _tr("Track {number}").format(number=row.number) + f": {told}"

    def _joined(self, pair: Pair) -> str:
        titles = [
            self._document.facts(track).title if track else ""
            for track in map(self._document.track, (pair.out_track, pair.in_track))
        ]
        return _tr("From {leaving} to {entering}").format(leaving=titles[0], entering=titles[1])

    def _own_fields(self, pair: Pair) -> list[str]:
        transition = own(self._document.project, pair)
        return [name for name in OWN_FIELDS if getattr(transition, name) is not None]

    def _track_status(self, row: TrackRow) -> Status:
        facts = self.facts(row)
        problems = self._problems.get(row.track.path, ())
        reasons = tuple(_reason(problem) for problem in problems)
        if facts.state is State.FAILED and facts.error is not None:
            what, reason = facts.error.what, _reason(Problem.from_error(facts.error))
            return Status(_tr("failed: {what}").format(what=what), "error", "error", (reason,), 0)
        if facts.state is State.READING:
            return Status(_tr("reading {percent} %").format(percent=int(100 * facts.share)), rank=2)
        if facts.state is State.WAITING:
            return Status(_tr("waiting"), rank=2)
        if row.key in self._unplanned:
            what = problems[0].what if problems else ""
            return Status(_tr("left out: {what}").format(what=what), "error", "error", reasons, 0)
        if problems:
            n = len(problems)
            text = _tr("1 warning") if n == 1 else _tr("{n} warnings").format(n=n)
            return Status(text, "warning", "flagged", reasons, 1)
        return Status(_tr("ready"))

    def _transition_status(self, pair: Pair) -> Status:
        marks = self._marks.get(pair, ())
        fade = self._document.fade(pair)
        if fade is None:
            return Status(_tr("waiting"))
        shortened = fade.shortened_because
        nsynth = self._document.nsynth
        readiness = nsynth.readiness(pair)
        if trouble := nsynth.trouble_of(pair):
            text = _tr("no model") if nsynth.lacks_model else _tr("impossible")
            return Status(text, "error", "error", (trouble,), 0)
        words = [_tr("shortened")] if shortened else []
        reasons = [_tr("Shortened: {why}.").format(why=shortened)] if shortened else []
        if readiness is Readiness.MISSING:
            words.append(_tr("to render"))
            reasons.append(_tr("Not rendered yet: the plain crossfade is heard in its place."))
        if marks:
            reasons += [mark.sentence for mark in marks]
            text = ", ".join([*(mark.short for mark in marks), *words])
            return Status(text, "flag", "flagged", tuple(reasons), 0)
        if words:
            icon = "warning" if shortened else "render"
            return Status(", ".join(words), icon, "flagged", tuple(reasons), 1)
        if readiness is Readiness.LOOKING:
            return Status(_tr("looking"), rank=2)
        return Status(_tr("ok"), "ok", "ok")

    # Changes

    def _on_facts(self, path: Path) -> None:
        self._news.add(path)
        if not self._soon.isActive():
            self._soon.start()

    def _show_news(self) -> None:
        """Show what was learnt since the last time, cell by cell."""
        news, self._news = self._news, set()
        if self._is_stale:
            self._show_all()
            return
        for i, row in enumerate(self._rows):
            before = self._track_before(row) if isinstance(row, TrackRow) else None
            of_pair = {each.track.path for each in (row, before) if isinstance(each, TrackRow)}
            if of_pair & news:
                for column in range(len(self.columns)):
                    # a range of cells would paint the whole table anew
                    self.dataChanged.emit(self.index(i, column), self.index(i, column))

    def _show_all(self) -> None:
        self._is_stale = False
        if self._rows:
            self._tell(0, len(self._rows) - 1)

    def _tell(self, first: int, last: int) -> None:
        top, bottom = self.index(first, 0), self.index(last, len(self.columns) - 1)
        self.dataChanged.emit(top, bottom)

    def _on_edited(self) -> None:
        self._show_rows()
        self._show_all()

    def _on_planned(self) -> None:
        document, plan = self._document, self._document.plan
        in_plan = {track.id for track in plan.tracks} if plan else set()
        self._unplanned = {
            track.id
            for track in document.project.tracks
            if track.id not in in_plan and document.facts(track).analysis is not None
        }
        self._problems = {}
        for problem in document.problems:
            if problem.path is not None:
                earlier = self._problems.get(problem.path, ())
                if problem not in earlier:  # a file that stands here twice tells it twice
                    self._problems[problem.path] = (*earlier, problem)
        self._show_rows()
        if document.is_settled:
            self._show_all()
        else:  # not in one breath with the timeline: many rows take their time
            self._is_stale = True
            self._soon.start()

    def _wanted_rows(self) -> Iterator[Row]:
        before: str | None = None
        for number, track in enumerate(self._document.project.tracks, start=1):
            is_failed = self._document.facts(track).state is State.FAILED
            if not is_failed and track.id not in self._unplanned:
                if before is not None:
                    yield TransitionRow(Pair(before, track.id))
                before = track.id
            yield TrackRow(track, number)

    def _show_rows(self) -> None:
        """Take out the rows that are no more, put the others in order, put in the new ones."""
        wanted = list(self._wanted_rows())
        if wanted == self._rows:
            return
        self.is_changing = True
        try:
            self._become(wanted)
        finally:
            self.is_changing = False
        self.rows_changed.emit()

    def _become(self, wanted: list[Row]) -> None:
        """Go from the rows that are shown to these."""
        place = {row.key: i for i, row in enumerate(wanted)}
        gone = [i for i, row in enumerate(self._rows) if row.key not in place]
        for first, last in reversed(list(_runs(gone))):
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._rows[first : last + 1]
            self.endRemoveRows()
        self._put_in_order(place)
        stays = {row.key for row in self._rows}
        new = [i for i, row in enumerate(wanted) if row.key not in stays]
        for first, last in _runs(new):
            self.beginInsertRows(QModelIndex(), first, last)
            self._rows[first:first] = wanted[first : last + 1]
            self.endInsertRows()
        self._rows = wanted

    def _put_in_order(self, place: Mapping[str | Pair, int]) -> None:
        order = sorted(range(len(self._rows)), key=lambda i: place[self._rows[i].key])
        if order == list(range(len(order))):
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        now = {was: i for i, was in enumerate(order)}
        self._rows = [self._rows[i] for i in order]
        after = [self.index(now[index.row()], index.column()) for index in before]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()


_ROLES = frozenset({
    Role.DisplayRole, Role.DecorationRole, Role.ToolTipRole, Role.ForegroundRole,
    Role.TextAlignmentRole, Role.FontRole, Role.AccessibleTextRole,
})  # fmt: skip


def dragged_ids(mime: QMimeData) -> list[str]:
    """Ids of the tracks that are being dragged from this program's playlist."""
    if not mime.hasFormat(ROWS_MIME):
        return []
    content = json.loads(bytes(mime.data(ROWS_MIME).data()))
    return list(content["ids"]) if content["process"] == os.getpid() else []


def _alignment(column: Column) -> Qt.AlignmentFlag:
    flag = Qt.AlignmentFlag
    return (flag.AlignRight if column.is_number else flag.AlignLeft) | flag.AlignVCenter


def _reason(problem: Problem) -> str:
    """What is wrong and what to do, as a sentence about the file."""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{problem.what}{hint}"


def _own_words() -> dict[str, str]:
    return {
        "method": _tr("method"),
        "curve": _tr("curve"),
        "duration_s": _tr("length"),
        "seed": _tr("seed"),
        "morph": _tr("sound of the morph"),
        "embedding_fade": _tr("way across"),
        "morph_pace": _tr("pace"),
        "style": _tr("on the beat or not"),
        "bars": _tr("bars"),
    }


def _runs(rows: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of neighbours among rows in rising order."""
    first: int | None = None
    last = -1
    for row in rows:
        if first is not None and row != last + 1:
            yield first, last
            first = None
        first = row if first is None else first
        last = row
    if first is not None:
        yield first, last


def _tr(text: str) -> str:
    return QCoreApplication.translate("Playlist", text)

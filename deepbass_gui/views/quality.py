"""What was measured of the chosen transition: a verdict, the reasons in words, every measure."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from deepbass_engine.mix.quality import Measure, MeasuredTransition, Quality
from deepbass_gui import theme
from deepbass_gui.jobs.measuring import Look, QualityLook
from deepbass_gui.models.quality import QualityModel, Row
from deepbass_gui.quality_words import (
    figure,
    measure_title,
    reason_words,
    sentence,
    tracks_figures,
)
from deepbass_gui.selection import Selection

_Index = QModelIndex | QPersistentModelIndex
_MARGIN_PX = theme.GRID_PX
_ICON_PX = 16
_BAR_PX = 4
_WIDTH_PX = 240
_PLAY_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class _RowPainter(QStyledItemDelegate):
    """Paints reasons with their sentence wrapped, and measures with figures and a bar."""

    def __init__(self, view: QualityList) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802
        """As tall as the words need."""
        width, row = self._view.viewport().width(), self._view.quality.row(index)
        metrics = QFontMetrics(self._view.font())
        if not row.is_reason:
            return QSize(width, 2 * metrics.height() + _BAR_PX + 3 * _MARGIN_PX // 2)
        room = QRect(0, 0, self._words_px(width), 10_000)
        words = metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, sentence(row.measure.words))
        return QSize(width, max(words.height(), _ICON_PX) + 2 * _MARGIN_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw a row."""
        row, colors = self._view.quality.row(index), theme.colors()
        rect: QRect = option.rect
        state = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected and self._view.hasFocus():
            painter.fillRect(rect, theme.blends(colors)["selection"])
        elif state & QStyle.StateFlag.State_MouseOver and row.can_play:
            painter.fillRect(rect, colors.hover)
        if not self._view.is_current:
            painter.setOpacity(0.5)
        painter.setFont(self._view.font())
        if row.is_reason:
            self._paint_reason(painter, rect, row)
        else:
            self._paint_measure(painter, rect, row)
        painter.restore()

    def _words_px(self, width: int) -> int:
        return max(1, width - 3 * _MARGIN_PX - _ICON_PX)

    def _paint_reason(self, painter: QPainter, rect: QRect, row: Row) -> None:
        colors = theme.colors()
        box = rect.adjusted(_MARGIN_PX // 2, 2, -_MARGIN_PX // 2, -2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.flagged, 1))
        painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        icon = QRect(rect.left() + _MARGIN_PX, rect.top() + _MARGIN_PX, _ICON_PX, _ICON_PX)
        theme.icon("play" if row.can_play else "flag", "flagged").paint(painter, icon)
        painter.setPen(colors.text)
        left = icon.right() + _MARGIN_PX
        words = QRect(left, rect.top(), self._words_px(rect.width()), rect.height())
        flags = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(words, flags, sentence(row.measure.words))

    def _paint_measure(self, painter: QPainter, rect: QRect, row: Row) -> None:
        colors, measure = theme.colors(), row.measure
        metrics = painter.fontMetrics()
        flag = Qt.AlignmentFlag
        line = QRect(
            rect.left() + _MARGIN_PX,
            rect.top() + _MARGIN_PX // 2,
            rect.width() - 2 * _MARGIN_PX,
            metrics.height(),
        )
        value = figure(measure.value, measure.unit)
        painter.setPen(colors.flagged if measure.is_flagged else colors.text)
        painter.drawText(line, flag.AlignRight, value)
        room = line.width() - metrics.horizontalAdvance(value) - _MARGIN_PX
        title = metrics.elidedText(measure_title(row.name), Qt.TextElideMode.ElideRight, room)
        painter.setPen(colors.text)
        painter.drawText(line, flag.AlignLeft, title)
        line.translate(0, metrics.height())
        self._paint_tracks(painter, line, row)
        self._paint_limit(painter, line, measure)
        bar = QRectF(line.left(), line.bottom() + _MARGIN_PX // 2, line.width(), _BAR_PX)
        _paint_bar(painter, bar, measure)

    def _paint_tracks(self, painter: QPainter, line: QRect, row: Row) -> None:
        """What the two tracks have alone, in their colours."""
        found = tracks_figures(row.name, row.measure)
        if found is None:
            return
        colors, x = theme.colors(), line.left()
        parts = (
            (found[0], colors.outgoing), (self._view.tr("and"), colors.secondary),
            (found[1], colors.incoming),
        )  # fmt: skip
        for text, color in parts:
            painter.setPen(color)
            painter.drawText(line.translated(x - line.left(), 0), Qt.AlignmentFlag.AlignLeft, text)
            x += painter.fontMetrics().horizontalAdvance(f"{text} ")

    def _paint_limit(self, painter: QPainter, line: QRect, measure: Measure) -> None:
        excess = figure(max(0.0, measure.excess), measure.unit).split(" ")[0]
        words = self._view.tr("+{excess} of {limit}")
        painter.setPen(theme.colors().secondary)
        limit = f"{measure.limit:g}"
        painter.drawText(
            line, Qt.AlignmentFlag.AlignRight, words.format(excess=excess, limit=limit)
        )


def _paint_bar(painter: QPainter, bar: QRectF, measure: Measure) -> None:
    """How far the excess reaches; the limit stands in the middle."""
    colors = theme.colors()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.fillRect(bar, colors.line)
    share = min(1.0, measure.badness / 2)
    color = colors.flagged if measure.is_flagged else colors.ok
    painter.fillRect(QRectF(bar.left(), bar.top(), share * bar.width(), bar.height()), color)
    middle = round(bar.center().x())
    painter.fillRect(QRectF(middle, bar.top() - 2, 1, bar.height() + 4), colors.secondary)


class QualityList(QListView):
    """The rows of the panel.

    Signals
    -------
    stretch_requested(object)
        A row was clicked, or Enter pressed on it: begin and end of its stretch, in seconds from
        where the transition begins.
    """

    stretch_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.quality = QualityModel(self)
        self.is_current = True
        """Whether what is shown holds for the transition as it is now."""
        self.setModel(self.quality)
        self.setItemDelegate(_RowPainter(self))
        self.setMouseTracking(True)
        self.setFont(theme.tabular(self.font()))
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName(self.tr("Quality of the transition: reasons, then all measures"))
        self.clicked.connect(self._play)

    def show_quality(self, quality: Quality | None, *, is_current: bool) -> None:
        """Show what was measured, dimmed while it is being measured anew."""
        self.is_current = is_current
        self.quality.show_quality(quality)
        self.viewport().update()

    def event(self, event: QEvent) -> bool:
        """Keep Enter for the row that has the keyboard."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in _PLAY_KEYS
            and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Enter plays; arrows go through the rows."""
        if event.key() in _PLAY_KEYS:
            self._play(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Wrap the words anew."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def _play(self, index: QModelIndex) -> None:
        if index.isValid() and self.quality.row(index).can_play:
            self.stretch_requested.emit(self.quality.row(index).measure.range_s)


class QualityPanel(QWidget):
    """Shows a verdict on the chosen transition, why it is flagged, and all that was measured.

    Attributes
    ----------
    list
        The reasons and measures.

    Signals
    -------
    stretch_requested(object)
        A stretch is to be heard: its begin and end in seconds from where the transition begins.
    """

    stretch_requested = Signal(object)

    def __init__(
        self, look: QualityLook, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._selection = selection
        self._icon = QLabel()
        self._icon.setFixedSize(_ICON_PX, _ICON_PX)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.RichText)
        self.list = QualityList()
        self.list.stretch_requested.connect(self.stretch_requested)
        self.setFocusProxy(self.list)
        head = QHBoxLayout()
        head.setContentsMargins(_MARGIN_PX, _MARGIN_PX, _MARGIN_PX, _MARGIN_PX // 2)
        head.setSpacing(_MARGIN_PX)
        head.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.verdict, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        self.setMinimumWidth(_WIDTH_PX - 5 * theme.GRID_PX)
        look.changed.connect(self._on_changed)
        selection.pair_changed.connect(self._refresh)
        self._refresh()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Narrow, beside the editor."""
        return QSize(_WIDTH_PX, 320)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Write in the new palette's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "list"):
            self._refresh()

    @Slot(object)
    def _on_changed(self, pair: object) -> None:
        if pair is None or pair == self._selection.pair:
            self._refresh()

    @Slot()
    def _refresh(self) -> None:
        pair = self._selection.pair
        state = self._look.state(pair) if pair is not None else None
        measured = self._look.latest(pair) if pair is not None else None
        is_current = state is Look.MEASURED
        quality = None if measured is None else measured.quality
        self.list.show_quality(quality, is_current=is_current)
        icon, color, words = self._verdict(state, measured)
        ink: QColor = getattr(theme.colors(), color)
        self.verdict.setText(f'<span style="color: {ink.name()}">{escape(words)}</span>')
        self.verdict.setAccessibleName(words)
        self._icon.setPixmap(
            theme.icon(icon, color).pixmap(QSize(_ICON_PX, _ICON_PX), self.devicePixelRatioF())
        )

    def _verdict(
        self, state: Look | None, measured: MeasuredTransition | None
    ) -> tuple[str, str, str]:
        """Icon, its colour, and the words."""
        pair = self._selection.pair
        match state:
            case Look.MEASURED if measured is not None:
                reasons = measured.quality.reasons
                if not reasons:
                    return "ok", "ok", self.tr("Sounds clean")
                words = ", ".join(map(reason_words, reasons))
                return "flag", "flagged", self.tr("Flagged: {reasons}").format(reasons=words)
            case Look.NOT_RENDERED:
                words = self.tr("Not rendered yet. It is measured once it is rendered.")
                return "render", "secondary", words
            case Look.FAILED if pair is not None:
                why = self._look.trouble_of(pair)
                return "error", "error", self.tr("Can't be measured. {why}").format(why=why)
            case None:
                return "info", "secondary", self.tr("Choose a transition to see how it sounds.")
        return "waveform", "secondary", self.tr("Measuring ...")

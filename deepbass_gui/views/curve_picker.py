"""Choosing a fade curve by its name and its picture."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QIcon,
    QImage,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from deepbass_engine.fades.curves import gains_in, gains_out
from deepbass_engine.settings import CURVES
from deepbass_gui import theme
from deepbass_gui.curve_words import curve_name, curve_tip, short_curve_name

PICTURE = QSize(40, 20)
_N_LETTERS = 13


@lru_cache(maxsize=256)
def curve_picture(curve: str, rising: bool, rgb: str, ratio: float) -> QImage:
    """A small drawing of a curve: rising as a track comes in, falling as it goes out."""
    image = QImage(PICTURE * ratio, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    width, height = PICTURE.width() - 4, PICTURE.height() - 4
    gain = (gains_in if rising else gains_out)(curve, width)
    points = [QPointF(2.5 + x, 2 + height * (1.0 - g)) for x, g in enumerate(gain)]
    corners = [QPointF(1.5 + width, 2 + height), QPointF(2.5, 2 + height)]
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    body = QColor(rgb)
    body.setAlpha(56)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(body)
    painter.drawPolygon(QPolygonF([*points, *corners]))
    painter.setPen(QPen(QColor(rgb), 1.5))
    painter.drawPolyline(QPolygonF(points))
    painter.end()
    return image


class CurvePicker(QComboBox):
    """Shows every fade curve with a picture of it.

    Parameters
    ----------
    rising
        Whether the pictures show a track coming in; else one going out.

    Signals
    -------
    picked(str)
        A person has chosen this curve.
    """

    picked = Signal(str)

    def __init__(self, rising: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rising = rising
        self.setIconSize(PICTURE)
        self.setMaxVisibleItems(14)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_N_LETTERS)
        for index, curve in enumerate(CURVES):
            self.addItem(curve_name(curve), curve)
            self.setItemData(index, curve_tip(curve), Qt.ItemDataRole.ToolTipRole)
        widest = max(QFontMetrics(self.font()).horizontalAdvance(curve_name(c)) for c in CURVES)
        self.view().setMinimumWidth(widest + PICTURE.width() + 48)
        self.setAccessibleName(
            self.tr("Curve of the track that enters")
            if rising
            else self.tr("Curve of the track that leaves")
        )
        self._draw()
        self.show_tip()
        self.currentIndexChanged.connect(self.show_tip)
        self.activated.connect(self._on_activated)

    @property
    def curve(self) -> str:
        """Name of the curve that is shown."""
        return CURVES[self.currentIndex()]

    @curve.setter
    def curve(self, curve: str) -> None:
        self.setCurrentIndex(CURVES.index(curve))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Draw the pictures in the new palette's colour."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Show the short name; the list has the long ones."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        place = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self)
        option.currentText = self.fontMetrics().elidedText(
            short_curve_name(self.curve),
            Qt.TextElideMode.ElideRight,
            place.width() - PICTURE.width() - 8,
        )
        painter = QStylePainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Let the wheel scroll what lies around, so that it never changes a fade unseen."""
        event.ignore()

    def _draw(self) -> None:
        colors = theme.colors()
        rgb = (colors.incoming if self._rising else colors.outgoing).name()
        for index, curve in enumerate(CURVES):
            image = curve_picture(curve, self._rising, rgb, self.devicePixelRatioF())
            picture = QPixmap.fromImage(image)
            icon = QIcon(picture)
            icon.addPixmap(picture, QIcon.Mode.Selected)  # else the style tints it
            self.setItemIcon(index, icon)

    def show_tip(self) -> None:
        """Say in the tooltip what the curve does."""
        side = (
            self.tr("How the entering track comes up.")
            if self._rising
            else self.tr("How the leaving track goes down.")
        )
        self.setToolTip(f"{side}\n{curve_name(self.curve)}: {curve_tip(self.curve)}")

    def _on_activated(self, index: int) -> None:
        self.picked.emit(CURVES[index])

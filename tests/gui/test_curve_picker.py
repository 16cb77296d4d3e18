from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from deepbass_engine.settings import CURVES
from deepbass_gui.curve_words import curve_name, curve_tip
from deepbass_gui.views.curve_picker import CurvePicker, curve_picture


def ink(image: QImage) -> np.ndarray:
    """Opacity of each pixel, shape (height, width)."""
    packed = np.frombuffer(image.constBits(), np.uint8)
    return packed.reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width(), 3]


def test_every_curve_of_the_engine_can_be_picked(qtbot: QtBot) -> None:
    picker = CurvePicker(rising=True)
    qtbot.addWidget(picker)
    assert [picker.itemData(i) for i in range(picker.count())] == list(CURVES)
    for curve in CURVES:
        picker.curve = curve
        assert picker.curve == curve
        assert picker.currentText() == curve_name(curve)
        assert curve_tip(curve) in picker.toolTip()


def test_no_two_curves_have_one_name() -> None:
    assert len({curve_name(curve) for curve in CURVES}) == len(CURVES)


@pytest.mark.parametrize("curve", [c for c in CURVES if c not in ("nofade", "Random_Linear")])
def test_the_picture_rises_where_a_track_comes_in_and_falls_where_one_goes_out(curve: str) -> None:
    for rising in (True, False):
        covered = (ink(curve_picture(curve, rising, "#4fb3ff", 1.0)) > 40).sum(axis=0)
        left, right = covered[3:10].sum(), covered[-10:-3].sum()
        assert (right > left) == rising


def test_the_picture_is_sharp_on_a_dense_screen() -> None:
    assert curve_picture("tri", True, "#4fb3ff", 2.0).width() == 80


def test_pictures_have_the_colour_of_their_track(qtbot: QtBot) -> None:
    image = curve_picture("nofade", True, "#b86a00", 1.0)
    assert QColor(image.pixelColor(20, 2)).hue() == pytest.approx(QColor("#b86a00").hue(), abs=3)


def test_a_key_picks_and_setting_does_not(qtbot: QtBot) -> None:
    picker = CurvePicker(rising=False)
    qtbot.addWidget(picker)
    picker.show()
    picked: list[str] = []
    picker.picked.connect(picked.append)
    picker.curve = "tri"
    assert picked == []
    QTest.keyClick(picker, Qt.Key.Key_Down)
    assert picked == [CURVES[CURVES.index("tri") + 1]]


def test_the_wheel_changes_nothing(qtbot: QtBot) -> None:
    picker = CurvePicker(rising=False)
    qtbot.addWidget(picker)
    picker.show()
    picker.setFocus()
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(picker.mapToGlobal(QPoint(5, 5))),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(picker, event)
    assert picker.curve == CURVES[0]

"""The curves under the waveforms stand where the canvas shows their time, at every zoom."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from deepbass_gui import theme
from deepbass_gui.document import Document
from deepbass_gui.selection import Selection
from deepbass_gui.views.editor import TransitionEditor
from deepbass_gui.views.quality_strip import QualityStrip
from tests.gui.measured import curve, measure, measured

Fill = Callable[..., Document]


@pytest.fixture
def editor(
    qtbot: QtBot, filled: Fill, document: Document, selection: Selection
) -> Iterator[TransitionEditor]:
    filled()
    made = TransitionEditor(document, selection)
    qtbot.addWidget(made)
    made.resize(900, 420)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.shut_down()


def picture(strip: QualityStrip) -> np.ndarray:
    """Pixels, shape (height, width), as 0xAARRGGBB."""
    image = strip.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    flat = np.frombuffer(image.constBits(), np.uint32)
    return flat.reshape(image.height(), image.bytesPerLine() // 4)[:, : image.width()]


def columns_of(strip: QualityStrip, color: int) -> tuple[int, int]:
    """First and last column that has pixels of a colour."""
    found = np.flatnonzero((picture(strip) == color).any(axis=0))
    return int(found[0]), int(found[-1])


def x_of(editor: TransitionEditor, seconds: float) -> float:
    """Where a time of the transition stands in the canvas."""
    scene, axis = editor.canvas.scene, editor.canvas.axis
    assert scene is not None
    return axis.x_at(scene.fade.start_frame + seconds * scene.rate_hz)


def test_what_is_flagged_is_shaded_from_its_begin_to_its_end(editor: TransitionEditor) -> None:
    found = measured(bass_overlap=measure(5.0, range_s=(0.25, 0.75)))
    editor.strip.show_measured(found, is_current=True)
    first, last = columns_of(editor.strip, theme.colors().flagged.rgb())
    assert first == pytest.approx(x_of(editor, 0.25), abs=1)
    assert last == pytest.approx(x_of(editor, 0.75), abs=1)


def test_what_is_within_its_limit_is_not_shaded(editor: TransitionEditor) -> None:
    editor.strip.show_measured(measured(bass_overlap=measure(0.5)), is_current=True)
    assert not (picture(editor.strip) == theme.colors().flagged.rgb()).any()


def test_the_shade_follows_when_the_canvas_is_zoomed(
    qtbot: QtBot, editor: TransitionEditor
) -> None:
    found = measured(bass_overlap=measure(5.0, range_s=(0.25, 0.75)))
    editor.strip.show_measured(found, is_current=True)
    before = x_of(editor, 0.25)
    editor.zoom_in()
    assert abs(x_of(editor, 0.25) - before) > 5
    first, _ = columns_of(editor.strip, theme.colors().flagged.rgb())
    assert first == pytest.approx(x_of(editor, 0.25), abs=1)


def test_zooming_the_canvas_paints_the_strip_anew(qtbot: QtBot, editor: TransitionEditor) -> None:
    painted_for = editor.strip._drawn
    editor.zoom_in()
    qtbot.waitUntil(lambda: editor.strip._drawn != painted_for, timeout=2_000)
    assert editor.strip._drawn == editor.strip._shown()


def test_a_curve_is_highest_where_its_values_are(editor: TransitionEditor) -> None:
    values = tuple(60.0 if 4 <= i <= 6 else 0.0 for i in range(11))
    editor.strip.show_measured(measured(rough_curve=curve(values)), is_current=True)
    upper = picture(editor.strip)[4:12]
    lit = np.flatnonzero((upper == theme.colors().text.rgb()).any(axis=0))
    lit = lit[lit > x_of(editor, 0.0)]
    assert lit.mean() == pytest.approx(x_of(editor, 0.5), abs=2)


def test_ten_thousand_values_are_drawn_with_no_more_points_than_pixels(
    editor: TransitionEditor,
) -> None:
    strip = editor.strip
    many = curve(tuple(float(i % 7) for i in range(10_000)), hop_s=0.0001)
    line = strip._line(strip._row_rect(0), many, np.asarray(many.mixed))
    assert line.size() <= 2 * strip.width()
    assert max(point.y() for point in line) <= strip._row_rect(0).bottom()


def test_a_tooltip_has_the_values_at_its_point_and_what_is_flagged(
    editor: TransitionEditor,
) -> None:
    values = tuple(float(i) for i in range(11))
    found = measured(rough_curve=curve(values), bass_overlap=measure(5.0, range_s=(0.25, 0.75)))
    editor.strip.show_measured(found, is_current=True)
    inside = editor.strip.tool_tip_at(QPoint(round(x_of(editor, 0.5)), 10))
    assert "Roughness: 5.0" in inside
    assert "The two bass lines sound at once" in inside
    assert "bass" not in editor.strip.tool_tip_at(QPoint(round(x_of(editor, 0.9)), 10))
    assert editor.strip.tool_tip_at(QPoint(round(x_of(editor, 3.0)), 10)) == ""


def test_the_strip_is_switched_and_stays_so(
    qtbot: QtBot, editor: TransitionEditor, document: Document, selection: Selection
) -> None:
    assert editor.strip.isVisible()
    with qtbot.waitSignal(editor.curves_changed, timeout=1_000):
        editor.toggle_curves()
    assert not editor.strip.isVisible()
    again = TransitionEditor(document, selection)
    qtbot.addWidget(again)
    assert not again.shows_curves
    again.shut_down()


def test_it_is_drawn_in_the_colours_of_either_scheme(
    qapp: QApplication, editor: TransitionEditor
) -> None:
    try:
        for scheme in ("dark", "light"):
            theme.apply(qapp, scheme)
            assert (picture(editor.strip) == theme.colors().panel.rgb()).any()
    finally:
        theme.apply(qapp, "system")

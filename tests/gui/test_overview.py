from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage

from deepbass_gui.theme import colors
from deepbass_gui.views.overview import OverviewStrip
from deepbass_gui.views.timeline import TimelineView
from tests.signals import RATE_HZ

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def views(qtbot, filled, document, selection):
    filled()
    timeline = TimelineView(document, selection)
    overview = OverviewStrip(document, timeline)
    for view, height in ((timeline, 240), (overview, 40)):
        qtbot.addWidget(view)
        view.resize(800, height)
        with qtbot.waitExposed(view):
            view.show()
    return timeline, overview


def drag(qtbot, widget, from_x, to_x):
    qtbot.mousePress(widget, LEFT, pos=QPoint(from_x, 20))
    qtbot.mouseMove(widget, QPoint(to_x, 20))
    qtbot.mouseRelease(widget, LEFT, pos=QPoint(to_x, 20))


def test_the_frame_encloses_what_the_timeline_shows(views):
    timeline, overview = views
    timeline.show_frames(2 * RATE_HZ, 5 * RATE_HZ)

    frame = overview.frame_rect
    assert overview.axis.frame_at(frame.left()) == pytest.approx(2 * RATE_HZ, abs=2)
    assert overview.axis.frame_at(frame.right()) == pytest.approx(5 * RATE_HZ, abs=2)


def test_dragging_the_frame_scrolls_the_timeline(views, qtbot):
    timeline, overview = views
    timeline.show_frames(2 * RATE_HZ, 5 * RATE_HZ)
    before, x = timeline.axis, round(overview.frame_rect.center().x())

    drag(qtbot, overview, x, x + 100)

    moved = timeline.axis.first_frame - before.first_frame
    assert moved == pytest.approx(100 * overview.axis.frames_per_pixel, rel=1e-3)
    assert timeline.axis.frames_per_pixel == pytest.approx(before.frames_per_pixel)


def test_dragging_an_edge_zooms_and_leaves_the_other_edge(views, qtbot):
    timeline, overview = views
    timeline.show_frames(2 * RATE_HZ, 5 * RATE_HZ)
    frame = overview.frame_rect

    drag(qtbot, overview, round(frame.right()), round(frame.right()) + 60)

    assert overview.frame_rect.left() == pytest.approx(frame.left(), abs=0.01)
    assert overview.frame_rect.width() == pytest.approx(frame.width() + 60, abs=0.01)


def test_a_click_beside_the_frame_goes_there(views, qtbot):
    timeline, overview = views
    timeline.show_frames(0, 2 * RATE_HZ)

    qtbot.mouseClick(overview, LEFT, pos=QPoint(500, 20))

    assert overview.frame_rect.center().x() == pytest.approx(500, abs=0.1)


def test_flags_and_playhead_stand_at_their_frames(views, document):
    timeline, overview = views
    fade = document.plan.fades[1]
    timeline.set_marks({document.pair(fade): ("rough",)})
    timeline.set_playhead(3 * RATE_HZ)

    image = overview.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())

    flagged = np.flatnonzero((pixels[:, 40:] == colors().flagged.rgb()).any(axis=0)) + 40
    middle = overview.axis.x_at(fade.start_frame + fade.n_frames / 2)
    assert (flagged.min() + flagged.max()) / 2 == pytest.approx(middle, abs=2)
    playhead = round(overview.axis.x_at(3 * RATE_HZ))
    assert (pixels[2:-2, playhead] == colors().text.rgb()).all()

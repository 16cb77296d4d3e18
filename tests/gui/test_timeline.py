from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from deepbass_gui.edits import Region, with_region
from deepbass_gui.jobs.library import State
from deepbass_gui.quality_words import Mark
from deepbass_gui.theme import colors
from deepbass_gui.views import timeline as timeline_module
from deepbass_gui.views.timeline import NEAREST_FRAMES_PER_PX, TimelineView
from deepbass_gui.views.timeline_layout import clips_of
from tests.signals import RATE_HZ, noise, write

NO_BUTTON = Qt.MouseButton.NoButton
SHADE = 30
"""How much a transition's shade may change a colour; the outline's is twice as far away."""
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def timeline(qtbot, document, selection):
    view = TimelineView(document, selection)
    qtbot.addWidget(view)
    view.resize(800, 240)
    with qtbot.waitExposed(view):
        view.show()
    return view


def picture(view: TimelineView) -> QImage:
    """What the view shows once nothing of it is only sketched."""
    view.grab()
    while view.is_sketched:
        view.grab()
    return view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def pixels(image: QImage) -> np.ndarray:
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())


def wave_rows(view: TimelineView, index: int) -> slice:
    """Rows of pixels within the waveform of a track."""
    clip = clips_of(view._document.plan)[index]
    place = view.layout_now.wave(clip)
    return slice(round(place.top()) + 2, round(place.bottom()) - 2)


def body_heights(view: TimelineView, index: int, image: QImage | None = None) -> np.ndarray:
    """How many pixels of each column are of the waveform's body, be it shaded or not."""
    view.clearFocus()  # its frame may have the body's colour
    color = colors().incoming if index % 2 else colors().outgoing
    body = np.array([color.blue(), color.green(), color.red()])
    parts = pixels(image or picture(view)).view(np.uint8).reshape(view.height(), view.width(), 4)
    unlike = np.abs(parts[wave_rows(view, index), :, :3].astype(int) - body).max(axis=2)
    return (unlike <= SHADE).sum(axis=0)


def wheel(view: TimelineView, x: float, turn: int, modifiers=Qt.KeyboardModifier.NoModifier):
    at = QPointF(x, 120)
    event = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, turn), NO_BUTTON, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


@pytest.fixture
def burst(tmp_path):
    """4 s of noise, quiet but for a burst from 2.0 s to 2.25 s."""
    samples = noise(4.0, amplitude=0.1)
    samples[2 * RATE_HZ : round(2.25 * RATE_HZ)] *= 9
    return write(tmp_path / "burst.wav", samples)


def test_a_burst_stands_at_its_time(timeline, filled, burst):
    plan = filled([burst]).plan
    assert plan.tracks[0].span.start_frame == 0  # so that times in the file are times in the mix

    heights = body_heights(timeline, 0)

    loud = np.flatnonzero(heights > heights.max() / 2)
    assert abs(loud[0] - timeline.axis.x_at(2 * RATE_HZ)) <= 1
    assert abs(loud[-1] + 1 - timeline.axis.x_at(2.25 * RATE_HZ)) <= 1


def test_clips_stand_where_the_plan_puts_them(timeline, filled):
    plan = filled().plan

    for index, start in enumerate(plan.track_starts):
        rows = wave_rows(timeline, index)
        ground = pixels(picture(timeline))[(rows.start + rows.stop) // 2]
        used = np.flatnonzero(ground != colors().background.rgb())
        place = timeline.layout_now.clip(clips_of(plan)[index])
        assert place.left() == pytest.approx(timeline.axis.x_at(start))
        assert used.min() <= round(place.left()) + 1
        assert np.isin(np.arange(round(place.left()) + 1, round(place.right()) - 1), used).all()


def test_a_fade_makes_the_waveform_thinner_towards_its_end(timeline, filled, tmp_path):
    paths = [write(tmp_path / f"{i}.wav", noise(4.0, amplitude=0.9)) for i in range(2)]
    fade = filled(paths, duration_s=2.0).plan.fades[0]

    heights = body_heights(timeline, 0)

    full, middle, end = (
        heights[round(timeline.axis.x_at(fade.start_frame + part * fade.n_frames))]
        for part in (-0.2, 0.5, 0.97)
    )
    assert full > 20
    assert full > middle > end


def test_a_wheel_zooms_about_the_pointer(timeline, filled):
    filled()
    frame = timeline.axis.frame_at(300)
    scale = timeline.axis.frames_per_pixel

    wheel(timeline, 300, 360)

    assert timeline.axis.frames_per_pixel == pytest.approx(scale / 2)
    assert timeline.axis.x_at(frame) == pytest.approx(300, abs=1e-6)


def test_zoom_ends_at_the_whole_mix_and_at_single_buckets(timeline, filled):
    filled()
    fitted = timeline.axis

    wheel(timeline, 300, 12_000)
    assert timeline.axis.frames_per_pixel == NEAREST_FRAMES_PER_PX
    wheel(timeline, 300, -12_000)
    assert timeline.axis == fitted
    assert timeline.is_fitted


def test_a_wheel_with_shift_scrolls(timeline, filled):
    filled()
    timeline.show_frames(RATE_HZ, 3 * RATE_HZ)
    before = timeline.axis

    wheel(timeline, 300, -120, Qt.KeyboardModifier.ShiftModifier)

    assert timeline.axis.frames_per_pixel == before.frames_per_pixel
    assert timeline.axis.first_frame > before.first_frame


def test_what_panning_shows_is_what_a_fresh_view_draws(
    timeline, filled, document, selection, qtbot
):
    filled()
    timeline.show_frames(2 * RATE_HZ, 6 * RATE_HZ)
    timeline.clearFocus()
    picture(timeline)
    drawn = timeline._tiles.n_drawn

    timeline._bar.setValue(timeline._bar.value() + 37)
    panned = picture(timeline)

    fresh = TimelineView(document, selection)
    qtbot.addWidget(fresh)
    fresh.resize(timeline.size())
    fresh.show()
    fresh.show_frames(0, RATE_HZ)
    fresh._look(timeline.axis)
    fresh.clearFocus()
    seen = QRect(0, 0, 800, 200)
    assert picture(fresh).copy(seen) == panned.copy(seen)
    assert drawn <= timeline._tiles.n_drawn <= drawn + 4


def test_dragging_scrolls_and_chooses_nothing(timeline, filled, selection, qtbot):
    filled()
    timeline.show_frames(RATE_HZ, 5 * RATE_HZ)
    before, chosen = timeline.axis, selection.pair

    qtbot.mousePress(timeline, LEFT, pos=QPoint(500, 100))
    qtbot.mouseMove(timeline, QPoint(450, 100))
    qtbot.mouseMove(timeline, QPoint(400, 100))
    qtbot.mouseRelease(timeline, LEFT, pos=QPoint(400, 100))

    moved = (timeline.axis.first_frame - before.first_frame) / before.frames_per_pixel
    assert moved == pytest.approx(100)
    assert selection.pair == chosen


@pytest.mark.parametrize("number", [0, 1])
def test_a_click_chooses_the_transition_below_it(timeline, filled, selection, qtbot, number):
    document = filled()
    fade = document.plan.fades[number]
    selection.choose(document.pair(document.plan.fades[1 - number]))
    x = round(timeline.axis.x_at(fade.start_frame + fade.n_frames / 2))

    qtbot.mouseClick(timeline, LEFT, pos=QPoint(x, 100))

    assert selection.pair == document.pair(fade)


def test_the_selected_transition_is_framed_in_accent(timeline, filled, selection):
    document = filled()
    selection.choose(document.pair(document.plan.fades[1]))
    place = timeline.layout_now.join(timeline._joins[1])

    frame = pixels(picture(timeline))[120, round(place.left()) - 2 : round(place.left()) + 2]

    assert colors().accent.rgb() in frame


def test_a_double_click_edits_a_transition_and_plays_a_track(timeline, filled, qtbot):
    document = filled()
    fade = document.plan.fades[0]
    x = round(timeline.axis.x_at(fade.start_frame + fade.n_frames / 2))

    with qtbot.waitSignal(timeline.edit_requested) as edit:
        qtbot.mouseDClick(timeline, LEFT, pos=QPoint(x, 100))
    with qtbot.waitSignal(timeline.play_requested) as play:
        qtbot.mouseDClick(timeline, LEFT, pos=QPoint(100, 60))

    assert edit.args == [document.pair(fade)]
    assert play.args == [round(timeline.axis.frame_at(100))]


def test_a_click_on_the_ruler_asks_for_the_playhead(timeline, filled, qtbot):
    filled()

    with qtbot.waitSignal(timeline.seek_requested) as seek:
        qtbot.mousePress(timeline, LEFT, pos=QPoint(333, 10))

    assert seek.args == [round(timeline.axis.frame_at(333))]


def test_the_playhead_leaves_no_trace(timeline, filled, qtbot):
    filled()
    without = picture(timeline)

    timeline.set_playhead(4 * RATE_HZ)
    x = round(timeline.axis.x_at(4 * RATE_HZ))
    line = pixels(picture(timeline))[30:190, x]
    timeline.set_playhead(None)

    assert (line == colors().text.rgb()).all()
    assert picture(timeline) == without


def test_the_view_turns_a_page_when_the_playhead_leaves_it(timeline, filled):
    filled()
    timeline.show_frames(0, 2 * RATE_HZ)
    timeline.set_playhead(RATE_HZ)

    timeline.set_playhead(3 * RATE_HZ)
    paged = timeline.axis
    assert 0 <= paged.x_at(3 * RATE_HZ) < 100

    timeline.follow = False
    timeline.set_playhead(9 * RATE_HZ)
    assert timeline.axis == paged


def test_a_transition_out_of_view_is_brought_into_it(timeline, filled, selection):
    document = filled()
    timeline.show_frames(0, 2 * RATE_HZ)
    fade = document.plan.fades[1]

    selection.choose(document.pair(fade))

    middle = timeline.axis.x_at(fade.start_frame + fade.n_frames / 2)
    assert middle == pytest.approx(400, abs=1)


def test_an_edit_before_the_view_leaves_what_is_seen_in_place(timeline, filled):
    document = filled()
    plan = document.plan
    pair = document.pair(plan.fades[0])
    timeline.show_frames(plan.track_starts[2] + RATE_HZ, plan.track_starts[2] + 2 * RATE_HZ)
    before = timeline.axis.x_at(plan.track_starts[2])

    region = Region.of(plan.fades[0])
    shorter = Region(region.out_end_frame - RATE_HZ, region.in_start_frame, region.n_frames)
    analyses = document.analyses(pair)
    document.edit("cut", with_region(document.project, plan, 0, shorter, analyses))

    assert document.plan.track_starts[2] != plan.track_starts[2]
    assert timeline.axis.x_at(document.plan.track_starts[2]) == pytest.approx(before, abs=0.01)


def test_a_fitted_view_stays_fitted(timeline, filled, qtbot):
    document = filled()

    timeline.resize(500, 240)

    assert timeline.axis.x_at(0) == pytest.approx(8)
    assert timeline.axis.x_at(document.plan.n_frames) == pytest.approx(timeline.width() - 8)


def test_marks_are_drawn_and_told(timeline, filled):
    document = filled()
    pair = document.pair(document.plan.fades[0])
    timeline.set_marks({pair: (Mark("bass overlap", "The basses beat."),)})

    place = timeline.layout_now.join(timeline._joins[0])
    there = pixels(picture(timeline))[int(place.bottom()) - 24 : int(place.bottom()) - 8]

    assert colors().flagged.rgb() in there[:, int(place.center().x()) - 8 :][:, :16]
    assert "The basses beat." in timeline.tool_tip_at(place.center())


def test_a_shortened_transition_says_why(timeline, filled):
    document = filled(duration_s=9.0)
    fade = document.plan.fades[0]
    assert fade.shortened_because

    words = timeline.tool_tip_at(timeline.layout_now.join(timeline._joins[0]).center())

    assert fade.shortened_because in words


def test_a_bar_is_as_long_as_what_is_rendered(timeline, filled):
    document = filled(duration_s=3.0)
    pair = document.pair(document.plan.fades[1])
    place = timeline.layout_now.join(timeline._joins[1])
    timeline._selection.choose(document.pair(document.plan.fades[0]))
    lengths = []
    for share in (0.25, 0.5):
        timeline.set_progress({pair: share})
        row = pixels(picture(timeline))[int(place.bottom()) - 3]
        inner = row[int(place.left()) + 2 : int(place.right()) - 2]
        lengths.append(int((inner == colors().accent.rgb()).sum()))

    assert lengths[0] == pytest.approx(0.25 * place.width(), abs=3)
    assert lengths[1] == pytest.approx(0.5 * place.width(), abs=3)


def test_waveforms_appear_once_they_are_known(timeline, document, filled, songs):
    states: list[tuple[State, bool]] = []

    def on_changed(path: Path) -> None:
        facts = document.library.facts(path)
        if path == songs[0] and document.plan is not None and timeline._clips:
            states.append((facts.state, body_heights(timeline, 0).max() > 4))

    document.library.changed.connect(on_changed)
    filled()

    assert states[-1][0] is State.READY
    assert states[-1][1]
    assert body_heights(timeline, 0).max() > 4


def test_an_empty_mix_has_nothing_to_point_at(timeline, selection, qtbot):
    qtbot.mouseClick(timeline, LEFT, pos=QPoint(400, 100))
    wheel(timeline, 300, 120)

    assert selection.pair is None
    assert timeline.tool_tip_at(QPointF(400, 100)) == ""
    assert timeline.accessibleDescription() == "no tracks yet"


def test_the_description_counts_tracks_and_length(timeline, filled):
    filled()

    assert timeline.accessibleDescription().startswith("3 tracks, 0:1")


def test_pictures_are_forgotten_above_the_limit(timeline, filled):
    filled()
    timeline._tiles._limit = 400_000

    for _ in range(12):
        timeline.zoom_in()
        picture(timeline)

    assert 0 < timeline._tiles.n_bytes <= 400_000


def test_what_is_not_drawn_yet_is_sketched_at_its_place(
    timeline, filled, burst, monkeypatch: pytest.MonkeyPatch
):
    filled([burst], 0.0)
    picture(timeline)
    monkeypatch.setattr(timeline_module, "PAINT_BUDGET_S", -1.0)
    timeline.resize(790, 240)
    timeline.clearFocus()
    image = timeline.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    assert timeline.is_sketched
    heights, axis = body_heights(timeline, 0, image), timeline.axis
    inside, outside = (round(axis.x_at(round(s * RATE_HZ))) for s in (2.12, 3.0))
    assert heights[inside] > 2 * heights[outside] > 0

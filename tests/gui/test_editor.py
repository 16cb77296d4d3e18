from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from deepbass_engine.project import Project, Span
from deepbass_engine.units import frames_from_seconds
from deepbass_gui.document import Document
from deepbass_gui.edits import Region, own, with_default, with_own
from deepbass_gui.jobs.detail import Detail
from deepbass_gui.jobs.library import State, TrackFacts
from deepbass_gui.region_edit import Handle, Lane
from deepbass_gui.selection import Selection
from deepbass_gui.views.editor import TransitionEditor
from deepbass_gui.views.editor_lane import reading_words, region_edges
from deepbass_gui.views.editor_time_field import seconds_from_text
from tests.signals import RATE_HZ, music, silence, write

NONE, SHIFT, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
LEFT_BUTTON = Qt.MouseButton.LeftButton


class Hand:
    """A person at the editor."""

    def __init__(self, editor: TransitionEditor, document: Document) -> None:
        self.editor, self.canvas, self.document = editor, editor.canvas, document

    @property
    def region(self) -> Region:
        assert self.canvas.scene is not None
        return self.canvas.scene.region

    def place(self, lane: Lane, handle: Handle) -> QPoint:
        """The middle of a handle."""
        assert self.canvas.scene is not None
        left, right = region_edges(self.canvas.scene.lane(lane), self.canvas.axis)
        x = {Handle.LEFT: left, Handle.RIGHT: right, Handle.WHOLE: (left + right) / 2}[handle]
        return QPoint(round(x), round(self.canvas.lane_rect(lane).center().y()))

    def send(
        self, kind: QEvent.Type, at: QPoint, button: Qt.MouseButton, keys: Qt.KeyboardModifier
    ) -> None:
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else LEFT_BUTTON
        place = QPointF(at)
        event = QMouseEvent(kind, place, self.canvas.mapToGlobal(place), button, held, keys)
        QApplication.sendEvent(self.canvas, event)

    def press(self, lane: Lane, handle: Handle) -> QPoint:
        at = self.place(lane, handle)
        self.send(QEvent.Type.MouseButtonPress, at, LEFT_BUTTON, NONE)
        return at

    def move(self, at: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
        self.send(QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, keys)

    def release(self, at: QPoint) -> None:
        self.send(QEvent.Type.MouseButtonRelease, at, LEFT_BUTTON, NONE)

    def drag(
        self, lane: Lane, handle: Handle, *steps_px: int, keys: Qt.KeyboardModifier = ALT
    ) -> int:
        """Drag by steps; returns the way in frames. Alt keeps it from snapping."""
        at = self.press(lane, handle)
        for step in steps_px:
            at = at + QPoint(step, 0)
            self.move(at, keys)
        self.release(at)
        return round(sum(steps_px) * self.canvas.axis.frames_per_pixel)


@pytest.fixture
def editor(qtbot: QtBot, document: Document, selection: Selection) -> Iterator[TransitionEditor]:
    """An editor of 1000 x 360."""
    made = TransitionEditor(document, selection)
    qtbot.addWidget(made)
    made.resize(1000, 360)
    made.show()
    yield made
    made.shut_down()


@pytest.fixture
def hand(editor: TransitionEditor, filled: Callable[..., Document]) -> Hand:
    """A person before songs of 6, 5 and 4 s with transitions of 1 s, the first one chosen."""
    document = filled()
    document.edit("Shorten", with_two_songs_cut(document))
    editor.fit()
    return Hand(editor, document)


def with_two_songs_cut(document: Document) -> Project:
    """The project with a second left out at the end of the first song and at the begin of the
    second."""
    first, second, third = document.project.tracks
    rows = (
        msgspec.structs.replace(first, span=Span(0, 5 * RATE_HZ)),
        msgspec.structs.replace(second, span=Span(RATE_HZ, 5 * RATE_HZ)),
        third,
    )
    return msgspec.structs.replace(document.project, tracks=rows)


def test_says_what_to_do_where_no_pair_is_chosen(editor: TransitionEditor) -> None:
    assert editor.canvas.scene is None
    assert not editor.fields.isEnabled()
    editor.nudge_ms(10)
    editor.zoom_in()
    editor.fit()
    assert editor.canvas.accessibleName() == "No transition"


EXPECTED = {
    (Lane.OUT, Handle.LEFT): lambda r, d: Region(r.out_end_frame, r.in_start_frame, r.n_frames - d),
    (Lane.OUT, Handle.RIGHT): lambda r, d: Region(
        r.out_end_frame + d, r.in_start_frame, r.n_frames + d
    ),
    (Lane.OUT, Handle.WHOLE): lambda r, d: Region(
        r.out_end_frame + d, r.in_start_frame, r.n_frames
    ),
    (Lane.IN, Handle.LEFT): lambda r, d: Region(
        r.out_end_frame, r.in_start_frame + d, r.n_frames - d
    ),
    (Lane.IN, Handle.RIGHT): lambda r, d: Region(r.out_end_frame, r.in_start_frame, r.n_frames + d),
    (Lane.IN, Handle.WHOLE): lambda r, d: Region(r.out_end_frame, r.in_start_frame + d, r.n_frames),
}


@pytest.mark.parametrize(("lane", "handle"), EXPECTED)
@pytest.mark.parametrize("way_px", [37, -41])
def test_a_drag_puts_the_region_where_the_hand_went(
    hand: Hand, lane: Lane, handle: Handle, way_px: int
) -> None:
    before, n_steps = hand.region, hand.document.undo_stack.count()
    by = hand.drag(lane, handle, way_px // 2, way_px - way_px // 2)
    assert hand.region == EXPECTED[lane, handle](before, by)
    assert hand.document.undo_stack.count() == n_steps + 1
    assert hand.document.undo_stack.undoText() == "Move transition 1"
    hand.document.undo_stack.undo()
    assert hand.region == before


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("handle", Handle)
def test_while_dragged_the_handle_is_under_the_pointer_and_nothing_jumps_on_release(
    hand: Hand, lane: Lane, handle: Handle
) -> None:
    at = hand.press(lane, handle)
    pressed = hand.place(lane, handle)
    for step in (3, 20, 31):
        at = at + QPoint(step, 0)
        hand.move(at, ALT)
        assert abs(hand.place(lane, handle).x() - at.x()) <= 1
    assert at.x() - pressed.x() == 54
    axis = hand.canvas.axis
    hand.release(at)
    assert hand.canvas.axis == axis


def picture(hand: Hand, lane: Lane) -> np.ndarray:
    """A lane's waveform left of the region, as pixels."""
    image = hand.canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    rect = hand.canvas.lane_rect(lane)
    return pixels[round(rect.top()) + 24 : round(rect.bottom()) - 2, : image.width() // 12].copy()


@pytest.mark.parametrize("lane", Lane)
def test_the_track_that_is_dragged_in_stands_still_and_the_other_slides(
    hand: Hand, lane: Lane
) -> None:
    other = Lane.IN if lane is Lane.OUT else Lane.OUT
    before = picture(hand, lane), picture(hand, other)
    assert len(np.unique(before[0])) > 2
    hand.drag(lane, Handle.WHOLE, 25)
    np.testing.assert_array_equal(picture(hand, lane), before[0])
    assert (picture(hand, other) != before[1]).any()


def test_shift_drags_ten_times_as_fine(hand: Hand) -> None:
    before = hand.region
    by = hand.drag(Lane.OUT, Handle.LEFT, 50, keys=SHIFT)
    assert hand.region.n_frames == before.n_frames - round(by / 10)


def test_esc_takes_a_drag_back_and_leaves_no_step(hand: Hand) -> None:
    before, n_steps = hand.document.project, hand.document.undo_stack.count()
    at = hand.press(Lane.IN, Handle.LEFT)
    hand.move(at + QPoint(30, 0), ALT)
    assert hand.canvas.is_dragging
    assert hand.document.project != before
    QTest.keyClick(hand.canvas, Qt.Key.Key_Escape)
    assert not hand.canvas.is_dragging
    assert hand.document.project == before
    hand.move(at + QPoint(60, 0), ALT)
    hand.release(at + QPoint(60, 0))
    assert hand.document.project == before
    assert hand.document.undo_stack.count() == n_steps


def test_undo_while_dragging_ends_the_drag(hand: Hand) -> None:
    at = hand.press(Lane.OUT, Handle.LEFT)
    hand.move(at + QPoint(30, 0), ALT)
    hand.document.undo_stack.undo()
    assert not hand.canvas.is_dragging
    after = hand.document.project
    hand.release(at + QPoint(30, 0))
    assert hand.document.project == after


def test_a_button_let_go_elsewhere_ends_the_drag(hand: Hand) -> None:
    at = hand.press(Lane.OUT, Handle.LEFT)
    hand.move(at + QPoint(30, 0), ALT)
    dragged_to = hand.region
    QTest.mouseMove(hand.canvas, at + QPoint(90, 0))
    assert not hand.canvas.is_dragging
    assert hand.region == dragged_to
    assert hand.document.undo_stack.undoText() == "Move transition 1"


def test_a_click_on_the_region_changes_nothing(hand: Hand) -> None:
    before = hand.document.project
    at = hand.press(Lane.OUT, Handle.RIGHT)
    hand.move(at + QPoint(1, 0))
    hand.release(at)
    assert hand.document.project == before
    assert hand.canvas.focus_handle == (Lane.OUT, Handle.RIGHT)


def test_a_drag_back_to_where_it_began_is_no_step(hand: Hand) -> None:
    n_steps = hand.document.undo_stack.count()
    hand.drag(Lane.OUT, Handle.RIGHT, 30, -30)
    assert hand.document.undo_stack.count() == n_steps


def test_an_edge_stops_at_the_end_of_the_file(hand: Hand) -> None:
    hand.drag(Lane.OUT, Handle.WHOLE, 700, 700)
    assert hand.region == Region(6 * RATE_HZ, RATE_HZ, RATE_HZ)


def test_an_edge_dragged_past_the_other_makes_a_cut(hand: Hand) -> None:
    hand.drag(Lane.OUT, Handle.LEFT, 900)
    assert hand.region == Region(5 * RATE_HZ, RATE_HZ, 0)


def test_an_edge_snaps_to_where_sound_begins_and_alt_keeps_it_from_that(
    qtbot: QtBot, editor: TransitionEditor, filled: Callable[..., Document], tmp_path: Path
) -> None:
    quiet = np.concatenate([silence(1.0), music(4.0)])
    paths = [write(tmp_path / "a.wav", music(5.0)), write(tmp_path / "b.wav", quiet)]
    document = filled(paths)
    hand = Hand(editor, document)
    assert hand.canvas.scene is not None
    audible = hand.canvas.scene.lane(Lane.IN).audible.start_frame
    assert 0 < audible <= RATE_HZ
    hand.drag(Lane.IN, Handle.WHOLE, 100)
    assert hand.region.in_start_frame > audible
    hand.drag(Lane.IN, Handle.WHOLE, -95, keys=ALT)
    away = hand.region.in_start_frame
    assert away != audible
    hand.drag(Lane.IN, Handle.WHOLE, 2, -3, keys=NONE)
    assert hand.region.in_start_frame == audible
    editor.toggle_snap()
    hand.drag(Lane.IN, Handle.WHOLE, 4, keys=NONE)
    assert hand.region.in_start_frame != audible


def test_the_playhead_draws_an_edge(hand: Hand) -> None:
    assert hand.canvas.scene is not None
    playhead = hand.canvas.scene.fade.start_frame - 20_000
    hand.editor.set_playhead(playhead)
    way = round(-20_000 / hand.canvas.axis.frames_per_pixel) + 4
    hand.drag(Lane.OUT, Handle.LEFT, way, keys=NONE)
    assert hand.canvas.scene.fade.start_frame == playhead


def test_snapping_is_remembered(hand: Hand, qtbot: QtBot, selection: Selection) -> None:
    with qtbot.waitSignal(hand.editor.snap_changed) as told:
        QTest.mouseClick(hand.editor.snap_button, LEFT_BUTTON)
    assert told.args == [False]
    second = TransitionEditor(hand.document, selection)
    qtbot.addWidget(second)
    assert not second.snap_button.isChecked()
    second.shut_down()


@pytest.mark.parametrize("ms", [1, 10, 100, -10])
def test_a_nudge_moves_the_chosen_handle_by_exact_frames(hand: Hand, ms: int) -> None:
    before = hand.region
    hand.canvas.choose_handle(Lane.IN, Handle.WHOLE)
    hand.editor.nudge_ms(ms)
    by = frames_from_seconds(ms / 1000, RATE_HZ)
    assert hand.region == Region(before.out_end_frame, before.in_start_frame + by, before.n_frames)


def test_a_nudge_by_one_frame_moves_one_frame(hand: Hand) -> None:
    before = hand.region
    hand.canvas.choose_handle(Lane.OUT, Handle.LEFT)
    hand.editor.nudge_frames(-1)
    assert hand.region.n_frames == before.n_frames + 1


def test_a_nudge_by_one_frame_reaches_the_next_frame_of_a_file_of_a_low_rate(
    editor: TransitionEditor, filled: Callable[..., Document], tmp_path: Path
) -> None:
    low = write(tmp_path / "low.wav", music(5.0, 8_000), 8_000)
    hand = Hand(editor, filled([write(tmp_path / "a.wav", music(5.0)), low]))
    hand.canvas.choose_handle(Lane.IN, Handle.WHOLE)
    for n_file_frames in (1, 2, 3):
        hand.editor.nudge_frames(1)
        assert hand.document.project.tracks[1].span == Span(n_file_frames, 40_000)


def test_quick_nudges_are_one_step_of_the_history(hand: Hand) -> None:
    before, n_steps = hand.region, hand.document.undo_stack.count()
    for _ in range(5):
        hand.editor.nudge_ms(1)
    assert hand.region != before
    assert hand.document.undo_stack.count() == n_steps + 1
    hand.document.undo_stack.undo()
    assert hand.region == before


def test_tab_goes_through_all_handles_and_then_leaves(hand: Hand) -> None:
    hand.editor.activateWindow()
    hand.canvas.setFocus(Qt.FocusReason.TabFocusReason)
    seen = []
    for _ in range(6):
        seen.append(hand.canvas.focus_handle)
        QTest.keyClick(hand.canvas, Qt.Key.Key_Tab)
    assert seen == [(lane, handle) for lane in Lane for handle in Handle]
    assert not hand.canvas.hasFocus()


def typed(widget: QWidget, text: str) -> None:
    widget.setFocus()
    widget.selectAll()  # type: ignore[attr-defined]
    QTest.keyClicks(widget, text)
    QTest.keyClick(widget, Qt.Key.Key_Return)


def test_a_typed_length_is_the_length(hand: Hand) -> None:
    before = hand.region
    typed(hand.editor.fields.length, "2.345")
    assert hand.region == Region(
        before.out_end_frame, before.in_start_frame, frames_from_seconds(2.345, RATE_HZ)
    )


def test_a_typed_start_is_where_the_fade_begins_in_the_leaving_track(hand: Hand) -> None:
    before = hand.region
    typed(hand.editor.fields.start, "0:03.250")
    assert hand.region == Region(
        frames_from_seconds(3.25, RATE_HZ) + before.n_frames, before.in_start_frame, before.n_frames
    )


def test_a_typed_entry_is_where_the_fade_begins_in_the_entering_track(hand: Hand) -> None:
    before = hand.region
    typed(hand.editor.fields.enter, "1.5")
    assert hand.region == Region(
        before.out_end_frame, frames_from_seconds(1.5, RATE_HZ), before.n_frames
    )
    assert hand.editor.fields.enter.text() == "0:01.500"


def test_what_is_no_time_changes_nothing(hand: Hand) -> None:
    before, text = hand.document.project, hand.editor.fields.start.text()
    typed(hand.editor.fields.start, "soon")
    assert hand.document.project == before
    assert hand.editor.fields.start.text() == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("235.12", 235.12), ("3:55,12", 235.12), ("1:00:01", 3601.0), ("", None), ("-1", None),
     ("1:-2", None), ("1:75", None), (".", None), ("1:2:3:4", None)],
)  # fmt: skip
def test_times_are_read_as_a_person_writes_them(text: str, seconds: float | None) -> None:
    assert seconds_from_text(text) == seconds


def test_each_field_can_be_its_own_and_go_back_to_the_default(
    hand: Hand, selection: Selection
) -> None:
    fields, pair = hand.editor.fields, selection.pair
    assert pair is not None
    assert not any(reset.isEnabled() for reset in fields.resets.values())
    own_values = {"method": "simple", "curve": "qua:tri", "duration_s": 0.5, "seed": 7}
    for name, value in own_values.items():
        hand.document.edit("Own", with_own(hand.document.project, pair, **{name: value}))
        assert fields.resets[name].isEnabled()
    assert (fields.curve_out.curve, fields.curve_in.curve) == ("qua", "tri")
    for name in own_values:
        QTest.mouseClick(fields.resets[name], LEFT_BUTTON)
        assert getattr(own(hand.document.project, pair), name) is None
        assert not fields.resets[name].isEnabled()
    assert "1 s" in fields.resets["duration_s"].toolTip()
    hand.document.edit("Default", with_default(hand.document.project, duration_s=2.5))
    assert "2.5 s" in fields.resets["duration_s"].toolTip()
    assert fields.length.value() == 2.5


def test_picked_curves_are_stored_as_one_name_or_two(hand: Hand, selection: Selection) -> None:
    fields, pair = hand.editor.fields, selection.pair
    assert pair is not None
    fields.curve_out.setFocus()
    QTest.keyClick(fields.curve_out, Qt.Key.Key_Down)
    assert own(hand.document.project, pair).curve == "tri:equal_power"
    QTest.keyClick(fields.curve_in, Qt.Key.Key_Down)
    assert own(hand.document.project, pair).curve == "tri"


def test_the_next_curve_is_taken_for_both_tracks(hand: Hand, selection: Selection) -> None:
    assert selection.pair is not None
    hand.editor.choose_next_curve()
    assert own(hand.document.project, selection.pair).curve == "tri"


def test_a_typed_seed_is_stored_as_it_stands(hand: Hand, selection: Selection) -> None:
    assert selection.pair is not None
    typed(hand.editor.fields.seed, "9223372036854775807")
    assert own(hand.document.project, selection.pair).seed == 2**63 - 1


def test_a_double_click_resets_the_transition_as_one_step(hand: Hand) -> None:
    hand.drag(Lane.OUT, Handle.RIGHT, 60)
    changed = hand.region
    QTest.mouseDClick(hand.canvas, LEFT_BUTTON, NONE, hand.place(Lane.OUT, Handle.WHOLE))
    assert hand.region == Region(6 * RATE_HZ, 0, RATE_HZ)
    hand.document.undo_stack.undo()
    assert hand.region == changed


def test_what_was_shortened_is_said_with_the_reason(hand: Hand) -> None:
    assert hand.editor.note.text() == ""
    typed(hand.editor.fields.length, "100")
    assert "instead of 100.0 s" in hand.editor.note.text()
    assert "track 2 (two.wav)" in hand.editor.note.text()


def test_a_track_whose_peaks_are_not_known_yet_is_said_to_be_read(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = hand.document.library
    known = library.facts

    def early(path: Path) -> TrackFacts:
        return replace(known(path), peaks=None, share=0.4, state=State.READING)

    with_waves = hand.canvas.grab().toImage()
    monkeypatch.setattr(library, "facts", early)
    library.changed.emit(hand.document.project.tracks[0].path)
    assert hand.canvas.scene is not None
    assert reading_words(hand.canvas.scene.lanes[0]) == "reading, 40 %"
    assert hand.canvas.grab().toImage() != with_waves


def test_the_wheel_zooms_about_the_pointer_and_with_shift_pans(hand: Hand) -> None:
    def wheel(keys: Qt.KeyboardModifier) -> None:
        at = QPointF(300, 100)
        QApplication.sendEvent(
            hand.canvas,
            QWheelEvent(
                at, hand.canvas.mapToGlobal(at), QPoint(), QPoint(0, 120),
                Qt.MouseButton.NoButton, keys, Qt.ScrollPhase.NoScrollPhase, False,
            ),
        )  # fmt: skip

    before = hand.canvas.axis
    wheel(NONE)
    zoomed = hand.canvas.axis
    assert zoomed.frames_per_pixel < before.frames_per_pixel
    assert zoomed.frame_at(300) == pytest.approx(before.frame_at(300))
    wheel(SHIFT)
    assert hand.canvas.axis.frames_per_pixel == zoomed.frames_per_pixel
    assert hand.canvas.axis.first_frame < zoomed.first_frame


def test_fit_shows_the_region_with_a_quarter_around_it(hand: Hand) -> None:
    typed(hand.editor.fields.length, "2.4")
    hand.editor.fit()
    left, right = region_edges(hand.canvas.scene.lanes[0], hand.canvas.axis)  # type: ignore[union-attr]
    assert left == pytest.approx(hand.canvas.width() / 6, abs=1)
    assert right == pytest.approx(hand.canvas.width() * 5 / 6, abs=1)


def test_a_click_on_the_ruler_asks_for_that_frame(hand: Hand, qtbot: QtBot) -> None:
    with qtbot.waitSignal(hand.editor.seek_requested) as asked:
        QTest.mouseClick(hand.canvas, LEFT_BUTTON, NONE, QPoint(321, 8))
    assert asked.args == [round(hand.canvas.axis.frame_at(321))]


def test_the_menu_asks_to_play_the_transition(hand: Hand, qtbot: QtBot) -> None:
    at = hand.place(Lane.OUT, Handle.WHOLE)
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(hand.canvas, QContextMenuEvent(reason, at, hand.canvas.mapToGlobal(at)))
    menu = hand.editor.findChild(QMenu)
    with qtbot.waitSignal(hand.editor.audition_requested):
        menu.actions()[0].trigger()
    menu.close()


def test_close_zooms_show_the_samples_themselves(
    qtbot: QtBot, editor: TransitionEditor, filled: Callable[..., Document], tmp_path: Path
) -> None:
    clicks = music(5.0, channels=1) * 0.02
    clicks[::1000] -= 0.9
    files = [write(tmp_path / f"{name}.wav", clicks, subtype="FLOAT") for name in "ab"]
    hand = Hand(editor, filled(files))
    for _ in range(7):
        editor.zoom_in()
    n_clicks = hand.canvas.width() * hand.canvas.axis.frames_per_pixel / 1000

    def columns_of_clicks() -> int:
        image = hand.canvas.grab().toImage()
        wave = hand.canvas.lane_rect(Lane.IN).adjusted(0, 20, 0, 0)
        row = round(wave.center().y() + 0.2 * wave.height())
        pixels = [image.pixel(x, row) for x in range(image.width())]
        return sum(pixel != max(set(pixels), key=pixels.count) for pixel in pixels)

    # By the pyramid's buckets each click would be as wide as 256 frames.
    assert 256 / hand.canvas.axis.frames_per_pixel > 30
    qtbot.waitUntil(lambda: n_clicks - 1 <= columns_of_clicks() <= 2 * (n_clicks + 1))


def test_opening_and_closing_leaves_nothing_behind(
    qtbot: QtBot, filled: Callable[..., Document], selection: Selection
) -> None:
    document = filled()
    assert document.plan is not None
    pairs = [document.pair(fade) for fade in document.plan.fades]

    def cycle() -> None:
        editor = TransitionEditor(document, selection)
        editor.show()
        for pair in (None, *pairs):
            selection.choose(pair)
        editor.grab()
        editor.shut_down()
        editor.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def n_left() -> int:
        gc.collect()
        return sum(isinstance(thing, TransitionEditor | Detail) for thing in gc.get_objects())

    for _ in range(5):
        cycle()
    assert n_left() == 0

"""The commands that mend the beats of a track: the one whose handle the editor's keys move."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from deepbass_engine.analysis.beats import BeatGrid
from deepbass_gui.beat_edits import given, with_bar_at, with_beats, with_next_downbeat
from deepbass_gui.document import Document
from deepbass_gui.player import Player
from deepbass_gui.tapping import FEWEST_TAPS, Taps
from deepbass_gui.views.editor import TransitionEditor
from deepbass_gui.views.editor_scene import LaneScene

_SHIFT_S = 0.005


class BeatsFlow(QObject):
    """Halves, doubles, shifts and taps beats, each a step that can be undone.

    Signals
    -------
    told(str, str)
        Something to say in the window: a level and the words.
    """

    told = Signal(str, str)

    def __init__(
        self, document: Document, editor: TransitionEditor, player: Player, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._editor = editor
        self._player = player
        self._taps = Taps()
        self._tapped = ""

    def halve(self) -> None:
        """One beat for two."""
        self._change(self.tr("Halve the tempo of {title}"), BeatGrid.halved)

    def double(self) -> None:
        """Two beats for one."""
        self._change(self.tr("Double the tempo of {title}"), BeatGrid.doubled)

    def earlier(self) -> None:
        """All beats a little earlier."""
        self._shift(-_SHIFT_S)

    def later(self) -> None:
        """All beats a little later."""
        self._shift(_SHIFT_S)

    def next_downbeat(self) -> None:
        """Bars begin a beat later."""
        self._change(self.tr("Begin the bars of {title} a beat later"), with_next_downbeat)

    def bar_here(self) -> None:
        """A bar begins where the playhead is."""
        lane = self._lane()
        here_s = None if lane is None else self._playhead_s(lane)
        if here_s is None:
            self.told.emit("info", self.tr("The playhead is not in this track."))
            return
        at_s = here_s
        self._change(
            self.tr("Begin a bar of {title} at the playhead"), lambda grid: with_bar_at(grid, at_s)
        )

    def as_found(self) -> None:
        """The beats that are found, whatever was given."""
        lane = self._lane()
        if lane is not None:
            name = self.tr("Beats of {title} as they are found").format(title=lane.facts.title)
            project = with_beats(self._document.settled_project, lane.clip.track_id, None)
            self._document.edit(name, project)

    def tap(self) -> None:
        """Take a tap along with what is heard; four of them are a tempo and a place.

        While nothing is heard of the track they are a tempo alone.
        """
        lane = self._lane()
        if lane is None:
            return
        here_s = self._playhead_s(lane) if self._player.is_playing else None
        key = f"{lane.clip.track_id} {here_s is None}"
        if key != self._tapped:
            self._taps.clear()
            self._tapped = key
        self._taps.add(time.monotonic() if here_s is None else here_s)
        music = lane.facts.analysis.music if lane.facts.analysis else None
        grid = self._taps.grid(music.beats if music else None)
        if grid is None:
            words = self.tr("Beat of {title}: tap {n} times or more along with it, {so_far} so far")
            self.told.emit(
                "info",
                words.format(title=lane.facts.title, n=FEWEST_TAPS, so_far=self._taps.n),
            )
            return
        if here_s is None and lane.beats is not None:
            before = lane.beats.grid
            grid = BeatGrid(grid.tempo_bpm, before.first_beat_s % grid.beat_s)
        self._give(lane, self.tr("Tap the beat of {title}"), grid, f"tap {key}")

    def _shift(self, by_s: float) -> None:
        lane = self._lane()
        merge = f"shift beats {lane.clip.track_id} {by_s}" if lane is not None else ""
        self._change(self.tr("Shift the beats of {title}"), lambda grid: grid.shifted(by_s), merge)

    def _change(self, name: str, change: Callable[[BeatGrid], BeatGrid], merge: str = "") -> None:
        lane = self._lane()
        if lane is None:
            return
        if lane.beats is None:
            words = self.tr("{title} has no beats; tap them along with it")
            self.told.emit("info", words.format(title=lane.facts.title))
            return
        self._give(lane, name, change(lane.beats.grid), merge)

    def _give(self, lane: LaneScene, name: str, grid: BeatGrid, merge: str) -> None:
        """Put beats into the project and say what they are."""
        title, beats = lane.facts.title, given(grid)
        if beats is None:
            words = self.tr("{title}: {tempo} BPM is slower or faster than music is counted")
            self.told.emit("warning", words.format(title=title, tempo=f"{grid.tempo_bpm:.1f}"))
            return
        project = with_beats(self._document.settled_project, lane.clip.track_id, beats)
        self._document.edit(name.format(title=title), project, merge)
        words = self.tr("{title}: {tempo} BPM")
        self.told.emit("info", words.format(title=title, tempo=f"{beats.tempo_bpm:.2f}"))

    def _lane(self) -> LaneScene | None:
        """The track whose handle keys move."""
        scene = self._editor.canvas.scene
        return None if scene is None else scene.lane(self._editor.canvas.focus_handle[0])

    def _playhead_s(self, lane: LaneScene) -> float | None:
        """Where in a track's own time the playhead is; None where it is not heard there."""
        frame = self._player.frame_now() - lane.clip.origin_frame
        if not lane.used.start_frame <= frame < lane.used.end_frame:
            return None
        return lane.warp.source_frame(frame) / lane.rate_hz

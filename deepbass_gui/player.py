"""Plays the mix, or a part of it, from the document's plan: what is heard is what is rendered.

A thread of its own reads the mix ahead (`playing.feed`), another serves the audio device
(`playing.device`); between them lies a tape (`playing.tape`). This object lives in the GUI thread
and only says what is to be played, and where playing is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from deepbass_engine.errors import DeepBassError
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.playback import DecodedStretches
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.units import db_from_gain, frames_from_seconds, gain_from_db
from deepbass_gui import preferences
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.nsynth import Readiness
from deepbass_gui.playing.device import Output, SinkOutput
from deepbass_gui.playing.feed import Broken, Feed, FeedEvent, Lost, Ready
from deepbass_gui.playing.passage import Passage, around, same_place, stretch_of
from deepbass_gui.playing.tape import Tape

TICK_MS = 33
LONGEST_ROLL_S = 60.0
DEFAULT_ROLL_S = 4.0

_LET_OUT_S = 0.1
"""What a device has played is not yet in the air: so much silence follows the end."""

_VOLUME, _PRE_ROLL, _POST_ROLL = "playing/volume", "playing/pre_roll_s", "playing/post_roll_s"


@dataclass(frozen=True, slots=True)
class ChannelLevel:
    """How loud a channel is, full scale at 0 dB; ``-inf`` where it is silent."""

    peak_db: float
    rms_db: float


@dataclass(frozen=True, slots=True)
class Levels:
    """What is heard now, before the volume: the levels that the mix has."""

    left: ChannelLevel
    right: ChannelLevel


def gain_of_volume(volume: float) -> float:
    """A volume between 0 and 1, as the ear takes it, as a gain: half of it is -18 dB."""
    return volume**3


class Player(QObject):
    """Plays from the plan of a document, and follows its edits while it plays.

    An edit of what is played on through is heard at once, at the same place of the music; in a
    loop it is heard when the loop begins again, and the loop's limits follow the transition.

    Signals
    -------
    position_changed(int)
        `position` is another frame; some 30 times a second while it plays.
    state_changed()
        It plays or has stopped, loops or not, or `can_play` is another.
    planned()
        `plan` is another one.
    levels_changed()
        `levels` is another value.
    volume_changed(), rolls_changed()
        A preference is another.
    trouble(str)
        What went wrong and what to do, as a text to show.
    """

    position_changed = Signal(int)
    state_changed = Signal()
    planned = Signal()
    levels_changed = Signal()
    volume_changed = Signal()
    rolls_changed = Signal()
    trouble = Signal(str)

    _fed = Signal(object)

    def __init__(
        self,
        document: Document,
        parent: QObject | None = None,
        *,
        output: Output | None = None,
        store: TransitionStore | None = None,
    ) -> None:
        super().__init__(parent)
        self.stretches = DecodedStretches()
        self.store = store
        self._document = document
        self._output: Output = SinkOutput(self) if output is None else output
        self._feed = Feed(self._fed.emit, self.stretches, store)
        self._plan = document.plan
        self._passage: Passage | None = None
        self._pair: Pair | None = None
        self._frame = 0
        self._tape: Tape | None = None  # while it plays
        self._jump = 0
        self._is_started = False
        self._metered_to = 0
        self._levels: Levels | None = None
        self._told_why_not = ""
        self._volume = _within(preferences.get(_VOLUME, 1.0), 1.0, 1.0)
        self._pre_roll_s = _within(preferences.get(_PRE_ROLL, DEFAULT_ROLL_S), LONGEST_ROLL_S)
        self._post_roll_s = _within(preferences.get(_POST_ROLL, DEFAULT_ROLL_S), LONGEST_ROLL_S)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._fed.connect(self._on_fed)
        self._output.looked.connect(self._on_looked)
        self._output.failed.connect(self._on_device_failed)
        self._output.set_volume(gain_of_volume(self._volume))
        document.planned.connect(self._on_planned)

    # What can be known

    @property
    def is_stand_in(self) -> bool:
        """Whether the plain crossfade stands in for the NSynth transition that is heard."""
        nsynth = self._document.nsynth
        if self._pair is not None and nsynth.readiness(self._pair) is Readiness.MISSING:
            return True
        for fade in self._document.plan.fades if self._document.plan else ():
            if fade.start_frame <= self._frame < fade.start_frame + fade.n_frames:
                return nsynth.readiness(self._document.pair(fade)) is Readiness.MISSING
        return False

    @property
    def plan(self) -> MixPlan | None:
        """The mix that it plays; None where there is none."""
        return self._plan

    @property
    def can_play(self) -> bool:
        """Whether there is a device to play on and something to play."""
        return not self.why_not

    @property
    def why_not(self) -> str:
        """Why it can't play; empty where it can."""
        if self._output.why_not:
            return self._output.why_not
        return "" if self._plan else self.tr("There is nothing to play yet. Add some music.")

    @property
    def is_playing(self) -> bool:
        """Whether it plays."""
        return self._tape is not None

    @property
    def is_looping(self) -> bool:
        """Whether it plays in a loop."""
        return self.is_playing and self._passage is not None and self._passage.loops

    @property
    def pair(self) -> Pair | None:
        """The transition that is auditioned; None where anything else is played."""
        return self._pair

    @property
    def position(self) -> int:
        """Frame of the mix that is heard, or from which it would go on."""
        return self._frame

    def frame_now(self) -> int:
        """The same, looked at anew: `position` is some milliseconds old."""
        self._tick()
        return self._frame

    @property
    def levels(self) -> Levels | None:
        """How loud it is; None while nothing is heard."""
        return self._levels

    @property
    def volume(self) -> float:
        """How loud it plays, from 0 to 1 as the ear takes it; remembered."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        volume = _within(volume, 1.0, self._volume)
        if volume != self._volume:
            self._volume = volume
            preferences.put(_VOLUME, volume)
            self._output.set_volume(gain_of_volume(volume))
            self.volume_changed.emit()

    @property
    def pre_roll_s(self) -> float:
        """How much of the mix is auditioned before a transition; remembered."""
        return self._pre_roll_s

    @pre_roll_s.setter
    def pre_roll_s(self, seconds: float) -> None:
        seconds = _within(seconds, LONGEST_ROLL_S, self._pre_roll_s)
        if seconds != self._pre_roll_s:
            self._pre_roll_s = seconds
            self._roll_set(_PRE_ROLL, seconds)

    @property
    def post_roll_s(self) -> float:
        """How much of the mix is auditioned after a transition; remembered."""
        return self._post_roll_s

    @post_roll_s.setter
    def post_roll_s(self, seconds: float) -> None:
        seconds = _within(seconds, LONGEST_ROLL_S, self._post_roll_s)
        if seconds != self._post_roll_s:
            self._post_roll_s = seconds
            self._roll_set(_POST_ROLL, seconds)

    def range_of(self, pair: Pair) -> Passage | None:
        """What is auditioned of a pair; None where the two don't follow each other."""
        fade = self._document.fade(pair)
        if fade is None or self._document.plan is None:
            return None
        return around(self._document.plan, fade, self._pre_roll_s, self._post_roll_s)

    # What can be asked

    def play(self, first_frame: int, last_frame: int | None = None, loop: bool = False) -> None:
        """Play from a frame of the mix.

        Parameters
        ----------
        first_frame
            Where to begin.
        last_frame
            Frame to end before; without it, the end of the mix.
        loop
            Begin again at the end.
        """
        if self._plan is None:
            return
        n_frames = self._plan.n_frames
        first = min(max(0, first_frame), n_frames)
        end = None if last_frame is None else min(last_frame, n_frames)
        if first >= (n_frames if end is None else end):
            first, end = 0, None
        self._begin(Passage(self._plan, first, end, loop), first, None)

    def play_from(self, frame: int) -> None:
        """Play from a frame of the mix to its end; from its begin where that is the end."""
        self.play(frame)

    def audition(self, pair: Pair) -> None:
        """Play a transition once, with what is before and after it."""
        self._audition(pair, loops=False)

    def loop_audition(self, pair: Pair) -> None:
        """Play a transition over and over."""
        self._audition(pair, loops=True)

    def play_stretch(self, pair: Pair, range_s: tuple[float, float]) -> None:
        """Play exactly a stretch of a transition once, without what is before and after it.

        Parameters
        ----------
        range_s
            Its begin and end, from where the transition begins.
        """
        fade = self._document.fade(pair)
        if fade is None or self._document.plan is None:
            return
        passage = stretch_of(self._document.plan, fade, range_s)
        if passage is not None:
            self._begin(passage, passage.first_frame, None)

    def pause(self) -> None:
        """Play no more, and stay here."""
        if self.is_playing:
            self._halt()

    def resume(self) -> None:
        """Go on from the position, in the same loop where it lies in one."""
        passage = self._passage
        if self.is_playing:
            return
        if passage is None or not passage.first_frame <= self._frame < passage.stop_frame:
            self.play_from(self._frame)
        else:
            self._begin(passage, self._frame, self._pair)

    def toggle(self) -> None:
        """Pause, or resume."""
        if self.is_playing:
            self.pause()
        else:
            self.resume()

    def stop(self) -> None:
        """Play no more, stay here, and forget the loop."""
        self._passage = self._pair = None
        self.pause()

    def seek(self, frame: int) -> None:
        """Go to a frame of the mix; a loop is left where the frame is not in it."""
        if self._plan is None:
            return
        frame = min(max(0, frame), self._plan.n_frames)
        passage = self._passage
        if passage is not None and not passage.first_frame <= frame < passage.stop_frame:
            self._passage = self._pair = None
        if self.is_playing and frame < self._plan.n_frames:
            self._begin(self._passage or Passage(self._plan, frame), frame, self._pair)
            return
        self.pause()
        self._move(frame)

    def follow_at_once(self, gain_db: float) -> None:
        """Let the plan be heard at once, in a loop too, at this gain.

        It is how two settings are compared: the gain is the player's own, never the mix's.
        """
        gain = gain_from_db(gain_db)
        self._feed.gain = gain
        if self.is_playing and self._passage is not None:
            self._feed.follow(self._passage, at_once=True)

    def shut_down(self) -> None:
        """Stop and end all threads."""
        self._halt()
        self._fed.disconnect(self._on_fed)
        self._feed.shut_down()
        self._output.shut_down()

    # How it goes on

    def _audition(self, pair: Pair, *, loops: bool) -> None:
        found = self.range_of(pair)
        if found is not None:
            passage = Passage(found.plan, found.first_frame, found.end_frame, loops)
            self._begin(passage, passage.first_frame, pair)

    def _begin(self, passage: Passage, frame: int, pair: Pair | None) -> None:
        """Play a passage from one of its frames."""
        nsynth = self._document.nsynth
        self._feed.device, self._feed.precision = nsynth.device, nsynth.precision
        if not self.can_play:
            self.trouble.emit(self.why_not)
            return
        self._jump += 1
        self._passage, self._pair = passage, pair
        if self._tape is None:
            device_format = self._output.format_for(passage.plan.sample_rate_hz)
            if device_format is None:
                self.trouble.emit(self.tr("The audio device takes no sound of a kind known here."))
                return
            self._tape, self._is_started, self._metered_to = Tape(device_format), False, 0
        self._feed.jump(self._tape, passage, frame, self._jump)
        self._timer.start()
        self._move(frame)
        self.state_changed.emit()

    def _halt(self) -> None:
        """Play no more."""
        self._timer.stop()
        self._feed.rest()
        self._output.stop()
        if self._tape is not None:
            self._tape = None
            self._levels = None
            self.levels_changed.emit()
            self.state_changed.emit()

    def _move(self, frame: int) -> None:
        if frame != self._frame:
            self._frame = frame
            self.position_changed.emit(frame)

    @Slot()
    def _tick(self) -> None:
        """Find out what is heard now."""
        tape, passage = self._tape, self._passage
        if tape is None or passage is None or not self._is_started:
            return
        heard = tape.heard
        spot = tape.spot(heard)
        is_there = spot is not None and spot.jump == self._jump
        if heard and spot is not None and is_there:
            frame = same_place(spot.plan, passage.plan, spot.mix_frame)
            if frame is not None:
                self._move(frame)
        self._meter(tape, heard)
        let_out = frames_from_seconds(_LET_OUT_S, tape.format.rate_hz)
        end = tape.end
        if is_there and end is not None and heard >= end + let_out:
            self._halt()
            self._move(passage.stop_frame)

    def _meter(self, tape: Tape, heard: int) -> None:
        """Measure what was heard since the last time."""
        if heard <= self._metered_to:
            return
        pieces = tape.pieces(self._metered_to, heard)
        self._metered_to = heard
        if pieces:
            peak = np.max([piece.peak for piece in pieces], axis=0)
            rms = np.sqrt(np.mean([piece.mean_square for piece in pieces], axis=0))
            left, right = (
                ChannelLevel(db_from_gain(float(p)), db_from_gain(float(r)))
                for p, r in zip(peak, rms, strict=True)
            )
            self._levels = Levels(left, right)
            self.levels_changed.emit()

    @Slot(object)
    def _on_fed(self, event: FeedEvent) -> None:
        if event.jump != self._jump or self._tape is None:
            return
        match event:
            case Ready():
                if not self._is_started:
                    self._is_started = True
                    self._output.start(self._tape)
            case Lost():
                self.stop()
            case Broken(error=error):
                self._halt()
                self.trouble.emit(_text(error, self.tr("The mix can't be played")))

    @Slot()
    def _on_planned(self) -> None:
        """Follow an edit."""
        plan, before = self._document.plan, self._plan
        could_play, self._plan = self.can_play, plan
        if before is not None:
            self._follow(before, plan)
        self.planned.emit()
        if self.can_play != could_play:
            self.state_changed.emit()

    def _follow(self, before: MixPlan, plan: MixPlan | None) -> None:
        frame = None if plan is None else same_place(before, plan, self._frame)
        passage = None if plan is None or self._passage is None else self._passage_in(plan)
        if self.is_playing and (frame is None or passage is None):
            self._halt()
        self._passage = passage
        self._pair = self._pair if passage is not None else None
        if not self.is_playing:
            end = plan.n_frames if plan is not None else 0
            if self._frame:  # the beginning stays the beginning, whatever is put before it
                self._move(min(self._frame, end) if frame is None else frame)
        elif passage is not None:
            self._feed.follow(passage, at_once=False)

    def _passage_in(self, plan: MixPlan) -> Passage | None:
        """What is played, in another plan."""
        assert self._passage is not None
        if self._pair is None:
            return self._passage.in_plan(plan)
        found = self.range_of(self._pair)
        if found is None:
            return None
        return Passage(plan, found.first_frame, found.end_frame, self._passage.loops)

    def _roll_set(self, key: str, seconds: float) -> None:
        preferences.put(key, seconds)
        self.rolls_changed.emit()
        if self._pair is None or self._passage is None or self._plan is None:
            return
        passage = self._passage_in(self._plan)
        if passage is not None:
            self._passage = passage
            if self.is_playing:
                self._feed.follow(passage, at_once=False)

    @Slot()
    def _on_looked(self) -> None:
        why_not = self._output.why_not
        if why_not and why_not != self._told_why_not and not self.is_playing:
            self.trouble.emit(why_not)
        self._told_why_not = why_not
        self.state_changed.emit()

    @Slot(str)
    def _on_device_failed(self, why: str) -> None:
        if self.is_playing:
            self._halt()
            self.trouble.emit(why)


def _within(value: float, highest: float, instead: float = DEFAULT_ROLL_S) -> float:
    """The value between 0 and the highest; another one where it is no number."""
    return min(max(0.0, value), highest) if math.isfinite(value) else instead


def _text(error: Exception, otherwise: str) -> str:
    return str(error) if isinstance(error, DeepBassError) else f"{otherwise}: {error}"

"""The one thread that makes what is played: it reads the mix and keeps the tape filled ahead.

It is told what to play by requests and tells back by events. A loop is the same passage read again
from its first frame, without a gap; after an edit the next pass is read from the new plan. Where an
edit is to be heard at once, the new plan is read on from the same place of the music and laid over
what was ahead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio.channels import STEREO
from deepbass_engine.audio.quantize import quantize
from deepbass_engine.audio.resample import resampled_blocks
from deepbass_engine.errors import Cancelled
from deepbass_engine.mix.playback import DecodedStretches, MixStream
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import CancelToken
from deepbass_engine.units import frames_from_seconds, rescale_frames
from deepbass_gui.playing.passage import Passage, same_place
from deepbass_gui.playing.tape import DeviceFormat, Piece, Tape

AHEAD_S = 0.5
BLOCK_FRAMES = 1024
_LEAD_S = 0.03
"""How far ahead of the device what is ahead may be replaced."""
_CROSSFADE_S = 0.005
_LOOKS_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Ready:
    """The first frames after a jump are on the tape."""

    jump: int


@dataclass(frozen=True, slots=True)
class Lost:
    """What was played is no more in the mix."""

    jump: int


@dataclass(frozen=True, slots=True)
class Broken:
    """The mix can't be read on."""

    jump: int
    error: Exception


FeedEvent = Ready | Lost | Broken


@dataclass(frozen=True, slots=True)
class _Jump:
    tape: Tape
    passage: Passage
    frame: int
    number: int
    cancel: CancelToken


@dataclass(frozen=True, slots=True)
class _Follow:
    passage: Passage
    at_once: bool


class Feed:
    """Fills tapes in a thread of its own, which begins with the first jump.

    Parameters
    ----------
    on_event
        Called in that thread with each `FeedEvent`.
    stretches
        Where decoded audio is kept.
    store
        Where finished transitions are looked for.

    Attributes
    ----------
    gain
        What is played is made louder by it.
    device, precision
        What NSynth transitions are rendered on and in; they are found under these.
    """

    def __init__(
        self,
        on_event: Callable[[FeedEvent], None],
        stretches: DecodedStretches,
        store: TransitionStore | None = None,
    ) -> None:
        self.gain = 1.0
        self.device = self.precision = "auto"
        self._on_event = on_event
        self._stretches = stretches
        self._store = store
        self._changed = threading.Condition()
        self._requests: list[_Jump | _Follow] = []
        self._is_ending = False
        self._cancel = CancelToken()
        self._thread: threading.Thread | None = None
        # What follows belongs to the thread.
        self._now: _Jump | None = None
        self._passage: Passage | None = None
        self._pieces: Iterator[Piece] | None = None
        self._pass_number = 0

    def jump(self, tape: Tape, passage: Passage, frame: int, number: int) -> None:
        """Play from a frame of a passage; what was ahead is dropped, what was asked before too."""
        self.rest()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
            self._thread.start()
        with self._changed:
            self._requests.append(_Jump(tape, passage, frame, number, self._cancel))
            self._changed.notify()

    def follow(self, passage: Passage, *, at_once: bool) -> None:
        """Go on with another plan, gain or end at the same place of the music.

        Parameters
        ----------
        passage
            What to play from now on.
        at_once
            Whether a loop follows before its next pass; what is no loop always does at once.
        """
        with self._changed:
            if self._requests and isinstance(self._requests[-1], _Follow):
                at_once |= self._requests[-1].at_once
                del self._requests[-1]
            self._requests.append(_Follow(passage, at_once))
            self._changed.notify()

    def rest(self) -> None:
        """Stop making anything."""
        with self._changed:
            self._cancel.cancel()
            self._cancel = CancelToken()
            self._requests.clear()

    def shut_down(self) -> None:
        """Stop, and wait for the thread to end."""
        self.rest()
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            request = self._next_request()
            if self._is_ending:
                return
            try:
                if isinstance(request, _Jump):
                    self._begin(request)
                elif isinstance(request, _Follow):
                    self._go_over(request)
                self._fill_a_little()
            except Cancelled:
                self._pieces = None
            except Exception as error:
                self._pieces = None
                if self._now is not None:
                    self._on_event(Broken(self._now.number, error))

    def _next_request(self) -> _Jump | _Follow | None:
        """Wait for a request, or until there is room on the tape: None."""
        with self._changed:
            while not self._is_ending:
                if self._requests:
                    return self._requests.pop(0)
                if self._now is not None and self._now.cancel.cancelled:
                    self._pieces = None
                if self._pieces is None:
                    self._changed.wait()
                elif self._has_room():
                    break
                else:
                    self._changed.wait(_LOOKS_EVERY_S)
        return None

    def _has_room(self) -> bool:
        assert self._now is not None
        tape = self._now.tape
        return tape.n_ahead < frames_from_seconds(AHEAD_S, tape.format.rate_hz)

    def _begin(self, jump: _Jump) -> None:
        self._now, self._passage, self._pass_number = jump, jump.passage, 0
        self._pieces = None
        jump.tape.drop_ahead()
        self._pieces = self._made(jump.passage, jump.frame)
        self._fill_a_little()
        self._on_event(Ready(jump.number))

    def _fill_a_little(self) -> None:
        """Put the next piece on the tape; at the end begin again, or be done."""
        if self._pieces is None:
            return
        assert self._now is not None
        assert self._passage is not None
        self._now.cancel.raise_if_cancelled()
        piece = next(self._pieces, None)
        if piece is not None:
            self._now.tape.append(piece)
        elif self._passage.loops:
            self._pass_number += 1
            self._pieces = self._made(self._passage, self._passage.first_frame)
        else:
            self._now.tape.finish()
            self._pieces = None

    def _go_over(self, follow: _Follow) -> None:
        """Go over to another passage, now or when the loop begins again."""
        now, passage = self._now, follow.passage
        if now is None or now.cancel.cancelled:
            return
        tape = now.tape
        heard = tape.spot(tape.heard)
        waits = passage.loops and not follow.at_once
        if waits and heard is not None and heard.jump == now.number:
            seam = tape.pass_begins(heard.pass_number)
            if seam is None:
                self._passage = passage
                return
            if seam >= tape.handed:
                self._pass_number = heard.pass_number + 1
                self._lay_over(passage, passage.first_frame, seam, is_seam=True)
                return
        at = min(tape.handed + self._lead(tape), tape.tail)
        there = tape.spot(at)
        if there is None:
            return
        frame = same_place(there.plan, passage.plan, there.mix_frame)
        if frame is None:
            self._pieces = None
            self._on_event(Lost(now.number))
            return
        self._pass_number = there.pass_number
        self._lay_over(passage, frame, at, is_seam=False)

    def _lay_over(self, passage: Passage, frame: int, at: int, *, is_seam: bool) -> None:
        """Let a passage be heard from one of its frames on where the tape is at frame `at`."""
        assert self._now is not None
        tape = self._now.tape
        self._passage = passage
        frame = self._inside(passage, frame)
        self._stream(passage, frame).read(BLOCK_FRAMES)  # decodes, so that what follows is quick
        late = max(0, tape.handed + (0 if is_seam else self._lead(tape)) - at)
        if late:
            mix_rate_hz = passage.plan.sample_rate_hz
            frame += rescale_frames(late, tape.format.rate_hz, mix_rate_hz)
            frame = self._inside(passage, frame)
        self._pieces = self._made(passage, frame)
        first = next(self._pieces, None)
        if first is None:  # the passage is over
            tape.drop_ahead()
            return
        n_crossfade = 0 if is_seam else frames_from_seconds(_CROSSFADE_S, tape.format.rate_hz)
        tape.splice(at + late, first, n_crossfade)

    def _inside(self, passage: Passage, frame: int) -> int:
        """A frame of the passage: behind its end a loop begins again."""
        if frame < passage.stop_frame:
            return frame
        if not passage.loops:
            return passage.stop_frame
        self._pass_number += 1
        return passage.first_frame

    def _stream(self, passage: Passage, frame: int) -> MixStream:
        assert self._now is not None
        return MixStream(
            passage.plan,
            frame,
            passage.stop_frame,
            store=self._store,
            stretches=self._stretches,
            device=self.device,
            precision=self.precision,
            cancel=self._now.cancel,
        )

    def _made(self, passage: Passage, frame: int) -> Iterator[Piece]:
        """What the device is to be given, from a frame to the end of the passage."""
        assert self._now is not None
        stream = self._stream(passage, frame)
        device_format, plan = self._now.tape.format, passage.plan
        jump, pass_number, gain = self._now.number, self._pass_number, np.float32(self.gain)

        def pieces() -> Iterator[Piece]:
            given = 0
            for block in _at_rate(stream, plan.sample_rate_hz, device_format.rate_hz):
                done = rescale_frames(given, device_format.rate_hz, plan.sample_rate_hz)
                given += len(block)
                yield Piece(
                    samples=_for_device(block, gain, device_format, frame + done),
                    plan=plan,
                    mix_frame=frame + done,
                    pass_number=pass_number,
                    jump=jump,
                    peak=np.abs(block).max(axis=0),
                    mean_square=np.square(block).mean(axis=0),
                )

        return pieces()

    @staticmethod
    def _lead(tape: Tape) -> int:
        return frames_from_seconds(_LEAD_S, tape.format.rate_hz)


def _at_rate(
    stream: MixStream, mix_rate_hz: int, device_rate_hz: int
) -> Iterator[NDArray[np.float32]]:
    def blocks() -> Iterator[NDArray[np.float32]]:
        while len(block := stream.read(BLOCK_FRAMES)):
            yield block

    if mix_rate_hz == device_rate_hz:
        return blocks()
    return resampled_blocks(blocks(), mix_rate_hz, device_rate_hz, STEREO)


def _for_device(
    block: NDArray[np.float32], gain: np.float32, device_format: DeviceFormat, mix_frame: int
) -> NDArray[np.float32] | NDArray[np.int16]:
    """A block as the device takes it."""
    if gain != 1.0:
        block = block * gain
    if device_format.is_float:
        return block
    samples: NDArray[np.int16] = quantize(block, "PCM_16", mix_frame).samples.copy()
    return samples

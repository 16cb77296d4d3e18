"""What was handed to the audio device, and what will be, frame by frame: the ring buffer.

    frames of the device  |---- heard ----|-- in the device --|---- ahead ----|
                          ^ forgotten     ^ heard             ^ handed        ^ tail

The feeding thread adds at the tail, or replaces what is ahead; the device's thread takes. Frames
are counted at the device's rate from the moment the device was started, and each piece knows its
place in the mix, so that what is heard can be told from what the device has played.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio.channels import STEREO
from deepbass_engine.mix.plan import MixPlan

_REMEMBERED_S = 2.0
_GUESSED_ON_S = 0.25
"""How long the clock runs on without news of the device."""


@dataclass(frozen=True, slots=True)
class DeviceFormat:
    """What a device is given: stereo, at this rate, as float32 or int16."""

    rate_hz: int
    is_float: bool

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a sample."""
        return np.dtype(np.float32 if self.is_float else np.int16)

    @property
    def bytes_per_frame(self) -> int:
        """Size of both samples of a frame."""
        return STEREO * self.dtype.itemsize


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some frames for the device.

    Attributes
    ----------
    samples : shape (n_frames, 2)
        As the device takes them.
    plan, mix_frame
        The first frame's place in the mix.
    pass_number
        How often the loop had begun again.
    jump
        Which request to play from somewhere it belongs to.
    peak, mean_square : shape (2,)
        Of the mix in this piece, before any gain, full scale at 1.
    """

    samples: NDArray[Any]
    plan: MixPlan
    mix_frame: int
    pass_number: int
    jump: int
    peak: NDArray[np.float32]
    mean_square: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the tape, by what is heard there; see `Piece`."""

    plan: MixPlan
    mix_frame: int
    pass_number: int
    jump: int


@dataclass(frozen=True, slots=True)
class _Item:
    first: int
    piece: Piece

    @property
    def end(self) -> int:
        return self.first + len(self.piece.samples)


class Tape:
    """Frames for an audio device; safe between the thread that fills it and the one that takes."""

    def __init__(self, device_format: DeviceFormat) -> None:
        self.format = device_format
        self._lock = threading.Lock()
        self._items: deque[_Item] = deque()
        self._handed = 0
        self._end: int | None = None
        self._heard = 0
        self._heard_at_s = 0.0

    @property
    def handed(self) -> int:
        """Frames that the device has taken."""
        return self._handed

    @property
    def n_ahead(self) -> int:
        """Frames that the device can take."""
        with self._lock:
            return self._tail() - self._handed

    @property
    def tail(self) -> int:
        """The frame at which the next piece will be."""
        with self._lock:
            return self._tail()

    @property
    def end(self) -> int | None:
        """The frame behind the last, where nothing more will come."""
        return self._end

    def append(self, piece: Piece) -> None:
        """Add a piece at the tail."""
        with self._lock:
            self._end = None
            self._items.append(_Item(self._tail(), piece))

    def finish(self) -> None:
        """Note that nothing more will come."""
        with self._lock:
            self._end = self._items[-1].end if self._items else self._handed

    def drop_ahead(self) -> None:
        """Forget what the device has not taken yet."""
        with self._lock:
            self._cut(self._handed)

    def splice(self, at: int, piece: Piece, n_crossfade: int) -> None:
        """Let a piece stand at frame `at`, in place of all that was to come from there on.

        Parameters
        ----------
        at
            Where it belongs; what the device has taken by now is cut off its front.
        n_crossfade
            Frames over which what stood there goes over into the piece.
        """
        with self._lock:
            late = max(0, self._handed - at)
            if late:
                at += late
                piece = self._without_front(piece, late)
            before = self._frames(at, min(n_crossfade, len(piece.samples)))
            self._cut(at)
            if len(before):
                share = np.linspace(0.0, 1.0, len(before), endpoint=False)[:, np.newaxis]
                mixed = before * (1.0 - share) + piece.samples[: len(before)] * share
                if not self.format.is_float:
                    mixed = np.rint(mixed)
                samples = piece.samples.copy()
                samples[: len(before)] = mixed
                piece = replace(piece, samples=samples)
            self._items.append(_Item(at, piece))

    def take(self, n_frames: int) -> bytes:
        """Hand the next frames to the device; silence where there are none."""
        with self._lock:
            at, end = self._handed, self._handed + n_frames
            taken = np.zeros((n_frames, STEREO), self.format.dtype)
            for item in self._items:
                first, last = max(at, item.first), min(end, item.end)
                if first < last:
                    part = item.piece.samples[first - item.first : last - item.first]
                    taken[first - at : last - at] = part
            self._handed = end
            oldest = end - round(_REMEMBERED_S * self.format.rate_hz)
            while len(self._items) > 1 and self._items[0].end < oldest:
                self._items.popleft()
        return taken.tobytes()

    def note_heard(self, n_frames: int) -> None:
        """Take notice of how many frames the device has played."""
        if n_frames > self._heard or not self._heard_at_s:
            self._heard, self._heard_at_s = n_frames, time.monotonic()

    @property
    def heard(self) -> int:
        """Frames that were heard by now; between the device's news the clock counts on."""
        if not self._heard:
            return 0
        since_s = min(_GUESSED_ON_S, time.monotonic() - self._heard_at_s)
        return min(self._handed, self._heard + int(since_s * self.format.rate_hz))

    @property
    def heard_news_at_s(self) -> float:
        """When the device last went on, a monotonic time; 0 before it began."""
        return self._heard_at_s

    def spot(self, frame: int) -> Spot | None:
        """What stands at a frame; where nothing does, the end of what stood before it."""
        with self._lock:
            found = None
            for item in self._items:
                if item.first > frame:
                    break
                found = item
            if found is None:
                return None
            piece = found.piece
            done = min(frame - found.first, len(piece.samples))
            mix_frames = done * piece.plan.sample_rate_hz // self.format.rate_hz
            return Spot(piece.plan, piece.mix_frame + mix_frames, piece.pass_number, piece.jump)

    def pass_begins(self, after_pass: int) -> int | None:
        """The frame at which the loop begins again after a pass; None where that is to come."""
        with self._lock:
            for item in self._items:
                if item.piece.pass_number > after_pass:
                    return item.first
            return None

    def pieces(self, first: int, end: int) -> list[Piece]:
        """The pieces that are heard between two frames."""
        with self._lock:
            return [i.piece for i in self._items if i.first < end and i.end > first]

    def _tail(self) -> int:
        return max(self._handed, self._items[-1].end) if self._items else self._handed

    def _cut(self, at: int) -> None:
        """Forget all from frame `at` on, which the device has not taken."""
        self._end = None
        while self._items and self._items[-1].end > at:
            item = self._items.pop()
            if item.first < at:
                samples = item.piece.samples[: at - item.first]
                self._items.append(_Item(item.first, replace(item.piece, samples=samples)))

    def _frames(self, at: int, n_frames: int) -> NDArray[Any]:
        """What stands at a frame, up to `n_frames` as far as it goes without a gap."""
        parts = [
            item.piece.samples[max(0, at - item.first) : at + n_frames - item.first]
            for item in self._items
            if item.first < at + n_frames and item.end > at
        ]
        return np.concatenate([np.empty((0, STEREO), self.format.dtype), *parts])

    def _without_front(self, piece: Piece, n_frames: int) -> Piece:
        mix_frames = n_frames * piece.plan.sample_rate_hz // self.format.rate_hz
        return replace(
            piece, samples=piece.samples[n_frames:], mix_frame=piece.mix_frame + mix_frames
        )

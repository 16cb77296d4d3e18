r"""A track whose ends are heard at another tempo than its own: which of its frames is heard when.

A track that is joined to another on the beat is stretched where the two are heard together, and
goes over from its own tempo to that one, and back, over some seconds::

    tempo heard        ____                                     ____ held
                           \__ gliding                gliding __/
                               \_________ its own _____________/
    frames heard   |  head bend |           |    body   |           | tail bend  |

In between nothing is changed: there a frame of the warped track is the same frame of the track.
Frames are counted at the rate of the mix; those of a head that was slowed down may lie before 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TEMPO_STEP_FRAMES = 256
"""How finely the tempo of a glide is told; a straight line lies between."""


@dataclass(frozen=True, slots=True)
class Bend:
    """One end of a track at another tempo.

    The glide is half a cosine, so that the tempo has no corner.

    Attributes
    ----------
    ratio
        How many times faster than its own it is held.
    n_held, n_gliding
        Frames that are heard at that tempo, and on the way between it and the track's own.
    """

    ratio: float
    n_held: int
    n_gliding: int

    @property
    def n_frames(self) -> int:
        """Frames that are heard."""
        return self.n_held + self.n_gliding

    @property
    def n_source(self) -> int:
        """Frames of the track that are used up by it."""
        return round(self.source_at(self.n_frames))

    def source_at(self, frame: float) -> float:
        """Frames of the track used up after so many heard, counted from where the glide begins.

        Before the glide, where the track has its own tempo, they are negative and the same.
        """
        if frame <= 0:
            return frame
        more = self.ratio - 1.0
        if frame >= self.n_gliding:
            return self.n_gliding * (1.0 + more / 2.0) + (frame - self.n_gliding) * self.ratio
        turn = math.pi / self.n_gliding
        return frame + more * (frame / 2.0 - math.sin(turn * frame) / (2.0 * turn))

    def tempo_of_source(self, source: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many times faster than its own the track is heard at these frames of it."""
        heard = np.linspace(0.0, self.n_frames, max(2, self.n_frames // _TEMPO_STEP_FRAMES))
        turn = np.clip(heard / max(1, self.n_gliding), 0.0, 1.0)
        tempo = 1.0 + (self.ratio - 1.0) * (0.5 - 0.5 * np.cos(np.pi * turn))
        used = np.array([self.source_at(float(frame)) for frame in heard])
        return np.interp(source, used, tempo)

    def frame_at(self, source: float) -> float:
        """Frames heard after so many used up: the inverse of `source_at`."""
        if source <= 0:
            return source
        whole_glide = self.source_at(self.n_gliding)
        if source >= whole_glide:
            return self.n_gliding + (source - whole_glide) / self.ratio
        low, high = 0.0, float(self.n_gliding)
        while high - low > 1e-6:
            middle = (low + high) / 2.0
            low, high = (middle, high) if self.source_at(middle) < source else (low, middle)
        return (low + high) / 2.0


@dataclass(frozen=True, slots=True)
class Warp:
    """How a track is heard in a mix.

    Attributes
    ----------
    head
        Its beginning at another tempo, or None.
    head_end
        The frame from which on it has its own tempo, if it has such a head.
    tail
        Its end at another tempo, or None.
    tail_start
        The frame up to which it has its own tempo, if it has such a tail.
    gain
        What its samples are multiplied with.
    ceiling_dbtp
        True peak that stretching must not take it over, or None.
    """

    head: Bend | None = None
    head_end: int = 0
    tail: Bend | None = None
    tail_start: int = 0
    gain: float = 1.0
    ceiling_dbtp: float | None = None

    @property
    def is_none(self) -> bool:
        """Whether it is heard as it is."""
        return self.head is None and self.tail is None and self.gain == 1.0

    def source_frame(self, frame: float) -> float:
        """The frame of the track that is heard as frame `frame` of the warped track."""
        if self.head is not None and frame < self.head_end:
            return self.head_end - self.head.source_at(self.head_end - frame)
        if self.tail is not None and frame > self.tail_start:
            return self.tail_start + self.tail.source_at(frame - self.tail_start)
        return frame

    def heard_frame(self, source: float) -> float:
        """The frame as which a frame of the track is heard: the inverse of `source_frame`."""
        if self.head is not None and source < self.head_end:
            return self.head_end - self.head.frame_at(self.head_end - source)
        if self.tail is not None and source > self.tail_start:
            return self.tail_start + self.tail.frame_at(source - self.tail_start)
        return source


UNWARPED = Warp()
"""A track that is heard as it is."""

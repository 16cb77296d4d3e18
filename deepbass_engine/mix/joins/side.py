"""What is known of a track where it is joined: its part that may be used, its beats, its course."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.beats import BeatGrid
from deepbass_engine.analysis.music import COURSE_STEP_S, Music

_BARS_IN_PHRASE = 8
_LEAST_STEP_LU = 1.0
_CLEAR = 1.6
_SILENT_LUFS = -70.0


@functools.lru_cache(maxsize=2048)
def _body_lufs(music: Music) -> float:
    heard = music.course_lufs[music.course_lufs > _SILENT_LUFS]
    return float(np.quantile(heard, 0.6)) if len(heard) else _SILENT_LUFS


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two tracks of a join; frames are the track's own, at the rate of the mix.

    Attributes
    ----------
    rate_hz
        Rate of the mix.
    start, end
        Frames of what may be used of it.
    may_move
        Whether its end here may be put elsewhere: not where a person has chosen it.
    music
        What is known of it; None where it was not listened to.
    gain_db
        What it is made louder by.
    """

    rate_hz: int
    start: float
    end: float
    may_move: bool
    music: Music | None
    gain_db: float = 0.0

    @property
    def n_frames(self) -> float:
        """Length of what may be used."""
        return self.end - self.start

    @property
    def grid(self) -> BeatGrid | None:
        """Its beats."""
        return None if self.music is None else self.music.beats

    @property
    def beat_frames(self) -> float:
        """Length of a beat."""
        assert self.grid is not None
        return 60.0 / self.grid.tempo_bpm * self.rate_hz

    @property
    def bar_frames(self) -> float:
        """Length of a bar."""
        assert self.grid is not None
        return self.grid.beats_per_bar * self.beat_frames

    @property
    def first_bar(self) -> float:
        """The frame at which the first whole bar begins."""
        assert self.grid is not None
        return self.grid.first_beat_s * self.rate_hz + self.grid.first_downbeat * self.beat_frames

    def downbeats(self, first: float, last: float, behind: float = 0.0) -> NDArray[np.float64]:
        """Frames so many beats behind bar lines, those between two frames, both included."""
        phase, bar = self.first_bar + behind * self.beat_frames, self.bar_frames
        numbers = np.arange(np.ceil((first - phase) / bar), np.floor((last - phase) / bar) + 1)
        return np.asarray(phase + numbers * bar, np.float64)

    def beats_behind_bar(self, frame: float) -> float:
        """How many beats behind the last bar line a frame is."""
        return (frame - self.first_bar) % self.bar_frames / self.beat_frames

    def loudness_lufs(self, frames: NDArray[np.float64]) -> NDArray[np.float64]:
        """How loud it is at frames, with its gain; silent beyond its ends."""
        assert self.music is not None
        course = self.music.course_lufs
        steps = np.floor(frames / (self.rate_hz * COURSE_STEP_S)).astype(np.int64)
        heard = (steps >= 0) & (steps < len(course))
        found = np.full(len(frames), -np.inf)
        found[heard] = course[steps[heard]] + self.gain_db
        return found

    @property
    def body_lufs(self) -> float:
        """How loud it is where it is in full: what its louder half keeps."""
        assert self.music is not None
        return _body_lufs(self.music) + self.gain_db

    def phrase_offset(self) -> int | None:
        """Which of every eight bars begins a phrase, counted from the bar at frame 0 on.

        It is the bar line at which the music changes its loudness most; None where none stands
        out.
        """
        lines = self.downbeats(self.start, self.end)
        if len(lines) < 3 * _BARS_IN_PHRASE:
            return None
        bar = lines[1] - lines[0]
        levels = [
            float(
                np.mean(np.maximum(self.loudness_lufs(np.linspace(a, a + bar, 16)), _SILENT_LUFS))
            )
            for a in lines
        ]
        changes = np.maximum(np.abs(np.diff(levels)) - _LEAST_STEP_LU, 0.0)
        first = self.bar_number(lines[1])
        sums = np.zeros(_BARS_IN_PHRASE)
        for i, change in enumerate(changes):
            sums[(first + i) % _BARS_IN_PHRASE] += change
        best = int(np.argmax(sums))
        others = np.delete(sums, best)
        return best if sums[best] > _CLEAR * max(float(others.max()), 1.0) else None

    def bar_number(self, frame: float) -> int:
        """Number of the bar that begins at a frame."""
        return round((frame - self.first_bar) / self.bar_frames)

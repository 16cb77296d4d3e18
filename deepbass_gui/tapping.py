"""The beat of a track from taps along with it."""

from __future__ import annotations

import numpy as np

from deepbass_engine.analysis.beats import BeatGrid

FEWEST_TAPS = 4
_PAUSE_S = 2.5
_SAME = 0.03
_RELATIONS = (1.0, 0.5, 2.0, 2 / 3, 1.5, 0.75, 4 / 3)


class Taps:
    """Taps in a row; a pause begins anew."""

    def __init__(self) -> None:
        self._times_s: list[float] = []

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self._times_s)

    def add(self, time_s: float) -> None:
        """Take a tap, by its time in the track."""
        if self._times_s and not 0.0 < time_s - self._times_s[-1] < _PAUSE_S:
            self._times_s.clear()
        self._times_s.append(time_s)

    def clear(self) -> None:
        """Forget them."""
        self._times_s.clear()

    def grid(self, found: BeatGrid | None) -> BeatGrid | None:
        """The beats that were tapped; None while they are too few.

        Nobody taps to a thousandth. Where the tempo is near one that the grid that was found
        implies, it is that one, and only the place of the beats is the taps'.

        Parameters
        ----------
        found
            What was heard of the track.
        """
        if self.n < FEWEST_TAPS:
            return None
        numbers, times = np.arange(self.n), np.array(self._times_s)
        beat_s, first_s = (float(value) for value in np.polyfit(numbers, times, 1))
        tempo_bpm = 60.0 / beat_s
        if found is not None:
            near = [found.tempo_bpm * r for r in _RELATIONS]
            best = min(near, key=lambda bpm: abs(bpm / tempo_bpm - 1.0))
            if abs(best / tempo_bpm - 1.0) <= _SAME:
                tempo_bpm, beat_s = best, 60.0 / best
                first_s = float(np.mean(times - numbers * beat_s))
        return BeatGrid(tempo_bpm, 0.0).shifted(first_s)

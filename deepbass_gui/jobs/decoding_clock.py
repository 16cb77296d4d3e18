"""How long decoding NSynth transitions has taken, and will."""

from __future__ import annotations

import time
from collections.abc import Callable

from deepbass_engine.mix.estimate import Estimate

_ENOUGH_SHARE = 0.05
_ENOUGH_S = 1.0
"""From so much on, what was seen counts for more than what was estimated."""


class DecodingClock:
    """Watches one batch; it may begin in the middle, where an earlier one was cancelled.

    Parameters
    ----------
    now_s
        What time it is; for tests.

    Attributes
    ----------
    estimate
        What is decoded, and how long that was thought to take; None before that is known.
    share
        How much is decoded, from 0 to 1.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self.estimate: Estimate | None = None
        self.share = 0.0
        self._now_s = now_s
        self._longest_s = 0.0
        self._first: tuple[float, float] | None = None
        self._last_s = 0.0

    def expect(self, estimate: Estimate, longest_s: float) -> None:
        """Learn what is going to be decoded, and how long the longest transition of it is."""
        self.estimate, self._longest_s = estimate, longest_s

    def advance(self, share: float) -> None:
        """Learn how much is decoded now."""
        self.share, self._last_s = share, self._now_s()
        if self._first is None:
            self._first = self._last_s, share

    @property
    def left_s(self) -> float | None:
        """Estimate of the time until all is decoded."""
        if self.estimate is None:
            return None
        if self._first is None:
            return self.estimate.seconds
        began_s, began_share = self._first
        spent_s, gained = self._now_s() - began_s, self.share - began_share
        if spent_s < _ENOUGH_S or gained < _ENOUGH_SHARE:
            return max(0.0, self.estimate.seconds - spent_s)
        return spent_s * (1 - self.share) / gained

    @property
    def seconds_each(self) -> float | None:
        """Seconds that one of the longest transition takes; None where too little was seen."""
        if self.estimate is None or self._first is None or not self._longest_s:
            return None
        began_s, began_share = self._first
        gained = self.share - began_share
        if began_share > _ENOUGH_SHARE or gained < _ENOUGH_SHARE:
            return None
        return (self._last_s - began_s) / gained / self._longest_s

    @property
    def seconds_each_estimated(self) -> float | None:
        """The same as it was estimated before."""
        if self.estimate is None or not self._longest_s:
            return None
        return self.estimate.seconds / self._longest_s

"""How many threads to decode with, found out while decoding.

Threads that meet every few microseconds are slower than one alone where another program keeps one
of their cores busy. Their number changes no sample, so now and then some steps are made with half
as many, or twice as many, and whichever is faster goes on. A trial that loses puts off the next.
"""

from __future__ import annotations

_FIRST_TRIAL, _LATEST_TRIAL = 4, 64
"""Calls until another number of threads is tried."""

_TRIAL_SHARE = 8
"""A trial may be many times slower: it gets this part of a call."""


class Crew:
    """The number of threads from call to call.

    Parameters
    ----------
    most
        The number to begin with, and the highest.

    Examples
    --------
    >>> crew = Crew(2)
    >>> for _ in range(5):
    ...     crew.note(0.1 if crew.n_threads == 2 else 0.5)
    >>> crew.n_threads
    1
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._chosen = most
        self._rate = 0.0  # steps a second of the chosen number
        self._is_trial = False
        self._tries_more = False
        self._calls_left = self._interval = _FIRST_TRIAL
        self.n_threads = most

    def n_steps(self, n_left: int) -> int:
        """How many of the steps that are left of a call are to be made with `n_threads`."""
        return -(-n_left // _TRIAL_SHARE) if self._is_trial else n_left

    def note(self, rate: float) -> None:
        """Take notice of the steps a second made with `n_threads`, and settle who goes on.

        Parameters
        ----------
        rate
            Steps a second.
        """
        if self._is_trial:
            self._end_trial(rate)
        else:
            self._rate = rate
            self._calls_left -= 1
            if self._calls_left <= 0 and self._most > 1:
                self._begin_trial()

    def _begin_trial(self) -> None:
        self._is_trial = True
        self._tries_more = not self._tries_more and self._chosen < self._most
        if self._tries_more or self._chosen == 1:
            self.n_threads = min(2 * self._chosen, self._most)
        else:
            self.n_threads = self._chosen // 2

    def _end_trial(self, rate: float) -> None:
        self._is_trial = False
        if rate > self._rate:
            self._chosen, self._rate = self.n_threads, rate
            self._interval = _FIRST_TRIAL
        else:
            self._interval = min(2 * self._interval, _LATEST_TRIAL)
        self.n_threads = self._chosen
        self._calls_left = self._interval

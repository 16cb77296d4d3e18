"""How far a rendering is: its stages, and its transitions one by one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from deepbass_engine.errors import DeepBassError
from deepbass_gui.edits import Pair


class JobState(Enum):
    """How far a transition is."""

    QUEUED = "queued"
    READING = "reading"
    ENCODING = "encoding"
    DECODING = "decoding"
    RENDERING = "rendering"
    DONE = "done"
    KEPT = "kept"
    FAILED = "failed"


BEFORE_DECODING = (JobState.READING, JobState.ENCODING)
"""What an NSynth transition is at before it is decoded."""


@dataclass(frozen=True, slots=True)
class PairJob:
    """One transition in the queue; KEPT means that it was made before and has not changed.

    Attributes
    ----------
    pair
        The rows it joins.
    index
        Its number in the mix, from 0.
    words
        The names of its two tracks.
    length_s
        How long it is.
    is_nsynth
        Whether a model speaks it: it is read, encoded and decoded before it is rendered.
    share
        How much of it is decoded, from 0 to 1.
    error
        Why it could not be made.
    """

    pair: Pair
    index: int
    words: str
    length_s: float
    is_nsynth: bool = False
    state: JobState = JobState.QUEUED
    share: float = 0.0
    error: DeepBassError | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in (JobState.DONE, JobState.KEPT, JobState.FAILED)


class Stage(Enum):
    """What a rendering is at."""

    READING = "reading"
    TRANSITIONS = "transitions"
    WRITING = "writing"


SPEAKING_STAGES = ("reading", "encoding", "compiling once", "decoding")
"""Stages of NSynth transitions, as the engine calls them."""


def reached_s(lengths_s: list[float], done_s: float) -> float:
    """How far each of some transitions has come where so much of all of them is done.

    >>> reached_s([1.0, 3.0], 2.0)
    1.0
    >>> reached_s([1.0, 3.0], 3.0)
    2.0
    """
    left_s, at_s = max(0.0, done_s), 0.0
    for n_before, length_s in enumerate(sorted(lengths_s)):
        n_going = len(lengths_s) - n_before
        step_s = min(left_s / n_going, length_s - at_s)
        at_s += step_s
        left_s -= step_s * n_going
    return at_s

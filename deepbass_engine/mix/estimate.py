"""How long NSynth transitions are going to take, told before they begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deepbass_engine.mix.voice import Voice


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is about to be decoded, and how long that will take here and now.

    Attributes
    ----------
    n_transitions
        How many.
    voice
        What decodes them.
    seconds
        How long it will take.
    """

    n_transitions: int
    voice: Voice
    seconds: float

    def __str__(self) -> str:
        what = "1 transition" if self.n_transitions == 1 else f"{self.n_transitions} transitions"
        choice = self.voice.choice
        return (
            f"{what} through NSynth (model {self.voice.name}, {choice.device}, "
            f"{choice.precision}): {time_text(self.seconds)}"
        )


OnEstimate = Callable[[Estimate], None]


def time_text(seconds: float) -> str:
    """About how long that is, as a person says it.

    >>> [time_text(seconds) for seconds in (3, 42, 100, 754, 9000)]
    ['a few seconds', 'about 40 s', 'about 2 min', 'about 13 min', 'about 2 h 30 min']
    """
    if seconds < 10:
        return "a few seconds"
    if seconds < 58:
        return f"about {round(seconds / 5) * 5} s"
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return f"about {minutes} min"
    minutes = round(minutes / 10) * 10
    hours = f"about {minutes // 60} h"
    return f"{hours} {minutes % 60} min" if minutes % 60 else hours

"""Two beats at once: how far those of the one track fall beside those of the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.mix.measures.signals import span_text
from deepbass_engine.mix.quality import Measure

_FEWEST = 4

Times = NDArray[np.float64]


def beats(beats_s: tuple[Times, Times], fade_s: float, limit: float) -> Measure | None:
    """How far beats fall apart, by their median; None where there are too few of them.

    Where one track has two beats to one of the other, every second of them has a partner.

    Parameters
    ----------
    beats_s
        When the beats of both tracks are heard, from where the transition begins.
    fade_s
        Its length.
    limit
        What is flagged beyond, in milliseconds.
    """
    fewer, more = sorted(beats_s, key=len)
    if len(fewer) < _FEWEST:
        return None
    behind = np.clip(np.searchsorted(more, fewer), 1, len(more) - 1)
    apart_s = np.minimum(np.abs(fewer - more[behind - 1]), np.abs(more[behind] - fewer))
    value = float(np.median(apart_s)) * 1000.0
    range_s = (max(0.0, float(fewer[0]) - 0.1), min(fade_s, float(fewer[-1]) + 0.2))
    return Measure(
        value=value,
        unit="ms",
        outgoing=0.0,
        incoming=0.0,
        excess=value,
        limit=limit,
        range_s=range_s,
        words=f"the beats of the two tracks fall {value:.0f} ms apart {span_text(range_s)}",
    )

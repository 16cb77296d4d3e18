"""What breaks off or breaks in: a click at a seam, a spectrum that is another all at once.

At every instant the mix is held against what both tracks have there, so a drum of theirs is no
click and no jump.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.steps import Instants, clicks_db, flux_percent
from deepbass_engine.mix.measures.signals import RATE_HZ, Mono, Signals
from deepbass_engine.mix.quality import Measure
from deepbass_engine.units import clock_text

_CLICK_SHOWN_S = 0.15
_FLUX_SHOWN_S = 0.25
_CONTEXT_S = 0.3
_HEARD_DB, _HEARD_PERCENT = 6.0, 10.0
"""From here on it is said in words."""
_CLICK_NEIGHBOURS = 2
_FLUX_NEIGHBOURS = 1
_CLICK_MARGIN_S = 0.005
_FLUX_MARGIN_S = 0.1


def click(signals: Signals, limit: float) -> Measure | None:
    """The sharpest break in the waveform."""

    def words(excess: float, at_s: float) -> str:
        return f"it clicks at {clock_text(at_s)}" if excess >= _HEARD_DB else "nothing clicks"

    return _worst(
        signals, clicks_db, _CLICK_NEIGHBOURS, _CLICK_MARGIN_S, _CLICK_SHOWN_S, "dB", limit, words
    )


def flux(signals: Signals, limit: float) -> Measure | None:
    """The most sudden change of the spectrum."""

    def words(excess: float, at_s: float) -> str:
        if excess < _HEARD_PERCENT:
            return "nothing changes all at once"
        return f"the sound changes all at once at {clock_text(at_s)}"

    return _worst(
        signals, flux_percent, _FLUX_NEIGHBOURS, _FLUX_MARGIN_S, _FLUX_SHOWN_S, "%", limit, words
    )


def _worst(
    signals: Signals,
    find: Callable[[Mono, int], Instants],
    n_neighbours: int,
    margin_s: float,
    shown_s: float,
    unit: str,
    limit: float,
    words: Callable[[float, float], str],
) -> Measure | None:
    """The instant, in the transition or at its seams, at which the mix is furthest above both."""
    signals = signals.near(_CONTEXT_S)
    heard, outgoing, incoming = (
        find(x, RATE_HZ) for x in (signals.heard, signals.outgoing, signals.incoming)
    )
    at_s = heard.start_s - signals.before_s + heard.hop_s * np.arange(len(heard.values))
    is_looked_at = (at_s >= -margin_s) & (at_s <= signals.fade_s + margin_s)
    if not is_looked_at.any():
        return None
    at_s, values = at_s[is_looked_at], heard.values[is_looked_at]
    leaving = _there(outgoing, at_s + signals.before_s, n_neighbours)
    entering = _there(incoming, at_s, n_neighbours)
    excess = values - np.maximum(leaving, entering)
    i = int(np.argmax(excess))
    return Measure(
        value=float(values[i]),
        unit=unit,
        outgoing=float(leaving[i]),
        incoming=float(entering[i]),
        excess=float(excess[i]),
        limit=limit,
        range_s=(float(at_s[i]) - shown_s, float(at_s[i]) + shown_s),
        words=words(float(excess[i]), min(signals.fade_s, max(0.0, float(at_s[i])))),
    )


def _there(
    instants: Instants, at_s: NDArray[np.floating[Any]], n_neighbours: int
) -> NDArray[np.float64]:
    """The largest value near each time; 0 where the signal is not there."""
    if not len(instants.values):
        return np.zeros(len(at_s))
    padded = np.pad(instants.values, n_neighbours)
    largest = np.lib.stride_tricks.sliding_window_view(padded, 2 * n_neighbours + 1).max(axis=1)
    nearest = np.round((at_s - instants.start_s) / instants.hop_s).astype(np.intp)
    is_there = (nearest >= 0) & (nearest < len(largest))
    found = largest[np.clip(nearest, 0, len(largest) - 1)]
    return np.where(is_there, found, 0.0)

"""Two basses and two kicks at once: what the low bands of both tracks do to each other.

Both tracks count with the gains of their fades. A deck's bass is heard where it is near the level
that it usually has, and both are where they are near each other too; kicks come and go too quickly
to count as bass, and are looked at as onsets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.low_band import HOP_S, LowBand, beat_s, low_band, onsets_s
from deepbass_engine.fades.curves import FadeGains
from deepbass_engine.mix.measures.signals import RATE_HZ, Signals, span_text
from deepbass_engine.mix.quality import Measure

_NEAR = 10.0 ** (-12.0 / 10.0)
_LEAST_SHARE = 10.0 ** (-15.0 / 10.0)
"""Of a track's power: with less in the low band it has no bass to speak of."""
_SUSTAINED_S = 0.3
_FEWEST_KICKS = 3
_KICKS_WITHIN_S = 0.5
_LEEWAY_S = 0.05
_BEATING = 0.35
_GAIN_FLOOR = 1e-9

_Powers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Lows:
    """Low bands of a transition, every `HOP_S` within it.

    Attributes
    ----------
    outgoing, incoming : LowBand
        Of all that is looked at of each track, without its fade.
    faded_out, faded_in, mixed : float64, shape (n_hops,)
        Powers within the transition, of both tracks under their fades, and of the mix.
    gain_out, gain_in : float64, shape (n_hops,)
        What the fades multiply the powers with.
    before_s
        Time of the transition's begin in `outgoing`.
    fade_s
        Its length.
    """

    outgoing: LowBand
    incoming: LowBand
    faded_out: _Powers
    faded_in: _Powers
    mixed: _Powers
    gain_out: _Powers
    gain_in: _Powers
    before_s: float
    fade_s: float

    @classmethod
    def of(cls, signals: Signals, gains: FadeGains) -> Lows:
        """Find them."""
        outgoing, incoming, within = (
            low_band(x, RATE_HZ) for x in (signals.outgoing, signals.incoming, signals.mixed)
        )
        n_hops = int(signals.fade_s / HOP_S)
        first = round(signals.before_s / HOP_S)
        gain_out, gain_in = (_mean_square(g, n_hops) for g in (gains.fade_out, gains.fade_in))
        tail = _part(outgoing.power, first, n_hops)
        head, mixed = (_part(x.power, 0, n_hops) for x in (incoming, within))
        return cls(
            outgoing, incoming, tail * gain_out, head * gain_in, mixed, gain_out, gain_in,
            signals.before_s, signals.fade_s,
        )  # fmt: skip

    @property
    def have_bass(self) -> bool:
        """Whether both tracks have a low band to speak of."""
        return min(self.outgoing.share, self.incoming.share) >= _LEAST_SHARE


def bass_overlap(lows: Lows, limit: float) -> Measure | None:
    """For how long both bass lines are heard at once."""
    if not lows.have_bass or not len(lows.mixed):
        return None
    out_heard = lows.faded_out >= _NEAR * lows.outgoing.reference
    in_heard = lows.faded_in >= _NEAR * lows.incoming.reference
    are_near = _are_near(lows.faded_out, lows.faded_in)
    runs = [
        (first, stop)
        for first, stop in _runs(out_heard & in_heard & are_near)
        if (stop - first) * HOP_S >= _SUSTAINED_S
    ]
    value = HOP_S * sum(stop - first for first, stop in runs)
    first, stop = max(runs, key=lambda run: run[1] - run[0], default=(0, 0))
    range_s = (first * HOP_S, stop * HOP_S)
    how = "beat against each other" if _beat(lows, first, stop) else "sound at once"
    return Measure(
        value=value,
        unit="s",
        outgoing=HOP_S * float(np.count_nonzero(out_heard)),
        incoming=HOP_S * float(np.count_nonzero(in_heard)),
        excess=value,
        limit=limit,
        range_s=range_s,
        words=f"the two bass lines {how} {span_text(range_s)}"
        if value
        else "no two bass lines are heard at once",
    )


def kicks(lows: Lows, limit: float) -> Measure | None:
    """How far the kicks of both tracks fall apart, where both keep a beat and both are heard."""
    if not lows.have_bass or not len(lows.mixed):
        return None
    leaving, entering = onsets_s(lows.outgoing) - lows.before_s, onsets_s(lows.incoming)
    beat = beat_s(leaving)
    if beat is None or beat_s(entering) is None:
        return None
    near = _are_near(_lately(lows.faded_out), _lately(lows.faded_in))
    leaving, entering = (_within(onsets, near) for onsets in (leaving, entering))
    if min(len(leaving), len(entering)) < _FEWEST_KICKS:
        return None
    apart_s = np.abs(leaving[:, np.newaxis] - entering).min(axis=0)
    apart_s = apart_s[apart_s <= beat / 2 + _LEEWAY_S]  # the other track plays there too
    if len(apart_s) < _FEWEST_KICKS:
        return None
    value = 1000.0 * float(np.median(apart_s))
    range_s = (
        max(0.0, float(max(leaving[0], entering[0])) - 0.1),
        min(lows.fade_s, float(min(leaving[-1], entering[-1])) + 0.2),
    )
    return Measure(
        value=value,
        unit="ms",
        outgoing=0.0,
        incoming=0.0,
        excess=value,
        limit=limit,
        range_s=range_s,
        words=f"the kicks of the two tracks fall {value:.0f} ms apart {span_text(range_s)}",
    )


def _mean_square(gain: NDArray[np.float32], n_hops: int) -> _Powers:
    """Mean square of a gain around each hop."""
    if not n_hops:
        return np.empty(0)
    edges = np.linspace(0, len(gain), n_hops + 1).astype(np.intp)
    squares = np.square(gain, dtype=np.float64)
    sums = np.concatenate([[0.0], np.cumsum(squares)])
    means: _Powers = np.diff(sums[edges]) / np.maximum(1, np.diff(edges))
    return np.maximum(means, _GAIN_FLOOR)


def _part(power: _Powers, first: int, n_hops: int) -> _Powers:
    """So many hops; where the band ends early, its last."""
    part = power[first : first + n_hops]
    return np.pad(part, (0, n_hops - len(part)), mode="edge" if len(part) else "constant")


def _are_near(one: _Powers, other: _Powers) -> NDArray[np.bool_]:
    return (one >= _NEAR * other) & (other >= _NEAR * one)


def _lately(power: _Powers) -> _Powers:
    """The loudest within half a second to both sides."""
    reach = round(_KICKS_WITHIN_S / HOP_S)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(power, reach), 2 * reach + 1)
    return np.asarray(windows.max(axis=1))


def _runs(is_so: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Begin and end of each run of what is so."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_so, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _within(onsets: NDArray[np.float64], is_so: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Onsets at hops that are so."""
    hops = np.floor(onsets / HOP_S).astype(np.intp)
    is_inside = (hops >= 0) & (hops < len(is_so))
    return onsets[is_inside][is_so[hops[is_inside]]]


def _beat(lows: Lows, first: int, stop: int) -> bool:
    """Whether the mix's bass swells and fades otherwise than both tracks' basses together."""
    if stop <= first:
        return False
    both = (lows.faded_out + lows.faded_in)[first:stop]
    return bool(np.std(lows.mixed[first:stop] / np.maximum(both, 1e-30)) > _BEATING)

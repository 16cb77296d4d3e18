"""How rough and how dissonant a transition is beside its two tracks at the same time.

Both are followed over time, in the mix and in each track without its fade. At every instant the
mix is held against the worse of the two, and what counts is the second in which it is worst.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.dissonance import dissonance
from deepbass_engine.analysis.partials import HOP_S, SAMPLE_RATE_HZ, SHORT_FRAMES
from deepbass_engine.analysis.roughness import (
    frame_roughness,
    normalising_gain,
    on_published_scale,
)
from deepbass_engine.mix.measures.signals import RATE_HZ, Mono, Signals, is_silent, span_text
from deepbass_engine.mix.quality import Curve, Measure
from deepbass_engine.progress import CancelToken

_WINDOW_S = 1.0
_DRAWN_OVER_S = 0.3
_SHORTEST_S = 0.2
_ROUGHNESS_PADDING_S = 512 / RATE_HZ
_LEAST_ROUGH = 0.01
"""Below this mean the published scale says 0, and at it 21; differences are taken from there up."""
_LEAST_DISSONANCE = 0.05
"""What a track counts for at least: beside a lone sine, which has none, all else is without end."""
_DRAWN_EVERY = 4
_HEARD_POINTS, _HEARD_PERCENT = 1.0, 110.0
"""From here on it is said in words."""

_Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _OverTime:
    """A measure of the mix and of both tracks, frame by frame, all zero of what is silent.

    Attributes
    ----------
    worse
        The larger of both tracks' values at each frame.
    start_s, hop_s
        Middle of the first frame, from the transition's begin, and from one frame to the next.
    """

    mixed: _Values
    outgoing: _Values
    incoming: _Values
    worse: _Values
    start_s: float
    hop_s: float

    @classmethod
    def of(
        cls, signals: Signals, follow: Callable[[Mono], _Values], start_s: float, hop_s: float
    ) -> _OverTime:
        """Follow all three."""
        mixed, outgoing, incoming = (
            follow(x) * (not is_silent(x)) for x in (signals.mixed, signals.tail, signals.head)
        )
        return cls(mixed, outgoing, incoming, np.maximum(outgoing, incoming), start_s, hop_s)

    def averaged(self, length_s: float, fade_s: float) -> _OverTime:
        """Running means over so much time, but half of the transition at most."""
        n_frames = max(1, int(min(length_s, fade_s / 2) / self.hop_s))
        kernel = np.full(n_frames, 1.0 / n_frames)
        shift_s = (n_frames - 1) / 2 * self.hop_s
        return self._each(lambda values: np.convolve(values, kernel, "valid"), shift_s)

    def on_published_scale(self) -> _OverTime:
        """Sums of roughness as points of the published scale."""
        return self._each(lambda values: np.array([on_published_scale(float(v)) for v in values]))

    def _each(self, change: Callable[[_Values], _Values], shift_s: float = 0.0) -> _OverTime:
        """All values changed alike."""
        return _OverTime(
            change(self.mixed),
            change(self.outgoing),
            change(self.incoming),
            change(self.worse),
            self.start_s + shift_s,
            self.hop_s,
        )

    def range_s(self, i: int, fade_s: float) -> tuple[float, float]:
        """The stretch that a running mean over a second stands for."""
        middle_s, half_s = self.start_s + i * self.hop_s, min(_WINDOW_S, fade_s / 2) / 2
        return max(0.0, middle_s - half_s), min(fade_s, middle_s + half_s)

    def curve(self, every: int = 1) -> Curve:
        """To be drawn."""
        mixed, outgoing, incoming = (
            tuple(round(float(value), 4) for value in values[::every])
            for values in (self.mixed, self.outgoing, self.incoming)
        )
        return Curve(
            start_s=self.start_s,
            hop_s=every * self.hop_s,
            mixed=mixed,
            outgoing=outgoing,
            incoming=incoming,
        )


_NOTHING = Curve(start_s=0.0, hop_s=1.0, mixed=(), outgoing=(), incoming=())


def roughness(
    signals: Signals, limit: float, cancel: CancelToken | None = None
) -> tuple[Measure | None, Curve]:
    """Timbral roughness, in points of the published scale."""
    if _is_too_little(signals):
        return None, _NOTHING
    hop_s = int(0.05 * RATE_HZ) / 2 / RATE_HZ
    start_s = hop_s - _ROUGHNESS_PADDING_S
    sums = _OverTime.of(signals, lambda x: _roughness_of(x, cancel), start_s, hop_s)
    drawn = sums.averaged(_DRAWN_OVER_S, signals.fade_s).on_published_scale()
    scaled = sums.averaged(_WINDOW_S, signals.fade_s).on_published_scale()
    least = on_published_scale(_LEAST_ROUGH)
    excess = np.maximum(scaled.mixed, least) - np.maximum(scaled.worse, least)
    i = int(np.argmax(excess))
    range_s = scaled.range_s(i, signals.fade_s)
    measure = Measure(
        value=float(scaled.mixed[i]),
        unit="points",
        outgoing=float(scaled.outgoing[i]),
        incoming=float(scaled.incoming[i]),
        excess=float(excess[i]),
        limit=limit,
        range_s=range_s,
        words=f"it sounds rougher than either track {span_text(range_s)}"
        if excess[i] >= _HEARD_POINTS
        else "it sounds no rougher than its tracks",
    )
    return measure, drawn.curve(_DRAWN_EVERY)


def dissonances(
    signals: Signals, limit: float, cancel: CancelToken | None = None
) -> tuple[Measure | None, Curve]:
    """Sethares dissonance, in per cent of the more dissonant track's; the curve is as it is."""
    if _is_too_little(signals):
        return None, _NOTHING
    values = _OverTime.of(
        signals,
        lambda x: dissonance(x, RATE_HZ, cancel=cancel).values,
        SHORT_FRAMES / 2 / SAMPLE_RATE_HZ,
        HOP_S,
    )
    averaged = values.averaged(_WINDOW_S, signals.fade_s)
    worse = np.maximum(averaged.worse, _LEAST_DISSONANCE)
    i = int(np.argmax(averaged.mixed / worse))
    percent = 100.0 / float(worse[i])
    range_s = averaged.range_s(i, signals.fade_s)
    value = percent * float(averaged.mixed[i])
    measure = Measure(
        value=value,
        unit="%",
        outgoing=percent * float(averaged.outgoing[i]),
        incoming=percent * float(averaged.incoming[i]),
        excess=value - 100.0,
        limit=limit,
        range_s=range_s,
        words=f"the two tracks grate on each other {span_text(range_s)}"
        if value >= _HEARD_PERCENT
        else "it grates no more than its tracks",
    )
    return measure, values.curve()


def _roughness_of(signal: Mono, cancel: CancelToken | None) -> _Values:
    """Sums of the frames of a signal, at the level at which the published scale measures."""
    samples = signal.astype(np.float64)
    rms = float(np.sqrt(np.mean(samples * samples)))
    samples *= 0.1 / rms if rms else 0.0  # well above the meter's gate
    gain = normalising_gain(samples, RATE_HZ) if rms else 0.0
    sums: _Values = frame_roughness(samples, RATE_HZ, cancel=cancel).published
    return np.asarray(sums * gain**0.2)


def _is_too_little(signals: Signals) -> bool:
    """Whether there is nothing in the transition to be measured."""
    return signals.fade_s < _SHORTEST_S or is_silent(signals.mixed)

"""Loudness of a transition beside that of its two tracks: whether it sags, or leaps.

Momentary loudness (400 ms, ITU-R BS.1770). Only differences are told, so the level of what is
measured means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.loudness import (
    BLOCKS_IN_MOMENTARY,
    BLOCKS_PER_SECOND,
    LoudnessMeter,
    momentary,
)
from deepbass_engine.mix.measures.signals import span_text
from deepbass_engine.mix.quality import Measure
from deepbass_engine.mix.transition_audio import TransitionAudio

_STEREO = ("FL", "FR")
_PAUSE_LU = -25.0
"""What is this far below the loudest of the passage is a pause, not a dip."""
_GATE_LU = -10.0
_LEAD_IN_BLOCKS = 30
"""What the filters hear before the transition; they have forgotten what was earlier."""
_HEARD_LU = 0.5
"""From here on it is said in words."""
_SMALLEST = 1e-30

_Levels = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Loudness of a transition and its tracks.

    Attributes
    ----------
    mixed, outgoing, incoming : float64, shape (n_windows,)
        Momentary loudness in LUFS every 10 ms, of windows within the transition.
    outgoing_lufs, incoming_lufs
        Of each track, whole where that is known, else as far as it is looked at; None where it is
        silent, or one of them shorter than 400 ms.
    fade_s
        Length of the transition.
    """

    mixed: _Levels
    outgoing: _Levels
    incoming: _Levels
    outgoing_lufs: float | None
    incoming_lufs: float | None
    fade_s: float

    @classmethod
    def of(cls, audio: TransitionAudio) -> Levels:
        """Measure a transition."""
        rate_hz = audio.sample_rate_hz
        block_frames = rate_hz // BLOCKS_PER_SECOND
        skipped = audio.n_before % block_frames  # so that a block begins with the transition
        lead_in = min(audio.n_before - skipped, _LEAD_IN_BLOCKS * block_frames)
        heard_from = audio.n_before - lead_in
        heard_to = audio.n_before + audio.n_frames
        outgoing, incoming, heard = (
            _momentary_lufs(samples, rate_hz)
            for samples in (
                audio.outgoing[skipped:],
                audio.incoming,
                audio.heard[heard_from:heard_to],
            )
        )
        outgoing_lufs, incoming_lufs = audio.loudness_lufs or (_gated(outgoing), _gated(incoming))
        shortest = BLOCKS_IN_MOMENTARY * block_frames
        is_long = min(len(audio.outgoing), len(audio.incoming)) >= shortest
        first = audio.n_before // block_frames
        n_windows = max(0, audio.n_frames // block_frames - BLOCKS_IN_MOMENTARY + 1)
        return cls(
            heard[lead_in // block_frames :][:n_windows],
            outgoing[first : first + n_windows],
            incoming[:n_windows],
            outgoing_lufs if is_long else None,
            incoming_lufs if is_long else None,
            audio.n_frames / rate_hz,
        )

    def range_s(self, i: int) -> tuple[float, float]:
        """The stretch of a window."""
        start_s = i / BLOCKS_PER_SECOND
        return start_s, min(self.fade_s, start_s + BLOCKS_IN_MOMENTARY / BLOCKS_PER_SECOND)


def loudness_dip(levels: Levels, limit: float) -> Measure | None:
    """How far the mix falls below the quieter of its tracks."""
    if not len(levels.mixed):
        return None
    quieter = np.minimum(levels.outgoing, levels.incoming)
    loudest = max(float(levels.outgoing.max()), float(levels.incoming.max()))
    dips = np.where(quieter > loudest + _PAUSE_LU, quieter - levels.mixed, -np.inf)
    i = int(np.argmax(dips))
    if not np.isfinite(dips[i]):
        return None
    range_s = levels.range_s(i)
    return Measure(
        value=-float(dips[i]),
        unit="LU",
        outgoing=float(levels.outgoing[i] - quieter[i]),
        incoming=float(levels.incoming[i] - quieter[i]),
        excess=float(dips[i]),
        limit=limit,
        range_s=range_s,
        words=f"the music sags by {dips[i]:.1f} LU below both tracks {span_text(range_s)}"
        if dips[i] >= _HEARD_LU
        else "the music does not sag",
    )


def loudness_jump(levels: Levels, limit: float) -> Measure | None:
    """The step from the one track's loudness to the other's, or the mix above the louder one."""
    steps: list[Measure] = []
    if levels.outgoing_lufs is not None and levels.incoming_lufs is not None:
        step = levels.incoming_lufs - levels.outgoing_lufs
        how = "louder" if step > 0 else "quieter"
        steps.append(
            Measure(
                value=step,
                unit="LU",
                outgoing=0.0,
                incoming=step,
                excess=abs(step),
                limit=limit,
                range_s=(0.0, levels.fade_s),
                words=f"the second track is {abs(step):.1f} LU {how} than the first",
            )
        )
    if len(levels.mixed):
        louder = np.maximum(levels.outgoing, levels.incoming)
        above = levels.mixed - louder
        above[levels.mixed < levels.mixed.max() + _PAUSE_LU] = -np.inf
        i = int(np.argmax(above))
        range_s = levels.range_s(i)
        steps.append(
            Measure(
                value=float(above[i]),
                unit="LU",
                outgoing=float(levels.outgoing[i] - louder[i]),
                incoming=float(levels.incoming[i] - louder[i]),
                excess=float(above[i]),
                limit=limit,
                range_s=range_s,
                words=f"both tracks together are {above[i]:.1f} LU above the louder one "
                f"{span_text(range_s)}",
            )
        )
    return max(steps, key=lambda step: step.excess, default=None)


def _momentary_lufs(samples: NDArray[np.float32], rate_hz: int) -> _Levels:
    """Momentary loudness from every 10 ms on; behind the end there is silence."""
    meter = LoudnessMeter(rate_hz, _STEREO)
    meter.push(np.ascontiguousarray(samples, np.float32))
    mean_squares = momentary(meter.finish())
    levels: _Levels = -0.691 + 10.0 * np.log10(np.maximum(mean_squares, _SMALLEST))
    return levels


def _gated(levels: _Levels) -> float | None:
    """Loudness of all windows that are not far below the loudest ones; None of silence."""
    whole = levels[: max(1, len(levels) - BLOCKS_IN_MOMENTARY + 1)]
    if not len(whole) or whole.max() <= 10.0 * np.log10(_SMALLEST):
        return None
    powers = 10.0 ** (whole / 10.0)
    mean = float(10.0 * np.log10(powers.mean()))
    heard = powers[whole >= mean + _GATE_LU]
    return float(10.0 * np.log10(heard.mean()))

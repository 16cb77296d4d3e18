"""A crossfade band by band: the bass changes hands within a beat, the highs over half of the fade.

So two bass lines are never heard at once, and two hi-hats only for a while; the mids follow the
fade's curve. Every band keeps its power, so the sum neither sags nor swells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.fades.curves import FadeGains
from deepbass_engine.fades.eq import BandGains, equalized, handed_over
from deepbass_engine.mix.joins.choosing import Join


def crossfaded_by_bands(
    join: Join,
    tail: NDArray[np.float32],
    head: NDArray[np.float32],
    curve: FadeGains,
    sample_rate_hz: int,
) -> NDArray[np.float32]:
    """A transition on the beat.

    Parameters
    ----------
    join
        How the tracks are joined.
    tail, head : float32, shape (n_frames, 2)
        What they give to it.
    curve
        What their mids are multiplied with.
    sample_rate_hz
        Rate of the mix.
    """
    bass = bass_gains(join, sample_rate_hz)
    highs = handed_over(len(tail), *turn_of_highs(join, sample_rate_hz))
    leaving = BandGains(bass.fade_out, curve.fade_out, highs[0])
    entering = BandGains(bass.fade_in, curve.fade_in, highs[1])
    mixed = equalized(tail, sample_rate_hz, leaving)
    mixed += equalized(head, sample_rate_hz, entering)
    return mixed


def bass_gains(join: Join, sample_rate_hz: int) -> FadeGains:
    """What the bass of both tracks is multiplied with."""
    leaving, entering = handed_over(join.placed.n_frames, *turn_of_bass(join, sample_rate_hz))
    return FadeGains(leaving.astype(np.float32), entering.astype(np.float32))


def turn_of_bass(join: Join, sample_rate_hz: int) -> tuple[int, int]:
    """Middle and length of the beat in which the bass changes hands, in frames of the fade."""
    beat = 60.0 / join.met.tempo_bpm * sample_rate_hz
    middle = round(join.placed.n_frames / 2 / beat) * beat
    return round(middle), round(beat)


def turn_of_highs(join: Join, sample_rate_hz: int) -> tuple[int, int]:
    """Middle and length of the half of the fade in which the highs do."""
    middle, _ = turn_of_bass(join, sample_rate_hz)
    return middle, join.placed.n_frames // 2

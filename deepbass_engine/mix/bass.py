"""One track in front at a time: in a transition on the beat bass and highs change hands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.fades.eq import BandLevels, equalized, swapped
from deepbass_engine.mix.joins.choosing import Join

_REST_BEATS = 8.0


def with_one_in_front(
    join: Join, tail: NDArray[np.float32], head: NDArray[np.float32], sample_rate_hz: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What two tracks give to their transition, each standing back while it waits.

    Parameters
    ----------
    join
        How they are joined.
    tail, head : float32, shape (n_frames, 2)
        As they are.
    """
    leaving, entering = _levels(join, sample_rate_hz)
    return equalized(tail, sample_rate_hz, leaving), equalized(head, sample_rate_hz, entering)


def bass_gains(join: Join, sample_rate_hz: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the bass of both tracks is multiplied with, frame by frame."""
    leaving, entering = (
        np.power(10.0, levels.low_db / 20.0).astype(np.float32)
        for levels in _levels(join, sample_rate_hz)
    )
    return leaving, entering


def _levels(join: Join, sample_rate_hz: int) -> tuple[BandLevels, BandLevels]:
    """They swap on a beat, in the middle: the bass within that beat, the rest over some."""
    n_frames, beat = join.placed.n_frames, 60.0 / join.met.tempo_bpm * sample_rate_hz
    middle = round(n_frames / 2 / beat) * beat
    rest = min(_REST_BEATS * beat, n_frames / 2)
    return swapped(n_frames, round(middle), round(beat), round(rest))

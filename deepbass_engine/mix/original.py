"""The original program's simple crossfade: two stretches under ramps, and their sum.

What is read, trimmed and shortened stands in `deepbass_engine.mix.original_stretches`;
`deepbass_engine.mix.original_job` writes the files. `Random_Linear` draws by a seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.fades.curves import FadeGains, gains
from deepbass_engine.legacy_ini import LegacyConfig
from deepbass_engine.mix.original_stretches import Crossfade, read_pair
from deepbass_engine.progress import CancelToken, OnProgress
from deepbass_engine.settings import curve_pair


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SongCrossfade(Crossfade):
    """Two songs under ramps, and their sum as the mix.

    Attributes
    ----------
    gains
        Gain of each song along the fade.
    end_faded, begin_faded : float32, shape (frames, 1)
        Each stretch under its ramp.
    """

    gains: FadeGains
    end_faded: NDArray[np.float32]
    begin_faded: NDArray[np.float32]


def crossfade_songs(
    config: LegacyConfig,
    *,
    seed: int = 0,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> SongCrossfade:
    """Crossfade the two songs of a configuration.

    Parameters
    ----------
    config
        What is asked for.
    seed
        Seed of `Random_Linear`.

    Raises
    ------
    InputError
        If a song can't be used: missing, no audio, no frames, or silent throughout.
    Cancelled
        If asked to stop.
    """
    pair = read_pair(
        config,
        config.sample_rate_hz,
        config.simple_time_s,
        on_progress=on_progress,
        cancel=cancel,
    )
    gain = gains(curve_pair(config.simple_style), pair.n_frames, seed=seed)
    end_faded = pair.first.samples * gain.fade_out[:, np.newaxis]
    begin_faded = pair.second.samples * gain.fade_in[:, np.newaxis]
    return SongCrossfade(
        sample_rate_hz=pair.sample_rate_hz,
        first=pair.first,
        second=pair.second,
        asked_frames=pair.asked_frames,
        shortened_because=pair.shortened_because,
        style=config.simple_style,
        mix=end_faded + begin_faded,
        gains=gain,
        end_faded=end_faded,
        begin_faded=begin_faded,
    )

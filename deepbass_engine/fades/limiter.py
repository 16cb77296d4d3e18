"""A look-ahead limiter for the true peak of a transition; what is below the ceiling stays as it is.

Its gain is that of `deepbass_engine.fades.headroom`: exactly 1 at the first and last frame and out
of reach of any peak, smooth in between. What it asks for is found between the samples too.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from deepbass_engine.fades.headroom import gain_under
from deepbass_engine.progress import CancelToken
from deepbass_engine.units import frames_from_seconds, gain_from_db

REACH_S = 0.1
"""How far the gain may leave 1 to either side of a peak."""


def limited(
    samples: npt.NDArray[np.float32],
    sample_rate_hz: int,
    ceiling_dbtp: float,
    *,
    cancel: CancelToken | None = None,
) -> npt.NDArray[np.float32]:
    """Take a transition under a true peak.

    Parameters
    ----------
    samples : float32, shape (n_frames, channels)
        The transition; not changed. Both of its neighbours are taken to be under the ceiling: what
        passes it at the very ends stays.
    sample_rate_hz
        Its rate.
    ceiling_dbtp
        Highest true peak.
    cancel
        Looked at between steps.

    Returns
    -------
    float32, shape (n_frames, channels)
        The very array that was given, if nothing of it passes the ceiling.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    from deepbass_engine.analysis.true_peak import frame_peaks

    ceiling = gain_from_db(ceiling_dbtp)
    if not len(samples):
        return samples
    peaks = frame_peaks(samples, sample_rate_hz, ceiling)
    if peaks.max() <= ceiling:
        return samples
    reach_frames = max(1, frames_from_seconds(REACH_S, sample_rate_hz))
    gain = gain_under(peaks, ceiling, reach_frames, cancel).astype(np.float32)
    return np.asarray(samples * gain[:, np.newaxis], np.float32)

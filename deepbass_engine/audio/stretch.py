r"""An end of a track at another tempo, its pitch as it was: Rubber Band, and a join without a seam.

Where the tempo leaves the track's own, the first moments are the track's very samples, and they go
over into the stretched ones where both are the same music at the same time::

    track      |==============|
    stretched        |===============================
    heard      |=====\/===============================
                its   crossfade
                own
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio.warp import Bend
from deepbass_engine.progress import UNSTOPPABLE_THREAD, CancelToken
from deepbass_engine.units import frames_from_seconds

_OWN_S = 0.03
"""What is heard of the track itself where it joins its body."""
_CROSSFADE_S = 0.03
_FARTHEST_S = 0.008
"""How far the stretched music is moved to meet the track's."""
_SLIDE_S = 2.0
"""How long that move takes to die away."""
_CANCEL_EVERY_S = 0.05

_STEP = 1 / 256
_WAVERS_EVERY_FRAMES = 1024
_GOLDEN = 0.6180339887498949


def bent(
    samples: NDArray[np.float32],
    sample_rate_hz: int,
    bend: Bend,
    *,
    is_head: bool,
    cancel: CancelToken | None = None,
) -> NDArray[np.float32]:
    """Stretch an end of a track.

    Parameters
    ----------
    samples : float32, shape (bend.n_source, channels)
        The frames of the track that it uses up, in their order.
    sample_rate_hz
        Their rate.
    bend
        How it is heard.
    is_head
        Whether it is the track's beginning: then it ends at the track's own tempo, else it begins
        there.
    cancel
        Looked at meanwhile.

    Returns
    -------
    float32, shape (bend.n_frames, channels)
        The frame at the side of the body is the track's own.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    if not bend.n_frames:
        return np.empty((0, samples.shape[1]), np.float32)
    tempo = bend.tempo_of_source(np.arange(len(samples), dtype=np.float64))
    stretched = _stretched(samples, sample_rate_hz, tempo[::-1] if is_head else tempo, cancel)
    fitted = np.zeros((bend.n_frames, samples.shape[1]), np.float32)
    n = min(len(stretched), bend.n_frames)
    fitted[:n] = stretched[:n]
    if is_head:
        return _joined(samples[::-1], fitted[::-1], sample_rate_hz)[::-1]
    return _joined(samples, fitted, sample_rate_hz)


def _stretched(
    samples: NDArray[np.float32],
    sample_rate_hz: int,
    tempo: NDArray[np.float64],
    cancel: CancelToken | None,
) -> NDArray[np.float32]:
    """What Rubber Band makes of it, in a thread that is left alone when it is not wanted."""
    import pedalboard

    done: Future[NDArray[np.float32]] = Future()

    def work() -> None:
        try:
            stretched = pedalboard.time_stretch(
                np.ascontiguousarray(samples.T),
                float(sample_rate_hz),
                stretch_factor=_dithered(tempo),
            )
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(stretched.T)

    # No daemon: the process must not end, and tear its C++ threads down, while it works
    threading.Thread(target=work, name=UNSTOPPABLE_THREAD).start()
    while not wait([done], _CANCEL_EVERY_S).done:
        if cancel is not None:
            cancel.raise_if_cancelled()
    return done.result()


def _dithered(tempo: NDArray[np.float64]) -> NDArray[np.float64]:
    """A tempo that wavers by less than Rubber Band can tell.

    Its steps are whole frames, so a tempo that is held comes out up to a fifth of a percent too
    fast or too slow, 2 ms in every second. One that wavers around it comes out right on average.
    """
    number = np.arange(len(tempo)) // _WAVERS_EVERY_FRAMES
    waver = number * _GOLDEN % 1.0 - 0.5
    return np.asarray(1.0 / (1.0 / tempo + _STEP * waver), np.float64)


def _joined(
    samples: NDArray[np.float32], stretched: NDArray[np.float32], sample_rate_hz: int
) -> NDArray[np.float32]:
    """The stretched music begun with the track's own samples."""
    own, crossfade, farthest = (
        frames_from_seconds(seconds, sample_rate_hz)
        for seconds in (_OWN_S, _CROSSFADE_S, _FARTHEST_S)
    )
    n = min(own + crossfade, len(samples), len(stretched))
    if n < own + crossfade or n + 2 * farthest > len(stretched):
        return stretched
    here = samples[own:n].mean(axis=1, dtype=np.float64)
    around = stretched[own - farthest : n + farthest].mean(axis=1, dtype=np.float64)
    match = np.correlate(around, here, "valid")
    shift = int(np.argmax(match)) - farthest
    share = np.linspace(0.0, 1.0, n - own, dtype=np.float32)[:, np.newaxis]
    done = stretched.copy()
    done[:own] = samples[:own]
    done[own:n] = samples[own:n] * (1.0 - share) + stretched[own + shift : n + shift] * share
    rest = frames_from_seconds(_SLIDE_S, sample_rate_hz)
    return _slid(done, stretched, n, shift, rest)


def _slid(
    done: NDArray[np.float32],
    stretched: NDArray[np.float32],
    first: int,
    shift: int,
    n_frames: int,
) -> NDArray[np.float32]:
    """Behind the join, let a shift die away by reading between the samples."""
    n_frames = min(n_frames, len(done) - first - abs(shift) - 1)
    if not shift or n_frames <= 0:
        return done
    at = np.arange(n_frames)
    places = first + at + shift * (0.5 + 0.5 * np.cos(np.pi * at / n_frames))
    below = np.floor(places).astype(np.int64)
    share = (places - below).astype(np.float32)[:, np.newaxis]
    done[first : first + n_frames] = stretched[below] * (1.0 - share) + stretched[below + 1] * share
    return done

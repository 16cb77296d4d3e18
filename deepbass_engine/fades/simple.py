"""The plain crossfade: two stretches of audio under their gain curves, added."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from deepbass_engine.fades.curves import gains
from deepbass_engine.settings import CurveNames


def crossfade(
    tail: npt.NDArray[np.float32],
    head: npt.NDArray[np.float32],
    pair: CurveNames,
    *,
    seed: int = 0,
) -> npt.NDArray[np.float32]:
    r"""Fade the end of one track into the beginning of the next.

    ::

        tail  ~~~~~\___
        head  ___/~~~~~
              |<- n ->|

    Each sample is ``tail * gain_out + head * gain_in``, rounded to float32 after each operation,
    so the same input gives the same bits. The sum may pass full scale; `headroom.turned_down`
    takes care of that.

    Parameters
    ----------
    tail : float32, shape (n_frames, channels)
        Last frames of the track that leaves.
    head : float32, shape (n_frames, channels)
        First frames of the track that enters, at the same sample rate.
    pair
        Curves of the two tracks.
    seed
        Seed of a curve that draws random numbers.

    Returns
    -------
    float32, shape (n_frames, channels)
        A new array; `tail` and `head` stay as they are.

    Raises
    ------
    ValueError
        If `tail` or `head` is not 2-D float32, their shapes differ, or `seed` is negative.
    SettingError
        If there is no curve of that name.

    Examples
    --------
    >>> tail, head = np.ones((4, 1), np.float32), np.zeros((4, 1), np.float32)
    >>> crossfade(tail, head, CurveNames("tri", "tri")).ravel().tolist()
    [0.75, 0.5, 0.25, 0.0]
    """
    for name, audio in (("tail", tail), ("head", head)):
        if audio.ndim != 2 or audio.dtype != np.float32:
            raise ValueError(
                f"{name} is {audio.dtype} of shape {audio.shape}; "
                "give float32 of shape (frames, channels)"
            )
    if tail.shape != head.shape:
        raise ValueError(
            f"tail has shape {tail.shape} and head {head.shape}; give both the same shape"
        )
    n_frames, n_channels = tail.shape
    gain = gains(pair, n_frames, seed=seed)
    mixed = np.empty((n_frames, n_channels), np.float32)
    entering = np.empty(n_frames, np.float32)
    # Channel by channel: NumPy does one long loop three times as fast as a (frames, 1) broadcast.
    for channel in range(n_channels):
        np.multiply(tail[:, channel], gain.fade_out, out=mixed[:, channel])
        np.multiply(head[:, channel], gain.fade_in, out=entering)
        mixed[:, channel] += entering
    return mixed

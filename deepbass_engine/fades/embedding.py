"""Crossfades of encodings: the path from one song to the other before a model decodes it.

An encoding is a row of `n_z` numbers for every hop of audio (512 samples at 16 kHz), and row ``k``
of a transition is made of row ``k`` of both songs at a position ``x[k]`` from 0, the first song, to
1, the second:

* `LinearFade`: ``(1 - x) first + x second`` with ``x = linspace(0, 1, n)``.
* `HannFade`: the same with ``x = (1 - cos(pi k / n)) / 2``. It stops just short of 1, as the
  original's does.
* `EqualPowerFade`: ``x = linspace(0, 1, n)``. Each song's mean goes over in the proportion
  ``cos^2 : sin^2`` of ``x`` quarter turns, and what sets each row apart from that mean by ``cos``
  and ``sin``. Rows of unrelated songs average each other out: halfway, a linear blend has half of
  their variance, and its rows resemble each other more than those of either song. This one keeps
  the variance, and no mean overshoots.
* `Extend`: the transition is played in three passes, 3/4, 1/2 and 1/4 of it the first song.
  Each pass is the same passage again: the opening third of the first song's stretch over the
  closing third of the second's, so that both joins with the bodies go on where the songs are.

  ::

      first   |A B C D E F G H I|      A B C   A B C   A B C     x 3/4, 1/2, 1/4
      second  |a b c d e f g h i|  ->  g h i   g h i   g h i     x 1/4, 1/2, 3/4

The arithmetic is float64, rounded once to float32: the values the original fed to its decoder.
Why each is as it is stands in docs/decisions/0017-embedding-fades.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

EMBEDDING_FADES = ("LinearFade", "HannFade", "EqualPowerFade", "Extend")
"""Styles of `faded`, by the names that are saved."""

PACES = ("curve", "even")
"""Paces of `faded`, by the names that are saved."""

_PASSES = 3
_LEAST_STEP = 0.25
"""Distances below this part of their root mean square count as this much at an even pace."""

_Rows = npt.NDArray[np.float64]


def faded(
    first: npt.NDArray[np.float32],
    second: npt.NDArray[np.float32],
    style: str,
    *,
    pace: str = "curve",
) -> npt.NDArray[np.float32]:
    r"""Fade one song's encodings into the next one's.

    At the pace ``"curve"`` the position follows the style's own ramp. At the pace ``"even"`` it
    moves at each step by as much as makes the blend travel the same distance: slowly where the two
    songs' encodings lie far apart, quickly where they are alike, from 0 to 1 with both ends.
    Only the position is re-timed; the songs' own rows keep their time, and so their beat.
    Distances under a quarter of the root mean square distance count as that quarter, for where both
    songs are silent the morph would happen all at once. LinearFade and HannFade, which differ in
    pace alone, are the same fade at an even pace, and Extend, which holds its blend, has no pace.

    Parameters
    ----------
    first, second : float32, shape (n_frames, n_z)
        Encodings of the end of the track that leaves and of the beginning of the one that enters.
    style
        One of `EMBEDDING_FADES`.
    pace
        One of `PACES`. Encodings that are the same in every frame have no distance to pace, and
        take the style's own ramp.

    Returns
    -------
    float32, shape (n_frames, n_z)
        A new array; `first` and `second` stay as they are.

    Raises
    ------
    ValueError
        If the style or pace is unknown, or the encodings are not float32 of two dimensions, are of
        unlike shape, have no frames, or hold NaN or infinity.

    Examples
    --------
    >>> low, high = np.zeros((5, 1), np.float32), np.ones((5, 1), np.float32)
    >>> faded(low, high, "LinearFade").ravel().tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    _check(first, second, style, pace)
    before, after = first.astype(np.float64), second.astype(np.float64)
    if style == "Extend":
        return _extended(before, after).astype(np.float32)
    position = _even_positions(before, after) if pace == "even" else None
    if position is None:
        position = _ramp(style, len(first))
    x = position[:, np.newaxis]
    if style == "EqualPowerFade":
        return _at_equal_power(before, after, x).astype(np.float32)
    return ((1 - x) * before + x * after).astype(np.float32)


def _ramp(style: str, n_frames: int) -> _Rows:
    """Positions of a style at its own pace."""
    if style == "HannFade":
        hann: _Rows = 0.5 * (1 - np.cos(np.pi * np.arange(n_frames) / n_frames))
        return hann
    return np.linspace(0.0, 1.0, n_frames)


def _even_positions(before: _Rows, after: _Rows) -> _Rows | None:
    """Positions that move the blend by equal distances; None where there is no distance."""
    apart = np.linalg.norm(after - before, axis=1)
    between = (apart[:-1] + apart[1:]) / 2
    if not between.any():
        return None
    least = _LEAST_STEP * np.sqrt(np.mean(between**2))
    travelled = np.cumsum(1 / np.maximum(between, least))
    positions: _Rows = np.concatenate([[0.0], travelled / travelled[-1]])
    return positions


def _at_equal_power(before: _Rows, after: _Rows, x: _Rows) -> _Rows:
    """Means blended in proportion of the squared gains, deviations by the gains."""
    gain_out, gain_in = np.cos(x * (np.pi / 2)), np.sin(x * (np.pi / 2))
    mean_out, mean_in = before.mean(axis=0), after.mean(axis=0)
    blended: _Rows = gain_out**2 * mean_out + gain_in**2 * mean_in
    blended += gain_out * (before - mean_out)
    blended += gain_in * (after - mean_in)
    return blended


def _extended(before: _Rows, after: _Rows) -> _Rows:
    """The passes of `Extend`; their lengths differ by a frame where thirds are not whole."""
    n_frames = len(before)
    frame = np.arange(n_frames)
    each_pass = (2 * frame + 1) * _PASSES // (2 * n_frames)
    start = np.searchsorted(each_pass, each_pass, "left")
    end = np.searchsorted(each_pass, each_pass, "right")
    x = ((each_pass + 1) / (_PASSES + 1))[:, np.newaxis]
    blended: _Rows = (1 - x) * before[frame - start] + x * after[n_frames - end + frame]
    return blended


def _check(
    first: npt.NDArray[np.float32], second: npt.NDArray[np.float32], style: str, pace: str
) -> None:
    """Refuse what `faded` can't take, by name."""
    if style not in EMBEDDING_FADES:
        raise ValueError(f"style is {style!r}; known styles: " + ", ".join(EMBEDDING_FADES))
    if pace not in PACES:
        raise ValueError(f"pace is {pace!r}; known paces: " + ", ".join(PACES))
    for name, encodings in (("first", first), ("second", second)):
        if encodings.ndim != 2 or encodings.dtype != np.float32:
            raise ValueError(
                f"{name} is {encodings.dtype} of shape {encodings.shape}; "
                "give float32 of shape (frames, n_z)"
            )
    if first.shape != second.shape:
        raise ValueError(
            f"first has shape {first.shape} and second {second.shape}; give both the same shape"
        )
    if len(first) == 0:
        raise ValueError("first and second have no frames; give 1 or more")
    for name, encodings in (("first", first), ("second", second)):
        if not np.isfinite(encodings).all():
            raise ValueError(f"{name} holds NaN or infinity; give finite encodings")

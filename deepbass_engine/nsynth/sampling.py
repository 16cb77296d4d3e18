"""Random numbers for decoding, and how one picks a class.

The numbers are an input of every decoder, so that each can be held against the reference sample by
sample. They come from Philox, counted by sample: any stretch of a stream can be drawn by itself.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_PER_COUNT = 4  # numbers Philox makes of one value of its counter
_SEED_SPACE = 1 << 64


def uniforms(seed: int, first_sample: int, n_samples: int) -> NDArray[np.float64]:
    """Random numbers of one stream.

    Parameters
    ----------
    seed
        Any whole number; counted modulo 2**64.
    first_sample
        The sample the first number is for.
    n_samples
        How many.

    Returns
    -------
    float64, shape (n_samples,)
        Each at least 0 and below 1, decided by seed and sample alone.

    Examples
    --------
    >>> bool((uniforms(7, 0, 10)[3:] == uniforms(7, 3, 7)).all())
    True
    """
    generator = np.random.Philox(key=seed % _SEED_SPACE)
    generator.advance(first_sample // _PER_COUNT)
    passed_over = first_sample % _PER_COUNT
    raw = generator.random_raw(passed_over + n_samples)[passed_over:]
    return np.asarray((raw >> np.uint64(11)) * 2.0**-53, np.float64)


def stream_seeds(seed: int | Sequence[int], n_streams: int) -> list[int]:
    """Seed of each stream of a batch: those given, or one number and those that follow it.

    Raises
    ------
    ValueError
        If there are not as many as streams.
    """
    if isinstance(seed, int | np.integer):
        return [int(seed) + stream for stream in range(n_streams)]
    seeds = [int(one) for one in seed]
    if len(seeds) != n_streams:
        raise ValueError(f"there are {len(seeds)} seeds for {n_streams} streams; give one for each")
    return seeds


def sample_classes(
    probabilities: NDArray[np.float32], uniform: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Pick a class for each stream: the first whose cumulative probability is not below the number.

    Parameters
    ----------
    probabilities : float32, shape (n_streams, n_classes)
        Summing to about 1.
    uniform : float64, shape (n_streams,)
        One random number for each stream.

    Returns
    -------
    uint8, shape (n_streams,)
        The last class where rounding leaves the sum below the number.
    """
    cumulative = np.cumsum(probabilities, axis=1, dtype=np.float32)
    picked = (cumulative.astype(np.float64) < uniform[:, np.newaxis]).sum(axis=1)
    return np.asarray(np.minimum(picked, probabilities.shape[1] - 1), np.uint8)

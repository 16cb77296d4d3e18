"""Lowest sample, highest sample and energy of every bucket of a track: the raw matter of peaks.

`add_extremes_plain` is the specification, `add_extremes` the same, compiled. Both add squares one
by one in the order of the samples, so that they agree to the last bit, however the track is cut
into blocks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.compiled import compiled


def add_extremes_plain(
    samples: NDArray[np.float32],
    first_frame: int,
    bucket_frames: int,
    buckets: NDArray[np.float64],
) -> None:
    """Take the next samples of a track into the buckets they lie in.

    Parameters
    ----------
    samples
        float32, finite, shape (frames, channels).
    first_frame
        Frames of the track before these samples, counted from the first bucket's start.
    bucket_frames
        Frames in a bucket.
    buckets
        float64, shape (buckets, 3): lowest and highest sample of all channels and the sum of their
        squares; inf, -inf and 0 before the first. Bucket ``(first_frame + i) // bucket_frames``
        receives frame i. Changed in place.
    """
    for i, frame in enumerate(samples.astype(np.float64)):
        bucket = buckets[(first_frame + i) // bucket_frames]
        for value in frame:
            bucket[0] = min(bucket[0], value)
            bucket[1] = max(bucket[1], value)
            bucket[2] += value * value


@compiled("void(float32[:, ::1], int64, int64, float64[:, ::1])")
def add_extremes(
    samples: NDArray[np.float32],
    first_frame: int,
    bucket_frames: int,
    buckets: NDArray[np.float64],
) -> None:
    """Do what `add_extremes_plain` does, a bucket at a time.

    One loop for all three: the comparisons fit into the time that the sum waits for itself.
    """
    n_frames = len(samples)
    start = 0
    while start < n_frames:
        bucket = (first_frame + start) // bucket_frames
        stop = min(n_frames, (bucket + 1) * bucket_frames - first_frame)
        part = samples[start:stop].reshape(-1)
        lowest = highest = part[0]
        energy = buckets[bucket, 2]
        for value in part:
            lowest, highest = min(lowest, value), max(highest, value)
            energy += np.float64(value) * np.float64(value)
        buckets[bucket, 0] = min(buckets[bucket, 0], np.float64(lowest))
        buckets[bucket, 1] = max(buckets[bucket, 1], np.float64(highest))
        buckets[bucket, 2] = energy
        start = stop

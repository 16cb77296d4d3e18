"""A three-band equalizer for a fade, its bands split from the signal without moving its phase.

    y = x + (g_low - 1) low(x) + (g_mid - 1) mid(x) + (g_high - 1) high(x),    x = low + mid + high

The bands come from two linear-phase low-passes, their delay taken out, so that they sum to the
signal; where every gain is 1 the output is the input, bit for bit. Gains change from sample to
sample.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LOW_HZ, HIGH_HZ = 190.0, 4_000.0
"""Where the bands part: half of the amplitude is on either side."""

_LOW_SLOPE_HZ, _HIGH_SLOPE_HZ = 90.0, 1_000.0
"""Width of the crossover between two bands."""
_BLACKMAN_WIDTH = 5.5
_LOW_WAITING_DB, _MID_WAITING_DB, _HIGH_WAITING_DB = -30.0, -3.0, -9.0
"""What is left of each band of a track that waits for its turn."""

Levels = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BandLevels:
    """What the three bands of a track are raised by over a fade, in dB, each of shape (n_frames,)."""

    low_db: Levels
    mid_db: Levels
    high_db: Levels


def swapped(
    n_frames: int, swap_frame: int, bass_frames: int, rest_frames: int
) -> tuple[BandLevels, BandLevels]:
    """Levels of the track that leaves and of the one that enters, one in front at a time.

    Until they swap the entering track waits: its bass is gone, its highs and mids stand back.
    Then it is the other way round.

    Parameters
    ----------
    n_frames
        Length of the fade.
    swap_frame
        Middle of the swap.
    bass_frames, rest_frames
        How long it takes in the bass, and above it.
    """
    at = np.arange(n_frames)
    shares = {
        length: 0.5
        - 0.5 * np.cos(np.pi * np.clip((at - swap_frame) / max(1, length) + 0.5, 0.0, 1.0))
        for length in (bass_frames, rest_frames)
    }
    waiting = (
        (_LOW_WAITING_DB, shares[bass_frames]),
        (_MID_WAITING_DB, shares[rest_frames]),
        (_HIGH_WAITING_DB, shares[rest_frames]),
    )
    return (
        BandLevels(*(level * share for level, share in waiting)),
        BandLevels(*(level * (1.0 - share) for level, share in waiting)),
    )


def equalized(
    samples: npt.NDArray[np.float32], sample_rate_hz: int, levels: BandLevels
) -> npt.NDArray[np.float32]:
    """A part of a track with its bands at other levels.

    Parameters
    ----------
    samples : float32, shape (n_frames, channels)
        Not changed. Silence is taken to stand around it, so its ends should be where the levels
        are 0 or the track is not heard.
    sample_rate_hz
        Its rate.
    levels
        What its bands are raised by.

    Returns
    -------
    float32, shape (n_frames, channels)
        A new array.
    """
    more_low, more_mid, more_high = (
        (np.power(10.0, db / 20.0) - 1.0).astype(np.float32)
        for db in (levels.low_db, levels.mid_db, levels.high_db)
    )
    done = np.empty_like(samples)
    for channel in range(samples.shape[1]):
        x = np.ascontiguousarray(samples[:, channel])
        low, below_high = _low_passed(x, sample_rate_hz)
        change = more_low * low + more_mid * (below_high - low) + more_high * (x - below_high)
        done[:, channel] = x + change
    return done


def _low_passed(
    x: npt.NDArray[np.float32], sample_rate_hz: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """A signal below `LOW_HZ`, and below `HIGH_HZ`, both where they are in time."""
    taps = _taps(sample_rate_hz)
    reach = taps.shape[1] // 2
    n_fft = 1 << (8 * taps.shape[1] - 1).bit_length()
    step = n_fft - 2 * reach
    n_blocks = -(-len(x) // step)
    padded = np.zeros((n_blocks - 1) * step + n_fft, np.float32)
    padded[reach : reach + len(x)] = x
    responses = np.fft.rfft(taps, n_fft, axis=1).astype(np.complex64)
    found = np.empty((2, n_blocks * step), np.float32)
    for block in range(n_blocks):
        spectrum = np.fft.rfft(padded[block * step : block * step + n_fft])
        for band in range(2):
            filtered = np.fft.irfft(spectrum * responses[band], n_fft)
            found[band, block * step : (block + 1) * step] = filtered[2 * reach :]
    return found[0, : len(x)], found[1, : len(x)]


@functools.cache
def _taps(sample_rate_hz: int) -> npt.NDArray[np.float64]:
    """Both low-passes as windowed sincs of one odd length, shape (2, taps)."""
    n_taps = 2 * int(_BLACKMAN_WIDTH / 2 * sample_rate_hz / _LOW_SLOPE_HZ) + 1
    rows = []
    for cutoff_hz, slope_hz in ((LOW_HZ, _LOW_SLOPE_HZ), (HIGH_HZ, _HIGH_SLOPE_HZ)):
        n = min(n_taps, 2 * int(_BLACKMAN_WIDTH / 2 * sample_rate_hz / slope_hz) + 1)
        at = np.arange(n) - n // 2
        row = np.sinc(2.0 * min(0.49, cutoff_hz / sample_rate_hz) * at) * np.blackman(n)
        rows.append(np.pad(row / row.sum(), (n_taps - n) // 2))
    return np.array(rows)

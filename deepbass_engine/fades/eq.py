"""A three-band equalizer for a fade, its bands split from the signal without moving its phase.

    y = x + (g_low - 1) low(x) + (g_mid - 1) mid(x) + (g_high - 1) high(x),    x = low + mid + high

The bands come from two linear-phase low-passes, their delay taken out, so that they sum to the
signal; where every gain is 1 the output is the input, bit for bit. Gains change from sample to
sample.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LOW_HZ, HIGH_HZ = 190.0, 4_000.0
"""Where the bands part: half of the amplitude is on either side."""

_LOW_SLOPE_HZ, _HIGH_SLOPE_HZ = 90.0, 1_000.0
"""Width of the crossover between two bands."""
_BLACKMAN_WIDTH = 5.5
Gains = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class BandGains:
    """What the bands of a track are multiplied with over a fade, each of shape (n_frames,)."""

    low: Gains
    mid: Gains
    high: Gains


def handed_over(n_frames: int, middle_frame: int, n_turning: int) -> tuple[Gains, Gains]:
    """Gains of a band that one track has until the other takes it, its power kept meanwhile.

    Parameters
    ----------
    n_frames
        Length of the fade.
    middle_frame, n_turning
        Middle and length of the stretch in which it changes hands.

    Returns
    -------
    Of the track that leaves and of the one that enters.
    """
    turn = np.clip((np.arange(n_frames) - middle_frame) / max(1, n_turning) + 0.5, 0.0, 1.0)
    angle = np.pi / 4 * (1.0 - np.cos(np.pi * turn))
    leaving, entering = np.cos(angle), np.sin(angle)
    leaving[turn == 1.0] = entering[turn == 0.0] = 0.0
    return leaving, entering


def equalized(
    samples: npt.NDArray[np.float32], sample_rate_hz: int, bands: BandGains
) -> npt.NDArray[np.float32]:
    """A part of a track with its bands at other levels than its own.

    Parameters
    ----------
    samples : float32, shape (n_frames, channels)
        Not changed. Silence is taken to stand around it, so its ends should be where the gains
        are 1 or the track is not heard.
    sample_rate_hz
        Its rate.
    bands
        What its bands are multiplied with.

    Returns
    -------
    float32, shape (n_frames, channels)
        A new array.
    """
    more_low, more_mid, more_high = (
        (gain - 1.0).astype(np.float32) for gain in (bands.low, bands.mid, bands.high)
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

"""Noise that follows a song: what a reconstruction has to beat to have understood anything."""

from __future__ import annotations

import log_mel
import numpy as np
from numpy.typing import NDArray

ENVELOPE = 800
"""Samples, 50 ms."""

Audio = NDArray[np.float32]


def average_magnitudes(song: Audio) -> NDArray[np.float64]:
    """Root of a song's average power spectrum, float64 of shape (1025,), from 0 to 8 kHz.

    The average is over the frames of `log_mel`, taken a minute at a time.
    """
    minute = 60 * log_mel.RATE_HZ
    total, n_frames = np.zeros(1), 0
    for start in range(0, len(song) - log_mel.FRAME + 1, minute):
        powers = log_mel.powers(song[start : start + minute + log_mel.FRAME - log_mel.HOP])
        total = total + powers.sum(axis=0)
        n_frames += len(powers)
    return np.asarray(np.sqrt(total / n_frames), np.float64)


def noise_like(clip: Audio, magnitudes: NDArray[np.float64], seed: int) -> Audio:
    """Noise with a song's long-term spectrum and a clip's loudness from moment to moment.

    White Gaussian noise of the clip's length is multiplied by the song's magnitudes, interpolated,
    in one DFT. Then its RMS in each 50 ms is made the clip's there: the gain of each 50 ms holds in
    its middle and changes linearly in between, so that no step is heard.

    Parameters
    ----------
    clip : float32, shape (n_samples,)
        At least 50 ms.
    magnitudes
        What `average_magnitudes` gives.
    seed
        Of the noise.
    """
    white = np.random.default_rng(seed).standard_normal(len(clip))
    spectrum = np.fft.rfft(white)
    at = np.linspace(0, len(magnitudes) - 1, len(spectrum))
    shape = np.interp(at, np.arange(len(magnitudes)), magnitudes)
    noise = np.fft.irfft(spectrum * shape, len(clip))
    wanted, found = envelope(clip), envelope(noise)
    middles = (np.arange(len(wanted)) + 0.5) * ENVELOPE - 0.5
    gains = np.interp(np.arange(len(clip)), middles, wanted / found)
    return (noise * gains).astype(np.float32)


def envelope(audio: NDArray[np.floating]) -> NDArray[np.float64]:
    """RMS of each whole 50 ms, float64 of shape (n_samples // 800,)."""
    n = len(audio) // ENVELOPE
    blocks = audio[: n * ENVELOPE].reshape(n, ENVELOPE).astype(np.float64)
    return np.asarray(np.sqrt((blocks**2).mean(axis=1)), np.float64)

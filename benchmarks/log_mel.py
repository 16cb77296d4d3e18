"""How far a resynthesis is from its original: the mean difference of their log-mel spectrograms.

Both are mono at 16 kHz and of one length. With ``x`` the original and ``y`` the other,

    P_x[t, b] = sum_f M[b, f] |DFT(w * x[400 t : 400 t + 800])[f]|^2
    L_x[t, b] = 10 log10 max(P_x[t, b], F),     F = 10^-8 max(P_x)
    distance  = mean over t and b of |L_x - L_gy|,     g = rms(x) / rms(y)

``w`` is a Hann window of 50 ms, frames begin every 25 ms and lie wholly within the clip, the DFT
has 2048 points, and ``M`` are 80 triangles from 0 to 8 kHz, equally wide on the mel scale
``2595 log10(1 + f / 700)``, each summing to 1. The floor ``F`` lies 80 dB below the original's
loudest cell, in both. A silent ``y`` has no level to match and is compared as it is: all floor.

The scale: of two white noises that have nothing in common, a band as narrow as one bin of the DFT
differs by 6.0 dB (20 log10 2) on average, and wider bands by less.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
FRAME = 800
HOP = 400
N_BANDS = 80
FLOOR_DB = -80.0

_N_FFT = 2048

Audio = NDArray[np.float32]


def distance_db(original: Audio, other: Audio) -> float:
    """Distance of a resynthesis from its original, its level matched, in dB.

    Raises
    ------
    ValueError
        If their shapes differ, or the original is silent or shorter than a frame.
    """
    first, second = spectrograms_db(original, other)
    return float(np.abs(first - second).mean())


def spectrograms_db(
    original: Audio, other: Audio
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-mel spectrograms of both, their levels matched, in dB over the original's loudest cell.

    Returns
    -------
    two arrays of float64, shape (n_frames, 80)
        None of it below `FLOOR_DB`.
    """
    if original.ndim != 1 or original.shape != other.shape or len(original) < FRAME:
        raise ValueError(
            f"shapes are {original.shape} and {other.shape}; give two clips of one length, "
            f"of {FRAME} samples at least"
        )
    powers = mel_powers(original)
    loudest = powers.max()
    if loudest == 0:
        raise ValueError("the original is silent; give a clip with sound")
    matched = level_matched(other, original)
    floor = 10 ** (FLOOR_DB / 10)
    first, second = (
        10 * np.log10(np.maximum(each / loudest, floor)) for each in (powers, mel_powers(matched))
    )
    return first, second


def level_matched(audio: Audio, to: Audio) -> NDArray[np.float64]:
    """The audio at the other's RMS; silence stays silence."""
    own = rms(audio)
    return audio.astype(np.float64) * (rms(to) / own if own else 1.0)


def rms(audio: NDArray[np.floating]) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))


def mel_powers(audio: NDArray[np.floating]) -> NDArray[np.float64]:
    """Power in each mel band, float64 of shape (n_frames, 80)."""
    return powers(audio) @ _triangles().T


def powers(audio: NDArray[np.floating]) -> NDArray[np.float64]:
    """Power spectrum of each frame, float64 of shape (n_frames, 1025)."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, FRAME)[::HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(FRAME) + 0.5) / FRAME)
    return np.abs(np.fft.rfft(frames * window, _N_FFT)) ** 2


@functools.cache
def _triangles() -> NDArray[np.float64]:
    """The mel bands, float64 of shape (80, 1025)."""
    top_mel = 2595 * np.log10(1 + RATE_HZ / 2 / 700)
    edges_hz = 700 * (10 ** (np.linspace(0, top_mel, N_BANDS + 2) / 2595) - 1)
    low, middle, high = (edges_hz[i : i + N_BANDS, np.newaxis] for i in range(3))
    bins_hz = np.fft.rfftfreq(_N_FFT, 1 / RATE_HZ)
    rising, falling = (bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles / triangles.sum(axis=1, keepdims=True), np.float64)

"""Sounds with a known answer: float32, shape (frames, channels), 44.1 kHz stereo unless asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 44_100


def sine(
    frequency_hz: float,
    duration_s: float,
    rate_hz: int = RATE_HZ,
    *,
    amplitude: float = 0.5,
    channels: int = 2,
    first_frame: int = 0,
) -> np.ndarray:
    """A tone, the same in every channel; `first_frame` is the frame its phase is counted from."""
    n_frames = round(duration_s * rate_hz)
    t = np.arange(first_frame, first_frame + n_frames) / rate_hz
    tone = amplitude * np.sin(2 * np.pi * frequency_hz * t)
    return np.repeat(tone[:, np.newaxis], channels, axis=1).astype(np.float32)


def silence(duration_s: float, rate_hz: int = RATE_HZ, *, channels: int = 2) -> np.ndarray:
    """Digital silence."""
    return np.zeros((round(duration_s * rate_hz), channels), np.float32)


def noise(
    duration_s: float,
    rate_hz: int = RATE_HZ,
    *,
    amplitude: float = 0.5,
    channels: int = 2,
    seed: int = 0,
) -> np.ndarray:
    """White noise, uniform in +-amplitude and unlike in every channel."""
    drawn = np.random.default_rng(seed).uniform(
        -amplitude, amplitude, (round(duration_s * rate_hz), channels)
    )
    return drawn.astype(np.float32)


def impulses(
    at_frames: list[int], n_frames: int, *, amplitude: float = 0.5, channels: int = 2
) -> np.ndarray:
    """Silence with single samples in it."""
    samples = np.zeros((n_frames, channels), np.float32)
    samples[at_frames] = amplitude
    return samples


def music(duration_s: float, rate_hz: int = RATE_HZ, *, channels: int = 2) -> np.ndarray:
    """Something like music: a chord that swells twice a second over quiet noise."""
    n_frames = round(duration_s * rate_hz)
    t = np.arange(n_frames) / rate_hz
    swell = 0.25 + 0.2 * np.sin(2 * np.pi * 2.0 * t)
    chord = sum(np.sin(2 * np.pi * f * t + f) for f in (110.0, 277.18, 659.26, 2093.0)) / 4
    hiss = noise(duration_s, rate_hz, amplitude=0.02, channels=channels)
    panned = np.linspace(1.0, 0.6, channels)[np.newaxis, :]
    return ((swell * chord)[:, np.newaxis] * panned + hiss).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ, subtype: str = "PCM_16") -> Path:
    """Store samples with libsndfile, in the format of the name; returns the path."""
    kind = {".w64": "W64", ".rf64": "RF64"}.get(path.suffix)
    soundfile.write(path, samples, rate_hz, subtype=subtype, format=kind)
    return path

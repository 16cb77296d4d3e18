"""Chord progressions with a known key, as audio."""

from __future__ import annotations

import numpy as np

RATE_HZ = 22_050
_CHORDS = {
    "major": ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)),
    "minor": ((0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7)),
}


def progression(
    tonic: int, mode: str, *, seed: int = 0, cents: float = 0.0, drums: float = 0.0, n_bars: int = 8
) -> np.ndarray:
    """I IV V I, or i iv V i, as float32 of shape (frames, 2), with overtones and a bass."""
    random = np.random.default_rng(seed)
    chord_s = 1.0
    at = np.arange(round(chord_s * RATE_HZ)) / RATE_HZ
    fade = np.minimum(1.0, np.minimum(at, chord_s - at) / 0.02)
    parts = []
    for bar in range(n_bars):
        chord = _CHORDS[mode][bar % 4]
        sound = np.zeros_like(at)
        for note in (*(n + 60 for n in chord), chord[0] + 36, chord[0] + 48):
            hz = 440.0 * 2 ** ((note + tonic - 69 + cents / 100) / 12)
            for overtone in range(1, 6):
                phase = random.uniform(0, 2 * np.pi)
                sound += np.sin(2 * np.pi * hz * overtone * at + phase) / overtone**1.5
        if drums:
            hits = np.exp(-(at % 0.25) * 40)
            sound += drums * hits * random.standard_normal(len(at))
        parts.append(0.1 * sound * fade)
    mono = np.concatenate(parts)
    return np.stack([mono, mono], axis=1).astype(np.float32)

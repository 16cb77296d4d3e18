"""Drum loops with known tempo, beats and bars, as audio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RATE_HZ = 22_050
PATTERNS = {
    # steps of a sixteenth in a bar: kick, snare, hat
    "house": ((0, 4, 8, 12), (4, 12), (2, 6, 10, 14)),
    "break": ((0, 2, 10), (4, 12), (0, 2, 4, 6, 8, 10, 12, 14)),
    "hip-hop": ((0, 3, 10), (4, 12), (0, 2, 4, 6, 8, 10, 12, 14)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """A loop and what is true of it.

    Attributes
    ----------
    samples : float32, shape (frames, 2)
        At `RATE_HZ`.
    tempo_bpm, first_beat_s
        Its grid; the first beat begins a bar.
    """

    samples: np.ndarray
    tempo_bpm: float
    first_beat_s: float


def loop(
    pattern: str,
    tempo_bpm: float,
    *,
    seconds: float = 30.0,
    first_beat_s: float = 0.3,
    swing: float = 0.0,
    noise: float = 0.0,
    bass_hz: float = 55.0,
    seed: int = 0,
) -> Loop:
    """A drum pattern with a bass line that changes every bar, and noise like a voice on top.

    Parameters
    ----------
    swing
        How late every second eighth is, as a part of an eighth.
    noise
        Level of the voice.
    """
    random = np.random.default_rng(seed)
    n = round(seconds * RATE_HZ)
    sound = np.zeros(n)
    sixteenth_s = 15.0 / tempo_bpm
    kicks, snares, hats = PATTERNS[pattern]
    hits = ((kicks, kick(), 0.9), (snares, _snare(random), 0.5), (hats, _hat(random), 0.25))
    n_bars = int((seconds - first_beat_s) / (16 * sixteenth_s)) + 1
    for bar in range(n_bars):
        for steps, sample, level in hits:
            for step in steps:
                late = swing * 2 * sixteenth_s if step % 4 == 2 else 0.0
                at_s = first_beat_s + (16 * bar + step) * sixteenth_s + late
                _add(sound, sample, level * random.uniform(0.85, 1.0), at_s)
        note = bass_hz * 2 ** ((0, 3, 5, 7)[bar % 4] / 12)
        length = 15 * sixteenth_s
        at = np.arange(round(length * RATE_HZ)) / RATE_HZ
        tone = 0.15 * np.sin(2 * np.pi * note * at) * np.minimum(1, (length - at) / 0.05)
        _add(sound, tone * np.minimum(1, at / 0.03), 1.0, first_beat_s + 16 * bar * sixteenth_s)
    if noise:
        voice = np.cumsum(random.standard_normal(n // 2_000 + 2))
        syllables = np.interp(np.arange(n), np.arange(len(voice)) * 2_000, np.abs(np.sin(voice)))
        sound += noise * syllables * random.standard_normal(n)
    stereo = np.stack([sound, sound], axis=1).astype(np.float32)
    return Loop(0.7 * stereo, tempo_bpm, first_beat_s)


def _add(sound: np.ndarray, sample: np.ndarray, level: float, at_s: float) -> None:
    """Add a sample at a time, between the frames."""
    place = at_s * RATE_HZ
    first = int(np.floor(place))
    share = place - first
    if first < 0 or first >= len(sound) - 1:
        return
    shifted = np.append(sample, 0.0) * (1 - share) + np.append(0.0, sample) * share
    part = shifted[: len(sound) - first]
    sound[first : first + len(part)] += level * part


def kick() -> np.ndarray:
    """One of its kicks."""
    at = np.arange(round(0.25 * RATE_HZ)) / RATE_HZ
    return np.sin(2 * np.pi * (50 * at + 4 * (1 - np.exp(-at * 40)))) * np.exp(-at * 14)


def kick_heard_s(samples: np.ndarray, near_s: float) -> float:
    """When a kick is heard in a mono signal, within 40 ms of where it is expected."""
    shape, reach = np.diff(kick()[:1_500]), round(0.04 * RATE_HZ)
    first = max(0, round(near_s * RATE_HZ) - reach)
    part = np.diff(samples[first : first + 2 * reach + len(shape) + 1])
    return float(first + int(np.argmax(np.correlate(part, shape, "valid")))) / RATE_HZ


def _snare(random: np.random.Generator) -> np.ndarray:
    at = np.arange(round(0.15 * RATE_HZ)) / RATE_HZ
    return (random.standard_normal(len(at)) + np.sin(2 * np.pi * 190 * at)) * np.exp(-at * 28)


def _hat(random: np.random.Generator) -> np.ndarray:
    at = np.arange(round(0.05 * RATE_HZ)) / RATE_HZ
    return np.diff(random.standard_normal(len(at) + 1)) * np.exp(-at * 90)

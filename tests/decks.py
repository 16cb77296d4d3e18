"""Two decks with a known answer: chords, kicks, basses, and their transition, to be measured."""

from __future__ import annotations

import numpy as np

from deepbass_engine.fades.curves import gains
from deepbass_engine.fades.simple import crossfade
from deepbass_engine.mix.transition_audio import CONTEXT_S, TransitionAudio
from deepbass_engine.settings import curve_pair

RATE_HZ = 44_100
C_MAJOR = (261.63, 329.63, 392.0)
SEMITONE = 2.0 ** (1.0 / 12.0)
LENGTH_S = 12.0


def deck(*parts: np.ndarray) -> np.ndarray:
    """Parts of one track, added, in stereo; float32, shape (frames, 2)."""
    return np.repeat(sum(parts)[:, np.newaxis], 2, axis=1).astype(np.float32)


def chord(
    frequencies_hz: tuple[float, ...] = C_MAJOR, level: float = 0.08, rate_hz: int = RATE_HZ
) -> np.ndarray:
    """Sustained notes of six harmonics each."""
    t = np.arange(round(LENGTH_S * rate_hz)) / rate_hz
    return sum(
        level * np.sin(2 * np.pi * f * k * t + k) / k for f in frequencies_hz for k in range(1, 7)
    )


def bass(frequency_hz: float, level: float = 0.3, rate_hz: int = RATE_HZ) -> np.ndarray:
    """One long note of three harmonics."""
    t = np.arange(round(LENGTH_S * rate_hz)) / rate_hz
    return sum(level * np.sin(2 * np.pi * frequency_hz * k * t) / k for k in (1, 2, 3))


def drums(bpm: float = 120.0, first_s: float = 0.0, rate_hz: int = RATE_HZ) -> np.ndarray:
    """A kick on every beat and a hat on every half."""
    n_frames = round(LENGTH_S * rate_hz)
    sound = np.zeros(n_frames)
    t = np.arange(round(0.35 * rate_hz)) / rate_hz
    kick = 0.6 * np.sin(2 * np.pi * (50 * t + 1.2 * (1 - np.exp(-t / 0.03)))) * np.exp(-t / 0.08)
    hiss = np.random.default_rng(7).standard_normal(round(0.05 * rate_hz))
    hat = 0.1 * hiss * np.exp(-np.arange(len(hiss)) / rate_hz / 0.01)
    for hit, step_s in ((kick, 60.0 / bpm), (hat, 30.0 / bpm)):
        for at_s in np.arange(first_s, LENGTH_S, step_s):
            first = round(at_s * rate_hz)
            part = hit[: n_frames - first]
            sound[first : first + len(part)] += part
    return sound


def joined(
    leaving: np.ndarray,
    entering: np.ndarray,
    duration_s: float = 8.0,
    curve: str = "equal_power",
    rate_hz: int = RATE_HZ,
) -> TransitionAudio:
    """The plain crossfade from the end of one deck to the begin of the other."""
    n_frames, context = round(duration_s * rate_hz), round(CONTEXT_S * rate_hz)
    pair = curve_pair(curve)
    tail, head = leaving[len(leaving) - n_frames :], entering[:n_frames]
    return TransitionAudio(
        rate_hz,
        leaving[max(0, len(leaving) - n_frames - context) :],
        entering[: n_frames + context],
        crossfade(tail, head, pair) if n_frames else np.zeros((0, 2), np.float32),
        gains(pair, n_frames),
    )

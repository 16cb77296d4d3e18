"""Three short tracks to try the program on, made from nothing: drums, bass, chords.

They differ in what a mixer has to cope with: tempo, key, loudness, rate, channels, format, and the
silence before and after.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from deepbass_engine.atomic import replacing
from deepbass_engine.units import frames_from_seconds, gain_from_db

Mono = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How one track is made and stored."""

    name: str
    play: Callable[[int, float], Mono]
    bpm: float
    sample_rate_hz: int
    channels: int
    subtype: str
    peak_db: float
    silence_before_s: float
    silence_after_s: float


def make_demo_tracks(folder: Path) -> list[Path]:
    """Write the three tracks into a folder that exists; returns their paths in order.

    Raises
    ------
    OutputError
        If one can't be written.
    """
    return [_write(recipe, folder) for recipe in _RECIPES]


def _write(recipe: _Recipe, folder: Path) -> Path:
    """Play, pan, scale, pad and store one track."""
    rate_hz = recipe.sample_rate_hz
    music = recipe.play(rate_hz, 60.0 / recipe.bpm)
    music *= gain_from_db(recipe.peak_db) / np.abs(music).max()
    delay = frames_from_seconds(0.004, rate_hz)  # the right channel a little later: some width
    channels = [music, np.concatenate([np.zeros(delay), music[:-delay]])][: recipe.channels]
    before, after = (
        np.zeros((frames_from_seconds(s, rate_hz), recipe.channels))
        for s in (recipe.silence_before_s, recipe.silence_after_s)
    )
    samples = np.concatenate([before, np.stack(channels, axis=1), after])
    path = folder / recipe.name
    content = io.BytesIO()
    kind = path.suffix.removeprefix(".").upper()
    soundfile.write(content, samples, rate_hz, subtype=recipe.subtype, format=kind)
    with replacing(path) as temporary:
        temporary.write_bytes(content.getbuffer())
    return path


def _drums(rate_hz: int, beat_s: float) -> Mono:
    """Eight bars of kick, snare and hi-hat."""
    n_beats = 32
    mix = np.zeros(frames_from_seconds((n_beats + 1) * beat_s, rate_hz))
    random = np.random.default_rng(1)
    t = np.arange(frames_from_seconds(0.35, rate_hz)) / rate_hz
    kick = np.sin(2 * np.pi * (50 * t + 9 * (1 - np.exp(-t * 25)))) * np.exp(-t * 9)
    snare = random.standard_normal(len(t)) * np.exp(-t * 22) * 0.5
    hat = np.diff(random.standard_normal(len(t)), prepend=0.0) * np.exp(-t * 70) * 0.15
    for half_beat in range(2 * n_beats):
        at_s = half_beat * beat_s / 2
        _add(mix, hat, at_s, rate_hz)
        if half_beat % 2 == 0:
            _add(mix, kick, at_s, rate_hz)
        if half_beat % 4 == 2:
            _add(mix, snare, at_s, rate_hz)
    return mix


def _bass(rate_hz: int, beat_s: float) -> Mono:
    """Eight bars of a bass line in A minor."""
    line_hz = (55.0, 55.0, 65.41, 55.0, 73.42, 55.0, 82.41, 73.42)
    mix = np.zeros(frames_from_seconds(34 * beat_s, rate_hz))
    t = np.arange(frames_from_seconds(beat_s * 0.9, rate_hz)) / rate_hz
    for beat in range(32):
        phase = 2 * np.pi * line_hz[beat % len(line_hz)] * t
        note = sum(np.sin(phase * h) / h for h in range(1, 7))
        _add(mix, note * np.exp(-t * 3) * np.minimum(1, t * 200), beat * beat_s, rate_hz)
    return mix


def _chords(rate_hz: int, beat_s: float) -> Mono:
    """Eight bars of held chords in E flat major, the last one dying away."""
    chords_hz = ((155.56, 196.0, 233.08), (130.81, 155.56, 196.0),
                 (207.65, 261.63, 311.13), (233.08, 293.66, 349.23))  # fmt: skip
    mix = np.zeros(frames_from_seconds(36 * beat_s, rate_hz))
    t = np.arange(frames_from_seconds(beat_s * 5, rate_hz)) / rate_hz
    envelope = np.minimum(1, t * 4) * np.exp(-t * 0.8) * np.minimum(1, (t[-1] - t) * 4)
    for bar in range(8):
        for tone_hz in chords_hz[bar % len(chords_hz)]:
            tone = sum(np.sin(2 * np.pi * tone_hz * h * t) / h**2 for h in range(1, 5))
            _add(mix, tone * envelope, bar * 4 * beat_s, rate_hz)
    return mix


def _add(mix: Mono, sound: Mono, at_s: float, rate_hz: int) -> None:
    """Mix a sound in at a time, as much of it as fits."""
    start = frames_from_seconds(at_s, rate_hz)
    part = sound[: len(mix) - start]
    mix[start : start + len(part)] += part


_RECIPES = (
    _Recipe("1 drums.wav", _drums, 124.0, 44_100, 1, "PCM_16", -3.0, 0.8, 1.5),
    _Recipe("2 bass.flac", _bass, 118.0, 44_100, 2, "PCM_16", -9.0, 1.6, 2.2),
    _Recipe("3 chords.wav", _chords, 96.0, 48_000, 2, "PCM_24", -6.0, 0.4, 3.0),
)

"""Makes songs to train on that are nobody's: drums, bass, chords and a lead, all by arithmetic.

    python tools/generate_music.py -o FOLDER [--songs 40] [--seconds 60] [--seed 0]

Each song has a tempo, a key, a chord progression, patterns and sounds of its own; its parts enter
and leave, so that single instruments are heard as well as all of them. Mono FLAC at 44.1 kHz; the
same seed gives the same samples. What comes out is dedicated to the public domain (CC0 1.0).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 44_100
_SCALES = ((0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 9, 10))
_PROGRESSIONS = ((0, 5, 2, 6), (0, 3, 4, 4), (0, 0, 3, 4), (5, 3, 0, 4), (0, 6, 5, 4))
_STEPS = 16  # in a bar
_PEAK = 0.9

Audio = NDArray[np.float32]


def main() -> None:
    """Write the songs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for i in range(args.songs):
        path = args.out / f"generated-{args.seed}-{i:03d}.flac"
        soundfile.write(path, song(args.seed, i, args.seconds), RATE_HZ)
        print(path)


def song(seed: int, number: int, seconds: float) -> Audio:
    """A song, float32 of shape (n_samples,), its peak at 0.9."""
    rng = np.random.default_rng([seed, number])
    tempo_bpm = rng.uniform(80, 170)
    step_n = round(RATE_HZ * 60 / tempo_bpm / 4)
    n_bars = int(np.ceil(seconds * RATE_HZ / (step_n * _STEPS)))
    scale, tonic = _SCALES[rng.integers(len(_SCALES))], int(rng.integers(33, 45))
    chords = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]
    mix = np.zeros(n_bars * _STEPS * step_n, np.float32)
    parts = {
        "drums": _drums(rng, step_n),
        "bass": _line(rng, step_n, scale, tonic, chords, density=0.6, octave=0, n_partials=12),
        "chords": _pads(rng, step_n, scale, tonic + 24, chords),
        "lead": _line(rng, step_n, scale, tonic + 36, chords, density=0.4, octave=1, n_partials=20),
    }
    bar_n = _STEPS * step_n
    names = list(parts)
    for start in range(0, n_bars, 4):
        heard = rng.random(len(names)) < 0.6
        heard[rng.integers(len(names))] = True  # at least one
        level = rng.uniform(0.25, 1.0)
        for bar in range(start, min(start + 4, n_bars)):
            for name, is_heard in zip(names, heard, strict=True):
                if is_heard:
                    audio = parts[name][bar % len(parts[name])]
                    mix[bar * bar_n : (bar + 1) * bar_n] += level * audio
    mix = _echoed(mix, 3 * step_n, rng.uniform(0, 0.4))[: round(seconds * RATE_HZ)]
    return (mix * (_PEAK / np.abs(mix).max())).astype(np.float32)


def _drums(rng: np.random.Generator, step_n: int) -> list[Audio]:
    """A bar of kick, snare and hats, and one with a variation."""
    t = np.arange(4 * step_n) / RATE_HZ
    sweep_hz = rng.uniform(40, 60) + rng.uniform(80, 250) * np.exp(-t * rng.uniform(20, 50))
    kick = np.sin(2 * np.pi * np.cumsum(sweep_hz) / RATE_HZ) * np.exp(-t * rng.uniform(5, 15))
    noise = rng.standard_normal(len(t))
    body = np.sin(2 * np.pi * rng.uniform(150, 250) * t) * np.exp(-t * 25)
    snare = 0.5 * noise * np.exp(-t * rng.uniform(12, 30)) + body
    hat = np.diff(noise, prepend=0) * np.exp(-t * rng.uniform(30, 90))
    four_on_the_floor = rng.random() < 0.6
    bars = []
    for _ in range(2):
        bar = np.zeros(_STEPS * step_n)
        on = rng.random((3, _STEPS))
        kicks = np.arange(_STEPS) % 4 == 0 if four_on_the_floor else on[0] < 0.25
        hits = (
            (kick, kicks, 1.0),
            (snare, np.arange(_STEPS) % 8 == 4, 0.7),
            (hat, on[2] < 0.5, 0.2),
        )
        for sound, steps, gain in hits:
            for step in np.flatnonzero(steps):
                _add(bar, step * step_n, gain * sound)
        bars.append(bar.astype(np.float32))
    return bars


def _line(
    rng: np.random.Generator,
    step_n: int,
    scale: tuple[int, ...],
    tonic: int,
    chords: tuple[int, ...],
    *,
    density: float,
    octave: int,
    n_partials: int,
) -> list[Audio]:
    """A bar of single notes for each chord."""
    tone = _tone(rng, n_partials)
    pattern = rng.random(_STEPS) < density
    pattern[0] = True
    bars = []
    for chord in chords:
        bar = np.zeros(_STEPS * step_n)
        onsets = np.flatnonzero(pattern)
        for onset, end in zip(onsets, [*onsets[1:], _STEPS], strict=True):
            degree = chord + int(rng.choice((0, 0, 2, 4, 7 * octave)))
            _add(
                bar,
                onset * step_n,
                0.5 * tone(_pitch(scale, tonic, degree), (end - onset) * step_n),
            )
        bars.append(bar.astype(np.float32))
    return bars


def _pads(
    rng: np.random.Generator,
    step_n: int,
    scale: tuple[int, ...],
    tonic: int,
    chords: tuple[int, ...],
) -> list[Audio]:
    """A bar of three notes at once for each chord."""
    tone = _tone(rng, 10)
    n = _STEPS * step_n
    bars = []
    for chord in chords:
        notes = [tone(_pitch(scale, tonic, chord + third), n) for third in (0, 2, 4)]
        bars.append((0.25 * np.sum(notes, axis=0)).astype(np.float32))
    return bars


class _tone:  # noqa: N801 (used as the function it is)
    """A sound: partials that fall off and die away, two of each a little apart, with vibrato."""

    def __init__(self, rng: np.random.Generator, n_partials: int) -> None:
        self._slope, self._odd = rng.uniform(0.6, 2.2), rng.random() < 0.4
        self._decay, self._attack_s = rng.uniform(0.3, 6.0), rng.uniform(0.002, 0.08)
        self._detune, self._vibrato = rng.uniform(0, 0.006), rng.uniform(0, 0.004)
        self._n = n_partials

    def __call__(self, midi: int, n: int) -> NDArray[np.float64]:
        t = np.arange(n) / RATE_HZ
        base_hz = 440 * 2 ** ((midi - 69) / 12)
        phase = 2 * np.pi * base_hz * (t + self._vibrato / 33 * np.sin(2 * np.pi * 5.2 * t))
        out = np.zeros(n)
        for k in range(1, self._n + 1, 2 if self._odd else 1):
            if k * base_hz * (1 + self._detune) > 0.45 * RATE_HZ:
                break
            fall = np.exp(-t * self._decay * (1 + 0.2 * k)) * k**-self._slope
            out += fall * (np.sin(k * phase) + np.sin(k * phase * (1 + self._detune)))
        ends = np.minimum(1, np.minimum(t / self._attack_s, t[::-1] / 0.005))
        return 0.5 * out * ends


def _pitch(scale: tuple[int, ...], tonic: int, degree: int) -> int:
    return tonic + 12 * (degree // len(scale)) + scale[degree % len(scale)]


def _add(to: NDArray[np.float64], at: int, sound: NDArray[np.float64]) -> None:
    """Add a sound, as much of it as there is room for."""
    n = min(len(sound), len(to) - at)
    to[at : at + n] += sound[:n]


def _echoed(audio: Audio, delay_n: int, gain: float) -> Audio:
    out = audio.copy()
    for i in range(1, 4):
        out[i * delay_n :] += gain**i * audio[: -i * delay_n]
    return out


if __name__ == "__main__":
    main()

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

_SCALES = (
    (0, 2, 3, 5, 7, 8, 10),  # minor
    (0, 2, 4, 5, 7, 9, 11),  # major
    (0, 2, 3, 5, 7, 9, 10),  # Dorian
)
_PROGRESSIONS = ((0, 5, 2, 6), (0, 3, 4, 4), (0, 0, 3, 4), (5, 3, 0, 4), (0, 6, 5, 4))
_STEPS = 16  # in a bar
_SECTION = 4  # bars between two changes of what is heard
_HEARD = 0.6  # chance of a part to be heard in a section
_PEAK = 0.9

_KICK, _SNARE, _HAT, _NOTE, _CHORD = 1.0, 0.7, 0.2, 0.5, 0.25  # gains
_VIBRATO_HZ = 5.2

Audio = NDArray[np.float32]


def main() -> None:
    """Write the songs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--songs", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.songs < 1 or not 1 <= args.seconds <= 3600 or args.seed < 0:
        parser.error("give one song at least, of 1 to 3600 seconds, and no negative seed")
    args.out.mkdir(parents=True, exist_ok=True)
    for number in range(args.songs):
        path = args.out / f"generated-{args.seed}-{number:03d}.flac"
        soundfile.write(path, song(args.seed, number, args.seconds), RATE_HZ)
        print(path)


def song(seed: int, number: int, seconds: float) -> Audio:
    """A song, float32 of shape (n_samples,), its peak at 0.9."""
    rng = np.random.default_rng([seed, number])
    tempo_bpm = rng.uniform(80, 170)
    step_n = round(RATE_HZ * 60 / tempo_bpm / 4)
    bar_n = _STEPS * step_n
    n_bars = int(np.ceil(seconds * RATE_HZ / bar_n))
    scale, tonic = _SCALES[rng.integers(len(_SCALES))], int(rng.integers(33, 45))
    chords = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]
    parts = (
        _drums(rng, step_n),
        _line(rng, step_n, scale, tonic, chords, density=0.6, high=0, n_partials=12),
        _pads(rng, step_n, scale, tonic + 24, chords),
        _line(rng, step_n, scale, tonic + 36, chords, density=0.4, high=7, n_partials=20),
    )
    mix = np.zeros(n_bars * bar_n, np.float32)
    for first in range(0, n_bars, _SECTION):
        heard = rng.random(len(parts)) < _HEARD
        heard[rng.integers(len(parts))] = True  # at least one
        level = rng.uniform(0.25, 1.0)
        for bar in range(first, min(first + _SECTION, n_bars)):
            for part in (parts[i] for i in np.flatnonzero(heard)):
                mix[bar * bar_n : (bar + 1) * bar_n] += level * part[bar % len(part)]
    mix = _echoed(mix, 3 * step_n, rng.uniform(0, 0.4))[: round(seconds * RATE_HZ)]
    return np.asarray(mix * (_PEAK / np.abs(mix).max()), np.float32)


def _drums(rng: np.random.Generator, step_n: int) -> list[Audio]:
    """A bar of kick, snare and hats, and one with a variation."""
    t = np.arange(4 * step_n) / RATE_HZ
    sweep_hz = rng.uniform(40, 60) + rng.uniform(80, 250) * np.exp(-t * rng.uniform(20, 50))
    kick = np.sin(2 * np.pi * np.cumsum(sweep_hz) / RATE_HZ) * np.exp(-t * rng.uniform(5, 15))
    noise = rng.standard_normal(len(t))
    body = np.sin(2 * np.pi * rng.uniform(150, 250) * t) * np.exp(-t * 25)
    snare = 0.5 * noise * np.exp(-t * rng.uniform(12, 30)) + body
    hat = np.diff(noise, prepend=0) * np.exp(-t * rng.uniform(30, 90))
    steps = np.arange(_STEPS)
    four_on_the_floor = rng.random() < 0.6
    bars = []
    for _ in range(2):
        bar = np.zeros(_STEPS * step_n)
        # A row for each drum; the snare has its place and needs none. Drawn nevertheless: without
        # it a seed would give other songs than it has given.
        chance = rng.random((3, _STEPS))
        kicks = steps % 4 == 0 if four_on_the_floor else chance[0] < 0.25
        for drum, gain, hits in (
            (kick, _KICK, kicks),
            (snare, _SNARE, steps % 8 == 4),
            (hat, _HAT, chance[2] < 0.5),
        ):
            for step in np.flatnonzero(hits).tolist():
                _add(bar, step * step_n, gain * drum)
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
    high: int,
    n_partials: int,
) -> list[Audio]:
    """A bar of single notes for each chord: its root, third, fifth, and `high` degrees above it."""
    tone = _Tone(rng, n_partials)
    pattern = rng.random(_STEPS) < density
    pattern[0] = True
    onsets = np.flatnonzero(pattern).tolist()
    bars = []
    for chord in chords:
        bar = np.zeros(_STEPS * step_n)
        for onset, end in zip(onsets, [*onsets[1:], _STEPS], strict=True):
            degree = chord + int(rng.choice((0, 0, 2, 4, high)))
            note = tone.note(_pitch(scale, tonic, degree), (end - onset) * step_n)
            _add(bar, onset * step_n, _NOTE * note)
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
    tone = _Tone(rng, 10)
    bars = []
    for chord in chords:
        pitches = [_pitch(scale, tonic, chord + third) for third in (0, 2, 4)]
        notes = [tone.note(pitch, _STEPS * step_n) for pitch in pitches]
        bars.append((_CHORD * np.sum(notes, axis=0)).astype(np.float32))
    return bars


class _Tone:
    """A sound: partials that fall off and die away, two of each a little apart, with vibrato."""

    def __init__(self, rng: np.random.Generator, n_partials: int) -> None:
        self._slope, self._odd = rng.uniform(0.6, 2.2), rng.random() < 0.4
        self._decay, self._attack_s = rng.uniform(0.3, 6.0), rng.uniform(0.002, 0.08)
        self._detune, self._vibrato = rng.uniform(0, 0.006), rng.uniform(0, 0.004)
        self._n = n_partials

    def note(self, midi: int, n: int) -> NDArray[np.float64]:
        """`n` samples of it."""
        t = np.arange(n) / RATE_HZ
        base_hz = 440 * 2 ** ((midi - 69) / 12)
        # 33 is about 2 pi times the vibrato's rate: the pitch then sways by its share either way
        sway = self._vibrato / 33 * np.sin(2 * np.pi * _VIBRATO_HZ * t)
        phase = 2 * np.pi * base_hz * (t + sway)
        out = np.zeros(n)
        for k in range(1, self._n + 1, 2 if self._odd else 1):
            if k * base_hz * (1 + self._detune) > 0.45 * RATE_HZ:
                break
            fall = np.exp(-t * self._decay * (1 + 0.2 * k)) * k**-self._slope
            out += fall * (np.sin(k * phase) + np.sin(k * phase * (1 + self._detune)))
        ends = np.minimum(1, np.minimum(t / self._attack_s, t[::-1] / 0.005))
        return 0.5 * out * ends


def _pitch(scale: tuple[int, ...], tonic: int, degree: int) -> int:
    """MIDI number of a degree of a scale."""
    return tonic + 12 * (degree // len(scale)) + scale[degree % len(scale)]


def _add(to: NDArray[np.float64], at: int, sound: NDArray[np.float64]) -> None:
    """Add a sound, as much of it as there is room for."""
    n = min(len(sound), len(to) - at)
    to[at : at + n] += sound[:n]


def _echoed(audio: Audio, delay_n: int, gain: float) -> Audio:
    """The audio with three echoes, each quieter by `gain`."""
    out = audio.copy()
    for i in range(1, 4):
        out[i * delay_n :] += gain**i * audio[: -i * delay_n]
    return out


if __name__ == "__main__":
    main()

"""The key of a track, and how keys go together.

The mean chroma is compared with a profile of every key (Temperley's, from the Kostka-Payne corpus);
the best correlation wins. What the keys a fifth away or relative to it reach does not make it less
sure, for they share all notes but one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.chroma import Chroma

NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

_PROFILES = {
    "major": (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
    "minor": (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
}
_LEAST_CORRELATION = 0.3
_LEAST_CONTRAST = 0.03
"""Of the mean chroma, in twelfths: noise and drums have up to 0.02, music from 0.055 on."""
_SURE_MARGIN = 0.4
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True, slots=True)
class Key:
    """A key.

    Attributes
    ----------
    tonic
        0 for C up to 11 for B.
    mode
        "major" or "minor".
    confidence
        How sure it is, from 0 to 1.
    """

    tonic: int
    mode: str
    confidence: float = 1.0

    @property
    def name(self) -> str:
        """As musicians write it."""
        return f"{NAMES[self.tonic]} {self.mode}"

    @property
    def camelot_number(self) -> int:
        """Its hour on the Camelot wheel, 1 to 12; a fifth up is an hour on."""
        major = self.tonic if self.mode == "major" else (self.tonic + 3) % 12
        return (7 * major + 7) % 12 + 1

    @property
    def camelot(self) -> str:
        """Its place on the Camelot wheel, as in "8A"; A is minor."""
        return f"{self.camelot_number}{'B' if self.mode == 'major' else 'A'}"


def key_of(chroma: Chroma) -> Key | None:
    """The key of a track; None where nothing is tonal."""
    heard = chroma.energies[chroma.energies.any(axis=1)]
    if not len(heard):
        return None
    mean = heard.mean(axis=0, dtype=np.float64)
    if 12.0 * mean.std() < _LEAST_CONTRAST:
        return None
    found = {
        Key(tonic, mode): _correlation(mean, np.roll(profile, tonic))
        for mode, profile in _PROFILES.items()
        for tonic in range(12)
    }
    best = max(found, key=lambda key: found[key])
    if found[best] < _LEAST_CORRELATION:
        return None
    other = max(value for key, value in found.items() if camelot_distance(best, key) > 1)
    return Key(best.tonic, best.mode, float(np.clip((found[best] - other) / _SURE_MARGIN, 0, 1)))


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def camelot_distance(a: Key, b: Key) -> int:
    """Steps on the Camelot wheel: hours apart, and one more to change between minor and major.

    Keys that go together are at most one apart: the same, the relative, a fifth up or down.
    """
    apart = abs(a.camelot_number - b.camelot_number)
    return min(apart, 12 - apart) + (a.mode != b.mode)


def is_compatible(a: Key, b: Key) -> bool:
    """Whether two keys go together, as DJs have it."""
    return camelot_distance(a, b) <= 1


def key_from_text(text: str) -> Key | None:
    """A key as a tag or another program writes it: "Am", "A minor", "8A", "1m", "Abmin", "F#"."""
    text = text.strip()
    if wheel := re.fullmatch(r"(1[0-2]|0?[1-9])([ABdm])", text, re.IGNORECASE):
        hour, letter = int(wheel[1]), wheel[2].lower()
        if letter in "dm":  # Open Key: its 1 is Camelot's 8
            hour = (hour + 6) % 12 + 1
        mode = "major" if letter in "bd" else "minor"
        return next(
            Key(tonic, mode) for tonic in range(12) if Key(tonic, mode).camelot_number == hour
        )
    named = re.fullmatch(
        r"([A-G])([#♯b♭]?)[\s-]*(m|min|minor|moll|maj|major|dur|)", text, re.IGNORECASE
    )
    if not named:
        return None
    shift = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[named[2].lower()]
    word = named[3]
    is_minor = word.lower() in ("min", "minor", "moll") or word == "m"
    return Key((_LETTERS[named[1].upper()] + shift) % 12, "minor" if is_minor else "major")

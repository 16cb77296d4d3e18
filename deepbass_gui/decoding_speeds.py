"""How fast NSynth transitions were decoded on this machine, to tell what the next will take."""

from __future__ import annotations

import msgspec
import numpy as np

from deepbass_engine.mix.voice import Voice
from deepbass_gui import preferences

_KEY = "nsynth/speeds"
_Speeds = dict[str, dict[int, float]]


def expected(voice: Voice, n_transitions: int) -> float | None:
    """Seconds that a second of so many transitions together takes; None before any was decoded."""
    known = _speeds().get(_name(voice))
    if not known:
        return None
    numbers = sorted(known)
    per_s = np.interp(n_transitions, numbers, [known[number] for number in numbers])
    return float(per_s) * max(1.0, n_transitions / numbers[-1])


def remember(voice: Voice, n_transitions: int, per_s: float) -> None:
    """Remember how many seconds a second of so many together took."""
    speeds = _speeds()
    speeds.setdefault(_name(voice), {})[n_transitions] = per_s
    preferences.put(_KEY, msgspec.json.encode(speeds).decode())


def _speeds() -> _Speeds:
    """What is remembered, by what decodes and by how many at once."""
    try:
        return msgspec.json.decode(preferences.get(_KEY, "{}"), type=_Speeds)
    except msgspec.DecodeError:
        return {}


def _name(voice: Voice) -> str:
    return " ".join((voice.content_hash, *voice.choice, voice.machine))

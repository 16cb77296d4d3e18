"""Keys of the original program's ``config.ini``: where each stands, what it takes, its default."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from deepbass_engine.settings import (
    HIGHEST_RATE_HZ,
    LOWEST_RATE_HZ,
    TransitionSpec,
    described,
)

SIMPLE_STYLES = ("Linear", "Sigmoid", "Random_Linear")
"""Ramps of the simple crossfade; the fade curves of the same names."""

NSYNTH_STYLES = ("LinearFade", "HannFade", "Extend")
"""Fades of the NSynth crossfade."""

_LONGEST_S = next(s for s in described(TransitionSpec) if s.name == "duration_s").maximum or 0.0
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class Key(Struct, frozen=True, kw_only=True):
    """One key of the file.

    Attributes
    ----------
    section, name
        Where it stands, as the original spells it.
    field
        Attribute of `deepbass_engine.legacy_ini.LegacyConfig` it fills.
    value
        What holds without it or, for a required key, an example; empty for none.
    read
        Makes its value from text; raises ``ValueError`` for what is not allowed.
    allowed
        What it takes, after "give".
    help
        What it is for.
    required
        Whether it must be given.
    """

    section: str
    name: str
    field: str
    value: str
    read: Callable[[str], Any]
    allowed: str
    help: str
    required: bool = False


def folded(name: str) -> str:
    """A section's, key's or style's name as it is compared: letter case and gaps don't count."""
    return " ".join(name.split()).casefold()


def _rate(text: str) -> int:
    rate_hz = int(text)
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise ValueError(text)
    return rate_hz


def _length_s(text: str) -> float:
    length_s = _search_s(text)
    if length_s == 0:
        raise ValueError(text)
    return length_s


def _search_s(text: str) -> float:
    search_s = float(text)
    if not (math.isfinite(search_s) and 0 <= search_s <= _LONGEST_S):
        raise ValueError(text)
    return search_s


def _one_of(names: tuple[str, ...]) -> Callable[[str], str]:
    byfolded = {folded(name): name for name in names}

    def read(text: str) -> str:
        if folded(text) not in byfolded:
            raise ValueError(text)
        return byfolded[folded(text)]

    return read


def _flag(text: str) -> bool:
    if text.casefold() not in _TRUE + _FALSE:
        raise ValueError(text)
    return text.casefold() in _TRUE


def _path_text(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


def _name(text: str) -> str:
    if not text or "/" in text or "\\" in text:
        raise ValueError(text)
    return text


_ABOVE_ZERO = f"a number of seconds above 0, at most {_LONGEST_S:g}"

KEYS = (
    Key(
        section="DEFAULT",
        name="samplingrate",
        field="sample_rate_hz",
        value="16000",
        read=_rate,
        allowed=f"a whole number of Hz from {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ}",
        help="Sample rate of what the simple crossfade writes; NSynth's is always 16000",
    ),
    Key(
        section="NSynth XFade Settings",
        name="Style",
        field="nsynth_style",
        value="LinearFade",
        read=_one_of(NSYNTH_STYLES),
        allowed="one of " + ", ".join(NSYNTH_STYLES),
        help="Fade of the crossfade through the NSynth model",
    ),
    Key(
        section="NSynth XFade Settings",
        name="time",
        field="nsynth_time_s",
        value="4",
        read=_length_s,
        allowed=_ABOVE_ZERO,
        help="Its length",
    ),
    Key(
        section="Simple XFade Settings",
        name="Style",
        field="simple_style",
        value="Linear",
        read=_one_of(SIMPLE_STYLES),
        allowed="one of " + ", ".join(SIMPLE_STYLES),
        help="Ramp of the simple crossfade",
    ),
    Key(
        section="Simple XFade Settings",
        name="time",
        field="simple_time_s",
        value="4",
        read=_length_s,
        allowed=_ABOVE_ZERO,
        help="Its length",
    ),
    Key(
        section="Preprocess",
        name="SR window duration",
        field="search_s",
        value="30",
        read=_search_s,
        allowed=f"a number of seconds from 0, which keeps silence, to {_LONGEST_S:g}",
        help="How far from the end of the first and the beginning of the second song silence is "
        "looked for",
    ),
    Key(
        section="IO",
        name="firstsong",
        field="first_song",
        value="Song1.mp3",
        read=_path_text,
        allowed="the name of a file in the load directory, or a path",
        help="The song that ends",
        required=True,
    ),
    Key(
        section="IO",
        name="secondsong",
        field="second_song",
        value="Song2.mp3",
        read=_path_text,
        allowed="the name of a file in the load directory, or a path",
        help="The song that begins",
        required=True,
    ),
    Key(
        section="IO",
        name="load directory",
        field="load_directory",
        value=".",
        read=_path_text,
        allowed="a directory",
        help="Where the songs lie",
        required=True,
    ),
    Key(
        section="IO",
        name="save directory",
        field="save_directory",
        value="crossfade",
        read=_path_text,
        allowed="a directory",
        help="Where the results go; files of the same names are replaced",
        required=True,
    ),
    Key(
        section="IO",
        name="save name",
        field="save_name",
        value="Exp1",
        read=_name,
        allowed="a name without a directory",
        help="How the crossfade's file name begins",
        required=True,
    ),
    Key(
        section="IO",
        name="model weights",
        field="model_weights",
        value="",
        read=str,
        allowed="a path, or the name of an installed model",
        help="The NSynth model: without it the default one; the simple crossfade needs none",
    ),
    Key(
        section="Plot",
        name="Flag",
        field="draws_pictures",
        value="False",
        read=_flag,
        allowed="True or False",
        help="Whether pictures are drawn: of the trims, the ramps or encodings, and the mix",
    ),
)
"""Every key, in the order of the file."""

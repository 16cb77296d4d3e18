"""The words of a report that is read by people: names, explanations and figures of measures."""

from __future__ import annotations

from deepbass_engine.mix.quality import Measure

_NAMES = {
    "roughness": "Roughness",
    "dissonance": "Clash of notes",
    "loudness_dip": "Sag in loudness",
    "loudness_jump": "Jump in loudness",
    "bass_overlap": "Two basses at once",
    "kicks": "Kicks apart",
    "click": "Click",
    "flux": "Sudden change",
    "discarded": "Music left out",
}
_EXPLANATIONS = {
    "roughness": "How harsh and buzzing it sounds, beside the rougher of the two tracks.",
    "dissonance": "How much the notes of the two tracks rub against each other.",
    "loudness_dip": "How far the music falls below the quieter of the two tracks.",
    "loudness_jump": "How much louder or quieter the music suddenly is, from the one track to the "
    "other.",
    "bass_overlap": "For how long the bass lines of both tracks are heard together.",
    "kicks": "How far the drum kicks of the one track fall beside those of the other.",
    "click": "A click or crackle that neither track has.",
    "flux": "An abrupt change of the sound that neither track has.",
    "discarded": "Music of both tracks that is not heard because of the transition.",
}
_REASONS = {
    "roughness": "rough",
    "dissonance": "notes clash",
    "loudness_dip": "loudness sags",
    "loudness_jump": "loudness jumps",
    "bass_overlap": "bass overlap",
    "beat_phase": "beats apart",
    "click": "click",
    "flux": "sudden change",
    "discarded": "music left out",
}
_WITHOUT_TRACKS = ("kicks", "loudness_jump")
"""What a track alone has no figure for."""
_DECIMALS = {"%": 0, "ms": 0}


def measure_name(name: str) -> str:
    """What to call a measure."""
    return _NAMES[name]


def explanation(name: str) -> str:
    """What a measure tells, in a sentence."""
    return _EXPLANATIONS[name]


def reason_words(reason: str) -> str:
    """Why a transition is flagged, in two or three words."""
    return _REASONS[reason]


def sentence(words: str) -> str:
    """Words as a sentence of their own.

    >>> sentence("it clicks at 0:03.1")
    'It clicks at 0:03.1.'
    """
    return f"{words[:1].upper()}{words[1:]}."


def figure(value: float, unit: str) -> str:
    """A value with its unit.

    >>> figure(14.24, "points"), figure(-0.04, "LU"), figure(39.6, "ms")
    ('14.2 points', '0.0 LU', '40 ms')
    """
    text = f"{value:.{_DECIMALS.get(unit, 1)}f}"
    return f"{text[1:] if text.startswith('-') and not float(text) else text} {unit}"


def tracks_figures(name: str, measure: Measure) -> tuple[str, str]:
    """What the leaving and the entering track alone have; a dash where that says nothing."""
    if name in _WITHOUT_TRACKS:
        return "–", "–"
    leaving, entering = (
        "–" if value is None else figure(value, measure.unit)
        for value in (measure.outgoing, measure.incoming)
    )
    return leaving, entering

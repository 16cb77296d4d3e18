"""What is measured of transitions, in plain words: names, explanations, figures, reasons."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from deepbass_engine.mix.quality import Measure, MeasuredTransition

_WITHOUT_TRACKS = ("kicks", "loudness_jump")
"""What a track alone has no figure for."""
_DECIMALS = {"%": 0, "ms": 0}


@dataclass(frozen=True, slots=True)
class Mark:
    """Why a transition is flagged.

    Attributes
    ----------
    short
        A few words, for a row of a table.
    sentence
        All of it.
    """

    short: str
    sentence: str


def marks_of(measured: MeasuredTransition) -> tuple[Mark, ...]:
    """Why a transition is flagged, the worst first."""
    flagged = measured.quality.flagged
    return tuple(Mark(reason_words(r), sentence(m.words)) for r, m in flagged.items())


def sentence(words: str) -> str:
    """What a measure says, as a sentence of its own."""
    return f"{words[:1].upper()}{words[1:]}."


def measure_title(name: str) -> str:
    """What to call a measure; empty where it is none."""
    return {
        "roughness": _tr("Roughness"),
        "dissonance": _tr("Clash of notes"),
        "loudness_dip": _tr("Sag in loudness"),
        "loudness_jump": _tr("Jump in loudness"),
        "bass_overlap": _tr("Two basses at once"),
        "kicks": _tr("Kicks apart"),
        "click": _tr("Click"),
        "flux": _tr("Sudden change"),
        "discarded": _tr("Music left out"),
    }.get(name, "")


def measure_tip(name: str) -> str:
    """What a measure tells, in a sentence."""
    return {
        "roughness": _tr("How harsh and buzzing it sounds, beside the rougher of the two tracks."),
        "dissonance": _tr("How much the notes of the two tracks rub against each other."),
        "loudness_dip": _tr("How far the music falls below the quieter of the two tracks."),
        "loudness_jump": _tr(
            "How much louder or quieter the music suddenly is, from the one track to the other."
        ),
        "bass_overlap": _tr("For how long the bass lines of both tracks are heard together."),
        "kicks": _tr("How far the drum kicks of the one track fall beside those of the other."),
        "click": _tr("A click or crackle that neither track has."),
        "flux": _tr("An abrupt change of the sound that neither track has."),
        "discarded": _tr("Music of both tracks that is not heard because of the transition."),
    }.get(name, "")


def reason_words(reason: str) -> str:
    """Why a transition is flagged, in two or three words."""
    return {
        "roughness": _tr("rough"),
        "dissonance": _tr("notes clash"),
        "loudness_dip": _tr("loudness sags"),
        "loudness_jump": _tr("loudness jumps"),
        "bass_overlap": _tr("bass overlap"),
        "beat_phase": _tr("beats apart"),
        "key": _tr("keys clash"),
        "click": _tr("click"),
        "flux": _tr("sudden change"),
        "discarded": _tr("music left out"),
        "true_peak": _tr("too loud"),
    }.get(reason, reason.replace("_", " "))


def unit_words(unit: str) -> str:
    """A unit as it is shown."""
    return {"points": _tr("points"), "%": _tr("%")}.get(unit, unit)


def figure(value: float, unit: str) -> str:
    """A value with its unit, such as "14.2 points"."""
    return f"{_number(value, unit)} {unit_words(unit)}"


def tracks_figures(name: str, measure: Measure) -> tuple[str, str] | None:
    """What the two tracks alone have, without the unit; None where that says nothing."""
    if name in _WITHOUT_TRACKS or measure.outgoing is None or measure.incoming is None:
        return None
    return _number(measure.outgoing, measure.unit), _number(measure.incoming, measure.unit)


def measure_lines(name: str, measure: Measure) -> str:
    """All there is to say about a measure, line by line."""
    lines = [measure_tip(name), sentence(measure.words)]
    heard = figure(measure.value, measure.unit)
    tracks = tracks_figures(name, measure)
    if tracks is None:
        lines.append(_tr("This transition: {value}").format(value=heard))
    else:
        words = _tr(
            "This transition: {value}; the leaving track {first}, the entering one {second}"
        )
        lines.append(words.format(value=heard, first=tracks[0], second=tracks[1]))
    words = _tr("Worse than both tracks by {excess}; flagged beyond {limit}")
    excess = figure(max(0.0, measure.excess), measure.unit)
    lines.append(words.format(excess=excess, limit=figure(measure.limit, measure.unit)))
    return "\n".join(lines)


def _number(value: float, unit: str) -> str:
    text = f"{value:.{_DECIMALS.get(unit, 1)}f}"
    return text[1:] if text.startswith("-") and not float(text) else text


def _tr(text: str) -> str:
    return QCoreApplication.translate("Quality", text)

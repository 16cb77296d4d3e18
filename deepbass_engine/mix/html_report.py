"""The report of a mix as one web page that needs nothing else: no network, no script, no fonts.

Tables become cards on a narrow screen, colours follow the reader's light or dark, and what a colour
says stands there in words too. The same report gives the same bytes: of the timing nothing is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from deepbass_engine.atomic import replacing
from deepbass_engine.errors import shown
from deepbass_engine.mix.html_drawings import transition_drawing
from deepbass_engine.mix.html_style import STYLE
from deepbass_engine.mix.quality import MEASURES, Measure, MeasuredTransition, Quality
from deepbass_engine.mix.report import MixReport, ReportedTransition, spoken, warnings
from deepbass_engine.units import clock_text, seconds_from_frames


@dataclass(frozen=True, slots=True)
class _Words:
    """What a measure is called, why it flags a transition, and what it tells."""

    title: str
    flag: str
    explanation: str
    has_tracks: bool = True
    """Whether a track alone has such a figure."""


_MEASURES = {
    "roughness": _Words(
        "Roughness", "rough", "How harsh and buzzing it sounds, beside the rougher of both tracks."
    ),
    "dissonance": _Words(
        "Clash of notes",
        "notes clash",
        "How much the notes rub against each other; 100 % is the more dissonant track alone.",
    ),
    "loudness_dip": _Words(
        "Sag in loudness",
        "loudness sags",
        "Loudness where it falls furthest below the quieter track, which counts as 0.",
    ),
    "loudness_jump": _Words(
        "Jump in loudness",
        "loudness jumps",
        "How much louder or quieter it gets from track to track, or by playing both at once.",
        has_tracks=False,
    ),
    "bass_overlap": _Words(
        "Two basses at once",
        "bass overlap",
        "For how long the bass lines of both tracks are heard together.",
    ),
    "kicks": _Words(
        "Kicks apart",
        "beats apart",
        "How far the kicks of one track fall from those of the other.",
        has_tracks=False,
    ),
    "click": _Words("Click", "click", "The highest click, beside those that the tracks have."),
    "flux": _Words(
        "Sudden change",
        "sudden change",
        "The most abrupt change of the sound, beside those that the tracks have.",
    ),
    "discarded": _Words(
        "Music left out",
        "music left out",
        "Music of both tracks that is not heard because of the transition.",
    ),
}
_DECIMALS = {"%": 0, "ms": 0}
_NO_FIGURE = "–"


def save_html(report: MixReport, measured: Mapping[int, MeasuredTransition], path: Path) -> None:
    """Write the report as a web page.

    Parameters
    ----------
    report
        The mix. Verdicts and figures are its own.
    measured
        What is drawn of its transitions, by index; one that has none is told without a drawing.
    path
        The file to make or replace.

    Raises
    ------
    OutputError
        If it can't be written.
    """
    page = _page(report, measured)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def _page(report: MixReport, measured: Mapping[int, MeasuredTransition]) -> str:
    name = _file_name(report.output)
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        '<head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{name} - mix report</title>",
        f"<style>{STYLE}</style></head>",
        f'<body><header><p class="kind">Mix report</p><h1>{name}</h1>',
        *_facts(report),
        "</header><main>",
        *_remarks(report),
        *_overview(report),
        *(
            line
            for fade in report.transitions
            for line in _section(report, fade, measured.get(fade.index))
        ),
        *_tracklist(report),
        "</main>",
        f"<footer><p>{_text(_made_by(report))}</p></footer>",
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _facts(report: MixReport) -> list[str]:
    """The mix in a few figures."""
    peak = "silent" if report.peak_dbfs is None else f"{report.peak_dbfs:.1f} dBFS"
    n_flagged = sum(bool(fade.flagged) for fade in report.transitions)
    n_unmeasured = sum(fade.quality is None for fade in report.transitions)
    transitions = f"{len(report.transitions)}"
    if report.transitions:
        transitions += f", {n_flagged} flagged"
    if n_unmeasured:
        transitions += f", {n_unmeasured} not measured"
    facts = {
        "Length": clock_text(report.frames / report.sample_rate_hz),
        "Sample rate": f"{report.sample_rate_hz} Hz",
        "Sample format": report.subtype,
        "Peak": peak,
        "Tracks": f"{len(report.tracks)}",
        "Transitions": transitions,
    }
    if morph := spoken(report):
        facts["NSynth model"] = morph.model
    rows = (f"<div><dt>{name}</dt><dd>{_text(value)}</dd></div>" for name, value in facts.items())
    return ['<dl class="facts">', *rows, "</dl>"]


def _made_by(report: MixReport) -> str:
    """The program and the model, so exactly that the mix can be made again."""
    made_by = f"Made by DeepBass {report.versions.get('deepbass', '')}"
    if morph := spoken(report):
        made_by += f", NSynth by the model {morph.model}, content {morph.content_hash}"
    return made_by


def _remarks(report: MixReport) -> list[str]:
    """Problems, and what was done otherwise than chosen."""
    found = [("To know before using the mix", warnings(report)), ("Notes", report.notes)]
    return [
        line
        for title, remarks in found
        if remarks
        for line in (
            f'<section class="panel"><h2>{title}</h2><ul>',
            *(f"<li>{_text(remark)}</li>" for remark in remarks),
            "</ul></section>",
        )
    ]


def _overview(report: MixReport) -> list[str]:
    """The table of transitions."""
    heads = ("Number", "In the mix", "Tracks", "Length", "How", "Verdict", "Score")
    rows = []
    for fade in report.transitions:
        number = fade.index + 1
        rows.append(
            (
                f'<a href="#transition-{number}">Transition {number}</a>',
                clock_text(_begin_s(report, fade)),
                _pair(report, fade),
                _length(report, fade),
                _manner(fade),
                _verdict(fade),
                _NO_FIGURE if fade.score is None else f"{fade.score:.2f}",
            )
        )
    if not rows:
        return ['<h2 id="transitions">Transitions</h2><p>This mix has none: it is one track.</p>']
    return [
        '<h2 id="transitions">Transitions</h2>',
        "<p>The score adds up how near each measure is to its limit: 0 is as good as the tracks "
        "alone, 1 is a single measure at its limit. The less the better.</p>",
        *_table("Transitions of the mix", heads, rows),
    ]


def _section(
    report: MixReport, fade: ReportedTransition, measured: MeasuredTransition | None
) -> list[str]:
    """All that is known of a transition."""
    number = fade.index + 1
    begin_s, length_s = _begin_s(report, fade), _length_s(report, fade)
    lines = [
        f'<section class="panel" id="transition-{number}">',
        f"<h2>Transition {number}</h2>",
        f'<p class="pair">{_pair(report, fade)}</p>',
        f"<p>At {clock_text(begin_s)} in the mix, {_length(report, fade)}, {_manner(fade)}.</p>",
        f"<p>{_verdict(fade)}</p>",
    ]
    if fade.because:
        lines.append(f"<p>Chosen by {_text(fade.because)}</p>")
    if fade.quality is not None:
        flagged = list(fade.quality.flagged.values())
        if flagged:
            lines += [
                '<ol class="reasons">',
                *(_reason(measure, begin_s) for measure in flagged),
                "</ol>",
            ]
        if measured is not None:
            lines += _figure(number, measured, length_s, flagged)
        lines += _measures(fade.quality, is_open=bool(flagged))
    lines.append('<p><a class="back" href="#transitions">Back to all transitions</a></p></section>')
    return lines


def _reason(measure: Measure, begin_s: float) -> str:
    """Why a transition is flagged, and where that is heard."""
    own, mixed = (
        f"{clock_text(shift_s + measure.range_s[0])} to {clock_text(shift_s + measure.range_s[1])}"
        for shift_s in (0.0, begin_s)
    )
    sentence = f"{measure.words[:1].upper()}{measure.words[1:]}."
    return (
        f'<li>{_text(sentence)} <span class="when">In the transition {own}, in the mix {mixed}.'
        "</span></li>"
    )


def _figure(
    number: int, measured: MeasuredTransition, length_s: float, flagged: Sequence[Measure]
) -> list[str]:
    """The drawing and how to read it."""
    drawing = transition_drawing(number, measured, length_s, flagged)
    if not drawing:
        return []
    marks = "; numbered bars: what is flagged, as numbered above" if flagged else ""
    return [
        f"<figure>{drawing}<figcaption>",
        '<span class="key mixed">mix, bold</span> <span class="key outgoing">leaving track, thin'
        '</span> <span class="key incoming">entering track, dashed</span>',
        f"<br>Times count from where the transition begins. Shaded: the transition{marks}.",
        "</figcaption></figure>",
    ]


def _measures(quality: Quality, *, is_open: bool) -> list[str]:
    """The table of all that was measured."""
    if not quality.measures:
        return ["<p>There was nothing to measure here.</p>"]
    heads = ("Measure", "Heard", "Leaving", "Entering", "Worse by", "Limit", "Verdict")
    rows = []
    for name, measure in quality.measures.items():
        words = _MEASURES[name]
        figures = (
            measure.value,
            measure.outgoing if words.has_tracks else None,
            measure.incoming if words.has_tracks else None,
            max(0.0, measure.excess),
            measure.limit,
        )
        rows.append(
            (
                f"<b>{words.title}</b><small>{words.explanation}</small>",
                *(_number(figure, measure.unit) for figure in figures),
                _mark("flagged", "flagged") if measure.is_flagged else _mark("ok", "within limit"),
            )
        )
    missing = [_MEASURES[name].title for name in MEASURES if name not in quality.measures]
    return [
        f"<details{' open' if is_open else ''}><summary>All measures</summary>",
        "<p>Worse by: how far the transition goes beyond what both tracks have. That counts; "
        "drums are rough in any song.</p>",
        *_table("All that was measured", heads, rows),
        *([f"<p>Nothing to measure here of: {', '.join(missing)}.</p>"] if missing else []),
        "</details>",
    ]


def _tracklist(report: MixReport) -> list[str]:
    """What is played when."""
    return [
        '<section class="panel"><h2>Tracks</h2><ol class="tracks">',
        *(
            f"<li><span>{clock_text(seconds_from_frames(t.start_frame, report.sample_rate_hz))}"
            f"</span> {_file_name(t.path)}</li>"
            for t in report.tracks
        ),
        "</ol></section>",
    ]


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table, each row headed by its first cell; cells are HTML.

    The roles are said because a table laid out as cards is none to a screen reader without them.
    """
    lines = [f'<table role="table"><caption>{caption}</caption>', '<thead role="rowgroup">']
    cells = (f'<th role="columnheader" scope="col">{head}</th>' for head in heads)
    lines += [f'<tr role="row">{"".join(cells)}</tr></thead>', '<tbody role="rowgroup">']
    for first, *others in rows:
        cells = (
            f'<td role="cell" data-label="{head}"><span>{cell}</span></td>'
            for head, cell in zip(heads[1:], others, strict=True)
        )
        header = f'<th role="rowheader" scope="row">{first}</th>'
        lines.append(f'<tr role="row">{header}{"".join(cells)}</tr>')
    return [*lines, "</tbody></table>"]


def _verdict(fade: ReportedTransition) -> str:
    if fade.quality is None:
        return _mark("unknown", "not measured")
    if not fade.quality.flagged:
        return _mark("ok", "not flagged")
    names = {"beat_phase": "kicks"}
    words = (_MEASURES[names.get(reason, reason)].flag for reason in fade.quality.flagged)
    return _mark("flagged", f"flagged: {', '.join(words)}")


def _mark(kind: str, words: str) -> str:
    """A verdict in colour, with a sign and in words."""
    sign = {"ok": "✓", "flagged": "▲", "unknown": "○"}[kind]
    return f'<span class="{kind}"><span aria-hidden="true">{sign}</span> {words}</span>'


def _manner(fade: ReportedTransition) -> str:
    """How a transition is made, in a few words."""
    if not fade.frames:
        return "no fade"
    if fade.nsynth is not None:
        return _text(f"NSynth, {fade.nsynth.morph}, {fade.nsynth.embedding_fade}")
    leaving, _, entering = fade.curve.replace("_", " ").partition(":")
    curve = f"{leaving} out, {entering} in" if entering else leaving
    if fade.join is not None:
        return _text(f"on the beat at {fade.join.tempo_bpm:.1f} BPM, {curve}")
    return _text(f"{'NSynth' if fade.method == 'nsynth' else fade.method}, {curve}")


def _pair(report: MixReport, fade: ReportedTransition) -> str:
    leaving, entering = (_file_name(report.tracks[i].path) for i in (fade.out_track, fade.in_track))
    return f'{leaving} <span class="to">&#8594; {entering}</span>'


def _begin_s(report: MixReport, fade: ReportedTransition) -> float:
    return seconds_from_frames(fade.start_frame, report.sample_rate_hz)


def _length_s(report: MixReport, fade: ReportedTransition) -> float:
    return seconds_from_frames(fade.frames, report.sample_rate_hz)


def _length(report: MixReport, fade: ReportedTransition) -> str:
    return f"{_length_s(report, fade):.2f} s" if fade.frames else "cut"


def _number(value: float | None, unit: str) -> str:
    """A figure with its unit."""
    if value is None:
        return _NO_FIGURE
    text = f"{value:.{_DECIMALS.get(unit, 1)}f}"
    if text.startswith("-"):
        text = f"−{text[1:]}" if float(text) else text[1:]
    return f"{text} {_text(unit)}"


def _file_name(path: str) -> str:
    return _text(Path(path).name or path)


def _text(words: str) -> str:
    """Words as HTML, whatever stands in them; undecodable characters of file names as escapes."""
    return escape(shown(words))

"""What was mixed and how good it is, as one HTML page to read in a browser, also on a phone.

The page needs nothing beside itself: no network, no font, no script. The same report gives the same
bytes; how long the work took is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from deepbass_engine.atomic import replacing
from deepbass_engine.errors import shown
from deepbass_engine.mix.html_drawings import transition_svg
from deepbass_engine.mix.html_style import STYLE
from deepbass_engine.mix.html_words import (
    explanation,
    figure,
    measure_name,
    reason_words,
    sentence,
    tracks_figures,
)
from deepbass_engine.mix.quality import Measure, MeasuredTransition, Quality
from deepbass_engine.mix.report import MixReport, ReportedTransition, warnings
from deepbass_engine.units import clock_text, seconds_from_frames
from deepbass_engine.version import __version__

_KEY = (
    '<ul class="key">'
    '<li><span style="background:var(--text)"></span>mix</li>'
    '<li><span style="background:var(--out)"></span>first track alone</li>'
    '<li><span style="background:var(--in)"></span>second track alone</li>'
    '<li><span style="background:var(--mark)"></span>flagged</li></ul>'
)


def save_html(report: MixReport, measured: Mapping[int, MeasuredTransition], path: Path) -> None:
    """Write the report as a page.

    Parameters
    ----------
    report
        What is told.
    measured
        What is drawn, by the transition's index.
    path
        The file to make or replace.

    Raises
    ------
    OutputError
        If it can't be written.
    """
    name = _text(Path(report.output).name)
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}</title>\n<style>\n{STYLE}\n</style></head>\n<body>\n"
        f"<header><h1>{name}</h1>\n{_facts(report)}</header>\n<main>\n"
        f"{_remarks(report)}{_table(report)}"
        f"{''.join(_section(report, fade, measured) for fade in report.transitions)}"
        f"{_tracklist(report)}</main>\n"
        f"<footer>Made by DeepBass {__version__}</footer>\n</body></html>\n"
    )
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _facts(report: MixReport) -> str:
    judged = [fade for fade in report.transitions if fade.flagged is not None]
    n_flagged = sum(bool(fade.flagged) for fade in judged)
    if not report.transitions:
        verdict = "there are none"
    elif not judged:
        verdict = "not measured"
    else:
        verdict = f"{n_flagged} of {len(judged)} measured"
    facts = {
        "Length": clock_text(_seconds(report, report.frames)),
        "Sound": f"{report.sample_rate_hz} Hz, stereo, {report.subtype}",
        "Peak": "silent" if report.peak_dbfs is None else f"{report.peak_dbfs:.1f} dBFS",
        "Tracks": str(len(report.tracks)),
        "Flagged transitions": verdict,
    }
    rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(fact)}</dd>" for name, fact in facts.items())
    return f"<dl>{rows}</dl>"


def _remarks(report: MixReport) -> str:
    remarks = [*warnings(report), *report.notes]
    if not remarks:
        return ""
    return f"<section><h2>Remarks</h2>{_list(remarks)}</section>\n"


def _table(report: MixReport) -> str:
    """All transitions, a row for each."""
    if not report.transitions:
        return ""
    head = ("#", "Time", "Tracks", "Length", "Made by", "Verdict", "Score")
    rows = []
    for fade in report.transitions:
        leaves, enters = _names(report, fade)
        cells = (
            f'<a href="#transition-{fade.index + 1}">{fade.index + 1}</a>',
            _starts(report, fade),
            f"{leaves} → {enters}",
            f"{_seconds(report, fade.frames):.2f} s",
            _text(_manner(fade)),
            _verdict(fade),
            "–" if fade.score is None else f"{fade.score:.2f}",
        )
        rows.append(_row([_cell(cell, name) for cell, name in zip(cells, head, strict=True)]))
    return (
        "<section><h2>Transitions</h2>"
        + _whole_table(
            "", "The score is 0 where a transition is as good as its tracks; the less the better.",
            head, rows,
        )
        + "</section>\n"
    )  # fmt: skip


def _section(
    report: MixReport, fade: ReportedTransition, measured: Mapping[int, MeasuredTransition]
) -> str:
    """All there is to say about a transition."""
    number, length_s = fade.index + 1, _seconds(report, fade.frames)
    leaves, enters = _names(report, fade)
    how = f"at {_starts(report, fade)} in the mix, {length_s:.2f} s, {_manner(fade)}"
    if not fade.frames:
        how = f"at {_starts(report, fade)} in the mix, a cut"
    parts = [
        f'<section id="transition-{number}"><h2>Transition {number}: {leaves} → {enters}</h2>',
        f"<p>{_verdict(fade)}, {_text(how)}.</p>",
    ]
    if fade.quality is not None:
        parts.append(_reasons(report, fade, fade.quality))
    if fade.because:
        parts.append(f"<p>Why it was chosen: {_text(fade.because)}.</p>")
    if fade.shortened_because:
        asked_s = _seconds(report, fade.asked_frames)
        parts.append(f"<p>Shortened from {asked_s:.2f} s: {_text(fade.shortened_because)}.</p>")
    if fade.quality is not None:
        if fade.index in measured:
            title = (
                f"Waveforms, roughness and dissonance around transition {number}, "
                f"in seconds from where it begins"
            )
            drawing = transition_svg(measured[fade.index], fade.quality, length_s, title)
            parts += [
                drawing,
                f'<p class="secondary">Times from where the transition begins, which is at '
                f"{_starts(report, fade)} in the mix; the transition is shaded grey.</p>{_KEY}",
            ]
        parts.append(_measures(fade.quality))
    return "\n".join([*parts, "</section>\n"])


def _reasons(report: MixReport, fade: ReportedTransition, quality: Quality) -> str:
    """What it is flagged for, and where."""
    start_s = _seconds(report, fade.start_frame)
    lines = []
    for measure in quality.flagged.values():
        here, there = (
            f"{clock_text(measure.range_s[0] + begin_s)} to "
            f"{clock_text(measure.range_s[1] + begin_s)}"
            for begin_s in (0.0, start_s)
        )
        lines.append(
            f"<li>{_text(sentence(measure.words))} "
            f"<small>{here} of the transition, {there} of the mix</small></li>"
        )
    return f'<ul class="reasons">{"".join(lines)}</ul>' if lines else ""


def _measures(quality: Quality) -> str:
    """Every measure with its figures."""
    head = ("Measure", "Mix", "First track", "Second track", "Excess", "Limit", "Verdict")
    rows = [_row(_measure_cells(name, m, head)) for name, m in quality.measures.items()]
    caption = "What was measured. Excess: how much worse the mix is than both of its tracks."
    return _whole_table(' class="measures"', caption, head, rows)


def _measure_cells(name: str, measure: Measure, head: tuple[str, ...]) -> list[str]:
    first, second = tracks_figures(name, measure)
    figures = (
        figure(measure.value, measure.unit),
        first,
        second,
        figure(max(0.0, measure.excess), measure.unit),
        figure(measure.limit, measure.unit),
    )
    verdict = _FLAGGED if measure.is_flagged else _GOOD
    return [
        f'<th scope="row" role="rowheader">{measure_name(name)}'
        f"<small>{explanation(name)}</small></th>",
        *(
            _cell(_text(words), label, "number")
            for words, label in zip(figures, head[1:-1], strict=True)
        ),
        _cell(verdict, head[-1]),
    ]


def _tracklist(report: MixReport) -> str:
    rows = [
        _row(
            [
                _cell(str(number), "#"),
                _cell(clock_text(_seconds(report, track.start_frame)), "Starts at"),
                _cell(_text(Path(track.path).name), "Track"),
            ]
        )
        for number, track in enumerate(report.tracks, start=1)
    ]
    table = _whole_table("", "", ("#", "Starts at", "Track"), rows)
    return f"<section><h2>Tracks</h2>{table}</section>\n"


_GOOD = '<span class="ok">good</span>'
_FLAGGED = '<span class="flagged">flagged</span>'


def _verdict(fade: ReportedTransition) -> str:
    if fade.flagged is None:
        return "not measured"
    if not fade.flagged:
        return _GOOD
    reasons = ", ".join(reason_words(reason) for reason in fade.reasons)
    return f'<span class="flagged">flagged: {_text(reasons)}</span>'


def _manner(fade: ReportedTransition) -> str:
    """How it is made, in a few words."""
    if not fade.frames:
        return "cut"
    if fade.nsynth is not None:
        return f"NSynth, {fade.nsynth.morph}, {fade.nsynth.embedding_fade}"
    return f"{fade.method}, {fade.curve}".replace("_", " ")


def _names(report: MixReport, fade: ReportedTransition) -> tuple[str, str]:
    """The names of both tracks' files."""
    leaves, enters = (
        _text(Path(report.tracks[i].path).name) for i in (fade.out_track, fade.in_track)
    )
    return leaves, enters


def _starts(report: MixReport, fade: ReportedTransition) -> str:
    return clock_text(_seconds(report, fade.start_frame))


def _seconds(report: MixReport, n_frames: int) -> float:
    return seconds_from_frames(n_frames, report.sample_rate_hz)


def _text(words: str) -> str:
    """Words that may have come from a file's name, printable and without markup."""
    return escape(shown(words))


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in lines)}</ul>"


def _cell(content: str, label: str, kind: str = "") -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'<td role="cell" data-label="{label}"{of_kind}><span>{content}</span></td>'


def _row(cells: Iterable[str]) -> str:
    return f'<tr role="row">{"".join(cells)}</tr>'


def _whole_table(kind: str, caption: str, head: Iterable[str], rows: Iterable[str]) -> str:
    """A table whose rows are cards on a narrow screen; the roles outlast the change of display."""
    titles = "".join(f'<th scope="col" role="columnheader">{name}</th>' for name in head)
    titled = f"<caption>{caption}</caption>" if caption else ""
    return (
        f'<table role="table"{kind}>{titled}<thead><tr role="row">{titles}</tr></thead>\n'
        f"<tbody>{''.join(f'{row}\n' for row in rows)}</tbody></table>"
    )

"""`deepbass analyze`: what is known of each track."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import add_flags, named_path, settings_from
from deepbass_engine.errors import PlanError, shown
from deepbass_engine.settings import MixSettings, OutputSettings
from deepbass_engine.units import clock_text

if TYPE_CHECKING:
    from deepbass_engine.analysis.music import Music
    from deepbass_engine.analysis.track import TrackAnalysis

SCHEMA = "deepbass.analysis/1"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "analyze",
        help="print what is known of each track",
        description="Print length, rate, audible span, loudness, tempo and key of audio files, "
        "folders and playlists.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", type=named_path, help="what to analyse")
    add_flags(parser, MixSettings, "trim")
    add_flags(parser, OutputSettings, "jobs")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Analyse, print, and name what could not be."""
    import msgspec

    from deepbass_engine.analysis.track import analyze_tracks
    from deepbass_engine.errors import InputError
    from deepbass_engine.playlists import collect
    from deepbass_engine.project import Problem

    collected = collect(args.paths)
    results = analyze_tracks(
        collected.files,
        settings_from(args, MixSettings).trim,
        music=True,
        jobs=settings_from(args, OutputSettings).jobs,
        on_progress=console.progress,
        cancel=console.cancel,
    )
    known = [r for r in results if not isinstance(r, InputError)]
    problems = [
        *collected.problems,
        *(Problem.from_error(r) for r in results if isinstance(r, InputError)),
        *(problem for r in known for problem in r.problems),
    ]
    if args.json:
        document = {
            "schema": SCHEMA,
            "tracks": [_row(analysis) for analysis in known],
            "problems": msgspec.to_builtins(problems, enc_hook=str),
        }
        console.out(json.dumps(document, indent=2))
    else:
        for analysis in known:
            console.out(_text(analysis))
    for problem in problems:
        console.note(f"deepbass: {problem}")
    if not known:
        raise PlanError("none of the files could be analysed", hint="give audio files or folders")
    return 1 if problems else 0


def _row(analysis: TrackAnalysis) -> dict[str, object]:
    """One track of the JSON document; what is not known of it is null."""
    source, rate_hz = analysis.source, analysis.source.sample_rate_hz
    music = analysis.music
    beats, key = (None, None) if music is None else (music.beats, music.key)
    return {
        "path": str(source.path),
        "duration_s": (source.frames or 0) / rate_hz,
        "sample_rate_hz": rate_hz,
        "channels": source.channels,
        "span_s": [analysis.span.start_frame / rate_hz, analysis.span.end_frame / rate_hz],
        "loudness_lufs": analysis.loudness_lufs if music is None else music.loudness_lufs,
        "loudness_range_lu": None if music is None else music.loudness_range_lu,
        "max_momentary_lufs": None if music is None else music.max_momentary_lufs,
        "max_short_term_lufs": None if music is None else music.max_short_term_lufs,
        "true_peak_dbtp": None if music is None else music.true_peak_dbtp,
        "tempo_bpm": None if beats is None else beats.tempo_bpm,
        "tempo_confidence": None if beats is None else beats.confidence,
        "tempo_is_steady": None if beats is None else beats.is_steady,
        "first_beat_s": None if beats is None else beats.first_beat_s,
        "first_downbeat": None if beats is None else beats.first_downbeat,
        "key": None if key is None else key.name,
        "camelot": None if key is None else key.camelot,
        "key_confidence": None if key is None else key.confidence,
        "warnings": [problem.what for problem in analysis.problems],
    }


def _text(analysis: TrackAnalysis) -> str:
    """One track in lines for a person."""
    source, rate_hz = analysis.source, analysis.source.sample_rate_hz
    length = clock_text((source.frames or 0) / rate_hz)
    start, end = (
        clock_text(frame / rate_hz)
        for frame in (analysis.span.start_frame, analysis.span.end_frame)
    )
    loudness = (
        "" if analysis.loudness_lufs is None else f", loudness {analysis.loudness_lufs:.1f} LUFS"
    )
    return (
        f"{shown(source.path)}\n"
        f"    {length}, {source.container} {source.codec}, {rate_hz} Hz, "
        f"{source.channels} channel{'s' if source.channels > 1 else ''}\n"
        f"    heard from {start} to {end}{loudness}" + _music_text(analysis.music)
    )


def _music_text(music: Music | None) -> str:
    """What a track is as music, on a line of its own; empty where nothing is known."""
    if music is None:
        return ""
    parts = [f"true peak {music.true_peak_dbtp:.1f} dBTP"]
    if (beats := music.beats) is not None:
        drifts = "" if beats.is_steady else ", drifting"
        parts.append(f"{beats.tempo_bpm:.2f} BPM ({beats.confidence:.0%} sure{drifts})")
    if (key := music.key) is not None:
        parts.append(f"{key.name}, {key.camelot} ({key.confidence:.0%} sure)")
    return "\n    " + ", ".join(parts)

"""`deepbass rough`: how rough and how dissonant files are."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import add_flags, named_path, settings_from
from deepbass_engine.errors import PlanError, shown
from deepbass_engine.settings import OutputSettings

if TYPE_CHECKING:
    from deepbass_engine.mix.file_roughness import FileRoughness

SCHEMA = "deepbass.roughness/1"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "rough",
        help="measure how rough and how dissonant files are",
        description="Measure the timbral roughness and the Sethares dissonance of audio files, "
        "folders and playlists. Level does not count, but for roughness below some -60 LUFS. "
        "Drums and distortion are rough by nature: compare a sound with its like, not with a "
        "number.",
    )
    parser.add_argument("paths", nargs="+", metavar="FILE", type=named_path, help="what to measure")
    add_flags(parser, OutputSettings, "jobs")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Measure, print, and name what could not be."""
    import msgspec

    from deepbass_engine.errors import InputError
    from deepbass_engine.mix.file_roughness import measure_files
    from deepbass_engine.playlists import collect
    from deepbass_engine.project import Problem

    collected = collect(args.paths)
    results = measure_files(
        collected.files,
        jobs=settings_from(args, OutputSettings).jobs,
        on_progress=console.progress,
        cancel=console.cancel,
    )
    measured, problems = [], list(collected.problems)
    for path, result in zip(collected.files, results, strict=True):
        if isinstance(result, InputError):
            problems.append(Problem.from_error(result, path))
        else:
            measured.append(result)
            problems += result.problems
    if args.json:
        document = {
            "schema": SCHEMA,
            "files": [_row(each) for each in measured],
            "problems": msgspec.to_builtins(problems, enc_hook=str),
        }
        console.out(json.dumps(document, indent=2))
    else:
        for each in measured:
            console.out(_text(each))
    for problem in problems:
        console.note(f"deepbass: {problem}")
    if not measured:
        raise PlanError(
            "none of the files could be measured", hint="give audio files that hold sound"
        )
    return 1 if problems else 0


def _row(measured: FileRoughness) -> dict[str, object]:
    """One file of the JSON document."""
    return {
        "path": str(measured.path),
        "roughness": measured.roughness,
        "roughness_vassilakis": measured.roughness_vassilakis,
        "dissonance": measured.dissonance,
    }


def _text(measured: FileRoughness) -> str:
    """One file in lines for a person."""
    return (
        f"{shown(measured.path)}\n"
        f"    roughness {measured.roughness:.1f} on a scale of 0 (smooth) to about 90 "
        f"({measured.roughness_vassilakis:.1f} by Vassilakis's formula)\n"
        f"    dissonance {measured.dissonance:.2f} (0 where no two partials grate on each other, "
        "1 to 4 in most music)"
    )

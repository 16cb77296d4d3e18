"""`deepbass demo`: hear what the program does, with no files of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from deepbass_engine.cli.console import Console
from deepbass_engine.errors import OutputError, shown

_DEFAULT_OUTPUT = Path("deepbass-demo.wav")


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "demo",
        help="make three short tracks and mix them; needs no files",
        description="Make three short tracks (drums, bass, chords) and mix them into one.",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help=f"the mix, .wav or .flac (default: {_DEFAULT_OUTPUT}, replaced at every run)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists already")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Make the tracks, mix them, say where everything is."""
    from deepbass_engine.audio.demo_tracks import make_demo_tracks
    from deepbass_engine.cli.mix import tell
    from deepbass_engine.mix.job import mix_project
    from deepbass_engine.mix.report import save_report
    from deepbass_engine.mix.targets import check_target
    from deepbass_engine.project import Project, tracks_of
    from deepbass_engine.settings import OutputSettings, TransitionSpec

    target = (args.output or _DEFAULT_OUTPUT).absolute()
    overwrite = args.overwrite or args.output is None
    output = OutputSettings()
    report_path = target.with_name(f"{target.stem}.report.json")
    check_target(target, [], output.subtype, overwrite=overwrite, beside=[report_path])
    folder = target.with_name(f"{target.stem}-tracks")
    if folder.is_dir() and not overwrite:
        raise OutputError(
            "exists already", path=folder, hint="choose another OUT, or use --overwrite"
        )
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"can't be made: {error.strerror}", path=folder, hint="choose another folder with -o"
        ) from error
    report = mix_project(
        Project(tracks=tracks_of(make_demo_tracks(folder)), default=TransitionSpec(duration_s=4)),
        target,
        output,
        overwrite=overwrite,
        on_progress=console.progress,
        cancel=console.cancel,
    )
    save_report(report, report_path)
    code = tell(report, console)
    console.out(
        "\nThree tracks were made, the silence around them left out, their rates and channels\n"
        "brought together, and each joined to the next by a 4 s equal-power crossfade.\n"
        f"Mix:     {shown(target)}\nReport:  {shown(report_path)}\nTracks:  {shown(folder)}"
    )
    return code

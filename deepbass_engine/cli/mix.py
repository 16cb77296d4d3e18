"""`deepbass mix`: a playlist becomes one continuous mix."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import add_flags, named_path, settings_from
from deepbass_engine.errors import PlanError, SettingError
from deepbass_engine.settings import MixSettings, OutputSettings, TransitionSpec

if TYPE_CHECKING:
    from deepbass_engine.mix.report import MixReport
    from deepbass_engine.project import Problem, Project


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "mix",
        help="mix files, folders and playlists into one file",
        description="Mix audio files, folders and playlists (m3u, m3u8, pls, xspf), in the order "
        "given, into one continuous WAV or FLAC.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", type=named_path, help="what to mix")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", type=Path, help="the mix, .wav or .flac"
    )
    add_flags(parser, TransitionSpec)
    add_flags(parser, MixSettings)
    parser.add_argument(
        "--no-trim",
        dest="trim",
        action="store_const",
        const="none",
        default=argparse.SUPPRESS,
        help="keep silence at the ends of tracks; the same as --trim none",
    )
    add_flags(parser, OutputSettings)
    parser.add_argument(
        "--project",
        metavar="FILE",
        type=Path,
        help="mix this .deepbass project; flags given here come before its settings",
    )
    parser.add_argument(
        "--save-project", metavar="FILE", type=Path, help="save what was mixed as a project"
    )
    parser.add_argument("--report", metavar="FILE", type=Path, help="write a JSON report")
    parser.add_argument("--cue", action="store_true", help="write OUT.cue, a cue sheet")
    parser.add_argument(
        "--tracklist", action="store_true", help="write OUT.tracklist.txt, times and titles"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist already")
    parser.add_argument("--quiet", action="store_true", help="say only what went wrong")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Mix, report, and say how it went."""
    from deepbass_engine import playlists, project_file
    from deepbass_engine.mix.job import mix_project
    from deepbass_engine.project import Project, tracks_of

    target = args.output.absolute()
    problems: tuple[Problem, ...] = ()
    if args.project is not None:
        if args.paths:
            raise SettingError(
                "both a project and files were given",
                hint="leave out either --project or the files",
            )
        project = project_file.load(args.project)
    else:
        collected = playlists.collect(args.paths)
        project, problems = Project(tracks=tracks_of(collected.files)), collected.problems
    project = Project(
        tracks=project.tracks,
        default=settings_from(args, TransitionSpec, project.default),
        mix=_with_whole_path(settings_from(args, MixSettings, project.mix)),
        transitions=project.transitions,
    )
    extras = _extras(args, target, project)
    try:
        report = mix_project(
            project,
            target,
            settings_from(args, OutputSettings),
            overwrite=args.overwrite,
            beside=[path for path, _ in extras],
            also_read=_also_read(args),
            problems=problems,
            on_estimate=lambda estimate: console.say(str(estimate)),
            on_note=lambda note: console.note(f"deepbass: {note}"),
            on_progress=console.progress,
            cancel=console.cancel,
        )
    except PlanError:
        for problem in problems:
            console.note(f"deepbass: {problem}")
        raise
    try:
        for path, save in extras:
            save(report, path)
    finally:  # the mix is there whatever became of the rest
        code = tell(report, console)
    return code


def tell(report: MixReport, console: Console) -> int:
    """Print what was mixed and what was not; returns the exit code."""
    from deepbass_engine.mix.report import summary, warnings

    console.out(summary(report))
    for warning in warnings(report):
        console.note(f"deepbass: {warning}")
    return 1 if report.problems else 0


def _with_whole_path(mix: MixSettings) -> MixSettings:
    """A model that is given as a file by its absolute path, so that a project finds it later."""
    if not mix.model:
        return mix
    from deepbass_engine.nsynth import models

    file = Path(mix.model)
    if mix.model in models.names() or not file.exists():
        return mix
    return msgspec.structs.replace(mix, model=str(file.absolute()))


def _extras(
    args: argparse.Namespace, target: Path, project: Project
) -> list[tuple[Path, Callable[[MixReport, Path], None]]]:
    """What is asked for beside the mix: each file, and what writes it."""
    from deepbass_engine import project_file
    from deepbass_engine.mix.job import with_content_hashes
    from deepbass_engine.mix.report import save_report
    from deepbass_engine.mix.tracklist import save_cue, save_tracklist

    def save_project(_: MixReport, path: Path) -> None:
        project_file.save(with_content_hashes(project), path)

    wanted: list[tuple[Path | None, Callable[[MixReport, Path], None]]] = [
        (args.report, save_report),
        (Path(f"{target}.cue") if args.cue else None, save_cue),
        (Path(f"{target}.tracklist.txt") if args.tracklist else None, save_tracklist),
        (args.save_project, save_project),
    ]
    return [(path.absolute(), save) for path, save in wanted if path is not None]


def _also_read(args: argparse.Namespace) -> list[Path]:
    """Files named on the command line; a project may be saved over itself."""
    if args.project is None or args.project == args.save_project:
        return list(args.paths)
    return [*args.paths, args.project]

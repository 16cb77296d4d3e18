"""`deepbass mix`: a playlist becomes one continuous mix."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import add_flags, named_path, settings_from
from deepbass_engine.cli.mix_steps import (
    also_read,
    in_order,
    is_open,
    measured_styles,
    pinned,
    refuse_targets,
    searched,
)
from deepbass_engine.errors import PlanError, SettingError
from deepbass_engine.settings import (
    USUAL_TARGET_LUFS,
    MixSettings,
    OutputSettings,
    QualityLimits,
    SearchSettings,
    TransitionSpec,
    described,
)

if TYPE_CHECKING:
    from deepbass_engine.mix.quality import MeasuredTransition
    from deepbass_engine.mix.report import MixReport
    from deepbass_engine.project import Problem, Project

_EXIT_LEFT_OUT, _EXIT_FLAGGED = 1, 3
_AUTO = "auto"
_DEFAULTS = {
    "style": "auto; plain where --curve, --duration or --no-trim is given; what a project says "
    "with --project",
    "target_lufs": f"{USUAL_TARGET_LUFS:g} with the style auto, else 0",
}
"""What holds of settings that this command has a default of its own for."""


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "mix",
        help="mix files, folders and playlists into one file",
        description="Mix audio files, folders and playlists (m3u, m3u8, pls, xspf, and "
        "rekordbox's XML and Traktor's NML; one of several lists in it as FILE#NAME), in the order "
        "given, into one continuous WAV or FLAC.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", type=named_path, help="what to mix")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", type=Path, help="the mix, .wav or .flac"
    )
    method, *others = described(TransitionSpec)
    parser.add_argument(
        method.flag,
        dest=method.name,
        choices=(*method.choices, _AUTO),
        default=argparse.SUPPRESS,
        help=f"{method.help}; auto tries both and keeps what measures better "
        f"(default: {method.default})",
    )
    add_flags(parser, TransitionSpec, *(setting.name for setting in others), defaults=_DEFAULTS)
    add_flags(parser, SearchSettings, "n_candidates")
    add_flags(parser, MixSettings, defaults=_DEFAULTS)
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
        "--order",
        choices=("keep", "auto"),
        default="keep",
        help="order of the tracks: keep that in which they are given, or auto, in which their "
        "tempi, keys and loudness go together (default: keep)",
    )
    parser.add_argument(
        "--pin",
        metavar="PLACES",
        default="",
        help="with --order auto: tracks that keep their places, as numbers from 1, first and last, "
        "for instance first,7,last",
    )
    parser.add_argument(
        "--project",
        metavar="FILE",
        type=Path,
        help="mix this .deepbass project; flags given here come before its settings, but "
        "not before what a transition has of its own",
    )
    parser.add_argument(
        "--save-project", metavar="FILE", type=Path, help="save what was mixed as a project"
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        type=Path,
        help="measure every transition, and write a JSON report",
    )
    parser.add_argument(
        "--html-report",
        metavar="FILE",
        type=Path,
        help="measure every transition, and write a report with pictures to be read in a browser",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="measure every transition; if one passes a limit, say so and end with exit code 3, "
        "also where some input was left out",
    )
    parser.add_argument("--cue", action="store_true", help="write OUT.cue, a cue sheet")
    parser.add_argument(
        "--tracklist", action="store_true", help="write OUT.tracklist.txt, times and titles"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist already")
    parser.add_argument("--quiet", action="store_true", help="say only what went wrong")
    limits = parser.add_argument_group(
        "limits of quality",
        "how much worse than both of its tracks a transition may be before it is flagged",
    )
    add_flags(limits, QualityLimits)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Mix, report, and say how it went."""
    from deepbass_engine import playlists, project_file
    from deepbass_engine.mix.job import mix_project
    from deepbass_engine.mix.report import flagged
    from deepbass_engine.mix.transition_cache import TransitionStore
    from deepbass_engine.project import Project, tracks_of

    target = args.output.absolute()
    search = _search(args)
    problems: tuple[Problem, ...] = ()
    if args.project is not None:
        if args.paths:
            raise SettingError(
                "both a project and files were given",
                hint="leave out either --project or the files",
            )
        project = project_file.load(args.project)
        settings = project.default, project.limits, project.mix.target_lufs
    else:
        collected = playlists.collect(args.paths)
        project = Project(tracks=tracks_of(collected.files, collected.given))
        problems = collected.problems
        settings = project.default, project.limits, project.mix.target_lufs
    _settle_style(args)
    project = msgspec.structs.replace(
        project,
        default=settings_from(args, TransitionSpec, project.default),
        mix=_with_whole_path(settings_from(args, MixSettings, project.mix)),
        limits=settings_from(args, QualityLimits, project.limits),
    )
    if (project.default, project.limits, project.mix.target_lufs) != settings:
        project = project.without_reasons()
    _refuse_idle_flags(args, project)
    if args.pin:
        project = pinned(project, args.pin)
    if args.order == "auto":
        project = in_order(project, args, console)
    store = TransitionStore() if project.needs_music else None
    measured: dict[int, MeasuredTransition] = {}
    extras = _extras(args, target, project, measured)
    try:
        if search is not None or is_open(project, args):
            refuse_targets(project, args, target, [path for path, _ in extras])
            if is_open(project, args):
                project = measured_styles(project, args, store, console)
            if search is not None:
                project = searched(project, search, args, console)
            extras = _extras(args, target, project, measured)
        report = mix_project(
            project,
            target,
            settings_from(args, OutputSettings),
            overwrite=args.overwrite,
            transitions=store,
            beside=[path for path, _ in extras],
            also_read=also_read(args),
            problems=problems,
            measure=bool(args.report or args.html_report or args.strict),
            on_estimate=lambda estimate: console.say(str(estimate)),
            on_note=lambda note: console.note(f"deepbass: {note}"),
            on_measured=measured.__setitem__,
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
        if search is not None:
            for fade in report.transitions:
                console.out(f"transition {fade.index + 1}: {fade.because or 'not searched'}")
    if args.strict and (lines := flagged(report)):
        for line in lines:
            console.note(f"deepbass: {line}")
        return _EXIT_FLAGGED
    return code


def _settle_style(args: argparse.Namespace) -> None:
    """Choose a style where none is named: auto, unless a flag or a project says how it is to be.

    Whoever names a curve, a length or that silence is kept means the plain crossfade. With auto
    comes a usual loudness, unless one is named or a project has its own.
    """
    given = vars(args)
    if "style" not in given:
        if "curve" in given or "duration_s" in given or given.get("trim") == "none":
            args.style = "plain"
        elif args.project is None:
            args.style = "auto"
    if given.get("style") == "auto" and args.project is None:
        given.setdefault("target_lufs", USUAL_TARGET_LUFS)


def _refuse_idle_flags(args: argparse.Namespace, project: Project) -> None:
    """Raise `SettingError` for a flag that would do nothing."""
    if "bars" in vars(args) and project.default.style == "plain":
        raise SettingError(
            "--bars are bars on the beat, and the style is plain",
            hint="leave it out, or add --style auto",
        )
    if args.pin and args.order != "auto" and args.save_project is None:
        raise SettingError(
            "--pin keeps places when tracks are put in order, and they are not",
            hint="add --order auto, or --save-project to keep the pins",
        )


def _search(args: argparse.Namespace) -> SearchSettings | None:
    """The search that is asked for; the method that both are tried for is taken out of the flags.

    With the method auto alone each transition is compared with one of the other method.
    """
    is_auto = getattr(args, "method", "") == _AUTO
    if is_auto:
        del args.method
    if not is_auto and not hasattr(args, "n_candidates"):
        return None
    base = SearchSettings(n_candidates=getattr(args, "n_candidates", 2))
    return msgspec.structs.replace(base, methods=("simple", "nsynth") if is_auto else ())


def tell(report: MixReport, console: Console) -> int:
    """Print what was mixed and what was not; returns the exit code."""
    from deepbass_engine.mix.report import summary, warnings

    console.out(summary(report))
    for warning in warnings(report):
        console.note(f"deepbass: {warning}")
    return _EXIT_LEFT_OUT if report.problems else 0


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
    args: argparse.Namespace,
    target: Path,
    project: Project,
    measured: Mapping[int, MeasuredTransition],
) -> list[tuple[Path, Callable[[MixReport, Path], None]]]:
    """What is asked for beside the mix: each file, and what writes it."""
    from deepbass_engine import project_file
    from deepbass_engine.mix.html_report import save_html
    from deepbass_engine.mix.job import with_content_hashes
    from deepbass_engine.mix.report import save_report
    from deepbass_engine.mix.tracklist import save_cue, save_tracklist

    def save_as_html(report: MixReport, path: Path) -> None:
        save_html(report, dict(sorted(measured.items())), path)

    def save_project(_: MixReport, path: Path) -> None:
        project_file.save(with_content_hashes(project), path)

    wanted: list[tuple[Path | None, Callable[[MixReport, Path], None]]] = [
        (args.report, save_report),
        (args.html_report, save_as_html),
        (Path(f"{target}.cue") if args.cue else None, save_cue),
        (Path(f"{target}.tracklist.txt") if args.tracklist else None, save_tracklist),
        (args.save_project, save_project),
    ]
    return [(path.absolute(), save) for path, save in wanted if path is not None]

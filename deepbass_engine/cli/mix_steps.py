"""What `deepbass mix` does to a playlist before it is mixed: order, measured styles, search."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import settings_from
from deepbass_engine.errors import SettingError
from deepbass_engine.settings import OutputSettings, SearchSettings

if TYPE_CHECKING:
    from deepbass_engine.analysis.track import TrackAnalysis
    from deepbass_engine.errors import InputError
    from deepbass_engine.mix.transition_cache import TransitionStore
    from deepbass_engine.project import Project


def _analyses(
    project: Project, args: argparse.Namespace, console: Console
) -> list[TrackAnalysis | InputError]:
    """What is known of the tracks as music; it is remembered for the next who asks."""
    from deepbass_engine.mix.project_tracks import analyze_project

    return analyze_project(
        project,
        music=True,
        jobs=settings_from(args, OutputSettings).jobs,
        on_progress=console.progress,
        cancel=console.cancel,
    )


def pinned(project: Project, places: str) -> Project:
    """The project with the rows at some places pinned.

    Raises
    ------
    SettingError
        If one of them is no place of the playlist.
    """
    n_tracks = len(project.tracks)
    names = {"first": 1, "last": n_tracks}
    wanted = set()
    for text in places.split(","):
        word = text.strip().lower()
        place = names.get(word, int(word) if word.isdecimal() else 0)
        if not 1 <= place <= n_tracks:
            raise SettingError(
                f"--pin {places}: {text.strip() or 'nothing'} is no place among {n_tracks} tracks",
                hint="give numbers from 1, first or last, with commas between",
            )
        wanted.add(place)
    rows = (
        replace(track, is_pinned=track.is_pinned or number in wanted)
        for number, track in enumerate(project.tracks, start=1)
    )
    return replace(project, tracks=tuple(rows))


def in_order(project: Project, args: argparse.Namespace, console: Console) -> Project:
    """The project in an order in which its tracks go together."""
    from deepbass_engine.mix import ordering

    ordered, found = ordering.in_order(
        project,
        _analyses(project, args, console),
        on_progress=console.progress,
        cancel=console.cancel,
    )
    for number, join in enumerate(found.joins, start=1):
        console.say(f"track {number} to {number + 1}: {join.reason}")
    return ordered


def is_open(project: Project, args: argparse.Namespace) -> bool:
    """Whether what auto makes is not settled yet: a project that is given is mixed as it is."""
    return project.default.style == "auto" and (args.project is None or "style" in vars(args))


def refuse_targets(
    project: Project, args: argparse.Namespace, target: Path, beside: Sequence[Path]
) -> None:
    """Find out whether the mix may be written at all, before any work is done for it."""
    from deepbass_engine.mix.targets import check_target

    check_target(
        target,
        [*(track.path for track in project.tracks), *also_read(args)],
        settings_from(args, OutputSettings).subtype,
        overwrite=args.overwrite,
        beside=beside,
    )


def measured_styles(
    project: Project, args: argparse.Namespace, store: TransitionStore | None, console: Console
) -> Project:
    """The project, what is joined on the beat settled by what is measured of it."""
    from deepbass_engine.mix.measured_style import settle_styles

    return settle_styles(
        project,
        _analyses(project, args, console),
        store=store,
        jobs=settings_from(args, OutputSettings).jobs,
        on_progress=console.progress,
        cancel=console.cancel,
    ).project


def searched(
    project: Project, search: SearchSettings, args: argparse.Namespace, console: Console
) -> Project:
    """The project with better transitions."""
    from deepbass_engine.mix.search_job import with_better_transitions

    return with_better_transitions(
        project,
        search,
        settings_from(args, OutputSettings),
        on_estimate=lambda estimate: console.say(str(estimate)),
        on_note=lambda note: console.note(f"deepbass: {note}"),
        on_progress=console.progress,
        cancel=console.cancel,
    )


def also_read(args: argparse.Namespace) -> list[Path]:
    """Files named on the command line; a project may be saved over itself."""
    if args.project is None or args.project == args.save_project:
        return list(args.paths)
    return [*args.paths, args.project]

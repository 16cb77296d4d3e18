"""`deepbass data`: songs made into clips to train on."""

from __future__ import annotations

import argparse
import json
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import add_flags, named_path, settings_from
from deepbass_engine.errors import Cancelled, shown
from deepbass_engine.training.settings import PrepareSettings

if TYPE_CHECKING:
    from deepbass_engine.training.manifest import Manifest

SCHEMA = "deepbass.training-data-report/1"

_EXIT_DONE, _EXIT_LEFT_OUT, _EXIT_CANCELLED = 0, 1, 130


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "data", help="make clips of songs, to train a model on"
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    prepare = verbs.add_parser(
        "prepare",
        help="make clips of a folder of songs",
        description="Make clips of the songs in a folder, in TFRecord files with NSynth's schema. "
        "Stopped or killed, the same command goes on; run again after songs were added, it makes "
        "what has changed. Songs that can't be used are named with the reason, and the exit code "
        "is 1.",
    )
    prepare.add_argument("folder", metavar="DIR", type=named_path, help="the songs")
    prepare.add_argument(
        "-o", "--output", required=True, metavar="DIR", type=named_path, help="the clips"
    )
    add_flags(prepare, PrepareSettings)
    prepare.add_argument(
        "--jobs",
        type=_jobs,
        default=0,
        metavar="N",
        help="songs worked on at once; 0, the default, takes one for each core",
    )
    prepare.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="cut the clips on a Dask cluster, whose machines see the songs and the output under "
        "the same paths; needs the extra cluster",
    )
    prepare.add_argument("--json", action="store_true", help="print one JSON document")
    prepare.add_argument("--quiet", action="store_true", help="say only what went wrong")
    prepare.set_defaults(run=run)


def _jobs(text: str) -> int:
    """Read a number of jobs."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def run(args: argparse.Namespace, console: Console) -> int:
    """Prepare, and say what came of it."""
    from deepbass_engine.training.cluster import shard_makers
    from deepbass_engine.training.prepare import prepare

    makers = shard_makers(args.scheduler) if args.scheduler else nullcontext()
    try:
        with makers as make_shards:
            made = prepare(
                args.folder,
                args.output,
                settings_from(args, PrepareSettings),
                jobs=args.jobs,
                make_shards=make_shards,
                on_progress=console.progress,
                cancel=console.cancel,
            )
    except (Cancelled, KeyboardInterrupt):
        console.note("cancelled; what is done is kept, and the same command goes on")
        return _EXIT_CANCELLED
    if args.json:
        console.out(json.dumps({"schema": SCHEMA, **_facts(made)}, indent=2))
    else:
        console.out(_summary(made))
    for each in made.left_out:
        hint = f" ({each.hint})" if each.hint else ""
        console.note(f"left out: {shown(each.path)}: {each.what}{hint}")
    return _EXIT_LEFT_OUT if made.left_out else _EXIT_DONE


def _summary(made: Manifest) -> str:
    """What is in the folder, for a person."""
    lines = []
    for split, name in (("train", "to train on"), ("valid", "to validate on")):
        songs = [song for song in made.songs if song.split == split]
        n_clips = sum(song.n_clips for song in songs)
        n_files = sum(shard.split == split for shard in made.shards)
        minutes = n_clips * made.settings.seconds / 60
        lines.append(
            f"{name}: {n_clips} clips, {minutes:.1f} min, of {len(songs)} songs, in {n_files} files"
        )
    if made.left_out:
        lines.append(f"left out: {len(made.left_out)} files")
    return "\n".join(lines)


def _facts(made: Manifest) -> dict[str, Any]:
    import msgspec

    facts: dict[str, Any] = msgspec.to_builtins(made)
    del facts["schema"]
    return facts

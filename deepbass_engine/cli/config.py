"""`deepbass config`: make the original's configuration file, or see what one says."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from deepbass_engine.cli.console import Console
from deepbass_engine.errors import shown

_DEFAULT_CONFIG = Path("config.ini")


def add_parser(commands: Any) -> None:
    """Add the command and its two subcommands to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "config",
        help="make or show a config.ini for deepbass crossfade",
        description="Make or show a configuration file for deepbass crossfade.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    new = actions.add_parser(
        "new",
        help="write a commented file to edit",
        description="Write a configuration file with a comment on every key, ready to be edited.",
    )
    new.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        type=Path,
        default=_DEFAULT_CONFIG,
        help=f"the file to write (default: {_DEFAULT_CONFIG})",
    )
    new.add_argument("--overwrite", action="store_true", help="replace FILE if it exists already")
    new.set_defaults(run=run, action="new")
    show = actions.add_parser(
        "show",
        help="print what holds for every key",
        description="Print what holds for every key: what the file says, and defaults.",
    )
    show.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="the configuration file; without one, all defaults",
    )
    show.set_defaults(run=run, action="show")


def run(args: argparse.Namespace, console: Console) -> int:
    """Write a new file, or print what holds."""
    from deepbass_engine import legacy_ini

    if args.action == "new":
        legacy_ini.write_new(args.file, overwrite=args.overwrite)
        name = shown(args.file)
        console.out(
            f"Written: {name}\n"
            f"Edit its part [IO], then run: deepbass crossfade --config {shlex.quote(name)}"
        )
        return 0
    config = None if args.config is None else legacy_ini.load(args.config)
    section = ""
    for each in legacy_ini.effective(config):
        if each.section != section:
            console.out(f"\n[{each.section}]" if section else f"[{each.section}]")
            section = each.section
        is_default = "    (default)" if config is not None and each.is_default else ""
        console.out(f"{each.name} = {shown(each.value)}{is_default}")
    return 0

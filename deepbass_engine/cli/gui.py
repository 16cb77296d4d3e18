"""`deepbass gui`: the window. It is also what `deepbass` opens when no command is given."""

from __future__ import annotations

import argparse
from typing import Any

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import named_path


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "gui",
        help="open the window; so does deepbass without a command",
        description="Open the window, with these files, folders, playlists or this .deepbass "
        "project in it.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", type=named_path, help="what to open")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Open the window; returns when it is closed."""
    from deepbass_gui.launch import main

    return main([path.absolute() for path in args.paths])

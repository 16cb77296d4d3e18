"""The `deepbass` command: finds the subcommand, runs it, turns what happens into an exit code.

Exit codes: 0 done; 1 done, but some input was left out; 2 bad usage or nothing could be done;
3 flagged, under --strict; 130 cancelled. Nothing heavy is imported before a subcommand runs, so
help comes at once.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from deepbass_engine.cli import (
    analyze,
    config,
    crossfade,
    data,
    decode,
    demo,
    devices,
    encode,
    gui,
    mix,
    model,
    rough,
    train,
)
from deepbass_engine.cli.console import Console
from deepbass_engine.errors import Cancelled, DeepBassError
from deepbass_engine.progress import UNSTOPPABLE_THREAD
from deepbass_engine.version import __version__

COMMANDS = (
    gui,
    demo,
    mix,
    analyze,
    rough,
    crossfade,
    config,
    model,
    encode,
    decode,
    data,
    train,
    devices,
)

EXIT_DONE, EXIT_LEFT_OUT, EXIT_FAILED, EXIT_CANCELLED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):  # a file's name may hold what the terminal can't show
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    args, rest = parser.parse_known_args(
        _with_command(sys.argv[1:] if arguments is None else arguments)
    )
    if rest:
        # argparse takes only the first row of paths: those behind a flag are left over
        if not hasattr(args, "paths") or any(word.startswith("-") for word in rest):
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        args.paths = [*args.paths, *map(Path, rest)]
    console = Console()
    console.quiet = getattr(args, "quiet", False)
    try:
        with _cancelled_by_signals(console):
            return int(args.run(args, console))
    except (Cancelled, KeyboardInterrupt):
        console.note("cancelled; nothing was written")
        return EXIT_CANCELLED
    except DeepBassError as error:
        console.note(f"deepbass: {error}")
        return EXIT_FAILED
    except BrokenPipeError:  # whoever read the output has gone
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 (for the flush at exit)
        return EXIT_FAILED
    except Exception:  # left alone it would end with 1, which says that something was done
        console.clear()
        traceback.print_exc()
        console.note("deepbass: this is a fault in DeepBass itself; please report the lines above")
        return EXIT_FAILED
    finally:
        console.clear()


def script() -> None:
    """The command `deepbass`: `main`, and an end at once.

    What can't be stopped and is no longer wanted would be waited for by Python.
    """
    code = main()
    if any(thread.name == UNSTOPPABLE_THREAD for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # it may have been closed
                stream.flush()
        os._exit(code)
    sys.exit(code)


def _with_command(words: Sequence[str]) -> list[str]:
    """The words with the command they mean: no word at all, or a file's name, opens the window."""
    if not words or (not words[0].startswith("-") and Path(words[0]).exists()):
        commands = {command.__name__.rpartition(".")[2] for command in COMMANDS}
        if not words or words[0] not in commands:
            return ["gui", *words]
    return list(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deepbass",
        description="Mix a playlist into one continuous mix. Without a command the window opens.",
        epilog="Exit codes: 0 done; 1 done, but some input was left out; 2 bad usage or nothing "
        "could be done; 3 flagged, under --strict; 130 cancelled.",
    )
    parser.add_argument("--version", action="version", version=f"deepbass {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


@contextlib.contextmanager
def _cancelled_by_signals(console: Console) -> Iterator[None]:
    """Let Ctrl-C and a polite kill cancel the work; a second Ctrl-C ends it the hard way."""

    def cancel(signum: int, frame: object) -> None:
        if console.cancel.cancelled:
            raise KeyboardInterrupt
        console.cancel.cancel()

    before = {}
    asked_to_stop = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP"):  # the terminal was closed
        asked_to_stop.append(signal.SIGHUP)
    for signum in asked_to_stop:
        with contextlib.suppress(ValueError):  # not in the main thread
            before[signum] = signal.signal(signum, cancel)
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


if __name__ == "__main__":
    sys.exit(main())

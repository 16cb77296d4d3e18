"""`deepbass devices`: what can decode NSynth here, and why the rest can't."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from deepbass_engine.cli.console import Console

if TYPE_CHECKING:
    from deepbass_engine.nsynth.backends import DeviceFacts

SCHEMA = "deepbass.devices/1"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "devices",
        help="print what can decode NSynth here, and why the rest can't",
        description="Print the devices that can decode NSynth encodings here, the precisions "
        "each can compute in, and why the others can't.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Look, and print."""
    import msgspec

    from deepbass_engine.nsynth.backends import choose, devices

    found = devices()
    default = choose(found=found)
    if args.json:
        document = {
            "schema": SCHEMA,
            "default": default._asdict(),
            "devices": msgspec.to_builtins(found),
        }
        console.out(json.dumps(document, indent=2))
    else:
        for facts in found:
            console.out(_text(facts))
        console.out(f"Without a choice: {default.device} in {default.precision}")
    return 0


def _text(facts: DeviceFacts) -> str:
    """One device in lines for a person."""
    usable = ", ".join(facts.precisions) or "can't be used"
    return "\n    ".join([f"{facts.device}: {usable}", *filter(None, [facts.name]), *facts.reasons])

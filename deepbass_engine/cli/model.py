"""`deepbass model`: the NSynth models on this machine."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import named_path
from deepbass_engine.errors import DeepBassError, ModelError, shown

if TYPE_CHECKING:
    from deepbass_engine.nsynth.autoencoder import Autoencoder
    from deepbass_engine.nsynth.models import ModelFacts

LIST_SCHEMA = "deepbass.models/1"
INFO_SCHEMA = "deepbass.model/1"

_BUNDLED = "comes with DeepBass"


def add_parser(commands: Any) -> None:
    """Add the command and its subcommands to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "model",
        help="import, list and remove NSynth models",
        description="The NSynth models on this machine.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_import(actions)
    listing = actions.add_parser(
        "list",
        help="print the models there are",
        description="Print the models on this machine. The one marked * is used where none is "
        "named: the one imported last, else the one that comes with DeepBass.",
    )
    listing.add_argument("--json", action="store_true", help="print one JSON document")
    listing.set_defaults(run=_list)
    info = actions.add_parser(
        "info",
        help="print what is known of a model",
        description="Print shape, source and place of a model.",
    )
    info.add_argument("name", metavar="NAME", help="a model of deepbass model list")
    info.add_argument("--json", action="store_true", help="print one JSON document")
    info.set_defaults(run=_info)
    remove = actions.add_parser(
        "remove",
        help="delete a model",
        description="Delete an imported model from this machine. One that comes with DeepBass "
        "stays.",
    )
    remove.add_argument("name", metavar="NAME", help="a model of deepbass model list")
    remove.set_defaults(run=_remove)


def chosen_model(name: str, console: Console) -> Autoencoder:
    """The model of this name or file; without one, the default one."""
    from deepbass_engine.nsynth import models

    name = name or models.default_name() or ""
    if not name:
        raise ModelError("there is no model yet", hint="get one by deepbass model import PATH")
    return models.load_model(name, on_progress=console.progress, cancel=console.cancel)


def _add_import(actions: Any) -> None:
    parser: argparse.ArgumentParser = actions.add_parser(
        "import",
        help="take in a checkpoint or a model file",
        description="Check a model and keep it under a name. PATH is a TensorFlow checkpoint of an "
        "NSynth WaveNet autoencoder (a .tar or .tar.gz, a folder, a checkpoint's prefix or its "
        ".index) or a model file (.safetensors).",
    )
    parser.add_argument("path", metavar="PATH", type=named_path, help="what to import")
    parser.add_argument("--name", required=True, metavar="NAME", help="what to call it")
    parser.add_argument("--overwrite", action="store_true", help="replace a model of this name")
    for flag, text in (
        ("--hop", "samples to one frame of an encoding (default: 512)"),
        ("--dilation-cycle", "layers after which the decoder's dilations begin anew (default: 10)"),
        ("--encoder-dilation-cycle", "the same of the encoder (default: 10)"),
    ):
        parser.add_argument(
            flag, type=int, metavar="N", default=argparse.SUPPRESS, help=f"of a checkpoint: {text}"
        )
    parser.set_defaults(run=_import)


def _import(args: argparse.Namespace, console: Console) -> int:
    """Import, and say what was found."""
    from deepbass_engine.nsynth import models
    from deepbass_engine.nsynth.checkpoints import Untold

    untold = {name: getattr(args, name) for name in Untold.__struct_fields__ if hasattr(args, name)}
    facts = models.import_model(
        args.path,
        args.name,
        untold=Untold(**untold) if untold else None,
        overwrite=args.overwrite,
        on_progress=console.progress,
        cancel=console.cancel,
    )
    console.out(f"Imported: {facts.name}\n{_text(facts)}")
    return 0


def _list(args: argparse.Namespace, console: Console) -> int:
    """Print one line for each model, and name those that are damaged."""
    from deepbass_engine.nsynth import models

    found, problems = [], []
    for name in models.names():
        try:
            found.append(models.facts(name))
        except DeepBassError as error:
            problems.append(error)
    default = models.default_name()
    if args.json:
        document = {
            "schema": LIST_SCHEMA,
            "default": default,
            "models": [_row(facts) for facts in found],
            "problems": [
                {"path": str(each.path), "line": None, "what": each.what, "hint": each.hint}
                for each in problems
            ],
        }
        console.out(json.dumps(document, indent=2))
    elif not found and not problems:
        console.note("deepbass: no model is installed: see deepbass model import --help")
    else:
        width = max((len(facts.name) for facts in found), default=0)
        for facts in found:
            mark = "*" if facts.name == default else " "
            bundled = f", {_BUNDLED}" if facts.bundled else ""
            console.out(f"{mark} {facts.name:<{width}}  {_shape(facts)}{bundled}")
    for problem in problems:
        console.note(f"deepbass: {problem}")
    return 1 if problems else 0


def _info(args: argparse.Namespace, console: Console) -> int:
    """Print all that is known of a model."""
    from deepbass_engine.nsynth import models

    facts = models.facts(args.name)
    if args.json:
        console.out(json.dumps({"schema": INFO_SCHEMA, **_row(facts)}, indent=2))
    else:
        console.out(f"{facts.name}\n{_text(facts)}")
    return 0


def _remove(args: argparse.Namespace, console: Console) -> int:
    """Delete a model."""
    from deepbass_engine.nsynth import models

    models.remove(args.name)
    console.out(f"Removed: {args.name}")
    return 0


def _row(facts: ModelFacts) -> dict[str, object]:
    """One model of a JSON document."""
    import msgspec

    return {
        "name": facts.name,
        "bundled": facts.bundled,
        "path": str(facts.path),
        "bytes": facts.n_bytes,
        "parameters": facts.config.n_parameters,
        "config": msgspec.to_builtins(facts.config),
        "source": msgspec.to_builtins(facts.source),
    }


def _shape(facts: ModelFacts) -> str:
    config = facts.config
    return (
        f"{config.layers} layers of width {config.width}, {config.n_z} numbers every "
        f"{config.hop} samples, {config.n_parameters:,} parameters"
    )


def _text(facts: ModelFacts) -> str:
    """One model in lines for a person."""
    config, source = facts.config, facts.source
    return "\n".join(
        (
            f"    {_shape(facts)}",
            f"    encoder of {config.encoder_layers} layers of width {config.encoder_width}",
            f"    from {shown(source.origin)}",
            *(f"    {shown(note)}" for note in source.notes),
            *((f"    trained for {source.trained_steps:,} steps",) if source.trained_steps else ()),
            *((f"    {_BUNDLED}",) if facts.bundled else ()),
            f"    written {source.written_at[:19]} UTC, content {source.content_hash}",
            f"    in {shown(facts.path)}, {facts.n_bytes:,} bytes",
        )
    )

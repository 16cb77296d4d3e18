"""`deepbass encode`: an audio file becomes NSynth encodings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import add_flags, named_path, settings_from
from deepbass_engine.cli.model import chosen_model
from deepbass_engine.errors import shown
from deepbass_engine.settings import MixSettings
from deepbass_engine.units import clock_text, seconds_from_frames


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "encode",
        help="turn an audio file into NSynth encodings",
        description="Encode an audio file of any rate and number of channels: mixed to mono, "
        "brought to 16 kHz, and turned into one row of numbers for each frame of the model.",
    )
    parser.add_argument("file", metavar="IN", type=named_path, help="the audio file")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT.npy", type=Path, help="the encodings"
    )
    add_flags(parser, MixSettings, "model")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists already")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Encode, and say what was made of what."""
    from deepbass_engine.nsynth import files
    from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ

    target = args.output.absolute()
    with files.new_file(target, args.file, ".npy", overwrite=args.overwrite) as temporary:
        model = chosen_model(settings_from(args, MixSettings).model, console)
        encoded = files.encode_file(
            model, args.file, on_progress=console.progress, cancel=console.cancel
        )
        files.save_encodings(temporary, encoded.encodings)
    source = encoded.source
    if source.channels > 1 or source.sample_rate_hz != SAMPLE_RATE_HZ:
        done = ["mixed to mono"] if source.channels > 1 else []
        if source.sample_rate_hz != SAMPLE_RATE_HZ:
            done.append(f"brought from {source.sample_rate_hz} to {SAMPLE_RATE_HZ} Hz")
        console.note(f"deepbass: {shown(source.path)}: {' and '.join(done)}")
    n_frames, n_z = encoded.encodings.shape
    length_s = seconds_from_frames(n_frames * model.config.hop, SAMPLE_RATE_HZ)
    console.out(
        f"Written: {shown(target)}\n"
        f"    {n_frames} frames of {n_z} numbers, {clock_text(length_s)}, by the model {model.name}"
    )
    for problem in encoded.problems:
        console.note(f"deepbass: {problem}")
    return 1 if encoded.problems else 0

"""`deepbass decode`: NSynth encodings become audio."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import add_flags, named_path, settings_from
from deepbass_engine.cli.model import chosen_model
from deepbass_engine.errors import shown
from deepbass_engine.settings import MixSettings, OutputSettings, TransitionSpec
from deepbass_engine.units import clock_text, seconds_from_frames


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "decode",
        help="turn NSynth encodings into audio",
        description="Decode encodings, as deepbass encode writes them, into a WAV file: 16 kHz, "
        "mono, 16 bit.",
    )
    parser.add_argument("file", metavar="IN.npy", type=named_path, help="the encodings")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT.wav", type=Path, help="the audio"
    )
    add_flags(parser, MixSettings, "model")
    add_flags(parser, TransitionSpec, "seed")
    add_flags(parser, OutputSettings, "device", "precision")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists already")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Say how long it will take, decode, and say what was made."""
    from deepbass_engine.nsynth import backends, files
    from deepbass_engine.nsynth.batch import Stream, decode_streams, measured_step_s
    from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ

    target, seed = args.output.absolute(), settings_from(args, TransitionSpec).seed
    output = settings_from(args, OutputSettings)
    with files.new_file(target, args.file, ".wav", overwrite=args.overwrite) as temporary:
        model = chosen_model(settings_from(args, MixSettings).model, console)
        encodings = files.load_encodings(args.file, model.config)
        choice = backends.choose(output.device, output.precision)
        step_s = measured_step_s(
            model, 1, choice, on_progress=console.progress, cancel=console.cancel
        )
        n_samples = len(encodings) * model.config.hop
        length = clock_text(seconds_from_frames(n_samples, SAMPLE_RATE_HZ))
        console.note(
            f"deepbass: decoding {length} takes about {clock_text(n_samples * step_s)} "
            f"({choice.device}, {choice.precision})"
        )
        (classes,) = decode_streams(
            model,
            [Stream(encodings, seed)],
            choice,
            on_note=lambda text: console.note(f"deepbass: {text}"),
            on_progress=console.progress,
            cancel=console.cancel,
        )
        temporary.write_bytes(files.wav_of(classes))
    console.out(
        f"Written: {shown(target)}\n"
        f"    {length}, {SAMPLE_RATE_HZ} Hz, mono, seed {seed}, by the model {model.name}"
    )
    return 0

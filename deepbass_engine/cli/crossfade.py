"""`deepbass crossfade`: the original program's job, from its configuration file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import add_flags, settings_from
from deepbass_engine.cli.model import chosen_model
from deepbass_engine.errors import shown
from deepbass_engine.settings import MixSettings, OutputSettings, TransitionSpec
from deepbass_engine.units import clock_text, db_from_gain, seconds_from_frames

if TYPE_CHECKING:
    from deepbass_engine.legacy_ini import LegacyConfig
    from deepbass_engine.mix.original_job import OriginalResult
    from deepbass_engine.mix.original_stretches import Stretch

_DEFAULT_CONFIG = Path("config.ini")


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "crossfade",
        help="crossfade the end of one song into another, as config.ini says",
        description="Crossfade the end of one song into the beginning of another, as a "
        "configuration file says, and write the crossfade and what it was made of. See "
        "deepbass config new for such a file. A model named here comes before the file's.",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        default=_DEFAULT_CONFIG,
        help=f"the configuration file (default: {_DEFAULT_CONFIG})",
    )
    add_flags(parser, TransitionSpec, "method", "seed")
    add_flags(parser, MixSettings, "model")
    add_flags(parser, OutputSettings, "device", "precision")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Do the job, and say what was made of what."""
    from deepbass_engine.legacy_ini import load
    from deepbass_engine.mix.original_job import run_original

    config = load(args.config)
    spec = settings_from(args, TransitionSpec)
    if spec.method == "nsynth":
        return _run_nsynth(args, config, spec.seed, console)
    result = run_original(
        config, seed=spec.seed, on_progress=console.progress, cancel=console.cancel
    )
    return _tell(result, result.crossfade.style, config, console)


def _run_nsynth(args: argparse.Namespace, config: LegacyConfig, seed: int, console: Console) -> int:
    """Do the job through a model; say before how long that takes."""
    from deepbass_engine.mix.estimate import time_text
    from deepbass_engine.mix.original_job import run_original_nsynth
    from deepbass_engine.mix.original_nsynth import model_asked
    from deepbass_engine.nsynth import backends
    from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ

    output = settings_from(args, OutputSettings)
    choice = backends.choose(output.device, output.precision)
    model = chosen_model(settings_from(args, MixSettings).model or model_asked(config), console)
    how = f"model {model.name}, {choice.device}, {choice.precision}"
    if config.sample_rate_hz != SAMPLE_RATE_HZ:
        console.note(
            f"deepbass: NSynth knows no rate but {SAMPLE_RATE_HZ} Hz: samplingrate = "
            f"{config.sample_rate_hz} is not used"
        )
    result = run_original_nsynth(
        config,
        model,
        choice,
        seed=seed,
        on_estimate=lambda seconds: console.say(
            f"deepbass: decoding takes {time_text(seconds)} ({how})"
        ),
        on_note=lambda text: console.note(f"deepbass: {text}"),
        on_progress=console.progress,
        cancel=console.cancel,
    )
    style = f"{result.crossfade.style} through NSynth ({how}, seed {seed})"
    return _tell(result, style, config, console)


def _tell(result: OriginalResult, style: str, config: LegacyConfig, console: Console) -> int:
    """Print what was made and what was not as asked; returns the exit code."""
    console.out(_summary(result, style, config.save_directory))
    crossfade = result.crossfade
    if crossfade.shortened_because:
        asked_s = seconds_from_frames(crossfade.asked_frames, crossfade.sample_rate_hz)
        console.note(
            f"deepbass: the fade is shorter than the {asked_s:g} s asked for: "
            f"{crossfade.shortened_because}"
        )
    if crossfade.peak > 1:
        console.note(
            f"deepbass: the mix passes full scale by {db_from_gain(crossfade.peak):.1f} dB; the "
            "files hold it, a player may clip it"
        )
    if result.roughness is None:
        console.note(
            "deepbass: the crossfade is silent, so it has no roughness and no file that tells it"
        )
    for problem in crossfade.problems:
        console.note(f"deepbass: {problem}")
    return 1 if crossfade.problems else 0


def _summary(result: OriginalResult, style: str, folder: Path) -> str:
    crossfade = result.crossfade
    rate_hz = crossfade.sample_rate_hz
    length_s = seconds_from_frames(crossfade.n_frames, rate_hz)
    names = "\n".join(f"    {shown(path.name)}" for path in result.files)
    roughness = (
        ""
        if result.roughness is None
        else f"Roughness:    {result.roughness:.1f} on a scale of 0 to about 90\n"
    )
    return (
        f"First song:   {_song(crossfade.first, rate_hz, 'end')}\n"
        f"Second song:  {_song(crossfade.second, rate_hz, 'beginning')}\n"
        f"Crossfade:    {style}, {length_s:.2f} s, {rate_hz} Hz, mono\n"
        f"{roughness}"
        f"Written to {shown(folder)}:\n{names}"
    )


def _song(stretch: Stretch, rate_hz: int, where: str) -> str:
    length = clock_text(seconds_from_frames(stretch.n_frames, rate_hz))
    silence_s = seconds_from_frames(stretch.silence.n_frames, rate_hz)
    trimmed = f", {silence_s:.2f} s of silence at its {where} left out" if silence_s else ""
    return f"{shown(stretch.path.name)}, {length}{trimmed}"

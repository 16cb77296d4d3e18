"""`deepbass train`: a model from prepared clips."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from deepbass_engine.cli.console import Console
from deepbass_engine.cli.flags import add_flags, named_path, settings_from
from deepbass_engine.errors import Cancelled
from deepbass_engine.training.settings import TrainSettings

if TYPE_CHECKING:
    from deepbass_engine.training.log import Report

_EXIT_CANCELLED = 130


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "train",
        help="train a model on clips that data prepare has made",
        description="Train a model on clips that `deepbass data prepare` has made, or go on where "
        "the training in --out stands. Needs the extra train: pip install 'deepbass[train]'. "
        "OUT/model.safetensors is the best so far, ready for `deepbass mix --method nsynth "
        "--model`.",
    )
    parser.add_argument(
        "--data", type=named_path, required=True, metavar="DIR", help="folder of prepared clips"
    )
    parser.add_argument(
        "--out", type=named_path, required=True, metavar="DIR", help="folder of the training"
    )
    add_flags(parser, TrainSettings)
    parser.add_argument("--quiet", action="store_true", help="say only what went wrong")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Train, and say how it goes and went."""
    from deepbass_engine.training import manifest

    manifest.read(args.data)  # before a framework is loaded, which takes its time
    from deepbass_engine.training.learners import backend

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # what TensorFlow says at its start
    settings = settings_from(args, TrainSettings)
    console.say(f"training on {backend()}")
    from deepbass_engine.training.train import MODEL_NAME, train

    try:
        standing = train(
            args.data,
            args.out,
            settings,
            on_report=lambda report: console.say(report_line(report)),
            on_progress=console.progress,
            cancel=console.cancel,
        )
    except (Cancelled, KeyboardInterrupt):
        console.note("stopped and saved; the same command goes on")
        return _EXIT_CANCELLED
    console.out(
        f"Trained {standing.step} steps; the best, of step {standing.best_step}, has a validation "
        f"loss of {standing.best_loss:.4f} nats a sample: {args.out / MODEL_NAME}"
    )
    return 0


def report_line(report: Report) -> str:
    """A report as one line for a person."""
    from msgspec import UNSET

    start = f"step {report.step} of {report.n_steps}:"
    valid = "" if report.valid_loss is UNSET else f" validation {report.valid_loss:.4f},"
    if report.train_loss is UNSET:
        return f"{start}{valid}".rstrip(",")
    minutes, seconds = divmod(round(report.left_s), 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s"
    return (
        f"{start} loss {report.train_loss:.4f},{valid} "
        f"{report.samples_per_s:,.0f} samples/s, {left} left"
    )

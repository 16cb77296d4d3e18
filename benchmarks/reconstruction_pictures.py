"""Pictures of a reconstruction and of the training behind it, as small PNG files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import log_mel
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE_INCHES, _DOTS_PER_INCH = (8.0, 5.0), 100
_TICKS_HZ = (250, 500, 1000, 2000, 4000)
_COLOURS = {"training": "#b5b5b5", "validation": "#0072b2"}


def pair(
    title: str,
    original: NDArray[np.float32],
    resynthesis: NDArray[np.float32],
    target: Path,
) -> None:
    """Draw the log-mel spectrograms that the distance compares, the original's above."""
    from matplotlib.figure import Figure

    figure = Figure(_SIZE_INCHES, layout="constrained")
    figure.suptitle(title)
    upper, lower = figure.subplots(2, 1, sharex=True, sharey=True)
    length_s = len(original) / log_mel.RATE_HZ
    top_mel = _mel(log_mel.RATE_HZ / 2)
    both = log_mel.spectrograms_db(original, resynthesis)
    for axes, name, db in zip((upper, lower), ("Original", "Resynthesis"), both, strict=True):
        image = axes.imshow(
            db.T, origin="lower", aspect="auto", extent=(0, length_s, 0, top_mel),
            vmin=log_mel.FLOOR_DB, vmax=0, cmap="magma", interpolation="nearest",
        )  # fmt: skip
        axes.set_ylabel(f"{name}\nHz")
        axes.set_yticks([_mel(hz) for hz in _TICKS_HZ], [str(hz) for hz in _TICKS_HZ])
    lower.set_xlabel("s")
    figure.colorbar(image, ax=[upper, lower], label="dB, 0 at the original's loudest")
    _save(figure, target)


def losses(log: Path, target: Path) -> Path:
    """Draw training and validation loss over steps from a training's log; returns the picture."""
    from matplotlib.figure import Figure

    figure = Figure((_SIZE_INCHES[0], 4.0), layout="constrained")
    axes = figure.subplots()
    for name, found in points(log).items():
        if found:
            label = f"{name}, {found[-1][1]:.3f} at step {found[-1][0]}"
            axes.plot(*zip(*found, strict=True), color=_COLOURS[name], label=label)
    axes.set_xlabel("step")
    axes.set_ylabel("nats a sample")
    axes.grid(alpha=0.3)
    axes.legend()
    _save(figure, target)
    return target


def points(log: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and losses of a log, of which each line is a JSON object, by the losses' names."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return {
        name: [(line["step"], line[key]) for line in lines if line.get(key) is not None]
        for name, key in (("training", "train_loss"), ("validation", "valid_loss"))
    }


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))


def _save(figure: Figure, target: Path) -> None:
    figure.savefig(target, dpi=_DOTS_PER_INCH)

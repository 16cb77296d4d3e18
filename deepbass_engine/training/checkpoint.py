"""Checkpoints of a training: everything it needs to go on as if it had not been stopped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from deepbass_engine import atomic
from deepbass_engine.errors import ModelError

SCHEMA = "deepbass.training/1"

_KEPT = 2
_NAME = re.compile(r"step-(\d{8})\.safetensors")


class Standing(Struct, frozen=True, kw_only=True):
    """How far a training is.

    Attributes
    ----------
    step
        Steps done.
    best_loss, best_step
        Lowest validation loss so far, in nats a sample, and the step it was found at; None before
        the first evaluation.
    n_worse
        Evaluations since.
    evaluated_step
        Step of the last evaluation.
    """

    step: int = 0
    best_loss: float | None = None
    best_step: int = 0
    n_worse: int = 0
    evaluated_step: int = 0


def save(folder: Path, standing: Standing, state: Mapping[str, NDArray[Any]]) -> Path:
    """Write a checkpoint, whole or not at all, and remove all but the last two.

    Raises
    ------
    OutputError
        If it can't be written; those before it are kept.
    """
    from safetensors.numpy import save as serialized

    metadata = {"schema": SCHEMA, "standing": msgspec.json.encode(standing).decode()}
    path = folder / f"step-{standing.step:08d}.safetensors"
    with atomic.replacing(path) as temporary:
        temporary.write_bytes(serialized(dict(state), metadata))
    for old in _all(folder)[:-_KEPT]:
        old.unlink(missing_ok=True)
    return path


def latest(folder: Path) -> Path | None:
    """The newest checkpoint, None where there is none."""
    found = _all(folder)
    return found[-1] if found else None


def load(path: Path) -> tuple[Standing, dict[str, NDArray[Any]]]:
    """Read a checkpoint.

    Raises
    ------
    ModelError
        If it is damaged or none of ours.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("schema") != SCHEMA:
                raise ModelError(
                    "is no checkpoint of a training", path=path, hint="move it out of this folder"
                )
            standing = msgspec.json.decode(metadata["standing"], type=Standing)
            return standing, {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    except (OSError, SafetensorError, KeyError, msgspec.DecodeError) as error:
        raise ModelError(
            f"is a damaged checkpoint: {error}",
            path=path,
            hint="delete it to go on from the one before",
        ) from error


def _all(folder: Path) -> list[Path]:
    """Checkpoints of a folder, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))

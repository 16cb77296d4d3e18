"""What was asked of a training, kept in its folder, so that nothing else goes on there."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct, structs

from deepbass_engine import atomic
from deepbass_engine.errors import OutputError, SettingError
from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.settings import described
from deepbass_engine.training.settings import CHANGEABLE, TrainSettings

NAME = "run.json"
SCHEMA = "deepbass.training-run/1"


class Run(Struct, frozen=True, kw_only=True):
    """A training, as it was asked for.

    Attributes
    ----------
    settings
        As given.
    config
        Shape of the model.
    base_hash
        Content hash of the model it began with, if any.
    start_step
        Step of the published schedule it began at.
    data_hash
        Hash of the manifest of its clips.
    """

    settings: TrainSettings
    config: WaveNetConfig
    base_hash: str
    start_step: int
    data_hash: str
    schema: str = SCHEMA


def begin_or_go_on(folder: Path, run: Run, *, writes: bool) -> None:
    """Note a training in its folder, or see that it is the one that is noted there.

    Parameters
    ----------
    folder
        Made if it is not there.
    run
        What is asked for.
    writes
        Whether this process writes; the others only look.

    Raises
    ------
    OutputError
        If the folder is another's, or can't be made or written.
    SettingError
        If a setting that must stay has changed; it is named.
    """
    path = folder / NAME
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Run)
    except FileNotFoundError:
        if writes:
            _make(folder)
            _note(path, run)
        return
    except (OSError, msgspec.DecodeError) as error:
        raise OutputError(
            f"can't be read: {error}", path=path, hint="give another folder with --out"
        ) from error
    for setting in described(TrainSettings):
        before, now = getattr(found.settings, setting.name), getattr(run.settings, setting.name)
        if before != now and setting.name not in CHANGEABLE:
            raise SettingError(
                f"the training in {folder} has {setting.flag} {before}, not {now}",
                hint="give what it has to go on, or another --out to begin anew",
            )
    if found.data_hash != run.data_hash:
        raise SettingError(
            f"the training in {folder} was begun on other clips",
            hint="give their folder with --data, or another --out to begin anew on these",
        )
    if (found.base_hash, found.config) != (run.base_hash, run.config):
        raise SettingError(
            f"the training in {folder} was begun with another model",
            hint="give that one with --from, or another --out to begin anew",
        )
    if writes and found != run:
        _note(path, structs.replace(run, start_step=found.start_step))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OutputError(
                "holds something else than a training", path=folder, hint="give a new folder"
            )
    except OSError as error:
        raise OutputError(
            f"can't be made: {error.strerror or error}", path=folder, hint="give another folder"
        ) from error


def _note(path: Path, run: Run) -> None:
    with atomic.replacing(path) as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")

"""What a folder of prepared clips holds, how it was made, and what was left out."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from deepbass_engine import atomic
from deepbass_engine.errors import InputError
from deepbass_engine.training.settings import PrepareSettings

NAME = "manifest.json"
SCHEMA = "deepbass.training-data/1"

Split = Literal["train", "valid"]


class Song(Struct, frozen=True, kw_only=True):
    """A song that was used: its file, the hash of its content, and what came of it."""

    path: str
    content_hash: str
    split: Split
    duration_s: float
    n_clips: int


class Shard(Struct, frozen=True, kw_only=True):
    """A file of clips."""

    name: str
    split: Split
    n_clips: int
    n_bytes: int
    sha256: str


class LeftOut(Struct, frozen=True, kw_only=True):
    """A file that was not used, why, and what to do about it."""

    path: str
    what: str
    hint: str = ""


class _Versioned(Struct):
    """What every manifest says, of whatever version."""

    schema: str


class Manifest(Struct, frozen=True, kw_only=True):
    """A folder of prepared clips."""

    settings: PrepareSettings
    songs: tuple[Song, ...]
    shards: tuple[Shard, ...]
    left_out: tuple[LeftOut, ...]
    schema: str = SCHEMA


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a folder; until then the folder is unfinished.

    Raises
    ------
    OutputError
        If it can't be written.
    """
    with atomic.replacing(folder / NAME) as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")


def read(folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises
    ------
    InputError
        If there is none, or it can't be read, or is of another version.
    """
    path = folder / NAME
    try:
        content = path.read_bytes()
        schema = msgspec.json.decode(content, type=_Versioned).schema
        if schema != SCHEMA:
            raise InputError(
                f"has the schema {schema!r}, not {SCHEMA!r}",
                path=path,
                hint="prepare the clips again with this DeepBass",
            )
        return msgspec.json.decode(content, type=Manifest)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"is no folder of prepared clips: it has no {NAME}",
            path=folder,
            hint="make one with deepbass data prepare, or run that again to its end",
        ) from error
    except OSError as error:
        raise InputError(
            f"can't be read: {error.strerror or error}", path=path, hint="check its permissions"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"is no manifest of prepared clips: {error}", path=path, hint="prepare the clips again"
        ) from error

"""One file of clips: what is to be in it, and the making of it.

A shard is the unit of work and of going on. It is written whole or not at all, and a note beside
it says what it was made from, so that one that stands is not made again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from pathlib import Path

import msgspec
from msgspec import Struct

from deepbass_engine import atomic
from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.decode import require_unchanged
from deepbass_engine.errors import OutputError, shown
from deepbass_engine.progress import CancelToken
from deepbass_engine.training import clips, tfrecords
from deepbass_engine.training.manifest import Shard, Split
from deepbass_engine.training.settings import PrepareSettings

NOTES = ".made"
"""Folder of the notes, in the folder of the shards."""

_NAMES = re.compile(r"(train|valid)-\d{5,}-of-\d{5,}\.tfrecord")
_UNFINISHED = re.compile(rf"\.({_NAMES.pattern}|manifest\.json)\.[0-9a-f]+\.part")
_PART_BYTES = 1 << 20
_VERSION = 1  # raise it when the same songs and settings give other bytes


class ShardTask(Struct, frozen=True, kw_only=True):
    """A shard to be made.

    Attributes
    ----------
    name, split
        Its file, and what it is for.
    songs
        What is in it, in order.
    settings
        How clips are taken of them.
    """

    name: str
    split: Split
    songs: tuple[TrackAnalysis, ...]
    settings: PrepareSettings

    @property
    def made_from(self) -> str:
        """Hash of all that its bytes depend on."""
        songs = [
            (song.content_hash, _title(song), clips.starts(song, self.settings))
            for song in self.songs
        ]
        facts = (_VERSION, songs, self.settings.seconds, self.settings.rate_hz)
        return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()


def name_of(split: Split, i: int, n_shards: int) -> str:
    """Name of the file of a split's shard `i`, counted from 0."""
    return f"{split}-{i:05d}-of-{n_shards:05d}.tfrecord"


class _Note(Struct, frozen=True):
    """What a shard was made from, and what it is."""

    made_from: str
    shard: Shard


def standing(folder: Path, task: ShardTask, *, cancel: CancelToken) -> Shard | None:
    """The shard, if it stands in the folder as it would be made; None if it must be made.

    The file is read, so that one which was damaged is made again.
    """
    try:
        note = msgspec.json.decode(_note_path(folder, task).read_bytes(), type=_Note)
        if note.made_from != task.made_from:
            return None
        digest = hashlib.sha256()
        with (folder / task.name).open("rb") as file:
            while part := file.read(_PART_BYTES):
                cancel.raise_if_cancelled()
                digest.update(part)
    except (OSError, msgspec.DecodeError):
        return None
    return note.shard if digest.hexdigest() == note.shard.sha256 else None


def make(folder: Path, task: ShardTask, *, cancel: CancelToken | None = None) -> Shard:
    """Make a shard.

    Raises
    ------
    InputError
        If a song can't be read any more, or has changed.
    OutputError
        If it can't be written.
    Cancelled
        If asked to stop; then nothing is written.
    """
    digest, n_clips, n_bytes = hashlib.sha256(), 0, 0
    _remove(_note_path(folder, task))
    with (
        atomic.replacing(folder / task.name) as temporary,
        temporary.open("wb") as file,
    ):
        for song in task.songs:
            at = clips.starts(song, task.settings)
            for i, clip in enumerate(clips.clips(song, at, task.settings, cancel=cancel)):
                example = tfrecords.encode_example(clip, f"{_title(song)}-{i:04d}")
                record = tfrecords.record(example)
                digest.update(record)
                n_bytes += file.write(record)
                n_clips += 1
            require_unchanged(song.source)  # what was cut is what the note beside it names
    shard = Shard(
        name=task.name,
        split=task.split,
        n_clips=n_clips,
        n_bytes=n_bytes,
        sha256=digest.hexdigest(),
    )
    with atomic.replacing(_note_path(folder, task)) as temporary:
        temporary.write_bytes(msgspec.json.encode(_Note(task.made_from, shard)))
    return shard


def remove_others(folder: Path, kept: Collection[str]) -> None:
    """Remove the shards that are not among those kept, and what a killed run left half written.

    Raises
    ------
    OutputError
        If one can't be removed.
    """
    for path in folder.iterdir():
        is_other = _NAMES.fullmatch(path.name) is not None and path.name not in kept
        if is_other or _UNFINISHED.fullmatch(path.name):
            _remove(path)
    for note in (folder / NOTES).iterdir():
        if note.name.removesuffix(".json") not in kept:
            _remove(note)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"can't be removed: {error.strerror or error}",
            path=path,
            hint="see that no program uses it, and check its permissions",
        ) from error


def _title(song: TrackAnalysis) -> str:
    """What the clips of a song are called."""
    return shown(song.source.path.stem)


def _note_path(folder: Path, task: ShardTask) -> Path:
    return folder / NOTES / f"{task.name}.json"

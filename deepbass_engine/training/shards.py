"""One file of clips: what is to be in it, and the making of it.

A shard is the unit of work and of going on. It is written whole or not at all, and a note beside
it says what it was made from, so that one that stands is not made again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

from deepbass_engine import atomic
from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.progress import CancelToken
from deepbass_engine.training import clips, tfrecords
from deepbass_engine.training.manifest import Shard, Split
from deepbass_engine.training.settings import PrepareSettings

NOTES = ".made"
"""Folder of the notes, in the folder of the shards."""

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
        songs = [(song.content_hash, clips.starts(song, self.settings)) for song in self.songs]
        facts = (_VERSION, songs, self.settings.seconds, self.settings.rate_hz)
        return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()


class _Note(Struct, frozen=True):
    """What a shard was made from, and what it is."""

    made_from: str
    shard: Shard


def standing(folder: Path, task: ShardTask) -> Shard | None:
    """The shard, if it stands in the folder as it would be made; None if it must be made."""
    try:
        note = msgspec.json.decode(_note_path(folder, task).read_bytes(), type=_Note)
        n_bytes = (folder / task.name).stat().st_size
    except (OSError, msgspec.DecodeError):
        return None
    is_it = note.made_from == task.made_from and n_bytes == note.shard.n_bytes
    return note.shard if is_it else None


def make(folder: Path, task: ShardTask, *, cancel: CancelToken | None = None) -> Shard:
    """Make a shard.

    Raises
    ------
    InputError
        If a song can't be read any more.
    OutputError
        If it can't be written.
    Cancelled
        If asked to stop; then nothing is written.
    """
    digest, n_clips, n_bytes = hashlib.sha256(), 0, 0
    _note_path(folder, task).unlink(missing_ok=True)
    with (
        atomic.replacing(folder / task.name) as temporary,
        temporary.open("wb") as file,
    ):
        for song in task.songs:
            at = clips.starts(song, task.settings)
            for i, clip in enumerate(clips.clips(song, at, task.settings, cancel=cancel)):
                note = f"{song.source.path.stem}-{i:04d}"
                record = tfrecords.record(tfrecords.encode_example(clip, note))
                digest.update(record)
                n_bytes += file.write(record)
                n_clips += 1
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


def _note_path(folder: Path, task: ShardTask) -> Path:
    return folder / NOTES / f"{task.name}.json"

"""A shard is whole or not there, and stands only if it is what would be made."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import signals

from deepbass_engine.analysis.track import analyze_track
from deepbass_engine.errors import Cancelled, OutputError
from deepbass_engine.progress import CancelToken
from deepbass_engine.training import shards
from deepbass_engine.training.settings import PrepareSettings
from deepbass_engine.training.shards import ShardTask
from deepbass_engine.training.tfrecords import ClipFile

RATE_HZ = 16_000


@pytest.fixture
def task(tmp_path: Path) -> ShardTask:
    paths = [tmp_path / name for name in ("a.wav", "b.wav")]
    for seed, path in enumerate(paths):
        samples = signals.noise(4.0, RATE_HZ, amplitude=0.4, channels=1, seed=seed)
        signals.write(path, samples, RATE_HZ, "FLOAT")
    return ShardTask(
        name=shards.name_of("train", 0, 1),
        split="train",
        songs=tuple(map(analyze_track, paths)),
        settings=PrepareSettings(seconds=0.5),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "out" / shards.NOTES).mkdir(parents=True)
    return tmp_path / "out"


def test_what_is_made_stands(folder: Path, task: ShardTask) -> None:
    assert shards.standing(folder, task, cancel=CancelToken()) is None
    made = shards.make(folder, task)
    assert shards.standing(folder, task, cancel=CancelToken()) == made
    assert made.n_clips == len(ClipFile(folder / task.name)) == 4


@pytest.mark.parametrize(
    "settings",
    [
        PrepareSettings(seconds=0.4),
        PrepareSettings(seconds=0.5, crop="all"),
        PrepareSettings(seconds=0.5, rate_hz=8000),
    ],
    ids=["length", "crop", "rate"],
)
def test_it_does_not_stand_for_another_setting(
    folder: Path, task: ShardTask, settings: PrepareSettings
) -> None:
    shards.make(folder, task)
    other = msgspec.structs.replace(task, settings=settings)
    assert shards.standing(folder, other, cancel=CancelToken()) is None


def test_it_stands_for_a_setting_that_changes_nothing_in_it(folder: Path, task: ShardTask) -> None:
    made = shards.make(folder, task)
    settings = PrepareSettings(seconds=0.5, max_duration_s=2000.0)
    other = msgspec.structs.replace(task, settings=settings)
    assert shards.standing(folder, other, cancel=CancelToken()) == made


def test_it_does_not_stand_for_other_songs(folder: Path, task: ShardTask) -> None:
    shards.make(folder, task)
    other = msgspec.structs.replace(task, songs=task.songs[:1])
    assert shards.standing(folder, other, cancel=CancelToken()) is None


def test_a_note_that_is_damaged_vouches_for_nothing(folder: Path, task: ShardTask) -> None:
    shards.make(folder, task)
    (note,) = (folder / shards.NOTES).iterdir()
    note.write_bytes(note.read_bytes()[:-5])
    assert shards.standing(folder, task, cancel=CancelToken()) is None


def test_cancelled_it_leaves_nothing(folder: Path, task: ShardTask) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        shards.make(folder, task, cancel=cancel)
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_file_that_can_t_be_removed_is_named(folder: Path) -> None:
    name = shards.name_of("valid", 3, 7)
    (folder / name).mkdir()
    with pytest.raises(OutputError, match="can't be removed") as caught:
        shards.remove_others(folder, set())
    assert caught.value.path == folder / name

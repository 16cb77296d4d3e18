"""Clips that a Dask cluster cuts are those that this process cuts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import signals
from commands import called

from deepbass_engine.errors import Cancelled, DeviceError, InputError
from deepbass_engine.progress import CancelToken
from deepbass_engine.training import manifest
from deepbass_engine.training.cluster import shard_makers
from deepbass_engine.training.prepare import prepare
from deepbass_engine.training.settings import PrepareSettings
from deepbass_engine.training.shards import ShardTask

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]

RATE_HZ = 16_000
SETTINGS = PrepareSettings(seconds=0.5, n_shards=4, valid_share=0.2)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Address of a cluster of two processes."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    folder = tmp_path / "songs"
    folder.mkdir()
    for i in range(8):
        noise = signals.noise(4.0, RATE_HZ, channels=1, seed=i)
        signals.write(folder / f"{i}.wav", noise, RATE_HZ)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.tfrecord")}


def test_the_bytes_are_those_that_are_made_here(
    songs: Path, tmp_path: Path, scheduler: str
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    prepare(songs, here, SETTINGS)
    with shard_makers(scheduler) as makers:
        prepare(songs, there, SETTINGS, make_shards=makers)
    assert content(there) == content(here)
    assert manifest.read(there) == manifest.read(here)


def test_the_command_line_reaches_it(songs: Path, tmp_path: Path, scheduler: str) -> None:
    outcome = called(
        "data", "prepare", songs, "-o", tmp_path / "out", "--seconds", "0.5",
        "--scheduler", scheduler,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "to train on" in outcome.out


def test_what_stands_is_not_asked_of_it(songs: Path, tmp_path: Path, scheduler: str) -> None:
    out = tmp_path / "out"
    prepare(songs, out, SETTINGS)
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.tfrecord")}
    with shard_makers(scheduler) as makers:
        prepare(songs, out, SETTINGS, make_shards=makers)
    assert {path.name: path.stat().st_mtime_ns for path in out.glob("*.tfrecord")} == before


def test_it_is_cancelled(songs: Path, tmp_path: Path, scheduler: str) -> None:
    cancel = CancelToken()

    def at_the_first_shard(progress) -> None:
        if progress.stage == "cutting":
            cancel.cancel()

    with shard_makers(scheduler) as makers, pytest.raises(Cancelled):
        prepare(
            songs, tmp_path / "out", SETTINGS,
            make_shards=makers, on_progress=at_the_first_shard, cancel=cancel,
        )  # fmt: skip
    assert not (tmp_path / "out" / manifest.NAME).exists()


def test_a_folder_that_its_workers_can_t_see_is_named(
    songs: Path, tmp_path: Path, scheduler: str
) -> None:
    def taken_away(progress) -> None:
        if progress.stage == "checking":
            out.rename(tmp_path / "elsewhere")

    out = tmp_path / "out"
    one_file = PrepareSettings(seconds=0.5, n_shards=1, valid_share=0)
    with (
        shard_makers(scheduler) as makers,
        pytest.raises(InputError, match="can't be seen by a worker") as caught,
    ):
        prepare(songs, out, one_file, make_shards=makers, on_progress=taken_away)
    assert caught.value.path == out


def test_a_song_that_its_workers_can_t_see_is_named(
    songs: Path, tmp_path: Path, scheduler: str
) -> None:
    def taken_away(progress) -> None:
        if progress.stage == "checking":
            (songs / "5.wav").unlink(missing_ok=True)

    with (
        shard_makers(scheduler) as makers,
        pytest.raises(InputError, match="can't be seen by a worker") as caught,
    ):
        prepare(songs, tmp_path / "out", SETTINGS, make_shards=makers, on_progress=taken_away)
    assert caught.value.path == songs / "5.wav"


class FolderThatEndsWhoLooks(type(Path())):  # type: ignore[misc]
    """Stands for whatever kills a worker: no memory, a machine that is turned off."""

    def exists(self) -> bool:
        os._exit(1)


def test_a_worker_that_is_killed_is_said(tmp_path: Path) -> None:
    task = ShardTask(
        name="train-00000-of-00001.tfrecord", split="train", songs=(), settings=SETTINGS
    )
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0"
        ) as cluster,
        shard_makers(cluster.scheduler_address) as makers,
        pytest.raises(DeviceError, match="the cluster failed: KilledWorker"),
    ):
        list(makers(FolderThatEndsWhoLooks(tmp_path), [task], CancelToken()))


def test_no_answer_is_said_in_seconds() -> None:
    with (
        pytest.raises(DeviceError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"),
        shard_makers("tcp://127.0.0.1:9"),
    ):
        pass


def test_a_cluster_without_workers_is_said(songs: Path, tmp_path: Path) -> None:
    with (
        distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=":0") as empty,
        shard_makers(empty.scheduler_address) as makers,
        pytest.raises(DeviceError, match="has no workers"),
    ):
        prepare(songs, tmp_path / "out", SETTINGS, make_shards=makers)

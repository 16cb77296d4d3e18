"""Shards made by the workers of a Dask cluster, which see the songs and the folder as we do."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from deepbass_engine.errors import DeepBassError, DeviceError, InputError
from deepbass_engine.progress import CancelToken
from deepbass_engine.training import shards
from deepbass_engine.training.manifest import Shard
from deepbass_engine.training.shards import ShardTask

_CONNECTED_WITHIN_S = 10
_LOOKED_AFTER_S = 0.2


@contextlib.contextmanager
def shard_makers(address: str) -> Iterator[ClusterShards]:
    """Connect to a cluster.

    Parameters
    ----------
    address
        Of its scheduler, such as ``tcp://host:8786``.

    Yields
    ------
    ClusterShards
        Makes shards there; see `deepbass_engine.training.prepare.MakeShards`.

    Raises
    ------
    DeviceError
        If Dask is not installed here, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise DeviceError(
            f"--scheduler needs Dask: {error}", hint="pip install 'deepbass[cluster]' brings it"
        ) from error
    try:
        client = Client(address, timeout=_CONNECTED_WITHIN_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise DeviceError(
            f"no Dask scheduler answers at {address}",
            hint="start one with `dask scheduler`, and give the address it prints",
        ) from error
    with client:
        yield ClusterShards(client)


class ClusterShards:
    """Makes shards on a cluster.

    Parameters
    ----------
    client
        Of Dask, connected.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def __call__(
        self, out: Path, tasks: Sequence[ShardTask], cancel: CancelToken
    ) -> Iterator[Shard]:
        """Make shards; cancelled by taking back what no worker has begun.

        Raises
        ------
        DeviceError
            If there are no workers, or they or the connection to them are lost.
        """
        from distributed import as_completed

        if tasks and not self._client.scheduler_info()["workers"]:
            raise DeviceError(
                f"the cluster at {self._client.scheduler.address} has no workers",
                hint="start some with `dask worker`, where the songs can be read",
            )
        made = [
            self._client.submit(_make, out.absolute(), task, key=f"{task.name}-{task.made_from}")
            for task in tasks
        ]
        stop = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(made, cancel, stop), daemon=True)
        watcher.start()
        try:
            for future in as_completed(made, loop=self._client.loop):
                cancel.raise_if_cancelled()
                yield _result(future)
        finally:
            stop.set()
            watcher.join()
            self._client.cancel(made)

    def _watch(self, made: Sequence[Any], cancel: CancelToken, stop: threading.Event) -> None:
        """Take the work back as soon as that is asked for, not when the next shard is done."""
        while not stop.wait(_LOOKED_AFTER_S):
            if cancel.cancelled:
                self._client.cancel(made)
                return


def _result(future: Any) -> Shard:
    try:
        shard: Shard = future.result()
    except DeepBassError:
        raise
    except Exception as error:  # a worker killed, a connection lost: they have no other root
        raise DeviceError(
            f"the cluster failed: {type(error).__name__}: {error}",
            hint="see what its workers say; the same command goes on",
        ) from error
    return shard


def _make(out: Path, task: ShardTask) -> Shard:
    """On a worker: make a shard, if the songs and the folder are seen from there."""
    for path in (out, *(song.source.path for song in task.songs)):
        if not path.exists():
            raise InputError(
                "can't be seen by a worker of the cluster",
                path=path,
                hint="give folders that all machines have under the same paths",
            )
    return shards.make(out, task)

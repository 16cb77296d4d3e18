"""What a training tells while it goes on: a line of JSON for each report, and TensorBoard."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

import msgspec
from msgspec import UNSET, Struct, UnsetType

from deepbass_engine import atomic

NAME = "metrics.jsonl"


class Report(Struct, frozen=True, kw_only=True):
    """How a training goes.

    Attributes
    ----------
    step, n_steps
        Steps done, and how many there are to be.
    train_loss
        Mean loss of the steps since the last report, in nats a sample; unset where there were
        none, in an evaluation that was interrupted.
    valid_loss
        Loss of the averaged weights on what is not learned from, if this is an evaluation.
    samples_per_s
        Speed since the last report, evaluations left out.
    learning_rate
        Of the last step.
    left_s
        Time left at this speed, early stop left out.
    """

    step: int
    n_steps: int
    train_loss: float | UnsetType = UNSET
    samples_per_s: float
    learning_rate: float
    left_s: float
    valid_loss: float | UnsetType = UNSET


class Log:
    """Keeps the reports of a training in its folder.

    Parameters
    ----------
    folder
        The training's.
    step
        Steps done; reports of later ones, from a run that was killed, are taken back.
    """

    def __init__(self, folder: Path, step: int) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._path = folder / NAME
        self._forget_after(step)
        self._events = EventFileWriter(str(folder / "tensorboard"))
        self._restart_events(step)

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._events.close()

    def write(self, report: Report) -> None:
        """Keep a report."""
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(report) + b"\n")
        scalars = {
            "loss/train": report.train_loss,
            "loss/valid": report.valid_loss,
            "learning_rate": report.learning_rate,
            "samples_per_s": report.samples_per_s,
        }
        self._add_scalars(report.step, scalars)
        self._events.flush()

    def _forget_after(self, step: int) -> None:
        if not self._path.exists():
            return
        kept = []
        for line in self._path.read_bytes().splitlines(keepends=True):
            try:
                report = msgspec.json.decode(line, type=Report)
            except msgspec.DecodeError:  # the last line of a run that was killed
                continue
            if report.step <= step:
                kept.append(line)
        with atomic.replacing(self._path) as temporary:
            temporary.write_bytes(b"".join(kept))

    def _restart_events(self, step: int) -> None:
        """Tell TensorBoard to forget what was shown of later steps."""
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        start = SessionLog(status=SessionLog.START)
        self._events.add_event(Event(wall_time=time.time(), step=step, session_log=start))

    def _add_scalars(self, step: int, scalars: dict[str, float | UnsetType]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [
            Summary.Value(tag=tag, simple_value=value)
            for tag, value in scalars.items()
            if not isinstance(value, UnsetType)
        ]
        summary = Summary(value=values)
        self._events.add_event(Event(wall_time=time.time(), step=step, summary=summary))

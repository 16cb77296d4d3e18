"""Training from prepared clips to a model file: steps, evaluations, checkpoints, going on.

The folder of a training holds ``run.json`` (what was asked for), ``checkpoints``,
``model.safetensors`` (the averaged weights of the best evaluation so far, ready for use),
``metrics.jsonl``, ``tensorboard`` and ``examples``. The same call on the same folder goes on where
its last checkpoint stands.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import UNSET, UnsetType, structs

from deepbass_engine.errors import Cancelled, ModelError, OutputError
from deepbass_engine.nsynth import models
from deepbass_engine.nsynth import weights as model_files
from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.progress import CancelToken, OnProgress
from deepbass_engine.training import checkpoint, examples, schedule
from deepbass_engine.training.checkpoint import Standing
from deepbass_engine.training.configs import CONFIGS
from deepbass_engine.training.dataset import Dataset
from deepbass_engine.training.initial import initial_weights
from deepbass_engine.training.learners import make_learner
from deepbass_engine.training.learners.learner import Classes, Learner, telling_memory
from deepbass_engine.training.log import Log, Report
from deepbass_engine.training.run_file import Run, begin_or_go_on
from deepbass_engine.training.settings import TrainSettings

MODEL_NAME = "model.safetensors"

OnReport = Callable[[Report], None]


def train(
    data: Path,
    out: Path,
    settings: TrainSettings,
    *,
    on_report: OnReport | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> Standing:
    """Train a model, or go on where the training of this folder stands.

    Parameters
    ----------
    data
        Folder of prepared clips.
    out
        Folder of the training; made if it is not there.
    settings
        What is trained, and how.
    on_report
        Called some times a minute, and at each evaluation.

    Returns
    -------
    Standing
        How far it came.

    Raises
    ------
    DeepBassError
        If a setting, the data, the base or the folder can't be used, before the first step; if a
        file can't be written, or the loss is no number any more: then the last checkpoint stands.
    Cancelled
        If asked to stop; the training has been saved.
    """
    base = _base(settings, on_progress, cancel)
    start_step = base.trained_steps if settings.start_step is None else settings.start_step
    settings.check_length(base.config)
    dataset = Dataset(
        data,
        settings.length,
        settings.seed,
        settings.quieter_db,
        on_progress=on_progress,
        cancel=cancel,
    )
    dtype = "bfloat16" if settings.precision == "mixed_bfloat16" else "float32"
    learner = make_learner(base.config, base.weights, dtype)
    settings.check_batch(learner.n_devices)
    run = Run(
        settings=settings,
        config=base.config,
        base_hash=base.content_hash,
        start_step=start_step,
        data_hash=dataset.content_hash,
    )
    begin_or_go_on(out, run, writes=learner.writes)
    training = _Training(learner, dataset, out, run, on_report, cancel)
    return training.run()


def _base(
    settings: TrainSettings, on_progress: OnProgress | None, cancel: CancelToken | None
) -> Autoencoder:
    """The model to begin with."""
    if settings.base:
        return models.load_model(settings.base, on_progress=on_progress, cancel=cancel)
    config = CONFIGS[settings.model]
    return Autoencoder(config, initial_weights(config, settings.seed))


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    """Say in words what the disk refuses."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"can't be written: {error.strerror or error}; the last checkpoint stands",
            path=error.filename or folder,
            hint="make room or mend its permissions; then the same command goes on",
        ) from error


class _Training:
    """A training under way."""

    def __init__(
        self,
        learner: Learner,
        dataset: Dataset,
        out: Path,
        run: Run,
        on_report: OnReport | None,
        cancel: CancelToken | None,
    ) -> None:
        self._learner, self._dataset, self._out, self._run = learner, dataset, out, run
        self._settings = run.settings
        self._on_report, self._cancel = on_report, cancel
        self._checkpoints = out / "checkpoints"
        self._standing = Standing()
        newest = checkpoint.latest(self._checkpoints)
        if newest is not None:
            self._standing, state = checkpoint.load(newest)
            learner.restore(state)
        self._saved = self._standing
        self._losses: list[float] = []
        self._seconds = 0.0

    def run(self) -> Standing:
        """Take the steps that are left."""
        settings = self._settings
        with ExitStack() as stack:
            stack.enter_context(_writing_to(self._out))
            ahead = stack.enter_context(ThreadPoolExecutor(1, "batches"))
            if self._learner.writes:
                self._checkpoints.mkdir(exist_ok=True)
                self._log = stack.enter_context(Log(self._out, self._standing.step))
            batch = ahead.submit(self._dataset.batch, self._standing.step, settings.batch)
            while True:
                if self._is_due and not self._evaluated:
                    self._evaluate()
                if self._standing.step >= settings.steps or self._gave_up:
                    break
                self._stop_if_asked()
                classes = batch.result()
                batch = ahead.submit(self._dataset.batch, self._standing.step + 1, settings.batch)
                self._step(classes)
                if self._standing.step % settings.report_every == 0 and not self._is_due:
                    self._report()
        return self._standing

    @property
    def _gave_up(self) -> bool:
        return 0 < self._settings.patience <= self._standing.n_worse

    def _step(self, classes: Classes) -> None:
        step, started_s = self._standing.step, time.perf_counter()
        with telling_memory():
            loss = self._learner.step(
                classes,
                schedule.learning_rate(self._settings, step, self._run.start_step),
                schedule.average_decay(step),
            )
        self._check_finite(loss)
        self._losses.append(loss)
        self._seconds += time.perf_counter() - started_s
        self._standing = structs.replace(self._standing, step=step + 1)

    @property
    def _is_due(self) -> bool:
        """Whether an evaluation belongs to this step."""
        step = self._standing.step
        return step > 0 and (
            step % self._settings.evaluate_every == 0 or step == self._settings.steps
        )

    @property
    def _evaluated(self) -> bool:
        return self._standing.evaluated_step == self._standing.step

    def _stop_if_asked(self) -> None:
        if self._cancel is not None and self._cancel.cancelled:
            self._save()
            raise Cancelled

    def _evaluate(self) -> None:
        losses = []
        for batch in self._dataset.valid_batches(self._settings.batch):
            self._stop_if_asked()
            losses.append(self._learner.loss(batch))
        loss = sum(losses) / len(losses)
        self._check_finite(loss)
        step, best = self._standing.step, self._standing.best_loss
        found = structs.replace(self._standing, evaluated_step=step)
        if best is None or loss < best:
            self._standing = structs.replace(found, best_loss=loss, best_step=step, n_worse=0)
            if self._learner.writes:
                self._export()
        else:
            self._standing = structs.replace(found, n_worse=found.n_worse + 1)
        self._save()
        if self._learner.writes and self._settings.examples:
            clips = self._dataset.valid_clips(self._settings.examples)
            model = Autoencoder(self._run.config, self._learner.averaged())
            examples.write(self._out / "examples" / f"step-{step:08d}", model, clips)
        self._report(valid_loss=loss)

    def _report(self, valid_loss: float | UnsetType = UNSET) -> None:
        n, step, settings = len(self._losses), self._standing.step, self._settings
        per_step_s = self._seconds / max(1, n)
        report = Report(
            step=step,
            n_steps=settings.steps,
            train_loss=sum(self._losses) / n if n else UNSET,
            samples_per_s=settings.batch * settings.length / per_step_s if n else 0.0,
            learning_rate=schedule.learning_rate(settings, step - 1, self._run.start_step),
            left_s=per_step_s * (settings.steps - step),
            valid_loss=valid_loss,
        )
        self._losses, self._seconds = [], 0.0
        if self._learner.writes:
            self._log.write(report)
        if self._on_report is not None:
            self._on_report(report)

    def _save(self) -> None:
        if self._learner.writes and self._standing != self._saved:
            checkpoint.save(self._checkpoints, self._standing, self._learner.state())
        self._saved = self._standing

    def _export(self) -> None:
        standing, settings = self._standing, self._settings
        trained_steps = self._run.start_step + standing.step
        notes = (
            f"averaged weights of step {standing.step} of {settings.steps}, "
            f"validation loss {standing.best_loss:.4f} nats a sample",
        )
        model_files.save(
            self._out / MODEL_NAME,
            self._run.config,
            self._learner.averaged(),
            origin=f"a training in {self._out.absolute()}",
            notes=notes,
            trained_steps=trained_steps,
        )

    def _check_finite(self, loss: float) -> None:
        if math.isfinite(loss):
            return
        raise ModelError(
            f"the loss became {loss} after step {self._standing.step}: the training has diverged; "
            f"the checkpoint of step {self._saved.step} stands",
            path=self._out,
            hint="begin anew in another folder with a smaller --learning-rate, if you like "
            f"--from {self._out / MODEL_NAME}",
        )

"""Training from clips to a model file: it learns, goes on as if never stopped, and says why not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from deepbass_engine.errors import Cancelled, ModelError, SettingError
from deepbass_engine.nsynth import models, weights
from deepbass_engine.nsynth.mulaw import samples_of_model_classes
from deepbass_engine.progress import CancelToken
from deepbass_engine.training import checkpoint, log
from deepbass_engine.training.dataset import Dataset
from deepbass_engine.training.learners import make_learner
from deepbass_engine.training.learners.learner import Learner
from deepbass_engine.training.log import Report
from deepbass_engine.training.settings import TrainSettings
from deepbass_engine.training.train import MODEL_NAME, train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def some_settings(tiny_model: Path, **changes: object) -> TrainSettings:
    values = {
        "base": str(tiny_model), "steps": 60, "batch": 2, "length": 512, "learning_rate": 5e-3,
        "evaluate_every": 20, "report_every": 10, "examples": 1, "schedule": "cosine",
    }  # fmt: skip
    return TrainSettings(**(values | changes))


def reports(out: Path) -> list[Report]:
    lines = (out / log.NAME).read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Report) for line in lines]


def valid_losses(out: Path) -> dict[int, float]:
    return {r.step: r.valid_loss for r in reports(out) if r.valid_loss is not msgspec.UNSET}


@pytest.fixture(scope="module")
def trained(
    prepared: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, checkpoint.Standing]:
    """A training that was not stopped."""
    out = tmp_path_factory.mktemp("trained") / "out"
    return out, train(prepared, out, some_settings(tiny_model))


def test_it_learns(trained: tuple[Path, checkpoint.Standing]) -> None:
    out, standing = trained
    losses = valid_losses(out)
    assert list(losses) == [20, 40, 60]
    assert losses[60] < losses[20] < np.log(256)
    assert standing.best_loss == min(losses.values())
    assert [r.step for r in reports(out)] == [10, 20, 30, 40, 50, 60]


def test_the_model_it_leaves_has_the_loss_it_says(
    trained: tuple[Path, checkpoint.Standing], prepared: Path
) -> None:
    out, standing = trained
    model = models.load_model(out / MODEL_NAME)
    (batch,) = Dataset(prepared, 512, 0).valid_batches(2)[:1]
    batches = Dataset(prepared, 512, 0).valid_batches(2)
    found = []
    for batch in batches[:8]:
        audio = samples_of_model_classes(batch)
        expected = model.probabilities(audio, model.encode(audio), precision="float32")
        taken = np.take_along_axis(expected, batch[..., np.newaxis].astype(int), axis=2)
        found.append(-np.log(taken).mean())
    learner_losses = _losses_of(model, batches[:8])
    np.testing.assert_allclose(found, learner_losses, rtol=1e-4)
    everything = np.mean(_losses_of(model, batches))
    assert everything == pytest.approx(standing.best_loss, rel=1e-4)


def _losses_of(model, batches) -> list[float]:
    learner = make_learner(model.config, model.weights, "float32")
    return [learner.loss(batch) for batch in batches]


def test_examples_are_heard_beside_what_they_were_made_of(
    trained: tuple[Path, checkpoint.Standing],
) -> None:
    out, _ = trained
    for step in (20, 40, 60):
        folder = out / "examples" / f"step-{step:08d}"
        assert sorted(path.name for path in folder.iterdir()) == [
            "1-original.wav", "1-resynthesis.wav",
        ]  # fmt: skip
        original, rate_hz = soundfile.read(folder / "1-original.wav")
        said, _ = soundfile.read(folder / "1-resynthesis.wav")
        assert rate_hz == 16_000
        assert len(said) == len(original) // 64 * 64
        assert np.abs(original).max() > 0.1
        assert said.std() > 0


def test_tensorboard_reads_what_is_logged(trained: tuple[Path, checkpoint.Standing]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    out, _ = trained
    events = EventAccumulator(str(out / "tensorboard"))
    events.Reload()
    found = {e.step: e.value for e in events.Scalars("loss/valid")}
    assert found == pytest.approx(valid_losses(out), rel=1e-6)
    assert [e.step for e in events.Scalars("samples_per_s")] == [10, 20, 30, 40, 50, 60]


def test_stopped_and_gone_on_with_it_is_the_same(
    trained: tuple[Path, checkpoint.Standing], prepared: Path, tiny_model: Path, tmp_path: Path
) -> None:
    cancel, out = CancelToken(), tmp_path / "out"
    settings = some_settings(tiny_model)

    def stop_at_30(report: Report) -> None:
        if report.step == 30:
            cancel.cancel()

    with pytest.raises(Cancelled):
        train(prepared, out, settings, on_report=stop_at_30, cancel=cancel)
    assert checkpoint.latest(out / "checkpoints").name == "step-00000030.safetensors"
    train(prepared, out, settings)
    assert valid_losses(out) == pytest.approx(valid_losses(trained[0]), rel=1e-6)


def test_stopped_in_an_evaluation_that_is_made_up_for(
    trained: tuple[Path, checkpoint.Standing],
    prepared: Path,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cancel, out = CancelToken(), tmp_path / "out"

    def stopped_while_it_validates(*given: object) -> Learner:
        learner = make_learner(*given)
        loss = learner.loss

        def and_stop(classes: np.ndarray) -> float:
            cancel.cancel()
            return loss(classes)

        monkeypatch.setattr(learner, "loss", and_stop)
        return learner

    with monkeypatch.context() as patch:
        patch.setattr("deepbass_engine.training.train.make_learner", stopped_while_it_validates)
        with pytest.raises(Cancelled):
            train(prepared, out, some_settings(tiny_model), cancel=cancel)
    assert checkpoint.latest(out / "checkpoints").name == "step-00000020.safetensors"
    assert not valid_losses(out)
    train(prepared, out, some_settings(tiny_model))
    assert valid_losses(out) == pytest.approx(valid_losses(trained[0]), rel=1e-6)


def started(prepared: Path, out: Path, tiny_model: Path, *more: str) -> subprocess.Popen[str]:
    flags = [
        "--steps",
        "60",
        "--batch",
        "2",
        "--length",
        "512",
        "--learning-rate",
        "5e-3",
        "--evaluate-every",
        "20",
        "--report-every",
        "10",
        "--examples",
        "1",
        "--schedule",
        "cosine",
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "deepbass_engine.cli.main", "train", "--data", str(prepared),
         "--out", str(out), "--from", str(tiny_model), *flags, *more],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def wait_for_step(process: subprocess.Popen[str], step: int) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(f"step {step} "):
            return
    raise AssertionError(f"it ended before step {step}")


def test_killed_and_gone_on_with_it_is_the_same(
    trained: tuple[Path, checkpoint.Standing], prepared: Path, tiny_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = started(prepared, out, tiny_model)
    wait_for_step(process, 30)
    process.kill()
    process.communicate()
    assert checkpoint.latest(out / "checkpoints").name == "step-00000020.safetensors"
    process = started(prepared, out, tiny_model)
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert str(out / MODEL_NAME) in printed
    assert valid_losses(out) == pytest.approx(valid_losses(trained[0]), rel=1e-6)
    assert [r.step for r in reports(out)] == [10, 20, 30, 40, 50, 60]


def test_ctrl_c_saves_and_says_how_to_go_on(
    prepared: Path, tiny_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = started(prepared, out, tiny_model, "--steps", "100000")
    wait_for_step(process, 30)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "the same command goes on" in errors
    standing, _ = checkpoint.load(checkpoint.latest(out / "checkpoints"))
    assert standing.step >= 30


def test_a_loss_that_is_no_number_stops_it_and_the_last_good_stands(
    prepared: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(*given: object) -> Learner:
        """A learner that loses a weight after 25 steps, as an overflow would."""
        learner = make_learner(*given)
        learn, rates = learner.step, []

        def step(classes: np.ndarray, rate: float, decay: float) -> float:
            rates.append(rate)
            if len(rates) == 26:
                state = learner.state()
                state["weights/logits/W"][0, 0, 0, 0] = np.nan
                learner.restore(state)
            return learn(classes, rate, decay)

        monkeypatch.setattr(learner, "step", step)
        return learner

    monkeypatch.setattr("deepbass_engine.training.train.make_learner", poisoned)
    out = tmp_path / "out"
    with pytest.raises(
        ModelError, match=r"after step 25: .* checkpoint of step 20 stands"
    ) as caught:
        train(prepared, out, some_settings(tiny_model))
    assert "--learning-rate" in caught.value.hint
    standing, state = checkpoint.load(checkpoint.latest(out / "checkpoints"))
    assert standing.step == 20
    assert all(np.isfinite(values).all() for values in state.values())
    assert models.load_model(out / MODEL_NAME).trained_steps == 20


def test_it_stops_early_when_nothing_gets_better(
    prepared: Path, tiny_model: Path, tmp_path: Path
) -> None:
    still = some_settings(
        tiny_model, steps=1000, evaluate_every=1, patience=3, learning_rate=1e-8,
        schedule="published", examples=0, start_step=240_000,
    )  # fmt: skip
    standing = train(prepared, tmp_path / "out", still)
    assert standing.n_worse == 3
    assert standing.step < 1000


def test_bad_settings_are_refused_before_the_first_step(
    prepared: Path, tiny_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match="no multiple of the model's hop 64"):
        train(prepared, tmp_path / "out", some_settings(tiny_model, length=500))
    assert not (tmp_path / "out").exists()


def test_going_on_with_another_model_is_refused(
    trained: tuple[Path, checkpoint.Standing], prepared: Path, tiny_model: Path
) -> None:
    with pytest.raises(SettingError, match="--from"):
        train(prepared, trained[0], some_settings(tiny_model, base=""))


def test_a_model_that_is_gone_on_with_is_so_at_its_step_of_the_schedule(
    prepared: Path, tiny_model: Path, tmp_path: Path
) -> None:
    base, out = tmp_path / "base.safetensors", tmp_path / "out"
    tiny = weights.load(tiny_model)
    weights.save(base, tiny.config, tiny.weights, origin="a test", trained_steps=200_000)
    settings = some_settings(
        base, steps=2, evaluate_every=2, schedule="published", learning_rate=2e-4, examples=0
    )
    train(prepared, out, settings)
    assert reports(out)[-1].learning_rate == pytest.approx(2e-5)
    assert models.load_model(out / MODEL_NAME).trained_steps == 200_002
    told = msgspec.structs.replace(settings, start_step=0)
    train(prepared, tmp_path / "told", told)
    assert reports(tmp_path / "told")[-1].learning_rate == pytest.approx(2e-4)


def test_a_base_that_is_no_model_is_named(prepared: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"nothing")
    with pytest.raises(ModelError) as caught:
        train(prepared, tmp_path / "out", some_settings(bad))
    assert caught.value.path == bad

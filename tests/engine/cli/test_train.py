"""`deepbass train` where Keras is not installed, and what a report looks like."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest
from commands import called

from deepbass_engine.cli.train import report_line
from deepbass_engine.training import manifest
from deepbass_engine.training.log import Report
from deepbass_engine.training.manifest import Manifest
from deepbass_engine.training.settings import PrepareSettings


@pytest.mark.skipif(find_spec("keras") is not None, reason="Keras is installed here")
def test_without_keras_it_says_what_to_install(tmp_path: Path) -> None:
    nothing = Manifest(settings=PrepareSettings(), songs=(), shards=(), left_out=())
    manifest.write(tmp_path, nothing)
    outcome = called("train", "--data", tmp_path, "--out", tmp_path / "out")
    assert outcome.code == 2
    assert "deepbass[train]" in outcome.err
    assert not (tmp_path / "out").exists()


def test_clips_that_are_not_there_are_told_before_a_framework_is_loaded(tmp_path: Path) -> None:
    outcome = called("train", "--data", tmp_path / "gone", "--out", tmp_path / "out")
    assert outcome.code == 2
    assert "is no folder of prepared clips" in outcome.err
    assert "training on" not in outcome.err


def test_a_report_is_one_line_with_speed_and_time_left() -> None:
    report = Report(
        step=50, n_steps=6000, train_loss=3.21987, samples_per_s=45_123.4,
        learning_rate=1e-3, left_s=3725.2,
    )  # fmt: skip
    assert report_line(report) == (
        "step 50 of 6000: loss 3.2199, 45,123 samples/s, 1 h 02 min left"
    )
    evaluated = msgspec.structs.replace(report, valid_loss=3.1, left_s=65.0)
    assert "loss 3.2199, validation 3.1000, " in report_line(evaluated)
    assert report_line(evaluated).endswith("1 min 05 s left")


def test_a_setting_out_of_range_is_refused(tmp_path: Path) -> None:
    outcome = called("train", "--data", tmp_path, "--out", tmp_path, "--batch", "0")
    assert outcome.code == 2
    assert "--batch" in outcome.err

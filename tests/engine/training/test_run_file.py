"""A training goes on only as it was begun."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from deepbass_engine.errors import OutputError, SettingError
from deepbass_engine.training import run_file
from deepbass_engine.training.configs import CONFIGS
from deepbass_engine.training.run_file import Run, begin_or_go_on
from deepbass_engine.training.settings import TrainSettings


def a_run(**changes: object) -> Run:
    settings = {k: v for k, v in changes.items() if k in TrainSettings.__struct_fields__}
    rest = {k: v for k, v in changes.items() if k not in settings}
    facts = {
        "settings": TrainSettings(**settings), "config": CONFIGS["small"], "base_hash": "",
        "start_step": 0, "data_hash": "a",
    }  # fmt: skip
    return Run(**(facts | rest))


def kept(folder: Path) -> Run:
    return msgspec.json.decode((folder / run_file.NAME).read_bytes(), type=Run)


def test_the_same_goes_on(tmp_path: Path) -> None:
    for _ in range(2):
        begin_or_go_on(tmp_path / "out", a_run(start_step=3), writes=True)
    assert kept(tmp_path / "out") == a_run(start_step=3)


def test_every_setting_can_be_kept_and_read(tmp_path: Path) -> None:
    run = a_run(start_step=5, base="x", precision="mixed_bfloat16", schedule="cosine")
    begin_or_go_on(tmp_path / "out", run, writes=True)
    assert kept(tmp_path / "out") == run


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"batch": 16}, "--batch 8, not 16"),
        ({"learning_rate": 1e-3}, "--learning-rate"),
        ({"seed": 1}, "--seed"),
        ({"data_hash": "b"}, "other clips"),
        ({"config": CONFIGS["h512_bo16"]}, "another model"),
        ({"base_hash": "b"}, "another model"),
    ],
)
def test_what_has_changed_is_named(tmp_path: Path, changes: dict[str, object], named: str) -> None:
    begin_or_go_on(tmp_path / "out", a_run(), writes=True)
    with pytest.raises(SettingError, match=named):
        begin_or_go_on(tmp_path / "out", a_run(**changes), writes=True)
    assert kept(tmp_path / "out") == a_run()


def test_the_number_of_steps_may_change(tmp_path: Path) -> None:
    begin_or_go_on(tmp_path / "out", a_run(), writes=True)
    begin_or_go_on(tmp_path / "out", a_run(steps=5, patience=0, examples=0), writes=True)
    assert kept(tmp_path / "out").settings.steps == 5


def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(OutputError, match="something else"):
        begin_or_go_on(tmp_path, a_run(), writes=True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_process_that_does_not_write_writes_nothing(tmp_path: Path) -> None:
    begin_or_go_on(tmp_path / "out", a_run(), writes=False)
    assert not (tmp_path / "out").exists()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    begin_or_go_on(tmp_path / "out", a_run(), writes=True)
    (tmp_path / "out" / run_file.NAME).write_text("{")
    with pytest.raises(OutputError, match="can't be read") as caught:
        begin_or_go_on(tmp_path / "out", a_run(), writes=True)
    assert caught.value.path == tmp_path / "out" / run_file.NAME

"""A checkpoint is found in whatever form a person has it, and is checked whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from checkpoint_writer import TINY, pack, part, tiny_weights, write_checkpoint

from deepbass_engine.errors import Cancelled, ModelError
from deepbass_engine.nsynth import checkpoints
from deepbass_engine.nsynth.checkpoints import Untold
from deepbass_engine.progress import CancelToken, Progress

GOLDEN = Path(__file__).parents[2] / "golden" / "tf_checkpoint"
RHYTHM = Untold(
    hop=TINY.hop,
    dilation_cycle=TINY.dilation_cycle,
    encoder_dilation_cycle=TINY.encoder_dilation_cycle,
)
ENDS = ("index", "data-00000-of-00001", "meta")


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A checkpoint of the tiny model, alone in its folder, with a graph beside it."""
    folder = tmp_path / "wavenet-ckpt"
    folder.mkdir()
    written = write_checkpoint(folder / "model.ckpt-200000", tiny_weights())
    part(written, "meta").write_bytes(b"a graph")
    return written


def seed_of(path: Path) -> int:
    """Which of the tiny models a path leads to."""
    start = checkpoints.read(path, RHYTHM).weights["startconv/W"]
    return next(
        seed for seed in range(99) if np.array_equal(start, tiny_weights(seed)["startconv/W"])
    )


def refusal(path: Path) -> ModelError:
    with pytest.raises(ModelError) as raised:
        checkpoints.read(path, RHYTHM)
    assert raised.value.path is not None
    assert raised.value.hint
    return raised.value


# Forms ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", ".index", ".meta", ".data-00000-of-00001"])
def test_a_prefix_and_each_file_lead_to_the_same_model(prefix: Path, end: str) -> None:
    found = checkpoints.read(prefix.with_name(prefix.name + end), RHYTHM)
    assert found.config == TINY
    assert (found.source.origin, found.source.notes) == (str(prefix), ())
    for name, values in tiny_weights().items():
        np.testing.assert_array_equal(found.weights[name], values)


def test_a_folder_and_the_folder_it_is_in_lead_to_it(prefix: Path) -> None:
    assert checkpoints.read(prefix.parent, RHYTHM).source.origin == str(prefix)
    assert checkpoints.read(prefix.parents[1], RHYTHM).source.origin == str(prefix)


def test_a_relative_path_leads_to_it(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prefix.parent)
    assert checkpoints.read(Path(), RHYTHM).source.origin == str(prefix)
    assert checkpoints.read(Path(prefix.name), RHYTHM).source.origin == str(prefix)


@pytest.mark.parametrize("name", ["wavenet-ckpt.tar", "wavenet-ckpt.tar.gz"])
def test_an_archive_leads_to_it(prefix: Path, tmp_path: Path, name: str) -> None:
    archive = pack(tmp_path / name, *(part(prefix, end) for end in ENDS))
    found = checkpoints.read(archive, RHYTHM)
    assert found.source.origin == f"{archive}: wavenet-ckpt/model.ckpt-200000"
    np.testing.assert_array_equal(found.weights["logits/W"], tiny_weights()["logits/W"])


def test_what_training_leaves_beside_a_model_is_passed_over() -> None:
    found = checkpoints.read(GOLDEN, Untold())
    assert found.weights.keys() == found.config.variables().keys()
    assert found.weights["startconv/W"].flat[1] % 1 == 1 / 1024
    assert found.source.notes == ()


def test_the_published_hop_and_dilations_hold_unless_told(prefix: Path) -> None:
    config = checkpoints.read(prefix, Untold()).config
    assert (config.hop, config.dilation_cycle, config.encoder_dilation_cycle) == (512, 10, 10)


def test_data_in_several_files_is_put_together(tmp_path: Path) -> None:
    assert seed_of(write_checkpoint(tmp_path / "m", tiny_weights(5), n_shards=3)) == 5


@pytest.mark.parametrize(
    ("name", "steps"), [("model.ckpt-200000", 200_000), ("model.ckpt", 0), ("take-2.ckpt", 0)]
)
def test_the_number_at_the_end_of_its_name_is_the_steps_it_was_trained_for(
    tmp_path: Path, name: str, steps: int
) -> None:
    prefix = write_checkpoint(tmp_path / name, tiny_weights())
    assert checkpoints.read(prefix, RHYTHM).source.trained_steps == steps
    archive = pack(tmp_path / "m.tar", *(part(prefix, end) for end in ENDS[:2]))
    assert checkpoints.read(archive, RHYTHM).source.trained_steps == steps


def test_the_step_that_training_counted_is_believed_before_the_name(tmp_path: Path) -> None:
    counted = {"global_step": np.array(150_000, np.int64), **tiny_weights()}
    for name in ("model.ckpt-200000", "best.ckpt"):
        prefix = write_checkpoint(tmp_path / name, counted)
        assert checkpoints.read(prefix, RHYTHM).source.trained_steps == 150_000


def test_the_step_that_tensorflow_wrote_is_read() -> None:
    assert checkpoints.read(GOLDEN, Untold()).source.trained_steps == 1


@pytest.mark.parametrize("value", [np.array([7, 8], np.int64), np.array(7.0, np.float32)])
def test_a_step_that_is_no_whole_number_is_passed_over(tmp_path: Path, value: np.ndarray) -> None:
    prefix = write_checkpoint(tmp_path / "m-3", {"global_step": value, **tiny_weights()})
    assert checkpoints.read(prefix, RHYTHM).source.trained_steps == 3


# Several ----------------------------------------------------------------------------------------


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """A folder in which the highest step is neither the last by name nor the newest."""
    for age, step in enumerate((1000, 999, 20)):
        prefix = write_checkpoint(tmp_path / f"model.ckpt-{step}", tiny_weights(step % 90))
        os.utime(part(prefix, "index"), (1e9 + age, 1e9 + age))
    return tmp_path


def test_of_several_the_highest_step_is_taken_and_that_is_said(several: Path) -> None:
    found = checkpoints.read(several, RHYTHM)
    assert found.source.origin == str(several / "model.ckpt-1000")
    assert found.source.notes == (
        "of 3 checkpoints model.ckpt-1000 was taken: it is of the highest step",
    )


@pytest.mark.parametrize(
    "named", ["model.ckpt-20", "/home/of/another/model.ckpt-20", "C:\\\\train\\\\model.ckpt-20"]
)
def test_the_one_that_the_checkpoint_file_names_comes_first(several: Path, named: str) -> None:
    state = several / "checkpoint"
    state.write_text(
        f'model_checkpoint_path: "{named}"\nall_model_checkpoint_paths: "model.ckpt-1000"\n'
    )
    for path in (several, state):
        found = checkpoints.read(path, RHYTHM)
        assert found.source.origin == str(several / "model.ckpt-20")
        assert found.source.notes == (
            "of 3 checkpoints model.ckpt-20 was taken: its file 'checkpoint' names it",
        )


@pytest.mark.parametrize("text", ["", "\0\xff", 'model_checkpoint_path: "model.ckpt-7"'])
def test_a_checkpoint_file_that_names_none_of_them_says_nothing(several: Path, text: str) -> None:
    (several / "checkpoint").write_text(text)
    assert seed_of(several) == 1000 % 90


def test_of_several_in_an_archive_the_highest_step_is_taken(several: Path) -> None:
    archive = pack(several / "m.tar", *sorted(several.glob("model*")))
    assert checkpoints.read(archive, RHYTHM).source.notes == (
        "of 3 checkpoints wavenet-ckpt/model.ckpt-1000 was taken: it is of the highest step",
    )


def test_what_macos_leaves_beside_each_file_is_no_checkpoint(prefix: Path) -> None:
    for end in ENDS:
        (prefix.parent / f"._model.ckpt-200000.{end}").write_bytes(b"Mac OS X")
    assert seed_of(prefix.parent) == 0


# Moving averages --------------------------------------------------------------------------------


def averages(seed: int) -> dict[str, np.ndarray]:
    return {
        f"{name}/ExponentialMovingAverage": values for name, values in tiny_weights(seed).items()
    }


def test_moving_averages_are_passed_over(tmp_path: Path) -> None:
    assert seed_of(write_checkpoint(tmp_path / "m", {**averages(1), **tiny_weights(2)})) == 2


def test_moving_averages_are_taken_where_there_is_nothing_else_and_that_is_said(
    tmp_path: Path,
) -> None:
    prefix = write_checkpoint(tmp_path / "m", averages(1))
    assert seed_of(prefix) == 1
    assert checkpoints.read(prefix, RHYTHM).source.notes == (
        "it holds only the moving averages of the variables: they were taken",
    )


def test_a_variable_that_is_missing_is_not_taken_from_the_averages(tmp_path: Path) -> None:
    plain = tiny_weights()
    del plain["skip_1/W"]
    prefix = write_checkpoint(tmp_path / "m", {**averages(1), **plain})
    assert refusal(prefix).what == "has no variable skip_1/W (1, 1, 8, 8)"


# What is wrong ----------------------------------------------------------------------------------


def test_nothing_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "m", tmp_path / "m.index", tmp_path / "none" / "m.meta"):
        assert refusal(path).what == "there is no such file"


def test_a_folder_without_a_checkpoint_is_told(tmp_path: Path) -> None:
    (tmp_path / "song.wav").touch()
    assert refusal(tmp_path).what.startswith("holds no checkpoint")


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVE" * 99, bytes(2048)])
def test_a_file_that_is_none_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "song.wav").write_bytes(content)
    error = refusal(tmp_path / "song.wav")
    assert error.path == tmp_path / "song.wav"
    assert error.what.startswith(("is neither a checkpoint nor", "holds no checkpoint"))


def test_data_without_its_index_is_told(prefix: Path) -> None:
    part(prefix, "index").unlink()
    for path in (prefix, part(prefix, "data-00000-of-00001")):
        error = refusal(path)
        assert error.path == part(prefix, "index")
        assert error.what == "there is no such file, only others of its checkpoint"


def test_an_index_without_its_data_is_told(prefix: Path) -> None:
    part(prefix, "data-00000-of-00001").unlink()
    error = refusal(prefix)
    assert error.what.startswith(
        "the file .data-00000-of-00001 is not beside it; variable ae_start"
    )


def test_data_of_another_number_of_files_is_not_taken_for_it(prefix: Path) -> None:
    shutil.move(part(prefix, "data-00000-of-00001"), part(prefix, "data-00000-of-00002"))
    assert "data-00000-of-00001 is not beside it" in refusal(prefix).what


def test_a_checkpoint_of_something_else_is_told(tmp_path: Path) -> None:
    prefix = write_checkpoint(tmp_path / "m", {"embedding/W": np.ones((3, 3), "f4")})
    error = refusal(prefix)
    assert error.path == prefix
    assert error.what == "has no variable startconv/W"


def test_a_model_with_a_misshapen_variable_is_told(tmp_path: Path) -> None:
    variables = tiny_weights() | {"res_2/W": np.zeros((1, 1, 8, 9), "f4")}
    error = refusal(write_checkpoint(tmp_path / "m", variables))
    assert error.what.startswith("variable res_2/W has shape (1, 1, 8, 9) where the others ask for")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_a_variable_that_is_not_finite_as_float32_is_told(tmp_path: Path, value: float) -> None:
    variables = {name: values.astype(np.float64) for name, values in tiny_weights().items()}
    variables["out1/W"][0, 0, 0, 0] = value
    error = refusal(write_checkpoint(tmp_path / "m", variables))
    assert error.what == "variable out1/W holds NaN or infinity"


def test_damage_inside_an_archive_is_told_with_the_member(prefix: Path, tmp_path: Path) -> None:
    data = part(prefix, "data-00000-of-00001")
    content = bytearray(data.read_bytes())
    content[-1] ^= 1
    data.write_bytes(content)
    archive = pack(tmp_path / "m.tar", *(part(prefix, end) for end in ENDS))
    assert str(refusal(archive)) == (
        f"{archive}: wavenet-ckpt/{data.name}: is damaged in variable startconv/biases "
        "(copy or download it again)"
    )


def test_cancelling_stops_it(prefix: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        checkpoints.read(prefix, RHYTHM, cancel=cancel)


def test_reading_tells_how_far_it_is(prefix: Path) -> None:
    told: list[Progress] = []
    checkpoints.read(prefix, RHYTHM, on_progress=told.append)
    n_variables = len(TINY.variables())
    assert told == [Progress("reading", done, n_variables) for done in range(n_variables)]

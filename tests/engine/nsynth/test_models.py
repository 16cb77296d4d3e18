"""Models by name: installed whole or not at all, found again, and never mixed up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from checkpoint_writer import TINY, pack, part, tiny_weights, write_checkpoint

from deepbass_engine import resources
from deepbass_engine.errors import Cancelled, DeepBassError, ModelError, OutputError
from deepbass_engine.nsynth import load_model, models, weights
from deepbass_engine.nsynth.checkpoints import Untold
from deepbass_engine.progress import CancelToken, Progress


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_bundled: None) -> Path:
    """A data folder for this test alone, which does not exist yet, and no models beside it."""
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "model.ckpt-7", tiny_weights())


def install(name: str, seed: int = 0) -> None:
    """Put a model into the folder of models."""
    models.folder().mkdir(parents=True, exist_ok=True)
    path = models.folder() / f"{name}.safetensors"
    weights.save(path, TINY, tiny_weights(seed), origin="a test")


def everything_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Import -----------------------------------------------------------------------------------------


def test_an_imported_checkpoint_is_a_model_of_that_name(checkpoint: Path) -> None:
    facts = models.import_model(checkpoint, "h8", untold=Untold(hop=64, dilation_cycle=3))
    assert (facts.name, facts.source.origin) == ("h8", str(checkpoint))
    assert (facts.config.hop, facts.config.dilation_cycle) == (64, 3)
    assert facts.path.stat().st_size == facts.n_bytes
    model = load_model("h8")
    assert (model.name, model.config) == ("h8", facts.config)
    assert model.content_hash == facts.source.content_hash
    for name, values in tiny_weights().items():
        np.testing.assert_array_equal(model.weights[name], values)


def test_a_model_file_is_imported_with_what_it_says_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "trained.safetensors"
    weights.save(
        path, TINY, tiny_weights(), origin="trained on noise", notes=("a note",), trained_steps=70
    )
    facts = models.import_model(path, "mine")
    assert (facts.config, facts.source.origin, facts.source.notes, facts.source.trained_steps) == (
        TINY, "trained on noise", ("a note",), 70,
    )  # fmt: skip


def test_a_model_file_is_not_told_its_hop(tmp_path: Path) -> None:
    path = tmp_path / "trained.safetensors"
    weights.save(path, TINY, tiny_weights(), origin="")
    with pytest.raises(ModelError, match="tells its hop and dilations itself"):
        models.import_model(path, "mine", untold=Untold(hop=64))


def test_the_same_model_is_the_same_under_any_name_and_from_any_form(
    checkpoint: Path, tmp_path: Path
) -> None:
    archive = pack(tmp_path / "m.tar", part(checkpoint, "index"), *tmp_path.glob("*.data-*"))
    hashes = {
        models.import_model(checkpoint, "one").source.content_hash,
        models.import_model(archive, "two").source.content_hash,
        models.import_model(models.facts("one").path, "three").source.content_hash,
        load_model(archive).content_hash,
    }
    assert len(hashes) == 1


@pytest.mark.parametrize("name", ["a", "h512_bo16", "mine-2.1+", "_x", "größe", "9"])
def test_a_plain_word_is_a_name(checkpoint: Path, name: str) -> None:
    models.import_model(checkpoint, name)
    assert load_model(name).name == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "a\\b", "../a", "a b", "a\n", "C:", "-x", "x" * 41]
)
def test_anything_else_is_no_name(checkpoint: Path, name: str, data_folder: Path) -> None:
    with pytest.raises(ModelError, match="can't be the name of a model"):
        models.import_model(checkpoint, name)
    assert not data_folder.exists()


def test_a_name_that_is_taken_is_kept_unless_asked(checkpoint: Path, data_folder: Path) -> None:
    install("taken", seed=1)
    before = everything_in(data_folder)
    with pytest.raises(ModelError, match="there is a model named 'taken' already"):
        models.import_model(checkpoint, "taken")
    assert everything_in(data_folder) == before
    models.import_model(checkpoint, "taken", overwrite=True)
    np.testing.assert_array_equal(
        load_model("taken").weights["logits/W"], tiny_weights()["logits/W"]
    )


@pytest.mark.parametrize("end", ["index", "data-00000-of-00001"])
def test_a_damaged_checkpoint_changes_nothing(
    checkpoint: Path, data_folder: Path, end: str
) -> None:
    install("before", seed=1)
    before = everything_in(data_folder)
    file = part(checkpoint, end)
    file.write_bytes(file.read_bytes()[:-60])
    with pytest.raises(ModelError) as raised:
        models.import_model(checkpoint, "before", overwrite=True)
    assert raised.value.path == file
    assert everything_in(data_folder) == before


@pytest.mark.parametrize("stage", ["reading", "writing"])
def test_cancelling_at_any_stage_changes_nothing(
    checkpoint: Path, data_folder: Path, stage: str
) -> None:
    install("before", seed=1)
    before = everything_in(data_folder)
    cancel = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.stage == stage and progress.done * 2 > progress.total:
            cancel.cancel()

    with pytest.raises(Cancelled):
        models.import_model(checkpoint, "before", overwrite=True, on_progress=stop, cancel=cancel)
    assert everything_in(data_folder) == before


def test_a_data_folder_that_can_not_be_made_is_told(checkpoint: Path, data_folder: Path) -> None:
    data_folder.write_text("a file where the folder should be")
    with pytest.raises(DeepBassError) as raised:
        models.import_model(checkpoint, "m")
    assert raised.value.path == data_folder / "models"


# Load -------------------------------------------------------------------------------------------


def test_a_file_is_loaded_by_its_path_and_named_for_it(tmp_path: Path) -> None:
    path = tmp_path / "trained-2.0.safetensors"
    weights.save(path, TINY, tiny_weights(), origin="")
    for given in (path, str(path)):
        assert load_model(given).name == "trained-2.0"


def test_a_checkpoint_is_loaded_by_its_path(checkpoint: Path) -> None:
    model = load_model(checkpoint)
    assert (model.name, model.config.hop) == ("model.ckpt-7", 512)
    assert model.content_hash == models.import_model(checkpoint, "m").source.content_hash


def test_a_checkpoint_in_this_folder_needs_no_more_than_its_prefix(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkpoint.parent)
    assert load_model(checkpoint.name).name == "model.ckpt-7"


def test_an_installed_name_goes_before_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("m", seed=3)
    monkeypatch.chdir(tmp_path)
    Path("m").write_bytes(b"a file")
    np.testing.assert_array_equal(load_model("m").weights["out1/W"], tiny_weights(3)["out1/W"])
    with pytest.raises(ModelError, match="is neither a checkpoint nor a tar archive"):
        load_model(Path("m"))


def test_a_name_that_is_not_known_is_told_with_those_that_are() -> None:
    with pytest.raises(ModelError, match=r"no model named 'x' \(there is none: import one first"):
        load_model("x")
    install("b")
    install("a")
    with pytest.raises(ModelError, match=r"no model named 'x' \(there are: a, b\)"):
        load_model("x")


def test_a_model_that_was_removed_between_runs_is_told() -> None:
    install("m")
    load_model("m")
    (models.folder() / "m.safetensors").unlink()
    with pytest.raises(ModelError, match="no model named 'm'"):
        load_model("m")


def test_a_damaged_model_is_told_with_its_file() -> None:
    install("m")
    path = models.folder() / "m.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError) as raised:
        load_model("m")
    assert raised.value.path == path


# List and remove --------------------------------------------------------------------------------


def test_nothing_is_installed_at_first(data_folder: Path) -> None:
    assert (models.names(), models.installed(), models.default_name()) == ([], [], None)
    assert not data_folder.exists()


def test_models_are_listed_by_name_and_damaged_ones_only_by_name() -> None:
    for name in ("b", "c", "a"):
        install(name)
    (models.folder() / "b.safetensors").write_bytes(b"damaged")
    for stranger in (".a.0123.part", "notes.txt", ".hidden.safetensors"):
        (models.folder() / stranger).touch()
    assert models.names() == ["a", "b", "c"]
    assert [facts.name for facts in models.installed()] == ["a", "c"]


def test_the_one_imported_last_is_the_one_to_use(checkpoint: Path) -> None:
    for name in ("b", "c", "a"):
        models.import_model(checkpoint, name)
        assert models.default_name() == name
    models.import_model(checkpoint, "c", overwrite=True)
    assert models.default_name() == "c"
    models.remove("c")
    assert models.default_name() == "a"


def test_a_removed_model_is_gone() -> None:
    install("m")
    models.remove("m")
    assert models.names() == []
    with pytest.raises(ModelError, match="no model named 'm'"):
        models.remove("m")


@pytest.mark.parametrize("name", ["../m", "", ".", "sub/m"])
def test_only_models_are_removed(name: str, data_folder: Path) -> None:
    install("keep")
    (data_folder / "m.safetensors").touch()
    before = everything_in(data_folder)
    with pytest.raises(ModelError, match="there is no model named"):
        models.remove(name)
    assert everything_in(data_folder) == before


def test_a_model_that_can_not_be_removed_is_told() -> None:
    (models.folder() / "m.safetensors").mkdir(parents=True)
    with pytest.raises(OutputError, match="can't be removed"):
        models.remove("m")


def test_models_lie_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPBASS_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere/share")
    assert models.folder().parts[-2:] == ("deepbass", "models")


# What comes with the program --------------------------------------------------------------------


def test_the_model_that_comes_along_needs_no_import(bundled: Path, data_folder: Path) -> None:
    (facts,) = models.installed()
    assert (facts.name, facts.bundled, facts.path) == ("along", True, bundled)
    assert models.default_name() == "along"
    assert load_model("along").content_hash == facts.source.content_hash
    assert not data_folder.exists()


def test_whatever_is_imported_is_used_in_its_place_and_it_again_once_that_is_removed(
    bundled: Path,
) -> None:
    install("own")
    config, source = (getattr(models.facts("along"), name) for name in ("config", "source"))
    weights.save(bundled, config, load_model("along").weights, origin="")  # written after it
    assert models.facts("along").source.written_at > source.written_at
    assert [(each.name, each.bundled) for each in models.installed()] == [
        ("along", True), ("own", False),
    ]  # fmt: skip
    assert models.default_name() == "own"
    models.remove("own")
    assert models.default_name() == "along"


def test_the_model_that_comes_along_is_not_removed(bundled: Path) -> None:
    before = bundled.read_bytes()
    with pytest.raises(ModelError, match="'along' comes with DeepBass and can't be removed"):
        models.remove("along")
    assert bundled.read_bytes() == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_its_name_is_taken(
    bundled: Path, checkpoint: Path, data_folder: Path, overwrite: bool
) -> None:
    with pytest.raises(ModelError, match="'along' comes with DeepBass and can't be replaced"):
        models.import_model(checkpoint, "along", overwrite=overwrite)
    assert not data_folder.exists()


def test_a_model_that_had_its_name_before_is_still_the_users_own(bundled: Path) -> None:
    install("along", seed=3)
    assert not models.facts("along").bundled
    np.testing.assert_array_equal(load_model("along").weights["out1/W"], tiny_weights(3)["out1/W"])
    models.remove("along")
    assert models.facts("along").path == bundled


def test_a_program_packed_with_a_damaged_model_goes_on_without_it(bundled: Path) -> None:
    bundled.write_bytes(bundled.read_bytes()[:-1])
    assert (models.names(), models.installed(), models.default_name()) == (["along"], [], None)
    with pytest.raises(ModelError) as raised:
        load_model("along")
    assert raised.value.path == bundled
    install("own")
    assert models.default_name() == "own"


def test_a_program_packed_without_its_resources_has_no_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "deepbass_engine").mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "deepbass_engine")
    assert models.bundled_folder() is None
    assert (models.names(), models.default_name()) == ([], None)

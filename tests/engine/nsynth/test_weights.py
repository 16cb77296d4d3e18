"""Model files: what is written is read, and anything else is refused with its name."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from checkpoint_writer import TINY, tiny_weights
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from deepbass_engine.errors import Cancelled, ModelError, OutputError
from deepbass_engine.nsynth import weights
from deepbass_engine.progress import CancelToken, Progress


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    weights.save(
        path, TINY, tiny_weights(), origin="a test", notes=("made of noise",), trained_steps=12
    )
    return path


def metadata(**changes: str) -> dict[str, str]:
    """What a file of the tiny model says of itself."""
    source = weights.source_of(TINY, tiny_weights(), origin="a test")
    config, source_text = (msgspec.json.encode(each).decode() for each in (TINY, source))
    return {"schema": weights.SCHEMA, "config": config, "source": source_text, **changes}


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as raised:
        weights.load(path)
    assert raised.value.path == path
    assert raised.value.hint
    return raised.value.what


def test_what_is_written_is_read(model: Path) -> None:
    found = weights.load(model)
    assert (found.config, found.source.origin) == (TINY, "a test")
    assert (found.source.notes, found.source.trained_steps) == (("made of noise",), 12)
    assert list(found.weights) == list(TINY.variables())
    for name, values in tiny_weights().items():
        assert found.weights[name].dtype == np.float32
        np.testing.assert_array_equal(found.weights[name], values)


def test_the_library_of_the_format_reads_it(model: Path) -> None:
    found = load_file(model)
    assert found.keys() == tiny_weights().keys()
    np.testing.assert_array_equal(found["logits/W"], tiny_weights()["logits/W"])


def test_the_header_alone_says_what_it_is(model: Path) -> None:
    assert weights.read_header(model).source == weights.load(model).source


def test_the_hash_is_of_what_is_computed_with() -> None:
    plain = weights.content_hash(TINY, tiny_weights())
    assert weights.content_hash(TINY, {**tiny_weights(), "Adam/W": np.ones(1, "f4")}) == plain
    other = tiny_weights()
    other["logits/W"] = np.nextafter(other["logits/W"], np.float32(9))
    assert weights.content_hash(TINY, other) != plain
    assert weights.content_hash(msgspec.structs.replace(TINY, hop=256), tiny_weights()) != plain


def test_the_hash_does_not_depend_on_how_arrays_lie_in_memory() -> None:
    turned = {name: np.asfortranarray(values) for name, values in tiny_weights().items()}
    assert weights.content_hash(TINY, turned) == weights.content_hash(TINY, tiny_weights())


def test_float16_is_widened(tmp_path: Path) -> None:
    half = {name: values.astype(np.float16) for name, values in tiny_weights().items()}
    wide = {name: values.astype(np.float32) for name, values in half.items()}
    source = weights.source_of(TINY, wide, origin="a test")
    path = tmp_path / "half.safetensors"
    save_file(half, path, metadata(source=msgspec.json.encode(source).decode()))
    found = weights.load(path).weights
    assert found["logits/W"].dtype == np.float32
    np.testing.assert_array_equal(found["logits/W"], wide["logits/W"])


def test_a_file_of_a_later_program_with_more_to_say_of_its_source_is_read(tmp_path: Path) -> None:
    source = json.loads(metadata()["source"]) | {"licence": "CC0-1.0"}
    save_file(tiny_weights(), tmp_path / "m.safetensors", metadata(source=json.dumps(source)))
    assert weights.load(tmp_path / "m.safetensors").source.origin == "a test"


def test_a_file_of_an_earlier_program_says_nothing_of_the_steps_of_its_training(
    tmp_path: Path,
) -> None:
    source = json.loads(metadata()["source"])
    del source["trained_steps"]
    save_file(tiny_weights(), tmp_path / "m.safetensors", metadata(source=json.dumps(source)))
    assert weights.load(tmp_path / "m.safetensors").source.trained_steps == 0


def test_progress_ends_with_all_bytes(tmp_path: Path) -> None:
    told: list[Progress] = []
    weights.save(tmp_path / "m", TINY, tiny_weights(), origin="", on_progress=told.append)
    assert {each.stage for each in told} == {"writing"}
    assert told[-1].done == told[-1].total == 4 * TINY.n_parameters


# float16 ----------------------------------------------------------------------------------------


def test_a_model_stored_as_float16_is_rounded_to_the_nearest_and_half_the_size(
    model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "half.safetensors"
    header = weights.save(path, TINY, tiny_weights(), origin="a test", precision="float16")
    found = weights.load(path)
    assert found.source == header.source
    for name, values in tiny_weights().items():
        assert found.weights[name].dtype == np.float32
        np.testing.assert_array_equal(found.weights[name], values.astype(np.float16))
    assert {values.dtype for values in load_file(path).values()} == {np.dtype("float16")}
    assert model.stat().st_size - path.stat().st_size >= 2 * TINY.n_parameters


def test_rounding_once_is_enough(tmp_path: Path) -> None:
    once, twice, wide = (tmp_path / name for name in ("once", "twice", "wide"))
    weights.save(once, TINY, tiny_weights(), origin="", precision="float16")
    read = weights.load(once)
    weights.save(twice, TINY, read.weights, origin="", precision="float16")
    weights.save(wide, TINY, read.weights, origin="")
    hashes = {weights.load(path).source.content_hash for path in (once, twice, wide)}
    assert hashes == {weights.content_hash(TINY, read.weights)}
    assert hashes != {weights.content_hash(TINY, tiny_weights())}


def test_progress_of_a_float16_file_ends_with_all_bytes(tmp_path: Path) -> None:
    told: list[Progress] = []
    weights.save(
        tmp_path / "m", TINY, tiny_weights(), origin="", precision="float16",
        on_progress=told.append,
    )  # fmt: skip
    assert told[-1].done == told[-1].total == 2 * TINY.n_parameters


@pytest.mark.parametrize(("value", "fits"), [(65_519.0, True), (65_520.0, False), (-1e5, False)])
def test_a_value_beyond_the_range_of_float16_is_refused_by_its_name(
    tmp_path: Path, value: float, fits: bool
) -> None:
    """65,520 is where rounding goes up from the largest value, 65,504."""
    some = tiny_weights()
    some["res_1/W"][0, 0, 1, 1] = value
    path = tmp_path / "m.safetensors"
    if fits:
        weights.save(path, TINY, some, origin="", precision="float16")
        assert weights.load(path).weights["res_1/W"][0, 0, 1, 1] == 65_504
        return
    with pytest.raises(ModelError, match=f"variable res_1/W holds {abs(value):g}, which float16"):
        weights.save(path, TINY, some, origin="", precision="float16")
    assert list(tmp_path.iterdir()) == []


# What is wrong ----------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_flipped_bit_in_a_variable_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("m") / "m.safetensors"
    weights.save(path, TINY, tiny_weights(), origin="a test")
    content = bytearray(path.read_bytes())
    n_header = 8 + int.from_bytes(content[:8], "little")
    at = data.draw(st.integers(n_header, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    assert refusal(path).startswith(("is damaged", "variable"))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_file_cut_short_anywhere_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("m") / "m.safetensors"
    weights.save(path, TINY, tiny_weights(), origin="a test")
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    assert refusal(path).startswith("is no model file, or a damaged one")


@settings(max_examples=50, deadline=None)
@given(content=st.binary(max_size=200))
def test_a_foreign_file_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("m") / "m.safetensors"
    path.write_bytes(content)
    assert refusal(path).startswith("is no model file")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "m.safetensors") == "there is no such file"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith("can't be read")


def test_a_safetensors_file_of_something_else_is_refused(tmp_path: Path) -> None:
    save_file({"embedding": np.ones(3, "f4")}, tmp_path / "m")
    assert refusal(tmp_path / "m") == "is a safetensors file, but no model of this program"


def test_a_later_schema_is_named(tmp_path: Path) -> None:
    save_file(tiny_weights(), tmp_path / "m", metadata(schema="deepbass.nsynth/2"))
    assert refusal(tmp_path / "m") == "has the schema deepbass.nsynth/2"


@pytest.mark.parametrize(
    "config",
    ["", "{", "[]", '{"width": 8}', '{"width": "8"}', '{"layers": -1}'],
)
def test_a_configuration_that_can_not_be_read_is_refused(tmp_path: Path, config: str) -> None:
    save_file(tiny_weights(), tmp_path / "m", metadata(config=config))
    assert refusal(tmp_path / "m").startswith("has a header that can't be read")


def test_a_configuration_out_of_range_is_refused(tmp_path: Path) -> None:
    text = json.dumps(msgspec.to_builtins(TINY) | {"hop": 0})
    save_file(tiny_weights(), tmp_path / "m", metadata(config=text))
    assert refusal(tmp_path / "m") == "hop is 0"


def test_more_layers_than_variables_are_refused_at_once(tmp_path: Path) -> None:
    text = json.dumps(msgspec.to_builtins(TINY) | {"layers": 60_000})
    save_file(tiny_weights(), tmp_path / "m", metadata(config=text))
    assert refusal(tmp_path / "m") == "is damaged: it has fewer variables than layers"


def test_the_first_variable_that_is_missing_is_named(tmp_path: Path) -> None:
    some = tiny_weights()
    del some["res_2/W"], some["logits/W"]
    save_file(some, tmp_path / "m", metadata())
    assert refusal(tmp_path / "m") == "has no variable res_2/W (1, 1, 8, 8)"


def test_the_first_variable_of_a_wrong_shape_is_named(tmp_path: Path) -> None:
    some = tiny_weights() | {"out1/W": np.zeros((1, 1, 8, 9), "f4")}
    save_file(some, tmp_path / "m", metadata())
    assert refusal(tmp_path / "m").startswith("variable out1/W has shape (1, 1, 8, 9)")


def test_a_variable_of_another_type_is_named(tmp_path: Path) -> None:
    some = {name: values.astype(np.float64) for name, values in tiny_weights().items()}
    save_file(some, tmp_path / "m", metadata())
    assert refusal(tmp_path / "m") == "variable ae_startconv/W is of type F64"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_variable_that_is_not_finite_is_neither_written_nor_read(
    tmp_path: Path, value: float
) -> None:
    some = tiny_weights()
    some["res_1/W"][0, 0, 1, 1] = value
    with pytest.raises(ModelError, match="variable res_1/W holds NaN or infinity"):
        weights.save(tmp_path / "n", TINY, some, origin="a test")
    assert not (tmp_path / "n").exists()
    save_file(some, tmp_path / "m", metadata())
    assert refusal(tmp_path / "m") == "variable res_1/W holds NaN or infinity"


def test_a_model_is_not_written_in_part(tmp_path: Path) -> None:
    some = tiny_weights()
    del some["res_1/W"]
    with pytest.raises(ModelError, match="has no variable res_1/W"):
        weights.save(tmp_path / "m", TINY, some, origin="a test")
    assert list(tmp_path.iterdir()) == []


def test_cancelling_leaves_the_file_as_it_was(model: Path) -> None:
    before = model.read_bytes()
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        weights.save(model, TINY, tiny_weights(1), origin="another", cancel=cancel)
    assert model.read_bytes() == before
    assert list(model.parent.iterdir()) == [model]


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't be written"):
        weights.save(tmp_path / "none" / "m", TINY, tiny_weights(), origin="a test")

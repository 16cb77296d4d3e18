"""The reader of TensorFlow checkpoints: every value, or an error that names file and variable."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from checkpoint_writer import MAGIC, field, part, table, varint, write_checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.errors import ModelError
from deepbass_engine.nsynth.config import config_of_shapes
from deepbass_engine.nsynth.tf_checkpoint import Checkpoint, Stretch

GOLDEN = Path(__file__).parents[2] / "golden" / "tf_checkpoint"


def opened(prefix: Path) -> Checkpoint:
    files = {
        file.name.removeprefix(f"{prefix.name}."): Stretch(file, 0, file.stat().st_size, str(file))
        for file in prefix.parent.glob(f"{prefix.name}.*")
    }
    return Checkpoint(files["index"], files)


def read_all(prefix: Path, names: Iterable[str]) -> None:
    checkpoint = opened(prefix)
    for name in names:
        checkpoint.read(name)


def some(n_variables: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(3)
    return {
        f"layer_{i}/W": generator.standard_normal((1, 1 + i % 3, 2, 3)).astype(np.float32)
        for i in range(n_variables)
    }


# What is right ----------------------------------------------------------------------------------


def test_what_tensorflow_wrote_is_read_to_the_bit():
    checkpoint = opened(GOLDEN / "model.ckpt-1")
    config = config_of_shapes(checkpoint.shapes)
    assert (config.layers, config.width, config.n_classes) == (3, 2, 16)
    for number, (name, shape) in enumerate(config.variables().items()):
        values = number + np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 1024
        np.testing.assert_array_equal(checkpoint.read(name), values)


def test_integers_are_none_of_its_variables():
    assert "global_step" not in opened(GOLDEN / "model.ckpt-1").shapes


@settings(max_examples=25, deadline=None)
@given(
    n_variables=st.integers(1, 60),
    n_shards=st.integers(1, 4),
    block_bytes=st.sampled_from([1, 50, 400, 4096]),
    order=st.sampled_from("<>"),
)
def test_any_number_of_blocks_and_data_files_gives_every_value(
    tmp_path_factory, n_variables, n_shards, block_bytes, order
):
    wanted = some(n_variables)
    folder = tmp_path_factory.mktemp("checkpoint")
    checkpoint = opened(
        write_checkpoint(
            folder / "m", wanted, n_shards=n_shards, block_bytes=block_bytes, order=order
        )
    )
    assert checkpoint.shapes == {name: values.shape for name, values in wanted.items()}
    for name, values in wanted.items():
        np.testing.assert_array_equal(checkpoint.read(name), values)


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_other_floats_are_read_as_float32(tmp_path, dtype):
    stored = np.linspace(-2, 2, 12).astype(dtype).reshape(3, 4)
    found = opened(write_checkpoint(tmp_path / "m", {"x": stored})).read("x")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, stored.astype(np.float32))


def test_bfloat16_is_the_upper_half_of_float32(tmp_path):
    bits = np.array([0x3F80, 0xC000, 0x3E80, 0x0000], np.uint16)
    found = opened(write_checkpoint(tmp_path / "m", {"x": bits})).read("x")
    assert found.tolist() == [1.0, -2.0, 0.25, 0.0]


def test_a_part_of_a_file_reads_like_a_file_of_its_own(tmp_path):
    (tmp_path / "whole").write_bytes(b"before" + b"inside" + b"behind")
    inside = Stretch(tmp_path / "whole", 6, 6, "inside")
    assert inside.read(2, 4) == b"side"
    with pytest.raises(ModelError, match="has 6 bytes where 7 are needed"):
        inside.read(2, 5)


# What is wrong ----------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_flipped_bit_anywhere_is_found(tmp_path_factory, data):
    wanted = some(3)
    prefix = write_checkpoint(tmp_path_factory.mktemp("m") / "m", wanted)
    file = part(prefix, data.draw(st.sampled_from(["index", "data-00000-of-00001"])))
    content = bytearray(file.read_bytes())
    decides_nothing = range(0)
    if file.suffix == ".index":  # padding, and a number's zeros in it
        decides_nothing = range(len(content) - 48, len(content) - 8)
    places = st.integers(0, len(content) - 1).filter(lambda at: at not in decides_nothing)
    at = data.draw(places)
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(content)
    with pytest.raises(ModelError) as raised:
        read_all(prefix, wanted)
    assert raised.value.path == file


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_that_is_cut_short_is_named(tmp_path_factory, data):
    wanted = some(3)
    prefix = write_checkpoint(tmp_path_factory.mktemp("m") / "m", wanted)
    file = part(prefix, data.draw(st.sampled_from(["index", "data-00000-of-00001"])))
    content = file.read_bytes()
    file.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(ModelError) as raised:
        read_all(prefix, wanted)
    assert raised.value.path == file


def test_the_first_variable_that_is_cut_off_is_named(tmp_path):
    prefix = write_checkpoint(tmp_path / "m", {"a": np.ones(3, "f4"), "b": np.ones(4, "f4")})
    data = part(prefix, "data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:-1])
    checkpoint = opened(prefix)
    assert checkpoint.read("a").tolist() == [1, 1, 1]
    with pytest.raises(ModelError) as raised:
        checkpoint.read("b")
    assert raised.value.what == "is cut short: it has 27 bytes where 28 are needed (in variable b)"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_a_foreign_file_is_refused(tmp_path_factory, content, has_magic):
    file = tmp_path_factory.mktemp("m") / "m.index"
    file.write_bytes(content + (MAGIC if has_magic else b""))
    with pytest.raises(ModelError) as raised:
        Checkpoint(Stretch(file, 0, file.stat().st_size, str(file)), {})
    assert raised.value.path == file


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=30)), max_size=6))
def test_a_table_of_something_else_is_refused(tmp_path_factory, entries):
    """Every checksum is right here, so that what they guard is met."""
    file = tmp_path_factory.mktemp("m") / "m.index"
    file.write_bytes(table(sorted(entry for entry in entries if entry[0])))
    with pytest.raises(ModelError, match=r"has no header|is damaged"):
        Checkpoint(Stretch(file, 0, file.stat().st_size, str(file)), {})


HEADER = (b"", field(1, 1))
FOUR_BYTES = field(1, 1) + field(2, field(2, field(1, 1))) + field(5, 4)


@pytest.mark.parametrize(
    "entry",
    [
        b"\x0f",  # no such wire type
        b"\x80",  # a number that goes on
        varint(1 << 3) + b"\x80" * 10 + b"\x01",  # a number that is too long
        varint(2 << 3 | 2) + varint(99),  # a field longer than its message
        field(1, b"one"),  # a text for a number
        field(1, 1) + field(2, 7),  # a number for a message
    ],
)
def test_an_entry_that_can_not_be_read_is_damage(tmp_path, entry):
    (tmp_path / "m.index").write_bytes(table([HEADER, (b"x", entry)]))
    (tmp_path / "m.data-00000-of-00001").write_bytes(bytes(4))
    with pytest.raises(ModelError, match="is damaged"):
        opened(tmp_path / "m")


def test_a_variable_with_other_bytes_than_its_shape_is_damage(tmp_path):
    entry = field(1, 1) + field(2, field(2, field(1, 3))) + field(5, 4)
    (tmp_path / "m.index").write_bytes(table([HEADER, (b"x", entry)]))
    (tmp_path / "m.data-00000-of-00001").write_bytes(bytes(4))
    with pytest.raises(ModelError, match=r"variable x has shape \(3,\) in 4 bytes"):
        opened(tmp_path / "m").read("x")


def test_a_variable_far_behind_the_end_is_cut_short(tmp_path):
    entry = FOUR_BYTES + field(4, 2**62)
    (tmp_path / "m.index").write_bytes(table([HEADER, (b"x", entry)]))
    (tmp_path / "m.data-00000-of-00001").write_bytes(bytes(4))
    with pytest.raises(ModelError, match="is cut short"):
        opened(tmp_path / "m").read("x")


def test_a_missing_data_file_is_named_with_its_variable(tmp_path):
    prefix = write_checkpoint(
        tmp_path / "m", {"a": np.ones(3, "f4"), "b": np.ones(4, "f4")}, n_shards=2
    )
    part(prefix, "data-00001-of-00002").unlink()
    checkpoint = opened(prefix)
    checkpoint.read("a")
    with pytest.raises(ModelError, match=r"\.data-00001-of-00002 is not beside it; variable b"):
        checkpoint.read("b")


def test_slices_are_refused(tmp_path):
    prefix = write_checkpoint(tmp_path / "m", {"a": np.ones(3, "f4")}, sliced={"a"})
    with pytest.raises(ModelError, match="variable a is stored in slices"):
        opened(prefix).read("a")


@pytest.mark.parametrize(("compression", "name"), [(1, "by Snappy"), (7, "by method 7")])
def test_a_compressed_index_is_refused(tmp_path, compression, name):
    prefix = write_checkpoint(tmp_path / "m", some(2), compression=compression)
    with pytest.raises(ModelError, match=f"is compressed .{name}"):
        opened(prefix)


def test_a_file_that_can_not_be_opened_is_named(tmp_path):
    prefix = write_checkpoint(tmp_path / "m", some(1))
    checkpoint = opened(prefix)
    data = part(prefix, "data-00000-of-00001")
    data.unlink()
    with pytest.raises(ModelError, match="can't be read: No such file") as raised:
        checkpoint.read("layer_0/W")
    assert raised.value.path == data

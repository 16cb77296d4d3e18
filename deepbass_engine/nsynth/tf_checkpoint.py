"""Reads TensorFlow V2 checkpoints without TensorFlow.

A checkpoint is an index, which is a LevelDB table from variable names to protocol buffers, and
one or more data files with the variables end to end. Every block of the index and every variable
carries a masked CRC-32C, and each is checked.

Sources: LevelDB's ``doc/table_format.md``; TensorFlow's ``core/protobuf/tensor_bundle.proto`` and
``core/util/tensor_bundle``; the protocol buffers' wire format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.errors import ModelError
from deepbass_engine.nsynth.config import Shape

_FOOTER_BYTES = 48
_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_TRAILER_BYTES = 5
_SNAPPY = b"\1"
_MOST_INDEX_BYTES = 1 << 26
_DTYPES = {1: "f4", 2: "f8", 14: "u2", 19: "f2"}
_FLOAT, _BFLOAT16, _INT64 = 1, 14, 9
_BIG_ENDIAN = 1
_VARINT, _BYTES, _FIXED32 = 0, 2, 5
_AGAIN = "copy or download it again"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A file, or the part of one where a member of an archive lies.

    Attributes
    ----------
    path
        The file.
    start, n_bytes
        Where the part begins and how long it is.
    name
        What it is called in messages: the file, and in an archive also the member.
    """

    path: Path
    start: int
    n_bytes: int
    name: str

    def read(self, start: int, n_bytes: int) -> bytes:
        """Bytes of the stretch.

        Raises
        ------
        ModelError
            If it ends before, or can't be read.
        """
        n_there = max(0, min(n_bytes, self.n_bytes - start))
        try:
            with self.path.open("rb") as file:
                file.seek(self.start + min(start, self.n_bytes))
                found = file.read(n_there)
        except OSError as error:
            raise ModelError(
                f"can't be read: {error.strerror or error}",
                path=self.name,
                hint="check its permissions and its disk",
            ) from error
        if len(found) < n_bytes:
            raise ModelError(
                f"is cut short: it has {self.n_bytes} bytes where {start + n_bytes} are needed",
                path=self.name,
                hint=_AGAIN,
            )
        return found


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where one variable lies."""

    dtype: int
    shape: Shape
    shard: int
    start: int
    n_bytes: int
    masked_crc: int
    is_sliced: bool


class Checkpoint:
    """The variables of a checkpoint; each is read when it is asked for.

    Parameters
    ----------
    index
        The ``.index`` file.
    data
        The data files beside it, by the ends of their names: ``data-00000-of-00001``.

    Attributes
    ----------
    shapes
        Shape of every floating-point variable, by name.

    Raises
    ------
    ModelError
        If the index is damaged or none of a checkpoint.
    """

    def __init__(self, index: Stretch, data: Mapping[str, Stretch]) -> None:
        self._index = index
        self._data = data
        self._entries: dict[str, _Entry] = {}
        self._order: Literal["<", ">"] = "<"
        self._n_shards = 0
        try:
            for key, value in _table(index):
                if key:
                    self._entries[key.decode()] = _entry(value)
                else:
                    header = _fields(value)
                    self._n_shards = _number(header, 1)
                    self._order = ">" if _number(header, 2) == _BIG_ENDIAN else "<"
        except (IndexError, ValueError) as error:
            raise ModelError("is damaged", path=index.name, hint=_AGAIN) from error
        if self._n_shards < 1:
            raise ModelError("has no header", path=index.name, hint=_AGAIN)
        self.shapes = {
            name: entry.shape for name, entry in self._entries.items() if entry.dtype in _DTYPES
        }

    def read(self, name: str) -> NDArray[np.float32]:
        """Read a variable as float32; it can't be written to.

        Raises
        ------
        ModelError
            If it can't be read or is damaged; the file and the variable are named.
        """
        entry = self._entries[name]
        values = self._values(name, entry, _DTYPES[entry.dtype])
        if entry.dtype == _BFLOAT16:
            return (values.astype(np.uint32) << 16).view(np.float32)
        with np.errstate(over="ignore"):  # infinity is for the caller to find
            return values.astype(np.float32, copy=False)

    def whole_number(self, name: str) -> int | None:
        """Read a variable that is one int64; None where there is none such.

        Raises
        ------
        ModelError
            As `read`.
        """
        entry = self._entries.get(name)
        if entry is None or entry.dtype != _INT64 or entry.shape != ():
            return None
        return int(self._values(name, entry, "i8")[()])

    def _values(self, name: str, entry: _Entry, dtype_code: str) -> NDArray[Any]:
        """A variable as it is stored, checked."""
        if entry.is_sliced:
            raise ModelError(
                f"variable {name} is stored in slices",
                path=self._index.name,
                hint="save the checkpoint without a partitioner",
            )
        end = f"data-{entry.shard:05}-of-{self._n_shards:05}"
        shard = self._data.get(end)
        if shard is None:
            raise ModelError(
                f"the file .{end} is not beside it; variable {name} lies there",
                path=self._index.name,
                hint="keep the files of a checkpoint together",
            )
        dtype = np.dtype(dtype_code).newbyteorder(self._order)
        if entry.n_bytes != prod(entry.shape) * dtype.itemsize:
            raise ModelError(
                f"is damaged: variable {name} has shape {entry.shape} in {entry.n_bytes} bytes",
                path=self._index.name,
                hint=_AGAIN,
            )
        try:
            raw = shard.read(entry.start, entry.n_bytes)
        except ModelError as error:
            raise ModelError(
                f"{error.what} (in variable {name})", path=shard.name, hint=error.hint
            ) from error
        if _masked_crc(raw) != entry.masked_crc:
            raise ModelError(f"is damaged in variable {name}", path=shard.name, hint=_AGAIN)
        return np.frombuffer(raw, dtype).reshape(entry.shape)


def _table(index: Stretch) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a LevelDB table, in order."""
    if not _FOOTER_BYTES <= index.n_bytes <= _MOST_INDEX_BYTES:
        raise ModelError(
            f"is no index of a checkpoint: it has {index.n_bytes} bytes",
            path=index.name,
            hint=_AGAIN,
        )
    table = index.read(0, index.n_bytes)
    if not table.endswith(_MAGIC):
        raise ModelError(
            "is no index of a TensorFlow checkpoint, or is cut short", path=index.name, hint=_AGAIN
        )
    footer = table[-_FOOTER_BYTES:]
    _block(index, table, footer)  # it says nothing that is needed, but every block is checked
    _, at = _varint(footer, 0)
    _, at = _varint(footer, at)
    for _, handle in _entries_of(_block(index, table, footer[at:])):
        yield from _entries_of(_block(index, table, handle))


def _block(index: Stretch, table: bytes, handle: bytes) -> bytes:
    """The block that a handle leads to, checked."""
    start, at = _varint(handle, 0)
    n_bytes, _ = _varint(handle, at)
    end = start + n_bytes
    block, kind, crc = table[start:end], table[end : end + 1], table[end + 1 : end + _TRAILER_BYTES]
    if _masked_crc(block + kind) != int.from_bytes(crc, "little"):
        raise ModelError("is damaged", path=index.name, hint=_AGAIN)
    if kind != b"\0":
        raise ModelError(
            f"is compressed (by {'Snappy' if kind == _SNAPPY else f'method {kind[0]}'})",
            path=index.name,
            hint="let TensorFlow save it again, without compression",
        )
    return block


def _entries_of(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Entries of a block; each key is told by what it does not share with the one before."""
    n_restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (n_restarts + 1)
    if end < 0:
        raise ValueError("more restarts than bytes")
    key, at = b"", 0
    while at < end:
        n_shared, at = _varint(block, at)
        n_more, at = _varint(block, at)
        n_value, at = _varint(block, at)
        middle = at + n_more
        if n_shared > len(key) or middle + n_value > end:
            raise ValueError("an entry leads out of its block")
        key = key[:n_shared] + block[at:middle]
        at = middle + n_value
        yield key, block[middle:at]


def _entry(message: bytes) -> _Entry:
    """A BundleEntryProto."""
    fields = _fields(message)
    shape = _fields(_message(fields, 2))
    return _Entry(
        dtype=_number(fields, 1),
        shape=tuple(
            _number(_fields(size), 1) for size in shape.get(2, []) if isinstance(size, bytes)
        ),
        shard=_number(fields, 3),
        start=_number(fields, 4),
        n_bytes=_number(fields, 5),
        masked_crc=_number(fields, 6),
        is_sliced=7 in fields,
    )


def _fields(message: bytes) -> dict[int, list[int | bytes]]:
    """Fields of a protocol buffer by their number."""
    fields: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        value: int | bytes
        if kind == _VARINT:
            value, at = _varint(message, at)
        elif kind in (_BYTES, _FIXED32):
            n_bytes, at = _varint(message, at) if kind == _BYTES else (4, at)
            value = message[at : at + n_bytes]
            at += n_bytes
            if at > len(message):
                raise ValueError("a field leads out of its message")
            if kind == _FIXED32:
                value = int.from_bytes(value, "little")
        else:
            raise ValueError(f"wire type {kind}")
        fields.setdefault(number, []).append(value)
    return fields


def _number(fields: dict[int, list[int | bytes]], number: int) -> int:
    """The last value of a numeric field, 0 if there is none."""
    value = fields.get(number, [0])[-1]
    if isinstance(value, bytes):
        raise ValueError(f"field {number} is no number")
    return value


def _message(fields: dict[int, list[int | bytes]], number: int) -> bytes:
    """The last value of a field that is a message itself, empty if there is none."""
    value = fields.get(number, [b""])[-1]
    if isinstance(value, int):
        raise ValueError(f"field {number} is no message")
    return value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where the next thing begins."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")


def _masked_crc(data: bytes) -> int:
    """CRC-32C as LevelDB stores it: turned and shifted, for data that holds CRCs itself."""
    import google_crc32c

    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF

"""Writes TensorFlow V2 checkpoints by hand, also such as TensorFlow itself never would."""

from __future__ import annotations

import tarfile
from collections.abc import Collection, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from nsynth_models import random_weights, small_config
from numpy.typing import NDArray

from deepbass_engine.nsynth.config import WaveNetConfig

DTYPES = {"float32": 1, "float64": 2, "int64": 9, "uint16": 14, "float16": 19}
"""TensorFlow's number of each type; uint16 holds the bits of a bfloat16."""
TINY = small_config(encoder_layers=1, layers=2, n_classes=8, hop=512)
MAGIC = bytes.fromhex("57fb808b247547db")


def tiny_weights(seed: int = 0, config: WaveNetConfig = TINY) -> dict[str, NDArray[np.float32]]:
    """Variables of a model whose checkpoint has a few KB."""
    return random_weights(config, seed)


def write_checkpoint(
    prefix: Path,
    variables: Mapping[str, NDArray[Any]],
    *,
    n_shards: int = 1,
    block_bytes: int = 4096,
    order: str = "<",
    sliced: Collection[str] = (),
    compression: int = 0,
) -> Path:
    """Write ``.index`` and ``.data-...`` files, and return the prefix.

    Parameters
    ----------
    n_shards
        Data files; the variables go to them in turn.
    block_bytes
        Size at which a block of the index is full.
    order
        Byte order of the variables.
    sliced
        Variables said to be stored in slices.
    compression
        Kind that each block of the index claims.
    """
    shards = [BytesIO() for _ in range(n_shards)]
    header = field(1, n_shards) + field(2, int(order == ">")) + field(3, field(1, 1))
    entries = [(b"", header)]
    for i, name in enumerate(sorted(variables, key=str.encode)):
        values, shard = variables[name], shards[i % n_shards]
        raw = values.astype(values.dtype.newbyteorder(order)).tobytes()
        shape = b"".join(field(2, field(1, size)) for size in values.shape)
        entry = field(1, DTYPES[values.dtype.name]) + field(2, shape) + field(3, i % n_shards)
        entry += field(4, shard.tell()) + field(5, len(raw))
        entry += varint(6 << 3 | 5) + masked_crc(raw).to_bytes(4, "little")
        entries.append((name.encode(), entry + (field(7, b"") if name in sliced else b"")))
        shard.write(raw)
    for i, shard in enumerate(shards):
        part(prefix, f"data-{i:05}-of-{n_shards:05}").write_bytes(shard.getvalue())
    part(prefix, "index").write_bytes(table(entries, block_bytes, compression))
    return prefix


def part(prefix: Path, end: str) -> Path:
    """A file of a checkpoint."""
    return prefix.with_name(f"{prefix.name}.{end}")


def pack(archive: Path, *files: Path, folder: str = "wavenet-ckpt") -> Path:
    """Pack files into a tar archive, in a folder of it."""
    with tarfile.open(archive, "w:gz" if archive.suffix == ".gz" else "w") as out:
        for file in files:
            out.add(file, f"{folder}/{file.name}")
    return archive


def table(
    entries: list[tuple[bytes, bytes]], block_bytes: int = 4096, compression: int = 0
) -> bytes:
    """A LevelDB table."""
    out = BytesIO()

    def write(block: list[tuple[bytes, bytes]]) -> bytes:
        content = _block(block)
        handle = varint(out.tell()) + varint(len(content))
        kind = bytes([compression])
        out.write(content + kind + masked_crc(content + kind).to_bytes(4, "little"))
        return handle

    index, block, size = [], [], 0
    for entry in entries:
        block.append(entry)
        size += sum(map(len, entry))
        if size >= block_bytes:
            index.append((entry[0], write(block)))
            block, size = [], 0
    if block:
        index.append((block[-1][0], write(block)))
    footer = write([]) + write(index)
    return out.getvalue() + footer.ljust(40, b"\0") + MAGIC


def _block(entries: list[tuple[bytes, bytes]], restart_every: int = 16) -> bytes:
    """A block: each key without what it shares with the one before, but for every sixteenth."""
    out, restarts, before = b"", [], b""
    for i, (key, value) in enumerate(entries):
        n_shared = 0
        if i % restart_every == 0:
            restarts.append(len(out))
        else:
            while n_shared < min(len(key), len(before)) and key[n_shared] == before[n_shared]:
                n_shared += 1
        out += varint(n_shared) + varint(len(key) - n_shared) + varint(len(value))
        out += key[n_shared:] + value
        before = key
    return out + b"".join(
        at.to_bytes(4, "little") for at in [*(restarts or [0]), len(restarts or [0])]
    )


def field(number: int, value: int | bytes) -> bytes:
    """A field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    """A number of variable length."""
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def masked_crc(data: bytes) -> int:
    """CRC-32C, turned by 15 bits and moved on."""
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8) % 2**32

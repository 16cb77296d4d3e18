"""Model files: the variables of an autoencoder and what is known of them, in one safetensors file.

The header's metadata holds the schema, the configuration and the source, each as text. A content
hash over configuration and variables, taken when the file is written and again when it is read,
names the model whatever it is called, and tells a damaged file. Variables may be stored as float16:
then they are rounded first, and the hash is of what will be read back.

Format: https://github.com/huggingface/safetensors
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from deepbass_engine import atomic
from deepbass_engine.errors import ModelError
from deepbass_engine.nsynth.config import Shape, WaveNetConfig, check_shapes
from deepbass_engine.progress import CancelToken, OnProgress, Progress

Weights = Mapping[str, NDArray[np.float32]]
StoredPrecision = Literal["float32", "float16"]

SCHEMA = "deepbass.nsynth/1"
SUFFIX = ".safetensors"

_HASH_DIGITS = 32
_WIDE = np.dtype("<f4")
_DTYPES: dict[StoredPrecision, str] = {"float32": "F32", "float16": "F16"}
"""What the format calls them."""


class Source(Struct, frozen=True, kw_only=True):
    """Where a model comes from.

    Attributes
    ----------
    origin
        The checkpoint or training it was made of, for a person to read.
    written_at
        When this file was written: UTC, ISO 8601.
    content_hash
        Hash of configuration and variables.
    notes
        What a person should know of how it was made.
    trained_steps
        Steps it was trained for, 0 where that is not known.
    """

    origin: str
    written_at: str
    content_hash: str
    notes: tuple[str, ...] = ()
    trained_steps: int = 0


class Header(Struct, frozen=True, kw_only=True):
    """What a model file says of itself."""

    config: WaveNetConfig
    source: Source


class ModelFile(Struct, frozen=True, kw_only=True):
    """All that is in a model file."""

    config: WaveNetConfig
    source: Source
    weights: dict[str, NDArray[np.float32]]


def content_hash(config: WaveNetConfig, weights: Weights) -> str:
    """SHA-256 of a model's configuration and variables, its first 128 bits in hexadecimal."""
    digest = hashlib.sha256(msgspec.json.encode(config))
    for name, values in _in_order(config, weights):
        digest.update(name.encode())
        digest.update(_bytes(values))
    return digest.hexdigest()[:_HASH_DIGITS]


def source_of(
    config: WaveNetConfig,
    weights: Weights,
    *,
    origin: str,
    notes: tuple[str, ...] = (),
    trained_steps: int = 0,
) -> Source:
    """What is to be said of a model that is made now."""
    return Source(
        origin=origin,
        written_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds"),
        content_hash=content_hash(config, weights),
        notes=notes,
        trained_steps=trained_steps,
    )


def save(
    path: Path,
    config: WaveNetConfig,
    weights: Weights,
    *,
    origin: str,
    notes: tuple[str, ...] = (),
    trained_steps: int = 0,
    precision: StoredPrecision = "float32",
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> Header:
    """Write a model file, whole or not at all.

    Parameters
    ----------
    path
        The file to make or replace.
    config, weights
        The model; variables that are none of its configuration's are left out.
    origin, notes, trained_steps
        What `Source` says.
    precision
        What the variables are stored as. float16 halves the file and rounds them to the nearest of
        its values, so that the model is another one unless they are float16 already.

    Raises
    ------
    ModelError
        If a variable is missing, has a wrong shape, is not finite, or passes float16's range.
    OutputError
        If the file can't be written.
    Cancelled
        If asked to stop.
    """
    check_shapes({name: values.shape for name, values in weights.items()}, config)
    for name, values in _in_order(config, weights):
        check_finite(name, values)
    if precision == "float16":
        weights = {name: _rounded(name, values) for name, values in _in_order(config, weights)}
    source = source_of(config, weights, origin=origin, notes=notes, trained_steps=trained_steps)
    dtype = np.dtype(precision).newbyteorder("<")
    # Not by the library's own writer: that makes a second temporary file, with a mode of its own,
    # can't be stopped, and turns the system's errors into text.
    header = _encoded_header(config, source, precision)
    n_bytes, done = dtype.itemsize * config.n_parameters, 0
    with atomic.replacing(path) as temporary, temporary.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for _, values in _in_order(config, weights):
            if cancel is not None:
                cancel.raise_if_cancelled()
            done += file.write(_bytes(values, dtype))
            if on_progress is not None:
                on_progress(Progress("writing", done, n_bytes))
    return Header(config=config, source=source)


def read_header(path: Path) -> Header:
    """Read what a model file says of itself; its variables are not looked at.

    Raises
    ------
    ModelError
        If there is no such file, or it is none of ours.
    """
    with _opened(path) as file:
        return _header(file)


def load(path: Path) -> ModelFile:
    """Read a model file and check all of it.

    Variables stored as float16 are widened.

    Raises
    ------
    ModelError
        If there is no such file, it is none of ours, or it is damaged.
    """
    with _opened(path) as file:
        header = _header(file)
        names = list(file.keys())
        if max(header.config.layers, header.config.encoder_layers) > len(names):
            raise ModelError("is damaged: it has fewer variables than layers", hint=_AGAIN)
        shapes: dict[str, Shape] = {name: tuple(file.get_slice(name).get_shape()) for name in names}
        check_shapes(shapes, header.config)
        weights = {name: _variable(file, name) for name in header.config.variables()}
    if content_hash(header.config, weights) != header.source.content_hash:
        raise ModelError(
            "is damaged: its variables are not those it was written with", path=path, hint=_AGAIN
        )
    return ModelFile(config=header.config, source=header.source, weights=weights)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Name a file in the model errors that name none."""
    try:
        yield
    except ModelError as error:
        if error.path is not None:
            raise
        raise ModelError(error.what, path=path, hint=error.hint) from error


def check_finite(name: str, values: NDArray[np.float32]) -> None:
    """Raise `ModelError` if a variable holds NaN or infinity."""
    if not np.isfinite(values).all():
        raise ModelError(
            f"variable {name} holds NaN or infinity", hint="give a model whose training went well"
        )


_AGAIN = "copy or import it again"
_NOT_OURS = "give a model that DeepBass has written, or a checkpoint"


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file, mapped into memory; what goes wrong with it names it."""
    from safetensors import SafetensorError, safe_open

    try:
        with naming(path), safe_open(path, framework="numpy") as file:
            yield file
    except FileNotFoundError as error:
        raise ModelError("there is no such file", path=path, hint="check its name") from error
    except OSError as error:
        raise ModelError(
            f"can't be read: {error.strerror or error}", path=path, hint="give a model file"
        ) from error
    except SafetensorError as error:
        raise ModelError(
            f"is no model file, or a damaged one: {error}", path=path, hint=_AGAIN
        ) from error


def _header(file: Any) -> Header:
    metadata: dict[str, str] = file.metadata() or {}
    schema = metadata.get("schema", "")
    if schema != SCHEMA:
        family = SCHEMA.rpartition("/")[0] + "/"
        if schema.startswith(family):
            raise ModelError(f"has the schema {schema}", hint="a newer DeepBass can read it")
        raise ModelError("is a safetensors file, but no model of this program", hint=_NOT_OURS)
    try:
        return Header(
            config=msgspec.json.decode(metadata.get("config", ""), type=WaveNetConfig),
            source=msgspec.json.decode(metadata.get("source", ""), type=Source),
        )
    except msgspec.DecodeError as error:
        raise ModelError(f"has a header that can't be read: {error}", hint=_AGAIN) from error


def _variable(file: Any, name: str) -> NDArray[np.float32]:
    dtype = file.get_slice(name).get_dtype()
    if dtype not in _DTYPES.values():
        raise ModelError(
            f"variable {name} is of type {dtype}",
            hint=f"a model is of {' or '.join(_DTYPES.values())}",
        )
    values: NDArray[np.float32] = file.get_tensor(name).astype(np.float32, copy=False)
    check_finite(name, values)
    return values


def _rounded(name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The nearest values that float16 has."""
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float16).astype(np.float32)
    if not np.isfinite(rounded).all():
        raise ModelError(
            f"variable {name} holds {np.abs(values).max():g}, which float16 can't hold",
            hint="store it as float32",
        )
    return rounded


def _encoded_header(config: WaveNetConfig, source: Source, precision: StoredPrecision) -> bytes:
    entries: dict[str, object] = {
        "__metadata__": {
            "schema": SCHEMA,
            "config": msgspec.json.encode(config).decode(),
            "source": msgspec.json.encode(source).decode(),
        }
    }
    end = 0
    for name, shape in config.variables().items():
        start, end = end, end + np.dtype(precision).itemsize * int(np.prod(shape))
        entries[name] = {"dtype": _DTYPES[precision], "shape": shape, "data_offsets": [start, end]}
    encoded = json.dumps(entries).encode()
    return encoded + b" " * (-len(encoded) % 8)  # so that the variables are aligned


def _in_order(config: WaveNetConfig, weights: Weights) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for name in config.variables():
        yield name, weights[name]


def _bytes(values: NDArray[np.float32], dtype: np.dtype[Any] = _WIDE) -> memoryview:
    return np.ascontiguousarray(values, dtype).view(np.uint8).data

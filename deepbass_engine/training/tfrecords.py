"""Audio clips in TFRecord files as NSynth's training has them, without TensorFlow.

A file is a row of records: length (8 bytes, little endian), masked CRC-32C of those, the data, its
masked CRC-32C. The data is a ``tf.train.Example``: a map from names to lists of floats, integers
or bytes, in protocol buffers. ``audio`` is the clip; the other features are those that NSynth's
notes have, filled as the original program filled them.

Sources: https://www.tensorflow.org/tutorials/load_data/tfrecord,
https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.errors import InputError

N_QUALITIES = 10

_HINT = "prepare the clips again"
_LOUDEST = 1.001
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3
_HEADER = struct.Struct("<QI")
_CRC = struct.Struct("<I")


def record(data: bytes) -> bytes:
    """One record of a TFRecord file."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, _CRC.pack(_masked_crc(length)), data, _CRC.pack(_masked_crc(data))))


def encode_example(audio: NDArray[np.float32], note: str) -> bytes:
    """A clip as a ``tf.train.Example`` of NSynth's schema.

    Parameters
    ----------
    audio : float32, shape (n_samples,)
        The clip.
    note
        What it is called: feature ``note_str``.
    """
    features = {
        "audio": _feature(_FLOAT_LIST, np.asarray(audio, "<f4").tobytes()),
        "instrument_family": _feature(_INT64_LIST, b"\0"),
        "instrument_source": _feature(_INT64_LIST, b"\0"),
        "note_str": _field(_BYTES_LIST, _field(1, note.encode("utf-8", "backslashreplace"))),
        "pitch": _feature(_INT64_LIST, b"\0"),
        "qualities": _feature(_INT64_LIST, bytes(N_QUALITIES)),
        "velocity": _feature(_INT64_LIST, b"\0"),
    }
    entries = (_field(1, _field(1, k.encode()) + _field(2, v)) for k, v in features.items())
    return _field(1, b"".join(entries))


class ClipFile:
    """The clips of a TFRecord file, which is mapped into memory: any of them, in any order.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        If it can't be read, or a record of it is cut short.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            size = path.stat().st_size
            # without the subclass, which makes every slice of it slower
            self._bytes = np.asarray(np.memmap(path, np.uint8, "r") if size else (), np.uint8)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"can't be read: {reason}", path=path, hint=_HINT) from error
        self._spans = list(self._framed())

    def __len__(self) -> int:
        return len(self._spans)

    def clip(self, i: int) -> NDArray[np.float32]:
        """A clip, float32 of shape (n_samples,); not a copy where the file allows.

        Raises
        ------
        InputError
            If the record is none of NSynth's schema.
        """
        start, end = self._spans[i]
        try:
            return _audio(self._bytes[start:end])
        except ValueError as error:
            raise self._bad(i, f"is no clip of NSynth's schema: {error}") from error

    def check(self) -> None:
        """Look at every clip.

        Raises
        ------
        InputError
            If one is damaged, of another schema or length than the rest, or holds what is no
            sample; the record is named.
        """
        n_samples = 0
        for i, (start, end) in enumerate(self._spans):
            data = self._bytes[start:end]
            (crc,) = _CRC.unpack(self._bytes[end : end + _CRC.size].tobytes())
            if crc != _masked_crc(data):
                raise self._bad(i, "is damaged")
            audio = self.clip(i)
            if not len(audio):
                raise self._bad(i, "holds no samples")
            n_samples = n_samples or len(audio)
            if len(audio) != n_samples:
                raise self._bad(i, f"has {len(audio)} samples where the first has {n_samples}")
            if not np.isfinite(audio).all():
                raise self._bad(i, "holds NaN or infinity")
            if np.abs(audio).max() > _LOUDEST:
                raise self._bad(i, "holds samples beyond full scale")

    def _framed(self) -> Iterator[tuple[int, int]]:
        """Start and end of each record's data."""
        at, size = 0, len(self._bytes)
        for i in itertools.count():
            if at == size:
                return
            head = self._bytes[at : at + _HEADER.size].tobytes()
            if len(head) < _HEADER.size:
                raise self._bad(i, "is cut short")
            length, crc = _HEADER.unpack(head)
            if crc != _masked_crc(head[:8]):
                raise self._bad(i, "is damaged, or this is no TFRecord file")
            start = at + _HEADER.size
            at = start + length + _CRC.size
            if at > size:
                raise self._bad(i, "is cut short")
            yield start, start + length

    def _bad(self, i: int, what: str) -> InputError:
        return InputError(f"record {i} {what}", path=self._path, hint=_HINT)


def _field(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer that holds bytes."""
    return bytes((number << 3 | _BYTES,)) + _varint(len(content)) + content


def _feature(kind: int, packed: bytes) -> bytes:
    """A feature with a packed list of numbers."""
    return _field(kind, _field(1, packed))


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _audio(data: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Feature ``audio`` of an example."""
    for features in _fields(data, 1):
        for entry in _fields(features, 1):
            name = b"".join(part.tobytes() for part in _fields(entry, 1))
            if name == b"audio":
                floats = [f for v in _fields(entry, 2) for f in _fields(v, _FLOAT_LIST)]
                parts = [part for each in floats for part in _fields(each, 1)]
                if not parts or any(len(part) % 4 for part in parts):
                    raise ValueError("its audio is no list of floats")
                audio = parts[0] if len(parts) == 1 else np.concatenate(parts)
                return audio.view("<f4") if audio.flags.aligned else audio.copy().view("<f4")
    raise ValueError("it has no feature named audio")


def _fields(data: NDArray[np.uint8], number: int) -> Iterator[NDArray[np.uint8]]:
    """Content of each field of this number; numbers of fixed width as their bytes."""
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            _, end = _read_varint(data, at)
        elif kind == _BYTES:
            length, at = _read_varint(data, at)
            end = at + length
        elif kind in (_FIXED32, _FIXED64):
            end = at + (4 if kind == _FIXED32 else 8)
        else:
            raise ValueError(f"a field of kind {kind}")
        if end > len(data):
            raise ValueError("a field that ends behind its message")
        if key >> 3 == number and kind != _VARINT:
            yield data[at:end]
        at = end


def _read_varint(data: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Value, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("a number that ends behind its message")
        byte = int(data[at])
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _masked_crc(data: Any) -> int:
    """CRC-32C as TFRecord files have it: rotated, and a constant added."""
    import google_crc32c

    crc: int = google_crc32c.value(data if isinstance(data, bytes) else data.tobytes())
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF

"""Writing a mix: WAV at any position, FLAC in order.

The length is known before the first byte, so a WAV's header is final at once and blocks may be
written wherever they belong, by several threads: that is why its header is ours and not
libsndfile's. Over 4 GiB it is written as RF64 (EBU Tech 3306). A FLAC is a stream, encoded by
libsndfile; there a block waits until all before it are written.
"""

from __future__ import annotations

import errno
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from deepbass_engine.audio.channels import STEREO
from deepbass_engine.errors import OutputError
from deepbass_engine.progress import CancelToken

BYTES_PER_SAMPLE = {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}
EXTENSIONS = (".wav", ".flac")

RF64_FROM_BYTES = 2**32 - 1
"""A RIFF file's size field holds 32 bits; from this size on the file is written as RF64."""

_PCM, _IEEE_FLOAT = 1, 3
_WAITS_S = 0.1
_PROBED_BYTES = 1 << 20


class MixWriter(Protocol):
    """Takes the blocks of a mix, each with its place."""

    def write(self, first_frame: int, samples: NDArray[Any]) -> None:
        """Write samples of `deepbass_engine.audio.quantize.Quantized` at their place."""

    def close(self) -> None:
        """Finish the file."""


def check_format(target: Path, subtype: str) -> None:
    """Raise `OutputError` unless a mix can be written under this name in this sample format."""
    extension = target.suffix.lower()
    if extension not in EXTENSIONS:
        raise OutputError(
            f"can't be written as {extension or 'a file without extension'}",
            path=target,
            hint="name it .wav or .flac",
        )
    if extension == ".flac" and subtype == "FLOAT":
        raise OutputError(
            "can't hold FLOAT samples: FLAC stores integers",
            path=target,
            hint="use --subtype PCM_24, or name it .wav",
        )


def bytes_needed(extension: str, subtype: str, n_frames: int) -> int:
    """Room a mix takes on the disk; for FLAC what loud music usually needs, two thirds."""
    raw_bytes = n_frames * STEREO * BYTES_PER_SAMPLE[subtype]
    return raw_bytes * 2 // 3 if extension.lower() == ".flac" else raw_bytes


def open_writer(
    file: Path,
    extension: str,
    subtype: str,
    sample_rate_hz: int,
    n_frames: int,
    *,
    cancel: CancelToken,
    rf64_from_bytes: int = RF64_FROM_BYTES,
) -> MixWriter:
    """Open a file for a stereo mix of `n_frames`; `extension` tells the format."""
    if extension.lower() == ".flac":
        return FlacWriter(file, subtype, sample_rate_hz, cancel)
    return WavWriter(file, subtype, sample_rate_hz, n_frames, rf64_from_bytes)


class WavWriter:
    """Writes a stereo WAV or RF64 whose length is known; safe to call from several threads."""

    def __init__(
        self, file: Path, subtype: str, sample_rate_hz: int, n_frames: int, rf64_from_bytes: int
    ) -> None:
        self._frame_bytes = BYTES_PER_SAMPLE[subtype] * STEREO
        self._packs_24_bits = subtype == "PCM_24"
        header = wav_header(subtype, sample_rate_hz, n_frames, rf64_from_bytes)
        self._data_start = len(header)
        self._file = file.open("r+b", buffering=0)
        self._lock = threading.Lock()
        try:
            self._write_at(0, memoryview(header))
            self._file.truncate(self._data_start + n_frames * self._frame_bytes)
        except BaseException:
            self._file.close()
            raise

    def write(self, first_frame: int, samples: NDArray[Any]) -> None:
        """Write samples at their place; samples are little-endian in the file."""
        little = samples.astype(samples.dtype.newbyteorder("<"), copy=False)
        data = _packed_24(little) if self._packs_24_bits else np.ascontiguousarray(little)
        place = self._data_start + first_frame * self._frame_bytes
        flat = data.reshape(-1).view(np.uint8)  # (a memoryview's cast fails where it is empty)
        self._write_at(place, flat[: len(samples) * self._frame_bytes].data)

    def close(self) -> None:
        """Close the file; its length was set when it was opened."""
        self._file.close()

    def _write_at(self, position: int, data: memoryview) -> None:
        """Write all of `data`, without moving anyone's place in the file."""
        while data:
            if hasattr(os, "pwrite"):
                written = os.pwrite(self._file.fileno(), data, position)
            else:  # Windows
                with self._lock:
                    self._file.seek(position)
                    written = self._file.write(data) or 0
            position += written
            data = data[written:]


class FlacWriter:
    """Encodes a stereo FLAC in order; a thread that comes early waits for its turn."""

    def __init__(self, file: Path, subtype: str, sample_rate_hz: int, cancel: CancelToken) -> None:
        self._path = file
        with self._saying_why():
            self._sound = soundfile.SoundFile(
                os.fspath(file) if os.name == "nt" else os.fsencode(file),
                "w",
                samplerate=sample_rate_hz,
                channels=STEREO,
                format="FLAC",
                subtype=subtype,
            )
        self._shift = 8 if subtype == "PCM_24" else 0
        self._cancel = cancel
        self._next_frame = 0
        self._turn = threading.Condition()

    def write(self, first_frame: int, samples: NDArray[Any]) -> None:
        """Encode samples when all before them have been."""
        with self._turn:
            while self._next_frame != first_frame:
                self._cancel.raise_if_cancelled()
                self._turn.wait(_WAITS_S)
            # libsndfile takes 24 bits in the upper part of 32
            with self._saying_why():
                self._sound.write(samples << self._shift if self._shift else samples)
            self._next_frame += len(samples)
            self._turn.notify_all()

    def close(self) -> None:
        """Write what the encoder still holds, and close."""
        with self._saying_why():
            self._sound.close()

    @contextmanager
    def _saying_why(self) -> Iterator[None]:
        """Of a failed write libsndfile says "System error"; a write of our own says which."""
        try:
            yield
        except soundfile.LibsndfileError as error:
            with self._path.open("ab", buffering=0) as file:
                file.write(bytes(_PROBED_BYTES))
            raise OSError(errno.EIO, f"the FLAC encoder failed: {error}") from error


def _packed_24(samples: NDArray[np.int32]) -> NDArray[np.uint32]:
    """Lower three bytes of each sample, one behind the other: four samples in three words.

    Zeros follow where the number of samples is no multiple of four. (Copying the bytes by a
    strided view takes four times as long.)
    """
    words = samples.reshape(-1).view("<u4")
    if len(words) % 4:
        words = np.concatenate([words, np.zeros(-len(words) % 4, "<u4")])
    a, b, c, d = (words[i::4] & 0xFFFFFF for i in range(4))
    packed = np.empty((len(a), 3), "<u4")
    packed[:, 0] = a | b << 24
    packed[:, 1] = b >> 8 | c << 16
    packed[:, 2] = c >> 16 | d << 8
    return packed


def wav_header(
    subtype: str,
    sample_rate_hz: int,
    n_frames: int,
    rf64_from_bytes: int = RF64_FROM_BYTES,
    n_channels: int = STEREO,
) -> bytes:
    """Everything before the samples of a WAV, or RF64 if the file is that large."""
    frame_bytes = BYTES_PER_SAMPLE[subtype] * n_channels
    data_bytes = n_frames * frame_bytes
    is_float = subtype == "FLOAT"
    kind = struct.pack(
        "<HHIIHH",
        _IEEE_FLOAT if is_float else _PCM,
        n_channels,
        sample_rate_hz,
        sample_rate_hz * frame_bytes,
        frame_bytes,
        8 * BYTES_PER_SAMPLE[subtype],
    )
    chunks = _chunk(b"fmt ", kind + (b"\0\0" if is_float else b""))
    if is_float:
        chunks += _chunk(b"fact", struct.pack("<I", min(n_frames, 0xFFFF_FFFF)))
    riff_bytes = 4 + len(chunks) + 8 + data_bytes
    if riff_bytes + 8 < rf64_from_bytes:
        return (
            struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE")
            + chunks
            + struct.pack("<4sI", b"data", data_bytes)
        )
    sizes = struct.pack("<QQQI", riff_bytes + 36, data_bytes, n_frames, 0)
    return (
        struct.pack("<4sI4s", b"RF64", 0xFFFF_FFFF, b"WAVE")
        + _chunk(b"ds64", sizes)
        + chunks
        + struct.pack("<4sI", b"data", 0xFFFF_FFFF)
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", name, len(content)) + content

"""Reading with libsndfile: WAV, RF64, W64, AIFF, CAF, FLAC, Ogg Vorbis, Opus and MP3.

libsndfile cuts an uncompressed file's length to what is there, finds the length of an Ogg file by
its last page and honours the encoder delay and padding of an MP3's LAME header. It believes the
headers of FLAC and MP3, though, and never reads past the length they claim; so a FLAC is read at
its declared end first, and an MP3 is taken only where a walk over its frames
(`deepbass_engine.audio.mpeg`) found as many as its header says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from deepbass_engine.audio.channels import LAYOUTS
from deepbass_engine.audio.source import AudioSource, checked_rate, too_many_channels

_BIT_DEPTHS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "ALAC_16": 16,
               "ALAC_20": 20, "ALAC_24": 24, "ALAC_32": 32}  # fmt: skip
_BYTES_PER_SAMPLE = {"PCM_S8": 1, "PCM_U8": 1, "ULAW": 1, "ALAW": 1, "PCM_16": 2, "PCM_24": 3,
                     "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _SizeField:
    """How libsndfile's log shows the size that a header gives for the samples.

    Attributes
    ----------
    name
        Word before the number.
    n_other_bytes
        Bytes that it counts and that are no samples.
    unknown_from
        A size from here on was written before the length was known, by a program in a pipe.
    """

    name: str
    n_other_bytes: int = 0
    unknown_from: int = 0x7FFF_0000


_SIZE_FIELDS = {
    "WAV": _SizeField("data"),
    "WAVEX": _SizeField("data"),
    "AIFF": _SizeField("SSND", 8),
    "RF64": _SizeField("Data size", unknown_from=2**63 - 1),
    "W64": _SizeField("data", 24, unknown_from=2**63 - 1),
}
_LARGEST_EMPTY_WAV = 4096
"""A WAV of no frames that is larger holds sound whose length was never entered in its header."""

_PIECE_FRAMES = 256
"""Read at a time where a file is damaged."""

_PREROLL_FRAMES = 16_384
"""Decoded and dropped before a random access: the overlap of Vorbis, the memory of Opus."""


def opened(
    path: Path, kind: type[soundfile.SoundFile] = soundfile.SoundFile
) -> soundfile.SoundFile:
    """Open a file with libsndfile, whatever bytes its name holds."""
    return kind(os.fspath(path) if os.name == "nt" else os.fsencode(path))


class _Forward(soundfile.SoundFile):  # type: ignore[misc]
    """A file read forward only.

    soundfile asks libsndfile to seek to where it is after every block of a seekable file: that
    costs a tenth of an MP3's decoding, and is what makes Vorbis and MP3 differ with block size.
    """

    def seekable(self) -> bool:
        """Say no."""
        return False


def probe(path: Path) -> AudioSource | None:
    """Find out what a file is; None where libsndfile should not read it.

    Raises
    ------
    InputError
        If its rate or number of channels can't be mixed.
    """
    try:
        with opened(path) as file:
            if file.format == "OGG" and file.channels > 2:
                return None  # Vorbis orders its channels otherwise, Opus fails: FFmpeg does both
            if file.frames == 0 and path.stat().st_size > _LARGEST_EMPTY_WAV:
                return None  # FFmpeg reads on to the end of the file
            if file.format in ("FLAC", "OGG") and not _ends_where_declared(path, file.frames):
                return None
            if file.channels not in LAYOUTS:
                raise too_many_channels(path, file.channels)
            return AudioSource(
                path=path,
                container=file.format,
                codec=file.subtype,
                sample_rate_hz=checked_rate(path, file.samplerate),
                layout=LAYOUTS[file.channels],
                frames=file.frames,
                declared_frames=_declared_frames(file),
                bit_depth=_BIT_DEPTHS.get(file.subtype),
                decoder="soundfile",
            )
    except soundfile.LibsndfileError:
        return None


def blocks(
    source: AudioSource, dtype: str, block_frames: int, start_frame: int = 0
) -> Iterator[NDArray[Any]]:
    """Yield blocks of `block_frames`, the last one shorter; each is valid until the next.

    Decoding ends without an error where the file is damaged, and before its first frame where it
    has vanished: what is missing shows in the count.
    """
    try:
        opened_file = opened(source.path, _Forward)
    except soundfile.LibsndfileError:
        return
    with opened_file as file:
        buffer = np.empty((block_frames, source.channels), dtype)
        position = start_frame
        try:
            if start_frame:
                skip = min(start_frame, _PREROLL_FRAMES)
                file.seek(min(start_frame, file.frames) - skip)
                file.read(out=buffer[:skip])
            while len(block := file.read(out=buffer)):
                position += len(block)
                yield block
        except soundfile.LibsndfileError:
            intact = _read_to_damage(source.path, position, buffer)
            if intact:
                yield buffer[:intact]


def _read_to_damage(path: Path, start_frame: int, buffer: NDArray[Any]) -> int:
    """Fill a block with what precedes the damage in it, and return how many frames that is.

    libsndfile says only that a read has failed, not how much of it succeeded; so the block is
    read again, in small pieces.
    """
    filled = 0
    with opened(path) as file, suppress(soundfile.LibsndfileError):
        file.seek(start_frame)
        while n_read := len(file.read(out=buffer[filled : filled + _PIECE_FRAMES])):
            filled += n_read
    return filled


def _declared_frames(file: soundfile.SoundFile) -> int:
    """Frames the header claims, from libsndfile's log; its own count is what is there."""
    frames, field = int(file.frames), _SIZE_FIELDS.get(file.format)
    if field is None or file.subtype not in _BYTES_PER_SAMPLE:
        return frames
    log = re.search(rf"^ *{field.name} *: (\d+)", file.extra_info, re.MULTILINE)
    if log is None or int(log[1]) >= field.unknown_from:
        return frames
    frame_bytes = file.channels * _BYTES_PER_SAMPLE[file.subtype]
    declared: int = (int(log[1]) - field.n_other_bytes) // frame_bytes
    return max(frames, declared)


def _ends_where_declared(path: Path, frames: int) -> bool:
    """Whether the last declared frame can be read by a fresh handle."""
    if frames == 0:
        return True
    with opened(path) as file:
        try:
            file.seek(frames - 1)
            return len(file.read(1)) == 1
        except soundfile.LibsndfileError:
            return False

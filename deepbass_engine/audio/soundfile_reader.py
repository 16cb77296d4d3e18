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
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from deepbass_engine.audio.source import AudioSource, checked_rate
from deepbass_engine.errors import InputError

_LAYOUTS: dict[int, tuple[str, ...]] = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
_BIT_DEPTHS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "ALAC_16": 16,
               "ALAC_20": 20, "ALAC_24": 24, "ALAC_32": 32}  # fmt: skip
_STREAMED_SIZE = 0x7FFF_0000
"""A declared size from here on was written before the length was known (a WAV from a pipe)."""

_PREROLL_FRAMES = 16_384
"""Decoded and dropped before a random access: MP3's bit reservoir, Opus' and Vorbis' overlap."""


def opened(path: Path) -> soundfile.SoundFile:
    """Open a file with libsndfile, whatever bytes its name holds."""
    return soundfile.SoundFile(os.fspath(path) if os.name == "nt" else os.fsencode(path))


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
            if file.format in ("FLAC", "OGG") and not _ends_where_declared(path, file.frames):
                return None
            if file.channels not in _LAYOUTS:
                raise InputError(
                    f"has {file.channels} channels; at most {max(_LAYOUTS)} can be mixed",
                    path=path,
                    hint="export it in stereo",
                )
            return AudioSource(
                path=path,
                container=file.format,
                codec=file.subtype,
                sample_rate_hz=checked_rate(path, file.samplerate),
                layout=_LAYOUTS[file.channels],
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

    Decoding ends without an error where the file is damaged: what is missing shows in the count.
    """
    with opened(source.path) as file:
        buffer = np.empty((block_frames, source.channels), dtype)
        try:
            skip = min(start_frame, _PREROLL_FRAMES)
            file.seek(min(start_frame, file.frames) - skip)
            file.read(out=buffer[:skip])
            while len(block := file.read(out=buffer)):
                yield block
        except soundfile.LibsndfileError:
            return


def _declared_frames(file: soundfile.SoundFile) -> int:
    """Frames the header claims, from libsndfile's log; its own count is what is there."""
    log = re.search(r"^ *(?:data|SSND) *: (\d+) \(should be (\d+)\)", file.extra_info, re.MULTILINE)
    if log is None or int(log[1]) >= _STREAMED_SIZE or int(log[2]) == 0:
        return int(file.frames)
    claimed, present = int(log[1]), int(log[2])
    return max(int(file.frames), int(file.frames) * claimed // present)


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

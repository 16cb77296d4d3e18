"""From a file to samples: probing, one sequential pass, and random access.

Wherever samples reach a mix, a track is decoded by one sequential pass of `BLOCK_FRAMES` from its
first frame: libsndfile's Vorbis seek is off after a short forward jump in a used handle, Opus
differs slightly after a seek and MP3 with the block size. "The source's own samples" means that
pass. Where a seek gives the same samples (`seeks_exactly`) it may begin later. Random access
(`read_span`) opens a fresh handle with a pre-roll.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio import mpeg, soundfile_reader
from deepbass_engine.audio.clip import Clip
from deepbass_engine.audio.source import AudioSource, FileState
from deepbass_engine.errors import InputError
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Span

BLOCK_FRAMES = 131_072
"""Frames decoded at a time, 3 s at 44.1 kHz."""

_FLOAT_CODECS = ("FLOAT", "DOUBLE", "pcm_f", "wavpack")
"""In these every finite number is a sample as somebody wrote it, however large."""
_LOUDEST = 16.0
"""24 dB over full scale: beyond this a lossy decoder doesn't play music, but damage."""

_UNCOMPRESSED = ("WAV", "WAVEX", "AIFF", "RF64", "W64")


def probe(path: Path) -> AudioSource:
    """Find out what a file is without decoding it.

    Its `frames` are a counted number or None, never a header's guess; see `count_frames`.

    Raises
    ------
    InputError
        If the file is missing, unreadable, empty or no audio that can be read.
    """
    require_readable(path)
    state = FileState.of(path)  # before it is read: a change on the way is then seen
    return _probed(path).found_as(state)


def _probed(path: Path) -> AudioSource:
    """Ask the library that should read the file."""
    walked = mpeg.scan(path)
    says_mpeg = walked is not None or path.suffix.lower() in mpeg.EXTENSIONS
    if not says_mpeg or (walked is not None and walked.confirmed):
        source = soundfile_reader.probe(path)
        if source is not None:
            return source
    from deepbass_engine.audio import pyav_reader

    source = pyav_reader.probe(path)
    if source.container != "mp3" or (walked is not None and walked.ends_early):
        return source
    # FFmpeg guesses from the bit rate where the header says nothing or is wrong
    return replace(source, declared_frames=walked.music_frames if walked else None)


class Decoding(Iterator[NDArray[Any]]):
    """One sequential pass over a file, to its last frame.

    Iterating yields blocks of shape (BLOCK_FRAMES, channels), the last one shorter; each is valid
    only until the next is asked for. A damaged file ends early. Samples that are no finite
    numbers come out as silence and are counted.

    Parameters
    ----------
    source
        A probed file.
    dtype
        "float32", or "int16" for a file of at most 16 bits read by libsndfile: the samples then
        never leave their own grid.
    start_frame
        Where to begin; above 0 only in a source that `seeks_exactly`.

    Attributes
    ----------
    n_frames
        Frames decoded so far.
    n_not_finite
        Samples so far that were NaN, infinite or, in lossy coding, louder than any music.
    """

    def __init__(self, source: AudioSource, dtype: str = "float32", start_frame: int = 0) -> None:
        self.n_frames = 0
        self.n_not_finite = 0
        self._may_be_not_finite = source.bit_depth is None and dtype == "float32"
        self._loudest = _loudest(source)
        if source.decoder == "soundfile":
            self._blocks = soundfile_reader.blocks(source, dtype, BLOCK_FRAMES, start_frame)
        else:
            from deepbass_engine.audio import pyav_reader

            self._blocks = pyav_reader.blocks(source, BLOCK_FRAMES)

    def __next__(self) -> NDArray[Any]:
        block = next(self._blocks)
        self.n_frames += len(block)
        if self._may_be_not_finite:
            self.n_not_finite += _silence_not_finite(block, self._loudest)
        return block


def seeks_exactly(source: AudioSource) -> bool:
    """Whether decoding from any frame on gives the samples that one whole pass gives there.

    Integers as they lie in the file do; so does FLAC, where nothing of it is damaged: behind a
    damage a whole pass gives nothing.
    """
    if source.decoder != "soundfile" or source.bit_depth is None:
        return False
    if source.container == "FLAC":
        return source.is_intact
    return source.container in _UNCOMPRESSED and source.codec.startswith("PCM_")


def count_frames(source: AudioSource, *, cancel: CancelToken | None = None) -> AudioSource:
    """Return the source with its frames counted, by decoding it where nothing quicker is sure.

    Raises
    ------
    InputError
        If not one frame can be decoded.
    Cancelled
        If asked to stop.
    """
    if source.frames is None:
        decoding = Decoding(source)
        for _ in decoding:
            if cancel is not None:
                cancel.raise_if_cancelled()
        source = replace(source, frames=decoding.n_frames)
    if source.frames == 0:
        raise InputError(
            "opens, but holds no sound (0 frames)",
            path=source.path,
            hint="copy or export it again, or take it out of the playlist",
        )
    return source


def read_span(source: AudioSource, span: Span) -> Clip:
    """Decode only a part of a file, by a fresh handle.

    Frames outside the file are not returned, so the clip may be shorter than the span.

    Raises
    ------
    ValueError
        If the span is not within 0 and any length.
    """
    if not 0 <= span.start_frame <= span.end_frame:
        raise ValueError(f"span is {span}; it must not begin before 0 nor end before it begins")
    samples = np.zeros((span.n_frames, source.channels), np.float32)
    filled = 0
    loudest = _loudest(source)
    for block in _blocks_from(source, span.start_frame):
        part = block[: span.n_frames - filled]
        _silence_not_finite(part, loudest)
        samples[filled : filled + len(part)] = part
        filled += len(part)
        if filled == span.n_frames:
            break
    return Clip(samples[:filled], source.sample_rate_hz)


def _blocks_from(source: AudioSource, start_frame: int) -> Iterator[NDArray[Any]]:
    """Blocks from a frame on.

    FFmpeg's seeks are not exact in every container, and after a seek in an MP3 libmpg123 misses
    the bits that earlier frames lent and says so on stderr: both start at 0.
    """
    if source.decoder == "soundfile" and source.container != "MP3":
        yield from soundfile_reader.blocks(source, "float32", BLOCK_FRAMES, start_frame)
        return
    position = 0
    for block in Decoding(source):
        skip = min(len(block), max(0, start_frame - position))
        position += len(block)
        if skip < len(block):
            yield block[skip:]


def _loudest(source: AudioSource) -> np.float32:
    """The largest amplitude that is taken for a sample."""
    is_float = source.codec.startswith(_FLOAT_CODECS)
    return np.finfo(np.float32).max if is_float else np.float32(_LOUDEST)


def _silence_not_finite(block: NDArray[np.float32], loudest: np.float32) -> int:
    """Set NaN, infinite and too loud samples to 0, in place; returns how many there were.

    The extremes tell whether there are any: NaN passes through both.
    """
    if not block.size or (block.max() <= loudest and block.min() >= -loudest):
        return 0
    wrong = ~(np.abs(block) <= loudest)
    block[wrong] = 0.0
    return int(np.count_nonzero(wrong))


def require_unchanged(source: AudioSource) -> None:
    """Check that a file is still what it was when it was looked at.

    Raises
    ------
    InputError
        If it is gone, may no longer be read, or has another size or time.
    """
    require_readable(source.path)
    if source.is_known_state and source.looked_at != FileState.of(source.path):
        raise InputError(
            "has changed since it was looked at",
            path=source.path,
            hint="start again, so that it is read anew",
        )


def require_readable(path: Path) -> None:
    """Check that a file is there, may be read and is not empty.

    Raises
    ------
    InputError
        In plain words, if not.
    """
    try:
        if path.is_dir():
            raise InputError("is a folder, not an audio file", path=path, hint="give its files")
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError("is empty (0 bytes)", path=path, hint="copy it again")
    except FileNotFoundError as error:
        raise InputError(
            "does not exist", path=path, hint="check the name, or whether its disk is connected"
        ) from error
    except PermissionError as error:
        raise InputError(
            "may not be read", path=path, hint="change the file's permissions"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"can't be opened: {reason}", path=path, hint="check the name and the disk"
        ) from error

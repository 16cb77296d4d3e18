"""Reading with FFmpeg through PyAV: AAC and ALAC in MP4, WMA, and whatever libsndfile leaves.

FFmpeg drops an encoder's delay at the start (MP4 edit list, iTunSMPB, LAME header) but leaves the
padding at the end of AAC in, so the sound is cut at the length the container declares: iTunSMPB's
where there is one, else the duration of an MP4's edited track.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from deepbass_engine.audio.channels import LAYOUTS
from deepbass_engine.audio.source import (
    NOT_AUDIO_HINT,
    AudioSource,
    checked_rate,
    too_many_channels,
)
from deepbass_engine.errors import InputError

_LOSSLESS_BITS = {"s16": 16, "s16p": 16, "u8": 8, "u8p": 8}
_LOSSLESS_CODECS = ("alac", "ape", "flac", "tta", "wavpack", "wmalossless")
_FULL_SCALE = {"s16": 2.0**15, "s32": 2.0**31, "u8": 2.0**7, "flt": 1.0, "dbl": 1.0}
_ESTIMATING = ("aac", "ac3", "eac3", "dts", "loas")
"""Bare streams: FFmpeg guesses their duration from the bit rate."""
_ITUNES_GAPLESS = "iTunSMPB"
_MP4 = "mov"
_EDIT_TICKS_PER_S = 1000
"""Usual precision of an edit list."""


def probe(path: Path) -> AudioSource:
    """Find out what a file is by decoding its first frame: only then is the true rate known.

    Raises
    ------
    InputError
        If FFmpeg finds no sound in it, or its rate can't be mixed.
    """
    try:
        with _opened(path) as container:
            stream = _audio_stream(path, container)
            first = next(_frames(container, stream), None)
            if first is None:
                raise InputError(
                    "opens, but no sound can be decoded from it", path=path, hint=NOT_AUDIO_HINT
                )
            return AudioSource(
                path=path,
                container=container.format.name.split(",")[0],
                codec=stream.codec_context.name,
                sample_rate_hz=checked_rate(path, first.sample_rate),
                layout=_layout(path, first),
                frames=None,
                declared_frames=_declared_frames(path, container, stream, first.sample_rate),
                bit_depth=_bit_depth(stream),
                decoder="pyav",
            )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise InputError(
            "is no audio file that can be read", path=path, hint=NOT_AUDIO_HINT
        ) from error


def blocks(source: AudioSource, block_frames: int) -> Iterator[NDArray[np.float32]]:
    """Yield float32 blocks of `block_frames`, the last one shorter; each is valid until the next.

    A packet that can't be decoded is passed over: what is missing shows in the count.
    """
    cut = source.declared_frames if _cuts_padding(source) else None
    buffer = np.empty((block_frames, source.channels), np.float32)
    filled = given = 0
    try:
        with _opened(source.path) as container:
            for frame in _frames(container, _audio_stream(source.path, container)):
                if (frame.sample_rate, len(frame.layout.channels)) != (
                    source.sample_rate_hz,
                    source.channels,
                ):
                    break  # a broadcast recording that changes format on the way
                samples = _as_float32(frame)
                if cut is not None:
                    samples = samples[: max(0, cut - given)]
                    given += len(samples)
                while len(samples):
                    part = samples[: block_frames - filled]
                    buffer[filled : filled + len(part)] = part
                    filled += len(part)
                    samples = samples[len(part) :]
                    if filled == block_frames:
                        yield buffer
                        filled = 0
    except (av.error.FFmpegError, OSError):
        pass  # the file ends here
    if filled:
        yield buffer[:filled]


@contextmanager
def _opened(path: Path, **options: str) -> Iterator[InputContainer]:
    """Open for reading; a name that is no valid text is opened as a stream of bytes.

    The path is made absolute, for FFmpeg takes what stands before a colon for a protocol.
    """
    name = str(path.absolute())
    with ExitStack() as stack:
        try:
            name.encode()
            file: str | BinaryIO = name
        except UnicodeEncodeError:
            file = stack.enter_context(path.open("rb"))
        yield stack.enter_context(
            av.open(file, mode="r", metadata_errors="replace", options=options)
        )


def _audio_stream(path: Path, container: InputContainer) -> AudioStream:
    """First audio stream of the container, decoded by one thread (tracks run in parallel)."""
    if not container.streams.audio:
        raise InputError("holds no sound", path=path, hint=NOT_AUDIO_HINT)
    stream = container.streams.audio[0]
    stream.codec_context.thread_count = 1
    return stream


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Decode packet by packet, passing over damaged ones."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _as_float32(frame: AudioFrame) -> NDArray[np.float32]:
    """Samples of a frame as float32 in [-1, 1), shape (frames, channels)."""
    raw: NDArray[Any] = frame.to_ndarray()
    kind = frame.format.name.removesuffix("p")
    samples = raw.T if frame.format.is_planar else raw.reshape(frame.samples, -1)
    if kind in ("flt", "dbl"):
        return samples.astype(np.float32, copy=False)
    centred = samples.astype(np.float64) - (128.0 if kind == "u8" else 0.0)
    return (centred / _FULL_SCALE[kind]).astype(np.float32)


def _layout(path: Path, frame: AudioFrame) -> tuple[str, ...]:
    """Names of the channels, from their number where the file names none, as WMA may."""
    names = tuple(channel.name for channel in frame.layout.channels)
    if "NONE" not in names:
        return names
    if len(names) not in LAYOUTS:
        raise too_many_channels(path, len(names))
    return LAYOUTS[len(names)]


def _declared_frames(
    path: Path, container: InputContainer, stream: AudioStream, rate_hz: int
) -> int | None:
    """Length the container claims, in frames of the decoded rate."""
    gapless = container.metadata.get(_ITUNES_GAPLESS) or stream.metadata.get(_ITUNES_GAPLESS)
    if gapless:
        fields = gapless.split()
        if len(fields) >= 4:
            try:
                return int(fields[3], 16)
            except ValueError:
                pass  # a damaged tag says nothing
    if container.format.name in _ESTIMATING or not (stream.duration and stream.time_base):
        return None
    frames = round(stream.duration * stream.time_base * rate_hz)
    if container.format.name.startswith(_MP4):
        frames = _unrounded(path, frames, rate_hz)
    return frames if frames > 0 else None


def _unrounded(path: Path, frames: int, rate_hz: int) -> int:
    """Length of an MP4's track where its edit list gives it in milliseconds only.

    The track's own duration is exact and counts the encoder's delay, which FFmpeg gives as the
    time before 0 at which the first packet begins.
    """
    with _opened(path) as container:
        stream = _audio_stream(path, container)
        first = next(container.demux(stream)).pts or 0
    with _opened(path, ignore_editlist="1") as container:
        stream = _audio_stream(path, container)
        whole = round(((stream.duration or 0) + first) * (stream.time_base or 0) * rate_hz)
    return whole if abs(whole - frames) <= rate_hz / _EDIT_TICKS_PER_S else frames


def _cuts_padding(source: AudioSource) -> bool:
    """Whether the declared length is exact enough to cut the encoder's padding off."""
    return source.container in (_MP4, "mp3") and source.declared_frames is not None


def _bit_depth(stream: AudioStream) -> int | None:
    """Width of the integer grid of a lossless codec."""
    context = stream.codec_context
    if context.name not in _LOSSLESS_CODECS and not context.name.startswith("pcm_"):
        return None
    return _LOSSLESS_BITS.get(context.format.name, 24 if context.format.name == "s32p" else None)

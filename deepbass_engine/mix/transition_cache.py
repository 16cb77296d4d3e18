"""Finished transitions on disk, found again by everything that decides their samples.

A transition's name is a hash of the content of both files, of how they are decoded, of the frames
it takes of each, and of its method, curve and seed; of an NSynth one also of its morph's settings
and of what decodes it. So whatever is edited elsewhere, it is found; and whatever of it is edited,
it is not. A file holds a NumPy array (.npy) and behind it a checksum, so that what a crash or a
full disk left is known for what it is. What was measured of a transition lies beside it, under a
name of its own, which also tells what was looked at around it. Losing any of them costs time,
never a result.
"""

from __future__ import annotations

import io
import os
import secrets
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis import cache
from deepbass_engine.audio.channels import STEREO
from deepbass_engine.mix import naming, quality
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.quality import MeasuredTransition
from deepbass_engine.mix.transition_audio import CONTEXT_S, discarded_s, loudness_lufs
from deepbass_engine.mix.voice import Voice
from deepbass_engine.progress import CancelToken
from deepbass_engine.settings import QualityLimits
from deepbass_engine.units import frames_from_seconds

VERSION = "2"
"""Goes up whenever a transition's samples change though nothing in its name does."""

_SAMPLE = np.dtype("<f4")
_CHECKSUM_BYTES = 4
_CHUNK_BYTES = 1 << 24
_SUFFIX = ".npy"
_MEASURED_SUFFIX = ".measured"


class TransitionStore:
    """Keeps finished transitions in a folder; may be used by several threads and programs.

    Parameters
    ----------
    folder
        Where they lie; without it, in the user's cache folder. Made when first needed.
    limit_bytes
        Room they may take. Beyond it those go that were not asked for the longest.
    """

    def __init__(self, folder: Path | None = None, limit_bytes: int = 1 << 30) -> None:
        self._folder = cache.folder() / f"transitions-{VERSION}" if folder is None else folder
        self._limit_bytes = limit_bytes

    def load(
        self,
        plan: MixPlan,
        index: int,
        *,
        voice: Voice | None = None,
        cancel: CancelToken | None = None,
    ) -> NDArray[np.float32] | None:
        """A transition of a plan, if it is here.

        Parameters
        ----------
        plan
            The mix.
        index
            Number of the transition.
        voice
            What speaks NSynth transitions; without it none of them is found.
        cancel
            Looked at while a file is read to be named.

        Returns
        -------
        float32, shape (n_frames, 2)
            As it was kept; read-only, and read from the disk when it is used. None if it is not
            here, or damaged, or one of its tracks has changed since it was looked at.

        Raises
        ------
        Cancelled
            If asked to stop.
        """
        n_frames = plan.fades[index].n_frames
        name = _name(plan, index, voice, cancel) if n_frames else None
        return None if name is None else self.load_named(name, n_frames, cancel=cancel)

    def load_named(
        self, name: str, n_frames: int, *, cancel: CancelToken | None = None
    ) -> NDArray[np.float32] | None:
        """Samples that were kept under a name, shape (n_frames, 2); None if they are not here."""
        path = self._folder / f"{name}{_SUFFIX}"
        header = _header(n_frames)
        try:
            if not _is_whole(path, header, n_frames, cancel):
                return None
            samples = np.memmap(path, _SAMPLE, "r", len(header), (n_frames, STEREO))
            with suppress(OSError):  # a read-only cache forgets in another order
                os.utime(path)
            return np.asarray(samples, np.float32)
        except (OSError, ValueError):
            return None

    def keep(
        self,
        plan: MixPlan,
        index: int,
        samples: NDArray[np.float32],
        *,
        voice: Voice | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        """Keep a transition, unless one of its tracks has changed on the way.

        Parameters
        ----------
        plan, index, voice
            See `load`.
        samples : float32, shape (n_frames, 2)
            The transition, made of what was truly in the files.
        cancel
            Looked at between chunks.

        Raises
        ------
        Cancelled
            If asked to stop; nothing is left behind.
        """
        name = _name(plan, index, voice, cancel) if len(samples) else None
        if name is not None:
            self.keep_named(name, samples, cancel=cancel)

    def keep_named(
        self, name: str, samples: NDArray[np.float32], *, cancel: CancelToken | None = None
    ) -> None:
        """Keep samples under a name that tells all that decides them."""
        if 0 < samples.nbytes <= self._limit_bytes:
            self._put(f"{name}{_SUFFIX}", lambda file: _write(file, samples, cancel))

    def load_measured(
        self,
        plan: MixPlan,
        index: int,
        limits: QualityLimits | None = None,
        *,
        voice: Voice | None = None,
        cancel: CancelToken | None = None,
    ) -> MeasuredTransition | None:
        """What was measured of a transition of a plan, if it is here.

        Parameters
        ----------
        plan, index, voice, cancel
            See `load`; a cut is found too.
        limits
            What its measures must not pass, whatever they were kept under.

        Returns
        -------
        None if it is not here, or damaged, or was measured of anything else: of other context, of
        tracks that have changed, or by another version of the measures.

        Raises
        ------
        Cancelled
            If asked to stop.
        """
        name = _measured_name(plan, index, voice, cancel)
        if name is None:
            return None
        path = self._folder / f"{name}{_MEASURED_SUFFIX}"
        try:
            content = path.read_bytes()
            data, checksum = content[:-_CHECKSUM_BYTES], content[-_CHECKSUM_BYTES:]
            if checksum != _checksum_bytes(zlib.crc32(data)):
                return None
            measured = msgspec.msgpack.decode(data, type=MeasuredTransition)
        except (OSError, msgspec.DecodeError):
            return None
        with suppress(OSError):
            os.utime(path)
        quality = measured.quality.under(limits or QualityLimits())
        return msgspec.structs.replace(measured, quality=quality)

    def keep_measured(
        self,
        plan: MixPlan,
        index: int,
        measured: MeasuredTransition,
        *,
        voice: Voice | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        """Keep what was measured of a transition, unless one of its tracks has changed on the way.

        Parameters
        ----------
        plan, index, voice, cancel
            See `load`.
        measured
            What was measured of the float samples, of what was truly in the files.

        Raises
        ------
        Cancelled
            If asked to stop; nothing is left behind.
        """
        data = msgspec.msgpack.encode(measured)
        if len(data) > self._limit_bytes:
            return
        name = _measured_name(plan, index, voice, cancel)
        if name is not None:
            content = data + _checksum_bytes(zlib.crc32(data))
            self._put(f"{name}{_MEASURED_SUFFIX}", lambda file: file.write(content))

    def _put(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Have a file written, whole or not at all, and make room for it."""
        temporary = self._folder / f".{secrets.token_hex(8)}.part"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("xb") as file:
                    write(file)
                temporary.replace(self._folder / name)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink()
                raise
            self._make_room()

    def _make_room(self) -> None:
        """Remove what was not asked for the longest, also what an ended program left half done."""
        entries = []
        with os.scandir(self._folder) as found:
            for entry in found:
                with suppress(OSError):  # another program was quicker
                    status = entry.stat()
                    entries.append((status.st_mtime_ns, status.st_size, Path(entry.path)))
        over = sum(size for _, size, _ in entries) - self._limit_bytes
        for _, size, path in sorted(entries):
            if over <= 0:
                return
            with suppress(OSError):
                path.unlink()
                over -= size


def _name(plan: MixPlan, index: int, voice: Voice | None, cancel: CancelToken | None) -> str | None:
    """What a transition is kept under; None where that can't be told for sure."""
    decides = _decides(plan, index, voice, cancel)
    return None if decides is None else naming.digest(decides)


def _measured_name(
    plan: MixPlan, index: int, voice: Voice | None, cancel: CancelToken | None
) -> str | None:
    """What the measures of a transition are kept under; None where that can't be told for sure."""
    decides = _decides(plan, index, voice, cancel)
    if decides is None:
        return None
    fade, leaving, entering = plan.fades[index], plan.tracks[index], plan.tracks[index + 1]
    context = frames_from_seconds(CONTEXT_S, plan.sample_rate_hz)
    n_before = min(context, fade.out_frame - leaving.span.start_frame)
    n_behind = min(context, entering.span.end_frame - fade.in_frame - fade.n_frames)
    of_tracks = (
        discarded_s(plan, index),
        loudness_lufs(plan, index),
        (leaving.beats, entering.beats),
    )
    return naming.digest((quality.VERSION, *decides, n_before, n_behind, of_tracks))


def _decides(
    plan: MixPlan, index: int, voice: Voice | None, cancel: CancelToken | None
) -> naming.Decides | None:
    """All that decides a transition's samples."""
    fade = plan.fades[index]
    parts = naming.of_parts(plan, index, cancel)
    if parts is None:
        return None
    mixing = (fade.method, fade.curve, fade.seed, fade.ceiling_dbtp)
    on_beat = None if fade.join is None else (fade.join.met, fade.join.placed)
    decides: naming.Decides = (VERSION, *parts, mixing, on_beat)
    if fade.method == "nsynth":
        if voice is None:
            return None
        decides += (fade.morph, fade.embedding_fade, fade.morph_pace, voice.decides)
    return decides


def _header(n_frames: int) -> bytes:
    """How a .npy file of a transition begins."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": _SAMPLE.str, "fortran_order": False, "shape": (n_frames, STEREO)}
    )
    return header.getvalue()


def _write(file: BinaryIO, samples: NDArray[np.float32], cancel: CancelToken | None) -> None:
    """Write header, samples and checksum."""
    header = _header(len(samples))
    data = np.ascontiguousarray(samples, _SAMPLE).reshape(-1).view(np.uint8)
    checksum = zlib.crc32(header)
    file.write(header)
    for first in range(0, len(data), _CHUNK_BYTES):
        if cancel is not None:
            cancel.raise_if_cancelled()
        chunk = data[first : first + _CHUNK_BYTES].data
        checksum = zlib.crc32(chunk, checksum)
        file.write(chunk)
    file.write(_checksum_bytes(checksum))


def _is_whole(path: Path, header: bytes, n_frames: int, cancel: CancelToken | None) -> bool:
    """Whether a file is as it was written."""
    n_data_bytes = n_frames * STEREO * _SAMPLE.itemsize
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size != len(header) + n_data_bytes + _CHECKSUM_BYTES or file.read(len(header)) != header:
            return False
        checksum = zlib.crc32(header)
        remaining = n_data_bytes
        while chunk := file.read(min(_CHUNK_BYTES, remaining)):
            if cancel is not None:
                cancel.raise_if_cancelled()
            checksum = zlib.crc32(chunk, checksum)
            remaining -= len(chunk)
        return remaining == 0 and file.read() == _checksum_bytes(checksum)


def _checksum_bytes(checksum: int) -> bytes:
    return checksum.to_bytes(_CHECKSUM_BYTES, "little")

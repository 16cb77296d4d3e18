"""Finished transitions on disk, found again by everything that decides their samples.

A transition's name is a hash of the content of both files, of how they are decoded, of the frames
it takes of each, and of its method, curve and seed; of an NSynth one also of its morph's settings
and of what decodes it. So whatever is edited elsewhere, it is found; and whatever of it is edited,
it is not. A file holds a NumPy array (.npy) and behind it a
checksum, so that what a crash or a full disk left is known for what it is. Losing any of them
costs time, never a result.
"""

from __future__ import annotations

import io
import os
import secrets
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis import cache
from deepbass_engine.audio.channels import STEREO
from deepbass_engine.mix import naming
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.voice import Voice
from deepbass_engine.progress import CancelToken

VERSION = "1"
"""Goes up whenever a transition's samples change though nothing in its name does."""

_SAMPLE = np.dtype("<f4")
_CHECKSUM_BYTES = 4
_CHUNK_BYTES = 1 << 24
_SUFFIX = ".npy"


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
        if name is None:
            return None
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
        if not 0 < samples.nbytes <= self._limit_bytes:
            return
        name = _name(plan, index, voice, cancel)
        if name is None:
            return
        temporary = self._folder / f".{secrets.token_hex(8)}.part"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                _write(temporary, samples, cancel)
                temporary.replace(self._folder / f"{name}{_SUFFIX}")
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
    fade = plan.fades[index]
    parts = naming.of_parts(plan, index, cancel)
    if parts is None:
        return None
    decides: naming.Decides = (VERSION, *parts, (fade.method, fade.curve, fade.seed))
    if fade.method == "nsynth":
        if voice is None:
            return None
        decides += (fade.morph, fade.embedding_fade, fade.morph_pace, voice.decides)
    return naming.digest(decides)


def _header(n_frames: int) -> bytes:
    """How a .npy file of a transition begins."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": _SAMPLE.str, "fortran_order": False, "shape": (n_frames, STEREO)}
    )
    return header.getvalue()


def _write(path: Path, samples: NDArray[np.float32], cancel: CancelToken | None) -> None:
    """Write header, samples and checksum."""
    header = _header(len(samples))
    data = np.ascontiguousarray(samples, _SAMPLE).reshape(-1).view(np.uint8)
    checksum = zlib.crc32(header)
    with path.open("xb") as file:
        file.write(header)
        for first in range(0, len(data), _CHUNK_BYTES):
            if cancel is not None:
                cancel.raise_if_cancelled()
            chunk = data[first : first + _CHUNK_BYTES].data
            checksum = zlib.crc32(chunk, checksum)
            file.write(chunk)
        file.write(checksum.to_bytes(_CHECKSUM_BYTES, "little"))


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
        return remaining == 0 and file.read() == checksum.to_bytes(_CHECKSUM_BYTES, "little")

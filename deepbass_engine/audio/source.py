"""What an audio file is, before any of it is played: container, codec, rate, channels, length."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from deepbass_engine.audio.channels import LAYOUTS
from deepbass_engine.errors import InputError
from deepbass_engine.settings import HIGHEST_RATE_HZ, LOWEST_RATE_HZ

NOT_AUDIO_HINT = "convert it to WAV or FLAC, or take it out of the playlist"


@dataclass(frozen=True, slots=True)
class FileState:
    """What shows that a file was written to.

    Attributes
    ----------
    path
        The file.
    size_bytes, modified_ns
        Its size, and its time of modification since 1970.
    """

    path: Path
    size_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> FileState:
        """The state of a file now.

        Raises
        ------
        OSError
            If there is none.
        """
        status = path.stat()
        return cls(path, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class AudioSource:
    """One readable audio file.

    Attributes
    ----------
    path
        The file.
    container, codec
        Names of the file format and of the coding inside, as the decoder gives them.
    sample_rate_hz
        Rate of the decoded samples.
    layout
        Names of the channels in order ("FL", "FR", "FC", "LFE", "BL", ...), FFmpeg's names.
    frames
        Counted length in frames, or None until it has been counted.
    declared_frames
        Length the file claims for itself, or None where it makes no exact claim.
    bit_depth
        Width of the integer grid the samples lie on, or None for float and lossy coding.
    decoder
        Which library reads it.
    looked_at
        State of the file when it was looked at, or None where that is not known. A state of
        another path says nothing.
    is_intact
        Whether it was once decoded from its first frame to its last and held every frame it
        declares. It tells how the file may be read, not which samples it has, so sources that
        differ in it are equal.
    """

    path: Path
    container: str
    codec: str
    sample_rate_hz: int
    layout: tuple[str, ...]
    frames: int | None
    declared_frames: int | None
    bit_depth: int | None
    decoder: Literal["soundfile", "pyav"]
    looked_at: FileState | None = None
    is_intact: bool = field(default=False, compare=False)

    def found_as(self, state: FileState) -> AudioSource:
        """The same content, found in the file that is in this state."""
        return replace(self, path=state.path, looked_at=state)

    @property
    def is_known_state(self) -> bool:
        """Whether it can be told that the file has changed."""
        return self.looked_at is not None and self.looked_at.path == self.path

    @property
    def channels(self) -> int:
        """Number of channels in the file."""
        return len(self.layout)

    @property
    def missing_frames(self) -> int:
        """Frames the file declares beyond those counted; 0 where nothing is missing.

        Lossless files declare their length exactly. The duration of a lossy one may be rounded,
        so there a tenth of a second is not taken for a loss.
        """
        if self.frames is None or self.declared_frames is None:
            return 0
        missing = self.declared_frames - self.frames
        tolerance = 0 if self.bit_depth else self.sample_rate_hz // 10
        return missing if missing > tolerance else 0


def checked_rate(path: Path, sample_rate_hz: int) -> int:
    """Return the rate if a mix can be made from it.

    Raises
    ------
    InputError
        If it is outside 8 to 192 kHz.
    """
    if not LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ:
        raise InputError(
            f"has a sample rate of {sample_rate_hz} Hz; {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} "
            "can be mixed",
            path=path,
            hint="resample it first",
        )
    return sample_rate_hz


def too_many_channels(path: Path, n_channels: int) -> InputError:
    """Say that nothing is known about this many channels."""
    return InputError(
        f"has {n_channels} channels; at most {max(LAYOUTS)} can be mixed",
        path=path,
        hint="export it in stereo",
    )

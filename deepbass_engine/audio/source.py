"""What an audio file is, before any of it is played: container, codec, rate, channels, length."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deepbass_engine.audio.channels import LAYOUTS
from deepbass_engine.errors import InputError
from deepbass_engine.settings import HIGHEST_RATE_HZ, LOWEST_RATE_HZ

NOT_AUDIO_HINT = "convert it to WAV or FLAC, or take it out of the playlist"


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

"""Encodings in files: audio files encoded, encodings kept as .npy, decoded ones as WAV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.atomic import replacing
from deepbass_engine.audio.decode import Decoding, probe
from deepbass_engine.audio.quantize import quantize
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.audio.write import wav_header
from deepbass_engine.errors import InputError, ModelError, OutputError
from deepbass_engine.nsynth.audio_16k import mono_blocks
from deepbass_engine.nsynth.autoencoder import Autoencoder, check_encodings
from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ, WaveNetConfig
from deepbass_engine.nsynth.mulaw import samples_of_model_classes
from deepbass_engine.progress import CancelToken, OnProgress
from deepbass_engine.project import Problem, Span
from deepbass_engine.units import clock_text, rescale_frames, seconds_from_frames

_SUBTYPE = "PCM_16"
_HINT = "give an .npy file as deepbass encode writes it"


@dataclass(frozen=True, slots=True, eq=False)
class EncodedFile:
    """An audio file, encoded.

    Attributes
    ----------
    encodings : float32, shape (n_frames, n_z)
        What the model heard.
    source
        The file, with its frames counted.
    problems
        What of it could not be heard.
    """

    encodings: NDArray[np.float32]
    source: AudioSource
    problems: tuple[Problem, ...]


def encode_file(
    model: Autoencoder,
    path: Path,
    *,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> EncodedFile:
    """Encode an audio file of any rate and number of channels, as it is decoded.

    Raises
    ------
    InputError
        If the file can't be read or is shorter than one frame of the model.
    Cancelled
        If asked to stop.
    """
    source = probe(path)
    rate_hz, hop = source.sample_rate_hz, model.config.hop
    n_expected = rescale_frames(
        source.frames or source.declared_frames or 0, rate_hz, SAMPLE_RATE_HZ
    )
    decoding = Decoding(source)
    try:
        encodings = model.encode_blocks(
            mono_blocks(decoding, source.layout, rate_hz),
            n_expected,
            on_progress=on_progress,
            cancel=cancel,
        )
    except ModelError as error:
        length = clock_text(seconds_from_frames(decoding.n_frames, rate_hz))
        raise InputError(
            f"is too short to be encoded: {length}; a frame of this model is "
            f"{seconds_from_frames(hop, SAMPLE_RATE_HZ):.3f} s",
            path=path,
            hint="give a longer one",
        ) from error
    source = replace(source, frames=decoding.n_frames)
    heard = TrackAnalysis(source, Span(0, decoding.n_frames), n_not_finite=decoding.n_not_finite)
    return EncodedFile(encodings, source, heard.problems)


@contextmanager
def new_file(target: Path, made_from: Path, extension: str, *, overwrite: bool) -> Iterator[Path]:
    """Write a file whole or not at all; whether it may be written is found out at the start.

    Parameters
    ----------
    target
        The file.
    made_from
        A file it must not replace.
    extension
        What its name must end with.
    overwrite
        Whether it may replace another.

    Yields
    ------
    Path
        An empty file to be filled.

    Raises
    ------
    OutputError
        If it can't or must not be written.
    """
    if target.suffix.lower() != extension:
        raise OutputError(
            f"has not the extension {extension}", path=target, hint=f"name it {extension}"
        )
    try:
        if target.exists():
            if made_from.exists() and target.samefile(made_from):
                raise OutputError(
                    "is the file it would be made from", path=target, hint="write to another name"
                )
            if not overwrite:
                raise OutputError(
                    "exists already", path=target, hint="choose another name, or use --overwrite"
                )
    except OSError as error:
        raise OutputError(
            f"can't be written: {error.strerror or error}",
            path=target,
            hint="write to another place",
        ) from error
    with replacing(target) as temporary:
        yield temporary


def save_encodings(file: Path, encodings: NDArray[np.float32]) -> None:
    """Store encodings (n_frames, n_z) as .npy."""
    with file.open("wb") as to:
        np.save(to, encodings)


def load_encodings(path: Path, config: WaveNetConfig) -> NDArray[np.float32]:
    """Read encodings from an .npy file.

    Parameters
    ----------
    path
        Holds numbers of shape (n_frames, n_z) or (1, n_frames, n_z).
    config
        The model that is to decode them.

    Returns
    -------
    float32, shape (n_frames, n_z)

    Raises
    ------
    ModelError
        If it can't be read, or is nothing this model can decode.
    """
    try:
        stored = np.lib.format.open_memmap(path, mode="r")  # looked at before it is read
    except OSError as error:
        raise ModelError(
            f"can't be read: {error.strerror or error}", path=path, hint="check its name and place"
        ) from error
    except Exception as error:  # of a damaged header NumPy's parser raises almost anything
        raise ModelError("is no .npy file, or is cut short", path=path, hint=_HINT) from error
    if stored.ndim == 3 and len(stored) == 1:
        stored = stored[0]
    if not np.issubdtype(stored.dtype, np.floating) or stored.ndim != 2:
        raise ModelError(
            f"holds {stored.dtype} of shape {stored.shape}, not encodings", path=path, hint=_HINT
        )
    with np.errstate(over="ignore"):  # what float32 can't hold is infinite, and refused
        encodings = np.array(stored, np.float32)
    try:
        check_encodings(encodings[np.newaxis], config)
    except ModelError as error:
        raise ModelError(error.what, path=path, hint=error.hint) from error
    return encodings


def wav_of(classes: NDArray[np.uint8]) -> bytes:
    """A WAV file, 16 kHz mono in 16 bits, of decoded classes (n,); `mu_law` of it gives them."""
    samples = samples_of_model_classes(classes)[:, np.newaxis]
    header = wav_header(_SUBTYPE, SAMPLE_RATE_HZ, len(samples), n_channels=1)
    return header + quantize(samples, _SUBTYPE, 0, dither=False).samples.astype("<i2").tobytes()

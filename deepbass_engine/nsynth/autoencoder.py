"""A WaveNet autoencoder ready for use: audio to encodings, encodings to audio.

Everything here is at 16 kHz mono; see `deepbass_engine.fades` for what makes transitions of it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.errors import ModelError
from deepbass_engine.nsynth import backends, sampling
from deepbass_engine.nsynth.batch import Stream, decode_streams
from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.nsynth.decoding import Decoder
from deepbass_engine.nsynth.encoder import Encoder
from deepbass_engine.nsynth.mulaw import model_classes
from deepbass_engine.progress import CancelToken, OnProgress

Float = NDArray[np.float32]


@dataclass(eq=False)
class Autoencoder:
    """A model.

    Attributes
    ----------
    config
        Its shape.
    weights
        Its variables, float32, by name.
    name
        What it is called.
    content_hash
        Hash of its configuration and variables; empty for one that was made in memory.
    trained_steps
        Steps it was trained for, 0 where that is not known.
    """

    config: WaveNetConfig
    weights: Mapping[str, Float]
    name: str = "unnamed"
    content_hash: str = ""
    trained_steps: int = 0

    def __post_init__(self) -> None:
        self._decoders: dict[backends.Choice, Decoder] = {}
        self._lock = threading.Lock()

    def encode(
        self,
        audio: Float,
        *,
        on_progress: OnProgress | None = None,
        cancel: CancelToken | None = None,
    ) -> Float:
        """Encode audio, in stretches that need little memory.

        Parameters
        ----------
        audio : float32, shape (n_streams, n_samples)
            At 16 kHz, full scale at 1.

        Returns
        -------
        float32, shape (n_streams, n_samples // hop, n_z)

        Raises
        ------
        ModelError
            If the audio is shorter than one frame, of another shape, or not finite.
        Cancelled
            If asked to stop.
        """
        _check_audio(audio, self.config)
        return self._encoder.encode(audio, on_progress=on_progress, cancel=cancel)

    def encode_blocks(
        self,
        blocks: Iterable[Float],
        n_expected: int = 0,
        *,
        on_progress: OnProgress | None = None,
        cancel: CancelToken | None = None,
    ) -> Float:
        """Encode one stream of any length that comes in blocks of float32, shape (n,) each.

        Parameters
        ----------
        blocks
            At 16 kHz, full scale at 1. Where they are cut changes nothing.
        n_expected
            Samples that are thought to come; only for `on_progress`.

        Returns
        -------
        float32, shape (n_samples // hop, n_z)

        Raises
        ------
        ModelError
            If all of it is shorter than one frame, or a sample is not finite.
        Cancelled
            If asked to stop.
        """
        encodings = self._encoder.encode_blocks(
            map(_finite, blocks), n_expected, on_progress=on_progress, cancel=cancel
        )
        if not len(encodings):
            raise _too_short(self.config)
        return encodings

    def decode(
        self,
        encodings: Float,
        *,
        uniforms: NDArray[np.float64] | None = None,
        seed: int | Sequence[int] = 0,
        device: str = "auto",
        precision: str = "auto",
        on_progress: OnProgress | None = None,
        cancel: CancelToken | None = None,
    ) -> NDArray[np.uint8]:
        """Decode encodings, all streams side by side.

        The samples depend on each stream's encoding and random numbers, the device and the
        precision; not on the other streams nor on the number of threads.

        Parameters
        ----------
        encodings : float32, shape (n_streams, n_frames, n_z)
            What is to be said.
        uniforms : float64, shape (n_streams, n_frames * hop)
            A random number from [0, 1) for each sample; without them they are drawn by `seed`.
        seed
            One for each stream, or the first one's: the others get the numbers that follow.
        device
            "auto", "cpu" or "cuda".
        precision
            "auto", "float32", "float16" or "int8".

        Returns
        -------
        uint8, shape (n_streams, n_frames * hop)
            Class of each sample; less 128 it is what `inverse_mu_law` takes.

        Raises
        ------
        ModelError
            If the encodings are of another shape or not finite.
        DeviceError
            If the device or the precision can't be used.
        Cancelled
            If asked to stop.
        """
        check_encodings(encodings, self.config)
        n_samples = encodings.shape[1] * self.config.hop
        if uniforms is not None and uniforms.shape != (len(encodings), n_samples):
            raise ValueError(
                f"uniforms has shape {uniforms.shape}; give {(len(encodings), n_samples)}"
            )
        seeds = sampling.stream_seeds(seed, len(encodings))
        streams = [
            Stream(encodings[i], seeds[i], None if uniforms is None else uniforms[i])
            for i in range(len(encodings))
        ]
        choice = backends.choose(device, precision)
        classes = decode_streams(self, streams, choice, on_progress=on_progress, cancel=cancel)
        return np.stack(classes)

    def probabilities(
        self, audio: Float, encodings: Float, *, device: str = "auto", precision: str = "auto"
    ) -> Float:
        """What the model expects of each sample, given those before it (teacher forcing).

        Parameters
        ----------
        audio : float32, shape (n_streams, n_samples)
            The samples.
        encodings : float32, shape (n_streams, n_frames, n_z)
            At least as long.

        Returns
        -------
        float32, shape (n_streams, n_samples, n_classes)

        Raises
        ------
        ModelError
            If audio or encodings are of a wrong shape or not finite.
        DeviceError
            If the device or the precision can't be used.
        """
        check_encodings(encodings, self.config)
        n_streams, n_frames = encodings.shape[:2]
        if (
            audio.ndim != 2
            or len(audio) != n_streams
            or audio.shape[1] > n_frames * self.config.hop
        ):
            raise ModelError(
                f"audio has shape {audio.shape} and encodings {encodings.shape}",
                hint=f"give as many streams, and an encoding for each {self.config.hop} samples",
            )
        decoding = self.decoder(backends.choose(device, precision)).start(encodings)
        return decoding.follow(model_classes(audio))

    def decoder(self, choice: backends.Choice) -> Decoder:
        """The decoder for a device and precision, made when first asked for."""
        with self._lock:
            if choice not in self._decoders:
                self._decoders[choice] = backends.make_decoder(self.config, self.weights, choice)
            return self._decoders[choice]

    @functools.cached_property
    def _encoder(self) -> Encoder:
        return Encoder(self.config, self.weights)


def check_encodings(encodings: NDArray[np.float32], config: WaveNetConfig) -> None:
    """Raise `ModelError` unless these are encodings the model can decode."""
    if encodings.dtype != np.float32 or encodings.ndim != 3 or encodings.shape[2] != config.n_z:
        raise ModelError(
            f"encodings are {encodings.dtype} of shape {encodings.shape}",
            hint=f"this model takes float32 of shape (streams, frames, {config.n_z})",
        )
    if 0 in encodings.shape:
        raise ModelError(
            f"encodings have shape {encodings.shape}", hint="give at least one frame of one stream"
        )
    if not np.isfinite(encodings).all():
        raise ModelError("encodings hold NaN or infinity", hint="encode the audio again")


def _check_audio(audio: NDArray[np.float32], config: WaveNetConfig) -> None:
    if audio.dtype != np.float32 or audio.ndim != 2 or not len(audio):
        raise ModelError(
            f"audio is {audio.dtype} of shape {audio.shape}",
            hint="give float32 of shape (streams, samples) at 16 kHz",
        )
    if audio.shape[1] < config.hop:
        raise _too_short(config)
    _finite(audio)


def _finite(audio: Float) -> Float:
    """The audio itself; `ModelError` if a sample of it is no finite number."""
    if not np.isfinite(audio).all():
        raise ModelError("audio holds NaN or infinity", hint="give finite samples")
    return audio


def _too_short(config: WaveNetConfig) -> ModelError:
    return ModelError(
        f"audio is shorter than one frame of {config.hop} samples", hint="give a longer stretch"
    )

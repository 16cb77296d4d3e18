"""The WaveNet autoencoder in plain NumPy, step by step: the specification of every fast kernel.

Arrays are ``(stream, time, channel)``. Layer `i` looks back by multiples of its dilation ``d``:

    y = W0 l[t-2d] + W1 l[t-d] + W2 l[t] + b + cond_map(encoding)      (filter length 3)
    g = sigmoid(first half of y) * tanh(second half of y)
    l += res(g), s += skip(g)

What lies before the first sample is zero in every layer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.nsynth.mulaw import mu_law
from deepbass_engine.nsynth.sampling import sample_classes

Float = NDArray[np.float32]


def encode(config: WaveNetConfig, weights: Mapping[str, Float], audio: Float) -> Float:
    """Encode audio, all of it at once.

    Parameters
    ----------
    config, weights
        The model.
    audio : float32, shape (n_streams, n_samples)
        At 16 kHz.

    Returns
    -------
    float32, shape (n_streams, n_samples // hop, n_z)
    """
    n_streams, n_samples = audio.shape
    n_frames = n_samples // config.hop
    signal = mu_law(audio[:, : n_frames * config.hop]).astype(np.float32) / np.float32(128)
    hidden = _same_convolution(signal[:, :, np.newaxis], weights, "ae_startconv", 1)
    for i, dilation in enumerate(config.encoder_dilations, start=1):
        inner = _same_convolution(_relu(hidden), weights, f"ae_dilatedconv_{i}", dilation)
        hidden = hidden + _linear(_relu(inner), weights, f"ae_res_{i}")
    z = _linear(hidden, weights, "ae_bottleneck")
    frames = z.reshape(n_streams, n_frames, config.hop, config.n_z)
    return np.asarray(frames.mean(axis=2, dtype=np.float32), np.float32)


class ReferenceDecoder:
    """A model's decoder.

    Parameters
    ----------
    config, weights
        The model.
    """

    def __init__(self, config: WaveNetConfig, weights: Mapping[str, Float]) -> None:
        self._config, self._weights = config, weights

    def start(self, encodings: Float) -> ReferenceDecoding:
        """Begin to decode a batch of encodings (n_streams, n_frames, n_z)."""
        return ReferenceDecoding(self._config, self._weights, encodings)


class ReferenceDecoding:
    """A batch of streams being decoded.

    Parameters
    ----------
    config, weights
        The model.
    encodings : float32, shape (n_streams, n_frames, n_z)
        What is to be said.
    """

    def __init__(
        self, config: WaveNetConfig, weights: Mapping[str, Float], encodings: Float
    ) -> None:
        self._config, self._weights, self._encodings = config, weights, encodings
        n_streams, past = len(encodings), config.filter_length - 1
        self._t = 0
        self._fed = np.zeros((n_streams, past + 1), np.float32)  # the newest sample last
        self._rings = [
            np.zeros((past * dilation, n_streams, config.width), np.float32)
            for dilation in config.dilations
        ]

    def advance(self, uniforms: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Decode the next samples.

        Parameters
        ----------
        uniforms : float64, shape (n_streams, n_samples)
            A random number for each.

        Returns
        -------
        uint8, shape (n_streams, n_samples)
            Their classes.
        """
        classes = np.empty(uniforms.shape, np.uint8)
        for step in range(uniforms.shape[1]):
            classes[:, step] = sample_classes(self._probabilities(), uniforms[:, step])
            self._feed(classes[:, step])
        return classes

    def follow(self, classes: NDArray[np.uint8]) -> Float:
        """What the model expects at each of the next samples, which are given (teacher forcing).

        Parameters
        ----------
        classes : uint8, shape (n_streams, n_samples)
            The samples.

        Returns
        -------
        float32, shape (n_streams, n_samples, n_classes)
            Probabilities.
        """
        expected = np.empty((*classes.shape, self._config.n_classes), np.float32)
        for step in range(classes.shape[1]):
            expected[:, step] = self._probabilities()
            self._feed(classes[:, step])
        return expected

    def keep(self, streams: list[int]) -> None:
        """Go on with these streams only."""
        self._encodings = self._encodings[streams]
        self._fed = self._fed[streams]
        self._rings = [ring[:, streams] for ring in self._rings]

    def _feed(self, classes: NDArray[np.uint8]) -> None:
        self._fed = np.roll(self._fed, -1, axis=1)
        self._fed[:, -1] = (classes.astype(np.float32) - 128) / 128

    def _probabilities(self) -> Float:
        """One step: the probabilities of the next sample."""
        weights, t = self._weights, self._t
        encoding = self._encodings[:, t // self._config.hop]
        start = weights["startconv/W"][0, :, 0]
        hidden = self._fed @ start + weights["startconv/biases"]
        skip = _linear(hidden, weights, "skip_start")
        for i, (dilation, ring) in enumerate(
            zip(self._config.dilations, self._rings, strict=True), start=1
        ):
            taps = weights[f"dilatedconv_{i}/W"][0]
            y = hidden @ taps[-1] + weights[f"dilatedconv_{i}/biases"]
            for tap in range(len(taps) - 1):
                y = y + ring[(t + tap * dilation) % len(ring)] @ taps[tap]
            y = y + _linear(encoding, weights, f"cond_map_{i}")
            if len(ring):
                ring[t % len(ring)] = hidden
            gate = _sigmoid(y[:, : self._config.width]) * np.tanh(y[:, self._config.width :])
            hidden = hidden + _linear(gate, weights, f"res_{i}")
            skip = skip + _linear(gate, weights, f"skip_{i}")
        head = _linear(_relu(skip), weights, "out1") + _linear(encoding, weights, "cond_map_out1")
        logits = _linear(_relu(head), weights, "logits")
        self._t += 1
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)


def _linear(x: Float, weights: Mapping[str, Float], name: str) -> Float:
    """A layer of one tap."""
    return np.asarray(x @ weights[f"{name}/W"][0, 0] + weights[f"{name}/biases"], np.float32)


def _same_convolution(x: Float, weights: Mapping[str, Float], name: str, dilation: int) -> Float:
    """A convolution that looks as far ahead as back, zeros beyond both ends."""
    taps = weights[f"{name}/W"][0]
    reach = (len(taps) - 1) // 2 * dilation
    padded = np.pad(x, [(0, 0), (reach, reach), (0, 0)])
    y = weights[f"{name}/biases"]
    for tap, matrix in enumerate(taps):
        y = padded[:, tap * dilation : tap * dilation + x.shape[1]] @ matrix + y
    return np.asarray(y, np.float32)


def _relu(x: Float) -> Float:
    return np.maximum(x, np.float32(0))


def _sigmoid(x: Float) -> Float:
    with np.errstate(over="ignore"):  # exp of a large number is infinity, and its inverse 0
        return np.asarray(1 / (1 + np.exp(-x)), np.float32)

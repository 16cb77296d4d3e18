"""The WaveNet autoencoder over whole stretches of audio, for training, in operations of Keras.

The same maths as `deepbass_engine.nsynth.reference`, which goes sample by sample: the decoder is
told every sample before the one it is to guess, so that all are guessed at once. A convolution is
written as the sum of its taps' matrix products, which every backend differentiates and compiles
well; a library's dilated convolution was slower on a CPU on each of them.

Arrays are ``(crop, time, channel)``; time is a multiple of the model's hop.

Source: Engel et al., "Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders", 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from deepbass_engine.nsynth.config import WaveNetConfig

Tensor = Any  # of the backend in use
Variables = Mapping[str, Tensor]


def loss(config: WaveNetConfig, variables: Variables, classes: Tensor, dtype: str) -> Tensor:
    """Mean negative log likelihood of each sample given those before it and the encoding, in nats.

    Parameters
    ----------
    config, variables
        The model.
    classes : uint8, shape (n_crops, n_samples)
        The audio, as `deepbass_engine.nsynth.mulaw.model_classes` has it.
    dtype
        What the layers compute in, "float32" or "bfloat16"; the loss itself is float32.
    """
    targets = ops.cast(classes, "int32")
    found = logits(config, variables, classes, dtype)
    return ops.mean(keras.losses.sparse_categorical_crossentropy(targets, found, from_logits=True))


def logits(config: WaveNetConfig, variables: Variables, classes: Tensor, dtype: str) -> Tensor:
    """Unnormalised log probability of each class of each sample, of which the encoder hears all.

    Returns
    -------
    float32, shape (n_crops, n_samples, n_classes)
    """
    variables = {name: ops.cast(variables[name], dtype) for name in config.variables()}
    signal = ops.expand_dims((ops.cast(classes, dtype) - 128) / 128, -1)
    return _decode(config, variables, signal, _encode(config, variables, signal))


def _encode(config: WaveNetConfig, variables: Variables, signal: Tensor) -> Tensor:
    """Encoding of each frame, (n_crops, n_frames, n_z)."""
    hidden = _same_convolution(signal, variables, "ae_startconv", 1)
    for i, dilation in enumerate(config.encoder_dilations, start=1):
        inner = _same_convolution(ops.relu(hidden), variables, f"ae_dilatedconv_{i}", dilation)
        hidden = hidden + _linear(ops.relu(inner), variables, f"ae_res_{i}")
    return ops.mean(_in_frames(config, _linear(hidden, variables, "ae_bottleneck")), axis=2)


def _decode(
    config: WaveNetConfig, variables: Variables, signal: Tensor, encoding: Tensor
) -> Tensor:
    def conditioned(y: Tensor, name: str) -> Tensor:
        """Add what the encoding has to say, the same over each frame."""
        told = ops.expand_dims(_linear(encoding, variables, name), 2)
        return ops.reshape(_in_frames(config, y) + told, ops.shape(y))

    before = ops.pad(signal, [[0, 0], [1, 0], [0, 0]])[:, :-1]
    hidden = _causal_convolution(before, variables, "startconv", 1)
    skip, gates = _linear(hidden, variables, "skip_start"), []
    for i, dilation in enumerate(config.dilations, start=1):
        y = _causal_convolution(hidden, variables, f"dilatedconv_{i}", dilation)
        y = conditioned(y, f"cond_map_{i}")
        gate = ops.sigmoid(y[..., : config.width]) * ops.tanh(y[..., config.width :])
        hidden = hidden + _linear(gate, variables, f"res_{i}")
        gates.append(gate)
    # The layers' skip connections as one product: their sum is not carried from layer to layer
    names = [f"skip_{i}" for i in range(1, config.layers + 1)]
    merged = ops.concatenate([variables[f"{name}/W"][0, 0] for name in names])
    skip = skip + ops.matmul(ops.concatenate(gates, axis=-1), merged)
    skip = skip + sum(variables[f"{name}/biases"] for name in names)
    head = conditioned(_linear(ops.relu(skip), variables, "out1"), "cond_map_out1")
    return ops.cast(_linear(ops.relu(head), variables, "logits"), "float32")


def _in_frames(config: WaveNetConfig, x: Tensor) -> Tensor:
    """(n_crops, n_samples, n) as (n_crops, n_frames, hop, n)."""
    n_crops, n_samples, n = x.shape
    return ops.reshape(x, (n_crops, n_samples // config.hop, config.hop, n))


def _linear(x: Tensor, variables: Variables, name: str) -> Tensor:
    """A layer of one tap."""
    return ops.matmul(x, variables[f"{name}/W"][0, 0]) + variables[f"{name}/biases"]


def _causal_convolution(x: Tensor, variables: Variables, name: str, dilation: int) -> Tensor:
    """A convolution that looks back, zeros before the beginning."""
    reach = (variables[f"{name}/W"].shape[1] - 1) * dilation
    return _convolution(ops.pad(x, [[0, 0], [reach, 0], [0, 0]]), variables, name, dilation)


def _same_convolution(x: Tensor, variables: Variables, name: str, dilation: int) -> Tensor:
    """A convolution that looks as far ahead as back, zeros beyond both ends."""
    reach = (variables[f"{name}/W"].shape[1] - 1) // 2 * dilation
    return _convolution(ops.pad(x, [[0, 0], [reach, reach], [0, 0]]), variables, name, dilation)


def _convolution(padded: Tensor, variables: Variables, name: str, dilation: int) -> Tensor:
    taps = variables[f"{name}/W"][0]
    n_samples = padded.shape[1] - (taps.shape[0] - 1) * dilation
    y = variables[f"{name}/biases"]
    for tap in range(taps.shape[0]):
        start = tap * dilation
        y = y + ops.matmul(padded[:, start : start + n_samples], taps[tap])
    return y

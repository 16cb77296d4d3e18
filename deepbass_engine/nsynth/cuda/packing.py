"""A model's weights in the order in which the kernels read them.

Matrices are cut into tiles of 16 outputs by 16 channels, padded with zeros. A tile of gates holds
8 channels: their sigmoids' outputs, then their tanhs', so that one thread gets both. The skip sums
begin as linear in the samples fed, so `skip_start` is multiplied into the first convolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.nsynth.cpu.layout import widened
from deepbass_engine.nsynth.cuda.program import Precision

Float = NDArray[np.float32]
Packed = dict[str, NDArray[np.generic]]

_TILE = 16


class Tiles(NamedTuple):
    """How many tiles there are of each kind of output."""

    gate: int
    hidden: int
    skip: int
    classes: int


def tiles(config: WaveNetConfig) -> Tiles:
    """Count a model's tiles."""
    return Tiles(
        -(-config.width // (_TILE // 2)),
        -(-config.width // _TILE),
        -(-config.skip_width // _TILE),
        -(-config.n_classes // _TILE),
    )


def ring_lengths(config: WaveNetConfig) -> list[int]:
    """Samples of each layer's hidden activations that are kept, the present one included."""
    return [(config.filter_length - 1) * dilation + 1 for dilation in config.dilations]


def pack(config: WaveNetConfig, weights: Mapping[str, Float], precision: Precision) -> Packed:
    """Lay a model out for the kernels.

    Returns
    -------
    Arrays by the names they have in `program.JOB`.
    """
    n = tiles(config)
    order = _order(precision)
    element = np.float16 if precision == "float16" else np.float32
    largest = np.finfo(element).max
    layers = range(1, config.layers + 1)

    def one_tap(name: str) -> Float:
        return np.asarray(weights[f"{name}/W"][0, 0])

    def biases(*names: str) -> Float:
        return np.asarray(sum(weights[f"{name}/biases"] for name in names), np.float32)

    def paired(columns: Float) -> Float:
        """Outputs of gates: the sigmoids' of 8 channels, the tanhs' of the same, and so on."""
        half = _TILE // 2
        halves = columns.reshape(*columns.shape[:-1], 2, config.width)
        cut = widened(halves, n.gate * half).reshape(*columns.shape[:-1], 2, n.gate, half)
        return cut.swapaxes(-2, -3).reshape(*columns.shape[:-1], -1)

    def skip(columns: Float) -> Float:
        return widened(columns, n.skip * _TILE)

    def out(to_hidden: Float, to_skip: Float) -> Float:
        return np.concatenate((widened(to_hidden, n.hidden * _TILE), skip(to_skip)), axis=-1)

    def matrix(columns: Float, n_channel_tiles: int) -> NDArray[np.generic]:
        padded = widened(columns.T, n_channel_tiles * _TILE).T
        cut = padded.reshape(n_channel_tiles, _TILE, -1, _TILE).transpose(2, 0, 3, 1)
        ordered = cut.reshape(*cut.shape[:2], -1)[..., order]
        return np.clip(ordered, -largest, largest).astype(element)

    start, start_biases = weights["startconv/W"][0, :, 0], biases("startconv")
    skip_start = one_tap("skip_start").astype(np.float64)
    gates = [[paired(tap) for tap in weights[f"dilatedconv_{i}/W"][0]] for i in layers]
    outs = [out(one_tap(f"res_{i}"), one_tap(f"skip_{i}")) for i in layers]
    conditioning = [paired(one_tap(f"cond_map_{i}")) for i in layers]
    conditioning.append(skip(one_tap("cond_map_out1")))
    conditioning_biases = [paired(biases(f"dilatedconv_{i}", f"cond_map_{i}")) for i in layers]
    conditioning_biases.append(skip(biases("out1", "cond_map_out1")))
    return {
        "gate_weights": np.stack(
            [np.stack([matrix(tap, n.hidden) for tap in taps], axis=1) for taps in gates]
        ),
        "out_weights": np.stack([matrix(columns, n.hidden) for columns in outs]),
        "head_weights": matrix(skip(one_tap("out1")), n.skip),
        "logits_weights": matrix(widened(one_tap("logits"), n.classes * _TILE), n.skip),
        "start_weights": out(start, (start @ skip_start).astype(np.float32)).T,
        "conditioning_weights": np.concatenate(conditioning, axis=-1).T,
        "start_biases": out(
            start_biases,
            (start_biases @ skip_start + biases("skip_start")).astype(np.float32),
        ),
        "out_biases": np.stack([out(biases(f"res_{i}"), biases(f"skip_{i}")) for i in layers]),
        "logits_biases": widened(biases("logits"), n.classes * _TILE),
        "conditioning_biases": np.concatenate(conditioning_biases),
        "dilations": np.array(config.dilations, np.int32),
        "ring_firsts": np.cumsum([0, *ring_lengths(config)[:-1]]).astype(np.int32),
    }


def _order(precision: Precision) -> NDArray[np.intp]:
    """Where the numbers of a tile come from, counted as ``output * 16 + channel``."""
    position = np.arange(_TILE * _TILE)
    if precision == "float16":  # see `multiply_halves` in primitives.cuh
        lane, register, half = position // 8, position // 2 % 4, position % 2
        output = lane // 4 + 8 * (register % 2)
        channel = lane % 4 * 2 + half + 8 * (register // 2)
    else:  # a vector of 4 channels for each output in turn
        output = position // 4 % _TILE
        channel = position // (4 * _TILE) * 4 + position % 4
    return np.asarray(output * _TILE + channel, np.intp)

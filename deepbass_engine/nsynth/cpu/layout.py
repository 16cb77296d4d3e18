"""A model's weights laid out for the CPU kernels.

Every width is padded to a multiple of `PANEL` with zeros, which change nothing. The columns of a
gated layer are reordered so that a panel holds 32 columns of the sigmoid and the 32 of the tanh
that belong to them: whoever computes a panel can gate it. ``res`` and ``skip`` of a layer are one
matrix. All matrices lie one behind the other in the order in which a step reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.nsynth.backends import Precision
from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.nsynth.cpu.target import PANEL

Float = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)
_HALF = PANEL // 2
_ALIGN_ELEMENTS = 64
_PREFETCHED_ELEMENTS = 16_384
"""Room behind the last weight, for what is asked for ahead."""

_UNHEARD_LOGIT = np.float32(-1e30)
_LARGEST_BYTE = 127


@dataclass(frozen=True, slots=True)
class Widths:
    """Widths of a model, padded.

    Attributes
    ----------
    hidden, skip, classes
        Channels between layers, of the skip connections, and classes, as multiples of `PANEL`.
    n_z
        Length of an encoding, as a multiple of 4.
    """

    hidden: int
    skip: int
    classes: int
    n_z: int


@dataclass(frozen=True, slots=True, eq=False)
class Matrices:
    """Weights of one type, and where each matrix begins.

    Attributes
    ----------
    elements : float32, uint16 (16-bit floats) or int8, shape (n,)
        All panels.
    starts : int64, shape (n_matrices,)
        Index of each matrix's first element.
    scales : float32, shape (n_scales,)
        For bytes, scales and offsets of each panel; see `panels`.
    scale_starts : int64, shape (n_matrices,)
        Index of each matrix's first scale.
    """

    elements: NDArray[Any]
    starts: NDArray[np.int64]
    scales: Float
    scale_starts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A model laid out.

    Attributes
    ----------
    widths
        Padded widths.
    matrices
        Those a step multiplies with. In order: of each layer the newest tap, then ``res`` and
        ``skip``; then ``skip_start``, ``out1``, ``logits``; then of each layer the past taps, the
        oldest first.
    conditions
        Those a frame multiplies with, float32: of each layer ``cond_map``, then ``cond_map_out1``.
    condition_biases : float32
        Biases of these and of the layers they belong to, panel after panel.
    start : float32, shape (filter_length + 1, hidden)
        Taps of ``startconv``, the oldest first, and its biases.
    skip_bias : float32, shape (skip,)
        Biases of ``skip_start`` and of all layers' ``skip``.
    hidden_biases : float32, shape (n_layers, hidden)
        Biases of ``res``.
    logit_bias : float32, shape (classes,)
        Biases of ``logits``; of padding, so low that it is never heard.
    """

    widths: Widths
    matrices: Matrices
    conditions: Matrices
    condition_biases: Float
    start: Float
    skip_bias: Float
    hidden_biases: Float
    logit_bias: Float


def lay_out(config: WaveNetConfig, weights: Mapping[str, Float], precision: Precision) -> Layout:
    """Lay a model out for a precision."""
    widths = Widths(
        hidden=_padded(config.width),
        skip=_padded(config.skip_width),
        classes=_padded(config.n_classes),
        n_z=-(-config.n_z // 4) * 4,
    )
    gate = _gate_columns(config.width, widths.hidden)
    layers = range(1, config.layers + 1)

    def matrix(name: str, tap: int = 0) -> Float:
        panel: Float = weights[f"{name}/W"][0, tap]
        return panel

    def bias(name: str) -> Float:
        return weights[f"{name}/biases"]

    def gated(values: Float) -> Float:
        """Columns of a gated layer in the order of the panels."""
        return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, 1)])[..., gate]

    stepped = []
    for i in layers:
        stepped.append(gated(matrix(f"dilatedconv_{i}", -1)))
        res = widened(matrix(f"res_{i}"), widths.hidden)
        stepped.append(np.concatenate([res, matrix(f"skip_{i}")], axis=1))
    stepped += [matrix("skip_start"), matrix("out1"), matrix("logits")]
    for i in layers:
        stepped += [gated(matrix(f"dilatedconv_{i}", j)) for j in range(config.filter_length - 1)]
    conditions = [gated(matrix(f"cond_map_{i}")) for i in layers] + [matrix("cond_map_out1")]
    condition_biases = [gated(bias(f"cond_map_{i}") + bias(f"dilatedconv_{i}")) for i in layers]
    condition_biases.append(widened(bias("cond_map_out1") + bias("out1"), widths.skip))
    skip_bias = bias("skip_start") + sum((bias(f"skip_{i}") for i in layers), np.float32(0))
    logit_bias = widened(bias("logits"), widths.classes)
    logit_bias[config.n_classes :] = _UNHEARD_LOGIT
    start = np.concatenate([weights["startconv/W"][0, :, 0], [bias("startconv")]])
    return Layout(
        widths=widths,
        matrices=_matrices(stepped, precision, n_rows_multiple=PANEL),
        conditions=_matrices(conditions, "float32", n_rows_multiple=4),
        condition_biases=aligned(np.concatenate(condition_biases)),
        start=aligned(widened(start, widths.hidden)),
        skip_bias=aligned(widened(skip_bias, widths.skip)),
        hidden_biases=aligned(np.stack([widened(bias(f"res_{i}"), widths.hidden) for i in layers])),
        logit_bias=aligned(logit_bias),
    )


def aligned(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """A contiguous copy that begins at a multiple of 64 bytes."""
    room = np.empty(values.nbytes + 64, np.uint8)
    first = -room.ctypes.data % 64
    copy: NDArray[Scalar] = np.ndarray(values.shape, values.dtype, room.data, first)
    copy[...] = values
    return copy


def _padded(width: int) -> int:
    return -(-width // PANEL) * PANEL


def widened(values: Float, width: int) -> Float:
    """Padded with zeros at the end of the last axis."""
    missing = width - values.shape[-1]
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, missing)])


def _gate_columns(width: int, padded: int) -> NDArray[np.int64]:
    """Which column of a gated layer stands where; padding is column ``2 * width``."""
    channel = np.arange(padded).reshape(-1, _HALF)
    sigmoid = np.where(channel < width, channel, 2 * width)
    tanh = np.where(channel < width, channel + width, 2 * width)
    return np.concatenate([sigmoid, tanh], axis=1).reshape(-1)


def _matrices(matrices: list[Float], precision: Precision, n_rows_multiple: int) -> Matrices:
    """Panels of all matrices, in one array."""
    kind: type[Any] = {"float32": np.float32, "float16": np.uint16, "int8": np.int8}[precision]
    shapes = [
        (-(-len(m) // n_rows_multiple) * n_rows_multiple, _padded(m.shape[1])) for m in matrices
    ]
    sizes = [rows * columns for rows, columns in shapes]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    scale_starts = np.concatenate([[0], np.cumsum([2 * c for _, c in shapes])]).astype(np.int64)
    elements = aligned(np.zeros(starts[-1] + _PREFETCHED_ELEMENTS, kind))
    scales = aligned(np.zeros(scale_starts[-1] if precision == "int8" else 0, np.float32))
    for matrix, (n_rows, n_columns), start, scale_start in zip(
        matrices, shapes, starts, scale_starts, strict=False
    ):
        panels = np.zeros((n_columns // PANEL, n_rows, PANEL), np.float32)
        for p, panel in enumerate(panels):
            part = matrix[:, p * PANEL : (p + 1) * PANEL]
            panel[: part.shape[0], : part.shape[1]] = part
        to = elements[start : start + n_rows * n_columns]
        if precision == "int8":
            room = scales[scale_start : scale_start + 2 * n_columns].reshape(-1, 2, PANEL)
            to[:] = _bytes(panels, room)
        elif precision == "float16":
            to[:] = panels.astype(np.float16).view(np.uint16).reshape(-1)
        else:
            to[:] = panels.reshape(-1)
    return Matrices(elements, starts[:-1], scales, scale_starts[:-1])


def _bytes(panels: Float, scales: Float) -> NDArray[np.int8]:
    """Panels as bytes, four rows interleaved; fills in scales and offsets."""
    scale = np.abs(panels).max(axis=1) / _LARGEST_BYTE
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    rounded = np.rint(panels / scale[:, np.newaxis]).astype(np.int8)
    scales[:, 0] = scale
    scales[:, 1] = 128 * rounded.sum(axis=1, dtype=np.int32)
    n_panels, n_rows, _ = panels.shape
    fours = rounded.reshape(n_panels, n_rows // 4, 4, PANEL).transpose(0, 1, 3, 2)
    return np.asarray(fours.reshape(-1), np.int8)

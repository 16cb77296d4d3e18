"""The decoder on the CPU: lays out memory and threads around the kernel in `cpu.steps`."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import llvmlite.binding
import numpy as np
from numpy.typing import NDArray

from deepbass_engine.nsynth.backends import DeviceFacts, Precision
from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.nsynth.cpu import steps as kernel
from deepbass_engine.nsynth.cpu.crew import Crew
from deepbass_engine.nsynth.cpu.layout import Layout, Matrices, aligned, lay_out, widened
from deepbass_engine.nsynth.cpu.meeting import FLAG_BYTES
from deepbass_engine.nsynth.cpu.target import PANEL, n_cores, target

Float = NDArray[np.float32]

_BLOCK_ROWS = 96
"""Rows of the batch times steps that are enough for a past tap's product to be quick."""

_LONGEST_BLOCK = 64
_LEAST_FLOAT_PRODUCTS, _LEAST_BYTE_PRODUCTS = 3_500, 14_000
"""Multiplications for each thread from one meeting to the next that are worth the meeting."""

_NO_UNIFORMS = np.empty((0, 0))
_NONE_GIVEN = np.empty((0, 0), np.uint8)
_NOT_EXPECTED = np.empty((0, 0, 0), np.float32)

_ZERO_BYTE = 128
_BYTES_TO_GATE = np.float32(1 / 127)
"""What the bytes of a gated row, less 128, must be multiplied by."""


def cpu_facts() -> DeviceFacts:
    """What the CPU can compute in; 16-bit floats are the default, for they are the fastest."""
    precisions: list[Precision] = ["float32"]
    reasons = []
    if target().converts_half:
        precisions.insert(0, "float16")
    else:
        reasons.append("float16: this processor does not convert 16-bit floats (F16C)")
    if target().byte_dot:
        precisions.append("int8")
    else:
        reasons.append("int8: this processor has no byte products (AVX512-VNNI or AVX-VNNI)")
    return DeviceFacts(
        device="cpu",
        name=f"{llvmlite.binding.get_host_cpu_name()}, {n_cores()} cores",
        precisions=tuple(precisions),
        reasons=tuple(reasons),
    )


class CpuDecoder:
    """A model's decoder on the CPU.

    Parameters
    ----------
    config, weights
        The model.
    precision
        Of the weights; for int8, of what they are multiplied with too.
    n_threads
        Threads, always so many; without it at most one for each core, as far as there is work for
        them between two meetings and other programs leave them room (see `cpu.crew`).
    """

    def __init__(
        self,
        config: WaveNetConfig,
        weights: Mapping[str, Float],
        precision: Precision,
        *,
        n_threads: int | None = None,
    ) -> None:
        self.config = config
        self.layout: Layout = lay_out(config, weights, precision)
        self._n_threads = n_threads
        # Compiles, where that was not done before, rather than at someone's first sample.
        self.start(np.zeros((1, 1, config.n_z), np.float32)).advance(np.zeros((1, 1)))

    def crew(self, n_streams: int) -> Crew | None:
        """What finds the number of threads for a batch; None where it was given."""
        return None if self._n_threads else Crew(self.n_threads(n_streams))

    def n_threads(self, n_streams: int) -> int:
        """Threads for a batch: as many as were asked for, or the most there is work for."""
        widths, n_layers = self.layout.widths, self.config.layers
        n_meetings = 2 * n_layers + 4
        n_products = n_layers * widths.hidden * (3 * widths.hidden + widths.skip)
        is_bytes = self.layout.matrices.elements.itemsize == 1
        least = _LEAST_BYTE_PRODUCTS if is_bytes else _LEAST_FLOAT_PRODUCTS
        useful = n_products * n_streams // n_meetings // least
        most = widths.hidden // kernel.HALF
        return min(most, self._n_threads or max(1, min(n_cores(), useful)))

    def start(self, encodings: Float) -> CpuDecoding:
        """Begin to decode a batch of encodings (n_streams, n_frames, n_z)."""
        return CpuDecoding(self, encodings)


class CpuDecoding:
    """A batch of streams being decoded; see `reference.ReferenceDecoding` for its methods.

    Parameters
    ----------
    decoder
        The model.
    encodings : float32, shape (n_streams, n_frames, n_z)
        What is to be said.

    Attributes
    ----------
    blocks : int64, shape (n_layers,)
        Steps of each layer for which the past taps are multiplied at once.
    """

    def __init__(self, decoder: CpuDecoder, encodings: Float) -> None:
        self._decoder = decoder
        self._t = 0
        config, widths = decoder.config, decoder.layout.widths
        n_streams, n_past = len(encodings), config.filter_length - 1
        self._is_bytes = decoder.layout.matrices.elements.itemsize == 1
        self._encodings = aligned(widened(encodings, widths.n_z))
        block = max(1, min(_LONGEST_BLOCK, _BLOCK_ROWS // n_streams))
        block = 1 << (block.bit_length() - 1)
        self.blocks = np.array(
            [math.gcd(min(d, block), config.hop) for d in config.dilations], np.int64
        )
        self._past = [
            _zeros(widths.hidden // kernel.HALF, int(b), n_streams, PANEL) for b in self.blocks
        ]
        self._rings = [
            _empty_ring(n_past * d, n_streams, widths.hidden, self._is_bytes)
            for d in config.dilations
        ]
        self._ring_scales = [
            _zeros(n_past * d if self._is_bytes else 0, n_streams) for d in config.dilations
        ]
        self._fed = _zeros(n_streams, n_past + 1)
        self._crew = decoder.crew(n_streams)

    def advance(self, uniforms: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Decode the next samples; see `reference.ReferenceDecoding`."""
        classes = np.empty(uniforms.shape, np.uint8)
        for steps in self._pieces(uniforms.shape[1]):
            piece = np.empty(classes[:, steps].shape, np.uint8)
            self._run(uniforms[:, steps], _NONE_GIVEN, piece, _NOT_EXPECTED)
            classes[:, steps] = piece
        return classes

    def follow(self, classes: NDArray[np.uint8]) -> Float:
        """Probabilities at the next samples; see `reference.ReferenceDecoding`."""
        expected = np.empty((*classes.shape, self._decoder.config.n_classes), np.float32)
        for steps in self._pieces(classes.shape[1]):
            piece = np.empty(expected[:, steps].shape, np.float32)
            given = classes[:, steps]
            self._run(_NO_UNIFORMS, given, np.empty(given.shape, np.uint8), piece)
            expected[:, steps] = piece
        return expected

    def keep(self, streams: list[int]) -> None:
        """Go on with these streams only."""
        self._encodings = aligned(self._encodings[streams])
        self._past = [aligned(past[:, :, streams]) for past in self._past]
        self._rings = [aligned(ring[:, streams]) for ring in self._rings]
        self._ring_scales = [aligned(scales[:, streams]) for scales in self._ring_scales]
        self._fed = aligned(self._fed[streams])

    def _pieces(self, n_steps: int) -> Iterator[slice]:
        """The steps of a call, cut where the number of threads may change."""
        first = 0
        while first < n_steps:
            n_left = n_steps - first
            end = first + (self._crew.n_steps(n_left) if self._crew else n_left)
            yield slice(first, end)
            first = end

    def _run(
        self,
        uniforms: NDArray[np.float64],
        given: NDArray[np.uint8],
        classes: NDArray[np.uint8],
        expected: Float,
    ) -> None:
        """Advance by as many steps as `classes` has columns."""
        n_steps = classes.shape[1]
        config, layout = self._decoder.config, self._decoder.layout
        widths, n_streams = layout.widths, len(self._encodings)
        crew = self._crew
        n_threads = crew.n_threads if crew else self._decoder.n_threads(n_streams)
        n_gates = widths.hidden // kernel.HALF
        sizes = np.zeros(kernel.N_SIZES, np.int64)
        sizes[kernel.N_STREAMS] = n_streams
        sizes[kernel.HIDDEN], sizes[kernel.SKIP] = widths.hidden, widths.skip
        sizes[kernel.CLASSES], sizes[kernel.N_CLASSES] = widths.classes, config.n_classes
        sizes[kernel.N_Z], sizes[kernel.N_LAYERS] = widths.n_z, config.layers
        sizes[kernel.N_PAST], sizes[kernel.HOP] = config.filter_length - 1, config.hop
        shared: dict[int, NDArray[Any]] = {
            kernel.AT_HIDDEN: _zeros(n_streams, widths.hidden),
            kernel.AT_GATED: _zeros(n_streams, widths.hidden),
            kernel.AT_SKIP: _zeros(n_streams, widths.skip),
            kernel.AT_HEAD: _zeros(n_streams, widths.skip),
            kernel.AT_LOGITS: _zeros(n_streams, widths.classes),
            kernel.AT_EXPONENTIALS: _zeros(n_streams, widths.classes),
            kernel.AT_FED: self._fed,
            kernel.AT_CONDITIONS: _zeros(
                config.layers * n_gates + widths.skip // PANEL, n_streams, PANEL
            ),
            kernel.AT_GATED_BYTES: aligned(np.zeros((n_streams, widths.hidden), np.uint8)),
            kernel.AT_GATED_SCALES: aligned(np.full(n_streams, _BYTES_TO_GATE)),
        }
        places = np.array([shared[i].ctypes.data for i in range(kernel.N_PLACES)], np.int64)
        flags = aligned(np.zeros(n_threads * FLAG_BYTES, np.uint8))
        widest = max(widths.hidden, widths.skip)
        own_rows = [_zeros(n_streams + 1, widest) for _ in range(n_threads)]
        own_scales = [_zeros(n_streams) for _ in range(n_threads)]
        uniforms = np.ascontiguousarray(uniforms, np.float64)
        given = np.ascontiguousarray(given)

        def work(thread: int) -> None:
            kernel.steps(
                thread, n_threads, self._t, n_steps, sizes,
                *_arguments(layout.matrices),
                layout.conditions.elements, layout.conditions.starts, layout.condition_biases,
                layout.start, layout.skip_bias, layout.hidden_biases, layout.logit_bias,
                np.array(config.dilations, np.int64), self.blocks,
                _addresses(self._past), _addresses(self._rings), _addresses(self._ring_scales),
                places, own_rows[thread].ctypes.data, own_scales[thread].ctypes.data,
                flags.ctypes.data, 0, self._encodings, uniforms, given, classes, expected,
            )  # fmt: skip

        started_s = time.perf_counter()
        others = [threading.Thread(target=work, args=(i,)) for i in range(1, n_threads)]
        for other in others:
            other.start()
        work(0)
        for other in others:
            other.join()
        if crew:
            crew.note(n_steps / (time.perf_counter() - started_s))
        self._t += n_steps


def _arguments(
    matrices: Matrices,
) -> tuple[NDArray[Any], NDArray[np.int64], Float, NDArray[np.int64]]:
    return matrices.elements, matrices.starts, matrices.scales, matrices.scale_starts


def _addresses(arrays: list[NDArray[Any]]) -> NDArray[np.int64]:
    return np.array([array.ctypes.data for array in arrays], np.int64)


def _zeros(*shape: int) -> Float:
    return aligned(np.zeros(shape, np.float32))


def _empty_ring(n_rows: int, n_streams: int, width: int, is_bytes: bool) -> NDArray[Any]:
    """A ring in which all that was is zero."""
    if is_bytes:
        return aligned(np.full((n_rows, n_streams, width), _ZERO_BYTE, np.uint8))
    return _zeros(n_rows, n_streams, width)

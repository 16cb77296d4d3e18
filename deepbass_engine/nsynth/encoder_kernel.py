"""The encoder's loop over samples: one native call moves any number of them through all layers.

A layer that looks ahead by its dilation lags behind the one before it by as much. Each keeps the
rows it still looks back to in a ring, so nothing is computed twice and memory does not grow with
the length of the audio. Rows of a layer are shared out among the threads, which meet behind each.

Each sum runs from its first term to its last in one thread and touches no other row, so neither
the number of threads nor how the audio is cut into calls changes a result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deepbass_engine.analysis.compiled import compiled_once
from deepbass_engine.nsynth.cpu.meeting import meet
from deepbass_engine.nsynth.cpu.panels import multiply_panel
from deepbass_engine.nsynth.cpu.target import PANEL, source_number
from deepbass_engine.nsynth.cpu.vectors import add_rows, add_scaled, copy_row, rectify

ROWS = 48
"""Rows a thread works on at once: they stay in its cache between the two products of a layer."""

FLOAT_BYTES = 4


def _make(sources: int) -> Callable[..., None]:
    def encode_samples(
        thread: int,
        n_threads: int,
        first: int,
        end: int,
        n_valid: int,
        tile: int,
        hop: int,
        signal: Any,
        start: Any,
        elements: Any,
        starts: Any,
        biases: Any,
        dilations: Any,
        rings: Any,
        ring_starts: Any,
        ring_rows: Any,
        scratch: Any,
        sums: Any,
        means: Any,
        flags: Any,
    ) -> None:
        """Move the samples from `first` to `end` through all layers; each thread calls it.

        Parameters
        ----------
        n_valid
            Where the audio ends: from there on every row of every layer is zero.
        tile
            Samples after which the next layer has its turn.
        signal : float32, shape (end - first + n_taps - 1,)
            The samples, and before them those that the first layer looks back to.
        start : float32, shape (n_taps + 1, width)
            Taps of the first layer and its biases.
        elements, starts, biases
            Each layer's two matrices: panels, index of the first, and biases; behind them a row of
            zeros.
        rings, ring_starts, ring_rows
            Rows of each layer's input, and of the last one's output: place of row 0, and after how
            many rows the next stands there again.
        scratch : float32, shape (n_threads, ROWS * (n_taps + 2) * width)
            Room for each thread.
        sums : float64, shape (width,)
            Sum over the last layer's rows of a frame that is not complete.
        means : float64, shape (n_frames, width)
            Receives the mean over the rows of each frame that becomes complete.
        flags
            For `meet`; zeros.
        """
        sources  # noqa: B018
        n_layers, n_taps, width = len(dilations), start.shape[0] - 1, start.shape[1]
        reach = (n_taps - 1) // 2
        row_bytes = FLOAT_BYTES * width
        seen_bytes = n_taps * row_bytes
        n_panels = width // PANEL
        ring_at = rings.ctypes.data
        seen = scratch[thread].ctypes.data
        inner = seen + ROWS * seen_bytes
        joined = inner + ROWS * row_bytes
        bias_at = biases.ctypes.data
        start_at = start.ctypes.data
        first_column = thread * n_panels // n_threads * PANEL
        end_column = (thread + 1) * n_panels // n_threads * PANEL
        first_frame = max(first - reach * (1 + dilations.sum()), 0) // hop
        count = 0
        for tile_first in range(first, end, tile):
            lag = reach  # a layer's row comes so much later than its sample
            low = max(tile_first - lag, 0)
            high = min(min(tile_first + tile, end) - lag, n_valid)
            share = -(-max(high - low, 0) // n_threads)
            for row in range(low + thread * share, min(low + (thread + 1) * share, high)):
                to = ring_at + (ring_starts[0] + row % ring_rows[0] * width) * FLOAT_BYTES
                copy_row(to, start_at + n_taps * row_bytes, row_bytes)
                for tap in range(n_taps):
                    sample = row + tap - reach
                    if 0 <= sample < n_valid:
                        value = signal[sample - first + 2 * reach]
                        add_scaled(to, start_at + tap * row_bytes, value, width)
            count += 1
            meet(flags.ctypes.data, thread, n_threads, count)

            for layer in range(n_layers):
                lag += reach * dilations[layer]
                low = max(tile_first - lag, 0)
                high = min(min(tile_first + tile, end) - lag, n_valid)
                share = -(-max(high - low, 0) // n_threads)
                own_end = min(low + (thread + 1) * share, high)
                from_ring = ring_at + FLOAT_BYTES * ring_starts[layer]
                to_ring = ring_at + FLOAT_BYTES * ring_starts[layer + 1]
                for row in range(low + thread * share, own_end, ROWS):
                    n_rows = min(ROWS, own_end - row)
                    for i in range(n_rows):
                        for tap in range(n_taps):
                            at = row + i + (tap - reach) * dilations[layer]
                            to = seen + i * seen_bytes + tap * row_bytes
                            if 0 <= at < n_valid:
                                rectify(to, from_ring + at % ring_rows[layer] * row_bytes, width)
                            else:
                                copy_row(to, bias_at + 2 * n_layers * row_bytes, row_bytes)
                        copy_row(inner + i * row_bytes, bias_at + 2 * layer * row_bytes, row_bytes)
                        add_rows(
                            joined + i * row_bytes,
                            from_ring + (row + i) % ring_rows[layer] * row_bytes,
                            bias_at + (2 * layer + 1) * row_bytes,
                            width,
                        )
                    for panel in range(n_panels):
                        multiply_panel(
                            elements,
                            starts[2 * layer] + panel * n_taps * width * PANEL,
                            starts[2 * layer] + (panel + 1) * n_taps * width * PANEL,
                            n_taps * width,
                            seen,
                            seen_bytes,
                            n_rows,
                            inner + panel * PANEL * FLOAT_BYTES,
                            row_bytes,
                            0,
                            0,
                        )
                    rectify(inner, inner, n_rows * width)
                    for panel in range(n_panels):
                        multiply_panel(
                            elements,
                            starts[2 * layer + 1] + panel * width * PANEL,
                            starts[2 * layer + 1] + (panel + 1) * width * PANEL,
                            width,
                            inner,
                            row_bytes,
                            n_rows,
                            joined + panel * PANEL * FLOAT_BYTES,
                            row_bytes,
                            0,
                            0,
                        )
                    for i in range(n_rows):
                        copy_row(
                            to_ring + (row + i) % ring_rows[layer + 1] * row_bytes,
                            joined + i * row_bytes,
                            row_bytes,
                        )
                count += 1
                meet(flags.ctypes.data, thread, n_threads, count)

            for row in range(low, high):
                at = ring_starts[n_layers] + row % ring_rows[n_layers] * width
                if row % hop == 0:
                    sums[first_column:end_column] = 0
                for column in range(first_column, end_column):
                    sums[column] += np.float64(rings[at + column])
                if row % hop == hop - 1:
                    for column in range(first_column, end_column):
                        means[row // hop - first_frame, column] = sums[column] / hop

    return encode_samples


encode_samples = compiled_once(_make(source_number()))

"""The loop over samples: one native call advances a batch by any number of steps.

Every thread runs the same loop and computes its share of each matrix's panels. A step, for layer
after layer:

1. Gate. The newest tap times the hidden row, added to what the past taps and the encoding give,
   then gated. What the past taps give is computed for several steps at once: they look back by at
   least the dilation, so for that many steps ahead their input is known (tap blocking).
2. Join. ``res`` and ``skip`` of the gate, added to the hidden row and the skip row. The hidden row
   that was is kept in the layer's ring.

Threads meet behind each. Rows of the batch never touch each other, and each sum runs from its
first term to its last in one thread, so neither batch nor threads change a result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deepbass_engine.analysis.compiled import compiled_once
from deepbass_engine.nsynth.cpu.meeting import meet
from deepbass_engine.nsynth.cpu.panels import multiply_panel
from deepbass_engine.nsynth.cpu.target import PANEL, source_number
from deepbass_engine.nsynth.cpu.vectors import (
    add_rows,
    add_scaled,
    copy_row,
    exponentials,
    gate,
    gate_to_bytes,
    load_float,
    rectify,
    row_to_bytes,
    store_float,
)

HALF = PANEL // 2
FLOAT_BYTES = 4

(
    N_STREAMS, HIDDEN, SKIP, CLASSES, N_CLASSES, N_Z, N_LAYERS, N_PAST, HOP, N_SIZES,
) = range(10)  # fmt: skip
"""Places in `sizes`: the batch, the padded widths, the number of classes, and so on."""

(
    AT_HIDDEN, AT_GATED, AT_SKIP, AT_HEAD, AT_LOGITS, AT_EXPONENTIALS, AT_FED, AT_CONDITIONS,
    AT_GATED_BYTES, AT_GATED_SCALES, N_PLACES,
) = range(11)  # fmt: skip
"""Places in `places`: addresses of the rows all threads share."""


def _make(sources: int) -> Callable[..., None]:
    def steps(
        thread: int,
        n_threads: int,
        first_step: int,
        n_steps: int,
        sizes: Any,
        elements: Any,
        starts: Any,
        scales: Any,
        scale_starts: Any,
        condition_elements: Any,
        condition_starts: Any,
        condition_biases: Any,
        start: Any,
        skip_bias: Any,
        hidden_biases: Any,
        logit_bias: Any,
        dilations: Any,
        blocks: Any,
        past_at: Any,
        ring_at: Any,
        ring_scale_at: Any,
        places: Any,
        own_rows: int,
        own_scales: int,
        flags: int,
        count: int,
        encodings: Any,
        uniforms: Any,
        given: Any,
        classes: Any,
        expected: Any,
    ) -> None:
        sources  # noqa: B018
        is_bytes = elements.itemsize == 1
        n_streams, hidden, skip = sizes[N_STREAMS], sizes[HIDDEN], sizes[SKIP]
        n_layers, n_past, n_z = sizes[N_LAYERS], sizes[N_PAST], sizes[N_Z]
        at_hidden, at_gated, at_skip = places[AT_HIDDEN], places[AT_GATED], places[AT_SKIP]
        at_fed, at_conditions = places[AT_FED], places[AT_CONDITIONS]
        hidden_bytes, skip_bytes = hidden * FLOAT_BYTES, skip * FLOAT_BYTES
        panel_bytes = PANEL * FLOAT_BYTES
        n_gates, n_skips = hidden // HALF, skip // PANEL
        n_joined = (hidden + skip) // PANEL
        n_logits = sizes[CLASSES] // PANEL
        first_gate, end_gate = thread * n_gates // n_threads, (thread + 1) * n_gates // n_threads
        first_skip, end_skip = thread * n_skips // n_threads, (thread + 1) * n_skips // n_threads
        first_joined = thread * n_joined // n_threads
        end_joined = (thread + 1) * n_joined // n_threads
        first_hidden = thread * (hidden // PANEL) // n_threads
        end_hidden = (thread + 1) * (hidden // PANEL) // n_threads
        row_bytes = max(hidden, skip)  # of a row of `own_rows`, when bytes
        for step in range(n_steps):
            t = first_step + step
            frame = t // sizes[HOP]
            if t % sizes[HOP] == 0 or step == 0:
                # What the encoding gives to each panel, for as long as the frame lasts.
                for layer in range(n_layers + 1):
                    first, end = first_gate, end_gate
                    if layer == n_layers:
                        first, end = first_skip, end_skip
                    for panel in range(first, end):
                        row = layer * n_gates + panel
                        to = at_conditions + row * n_streams * panel_bytes
                        bias = condition_biases.ctypes.data + row * panel_bytes
                        for m in range(n_streams):
                            copy_row(to + m * panel_bytes, bias, panel_bytes)
                        multiply_panel(
                            condition_elements,
                            condition_starts[layer] + panel * n_z * PANEL,
                            condition_starts[layer] + (panel + 1) * n_z * PANEL,
                            n_z,
                            encodings.ctypes.data + frame * n_z * FLOAT_BYTES,
                            encodings.shape[1] * n_z * FLOAT_BYTES,
                            n_streams,
                            to,
                            panel_bytes,
                            0,
                            0,
                        )
            for m in range(n_streams):
                for panel in range(first_hidden, end_hidden):
                    offset = panel * panel_bytes
                    to = at_hidden + m * hidden_bytes + offset
                    bias = start.ctypes.data + (n_past + 1) * hidden_bytes + offset
                    copy_row(to, bias, panel_bytes)
                    for tap in range(n_past + 1):
                        fed = load_float(at_fed + (m * (n_past + 1) + tap) * FLOAT_BYTES)
                        weight = start.ctypes.data + tap * hidden_bytes + offset
                        add_scaled(to, weight, fed, PANEL)
            count += 1
            meet(flags, thread, n_threads, count)

            for layer in range(n_layers):
                newest = at_hidden
                newest_bytes = hidden_bytes
                if is_bytes:
                    newest, newest_bytes = own_rows, row_bytes
                    for m in range(n_streams):
                        scale = row_to_bytes(
                            own_rows + m * row_bytes, at_hidden + m * hidden_bytes, hidden
                        )
                        store_float(own_scales + m * FLOAT_BYTES, scale)
                if layer == 0:
                    at = 2 * n_layers
                    for panel in range(first_skip, end_skip):
                        to = at_skip + panel * panel_bytes
                        bias = skip_bias.ctypes.data + panel * panel_bytes
                        for m in range(n_streams):
                            copy_row(to + m * skip_bytes, bias, panel_bytes)
                        multiply_panel(
                            elements,
                            starts[at] + panel * hidden * PANEL,
                            starts[at] + (panel + 1) * hidden * PANEL,
                            hidden,
                            newest,
                            newest_bytes,
                            n_streams,
                            to,
                            skip_bytes,
                            own_scales,
                            scales.ctypes.data + (scale_starts[at] + 2 * panel * PANEL) * 4,
                        )
                dilation, block = dilations[layer], blocks[layer]
                ring_rows = max(n_past * dilation, 1)
                element_bytes = 1 if is_bytes else FLOAT_BYTES
                for panel in range(first_gate, end_gate):
                    past = past_at[layer] + panel * block * n_streams * panel_bytes
                    if t % block == 0:
                        for row in range(block * n_streams):
                            copy_row(
                                past + row * panel_bytes,
                                at_conditions
                                + ((layer * n_gates + panel) * n_streams + row % n_streams)
                                * panel_bytes,
                                panel_bytes,
                            )
                        for tap in range(n_past):
                            at = 2 * n_layers + 3 + layer * n_past + tap
                            row = (t + tap * dilation) % ring_rows * n_streams
                            multiply_panel(
                                elements,
                                starts[at] + panel * hidden * PANEL,
                                starts[2 * layer] + panel * hidden * PANEL
                                if tap == n_past - 1
                                else starts[at + 1] + panel * hidden * PANEL,
                                hidden,
                                ring_at[layer] + row * hidden * element_bytes,
                                hidden * element_bytes,
                                block * n_streams,
                                past,
                                panel_bytes,
                                ring_scale_at[layer] + row * FLOAT_BYTES,
                                scales.ctypes.data + (scale_starts[at] + 2 * panel * PANEL) * 4,
                            )
                    sums = past + t % block * n_streams * panel_bytes
                    at = 2 * layer
                    following = starts[at + 1] + first_joined * hidden * PANEL
                    if panel + 1 < end_gate:
                        ahead = 2 * n_layers + 3 + layer * n_past
                        following = (
                            starts[ahead if t % block == 0 and n_past > 0 else at]
                            + (panel + 1) * hidden * PANEL
                        )
                    multiply_panel(
                        elements,
                        starts[at] + panel * hidden * PANEL,
                        following,
                        hidden,
                        newest,
                        newest_bytes,
                        n_streams,
                        sums,
                        panel_bytes,
                        own_scales,
                        scales.ctypes.data + (scale_starts[at] + 2 * panel * PANEL) * 4,
                    )
                    for m in range(n_streams):
                        if is_bytes:
                            to = places[AT_GATED_BYTES] + m * hidden + panel * HALF
                            gate_to_bytes(to, sums + m * panel_bytes)
                        else:
                            to = at_gated + m * hidden_bytes + panel * HALF * FLOAT_BYTES
                            gate(to, sums + m * panel_bytes)
                count += 1
                meet(flags, thread, n_threads, count)

                row = t % ring_rows * n_streams
                if is_bytes and n_past > 0 and thread == 0:
                    for m in range(n_streams):
                        store_float(
                            ring_scale_at[layer] + (row + m) * FLOAT_BYTES,
                            load_float(own_scales + m * FLOAT_BYTES),
                        )
                at = 2 * layer + 1
                for panel in range(first_joined, end_joined):
                    if panel < hidden // PANEL:
                        to, to_bytes = at_hidden + panel * panel_bytes, hidden_bytes
                        bias = hidden_biases.ctypes.data + layer * hidden_bytes
                        kept_bytes = PANEL * element_bytes
                        kept = ring_at[layer] + row * hidden * element_bytes + panel * kept_bytes
                        for m in range(n_streams):
                            if n_past > 0:
                                copy_row(
                                    kept + m * hidden * element_bytes,
                                    newest + m * newest_bytes + panel * kept_bytes,
                                    kept_bytes,
                                )
                            add_rows(
                                to + m * to_bytes,
                                to + m * to_bytes,
                                bias + panel * panel_bytes,
                                PANEL,
                            )
                    else:
                        to = at_skip + (panel - hidden // PANEL) * panel_bytes
                        to_bytes = skip_bytes
                    following = starts[at] + (panel + 1) * hidden * PANEL
                    if panel + 1 == end_joined:
                        following = starts[at + 1]
                        if layer + 1 < n_layers:
                            following += first_gate * hidden * PANEL
                    multiply_panel(
                        elements,
                        starts[at] + panel * hidden * PANEL,
                        following,
                        hidden,
                        places[AT_GATED_BYTES] if is_bytes else at_gated,
                        hidden if is_bytes else hidden_bytes,
                        n_streams,
                        to,
                        to_bytes,
                        places[AT_GATED_SCALES],
                        scales.ctypes.data + (scale_starts[at] + 2 * panel * PANEL) * 4,
                    )
                count += 1
                meet(flags, thread, n_threads, count)

            # The head: two matrices behind relu, then softmax and a class for each stream.
            for head in range(2):
                source = at_skip if head == 0 else places[AT_HEAD]
                left, left_bytes = own_rows, row_bytes if is_bytes else skip_bytes
                for m in range(n_streams):
                    if is_bytes:
                        rectified = own_rows + n_streams * row_bytes
                        rectify(rectified, source + m * skip_bytes, skip)
                        scale = row_to_bytes(own_rows + m * row_bytes, rectified, skip)
                        store_float(own_scales + m * FLOAT_BYTES, scale)
                    else:
                        rectify(own_rows + m * skip_bytes, source + m * skip_bytes, skip)
                at = 2 * n_layers + 1 + head
                first, end = first_skip, end_skip
                if head == 1:
                    first, end = (
                        thread * n_logits // n_threads,
                        (thread + 1) * n_logits // n_threads,
                    )
                for panel in range(first, end):
                    if head == 0:
                        to = places[AT_HEAD] + panel * panel_bytes
                        to_bytes = skip_bytes
                        bias = (
                            at_conditions + (n_layers * n_gates + panel) * n_streams * panel_bytes
                        )
                    else:
                        to = places[AT_LOGITS] + panel * panel_bytes
                        to_bytes = sizes[CLASSES] * FLOAT_BYTES
                        bias = logit_bias.ctypes.data + panel * panel_bytes
                    for m in range(n_streams):
                        from_row = bias + (m * panel_bytes if head == 0 else 0)
                        copy_row(to + m * to_bytes, from_row, panel_bytes)
                    multiply_panel(
                        elements,
                        starts[at] + panel * skip * PANEL,
                        starts[at] + (panel + 1) * skip * PANEL,
                        skip,
                        left,
                        left_bytes,
                        n_streams,
                        to,
                        to_bytes,
                        own_scales,
                        scales.ctypes.data + (scale_starts[at] + 2 * panel * PANEL) * 4,
                    )
                count += 1
                meet(flags, thread, n_threads, count)
            for m in range(thread, n_streams, n_threads):
                exponential = places[AT_EXPONENTIALS] + m * sizes[CLASSES] * FLOAT_BYTES
                total = exponentials(
                    exponential,
                    places[AT_LOGITS] + m * sizes[CLASSES] * FLOAT_BYTES,
                    sizes[CLASSES],
                )
                if expected.shape[0]:
                    for k in range(sizes[N_CLASSES]):
                        expected[m, step, k] = load_float(exponential + k * FLOAT_BYTES) / total
                if given.shape[0]:
                    picked = int(given[m, step])
                else:
                    picked = sizes[N_CLASSES] - 1
                    cumulative = np.float32(0)
                    for k in range(sizes[N_CLASSES] - 1):
                        cumulative += load_float(exponential + k * FLOAT_BYTES) / total
                        if np.float64(cumulative) >= uniforms[m, step]:
                            picked = k
                            break
                    classes[m, step] = picked
                fed = at_fed + m * (n_past + 1) * FLOAT_BYTES
                for tap in range(n_past):
                    store_float(fed + tap * FLOAT_BYTES, load_float(fed + (tap + 1) * FLOAT_BYTES))
                store_float(fed + n_past * FLOAT_BYTES, np.float32(picked - 128) / np.float32(128))
            count += 1
            meet(flags, thread, n_threads, count)

    return steps


steps = compiled_once(_make(source_number()))

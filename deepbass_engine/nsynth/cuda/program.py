"""Source of the kernels, and the one declaration of the job they are given.

The program is put together for a precision and a number of streams, so that everything a thread
keeps has a fixed size. It includes no header: NVRTC needs nothing beside it.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

import numpy as np

Precision = Literal["float32", "float16"]

COMPILE_OPTIONS = ("-std=c++17",)
N_WARPS = 8
STREAMS_IN_TILE = 8
MAX_STREAMS = 64
COUNTERS_BESIDE_LAYERS = 4
COUNTER_BYTES = 128
LOGITS_IN_ROW = 256

_POINTERS = {
    "gate_weights": "const Element",  # (layers, gate tiles, taps, hidden tiles, 256)
    "out_weights": "const Element",  # (layers, hidden + skip tiles, hidden tiles, 256)
    "head_weights": "const Element",  # (skip tiles, skip tiles, 256)
    "logits_weights": "const Element",  # (class tiles, skip tiles, 256)
    "start_weights": "const float",  # (hidden + skip tiles, 16, taps)
    "conditioning_weights": "const float",  # (layers * gate tiles + skip tiles, 16, n_z)
    "start_biases": "const float",
    "out_biases": "const float",
    "logits_biases": "const float",
    "conditioning_biases": "const float",
    "dilations": "const int",
    "ring_firsts": "const int",  # of each layer's slots, one for each sample it can look back to
    "encodings": "const float",  # (frames, streams, n_z)
    "thresholds": "const float",  # (samples, streams); null where classes are given
    "kept": "const int",
    "rings": "Element",  # (slots, hidden tiles, stream tiles, 128)
    "gates": "Element",  # (layers, hidden tiles, stream tiles, 128)
    "skips": "Element",  # (skip tiles, stream tiles, 128)
    "heads": "Element",  # (skip tiles, stream tiles, 128)
    "sums": "float4",  # (hidden + skip tiles, stream tiles, 32)
    "conditioning": "float4",  # (frames, layers * gate tiles + skip tiles, stream tiles, 32)
    "logits": "float",  # (streams, 256)
    "fed": "float",  # (taps, streams)
    "probabilities": "float",  # (samples, streams, classes); null where nobody asks
    "classes": "unsigned char",  # (samples, streams)
    "counters": "unsigned",
}
_NUMBERS = (
    "n_layers", "n_taps", "n_gate_tiles", "n_hidden_tiles", "n_skip_tiles", "n_class_tiles",
    "n_classes", "n_z", "hop", "n_slots", "n_streams", "n_resident", "first_step", "n_steps",
    "first_frame", "n_frames",
)  # fmt: skip

JOB = np.dtype(
    [(name, np.uint64) for name in _POINTERS] + [(name, np.int32) for name in _NUMBERS], align=True
)
"""What every kernel is given: addresses on the device, then sizes; `Job` in the kernels."""


def source(
    precision: Precision,
    n_stream_tiles: int,
    *,
    n_warps: int = N_WARPS,
    primitives: str | None = None,
) -> str:
    """The kernels.

    Parameters
    ----------
    precision
        Of weights and activations.
    n_stream_tiles
        Streams, in eights.
    n_warps
        Warps of a block.
    primitives
        What stands in for `primitives.cuh`, to run on something that is no GPU.
    """
    here = files(__package__)
    pointers = "".join(f"  {kind}* {name};\n" for name, kind in _POINTERS.items())
    return "\n".join(
        (
            f"#define HALF {int(precision == 'float16')}",
            f"#define STREAM_TILES {n_stream_tiles}",
            f"#define WARPS {n_warps}",
            primitives or (here / "primitives.cuh").read_text("utf-8"),
            (here / "elements.cuh").read_text("utf-8"),
            f"struct Job {{\n{pointers}  int {', '.join(_NUMBERS)};\n}};",
            f'static_assert(sizeof(Job) == {JOB.itemsize}, "laid out as by NumPy");',
            (here / "decode.cu").read_text("utf-8"),
        )
    )


def shared_bytes_beside_weights(n_stream_tiles: int, n_warps: int = N_WARPS) -> int:
    """Shared memory a block needs for its work: the job and the sums of its warps."""
    return -(-JOB.itemsize // 16) * 16 + n_warps * n_stream_tiles * 32 * 16

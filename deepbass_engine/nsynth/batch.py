"""Decodes streams of any lengths as one batch, with progress, time left and cancel.

All streams advance together, for a step costs hardly more for many than for one. Streams that have
come to their end leave the batch. No more steps are made than the longest encoding asks for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.nsynth import sampling
from deepbass_engine.nsynth.backends import Choice
from deepbass_engine.progress import CancelToken, OnProgress, Progress

if TYPE_CHECKING:
    from deepbass_engine.nsynth.autoencoder import Autoencoder

_FIRST_STEPS = 16
_CALL_S = 0.15
"""Time between two looks at the cancel token that is aimed at."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One stream of a batch.

    Attributes
    ----------
    encodings : float32, shape (n_frames, n_z)
        What is to be said.
    seed
        Seed of its random numbers.
    uniforms : float64, shape (n_frames * hop,)
        The numbers themselves, in place of a seed.
    """

    encodings: NDArray[np.float32]
    seed: int = 0
    uniforms: NDArray[np.float64] | None = None


def decode_streams(
    model: Autoencoder,
    streams: Sequence[Stream],
    choice: Choice,
    *,
    on_stream: Callable[[int, NDArray[np.uint8]], None] | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> list[NDArray[np.uint8]]:
    """Decode streams side by side.

    Parameters
    ----------
    model
        What decodes them.
    streams
        At least one.
    choice
        Device and precision.
    on_stream
        Told each stream's number and classes as it comes to its end.
    on_progress
        Told the number of steps done; a step makes a sample of every stream.

    Returns
    -------
    uint8, shape (n_frames * hop,), for each stream

    Raises
    ------
    DeviceError
        If the device has too little memory for it.
    Cancelled
        If asked to stop.
    """
    cancel = cancel or CancelToken()
    hop = model.config.hop
    lengths = [len(stream.encodings) * hop for stream in streams]
    n_steps = max(lengths)
    classes = [np.empty(length, np.uint8) for length in lengths]
    encodings = np.zeros((len(streams), n_steps // hop, model.config.n_z), np.float32)
    for row, stream in zip(encodings, streams, strict=True):
        row[: len(stream.encodings)] = stream.encodings
    decoding = model.decoder(choice).start(encodings)
    active = list(range(len(streams)))
    step, n_next = 0, _FIRST_STEPS
    while active:
        cancel.raise_if_cancelled()
        end = min(step + n_next, *(lengths[stream] for stream in active))
        started_s = time.perf_counter()
        decoded = decoding.advance(
            np.stack([_uniforms(streams[stream], step, end) for stream in active])
        )
        n_next = _steps_for_next(end - step, time.perf_counter() - started_s)
        for row, stream in zip(decoded, active, strict=True):
            classes[stream][step:end] = row
        step = end
        going_on = [i for i, stream in enumerate(active) if lengths[stream] > step]
        if len(going_on) < len(active):
            if on_stream is not None:
                for number in active:
                    if lengths[number] == step:
                        on_stream(number, classes[number])
            active = [active[i] for i in going_on]
            if active:
                decoding.keep(going_on)
        if on_progress is not None:
            on_progress(Progress("decoding", step, n_steps))
    return classes


def _uniforms(stream: Stream, first: int, end: int) -> NDArray[np.float64]:
    if stream.uniforms is not None:
        return stream.uniforms[first:end]
    return sampling.uniforms(stream.seed, first, end - first)


def _steps_for_next(n_steps: int, took_s: float) -> int:
    """As many as take about `_CALL_S`, at most twice as many as before."""
    return max(1, min(2 * n_steps, round(n_steps * _CALL_S / max(took_s, 1e-6))))

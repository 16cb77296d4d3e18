"""Decodes streams of any lengths as one batch, with progress and cancel.

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

from deepbass_engine.errors import DeviceMemoryError
from deepbass_engine.nsynth import sampling
from deepbass_engine.nsynth.backends import Choice, choose
from deepbass_engine.nsynth.compiling import when_compiled
from deepbass_engine.nsynth.decoding import Decoder, Decoding
from deepbass_engine.progress import CancelToken, OnProgress, Progress

if TYPE_CHECKING:
    from deepbass_engine.nsynth.autoencoder import Autoencoder

MOST_STREAMS = 64
"""Streams of one batch. More of them cost memory (12 MB each for the published model in floats) and
gain nothing: a step's time grows with them long before. More are decoded in batches of equal size.
"""

_FIRST_STEPS = 16
_TRIED_STEPS, _TRIED_S = 128, 2.0
"""How long a batch is tried to tell how long it will take."""

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
    on_note: Callable[[str], None] | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> list[NDArray[np.uint8]]:
    """Decode streams side by side.

    Up to `MOST_STREAMS` are one batch. What does not fit into memory at once is decoded in two
    halves, and what does not fit into a GPU's by itself on the CPU.

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
    on_note
        Told, as a sentence, what was done otherwise than chosen.
    on_progress
        Told the number of samples done, of all streams together.

    Returns
    -------
    uint8, shape (n_frames * hop,), for each stream

    Raises
    ------
    DeviceError
        If the CPU has too little memory for it.
    Cancelled
        If asked to stop.
    """
    work = _Batch(model, streams, on_stream, on_note, on_progress, cancel or CancelToken())
    n_batches = -(-len(streams) // MOST_STREAMS)
    for numbers in np.array_split(np.arange(len(streams)), n_batches):
        work.decode(numbers.tolist(), choice)
    return work.classes


def measured_step_s(
    model: Autoencoder,
    n_streams: int,
    choice: Choice,
    *,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> float:
    """Seconds that a step takes for so many streams, here and now: tried for a second or two.

    Raises
    ------
    DeviceError
        If the device has too little memory for it.
    Cancelled
        If asked to stop.
    """
    cancel = cancel or CancelToken()
    n_frames = -(-(_FIRST_STEPS + _TRIED_STEPS) // model.config.hop)
    decoder = when_compiled(lambda: model.decoder(choice), on_progress=on_progress, cancel=cancel)
    decoding = decoder.start(np.zeros((n_streams, n_frames, model.config.n_z), np.float32))
    uniforms = np.full((n_streams, _FIRST_STEPS), 0.5)
    decoding.advance(uniforms)  # memory is touched for the first time
    started_s, n_steps = time.perf_counter(), 0
    while n_steps < _TRIED_STEPS and time.perf_counter() - started_s < _TRIED_S:
        cancel.raise_if_cancelled()
        decoding.advance(uniforms)
        n_steps += _FIRST_STEPS
    return (time.perf_counter() - started_s) / n_steps


class _Batch:
    """Some streams being decoded."""

    def __init__(
        self,
        model: Autoencoder,
        streams: Sequence[Stream],
        on_stream: Callable[[int, NDArray[np.uint8]], None] | None,
        on_note: Callable[[str], None] | None,
        on_progress: OnProgress | None,
        cancel: CancelToken,
    ) -> None:
        self._model = model
        self._streams = streams
        self._on_stream = on_stream
        self._on_note = on_note
        self._on_progress = on_progress
        self._cancel = cancel
        hop = model.config.hop
        self.classes = [np.empty(len(stream.encodings) * hop, np.uint8) for stream in streams]
        self._n_done = 0

    def decode(self, numbers: list[int], choice: Choice) -> None:
        """Decode some of the streams; on the CPU those that the device has no memory for."""
        try:
            decoder = self._decoder(choice)
        except DeviceMemoryError as error:
            if choice.device == "cpu":
                raise
            self._note(f"{error.what}: decoding on the CPU")
            left = numbers
        else:
            left = self._decode_in_parts(decoder, numbers)
            if left and choice.device == "cpu":
                raise DeviceMemoryError(
                    "too little memory to decode a single stream", hint="make it shorter"
                )
        if left:
            self.decode(left, choose("cpu"))

    def _decode_in_parts(self, decoder: Decoder, numbers: list[int]) -> list[int]:
        """Decode streams, in halves where memory asks for it; returns those there is none for."""
        try:
            decoding = decoder.start(self._encodings(numbers))
        except (DeviceMemoryError, MemoryError) as error:
            why = error.what if isinstance(error, DeviceMemoryError) else "too little memory"
            half = len(numbers) // 2
            if not half:
                self._note(f"{why}: a stream is decoded on the CPU instead")
                return numbers
            self._note(f"{why}: {len(numbers)} streams are decoded in two halves")
            first = self._decode_in_parts(decoder, numbers[:half])
            return first + self._decode_in_parts(decoder, numbers[half:])
        self._run(decoding, numbers)
        return []

    def _decoder(self, choice: Choice) -> Decoder:
        return when_compiled(
            lambda: self._model.decoder(choice),
            on_progress=self._on_progress,
            cancel=self._cancel,
        )

    def _encodings(self, numbers: list[int]) -> NDArray[np.float32]:
        """Encodings of some streams in one array, the shorter ones padded."""
        rows = [self._streams[number].encodings for number in numbers]
        longest = max(len(row) for row in rows)
        together = np.zeros((len(rows), longest, self._model.config.n_z), np.float32)
        for to, row in zip(together, rows, strict=True):
            to[: len(row)] = row
        return together

    def _run(self, decoding: Decoding, active: list[int]) -> None:
        """Advance until each stream has come to its end."""
        step, n_next = 0, _FIRST_STEPS
        while active:
            self._cancel.raise_if_cancelled()
            end = min(step + n_next, *(len(self.classes[number]) for number in active))
            started_s = time.perf_counter()
            numbers = [_uniforms(self._streams[number], step, end) for number in active]
            decoded = decoding.advance(np.stack(numbers))
            n_next = _steps_for_next(end - step, time.perf_counter() - started_s)
            for row, number in zip(decoded, active, strict=True):
                self.classes[number][step:end] = row
            self._n_done += (end - step) * len(active)
            step = end
            going_on = [i for i, number in enumerate(active) if len(self.classes[number]) > step]
            for number in active:
                if len(self.classes[number]) == step and self._on_stream is not None:
                    self._on_stream(number, self.classes[number])
            if len(going_on) < len(active):
                active = [active[i] for i in going_on]
                if active:
                    decoding.keep(going_on)
            if self._on_progress is not None:
                total = sum(len(classes) for classes in self.classes)
                self._on_progress(Progress("decoding", self._n_done, total))

    def _note(self, text: str) -> None:
        if self._on_note is not None:
            self._on_note(text)


def _uniforms(stream: Stream, first: int, end: int) -> NDArray[np.float64]:
    if stream.uniforms is not None:
        return stream.uniforms[first:end]
    return sampling.uniforms(stream.seed, first, end - first)


def _steps_for_next(n_steps: int, took_s: float) -> int:
    """As many as take about `_CALL_S`, at most twice as many as before."""
    return max(1, min(2 * n_steps, round(n_steps * _CALL_S / max(took_s, 1e-6))))

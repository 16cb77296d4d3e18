"""Decodes streams of any lengths as one batch, with progress and cancel.

All streams advance together, for a step costs hardly more for many than for one. Streams that have
come to their end leave the batch. No more steps are made than the longest encoding asks for.

What was decoded before it was stopped can be gone on from: the samples within the receptive field
decide all that follow, so they are fed to the decoder again, and the rest comes out the same.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
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
_TRIED_S, _MOST_TRIED = 0.25, 1 << 14
"""A batch is tried with twice as many steps again and again, until they take so long or are so
many, to tell how long it will take."""
_LEAST_CALLS, _LONGEST_TRIED_S = 7, 1.5
"""A decoder that finds its number of threads (see `cpu.crew`) needs so many calls to try another;
a slow one is not waited for that long."""

_PARTS_EVERY_S = 20.0
_MOST_FED = 256
"""Samples fed in one call: what the decoder expected of each is in memory meanwhile."""

_CALL_S = 0.15
"""Time between two looks at the cancel token that is aimed at."""


OnClasses = Callable[[int, NDArray[np.uint8], Choice], None]
"""Told the number of a stream, its classes, and what decoded them."""


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
    known : uint8, shape (n_known,)
        Classes of its first samples, where they were decoded before.
    """

    encodings: NDArray[np.float32]
    seed: int = 0
    uniforms: NDArray[np.float64] | None = None
    known: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))


def decode_streams(
    model: Autoencoder,
    streams: Sequence[Stream],
    choice: Choice,
    *,
    on_stream: OnClasses | None = None,
    on_part: OnClasses | None = None,
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
        Told of each stream as it comes to its end.
    on_part
        Told of each stream's classes so far, now and then and before `Cancelled`.
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
    work = _Batch(model, streams, on_stream, on_part, on_note, on_progress, cancel or CancelToken())
    for _, group in groupby(sorted(range(len(streams)), key=work.n_known), key=work.n_known):
        together = np.array(list(group))
        n_batches = -(-len(together) // MOST_STREAMS)
        for numbers in np.array_split(together, n_batches):
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
    decoder = when_compiled(lambda: model.decoder(choice), on_progress=on_progress, cancel=cancel)
    n_frames = -(-2 * _MOST_TRIED // model.config.hop)
    decoding = decoder.start(np.zeros((n_streams, n_frames, model.config.n_z), np.float32))
    decoding.advance(np.full((n_streams, _FIRST_STEPS), 0.5))  # touches memory for the first time
    n_steps, n_calls, took_s, spent_s, step_s = _FIRST_STEPS, 0, 0.0, 0.0, math.inf
    while (
        n_steps < _MOST_TRIED
        and spent_s < _LONGEST_TRIED_S
        and (took_s < _TRIED_S or n_calls < _LEAST_CALLS)
    ):
        cancel.raise_if_cancelled()
        if took_s < _TRIED_S:
            n_steps *= 2
        started_s = time.perf_counter()
        decoding.advance(np.full((n_streams, n_steps), 0.5))
        took_s = time.perf_counter() - started_s
        step_s = min(step_s, took_s / n_steps)
        spent_s, n_calls = spent_s + took_s, n_calls + 1
    return step_s


class _Batch:
    """Some streams being decoded."""

    def __init__(
        self,
        model: Autoencoder,
        streams: Sequence[Stream],
        on_stream: OnClasses | None,
        on_part: OnClasses | None,
        on_note: Callable[[str], None] | None,
        on_progress: OnProgress | None,
        cancel: CancelToken,
    ) -> None:
        self._model = model
        self._streams = streams
        self._on_stream = on_stream
        self._on_part = on_part
        self._parts_told_s = time.perf_counter()
        self._on_note = on_note
        self._on_progress = on_progress
        self._cancel = cancel
        hop = model.config.hop
        self.classes = [np.empty(len(stream.encodings) * hop, np.uint8) for stream in streams]
        self._n_done = 0
        for classes, stream in zip(self.classes, streams, strict=True):
            classes[: len(stream.known)] = stream.known

    def n_known(self, number: int) -> int:
        """How many samples of a stream are known."""
        return len(self._streams[number].known)

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
            left = self._decode_in_parts(decoder, choice, numbers)
            if left and choice.device == "cpu":
                raise DeviceMemoryError(
                    "too little memory to decode a single stream", hint="make it shorter"
                )
        if left:
            self.decode(left, choose("cpu"))

    def _decode_in_parts(self, decoder: Decoder, choice: Choice, numbers: list[int]) -> list[int]:
        """Decode streams, in halves where memory asks for it; returns those there is none for."""
        n_known, config = self.n_known(numbers[0]), self._model.config
        first_frame = max(0, n_known - config.receptive_field) // config.hop
        try:
            decoding = decoder.start(self._encodings(numbers)[:, first_frame:])
        except (DeviceMemoryError, MemoryError) as error:
            why = error.what if isinstance(error, DeviceMemoryError) else "too little memory"
            half = len(numbers) // 2
            if not half:
                self._note(f"{why}: a stream is decoded on the CPU instead")
                return numbers
            self._note(f"{why}: {len(numbers)} streams are decoded in two halves")
            first = self._decode_in_parts(decoder, choice, numbers[:half])
            return first + self._decode_in_parts(decoder, choice, numbers[half:])
        self._feed(decoding, numbers, first_frame * config.hop, n_known)
        self._run(decoding, choice, numbers, n_known)
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

    def _feed(self, decoding: Decoding, numbers: list[int], first: int, end: int) -> None:
        """Bring a decoder to where the streams were left."""
        step, n_next = first, _FIRST_STEPS
        while step < end:
            self._cancel.raise_if_cancelled()
            n_steps = min(n_next, end - step, _MOST_FED)
            started_s = time.perf_counter()
            decoding.follow(
                np.stack([self.classes[number][step : step + n_steps] for number in numbers])
            )
            n_next = _steps_for_next(n_steps, time.perf_counter() - started_s)
            step += n_steps
        self._n_done += end * len(numbers)

    def _run(self, decoding: Decoding, choice: Choice, active: list[int], step: int) -> None:
        """Advance until each stream has come to its end."""
        n_next = _FIRST_STEPS
        while active:
            self._tell_parts(choice, active, step)
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
                    self._on_stream(number, self.classes[number], choice)
            if len(going_on) < len(active):
                active = [active[i] for i in going_on]
                if active:
                    decoding.keep(going_on)
            if self._on_progress is not None:
                total = sum(len(classes) for classes in self.classes)
                self._on_progress(Progress("decoding", self._n_done, total))

    def _tell_parts(self, choice: Choice, active: list[int], step: int) -> None:
        """Tell how far the streams have come, so that it can be kept."""
        now_s = time.perf_counter()
        is_due = self._cancel.cancelled or now_s - self._parts_told_s > _PARTS_EVERY_S
        if self._on_part is not None and is_due:
            self._parts_told_s = now_s
            for number in active:
                self._on_part(number, self.classes[number][:step], choice)

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

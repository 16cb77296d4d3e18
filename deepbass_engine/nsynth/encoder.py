"""Encodes audio as it comes, so that memory does not grow with its length.

However the audio is cut and on however many threads, the same values come out, bit for bit.
`reference.encode` is the specification of them.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.nsynth.compiling import when_compiled
from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.nsynth.cpu.layout import aligned, widened
from deepbass_engine.nsynth.cpu.meeting import FLAG_BYTES
from deepbass_engine.nsynth.cpu.target import PANEL, n_cores
from deepbass_engine.nsynth.encoder_kernel import ROWS, encode_samples
from deepbass_engine.nsynth.mulaw import mu_law
from deepbass_engine.progress import CancelToken, OnProgress, Progress

Float = NDArray[np.float32]

_STAGE = "encoding"

_TILE_ROWS = 24 * ROWS
"""Rows of a layer that the threads share before all meet. More of them take more memory; of fewer,
a thread that was interrupted keeps the others waiting more often."""

_FIRST_SAMPLES = 1024
_CALL_S = 0.15
"""Time between two looks at the cancel token that is aimed at."""

_NO_END_YET = 1 << 62


class Encoder:
    """A model's encoder on the CPU.

    Parameters
    ----------
    config, weights
        The model.
    n_threads
        Threads; without it one for each core.
    """

    def __init__(
        self,
        config: WaveNetConfig,
        weights: Mapping[str, Float],
        *,
        n_threads: int | None = None,
    ) -> None:
        self._config = config
        self._layout = _Layout(config, weights)
        self._n_threads = n_threads or n_cores()
        self._is_compiled = False

    def encode(
        self,
        audio: Float,
        *,
        on_progress: OnProgress | None = None,
        cancel: CancelToken | None = None,
    ) -> Float:
        """Encode streams of one length.

        Parameters
        ----------
        audio : float32, shape (n_streams, n_samples)
            At 16 kHz, finite.

        Returns
        -------
        float32, shape (n_streams, n_samples // hop, n_z)

        Raises
        ------
        Cancelled
            If asked to stop.
        """
        n_samples = audio.shape[1]

        def tell(stream: int, progress: Progress) -> None:
            if on_progress is None:
                return
            if progress.stage == _STAGE:
                progress = Progress(_STAGE, stream * n_samples + progress.done, audio.size)
            on_progress(progress)

        encodings = [
            self.encode_blocks(
                [samples], n_samples, on_progress=functools.partial(tell, stream), cancel=cancel
            )
            for stream, samples in enumerate(audio)
        ]
        return np.stack(encodings)

    def encode_blocks(
        self,
        blocks: Iterable[Float],
        n_expected: int,
        *,
        on_progress: OnProgress | None = None,
        cancel: CancelToken | None = None,
    ) -> Float:
        """Encode one stream that comes in blocks.

        Parameters
        ----------
        blocks : float32, shape (n,) each
            At 16 kHz, finite.
        n_expected
            Samples that are thought to come; only for `on_progress`.

        Returns
        -------
        float32, shape (n_samples // hop, n_z)

        Raises
        ------
        Cancelled
            If asked to stop.
        """
        cancel = cancel or CancelToken()
        if not self._is_compiled:
            when_compiled(self._try, on_progress=on_progress, cancel=cancel)
            self._is_compiled = True
        encoding = _Encoding(self._config, self._layout, self._n_threads)
        frames, n_done, n_next = [], 0, _FIRST_SAMPLES
        for block in blocks:
            first = 0
            while first < len(block):
                cancel.raise_if_cancelled()
                samples = block[first : first + n_next]
                started_s = time.perf_counter()
                frames.append(encoding.take(samples))
                n_next = _samples_for_next(n_next, len(samples), time.perf_counter() - started_s)
                first += len(samples)
                n_done += len(samples)
                if on_progress is not None:
                    on_progress(Progress(_STAGE, n_done, max(n_done, n_expected)))
        cancel.raise_if_cancelled()
        return np.concatenate([*frames, encoding.finish()])

    def _try(self) -> None:
        """Encode a frame, so that the kernel is compiled."""
        encoding = _Encoding(self._config, self._layout, 1)
        encoding.take(np.zeros(self._config.hop, np.float32))


class _Layout:
    """A model's encoder laid out for the kernel: every width a multiple of `PANEL`, by zeros.

    Attributes
    ----------
    width
        Channels of a layer, padded.
    start : float32, shape (n_taps + 1, width)
        Taps of ``ae_startconv``, the earliest first, and its biases.
    elements : float32
        Panels of each layer's matrices: all taps of ``ae_dilatedconv`` as one, then ``ae_res``.
    starts : int64, shape (2 * n_layers,)
        Index of each matrix's first element.
    biases : float32, shape (2 * n_layers + 1, width)
        Their biases, and a row of zeros.
    bottleneck, bottleneck_biases : float64, shapes (encoder_width, n_z) and (n_z,)
        ``ae_bottleneck``.
    """

    def __init__(self, config: WaveNetConfig, weights: Mapping[str, Float]) -> None:
        self.width = -(-config.encoder_width // PANEL) * PANEL
        self.start = aligned(
            widened(
                np.vstack([weights["ae_startconv/W"][0, :, 0], weights["ae_startconv/biases"]]),
                self.width,
            )
        )
        matrices, biases = [], []
        for i in range(1, config.encoder_layers + 1):
            for name in (f"ae_dilatedconv_{i}", f"ae_res_{i}"):
                taps = widened(weights[f"{name}/W"][0], self.width)
                taps = np.pad(taps, [(0, 0), (0, self.width - taps.shape[1]), (0, 0)])
                matrices.append(_panels(taps.reshape(-1, self.width)))
                biases.append(weights[f"{name}/biases"])
        biases.append(np.zeros(config.encoder_width, np.float32))
        self.elements = aligned(np.concatenate(matrices))
        sizes = [len(matrix) for matrix in matrices]
        self.starts = np.cumsum([0, *sizes[:-1]], dtype=np.int64)
        self.biases = aligned(widened(np.stack(biases), self.width))
        self.bottleneck = weights["ae_bottleneck/W"][0, 0].astype(np.float64)
        self.bottleneck_biases = weights["ae_bottleneck/biases"].astype(np.float64)


class _Encoding:
    """One stream being encoded.

    Parameters
    ----------
    config, layout
        The model.
    n_threads
        Threads to share the work.
    """

    def __init__(self, config: WaveNetConfig, layout: _Layout, n_threads: int) -> None:
        self._config, self._layout, self._n_threads = config, layout, n_threads
        self._dilations = np.array(config.encoder_dilations, np.int64)
        reach = (config.encoder_filter_length - 1) // 2
        self._lag = reach * (1 + int(self._dilations.sum()))
        self._ring_rows = np.append(2 * reach * self._dilations, 0) + _TILE_ROWS
        ring_sizes = self._ring_rows * layout.width
        self._ring_starts = np.cumsum([0, *ring_sizes[:-1]], dtype=np.int64)
        self._rings = aligned(np.zeros(ring_sizes.sum(), np.float32))
        n_rows = ROWS * (config.encoder_filter_length + 2)
        self._scratch = aligned(np.zeros((n_threads, n_rows * layout.width), np.float32))
        self._sums = np.zeros(layout.width)
        self._heard = np.zeros(2 * reach, np.float32)
        self._waiting = np.empty(0, np.float32)
        self._n_taken = 0

    def take(self, samples: Float) -> Float:
        """Take the next samples (n,); returns the frames (n_frames, n_z) that they complete."""
        waiting = np.concatenate([self._waiting, samples])
        n_whole = len(waiting) // self._config.hop * self._config.hop
        self._waiting = waiting[n_whole:]  # what makes no whole frame at the end is not heard
        signal = mu_law(waiting[:n_whole]).astype(np.float32) / np.float32(128)
        return self._advance(signal, _NO_END_YET)

    def finish(self) -> Float:
        """The frames (n_frames, n_z) that waited for what comes next; there is silence."""
        return self._advance(np.zeros(self._lag, np.float32), self._n_taken)

    def _advance(self, signal: Float, n_valid: int) -> Float:
        """Move samples through all layers; rows from `n_valid` on are zero in each."""
        config, layout, n_threads = self._config, self._layout, self._n_threads
        first, end = self._n_taken, self._n_taken + len(signal)
        heard = np.concatenate([self._heard, signal])
        self._heard = heard[len(signal) :]
        self._n_taken = end
        n_frames_before = max(first - self._lag, 0) // config.hop
        n_frames = max(min(end - self._lag, n_valid), 0) // config.hop
        means = np.zeros((n_frames - n_frames_before, layout.width))
        flags = aligned(np.zeros(n_threads * FLAG_BYTES, np.uint8))

        def work(thread: int) -> None:
            encode_samples(
                thread, n_threads, first, end, n_valid, _TILE_ROWS, config.hop, heard,
                layout.start, layout.elements, layout.starts, layout.biases, self._dilations,
                self._rings, self._ring_starts, self._ring_rows, self._scratch, self._sums,
                means, flags,
            )  # fmt: skip

        others = [threading.Thread(target=work, args=(i,)) for i in range(1, n_threads)]
        for other in others:
            other.start()
        work(0)
        for other in others:
            other.join()
        frames = np.empty((len(means), config.n_z), np.float32)
        for frame, mean in zip(frames, means, strict=True):  # one by one: always the same sums
            frame[:] = mean[: config.encoder_width] @ layout.bottleneck + layout.bottleneck_biases
        return frames


def _panels(matrix: Float) -> Float:
    """Panels of a matrix, one behind the other."""
    return matrix.reshape(len(matrix), -1, PANEL).transpose(1, 0, 2).reshape(-1)


def _samples_for_next(n_next: int, n_samples: int, took_s: float) -> int:
    """As many as take about `_CALL_S`, at most twice as many as were to be taken now."""
    return max(1, min(2 * n_next, round(n_samples * _CALL_S / max(took_s, 1e-6))))

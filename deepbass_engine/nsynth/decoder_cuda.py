"""Decodes on a GPU: all streams together, thousands of samples in one launch.

The kernels are in `deepbass_engine.nsynth.cuda`; docs/decisions/0016-cuda-decoder.md says how they
work. A stream's samples depend on neither the streams beside it nor the number of processors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.errors import DeviceError, DeviceMemoryError
from deepbass_engine.nsynth.backends import Precision
from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.nsynth.cuda import packing
from deepbass_engine.nsynth.cuda.device import Buffer, Device, Program
from deepbass_engine.nsynth.cuda.gpu import Gpu, cuda_facts
from deepbass_engine.nsynth.cuda.program import (
    COUNTER_BYTES,
    COUNTERS_BESIDE_LAYERS,
    JOB,
    LOGITS_IN_ROW,
    MAX_STREAMS,
    STREAMS_IN_TILE,
    shared_bytes_beside_weights,
)

__all__ = ["CudaDecoder", "CudaDecoding", "cuda_facts", "rounded_up"]

Float = NDArray[np.float32]

_FRAMES_PER_LAUNCH = 8  # the conditioning of so many is held
_STEPS_PER_LAUNCH = 1 << 16  # the counters, 32 bits, hold those of many more
_TILE = 16
_BYTES_OF_SUMS = 32 * 4 * 4  # of a tile: four of each lane


class CudaDecoder:
    """A model's decoder on a GPU.

    Parameters
    ----------
    config, weights
        The model.
    precision
        Of weights and of what they are multiplied with: "float16", on tensor cores, or "float32".
        Sums are float32.
    device
        What runs the kernels; the current GPU unless given.

    Raises
    ------
    DeviceError
        If there is no GPU to use, or it can't compute in this precision.
    DeviceMemoryError
        If it has no room for the model.
    """

    def __init__(
        self,
        config: WaveNetConfig,
        weights: Mapping[str, Float],
        precision: Precision,
        device: Device | None = None,
    ) -> None:
        if precision == "int8":
            raise DeviceError("cuda can't compute in int8", hint="take float16")
        self.config, self.precision = config, precision
        self.device = device if device is not None else Gpu()
        packed = packing.pack(config, weights, precision)
        n_bytes = sum(array.nbytes for array in packed.values())
        try:
            self.weights = {name: self.device.upload(array) for name, array in packed.items()}
        except MemoryError as error:
            raise DeviceMemoryError(_no_room("the model needs", n_bytes, self.device)) from error
        self._programs: dict[int, Program] = {}

    def start(self, encodings: Float) -> CudaDecoding:
        """Begin to decode a batch of encodings (n_streams, n_frames, n_z).

        Raises
        ------
        DeviceMemoryError
            If there are more than 64 streams, for which the kernels have no room on the chip, or
            more than the GPU has memory for. Fewer may do.
        """
        if len(encodings) > MAX_STREAMS:
            raise DeviceMemoryError(
                f"{len(encodings)} streams are more than the GPU decodes at once",
                hint=f"decode at most {MAX_STREAMS} together",
            )
        return CudaDecoding(self, encodings)

    def program(self, n_stream_tiles: int) -> Program:
        """The kernels for so many streams, in eights."""
        if n_stream_tiles not in self._programs:
            self._programs[n_stream_tiles] = self.device.program(self.precision, n_stream_tiles)
        return self._programs[n_stream_tiles]


class CudaDecoding:
    """A batch of streams being decoded; does as `reference.ReferenceDecoding`.

    Memory and kernels are for as many streams as there were at first: leaving some out saves no
    time.

    Parameters
    ----------
    decoder
        The model.
    encodings : float32, shape (n_streams, n_frames, n_z)
        What is to be said.
    """

    def __init__(self, decoder: CudaDecoder, encodings: Float) -> None:
        self._decoder, self._device, self._config = decoder, decoder.device, decoder.config
        self._encodings = encodings
        self._n_stream_tiles = -(-len(encodings) // STREAMS_IN_TILE)
        self._program = decoder.program(self._n_stream_tiles)
        self._tiles = packing.tiles(decoder.config)
        self._t = 0
        self._state: dict[str, Buffer] = {}
        with self._batch_has_room():
            for name, n_bytes in self._sizes().items():
                self._state[name] = self._device.zeros(n_bytes)
            self._state["encodings"] = self._device.upload(self._frames())

    def advance(self, uniforms: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Decode the next samples: uniforms (n_streams, n_samples) to classes of that shape."""
        classes = np.empty(uniforms.shape, np.uint8)
        for done, end in self._launches(uniforms.shape[1]):
            thresholds = rounded_up(uniforms[:, done:end]).T
            with self._batch_has_room():
                found = self._device.zeros(thresholds.size)
                given = self._device.upload(thresholds)
                self._launch(end - done, thresholds=given, classes=found)
            classes[:, done:end] = self._device.download(found, np.uint8, thresholds.shape).T
        return classes

    def follow(self, classes: NDArray[np.uint8]) -> Float:
        """Probabilities (n_streams, n_samples, n_classes) at the next samples, which are given."""
        expected = np.empty((*classes.shape, self._config.n_classes), np.float32)
        for done, end in self._launches(classes.shape[1]):
            shape = (end - done, len(classes), self._config.n_classes)
            with self._batch_has_room():
                found = self._device.zeros(4 * int(np.prod(shape)))
                given = self._device.upload(classes[:, done:end].T)
                self._launch(end - done, classes=given, probabilities=found)
            probabilities = self._device.download(found, np.float32, shape)
            expected[:, done:end] = probabilities.swapaxes(0, 1)
        return expected

    def keep(self, streams: list[int]) -> None:
        """Go on with these streams only, in this order."""
        self._encodings = self._encodings[streams]
        shape = (self._config.filter_length, self._capacity)
        fed = self._device.download(self._state["fed"], np.float32, shape)
        fed[:, : len(streams)] = fed[:, streams]
        with self._batch_has_room():
            self._state["encodings"] = self._device.upload(self._frames())
            self._state["fed"] = self._device.upload(fed)
            self._start("rearrange", kept=self._device.upload(np.array(streams, np.int32)))

    @contextmanager
    def _batch_has_room(self) -> Iterator[None]:
        try:
            yield
        except MemoryError as error:
            self._state.clear()  # room for another try, with fewer streams
            raise DeviceMemoryError(
                _no_room(
                    f"{len(self._encodings)} streams need",
                    sum(self._sizes().values()),
                    self._device,
                ),
                hint="decode fewer together",
            ) from error

    @property
    def _capacity(self) -> int:
        return self._n_stream_tiles * STREAMS_IN_TILE

    def _sizes(self) -> dict[str, int]:
        """Bytes of all that lives on the device from launch to launch."""
        config, tiles, capacity = self._config, self._tiles, self._capacity
        element = 2 if self._decoder.precision == "float16" else 4
        hidden = tiles.hidden * _TILE * capacity * element
        skip = tiles.skip * _TILE * capacity * element
        sums = self._n_stream_tiles * _BYTES_OF_SUMS
        return {
            "rings": sum(packing.ring_lengths(config)) * hidden,
            "gates": config.layers * hidden,
            "skips": skip,
            "heads": skip,
            "sums": (tiles.hidden + tiles.skip) * sums,
            "conditioning": _FRAMES_PER_LAUNCH * (config.layers * tiles.gate + tiles.skip) * sums,
            "logits": capacity * LOGITS_IN_ROW * 4,
            "fed": config.filter_length * capacity * 4,
            "counters": (2 * config.layers + COUNTERS_BESIDE_LAYERS) * COUNTER_BYTES,
        }

    def _frames(self) -> Float:
        """Encodings by frame, with streams of zeros to fill up."""
        frames = np.zeros((self._encodings.shape[1], self._capacity, self._config.n_z), np.float32)
        frames[:, : len(self._encodings)] = self._encodings.swapaxes(0, 1)
        return frames

    def _launches(self, n_steps: int) -> list[tuple[int, int]]:
        """Cut steps into what one launch makes: first and end of each."""
        hop, t = self._config.hop, self._t
        n_left = self._encodings.shape[1] * hop - t
        if n_steps > n_left:
            raise ValueError(f"{n_steps} samples are asked for; the encodings hold {n_left} more")
        ends, end = [0], 0
        while end < n_steps:
            room = _FRAMES_PER_LAUNCH * hop - (t + end) % hop
            end += min(n_steps - end, room, _STEPS_PER_LAUNCH)
            ends.append(end)
        return list(pairwise(ends))

    def _launch(self, n_steps: int, **buffers: Buffer) -> None:
        """Make some steps."""
        hop, first = self._config.hop, self._t
        numbers = {
            "first_step": first,
            "n_steps": n_steps,
            "first_frame": first // hop,
            "n_frames": (first + n_steps - 1) // hop - first // hop + 1,
        }
        self._start("prepare", numbers, **buffers)
        self._start("decode", numbers, **buffers)
        self._t += n_steps

    def _start(
        self, kernel: str, numbers: Mapping[str, int] | None = None, **buffers: Buffer
    ) -> None:
        config, tiles, device = self._config, self._tiles, self._device
        n_working_bytes = shared_bytes_beside_weights(self._n_stream_tiles, device.n_warps)
        element = 2 if self._decoder.precision == "float16" else 4
        job = np.zeros((), JOB)
        for name, buffer in {**self._decoder.weights, **self._state, **buffers}.items():
            job[name] = buffer.address
        fields = {
            "n_layers": config.layers,
            "n_taps": config.filter_length,
            "n_gate_tiles": tiles.gate,
            "n_hidden_tiles": tiles.hidden,
            "n_skip_tiles": tiles.skip,
            "n_class_tiles": tiles.classes,
            "n_classes": config.n_classes,
            "n_z": config.n_z,
            "hop": config.hop,
            "n_slots": sum(packing.ring_lengths(config)),
            "n_streams": len(self._encodings),
            "n_resident": max(0, device.n_shared_bytes - n_working_bytes) // element,
        }
        for name, number in {**fields, **(numbers or {})}.items():
            job[name] = number
        self._program.launch(
            kernel,
            device.upload(job.reshape(1).view(np.uint8)),
            min(device.n_processors, tiles.gate + tiles.hidden + tiles.skip),
            device.n_shared_bytes if kernel == "decode" else 0,
        )


def rounded_up(uniforms: NDArray[np.float64]) -> Float:
    """The least float32 that is not below: a float32 is below both or neither."""
    rounded = uniforms.astype(np.float32)
    return np.where(rounded < uniforms, np.nextafter(rounded, np.float32(np.inf)), rounded)


def _no_room(what: str, n_bytes: int, device: Device) -> str:
    return f"{what} {n_bytes / 1e6:.1f} MB on the GPU; {device.n_free_bytes() / 1e6:.1f} are free"

"""Timbral roughness: the published number of AudioCommons D5.2, and its corrected form.

Frames of 50 ms, half of one after the other; in each the peaks of the spectrum (those that stand
out by a hundredth of the loudest bin of all, as MIRtoolbox picks them), and over all pairs of
peaks the roughness of Vassilakis (SRA: a web-based research tool for spectral and roughness
analysis of sound signals, SMC 2007)::

    (v1 v2)^0.1 * 0.5 * Y^3.11 * (exp(-3.51 x) - exp(-5.75 x))

The mean over frames, of the sound at -24 LUFS, goes through the regression of `timbral_models`
0.4.0, which is what "published" means here, to the last digit. In that package Y is
``2 * louder / (v1 + v2)``; in the paper it is twice the quieter over the sum, which never passes 1
and is what "corrected" means. Level enters by ``(v1 v2)^0.1`` alone, since peaks are picked on the
normalised spectrum: so frames are summed as they are given and the gain comes in afterwards, to
the power of 0.2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from deepbass_engine.analysis.package_loudness import Mono, package_lufs
from deepbass_engine.analysis.roughness_kernel import LEVEL_POWER, add_frames
from deepbass_engine.errors import InputError
from deepbass_engine.progress import CancelToken, OnProgress, Progress

LOWEST_RATE_HZ = 44_100
"""What has a lower rate is converted to this one."""

_FRAME_S = 0.05
_PADDING_FRAMES = 512
_TARGET_LUFS = -24.0
_CUTOFF = 0.01
_SLOPE, _INTERCEPT = 13.98779569, 48.97606571545886
_BATCH_FRAMES = 64
_KEPT_FRAMES = 8_000
"""Spectra of so many frames are kept between the passes, 130 MB; of more they are made twice."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameRoughness:
    """Roughness over time, before mean and regression, of a sound at the level it is given at.

    Attributes
    ----------
    published, corrected : float64, shape (n_frames,)
        Sums over the pairs of each frame. The middle of frame i lies ``(i + 1) * hop_s`` from the
        begin of the padding, which is 512 frames before that of the sound.
    hop_s
        From one frame to the next.
    """

    published: NDArray[np.float64]
    corrected: NDArray[np.float64]
    hop_s: float


@dataclass(frozen=True, slots=True)
class Roughness:
    """Timbral roughness of a whole sound.

    Attributes
    ----------
    published
        As `timbral_models` 0.4.0 gives it: 0, or from 21 to some 90. What is below -70 LUFS
        has 0, for its meter hears nothing.
    vassilakis
        The corrected form on the same scale, measured at 44.1 kHz whatever the sound's rate, and
        the same at any level.
    mean_published, mean_vassilakis
        Means over frames, before the regression.
    """

    published: float
    vassilakis: float
    mean_published: float
    mean_vassilakis: float


def on_published_scale(mean: float) -> float:
    """Points of the published scale for a mean over frames.

    >>> on_published_scale(0.009), round(on_published_scale(0.01)), round(on_published_scale(1.0))
    (0.0, 21, 49)
    """
    return 0.0 if mean < _CUTOFF else _SLOPE * math.log10(mean) + _INTERCEPT


def timbral_roughness(
    samples: NDArray[np.float32],
    sample_rate_hz: int,
    *,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> Roughness:
    """Measure the roughness of a sound.

    Parameters
    ----------
    samples : float32, shape (n_frames, n_channels)
        Finite samples. Stereo is summed; of more than two channels the first three are.
    sample_rate_hz
        Their rate.
    on_progress
        Told of two passes, of the published form and of the other.
    cancel
        Looked at every second or so.

    Raises
    ------
    InputError
        If it is silent throughout.
    Cancelled
        If asked to stop.
    """
    mono: Mono = samples[:, 0] if samples.shape[1] == 1 else samples[:, :3].sum(axis=1)
    if not mono.any():
        raise InputError(
            "is silent throughout: silence has no roughness", hint="measure something that sounds"
        )
    gain = normalising_gain(mono, sample_rate_hz)
    gain_of_any_level = gain or normalising_gain(mono, sample_rate_hz, is_heard_at_any_level=True)

    def tell(done: int) -> None:
        if on_progress is not None:
            on_progress(Progress("measuring", done, 2))

    tell(0)
    up = mono if sample_rate_hz >= LOWEST_RATE_HZ else _at_lowest_rate(mono, sample_rate_hz)
    frames = frame_roughness(up, max(sample_rate_hz, LOWEST_RATE_HZ), cancel=cancel)
    tell(1)
    published = float(frames.published.mean()) * gain ** (2 * LEVEL_POWER)
    if sample_rate_hz > LOWEST_RATE_HZ:
        down = _at_lowest_rate(mono, sample_rate_hz)
        frames = frame_roughness(down, LOWEST_RATE_HZ, cancel=cancel)
    tell(2)
    corrected = float(frames.corrected.mean()) * gain_of_any_level ** (2 * LEVEL_POWER)
    return Roughness(
        on_published_scale(published), on_published_scale(corrected), published, corrected
    )


def normalising_gain(
    mono: Mono, sample_rate_hz: int, *, is_heard_at_any_level: bool = False
) -> float:
    """Gain to -24 LUFS, or less where the peak would pass 1; 0 where the meter hears nothing.

    Parameters
    ----------
    mono : float, shape (n_frames,)
        Not silent.
    sample_rate_hz
        Its rate.
    is_heard_at_any_level
        Whether the sound is held up to the meter with its peak at 1, so that it hears it.
    """
    peak = _peak(mono)
    scale = 1.0 / peak if is_heard_at_any_level else 1.0
    loudness_lufs = package_lufs(mono, sample_rate_hz, scale)
    if not math.isfinite(loudness_lufs):
        return 0.0
    return min(scale * float(10.0 ** ((_TARGET_LUFS - loudness_lufs) / 20.0)), 1.0 / peak)


def frame_roughness(
    mono: Mono, sample_rate_hz: int, *, cancel: CancelToken | None = None
) -> FrameRoughness:
    """Sum roughness over the pairs of peaks of every frame.

    Parameters
    ----------
    mono : float, shape (n_frames,)
        Finite samples.
    sample_rate_hz
        44,100 or more.
    cancel
        Looked at between batches of frames.

    Raises
    ------
    ValueError
        If the rate is lower.
    Cancelled
        If asked to stop.
    """
    if sample_rate_hz < LOWEST_RATE_HZ:
        raise ValueError(
            f"sample_rate_hz is {sample_rate_hz}; convert to {LOWEST_RATE_HZ} or more before"
        )
    peak = _peak(mono)
    spectra = _Spectra(mono, 1.0 / peak if peak else 1.0, sample_rate_hz, cancel)
    published, corrected = np.zeros(spectra.n_frames), np.zeros(spectra.n_frames)
    frames = FrameRoughness(published, corrected, spectra.frame_length / 2 / sample_rate_hz)
    batches = list(spectra.batches()) if spectra.n_frames <= _KEPT_FRAMES else None
    lowest, highest = np.inf, 0.0
    for batch in batches or spectra.batches():
        lowest, highest = min(lowest, float(batch.min())), max(highest, float(batch.max()))
    if spectra.n_spectra < spectra.n_frames:
        lowest = 0.0  # frames that the sound ends in stay empty
    if not lowest < highest:
        return frames
    first = 0
    for batch in batches or spectra.batches():
        stop = first + len(batch)
        add_frames(
            batch,
            np.array([lowest, 1.0 / (highest - lowest), spectra.bin_hz]),
            published[first:stop],
            corrected[first:stop],
        )
        first = stop
    published *= peak ** (2 * LEVEL_POWER)
    corrected *= peak ** (2 * LEVEL_POWER)
    return frames


class _Spectra:
    """Magnitudes of the frames of a sound times `scale`, in batches."""

    def __init__(
        self, mono: Mono, scale: float, sample_rate_hz: int, cancel: CancelToken | None
    ) -> None:
        self.frame_length = int(sample_rate_hz * _FRAME_S)
        self._fft_length = 2 ** int(math.log2(self.frame_length) + 1)
        self.bin_hz = sample_rate_hz / self._fft_length
        self._mono, self._scale = mono, scale
        self._cancel = cancel
        n, length = len(mono) + _PADDING_FRAMES, self.frame_length
        self.n_frames = max(1, int(n / (length / 2)))
        self.n_spectra = 1 if n <= length else int((n - length) / (length / 2)) + 1
        while n > length and self._start(self.n_spectra) + length <= n:  # starts are rounded down
            self.n_spectra += 1

    def batches(self) -> Iterator[NDArray[np.float64]]:
        """Shape (frames, bins), of all frames that the sound fills."""
        length, n_all = self.frame_length, len(self._mono) + _PADDING_FRAMES
        if n_all <= length:
            yield np.abs(np.fft.rfft(self._padded(0, n_all)[np.newaxis], self._fft_length))
            return
        window = np.hamming(length + 2)[1:-1]
        for first in range(0, self.n_spectra, _BATCH_FRAMES):
            if self._cancel is not None:
                self._cancel.raise_if_cancelled()
            numbers = range(first, min(first + _BATCH_FRAMES, self.n_spectra))
            starts = np.array([self._start(i) for i in numbers])
            part = self._padded(int(starts[0]), int(starts[-1]) + length)
            frames = part[(starts - starts[0])[:, np.newaxis] + np.arange(length)]
            yield np.abs(np.fft.rfft(frames * window, self._fft_length))

    def _padded(self, first: int, stop: int) -> NDArray[np.float64]:
        """A part of the sound with zeros in front of it."""
        part = self._mono[max(0, first - _PADDING_FRAMES) : stop - _PADDING_FRAMES]
        in_front = max(0, _PADDING_FRAMES - first)
        return np.concatenate([np.zeros(in_front), part * np.float64(self._scale)])

    def _start(self, i: int) -> int:
        return int(i * (self.frame_length / 2.0))


def _peak(mono: Mono) -> float:
    return max(float(mono.max(initial=0.0)), -float(mono.min(initial=0.0)))


def _at_lowest_rate(mono: Mono, sample_rate_hz: int) -> Mono:
    return np.asarray(soxr.resample(mono, sample_rate_hz, LOWEST_RATE_HZ, "VHQ"))

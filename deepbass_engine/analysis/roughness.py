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

`add_frames_plain` is the specification of a frame, `add_frames` the same, compiled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import soxr
from numpy.typing import NDArray

from deepbass_engine.analysis.compiled import compiled, compiled_once
from deepbass_engine.analysis.k_weighting import add_energies
from deepbass_engine.analysis.plomp_levelt import (
    AT_0_HZ,
    FARTHEST,
    FAST,
    MOST_AT,
    PER_HZ,
    SLOW,
    curve,
    falling,
)
from deepbass_engine.errors import InputError
from deepbass_engine.progress import CancelToken, OnProgress, Progress

LOWEST_RATE_HZ = 44_100
"""What has a lower rate is converted to this one."""

_FRAME_S = 0.05
_PADDING_FRAMES = 512
_CONTRAST = 0.01
_LEVEL_POWER, _FLUCTUATION_POWER = 0.1, 3.11
_TARGET_LUFS = -24.0
_BLOCK_S, _STEP_S = 0.4, 0.1
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, -10.0
_CHUNK_FRAMES = 1 << 20
_CUTOFF = 0.01
_SLOPE, _INTERCEPT = 13.98779569, 48.97606571545886
_BATCH_FRAMES = 64
_KEPT_FRAMES = 8_000
"""Spectra of so many frames are kept between the passes, 130 MB; of more they are made twice."""

_Mono = NDArray[np.float64]

_MIDDLE, _HALF = 0.575, 0.575  # interpolated, a quieter peak may pass a louder one by an eighth


def _half_y(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half of ``Y^3.11``, by how loud the quieter peak is beside the louder."""
    return np.asarray(0.5 * (2.0 / (1.0 + ratio)) ** _FLUCTUATION_POWER)


_NODES = np.polynomial.chebyshev.chebpts1(17)
(
    _Y0, _Y1, _Y2, _Y3, _Y4, _Y5, _Y6, _Y7, _Y8, _Y9, _Y10, _Y11, _Y12, _Y13, _Y14, _Y15, _Y16,
) = np.polynomial.chebyshev.cheb2poly(
    np.polynomial.chebyshev.chebfit(_NODES, _half_y(_MIDDLE + _HALF * _NODES), 16)
).tolist()  # fmt: skip


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
    mono: _Mono = samples[:, :3].sum(axis=1, dtype=np.float64)
    if not mono.any():
        raise InputError(
            "is silent throughout: silence has no roughness", hint="measure something that sounds"
        )
    peak = float(np.abs(mono).max())
    gain = normalising_gain(mono, sample_rate_hz)
    gain_of_any_level = normalising_gain(mono / peak, sample_rate_hz) / peak

    def tell(done: int) -> None:
        if on_progress is not None:
            on_progress(Progress("measuring", done, 2))

    tell(0)
    up = mono if sample_rate_hz >= LOWEST_RATE_HZ else _at_lowest_rate(mono, sample_rate_hz)
    frames = frame_roughness(up, max(sample_rate_hz, LOWEST_RATE_HZ), cancel=cancel)
    tell(1)
    published = float(frames.published.mean()) * gain ** (2 * _LEVEL_POWER)
    if sample_rate_hz > LOWEST_RATE_HZ:
        down = _at_lowest_rate(mono, sample_rate_hz)
        frames = frame_roughness(down, LOWEST_RATE_HZ, cancel=cancel)
    tell(2)
    corrected = float(frames.corrected.mean()) * gain_of_any_level ** (2 * _LEVEL_POWER)
    return Roughness(
        on_published_scale(published), on_published_scale(corrected), published, corrected
    )


def normalising_gain(mono: _Mono, sample_rate_hz: int) -> float:
    """Gain to -24 LUFS, or less where the peak would pass 1; 0 where the meter hears nothing.

    The meter is pyloudnorm's, whose filters are not the ITU's: a high shelf of 4 dB at 1500 Hz
    (Q 0.71) and a high-pass at 38 Hz (Q 0.5), as R. Bristow-Johnson's cookbook has them.

    Parameters
    ----------
    mono : float64, shape (n_frames,)
        Not silent.
    sample_rate_hz
        Its rate.
    """
    loudness_lufs = _package_lufs(mono, sample_rate_hz)
    if not math.isfinite(loudness_lufs):
        return 0.0
    gain = float(10.0 ** ((_TARGET_LUFS - loudness_lufs) / 20.0))
    return min(gain, 1.0 / float(np.abs(mono).max()))


def frame_roughness(
    mono: _Mono, sample_rate_hz: int, *, cancel: CancelToken | None = None
) -> FrameRoughness:
    """Sum roughness over the pairs of peaks of every frame.

    Parameters
    ----------
    mono : float64, shape (n_frames,)
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
    spectra = _Spectra(mono, sample_rate_hz, cancel)
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
    return frames


class _Spectra:
    """Magnitudes of the frames of a sound, in batches."""

    def __init__(self, mono: _Mono, sample_rate_hz: int, cancel: CancelToken | None) -> None:
        self.frame_length = int(sample_rate_hz * _FRAME_S)
        self._fft_length = 2 ** int(math.log2(self.frame_length) + 1)
        self.bin_hz = sample_rate_hz / self._fft_length
        self._padded = np.concatenate([np.zeros(_PADDING_FRAMES), mono])
        self._cancel = cancel
        n, length = len(self._padded), self.frame_length
        self.n_frames = max(1, int(n / (length / 2)))
        self.n_spectra = 1 if n <= length else int((n - length) / (length / 2)) + 1
        while n > length and self._start(self.n_spectra) + length <= n:  # starts are rounded down
            self.n_spectra += 1

    def batches(self) -> Iterator[NDArray[np.float64]]:
        """Shape (frames, bins), of all frames that the sound fills."""
        length = self.frame_length
        if len(self._padded) <= length:
            yield np.abs(np.fft.rfft(self._padded[np.newaxis], self._fft_length))
            return
        window = np.hamming(length + 2)[1:-1]
        for first in range(0, self.n_spectra, _BATCH_FRAMES):
            if self._cancel is not None:
                self._cancel.raise_if_cancelled()
            numbers = range(first, min(first + _BATCH_FRAMES, self.n_spectra))
            starts = np.array([self._start(i) for i in numbers])
            frames = self._padded[starts[:, np.newaxis] + np.arange(length)]
            yield np.abs(np.fft.rfft(frames * window, self._fft_length))

    def _start(self, i: int) -> int:
        return int(i * (self.frame_length / 2.0))


def add_frames_plain(
    spectra: NDArray[np.float64],
    scale: NDArray[np.float64],
    published: NDArray[np.float64],
    corrected: NDArray[np.float64],
) -> None:
    """Add to each frame the roughness of its pairs of peaks.

    Parameters
    ----------
    spectra
        float64, shape (n_frames, n_bins): magnitudes.
    scale
        float64: the lowest magnitude of all frames, the reciprocal of what the highest is above
        it, and the width of a bin in hertz.
    published, corrected
        float64, shape (n_frames,). Changed in place.
    """
    lowest, reciprocal, bin_hz = scale
    for frame, spectrum in enumerate(spectra):
        normalised = (spectrum - lowest) * reciprocal
        bins = _peaks_plain(normalised)
        values, positions = spectrum[bins].copy(), bins.astype(np.float64)
        for k, i in enumerate(bins):
            if 0 < i < len(spectrum) - 1:
                before, top, behind = spectrum[i - 1 : i + 2]
                shift = (behind - before) / (2.0 * (2.0 * top - behind - before))
                values[k] = top - 0.25 * (before - behind) * shift
                positions[k] = i + shift
        lower, upper = np.triu_indices(len(bins), 1)
        hz = positions * bin_hz
        distance = MOST_AT / (PER_HZ * hz[lower] + AT_0_HZ) * (hz[upper] - hz[lower])
        first_is_louder = normalised[bins[lower]] >= normalised[bins[upper]]
        one, other = values[lower], values[upper]
        common = (one * other) ** _LEVEL_POWER * 0.5 * curve(distance) / (one + other) ** 3.11
        louder = np.where(first_is_louder, one, other)
        published[frame] += np.sum(common * (2.0 * louder) ** _FLUCTUATION_POWER)
        quieter = np.minimum(one, other)
        corrected[frame] += np.sum(common * (2.0 * quieter) ** _FLUCTUATION_POWER)


def _peaks_plain(normalised: NDArray[np.float64]) -> NDArray[np.intp]:
    """Bins of the peaks by MIRtoolbox's rule of contrast, from the lowest up.

    A maximum counts where the spectrum falls by the contrast before it and behind it; of several
    that nothing parts, the highest one does. A notch is looked for from the bin before one maximum
    to the second before the next, as the package has it.
    """
    a = np.concatenate([[-2.0], normalised, [-2.0]])
    rises, falls = np.diff(a)[:-1] > 0, np.diff(a)[1:] <= 0
    maxima = np.flatnonzero((normalised >= _CONTRAST) & rises & falls) + 1
    if not len(maxima):
        return maxima
    found: list[int] = []
    top, notch = int(maxima[0]), 2.0
    before = float(a[: top - 1].min()) if top > 1 else float(a[0])
    for earlier, later in pairwise(maxima):
        between = a[earlier : max(earlier + 1, later - 1)]
        notch = min(notch, float(between.min()))
        if a[top] - notch < _CONTRAST:
            before = min(before, notch)
            if a[later] > a[top]:
                top, notch = int(later), 2.0
        else:
            if a[top] - before < _CONTRAST:
                before = min(before, notch)
            else:
                found.append(top)
                before = notch
            top, notch = int(later), 2.0
    if a[top] - before >= _CONTRAST and a[top] - float(a[top + 1 :].min()) >= _CONTRAST:
        found.append(top)
    return np.array(found, np.intp) - 1


@compiled_once
def _fluctuation(u: float) -> float:
    """Half of ``(2 / (1 + r))^3.11`` within 1e-11, r from 0 to 1.15 being ``0.575 (1 + u)``."""
    y = _Y15 + u * _Y16
    y = _Y14 + u * y
    y = _Y13 + u * y
    y = _Y12 + u * y
    y = _Y11 + u * y
    y = _Y10 + u * y
    y = _Y9 + u * y
    y = _Y8 + u * y
    y = _Y7 + u * y
    y = _Y6 + u * y
    y = _Y5 + u * y
    y = _Y4 + u * y
    y = _Y3 + u * y
    y = _Y2 + u * y
    y = _Y1 + u * y
    return _Y0 + u * y


@compiled_once
def _find_peaks(
    spectrum: NDArray[np.float64], lowest: float, reciprocal: float, bins: NDArray[np.int64]
) -> int:
    """Do what `_peaks_plain` does, into `bins`; returns how many there are."""
    n_bins, n_found, top, earlier = len(spectrum), 0, -1, -1
    top_level, notch, before, last = 0.0, 2.0, -2.0, -2.0
    for i in range(n_bins):
        level = (spectrum[i] - lowest) * reciprocal
        behind = (spectrum[i + 1] - lowest) * reciprocal if i + 1 < n_bins else -2.0
        if level >= _CONTRAST and level > last and behind <= level:
            if top < 0:
                top, top_level = i, level
            else:
                for k in range(earlier, max(earlier + 1, i - 1)):
                    notch = min(notch, (spectrum[k] - lowest) * reciprocal)
                if top_level - notch < _CONTRAST:
                    before = min(before, notch)
                    if level > top_level:
                        top, top_level, notch = i, level, 2.0
                else:
                    if top_level - before < _CONTRAST:
                        before = min(before, notch)
                    else:
                        bins[n_found] = top
                        n_found += 1
                        before = notch
                    top, top_level, notch = i, level, 2.0
            earlier = i
        last = level
    if top >= 0 and top_level - before >= _CONTRAST:
        bins[n_found] = top
        n_found += 1
    return n_found


@compiled(
    "UniTuple(float64, 2)(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], "
    "float64[::1])",
    fastmath={"contract", "reassoc", "nsz", "arcp"},
    error_model="numpy",  # a check for zero would end every step
)
def _pair_sums(
    hz: NDArray[np.float64],
    level: NDArray[np.float64],
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    power: NDArray[np.float64],
    inverse: NDArray[np.float64],
) -> tuple[float, float]:
    """Sum over the pairs of the first peak with all others, but for its own weight.

    Everything is read before anything is chosen, so that several pairs are worked on at once.
    """
    width = MOST_AT / (PER_HZ * hz[0] + AT_0_HZ)
    hz_0, level_0, value_0, power_0, inverse_0 = hz[0], level[0], value[0], power[0], inverse[0]
    published, corrected = 0.0, 0.0
    for j in range(1, len(hz)):
        distance = width * (hz[j] - hz_0)
        grating = falling(SLOW * distance) - falling(FAST * distance)
        other, other_power, other_inverse = value[j], power[j], inverse[j]
        is_louder = level_0 >= level[j]
        ratio = (other if is_louder else value_0) / (value_0 if is_louder else other)
        first = other_power if is_louder else power_0
        second = inverse_0 if is_louder else other_inverse
        common = weight[j] * grating * _fluctuation((ratio - _MIDDLE) * (1.0 / _HALF))
        published += common
        corrected += common * min(1.0, first * second)
    return published, corrected


@compiled(
    "void(float64[:, ::1], float64[::1], float64[::1], float64[::1])",
    fastmath={"contract", "reassoc", "nsz", "arcp"},
)
def add_frames(
    spectra: NDArray[np.float64],
    scale: NDArray[np.float64],
    published: NDArray[np.float64],
    corrected: NDArray[np.float64],
) -> None:
    """Do what `add_frames_plain` does, but for pairs so far apart that they add nothing.

    ``Y^3.11`` is a polynomial of the quieter peak over the louder; the corrected form is that times
    their ratio to the same power, 1 at most.
    """
    lowest, reciprocal, bin_hz = scale[0], scale[1], scale[2]
    n_bins = spectra.shape[1]
    bins = np.empty(n_bins, np.int64)
    hz, level, value = np.empty(n_bins), np.empty(n_bins), np.empty(n_bins)
    weight, power, inverse = np.empty(n_bins), np.empty(n_bins), np.empty(n_bins)
    for frame in range(len(spectra)):
        spectrum = spectra[frame]
        n = _find_peaks(spectrum, lowest, reciprocal, bins)
        for k in range(n):
            i = bins[k]
            level[k] = value[k] = spectrum[i]
            position = float(i)
            if 0 < i < n_bins - 1:
                before, behind = spectrum[i - 1], spectrum[i + 1]
                shift = (behind - before) / (2.0 * (2.0 * level[k] - behind - before))
                value[k] -= 0.25 * (before - behind) * shift
                position += shift
            hz[k] = position * bin_hz
            weight[k] = value[k] ** _LEVEL_POWER
            power[k] = value[k] ** _FLUCTUATION_POWER
            inverse[k] = 1.0 / power[k]
        end = 0
        total, total_corrected = 0.0, 0.0
        for i in range(n):
            width = MOST_AT / (PER_HZ * hz[i] + AT_0_HZ)
            while end < n and width * (hz[end] - hz[i]) < FARTHEST:
                end += 1
            pairs = _pair_sums(
                hz[i:end], level[i:end], value[i:end], weight[i:end], power[i:end], inverse[i:end]
            )
            total += weight[i] * pairs[0]
            total_corrected += weight[i] * pairs[1]
        published[frame] += total
        corrected[frame] += total_corrected


def _package_lufs(mono: _Mono, sample_rate_hz: int) -> float:
    """Integrated loudness by pyloudnorm's filters and its rule for blocks."""
    length = max(len(mono), math.ceil(_BLOCK_S * sample_rate_hz))
    n_blocks = round((length / sample_rate_hz - _BLOCK_S) / _STEP_S) + 1
    starts = [int(_BLOCK_S * (i * 0.25) * sample_rate_hz) for i in range(n_blocks)]
    stops = [int(_BLOCK_S * (i * 0.25 + 1) * sample_rate_hz) for i in range(n_blocks)]
    energies = _energies_up_to(np.minimum([*starts, *stops], len(mono)), mono, sample_rate_hz)
    squares = (energies[n_blocks:] - energies[:n_blocks]) / (_BLOCK_S * sample_rate_hz)
    with np.errstate(divide="ignore"):
        levels = -0.691 + 10.0 * np.log10(np.maximum(squares, 0.0))
        above = squares[levels >= _ABSOLUTE_GATE_LUFS]
        if not len(above):
            return -math.inf
        gate = -0.691 + 10.0 * math.log10(above.mean()) + _RELATIVE_GATE_LU
        heard = squares[(levels > gate) & (levels > _ABSOLUTE_GATE_LUFS)]
    return float(-0.691 + 10.0 * np.log10(heard.mean())) if len(heard) else -math.inf


def _energies_up_to(
    places: NDArray[np.intp], mono: _Mono, sample_rate_hz: int
) -> NDArray[np.float64]:
    """Energy of the weighted sound before each of these frames."""
    sections, state = _package_weighting(sample_rate_hz), np.zeros((4, 1))
    found, so_far = np.zeros(len(places)), 0.0
    for first in range(0, len(mono), _CHUNK_FRAMES):
        chunk = mono[first : first + _CHUNK_FRAMES, np.newaxis].astype(np.float32)
        squares = np.zeros((len(chunk), 1))
        add_energies(chunk, sections, state, 0, 1, squares)
        sums = so_far + np.concatenate([[0.0], np.cumsum(squares[:, 0])])
        is_here = (places > first) & (places <= first + len(chunk))
        found[is_here] = sums[places[is_here] - first]
        so_far = float(sums[-1])
    return found


def _package_weighting(sample_rate_hz: int) -> NDArray[np.float64]:
    """Second-order sections of pyloudnorm's K-weighting, shape (2, 6)."""
    a = 10.0 ** (4.0 / 40.0)
    w = 2.0 * math.pi * 1500.0 / sample_rate_hz
    cos, alpha = math.cos(w), math.sin(w) / math.sqrt(2.0)
    root = 2.0 * math.sqrt(a) * alpha
    shelf = np.array(
        [
            a * ((a + 1) + (a - 1) * cos + root),
            -2 * a * ((a - 1) + (a + 1) * cos),
            a * ((a + 1) + (a - 1) * cos - root),
            (a + 1) - (a - 1) * cos + root,
            2 * ((a - 1) - (a + 1) * cos),
            (a + 1) - (a - 1) * cos - root,
        ]
    )
    w = 2.0 * math.pi * 38.0 / sample_rate_hz
    cos, alpha = math.cos(w), math.sin(w)
    high_pass = np.array([(1 + cos) / 2, -(1 + cos), (1 + cos) / 2, 1 + alpha, -2 * cos, 1 - alpha])
    return np.array([shelf / shelf[3], high_pass / high_pass[3]])


def _at_lowest_rate(mono: _Mono, sample_rate_hz: int) -> _Mono:
    return np.asarray(soxr.resample(mono, sample_rate_hz, LOWEST_RATE_HZ, "VHQ"))

"""The roughness of a frame: its peaks, and the sum over all pairs of them.

`add_frames_plain` is the specification, `add_frames` the same, compiled. What is summed, and why:
`deepbass_engine.analysis.roughness`.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.compiled import compiled, compiled_once
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

LEVEL_POWER = 0.1

_FLUCTUATION_POWER = 3.11
_CONTRAST = 0.01
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
        common = (one * other) ** LEVEL_POWER * 0.5 * curve(distance) / (one + other) ** 3.11
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
            weight[k] = value[k] ** LEVEL_POWER
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

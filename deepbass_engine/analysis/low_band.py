"""The low band of a track, 20 to 150 Hz: where kick and bass are, and when they sound.

A signal of 600 Hz holds all of it, so what follows costs next to nothing. Levels are powers,
smoothed over 60 ms and given every 5 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

LOW_BAND_HZ = (20.0, 150.0)
HOP_S = 0.005

_RATE_HZ = 600
_EDGE_HZ = 10.0
_HOP_FRAMES = 3
_SMOOTHED_S = 0.06
_ATTACK_S = 0.04
_RISE_DB = 5.0
_AUDIBLE_DB = -12.0
_FLOOR_DB = -35.0
_BETWEEN_KICKS_S = 0.12
_N_REGULAR = 4
_REGULAR_SHARE = 0.75
_REGULAR_WITHIN = 0.09
_BEAT_S = (0.2, 1.5)


@dataclass(frozen=True, slots=True, eq=False)
class LowBand:
    """Power of the low band every `HOP_S`, and of the whole signal on average.

    Attributes
    ----------
    power : float64, shape (n_hops,)
        Mean square around each hop.
    share
        The band's part of the signal's power.
    """

    power: NDArray[np.float64]
    share: float

    @property
    def reference(self) -> float:
        """Power of the band where it is strong: passed for a twentieth of the time."""
        return float(np.quantile(self.power, 0.95)) if len(self.power) else 0.0


def low_band(mono: NDArray[np.float32], sample_rate_hz: int) -> LowBand:
    """Find the low band of a signal.

    Parameters
    ----------
    mono : float32, shape (n_frames,)
        At `sample_rate_hz`.
    """
    if round(len(mono) * _RATE_HZ / sample_rate_hz) < 1:
        return LowBand(np.empty(0), 0.0)
    total = float(np.mean(np.square(mono, dtype=np.float64)))
    low = soxr.resample(mono, sample_rate_hz, _RATE_HZ, "LQ").astype(np.float64)
    n_fft = 1 << (2 * len(low) - 1).bit_length()
    spectrum = np.fft.rfft(low, n_fft)
    hz = np.fft.rfftfreq(n_fft, 1 / _RATE_HZ)
    rise = (hz - LOW_BAND_HZ[0]) / _EDGE_HZ + 1.0
    fall = (LOW_BAND_HZ[1] - hz) / _EDGE_HZ + 1.0
    gain = np.clip(np.minimum(rise, fall), 0.0, 1.0)
    band = np.fft.irfft(spectrum * gain)[: len(low)]
    window = np.hanning(round(_SMOOTHED_S * _RATE_HZ) + 1)
    power = np.convolve(band * band, window / window.sum(), "same")[::_HOP_FRAMES]
    share = float(np.mean(band * band)) / total if total > 0 else 0.0
    return LowBand(np.maximum(power, 0.0), share)


def onsets_s(band: LowBand) -> NDArray[np.float64]:
    """Times at which the low band sets in: kicks, and notes of a bass.

    An onset is where the level rises by 5 dB within 40 ms to no less than 12 dB below the band's
    strong level. The time is that of the steepest rise, between hops.

    Returns
    -------
    float64, shape (n_onsets,)
        Rising, in seconds from the signal's beginning.
    """
    reach = round(_ATTACK_S / HOP_S / 2)
    reference = band.reference
    if reference == 0.0 or len(band.power) <= 2 * reach + 2:
        return np.empty(0)
    level_db = 10.0 * np.log10(band.power + reference * 10.0 ** (_FLOOR_DB / 10.0))
    rise_db = level_db[2 * reach :] - level_db[: -2 * reach]
    audible_db = 10.0 * np.log10(reference) + _AUDIBLE_DB
    is_onset = (rise_db >= _RISE_DB) & (level_db[2 * reach :] >= audible_db)
    is_top = np.zeros_like(is_onset)
    is_top[1:-1] = (rise_db[1:-1] > rise_db[:-2]) & (rise_db[1:-1] >= rise_db[2:])
    found: list[float] = []
    for i in np.flatnonzero(is_onset & is_top):
        before, top, behind = rise_db[i - 1 : i + 2]
        curvature = before - 2.0 * top + behind
        shift = 0.5 * (before - behind) / curvature if curvature else 0.0
        time_s = (i + shift + reach) * HOP_S
        if not found or time_s - found[-1] >= _BETWEEN_KICKS_S:
            found.append(time_s)
    return np.array(found)


def beat_s(times_s: NDArray[np.float64]) -> float | None:
    """The usual step between onsets that keep a beat: most steps are once or more times it.

    None where they don't, where there are too few to tell, or where the step is no beat's.
    """
    steps = np.diff(times_s)
    if len(steps) < _N_REGULAR - 1:
        return None
    usual = float(np.median(steps))
    ratios = steps / usual
    off = np.abs(ratios - np.maximum(1.0, np.round(ratios)))
    is_beat = _BEAT_S[0] <= usual <= _BEAT_S[1]
    return usual if is_beat and np.mean(off <= _REGULAR_WITHIN) >= _REGULAR_SHARE else None

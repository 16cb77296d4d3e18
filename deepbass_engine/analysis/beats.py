"""Tempo and beats of a track: a constant grid fitted to all of its onsets.

1. The period that the onsets' autocorrelation shows, at one, two and four beats; the octave is that
   between 82 and 164 BPM, where nearly all danced music is counted.
2. The same, ever finer: over the whole track the onsets at the beats are largest for one period,
   to about a millionth, and for one phase.
3. Of four beats the one that begins a bar: there the bass and the colour of the sound change most.
4. How sure it is, by how far onsets at the beats stand out; and whether it holds, by how far the
   beats of twenty seconds lie from the grid, wherever in the track.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.onsets import COLOUR_EVERY, ENVELOPE_HZ, Onsets
from deepbass_engine.progress import CancelToken

SLOWEST_BPM, FASTEST_BPM = 82.0, 164.0
BEATS_PER_BAR = 4

_SHORTEST_S = 6.0
_PIECE_S = 20.0
_STEADY_MS = 25.0
_LEAST_CONFIDENCE = 0.5
_LOCAL_MEAN_S = 1.0
_PROFILE_STEPS = 96
_CHANCE, _SURE = 3.0, 6.0
_LEAST_RISE = 0.3
_LEAST_LIKENESS = 0.6
_HARMONICS = (1, 2, 3, 4, 6, 8)
_SURE_OF_A_PIECE = 0.5
_SAME_TEMPO = 0.002
_RELATIONS = (1.0, 0.5, 2.0, 2 / 3, 1.5, 0.75, 4 / 3)


@dataclass(frozen=True, slots=True)
class BeatGrid:
    """Evenly spaced beats.

    Attributes
    ----------
    tempo_bpm
        Beats a minute.
    first_beat_s
        Time in the file of the first beat at or behind its begin.
    first_downbeat
        Which of the first four beats begins a bar.
    confidence, downbeat_confidence
        How sure it is of the beats, and of the bars, from 0 to 1.
    drift_ms
        How far the beats wander from the grid.
    """

    tempo_bpm: float
    first_beat_s: float
    first_downbeat: int = 0
    confidence: float = 1.0
    downbeat_confidence: float = 1.0
    drift_ms: float = 0.0

    @property
    def beats_per_bar(self) -> int:
        """Beats in a bar."""
        return BEATS_PER_BAR

    @property
    def is_steady(self) -> bool:
        """Whether the grid holds throughout."""
        return self.drift_ms <= _STEADY_MS

    @property
    def is_sure(self) -> bool:
        """Whether music may be put on these beats: there are some, and they hold throughout."""
        return self.confidence >= _LEAST_CONFIDENCE and self.is_steady

    @property
    def beat_s(self) -> float:
        """Length of a beat."""
        return 60.0 / self.tempo_bpm

    def beats_s(self, start_s: float, end_s: float) -> NDArray[np.float64]:
        """Times of the beats in ``[start_s, end_s)``."""
        first, stop = (
            math.ceil((time_s - self.first_beat_s) / self.beat_s - 1e-9)
            for time_s in (start_s, end_s)
        )
        return np.asarray(self.first_beat_s + self.beat_s * np.arange(first, stop), np.float64)

    def shifted(self, by_s: float) -> BeatGrid:
        """The grid moved in time."""
        return self._from(self.first_beat_s + by_s, self.first_downbeat)

    def doubled(self) -> BeatGrid:
        """Two beats for each."""
        twice = replace(self, tempo_bpm=2.0 * self.tempo_bpm)
        return twice._from(self.first_beat_s, 2 * self.first_downbeat)

    def halved(self) -> BeatGrid:
        """One beat for two; downbeats stay beats."""
        half = replace(self, tempo_bpm=self.tempo_bpm / 2.0)
        odd = self.first_downbeat % 2
        return half._from(self.first_beat_s + odd * self.beat_s, (self.first_downbeat - odd) // 2)

    def _from(self, beat_s: float, downbeat: int) -> BeatGrid:
        """The grid with a beat here, `downbeat` beats before a downbeat."""
        n_before = math.floor(beat_s / self.beat_s + 1e-9)
        return replace(
            self,
            first_beat_s=max(0.0, beat_s - n_before * self.beat_s),
            first_downbeat=(downbeat + n_before) % BEATS_PER_BAR,
        )


def beat_grid(onsets: Onsets, *, cancel: CancelToken | None = None) -> BeatGrid | None:
    """The beats of a track; None where it is too short or nothing recurs.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    cancel = cancel or CancelToken()
    n = len(onsets.all)
    if n < _SHORTEST_S * ENVELOPE_HZ or onsets.all.mean() < _LEAST_RISE:
        return None
    envelope = _sharpened(onsets.all) + _sharpened(onsets.low)
    if not envelope.any():
        return None
    period = _fitted(envelope, _coarse_period(envelope), cancel)
    profile = _profile(envelope, period)
    phase = _phase(profile) * period
    confidence = _confidence(envelope, period, profile)
    drift_ms = _drift_s(envelope, period, profile, cancel) * 1000.0
    downbeat, downbeat_confidence = _downbeat(onsets, period, phase)
    grid = BeatGrid(
        tempo_bpm=60.0 * ENVELOPE_HZ / period,
        first_beat_s=0.0,
        confidence=confidence,
        downbeat_confidence=downbeat_confidence,
        drift_ms=drift_ms,
    )
    return grid._from(Onsets.time_s(phase), downbeat)


def _sharpened(envelope: NDArray[np.float32]) -> NDArray[np.float64]:
    """What of an envelope stands out of its second, over its mean."""
    width = round(_LOCAL_MEAN_S * ENVELOPE_HZ) | 1
    padded = np.pad(envelope.astype(np.float64), width // 2, mode="reflect")
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    mean = (sums[width:] - sums[:-width]) / width
    out = np.maximum(envelope - mean, 0.0)
    total = float(out.mean())
    return np.asarray(out / total if total > 0 else out)


def _coarse_period(envelope: NDArray[np.float64]) -> float:
    """Steps of a beat, by the autocorrelation at one, two and four of them."""
    n_fft = 1 << (2 * len(envelope) - 1).bit_length()
    centred = envelope - envelope.mean()
    spectrum = np.fft.rfft(centred, n_fft)
    n_lags = min(len(envelope) // 2, round(17 * 60 / SLOWEST_BPM * ENVELOPE_HZ))
    found = np.fft.irfft(np.abs(spectrum) ** 2, n_fft)[:n_lags]
    found /= np.arange(len(envelope), len(envelope) - n_lags, -1)
    smooth = np.convolve(found, (0.25, 0.5, 0.25), "same")
    longest = min(60.0 / SLOWEST_BPM * ENVELOPE_HZ, (n_lags - 1) / 4)
    periods = np.arange(60.0 / FASTEST_BPM * ENVELOPE_HZ, longest, 0.05)
    lags = np.arange(n_lags)
    score = sum(
        weight * np.interp(multiple * periods, lags, smooth)
        for multiple, weight in ((1, 1.0), (2, 1.0), (4, 1.0), (0.5, 0.5))
    )
    return float(periods[int(np.argmax(score))])


def _fitted(envelope: NDArray[np.float64], period: float, cancel: CancelToken) -> float:
    """The period at which the onsets of the whole track agree best, from one that is nearly right.

    Onsets that recur with a period are a peak of the spectrum at its frequency and the multiples;
    their sum is looked at over ever longer stretches around the best so far, ever more finely.
    """
    middle = len(envelope) // 2
    length = min(len(envelope), round(8 * period))
    width = 0.02
    while True:
        part = envelope[max(0, middle - length // 2) :][:length]
        part = part - part.mean()
        tried = period * np.exp(np.linspace(-width, width, 81))
        period = float(_peak_of(tried, _strengths(part, tried, cancel)))
        if length >= len(envelope):
            break
        length = min(len(envelope), 4 * length)
        width = max(1.5 * period / length * 4, 2e-6)
    for narrower in (8, 64):
        tried = period * np.exp(np.linspace(-width, width, 41) / narrower)
        period = float(_peak_of(tried, _strengths(part, tried, cancel)))
    return period


def _strengths(
    part: NDArray[np.float64], periods: NDArray[np.float64], cancel: CancelToken
) -> NDArray[np.float64]:
    """How strongly an envelope recurs with each of some periods."""
    at = np.arange(len(part))
    heard = np.flatnonzero(part > 0)
    weights = part[heard]
    total = np.zeros(len(periods))
    for i, period in enumerate(periods):
        cancel.raise_if_cancelled()
        turn = np.exp((-2j * np.pi / period) * at[heard])
        power = np.ones_like(turn)
        for harmonic in range(1, max(_HARMONICS) + 1):
            power = power * turn
            if harmonic in _HARMONICS:
                total[i] += abs((weights * power).sum()) / harmonic**0.5
    return total


def _peak_of(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Where a curve is highest, between its points."""
    i = int(np.clip(np.argmax(y), 1, len(y) - 2))
    bend = y[i - 1] - 2 * y[i] + y[i + 1]
    offset = 0.5 * (y[i - 1] - y[i + 1]) / bend if bend < 0 else 0.0
    return float(x[i] + np.clip(offset, -0.5, 0.5) * (x[i + 1] - x[i]))


def _profile(envelope: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """Mean envelope over the course of a beat, in `_PROFILE_STEPS`."""
    places = np.arange(len(envelope)) / period % 1.0 * _PROFILE_STEPS
    below = places.astype(np.int64)
    share = places - below
    sums, counts = np.zeros(_PROFILE_STEPS), np.zeros(_PROFILE_STEPS)
    for at, weight in ((below, 1.0 - share), ((below + 1) % _PROFILE_STEPS, share)):
        sums += np.bincount(at % _PROFILE_STEPS, weight * envelope, _PROFILE_STEPS)
        counts += np.bincount(at % _PROFILE_STEPS, weight, _PROFILE_STEPS)
    return sums / np.maximum(counts, 1e-9)


def _phase(profile: NDArray[np.float64]) -> float:
    """Where in the beat the onset is, as a part of it."""
    smooth = _around(profile, (1, 2, 3, 2, 1))
    best = int(np.argmax(smooth))
    near = np.arange(best - 2, best + 3)
    weights = np.maximum(smooth[near % _PROFILE_STEPS] - smooth.mean(), 1e-9)
    return float(np.dot(near, weights) / weights.sum()) / _PROFILE_STEPS % 1.0


def _around(profile: NDArray[np.float64], weights: tuple[int, ...]) -> NDArray[np.float64]:
    """A circular mean of neighbours."""
    half = len(weights) // 2
    found = sum(w * np.roll(profile, half - i) for i, w in enumerate(weights))
    return np.asarray(found / sum(weights))


def _confidence(
    envelope: NDArray[np.float64], period: float, profile: NDArray[np.float64]
) -> float:
    """How far the onsets on the beat stand out of what chance would put there, from 0 to 1."""
    smooth = _around(profile, (1, 2, 3, 2, 1))
    n_beats = len(envelope) / period
    chance = float(envelope.std()) / math.sqrt(n_beats)
    return float(np.clip(((smooth.max() - smooth.mean()) / chance - _CHANCE) / _SURE, 0.0, 1.0))


def _drift_s(
    envelope: NDArray[np.float64],
    period: float,
    profile: NDArray[np.float64],
    cancel: CancelToken,
) -> float:
    """How far the beats of a piece lie from the grid: what nine pieces of ten keep to.

    A piece that is unlike the whole has no beats of its own, and says nothing; or it has, in
    another tempo, and lies as far away as can be.
    """
    length, sixteenth = round(_PIECE_S * ENVELOPE_HZ), _PROFILE_STEPS // 4
    whole = np.fft.rfft(profile - profile.mean())
    pieces, offsets, likeness = [], [], []
    for first in range(0, max(1, len(envelope) - length // 2), length // 2):
        # the same phase as the whole's: time counts from the track's begin
        shift = first / period % 1.0
        pieces.append(envelope[first : first + length])
        own = np.roll(_profile(pieces[-1], period), round(shift * _PROFILE_STEPS))
        match = np.fft.irfft(np.fft.rfft(own - own.mean()) * np.conj(whole), _PROFILE_STEPS)
        best = int(np.argmax(match))
        size = float(np.linalg.norm(own - own.mean()) * np.linalg.norm(profile - profile.mean()))
        likeness.append(float(match[best]) / size if size else 0.0)
        # where the accents move to another sixteenth the beats have not moved
        offsets.append(abs((best + sixteenth // 2) % sixteenth - sixteenth // 2))
    least = min(_LEAST_LIKENESS, max(likeness))
    found = []
    for piece, offset, alike in zip(pieces, offsets, likeness, strict=True):
        if alike >= least:
            found.append(offset)
        elif _has_another_tempo(piece, period, cancel):
            found.append(sixteenth // 2)
    return float(np.quantile(found, 0.9)) / _PROFILE_STEPS * period / ENVELOPE_HZ


def _has_another_tempo(piece: NDArray[np.float64], period: float, cancel: CancelToken) -> bool:
    """Whether the beats of a piece are sure, and those of no simple relation to a period."""
    if len(piece) < _SHORTEST_S * ENVELOPE_HZ or not piece.any():
        return False
    own = _fitted(piece, _coarse_period(piece), cancel)
    if _confidence(piece, own, _profile(piece, own)) < _SURE_OF_A_PIECE:
        return False
    return all(abs(own / period / ratio - 1.0) > _SAME_TEMPO for ratio in _RELATIONS)


def _downbeat(onsets: Onsets, period: float, phase: float) -> tuple[int, float]:
    """Which of four beats begins a bar, and how sure that is."""
    beats = np.arange(phase, len(onsets.all) - 2, period)
    n_beats = len(beats) // BEATS_PER_BAR * BEATS_PER_BAR
    if n_beats < 4 * BEATS_PER_BAR:
        return 0, 0.0
    beats = beats[:n_beats]
    steps = np.arange(len(onsets.low))
    bass = np.maximum.reduce([np.interp(beats + by, steps, onsets.low) for by in (-2, -1, 0, 1, 2)])
    novelty = _novelty(onsets.colour, beats / COLOUR_EVERY, period / COLOUR_EVERY)
    evidence = np.zeros(BEATS_PER_BAR)
    for feature in (bass, novelty):
        spread = feature.std()
        if spread > 0:
            by_beat = ((feature - feature.mean()) / spread).reshape(-1, BEATS_PER_BAR)
            evidence += by_beat.mean(axis=0)
    order = np.argsort(evidence)
    margin = float(evidence[order[-1]] - evidence[order[-2]])
    return int(order[-1]), float(np.clip(margin / 0.6, 0.0, 1.0))


def _novelty(
    colour: NDArray[np.float32], beats: NDArray[np.float64], period: float
) -> NDArray[np.float64]:
    """How much the colour of the bar behind each beat differs from that of the one before."""
    sums = np.concatenate([np.zeros((1, colour.shape[1])), np.cumsum(colour, axis=0)])
    bar = BEATS_PER_BAR * period
    n = len(colour)
    edges = np.clip(np.rint(np.stack([beats - bar, beats, beats + bar])), 0, n).astype(np.int64)
    before = (sums[edges[1]] - sums[edges[0]]) / np.maximum(edges[1] - edges[0], 1)[:, None]
    behind = (sums[edges[2]] - sums[edges[1]]) / np.maximum(edges[2] - edges[1], 1)[:, None]
    found = np.abs(behind - before).mean(axis=1)
    found[(edges[0] == 0) | (edges[2] == n)] = np.median(found)
    return np.asarray(found)

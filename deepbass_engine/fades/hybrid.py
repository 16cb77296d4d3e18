"""A neural morph at full quality: decoded sound in the middle of the picture, originals around it.

A model hears and speaks 16 kHz mono in 256 steps. `hybrid` lets it say only what it can say well:
the mid signal ``(left + right) / 2`` below about 7 kHz. The side signal and the highs are those of
the plain crossfade of the originals, at their own rate.

::

    plain crossfade --+--------------------------------------------( + )--> result
                      |                                              |
                      +- mid - below 7 kHz -+- x --( -(1 - c) )-----( + )
                                            |                        |
    decoded ----------- below 7 kHz --- levels -- e --( s )----------+

1. Both signals are cut into frames of 50 to 100 ms under a power-complementary window [1]_ and
   weighted bin by bin, with zero phase. What is taken away from the plain crossfade (``x``) is what
   the frames give back, so the rest of it is whole and nothing is delayed.
2. In each of eight octave bands the decoded signal gets the gain that gives it the power that the
   plain crossfade's mid has there, both over some 0.1 s to either side, so that the decoded
   signal's own attacks are kept. The gain is at most `MOST_GAIN_DB`: silence and coding noise are
   not blown up. Power that the decoded signal then lacks is filled from the plain crossfade's mid,
   so silence decoded gives the plain crossfade.
3. Over `SEAM_S` at either end the result goes from the plain crossfade to the morph by an
   equal-power fade whose slope is 0 at both of its ends; the first and last frame are the plain
   crossfade's, bit for bit.

Where two signals are added in steps 2 and 3, the power of the sum depends on how alike they are:
``a**2 + b**2 + 2 r a b`` for gains a and b and a correlation r. It is measured, and divided out.
So a decoded signal that is the original itself gives the original, without a bump at the seams.

Why it is as it is, with figures from music, stands in docs/decisions/0018-hybrid-morph.md.

References
----------
.. [1] J. Princen, A. Bradley, "Analysis/synthesis filter bank design based on time domain aliasing
   cancellation", IEEE Trans. ASSP 34(5), 1986; the window is Vorbis's, whose side lobes fall fast.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from deepbass_engine.fades.simple import crossfade
from deepbass_engine.progress import CancelToken
from deepbass_engine.settings import CurveNames
from deepbass_engine.units import frames_from_seconds, gain_from_db

CROSSOVER_HZ = (6500.0, 7000.0)
"""Below the first the mid is the decoded signal's, above the second the plain crossfade's."""

SEAM_S = 0.1
"""How long the plain crossfade goes over into the morph, and back, at either end."""

MOST_GAIN_DB = 12.0
"""The most that the decoded signal is raised in a band."""

_MODEL_RATE_HZ = 16_000
_FRAME_S = 0.05
_SMOOTHING_S = 0.2
_BAND_CENTRES_HZ = 50.0 * 2.0 ** np.arange(8)
_MOST_OPPOSED = -0.5
"""Correlations below this count as this, so that making up for them adds at most 3 dB."""

_BLOCK_FRAMES = 64

_Signal = npt.NDArray[np.float32]
_Array = npt.NDArray[np.float64]


def hybrid(
    tail: npt.NDArray[np.float32],
    head: npt.NDArray[np.float32],
    morph: npt.NDArray[np.float32],
    pair: CurveNames,
    *,
    sample_rate_hz: int,
    seed: int = 0,
    cancel: CancelToken | None = None,
) -> npt.NDArray[np.float32]:
    """Put a decoded morph in the place of the plain crossfade's mid band.

    Up to 16 kHz the whole mid is replaced, for the decoded signal covers all of it. A transition
    shorter than two seams is mostly the plain crossfade. The sum may pass full scale;
    `headroom.turned_down` takes care of that.

    Parameters
    ----------
    tail : float32, shape (n_frames, 2)
        Last frames of the track that leaves.
    head : float32, shape (n_frames, 2)
        First frames of the track that enters.
    morph : float32, shape (n_frames,)
        The decoded signal at the same rate, frame for frame beside `tail` and `head`: see
        `morph_at_rate`.
    pair
        Curves of the plain crossfade.
    sample_rate_hz
        Rate of all three.
    seed
        Seed of a curve that draws random numbers.
    cancel
        Looked at between blocks.

    Returns
    -------
    float32, shape (n_frames, 2)
        A new array; its first and last frame are those of `simple.crossfade`.

    Raises
    ------
    ValueError
        If an array is not float32 or not of its shape, `morph` holds NaN or infinity, or a number
        is out of range.
    SettingError
        If there is no curve of that name.
    Cancelled
        If asked to stop.
    """
    if tail.ndim != 2 or tail.shape[1] != 2:
        raise ValueError(f"tail has shape {tail.shape}; give stereo, of shape (frames, 2)")
    _check_rate(sample_rate_hz)
    mixed = crossfade(tail, head, pair, seed=seed)
    _check_mono("morph", morph)
    if len(morph) != len(tail):
        raise ValueError(f"morph has {len(morph)} frames and tail {len(tail)}; give both the same")
    if len(tail) == 0:
        return mixed
    mid = (mixed[:, 0] + mixed[:, 1]) * np.float32(0.5)
    # A song's NaN must not spread over the transition by way of the spectra.
    mid[~np.isfinite(mid)] = 0
    matched = _matched(mid, morph, _Bands.at(sample_rate_hz), cancel or CancelToken())
    change = matched.resynthesis - matched.original
    n_frames, seam_frames = len(mid), frames_from_seconds(SEAM_S, sample_rate_hz)
    n_out = min(seam_frames, n_frames // 2)
    n_in = min(seam_frames, n_frames - n_out)
    for seam in (slice(0, n_in), slice(-1, -1 - n_out, -1)):
        change[seam] = _seam(matched.original[seam], matched.resynthesis[seam], seam_frames)
    mixed += change[:, np.newaxis]
    return mixed


def raw(morph: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The decoded signal alone, the same in both channels, as the original has it.

    Nothing helps at the seams: level, timbre and stereo picture change from one sample to the next
    where the bodies meet it. The original never joined it to any.

    Parameters
    ----------
    morph : float32, shape (n_frames,)
        The decoded signal at the mix's rate.

    Returns
    -------
    float32, shape (n_frames, 2)
        A new array.

    Raises
    ------
    ValueError
        If `morph` is not float32 of one dimension or holds NaN or infinity.

    Examples
    --------
    >>> raw(np.array([0.5, -0.25], np.float32)).tolist()
    [[0.5, 0.5], [-0.25, -0.25]]
    """
    _check_mono("morph", morph)
    return np.repeat(morph[:, np.newaxis], 2, axis=1)


def morph_at_rate(
    samples_16k: npt.NDArray[np.float32], n_frames: int, sample_rate_hz: int
) -> npt.NDArray[np.float32]:
    """A decoded signal at the mix's rate, without delay.

    Output frame ``n`` lies at decoded time ``n / sample_rate_hz``.

    Parameters
    ----------
    samples_16k : float32, shape (n_samples,)
        What a model decoded, at 16 kHz.
    n_frames
        Length wanted, 0 or more. What the decoded signal lacks is silence at the end; what it has
        over is left out.
    sample_rate_hz
        Rate wanted.

    Returns
    -------
    float32, shape (n_frames,)
        A new array.

    Raises
    ------
    ValueError
        If `samples_16k` is not float32 of one dimension or holds NaN or infinity, or a number is
        out of range.
    """
    _check_mono("samples_16k", samples_16k)
    _check_rate(sample_rate_hz)
    if n_frames < 0:
        raise ValueError(f"n_frames is {n_frames}; give 0 or more")
    result = np.zeros(n_frames, np.float32)
    converted = soxr.resample(samples_16k, _MODEL_RATE_HZ, sample_rate_hz, quality="VHQ")
    n_both = min(n_frames, len(converted))
    result[:n_both] = converted[:n_both]
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Bands:
    """The frames of one sample rate, and the weights of their bins below the crossover.

    Attributes
    ----------
    hop : int
        Frames from one analysis frame to the next, half its length.
    window : float64, shape (2 hop,)
        Analysis and synthesis window.
    low : float64, shape (n_low,)
        What the decoded signal gets of each bin; bins from `n_low` on are the originals'.
    shares : float64, shape (n_bands, n_low)
        How much each bin belongs to each band; a bin's shares sum to 1.
    smoothing : float64, shape (n_smoothed,)
        Weights of neighbouring analysis frames in a level, an odd number.
    """

    hop: int
    window: _Array
    low: _Array
    shares: _Array
    smoothing: _Array

    @classmethod
    def at(cls, sample_rate_hz: int) -> _Bands:
        """Frames of a power of two, 50 to 100 ms long."""
        hop = 1
        while 2 * hop < _FRAME_S * sample_rate_hz:
            hop *= 2
        bins_hz = np.arange(hop + 1) * (sample_rate_hz / (2 * hop))
        turn = np.sin((np.arange(2 * hop) + 0.5) * (np.pi / (2 * hop))) ** 2
        low = np.ones(hop + 1)
        if sample_rate_hz > _MODEL_RATE_HZ:
            start_hz, end_hz = CROSSOVER_HZ
            past = np.clip((bins_hz - start_hz) / (end_hz - start_hz), 0, 1)
            low = np.cos(past * (np.pi / 2)) ** 2
            low = low[bins_hz < end_hz]
        octave = np.log2(np.maximum(bins_hz[: len(low)], 1) / _BAND_CENTRES_HZ[0])
        octave = np.clip(octave, 0, len(_BAND_CENTRES_HZ) - 1)
        band = np.arange(len(_BAND_CENTRES_HZ))[:, np.newaxis]
        shares = np.maximum(1 - np.abs(octave - band), 0)
        n_half = round(_SMOOTHING_S / 2 * sample_rate_hz / hop)
        smoothing = np.hanning(2 * n_half + 3)[1:-1]
        return cls(hop, np.sin(turn * (np.pi / 2)), low, shares, smoothing)


@dataclass(frozen=True, slots=True, eq=False)
class _Matched:
    """Both signals below the crossover, float32 of shape (n_frames,)."""

    original: _Signal
    resynthesis: _Signal


def _matched(mid: _Signal, morph: _Signal, bands: _Bands, cancel: CancelToken) -> _Matched:
    """The low bands of the mid, and of the morph at the mid's levels."""
    hop, n_frames = bands.hop, len(mid)
    n_analysed = -(-n_frames // hop) + 1
    # A hop of silence in front, so that every frame of audio lies in two analysis frames.
    padded = np.zeros((2, (n_analysed + 1) * hop), np.float32)
    padded[0, hop : hop + n_frames], padded[1, hop : hop + n_frames] = mid, morph

    power = np.empty((3, n_analysed, len(bands.shares)))
    for span, (of_mid, of_morph) in _spectra(padded, bands):
        cancel.raise_if_cancelled()
        for row, (one, other) in enumerate(
            ((of_mid, of_mid), (of_morph, of_morph), (of_mid, of_morph))
        ):
            product = one.real * other.real + one.imag * other.imag
            # einsum, for the order of a BLAS's sums may depend on its threads.
            power[row, span] = np.einsum("tf,bf->tb", product, bands.shares)
    gain = _power_gains(power, bands.smoothing)

    output = np.zeros((2, n_analysed + 1, hop), np.float32)
    for span, (of_mid, of_morph) in _spectra(padded, bands):
        cancel.raise_if_cancelled()
        # Squares are interpolated between bands, for then a signal has the power asked for.
        for_mid, for_morph = (
            np.sqrt(np.einsum("tb,bf->tf", each[span], bands.shares)) for each in gain
        )
        blended = for_mid * of_mid + for_morph * of_morph
        for row, spectrum in enumerate((of_mid, blended)):
            frames = np.fft.irfft(spectrum, 2 * hop, axis=1) * bands.window
            output[row, span] += frames[:, :hop]
            output[row, span.start + 1 : span.stop + 1] += frames[:, hop:]
    original, resynthesis = output.reshape(2, -1)[:, hop : hop + n_frames]
    return _Matched(original, resynthesis)


def _spectra(padded: _Signal, bands: _Bands) -> Iterator[tuple[slice, npt.NDArray[np.complex128]]]:
    """Weighted spectra below the crossover, of both signals, a block of analysis frames at a time.

    Yields
    ------
    Which analysis frames, and their spectra: complex128, shape (2, frames of the block, n_low).
    """
    frames = np.lib.stride_tricks.sliding_window_view(padded, 2 * bands.hop, axis=1)
    frames = frames[:, :: bands.hop]
    for start in range(0, frames.shape[1], _BLOCK_FRAMES):
        span = slice(start, min(start + _BLOCK_FRAMES, frames.shape[1]))
        spectra = np.fft.rfft(frames[:, span] * bands.window, axis=2)
        yield span, spectra[:, :, : len(bands.low)] * bands.low


def _power_gains(power: _Array, smoothing: _Array) -> _Array:
    """Squared gains of the mid and of the morph that together have the mid's power.

    Parameters
    ----------
    power : float64, shape (3, n_analysed, n_bands)
        Power of the mid, of the morph, and of what they have in common.
    smoothing : float64, shape (n_smoothed,)
        Weights of neighbouring analysis frames.

    Returns
    -------
    float64, shape (2, n_analysed, n_bands)
    """
    level = np.empty_like(power)
    half = len(smoothing) // 2
    for row, band in np.ndindex(power.shape[0], power.shape[2]):
        level[row, :, band] = np.convolve(power[row, :, band], smoothing)[
            half : half + power.shape[1]
        ]
    of_mid, of_morph, in_common = level
    most = gain_from_db(MOST_GAIN_DB) ** 2
    # Where the mid is silent the morph may be as loud as silence: wholly there, at a gain of 0.
    share = np.divide(of_morph * most, of_mid, out=np.ones_like(of_mid), where=of_mid > 0)
    share = np.where(of_morph > 0, np.minimum(share, 1), 0)
    to_mid = np.divide(of_mid, of_morph, out=np.zeros_like(of_mid), where=share > 0)
    both = np.sqrt(of_mid) * np.sqrt(of_morph)
    alike = np.divide(in_common, both, out=np.zeros_like(both), where=both > 0)
    norm = _norm(np.sqrt(1 - share), np.sqrt(share), alike)
    return np.stack([(1 - share) * norm**2, share * to_mid * norm**2])


def _seam(original: _Signal, resynthesis: _Signal, seam_frames: int) -> _Array:
    """What to add to the plain crossfade from its end inwards, over one seam.

    Exactly 0 at the first frame.
    """
    along = np.arange(len(original)) / seam_frames
    angle = np.sin(along * (np.pi / 2)) ** 2 * (np.pi / 2)
    gain_out, gain_in = np.cos(angle), np.sin(angle)
    x, e = original.astype(np.float64), resynthesis.astype(np.float64)
    both = np.sqrt(np.sum(x * x)) * np.sqrt(np.sum(e * e))
    norm = _norm(gain_out, gain_in, np.sum(x * e) / both if both > 0 else 0.0)
    change: _Array = norm * gain_in * e + (norm * gain_out - 1) * x
    return change


def _norm(a: _Array, b: _Array, correlation: _Array | float) -> _Array:
    """What makes the power of two signals under gains of ``a**2 + b**2 = 1`` that of either."""
    norm: _Array = 1 / np.sqrt(1 + 2 * np.clip(correlation, _MOST_OPPOSED, 1) * a * b)
    return norm


def _check_mono(name: str, samples: npt.NDArray[np.float32]) -> None:
    """Refuse what is not a finite mono signal."""
    if samples.ndim != 1 or samples.dtype != np.float32:
        raise ValueError(
            f"{name} is {samples.dtype} of shape {samples.shape}; give float32 of shape (frames,)"
        )
    if not np.isfinite(samples).all():
        raise ValueError(f"{name} holds NaN or infinity; give finite samples")


def _check_rate(sample_rate_hz: int) -> None:
    """Refuse a rate that no mix has."""
    if not 8000 <= sample_rate_hz <= 192_000:
        raise ValueError(f"sample_rate_hz is {sample_rate_hz}; give 8000 to 192000")

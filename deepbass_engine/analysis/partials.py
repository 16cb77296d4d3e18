"""The partials of a sound, frame by frame: the peaks of its spectrum, in bounded memory.

Frames are 8192 samples at 44.1 kHz (0.19 s), half of one after the other; a sound at another rate
is converted first. What lies below 150 Hz comes from frames twice as long about the same place,
where that is within the sound: bass notes stand only a few hertz apart. All have a Hann window.

A partial is a local maximum of the magnitudes between 20 Hz and 20 kHz. Where between two bins it
lies, and how loud it is, follows from the two largest bins, exactly for a lone steady sine
(T. Grandke, Interpolation Algorithms for Discrete Fourier Transforms of Weighted Signals, IEEE
Trans. Instrumentation and Measurement 32, 1983). What is more than 24 dB under the frame's loudest
partial is left out: so the level changes nothing, and notes are not outnumbered by the hundreds of
weak peaks that any noise has (under drums, chords a semitone apart stand out at 24 dB, at 40 dB no
longer).

`find_partials_plain` is the specification, `find_partials` the same, compiled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from deepbass_engine.analysis.compiled import compiled
from deepbass_engine.progress import CancelToken

SAMPLE_RATE_HZ = 44_100
SHORT_FRAMES = 8_192
LONG_FRAMES = 16_384
HOP_FRAMES = 4_096
HOP_S = HOP_FRAMES / SAMPLE_RATE_HZ
FLOOR_GAIN = 10.0 ** (-24.0 / 20.0)

_SHORT_BIN_HZ = SAMPLE_RATE_HZ / SHORT_FRAMES
_LONG_BIN_HZ = SAMPLE_RATE_HZ / LONG_FRAMES
_LOWEST_HZ, _BORDER_FROM_HZ, _BORDER_TO_HZ, _HIGHEST_HZ = 20.0, 140.0, 160.0, 20_000.0
_SHORT_LOWEST_BIN = math.ceil(_LOWEST_HZ / _SHORT_BIN_HZ)
_SHORT_END_BIN = math.floor(_HIGHEST_HZ / _SHORT_BIN_HZ)
_LONG_LOWEST_BIN = math.ceil(_LOWEST_HZ / _LONG_BIN_HZ)
_BORDER_BIN = math.ceil(_BORDER_FROM_HZ / _LONG_BIN_HZ)
_BORDER_END_BIN = math.floor(_BORDER_TO_HZ / _LONG_BIN_HZ) + 1
_MOST_PARTIALS = (_SHORT_END_BIN + _BORDER_END_BIN) // 2

_HOPS_IN_SHORT = SHORT_FRAMES // HOP_FRAMES
_HOPS_IN_LONG = LONG_FRAMES // HOP_FRAMES
_HOPS_AT_A_TIME = 16
_SHORT_WINDOW = np.hanning(SHORT_FRAMES + 1)[:-1] * (4.0 / SHORT_FRAMES)
_LONG_WINDOW = np.hanning(LONG_FRAMES + 1)[:-1] * (4.0 / LONG_FRAMES)


@dataclass(frozen=True, slots=True, eq=False)
class Partials:
    """Partials of some frames in a row, those of a frame in rising order of frequency.

    Attributes
    ----------
    frequencies_hz, amplitudes : float64, shape (n_frames, any)
        0 behind a frame's last partial. A sine has the amplitude of its samples.
    counts : int64, shape (n_frames,)
        How many partials each frame has.
    """

    frequencies_hz: NDArray[np.float64]
    amplitudes: NDArray[np.float64]
    counts: NDArray[np.int64]


def partials(
    mono: NDArray[np.floating[Any]], sample_rate_hz: int, *, cancel: CancelToken | None = None
) -> Iterator[Partials]:
    """Find the partials of a sound.

    Parameters
    ----------
    mono
        Finite samples, float, shape (n,). What is shorter than a frame is followed by silence;
        what remains behind the last whole frame, less than half of one, is not looked at.
    sample_rate_hz
        Its rate.

    Yields
    ------
    Partials of the next frames; of one frame at least in all. What they hold does not depend on
    how many frames come at a time.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    held, n_hops_gone, n_done = np.empty(0), 0, 0
    for piece in _converted(mono, sample_rate_hz):
        if cancel is not None:
            cancel.raise_if_cancelled()
        held = np.concatenate([held, piece])
        n_hops = n_hops_gone + len(held) // HOP_FRAMES
        n_ready = n_hops - _HOPS_IN_LONG + 2  # frames whose long frame has been heard to its end
        if n_hops >= _HOPS_IN_LONG and n_ready > n_done:
            yield _found(held, n_hops_gone, n_hops, range(n_done, n_ready))
            n_done = n_ready
            n_wanted = max(0, n_done - 2)  # the last frame's long frame may begin two hops before
            held = held[(n_wanted - n_hops_gone) * HOP_FRAMES :]
            n_hops_gone = n_wanted
    if len(held) < SHORT_FRAMES:
        held = np.pad(held, (0, SHORT_FRAMES - len(held)))
    n_hops = n_hops_gone + len(held) // HOP_FRAMES
    yield _found(held, n_hops_gone, n_hops, range(n_done, n_hops - _HOPS_IN_SHORT + 1))


def _converted(mono: NDArray[np.floating[Any]], rate_hz: int) -> Iterator[NDArray[np.float64]]:
    """Pieces of the sound at 44.1 kHz."""
    n_at_a_time = max(1, _HOPS_AT_A_TIME * HOP_FRAMES * rate_hz // SAMPLE_RATE_HZ)
    pieces = (
        mono[start : start + n_at_a_time].astype(np.float64)
        for start in range(0, len(mono), n_at_a_time)
    )
    if rate_hz == SAMPLE_RATE_HZ:
        yield from pieces
        return
    stream = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, "float64", "VHQ")
    for piece in pieces:
        yield stream.resample_chunk(piece)
    yield stream.resample_chunk(np.empty(0), last=True)


def _found(held: NDArray[np.float64], n_hops_gone: int, n_hops: int, frames: range) -> Partials:
    """Partials of some frames.

    Parameters
    ----------
    held
        Samples from some hop on.
    n_hops_gone
        Hops of the sound before those.
    n_hops
        Whole hops of the sound so far, or in all.
    frames
        Which frames; they lie within `held`, and so do the long ones that belong to them.
    """
    starts = np.arange(frames.start, frames.stop)
    shorts = _spectra(held, starts - n_hops_gone, _SHORT_WINDOW)
    if n_hops >= _HOPS_IN_LONG:
        starts = np.clip(starts - 1, 0, n_hops - _HOPS_IN_LONG)
        longs = _spectra(held, starts - n_hops_gone, _LONG_WINDOW)
    else:
        longs = np.empty((0, LONG_FRAMES // 2 + 1), np.complex128)
    found = Partials(
        np.zeros((len(frames), _MOST_PARTIALS)),
        np.zeros((len(frames), _MOST_PARTIALS)),
        np.zeros(len(frames), np.int64),
    )
    find_partials(shorts, longs, found.frequencies_hz, found.amplitudes, found.counts)
    return found


def _spectra(
    held: NDArray[np.float64], starts: NDArray[np.int64], window: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Spectra of the frames that begin at some hops; the middle of a lobe is the amplitude."""
    spectra = np.empty((len(starts), len(window) // 2 + 1), np.complex128)
    for spectrum, start in zip(spectra, starts * HOP_FRAMES, strict=True):
        np.fft.rfft(held[start : start + len(window)] * window, out=spectrum)
    return spectra


def find_partials_plain(
    shorts: NDArray[np.complex128],
    longs: NDArray[np.complex128],
    frequencies_hz: NDArray[np.float64],
    amplitudes: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> None:
    """Find the partials of frames.

    A partial near 150 Hz is not to be found in both frames, nor in neither: the border between
    what each is asked for lies where the long one holds least between 140 and 160 Hz.

    Parameters
    ----------
    shorts, longs
        Spectra of the short and the long frames, shape (n_frames, bins). Without long ones, shape
        (0, bins), all comes from the short ones.
    frequencies_hz, amplitudes, counts
        Receive the partials, see `Partials`. All zero before.
    """
    for frame, short in enumerate(shorts):
        border_hz = 0.0
        parts = []
        if len(longs):
            power = longs[frame].real ** 2 + longs[frame].imag ** 2
            border = _BORDER_BIN + int(np.argmin(power[_BORDER_BIN:_BORDER_END_BIN]))
            border_hz = border * _LONG_BIN_HZ
            parts.append(_peaks_plain(power, _LONG_LOWEST_BIN, border, _LONG_BIN_HZ))
        power = short.real**2 + short.imag**2
        above = _peaks_plain(power, _SHORT_LOWEST_BIN, _SHORT_END_BIN, _SHORT_BIN_HZ)
        parts.append(above[:, above[0] >= border_hz])
        found = np.concatenate(parts, axis=1)
        found = found[:, found[1] >= FLOOR_GAIN * found[1].max(initial=0.0)]
        counts[frame] = found.shape[1]
        frequencies_hz[frame, : counts[frame]], amplitudes[frame, : counts[frame]] = found


def _peaks_plain(
    power: NDArray[np.float64], first: int, end: int, bin_hz: float
) -> NDArray[np.float64]:
    """Frequencies and amplitudes of the peaks from one bin up to another, shape (2, n_peaks)."""
    bins = np.arange(first, end)
    bins = bins[(power[bins] > power[bins - 1]) & (power[bins] >= power[bins + 1])]
    is_above = power[bins + 1] > power[bins - 1]
    ratio = np.sqrt(np.maximum(power[bins + 1], power[bins - 1]) / power[bins])
    offset = np.maximum((2.0 * ratio - 1.0) / (ratio + 1.0), 0.0)
    amplitude = np.sqrt(power[bins]) * (1.0 - offset * offset) / np.sinc(offset)
    return np.array([(bins + np.where(is_above, offset, -offset)) * bin_hz, amplitude])


@compiled(
    "void(float64[::1], int64, int64, float64, float64, float64[::1], float64[::1], int64[::1])"
)
def _add_peaks(
    power: NDArray[np.float64],
    first: int,
    end: int,
    bin_hz: float,
    lowest_hz: float,
    frequencies_hz: NDArray[np.float64],
    amplitudes: NDArray[np.float64],
    count: NDArray[np.int64],
) -> None:
    """Add a frame's peaks from one bin up to another, and not under some frequency."""
    for k in range(first, end):
        if not (power[k] > power[k - 1] and power[k] >= power[k + 1]):
            continue
        ratio = math.sqrt(max(power[k + 1], power[k - 1]) / power[k])
        offset = max((2.0 * ratio - 1.0) / (ratio + 1.0), 0.0)
        frequency_hz = (k + (offset if power[k + 1] > power[k - 1] else -offset)) * bin_hz
        if frequency_hz < lowest_hz:
            continue
        turned = math.pi * offset
        sinc = math.sin(turned) / turned if turned > 0.0 else 1.0
        frequencies_hz[count[0]] = frequency_hz
        amplitudes[count[0]] = math.sqrt(power[k]) * (1.0 - offset * offset) / sinc
        count[0] += 1


@compiled(
    "void(complex128[:, ::1], complex128[:, ::1], float64[:, ::1], float64[:, ::1], int64[::1])"
)
def find_partials(
    shorts: NDArray[np.complex128],
    longs: NDArray[np.complex128],
    frequencies_hz: NDArray[np.float64],
    amplitudes: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> None:
    """Do what `find_partials_plain` does."""
    short_power = np.empty(shorts.shape[1])
    long_power = np.empty(_BORDER_END_BIN + 1)
    for frame in range(len(shorts)):
        frequencies, heights = frequencies_hz[frame], amplitudes[frame]
        count = counts[frame : frame + 1]
        border_hz = 0.0
        if len(longs):
            for k in range(len(long_power)):
                value = longs[frame, k]
                long_power[k] = value.real * value.real + value.imag * value.imag
            border = _BORDER_BIN
            for k in range(_BORDER_BIN, _BORDER_END_BIN):
                if long_power[k] < long_power[border]:
                    border = k
            border_hz = border * _LONG_BIN_HZ
            _add_peaks(
                long_power, _LONG_LOWEST_BIN, border, _LONG_BIN_HZ, 0.0,
                frequencies, heights, count,
            )  # fmt: skip
        for k in range(_SHORT_END_BIN + 1):
            value = shorts[frame, k]
            short_power[k] = value.real * value.real + value.imag * value.imag
        _add_peaks(
            short_power, _SHORT_LOWEST_BIN, _SHORT_END_BIN, _SHORT_BIN_HZ, border_hz,
            frequencies, heights, count,
        )  # fmt: skip
        floor = 0.0
        for i in range(count[0]):
            floor = max(floor, FLOOR_GAIN * heights[i])
        n_kept = 0
        for i in range(count[0]):
            frequency_hz, height = frequencies[i], heights[i]
            frequencies[i] = heights[i] = 0.0
            if height >= floor:
                frequencies[n_kept], heights[n_kept] = frequency_hz, height
                n_kept += 1
        count[0] = n_kept

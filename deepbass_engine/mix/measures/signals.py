"""A transition and its two tracks as the measures hear them: mono, at 44.1 kHz, as loud as any."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from deepbass_engine.mix.transition_audio import TransitionAudio
from deepbass_engine.units import clock_text, rescale_frames, seconds_from_frames

RATE_HZ = 44_100
_SILENT_GAIN = 1e-4

Mono = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """The sum of the channels of a `TransitionAudio`, at `RATE_HZ`, over the loudest sample of all.

    Attributes
    ----------
    outgoing, incoming, heard : float32, shape (n,)
        As there.
    n_before, n_frames
        Frames before the transition, and of it.
    """

    outgoing: Mono
    incoming: Mono
    heard: Mono
    n_before: int
    n_frames: int

    @classmethod
    def of(cls, audio: TransitionAudio) -> Signals:
        """Prepare a transition for being measured."""
        rate_hz = audio.sample_rate_hz
        parts = (audio.outgoing, audio.incoming, audio.heard)
        loudest = max(_peak(samples) for samples in parts) or 1.0
        outgoing, incoming, heard = (
            _at_rate(_middle(samples, loudest), rate_hz) for samples in parts
        )
        n_frames = rescale_frames(audio.n_frames, rate_hz, RATE_HZ)
        n_before = len(outgoing) - n_frames
        return cls(outgoing, incoming, heard, n_before, n_frames)

    @property
    def tail(self) -> Mono:
        """The track that leaves, under the transition."""
        return self.outgoing[self.n_before :]

    @property
    def head(self) -> Mono:
        """The track that enters, under the transition."""
        return self.incoming[: self.n_frames]

    @property
    def mixed(self) -> Mono:
        """The transition."""
        return self.heard[self.n_before : self.n_before + self.n_frames]

    def near(self, margin_s: float) -> Signals:
        """The same with so much of the tracks around the transition, or as much as there is."""
        margin = round(margin_s * RATE_HZ)
        n_before = min(margin, self.n_before)
        first, stop = self.n_before - n_before, self.n_before + self.n_frames + margin
        return Signals(
            self.outgoing[first:],
            self.incoming[: self.n_frames + margin],
            self.heard[first:stop],
            n_before,
            self.n_frames,
        )

    @property
    def before_s(self) -> float:
        """Seconds before the transition."""
        return seconds_from_frames(self.n_before, RATE_HZ)

    @property
    def fade_s(self) -> float:
        """Seconds of the transition."""
        return seconds_from_frames(self.n_frames, RATE_HZ)


def is_silent(signal: Mono) -> bool:
    """Whether a signal is 80 dB below the loudest sample, throughout."""
    return _peak(signal) < _SILENT_GAIN


def span_text(range_s: tuple[float, float]) -> str:
    """A stretch of time in words.

    >>> span_text((3.1, 3.9))
    'from 0:03.1 to 0:03.9'
    """
    return f"from {clock_text(range_s[0])} to {clock_text(range_s[1])}"


def _middle(samples: NDArray[np.float32], loudest: float) -> Mono:
    """The mean of both channels, over the loudest sample; halves first, for they may be huge."""
    scale = np.float32(0.5 / loudest)
    return np.asarray(samples[:, 0] * scale + samples[:, 1] * scale)


def _peak(signal: NDArray[np.float32]) -> float:
    return max(float(signal.max(initial=0.0)), -float(signal.min(initial=0.0)))


def _at_rate(mono: Mono, rate_hz: int) -> Mono:
    if rate_hz == RATE_HZ or len(mono) == 0:
        return mono
    converted = soxr.resample(mono, rate_hz, RATE_HZ, "HQ")
    n_frames = rescale_frames(len(mono), rate_hz, RATE_HZ)
    return np.pad(converted, (0, max(0, n_frames - len(converted))))[:n_frames]

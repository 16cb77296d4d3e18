"""The original program's two songs: the end of the first and the beginning of the second.

::

    first song   ~~~~~~~~~~~~~~~~[=======]....        . silence found by the trim
    second song           ......[=======]~~~~~~~~     = the stretches under the fade

As the original did, both songs are averaged to mono and brought to one rate, and the fade is made
of the last seconds of the first song and the first seconds of the second. What is done otherwise is
ruled on in ``docs/decisions/0005-the-originals-faults.md``. Above all:

* Silence at the end of the first and the beginning of the second song is left out first, by the
  rule of `deepbass_engine.analysis.silence.span_by_rms` with the configured search window.
* A fade is never longer than what is left of the shorter song: it is shortened to that, and the
  result says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.silence import StepEnergy, span_by_rms
from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.decode import Decoding, count_frames, probe
from deepbass_engine.audio.resample import resampled_blocks
from deepbass_engine.errors import InputError, shown
from deepbass_engine.legacy_ini import LegacyConfig
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.project import Problem, Span
from deepbass_engine.units import frames_from_seconds, seconds_from_frames


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """The part of a song that is under the fade, and its surroundings; frames at the job's rate.

    Attributes
    ----------
    path
        The song.
    n_frames
        Its length.
    silence
        What was left out where the song meets the other one: the end of the first song or the
        beginning of the second; of no length if that is not silent.
    used
        The part under the fade: up to the silence in the first song, from there in the second.
    nearby : float32, shape (frames, 1)
        A part of the song that holds `used` and the silence that was left out.
    nearby_start_frame
        Where in the song `nearby` begins.
    problems
        What of the file could not be played.
    """

    path: Path
    n_frames: int
    silence: Span
    used: Span
    nearby: NDArray[np.float32]
    nearby_start_frame: int
    problems: tuple[Problem, ...]

    @property
    def samples(self) -> NDArray[np.float32]:
        """Samples under the fade, float32 of shape (frames, 1)."""
        start = self.used.start_frame - self.nearby_start_frame
        return self.nearby[start : start + self.used.n_frames]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SongPair:
    """Two songs, each with the stretch of it that is under the fade.

    Attributes
    ----------
    sample_rate_hz
        Rate of all samples.
    first, second
        The stretches, of the same length.
    asked_frames
        Length of the fade as configured.
    shortened_because
        Which song is too short for that; empty if neither is.
    """

    sample_rate_hz: int
    first: Stretch
    second: Stretch
    asked_frames: int
    shortened_because: str

    @property
    def n_frames(self) -> int:
        """Length of the fade in frames."""
        return self.first.used.n_frames

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What of the two files could not be played."""
        return self.first.problems + self.second.problems


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Crossfade(SongPair):
    """Two songs joined, in whatever way.

    Attributes
    ----------
    style
        Name of the ramp or fade.
    mix : float32, shape (frames, 1)
        What is heard.
    """

    style: str
    mix: NDArray[np.float32]

    @property
    def peak(self) -> float:
        """Largest magnitude of the mix, full scale at 1; the files hold more than that too."""
        return float(np.max(np.abs(self.mix)))


def read_pair(
    config: LegacyConfig,
    sample_rate_hz: int,
    time_s: float,
    *,
    hop: int = 1,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> SongPair:
    """Read both songs of a configuration, and of each what is under the fade.

    Parameters
    ----------
    config
        Names the songs and the trim's search window.
    sample_rate_hz
        Rate they are brought to.
    time_s
        Length of the fade.
    hop
        The stretches are cut down to a whole number of hops, on the side away from the join.

    Raises
    ------
    InputError
        If a song can't be used: missing, no audio, no frames, silent throughout, or shorter than
        a hop.
    Cancelled
        If asked to stop.
    """
    cancel = cancel or CancelToken()
    asked_frames = max(1, frames_from_seconds(time_s, sample_rate_hz))
    stretches = []
    for done, (path, at_end) in enumerate(((config.first_song, True), (config.second_song, False))):
        if on_progress is not None:
            on_progress(Progress("reading", done, 2))
        stretches.append(
            _read(path, sample_rate_hz, config.search_s, asked_frames, at_end=at_end, cancel=cancel)
        )
    if on_progress is not None:
        on_progress(Progress("reading", 2, 2))
    shorter = min(stretches, key=lambda stretch: stretch.used.n_frames)
    left_frames = shorter.used.n_frames
    left_s = seconds_from_frames(left_frames, sample_rate_hz)
    trimmed = " without its silence" if shorter.silence.n_frames else ""
    n_frames = left_frames // hop * hop
    if not n_frames:
        raise InputError(
            f"is only {left_s:.3f} s long{trimmed}, and the model hears no less than "
            f"{seconds_from_frames(hop, sample_rate_hz):.3f} s",
            path=shorter.path,
            hint="give a longer song",
        )
    shortened_because = ""
    if left_frames < asked_frames:
        shortened_because = f"{shown(shorter.path.name)} is only {left_s:.2f} s long{trimmed}"
    return SongPair(
        sample_rate_hz=sample_rate_hz,
        first=_shortened(stretches[0], n_frames, at_end=True),
        second=_shortened(stretches[1], n_frames, at_end=False),
        asked_frames=asked_frames,
        shortened_because=shortened_because,
    )


def _read(
    path: Path,
    rate_hz: int,
    search_s: float,
    asked_frames: int,
    *,
    at_end: bool,
    cancel: CancelToken,
) -> Stretch:
    """Read a song once; keep the part of it that the trim and the fade may reach, no more."""
    source = probe(path)
    decoding = Decoding(source)
    mono: Iterator[NDArray[np.float32]] = (b.mean(axis=1, keepdims=True) for b in decoding)
    if source.sample_rate_hz != rate_hz:
        mono = resampled_blocks(mono, source.sample_rate_hz, rate_hz, 1)
    steps = StepEnergy(rate_hz, 1)
    reach_frames = frames_from_seconds(search_s, rate_hz) + asked_frames
    kept: deque[NDArray[np.float32]] = deque()
    n_frames = kept_frames = 0
    for block in mono:
        cancel.raise_if_cancelled()
        steps.push(block)
        n_frames += len(block)
        if at_end or kept_frames < reach_frames:
            kept.append(block)
            kept_frames += len(block)
        while at_end and kept_frames - len(kept[0]) >= reach_frames:
            kept_frames -= len(kept.popleft())
    source = count_frames(replace(source, frames=decoding.n_frames))
    span = span_by_rms(steps.finish(), steps.step_frames, n_frames, rate_hz, search_s)
    if span is None:
        raise InputError("is silent throughout", path=path, hint="give another song")
    if at_end:
        silence = Span(span.end_frame, n_frames)
        used = Span(max(0, span.end_frame - asked_frames), span.end_frame)
    else:
        silence = Span(0, span.start_frame)
        used = Span(span.start_frame, min(n_frames, span.start_frame + asked_frames))
    whole = Span(0, decoding.n_frames)
    return Stretch(
        path=path,
        n_frames=n_frames,
        silence=silence,
        used=used,
        nearby=np.concatenate(kept),
        nearby_start_frame=n_frames - kept_frames if at_end else 0,
        problems=TrackAnalysis(source, whole, n_not_finite=decoding.n_not_finite).problems,
    )


def _shortened(stretch: Stretch, n_frames: int, *, at_end: bool) -> Stretch:
    """The stretch with only its last or first `n_frames` under the fade."""
    used = stretch.used
    if at_end:
        return replace(stretch, used=Span(used.end_frame - n_frames, used.end_frame))
    return replace(stretch, used=Span(used.start_frame, used.start_frame + n_frames))

"""The original program's crossfade: the end of one song into the beginning of another.

::

    first song   ~~~~~~~~~~~~~~~~[=======]....        . silence found by the trim
    second song           ......[=======]~~~~~~~~     = the stretches under the fade

As the original did, both songs are averaged to mono and brought to the configured rate, and the
fade is made of the last ``time`` seconds of the first song and the first ``time`` seconds of the
second. What is done otherwise is ruled on in ``docs/decisions/0005-the-originals-faults.md``. Above
all:

* Silence at the end of the first and the beginning of the second song is left out first, by the
  rule of `deepbass_engine.analysis.silence.span_by_rms` with the configured search window.
* A fade is never longer than what is left of the shorter song: it is shortened to that, and the
  result says so.
* `Random_Linear` draws by a seed.

`deepbass_engine.mix.original_job` writes the files.
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
from deepbass_engine.fades.curves import FadeGains, gains
from deepbass_engine.legacy_ini import LegacyConfig
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.project import Problem, Span
from deepbass_engine.settings import curve_pair
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


@dataclass(frozen=True, slots=True, eq=False)
class SongCrossfade:
    """Two songs crossfaded.

    Attributes
    ----------
    sample_rate_hz
        Rate of all samples.
    style
        Name of the ramp.
    first, second
        The stretch of each song under the fade.
    gains
        Gain of each song along the fade.
    end_faded, begin_faded : float32, shape (frames, 1)
        Each stretch under its ramp.
    mix : float32, shape (frames, 1)
        Their sum.
    asked_frames
        Length of the fade as configured.
    shortened_because
        Why the fade is shorter than that; empty if it is not.
    """

    sample_rate_hz: int
    style: str
    first: Stretch
    second: Stretch
    gains: FadeGains
    end_faded: NDArray[np.float32]
    begin_faded: NDArray[np.float32]
    mix: NDArray[np.float32]
    asked_frames: int
    shortened_because: str

    @property
    def n_frames(self) -> int:
        """Length of the fade in frames."""
        return len(self.mix)

    @property
    def peak(self) -> float:
        """Largest magnitude of the mix, full scale at 1; the files hold more than that too."""
        return float(np.max(np.abs(self.mix)))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What of the two files could not be played."""
        return self.first.problems + self.second.problems


def crossfade_songs(
    config: LegacyConfig,
    *,
    seed: int = 0,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> SongCrossfade:
    """Crossfade the two songs of a configuration.

    Parameters
    ----------
    config
        What is asked for.
    seed
        Seed of `Random_Linear`.

    Raises
    ------
    InputError
        If a song can't be used: missing, no audio, no frames, or silent throughout.
    Cancelled
        If asked to stop.
    """
    cancel = cancel or CancelToken()
    rate_hz = config.sample_rate_hz
    asked_frames = max(1, frames_from_seconds(config.simple_time_s, rate_hz))
    stretches = []
    for done, (path, at_end) in enumerate(((config.first_song, True), (config.second_song, False))):
        if on_progress is not None:
            on_progress(Progress("reading", done, 2))
        stretches.append(_read(path, config, asked_frames, at_end=at_end, cancel=cancel))
    if on_progress is not None:
        on_progress(Progress("reading", 2, 2))
    shorter = min(stretches, key=lambda stretch: stretch.used.n_frames)
    n_frames = shorter.used.n_frames
    shortened_because = ""
    if n_frames < asked_frames:
        left_s = seconds_from_frames(n_frames, rate_hz)
        trimmed = " without its silence" if shorter.silence.n_frames else ""
        shortened_because = f"{shown(shorter.path.name)} is only {left_s:.2f} s long{trimmed}"
    first = _shortened(stretches[0], n_frames, at_end=True)
    second = _shortened(stretches[1], n_frames, at_end=False)
    gain = gains(curve_pair(config.simple_style), n_frames, seed=seed)
    end_faded = first.samples * gain.fade_out[:, np.newaxis]
    begin_faded = second.samples * gain.fade_in[:, np.newaxis]
    return SongCrossfade(
        sample_rate_hz=rate_hz,
        style=config.simple_style,
        first=first,
        second=second,
        gains=gain,
        end_faded=end_faded,
        begin_faded=begin_faded,
        mix=end_faded + begin_faded,
        asked_frames=asked_frames,
        shortened_because=shortened_because,
    )


def _read(
    path: Path, config: LegacyConfig, asked_frames: int, *, at_end: bool, cancel: CancelToken
) -> Stretch:
    """Read a song once; keep the part of it that the trim and the fade may reach, no more."""
    rate_hz = config.sample_rate_hz
    source = probe(path)
    decoding = Decoding(source)
    mono: Iterator[NDArray[np.float32]] = (b.mean(axis=1, keepdims=True) for b in decoding)
    if source.sample_rate_hz != rate_hz:
        mono = resampled_blocks(mono, source.sample_rate_hz, rate_hz, 1)
    steps = StepEnergy(rate_hz, 1)
    reach_frames = frames_from_seconds(config.search_s, rate_hz) + asked_frames
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
    span = span_by_rms(steps.finish(), steps.step_frames, n_frames, rate_hz, config.search_s)
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

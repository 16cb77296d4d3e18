"""The audio of a transition and what it is made of, with a little of both tracks around it.

    outgoing   |--before--|=======tail=======|
    incoming              |=======head=======|--behind--|
    mixed                 |=======mixed======|

Both tracks are as they are in their files, without their fades.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.fades.curves import FadeGains, gains
from deepbass_engine.mix.band_fade import bass_gains
from deepbass_engine.mix.plan import Fade, MixPlan
from deepbass_engine.settings import curve_pair
from deepbass_engine.units import seconds_from_frames

Times = NDArray[np.float64]

CONTEXT_S = 3.0
"""What is looked at of each track beside the transition, where it has as much."""


@dataclass(frozen=True, slots=True, eq=False)
class TransitionAudio:
    """What is measured.

    Attributes
    ----------
    sample_rate_hz
        Rate of all of it.
    outgoing : float32, shape (n_before + n_frames, 2)
        The track that leaves, to the end of the transition.
    incoming : float32, shape (n_frames + n_behind, 2)
        The track that enters, from the begin of the transition.
    mixed : float32, shape (n_frames, 2)
        The transition; of no frames for a cut.
    gains
        What the lows of the two tracks are multiplied with, or None where a model speaks.
    discarded_s
        Music that is left out: at the end of the track that leaves, at the begin of the other.
    loudness_lufs
        Integrated loudness of both tracks, whole; None where it is not known of both.
    beats_s
        Times of the beats of both tracks, from where the transition begins; None where those of
        one are not sure.
    is_flawless
        Whether it is what was truly in the files.
    """

    sample_rate_hz: int
    outgoing: NDArray[np.float32]
    incoming: NDArray[np.float32]
    mixed: NDArray[np.float32]
    gains: FadeGains | None
    discarded_s: tuple[float, float] = (0.0, 0.0)
    loudness_lufs: tuple[float, float] | None = None
    beats_s: tuple[Times, Times] | None = None
    is_flawless: bool = True

    @property
    def n_frames(self) -> int:
        """Length of the transition."""
        return len(self.mixed)

    @property
    def n_before(self) -> int:
        """Frames of the track that leaves before the transition."""
        return len(self.outgoing) - self.n_frames

    @property
    def heard(self) -> NDArray[np.float32]:
        """What is heard: the one track, the transition, the other track."""
        return np.concatenate(
            [self.outgoing[: self.n_before], self.mixed, self.incoming[self.n_frames :]]
        )


def gains_of(fade: Fade, sample_rate_hz: int) -> FadeGains | None:
    """What a planned transition multiplies the lows of its tracks with.

    None where a model speaks it.
    """
    if fade.method == "nsynth":
        return None
    if fade.join is not None:
        return bass_gains(fade.join, sample_rate_hz)
    return gains(curve_pair(fade.curve), fade.n_frames, seed=fade.seed)


def discarded_s(plan: MixPlan, index: int) -> tuple[float, float]:
    """Audible music that is left out at a transition, of the one track and of the other."""
    leaving, entering = plan.tracks[index], plan.tracks[index + 1]
    n_end = max(0, leaving.audible.end_frame - leaving.span.end_frame)
    n_start = max(0, entering.span.start_frame - entering.audible.start_frame)
    rate_hz = plan.sample_rate_hz
    return seconds_from_frames(n_end, rate_hz), seconds_from_frames(n_start, rate_hz)


def beats_s(plan: MixPlan, index: int) -> tuple[Times, Times] | None:
    """When the beats of both tracks are heard within a transition; None where one is not sure."""
    fade, rate_hz = plan.fades[index], plan.sample_rate_hz
    found = []
    for track, first in (
        (plan.tracks[index], fade.out_frame),
        (plan.tracks[index + 1], fade.in_frame),
    ):
        if track.beats is None or not track.beats.is_sure:
            return None
        ends = (track.warp.source_frame(first), track.warp.source_frame(first + fade.n_frames))
        own_s = track.beats.beats_s(ends[0] / rate_hz, ends[1] / rate_hz)
        heard = [track.warp.heard_frame(time_s * rate_hz) - first for time_s in own_s]
        found.append(np.array(heard) / rate_hz)
    return found[0], found[1]


def loudness_lufs(plan: MixPlan, index: int) -> tuple[float, float] | None:
    """Loudness of both tracks of a transition, if both were measured."""
    leaving, entering = (plan.tracks[index + side].loudness_lufs for side in (0, 1))
    return None if leaving is None or entering is None else (leaving, entering)

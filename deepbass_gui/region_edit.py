"""What becomes of a transition's region when one of its handles is moved: plain arithmetic.

Each of the two tracks shows the region as a stretch ``[begin, end)`` of its own time, with three
handles: its left edge, its right edge and the whole. A move changes the stretch of the track it is
made in; the other track keeps its own cut and takes the same length::

    leaving    ----[====|====]           right edge and whole move the end,
                   |         |           the left edge only the length
    entering       [====|====]-----      left edge and whole move the begin,
                                         the right edge only the length

A move goes as far as the two tracks and their other transitions allow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.project import Span
from deepbass_engine.settings import TransitionSpec, described
from deepbass_engine.units import frames_from_seconds, rescale_frames
from deepbass_gui.edits import Region

LONGEST_S = next(s.maximum or 0.0 for s in described(TransitionSpec) if s.name == "duration_s")
"""No transition may be longer."""


class Lane(Enum):
    """One of the two tracks of a transition."""

    OUT = "out"
    IN = "in"


class Handle(Enum):
    """What of a region is taken hold of."""

    WHOLE = "whole"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a region can go, in frames at the mix's rate.

    Attributes
    ----------
    out_start_frame
        Begin of the part of the leaving track that is used.
    out_frames
        Length of its file.
    out_wanted
        What the transition before wants of it.
    in_end_frame
        End of the part of the entering track that is used.
    in_wanted
        What the transition after wants of it.
    longest
        The longest transition there may be.
    """

    out_start_frame: int
    out_frames: int
    out_wanted: int
    in_end_frame: int
    in_wanted: int
    longest: int

    @classmethod
    def of(cls, plan: MixPlan, index: int, analyses: tuple[TrackAnalysis, TrackAnalysis]) -> Limits:
        """The limits of a planned transition, whose two tracks `analyses` are of."""
        rate_hz = plan.sample_rate_hz
        fades, lengths = plan.fades, [track.span.n_frames for track in plan.tracks]
        before = fades[index - 1].asked_frames if index else 0
        after = fades[index + 1].asked_frames if index + 1 < len(fades) else 0
        return cls(
            out_start_frame=plan.tracks[index].span.start_frame,
            out_frames=file_frames(analyses[0].source, rate_hz),
            out_wanted=min(before, lengths[index - 1]) if index else 0,
            in_end_frame=plan.tracks[index + 1].span.end_frame,
            in_wanted=min(after, lengths[index + 2]) if index + 2 < len(lengths) else 0,
            longest=frames_from_seconds(LONGEST_S, rate_hz),
        )

    def allow(self, region: Region) -> bool:
        """Whether a transition may lie there and would be as long as the region says."""
        leaving = region.out_end_frame - self.out_start_frame
        entering = self.in_end_frame - region.in_start_frame
        return (
            leaving > 0
            and region.out_end_frame <= self.out_frames
            and region.in_start_frame >= 0
            and entering > 0
            and 0 <= region.n_frames <= self.longest
            and region.n_frames <= _room(leaving, self.out_wanted)
            and region.n_frames <= _room(entering, self.in_wanted)
        )


def file_frames(source: AudioSource, rate_hz: int) -> int:
    """Length of a file at the mix's rate."""
    return rescale_frames(source.frames or 0, source.sample_rate_hz, rate_hz)


def _room(n_frames: int, other_wanted: int) -> int:
    """The longest transition in a track of which another one wants a part; as in `mix.plan`."""
    return max(n_frames // 2, n_frames - min(other_wanted, n_frames))


def stretch(region: Region, lane: Lane) -> Span:
    """Where a region lies in one of its tracks."""
    if lane is Lane.OUT:
        return Span(region.out_end_frame - region.n_frames, region.out_end_frame)
    return Span(region.in_start_frame, region.in_start_frame + region.n_frames)


def moved(region: Region, lane: Lane, handle: Handle, by: int) -> Region:
    """The region after a move, whether or not it is allowed."""
    out_end, in_start, n_frames = region.out_end_frame, region.in_start_frame, region.n_frames
    match lane, handle:
        case Lane.OUT, Handle.WHOLE:
            return Region(out_end + by, in_start, n_frames)
        case Lane.OUT, Handle.LEFT:
            return Region(out_end, in_start, n_frames - by)
        case Lane.OUT, Handle.RIGHT:
            return Region(out_end + by, in_start, n_frames + by)
        case Lane.IN, Handle.WHOLE:
            return Region(out_end, in_start + by, n_frames)
        case Lane.IN, Handle.LEFT:
            return Region(out_end, in_start + by, n_frames - by)
        case _:
            return Region(out_end, in_start, n_frames + by)


def dragged(region: Region, lane: Lane, handle: Handle, by: int, limits: Limits) -> Region:
    """The region after a move, as far as it may go.

    Parameters
    ----------
    region
        An allowed one.
    by
        Frames to the right.
    """
    target = moved(region, lane, handle, by)
    if limits.allow(target):
        return target
    # What is allowed is one stretch about 0: more room is never made by going farther.
    sign = 1 if by > 0 else -1
    can, cannot = 0, abs(by)
    while cannot - can > 1:
        middle = (can + cannot) // 2
        if limits.allow(moved(region, lane, handle, sign * middle)):
            can = middle
        else:
            cannot = middle
    return moved(region, lane, handle, sign * can)


@dataclass(frozen=True, slots=True)
class Snap:
    """A move that was drawn to something.

    Attributes
    ----------
    by
        Frames to the right.
    at_frame
        What it was drawn to, or None.
    """

    by: int
    at_frame: int | None = None


def snapped(
    region: Region, lane: Lane, handle: Handle, by: int, targets: Iterable[int], reach: float
) -> Snap:
    """Draw a move to the nearest target within `reach` frames of an edge that moves."""
    place = stretch(region, lane)
    edges = {
        Handle.WHOLE: (place.start_frame, place.end_frame),
        Handle.LEFT: (place.start_frame,),
        Handle.RIGHT: (place.end_frame,),
    }[handle]
    moves = [Snap(target - edge, target) for target in targets for edge in edges]
    nearest = min(moves, key=lambda snap: abs(snap.by - by), default=Snap(by))
    return nearest if abs(nearest.by - by) <= reach else Snap(by)

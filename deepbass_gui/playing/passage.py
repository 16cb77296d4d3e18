"""Which part of a mix is played, and the same place in a mix after an edit: pure arithmetic."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from deepbass_engine.mix.plan import Body, Fade, MixPlan
from deepbass_engine.units import frames_from_seconds, rescale_frames


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a mix that is to be heard.

    Attributes
    ----------
    plan
        The mix.
    first_frame
        Where a loop begins again.
    end_frame
        The frame behind its last; None where it goes on to the end of the mix.
    loops
        Whether it begins again when it ends.
    """

    plan: MixPlan
    first_frame: int = 0
    end_frame: int | None = None
    loops: bool = False

    @property
    def stop_frame(self) -> int:
        """The frame behind its last."""
        return self.plan.n_frames if self.end_frame is None else self.end_frame

    def in_plan(self, plan: MixPlan) -> Passage | None:
        """The same part of another mix; None where its tracks are gone."""
        first = same_place(self.plan, plan, self.first_frame)
        if first is None or self.end_frame is None:
            return None if first is None else Passage(plan, first, None, self.loops)
        last = same_place(self.plan, plan, self.end_frame - 1)
        if last is None or last < first:
            return None
        return Passage(plan, first, last + 1, self.loops)


def around(plan: MixPlan, fade: Fade, pre_roll_s: float, post_roll_s: float) -> Passage:
    """A transition with some of the mix before and after it."""
    before = frames_from_seconds(pre_roll_s, plan.sample_rate_hz)
    after = frames_from_seconds(post_roll_s, plan.sample_rate_hz)
    first = max(0, fade.start_frame - before)
    end = min(plan.n_frames, fade.start_frame + fade.n_frames + after)
    if first == end:  # a cut without rolls has nothing to be heard
        first, end = max(0, first - 1), min(plan.n_frames, end + 1)
    return Passage(plan, first, end)


def stretch_of(plan: MixPlan, fade: Fade, range_s: tuple[float, float]) -> Passage | None:
    """Exactly a stretch of a transition, counted from its begin; None where nothing is in it."""
    offsets = (frames_from_seconds(seconds, plan.sample_rate_hz) for seconds in range_s)
    first, end = (min(max(0, fade.start_frame + n), plan.n_frames) for n in offsets)
    return Passage(plan, first, end) if first < end else None


def same_place(before: MixPlan, after: MixPlan, frame: int) -> int | None:
    """Where what is heard at a frame of one mix lies in another; None where its track is gone.

    Inside a transition the track that leaves counts in the first half, the one that enters in the
    second, and the other one where that is gone.
    """
    if after is before:
        return frame
    if frame >= before.n_frames:
        return after.n_frames
    segments = [segment for segment in before.segments if segment.n_frames]
    segment = segments[bisect_right([s.start_frame for s in segments], frame) - 1]
    done = frame - segment.start_frame
    if isinstance(segment, Body):
        parts = [(segment.track, segment.track_frame + done)]
    else:
        parts = [
            (segment.index, segment.out_frame + done),
            (segment.index + 1, segment.in_frame + done),
        ]
        if done >= segment.n_frames / 2:
            parts.reverse()
    rows = {track.id: index for index, track in enumerate(after.tracks)}
    for track, track_frame in parts:
        index = rows.get(before.tracks[track].id)
        if index is not None:
            span = after.tracks[index].span
            at = rescale_frames(track_frame, before.sample_rate_hz, after.sample_rate_hz)
            at = min(max(at, span.start_frame), span.end_frame - 1)
            return after.track_starts[index] + at - span.start_frame
    return None

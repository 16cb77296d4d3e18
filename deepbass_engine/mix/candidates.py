"""What a search may try of a transition: its settings, and the hard rules they keep.

A `Candidate` lies inside what the two tracks have now: the leaving track may end earlier and the
entering one begin later, never the other way round::

    track that leaves  --------[========]<- earlier_s ->|   its end now
    track that enters  |<- later_s ->[========]--------     its beginning now

`Room` has the rules, which are about frames alone; what is proposed within them, and in which
order, is in `deepbass_engine.mix.proposals`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.settings import QualityLimits
from deepbass_engine.units import frames_from_seconds, rescale_frames, seconds_from_frames

SHORTEST_S = 0.5

_LONGEST_S = 600.0
_LONGEST_OF_A_CUT_S = 4.0
_FARTHEST_S = 3.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A setting of a transition.

    Attributes
    ----------
    method, curve
        As in `deepbass_engine.settings.TransitionSpec`.
    duration_s
        Its length.
    earlier_s
        How much earlier than now the leaving track ends.
    later_s
        How much later than now the entering track begins.
    """

    method: str
    curve: str
    duration_s: float
    earlier_s: float = 0.0
    later_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Room:
    """Where the candidates of one transition may lie: the hard rules.

    1. No shorter than `SHORTEST_S`, or a cut where it is one now; no longer than twice what it is
       now.
    2. Of each track it takes, what is left out included, at most half of what is used of it now,
       and leaves to the track's other transition what that one has now: so whatever is chosen at
       both ends of a track, both fit.
    3. Both tracks together lose at most the budget of audible music; where they lose more now, no
       more than that.

    Frames are counted at the rate of the mix.

    Attributes
    ----------
    sample_rate_hz
        Rate of the mix.
    present
        What the transition is now; it is always allowed.
    out_rate_hz, in_rate_hz
        Rates of the two files.
    out_end_frame, in_start_frame
        Where the leaving track ends now and the entering one begins.
    audible_end_frame, audible_start_frame
        Where the one's audible part ends and the other's begins.
    most_out_frames, most_in_frames
        What it may take of each.
    most_discarded_frames
        Audible music that may be left out of both.
    """

    sample_rate_hz: int
    present: Candidate
    out_rate_hz: int
    in_rate_hz: int
    out_end_frame: int
    in_start_frame: int
    audible_end_frame: int
    audible_start_frame: int
    most_out_frames: int
    most_in_frames: int
    most_discarded_frames: int

    @classmethod
    def of(cls, plan: MixPlan, index: int, limits: QualityLimits) -> Room:
        """The room of a planned transition."""
        fades, rate_hz = plan.fades, plan.sample_rate_hz
        leaving, entering, fade = plan.tracks[index], plan.tracks[index + 1], fades[index]
        before = fades[index - 1].n_frames if index else 0
        behind = fades[index + 1].n_frames if index + 1 < len(fades) else 0
        room = cls(
            sample_rate_hz=rate_hz,
            present=Candidate(fade.method, fade.curve, seconds_from_frames(fade.n_frames, rate_hz)),
            out_rate_hz=leaving.source.sample_rate_hz,
            in_rate_hz=entering.source.sample_rate_hz,
            out_end_frame=leaving.span.end_frame,
            in_start_frame=entering.span.start_frame,
            audible_end_frame=leaving.audible.end_frame,
            audible_start_frame=entering.audible.start_frame,
            most_out_frames=min(leaving.span.n_frames // 2, leaving.span.n_frames - before),
            most_in_frames=min(entering.span.n_frames // 2, entering.span.n_frames - behind),
            most_discarded_frames=0,
        )
        budget_frames = int(limits.discarded * rate_hz)
        return replace(
            room, most_discarded_frames=max(budget_frames, room.discarded_frames(room.present))
        )

    def discarded_frames(self, candidate: Candidate) -> int:
        """Audible frames of both tracks that a candidate leaves out."""
        end = self.out_end_frame - self._frames(candidate.earlier_s)
        start = self.in_start_frame + self._frames(candidate.later_s)
        return max(0, self.audible_end_frame - end) + max(0, start - self.audible_start_frame)

    def allows(self, candidate: Candidate) -> bool:
        """Whether a candidate keeps to the rules."""
        if candidate == self.present:
            return True
        earlier, later, length = (
            self._frames(seconds)
            for seconds in (candidate.earlier_s, candidate.later_s, candidate.duration_s)
        )
        is_long_enough = candidate.duration_s >= SHORTEST_S
        is_cut_still = candidate.duration_s == self.present.duration_s == 0.0
        return (
            (is_long_enough or is_cut_still)
            and candidate.duration_s <= self.longest_s
            and min(earlier, later) >= 0
            and earlier + length <= self.most_out_frames
            and later + length <= self.most_in_frames
            and self.discarded_frames(candidate) <= self.most_discarded_frames
        )

    def placed(self, candidate: Candidate) -> Candidate:
        """A candidate where the frames of its two files let it lie."""
        end = self.out_end_frame - self._frames(candidate.earlier_s)
        start = self.in_start_frame + self._frames(candidate.later_s)
        earlier = self.out_end_frame - self._on_grid(end, self.out_rate_hz)
        later = self._on_grid(start, self.in_rate_hz) - self.in_start_frame
        return replace(
            candidate,
            earlier_s=seconds_from_frames(earlier, self.sample_rate_hz),
            later_s=seconds_from_frames(later, self.sample_rate_hz),
        )

    @property
    def longest_s(self) -> float:
        """Length of the longest candidate."""
        return min(_LONGEST_S, 2.0 * self.present.duration_s or _LONGEST_OF_A_CUT_S)

    @property
    def reach_out_frames(self) -> int:
        """How far before its end a candidate may begin in the leaving track."""
        return self._reach(self.out_end_frame - self.audible_end_frame, self.most_out_frames)

    @property
    def reach_in_frames(self) -> int:
        """How far behind its beginning a candidate may end in the entering track."""
        return self._reach(self.audible_start_frame - self.in_start_frame, self.most_in_frames)

    @property
    def away_s(self) -> float:
        """How far an end is moved to be elsewhere: a part of what may be left out and taken."""
        left_out = self.most_discarded_frames - self.discarded_frames(self.present)
        taken = min(self.most_out_frames, self.most_in_frames)
        return min(_FARTHEST_S, min(left_out / 3, taken / 4) / self.sample_rate_hz)

    def _reach(self, inaudible_frames: int, most_frames: int) -> int:
        moved = max(0, inaudible_frames + self.most_discarded_frames)
        longest = moved + self._frames(self.longest_s)
        return max(self._frames(self.present.duration_s), min(most_frames, longest))

    def _frames(self, seconds: float) -> int:
        return frames_from_seconds(seconds, self.sample_rate_hz)

    def _on_grid(self, frame: int, file_rate_hz: int) -> int:
        """The frame of the mix that stands for the frame of the file that this one stands for."""
        in_file = rescale_frames(frame, self.sample_rate_hz, file_rate_hz)
        return rescale_frames(in_file, file_rate_hz, self.sample_rate_hz)

"""What the transition editor shows: two tracks and where their transition lies in each."""

from __future__ import annotations

from dataclasses import dataclass

from deepbass_engine.audio.warp import Warp
from deepbass_engine.mix.joins.choosing import Join
from deepbass_engine.mix.plan import Fade, MixPlan
from deepbass_engine.project import Span
from deepbass_engine.settings import curve_pair
from deepbass_engine.units import rescale_frames
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, Region
from deepbass_gui.jobs.library import TrackFacts
from deepbass_gui.region_edit import Lane, file_frames, stretch
from deepbass_gui.views.beat_marks import BeatMarks
from deepbass_gui.views.timeline_layout import Clip, clips_of


@dataclass(frozen=True, slots=True)
class LaneScene:
    """One of the two tracks; frames are at the mix's rate.

    Attributes
    ----------
    lane
        Which one.
    number
        Its row in the playlist, from 1.
    clip
        Its place in the mix.
    facts
        What is known of its file.
    n_frames
        Length of its file.
    used, audible, region
        The part that is used, the part that is no silence, and the transition, in its own time.
    curve
        Name of its curve.
    rate_hz
        Rate of the mix.
    warp
        How it is heard.
    beats
        Its beats, where it has any.
    join
        How the transition was found on the beat, where it was.
    """

    lane: Lane
    number: int
    clip: Clip
    facts: TrackFacts
    n_frames: int
    used: Span
    audible: Span
    region: Span
    curve: str
    rate_hz: int
    warp: Warp
    beats: BeatMarks | None
    join: Join | None


@dataclass(frozen=True, slots=True)
class PairScene:
    """A planned transition and its two tracks."""

    pair: Pair
    plan: MixPlan
    fade: Fade
    lanes: tuple[LaneScene, LaneScene]

    @property
    def rate_hz(self) -> int:
        """Rate of the mix."""
        return self.plan.sample_rate_hz

    @property
    def region(self) -> Region:
        """Where the transition lies."""
        return Region.of(self.fade)

    def lane(self, lane: Lane) -> LaneScene:
        """One of the two tracks."""
        return self.lanes[0] if lane is Lane.OUT else self.lanes[1]


def scene_of(document: Document, pair: Pair | None) -> PairScene | None:
    """What there is to see of a pair; None where it is no transition of the plan."""
    plan = document.plan
    fade = document.fade(pair) if pair is not None else None
    if plan is None or pair is None or fade is None:
        return None
    rows = {track.id: number for number, track in enumerate(document.project.tracks, start=1)}
    clips, names = clips_of(plan), curve_pair(fade.curve)
    region = Region.of(fade)

    def lane_scene(lane: Lane, index: int, curve: str) -> LaneScene:
        planned = plan.tracks[index]
        facts = document.library.facts(planned.source.path)
        rates = planned.source.sample_rate_hz, plan.sample_rate_hz
        span = facts.analysis.span if facts.analysis else Span(0, planned.source.frames or 0)
        return LaneScene(
            lane=lane,
            number=rows.get(planned.id, index + 1),
            clip=clips[index],
            facts=facts,
            n_frames=file_frames(planned.source, plan.sample_rate_hz),
            used=planned.span,
            audible=Span(
                rescale_frames(span.start_frame, *rates), rescale_frames(span.end_frame, *rates)
            ),
            region=stretch(region, lane),
            curve=curve,
            rate_hz=plan.sample_rate_hz,
            warp=planned.warp,
            beats=None
            if planned.beats is None
            else BeatMarks(planned.beats, planned.warp, plan.sample_rate_hz),
            join=fade.join,
        )

    lanes = (
        lane_scene(Lane.OUT, fade.index, names.fade_out),
        lane_scene(Lane.IN, fade.index + 1, names.fade_in),
    )
    return PairScene(pair, plan, fade, lanes)

"""One pair of neighbours as a mix of its own, in which settings of its transition are tried.

The two tracks are used as they are in the whole mix, so the same setting takes the same samples of
them in both. What the tracks are to their other neighbours, `Room` has seen to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.errors import DeepBassError
from deepbass_engine.mix.candidates import Candidate, Room
from deepbass_engine.mix.placing import cut
from deepbass_engine.mix.plan import MixPlan, PlannedTrack, plan_mix
from deepbass_engine.mix.playback import DecodedStretches, Stretch
from deepbass_engine.mix.track_stream import open_track
from deepbass_engine.mix.transition_audio import CONTEXT_S
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Project, Span, Track, Transition
from deepbass_engine.units import frames_from_seconds, seconds_from_frames

Analyses = Sequence[TrackAnalysis | DeepBassError]


def with_candidate(
    project: Project,
    plan: MixPlan,
    index: int,
    candidate: Candidate,
    analyses: Analyses,
    *,
    because: str = "",
) -> Project:
    """A project in which transition `index` of a plan is as a candidate has it.

    On the beat only the curve can change: of any other place or length it is a plain one.

    Parameters
    ----------
    project
        The project that was planned, or one in which other transitions were changed since.
    plan, analyses
        What the candidate's place is counted in, and what is known of the project's tracks.
    because
        Why.
    """
    rate_hz = plan.sample_rate_hz
    leaving, entering, fade = plan.tracks[index], plan.tracks[index + 1], plan.fades[index]
    earlier, later, n_frames = (
        frames_from_seconds(seconds, rate_hz)
        for seconds in (candidate.earlier_s, candidate.later_s, candidate.duration_s)
    )
    is_moved = bool(earlier or later)
    is_as_it_was = not is_moved and n_frames == fade.n_frames and candidate.method == fade.method
    is_on_beat = fade.join is not None and is_as_it_was
    is_cut = is_moved or (fade.join is not None and not is_on_beat)
    rows = []
    for track, analysis in zip(project.tracks, analyses, strict=True):
        if is_cut and not isinstance(analysis, DeepBassError):
            if (earlier or fade.join is not None) and track.id == leaving.id:
                end_frame = leaving.span.end_frame - earlier
                track = cut(track, analysis, rate_hz, end_frame=end_frame, warp=leaving.warp)
            if (later or fade.join is not None) and track.id == entering.id:
                start_frame = entering.span.start_frame + later
                track = cut(track, analysis, rate_hz, start_frame=start_frame, warp=entering.warp)
        rows.append(track)
    before, default = project.own(leaving.id, entering.id), project.default
    after = replace(
        before,
        method=None if candidate.method == default.method else candidate.method,
        curve=None if candidate.curve == default.curve else candidate.curve,
        because=because,
    )
    if not is_on_beat:
        duration_s = before.over(default).duration_s
        if frames_from_seconds(duration_s, rate_hz) != n_frames:
            duration_s = seconds_from_frames(n_frames, rate_hz)
        after = replace(
            after, duration_s=None if duration_s == default.duration_s else duration_s, bars=None
        )
        if not is_as_it_was and before.over(default).style == "auto":
            after = replace(after, style=None if default.style == "plain" else "plain")
    rest = tuple(t for t in project.transitions if t is not before)
    return replace(project, tracks=tuple(rows), transitions=(*rest, after))


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two neighbours and what may be tried of their transition.

    Attributes
    ----------
    index
        Number of the transition in the whole mix.
    project, plan, analyses
        The mix of the two alone, the transition as it is now.
    room
        Where its candidates may lie.
    """

    index: int
    project: Project
    plan: MixPlan
    analyses: tuple[TrackAnalysis, TrackAnalysis]
    room: Room

    @classmethod
    def of(cls, project: Project, plan: MixPlan, index: int, analyses: Analyses) -> Pair:
        """A pair of a planned project."""
        known = {
            track.id: (track, analysis)
            for track, analysis in zip(project.tracks, analyses, strict=True)
            if not isinstance(analysis, DeepBassError)
        }
        left, right = (known[plan.tracks[index + side].id] for side in (0, 1))
        both = left[1], right[1]
        room = Room.of(plan, index, project.limits)
        alone = replace(
            project,
            tracks=(left[0], right[0]),
            mix=replace(project.mix, sample_rate_hz=plan.sample_rate_hz),
            transitions=(project.own(left[0].id, right[0].id),),
        )
        # as long as it is, where its neighbours in the whole mix make it shorter than asked
        alone = with_candidate(alone, plan_mix(alone, both), 0, room.present, both)
        return cls(index, alone, plan_mix(alone, both), both, room)

    @property
    def present(self) -> Candidate:
        """What the transition is now."""
        return self.room.present

    def set_to(self, candidate: Candidate) -> Project:
        """The project of the two, a candidate chosen."""
        return with_candidate(self.project, self.plan, 0, candidate, self.analyses)

    def planned(self, candidate: Candidate) -> MixPlan:
        """The plan of the two, a candidate chosen."""
        return plan_mix(self.set_to(candidate), self.analyses)

    def decoded(self, shared: DecodedStretches | None, cancel: CancelToken) -> Decoded:
        """Decode what any candidate may need of the two tracks.

        Parameters
        ----------
        shared
            What is decoded already, and where it is kept.
        cancel
            Looked at between blocks.

        Raises
        ------
        InputError
            If a track is gone or has changed.
        Cancelled
            If asked to stop.
        """
        rate_hz = self.plan.sample_rate_hz
        context = frames_from_seconds(CONTEXT_S, rate_hz)
        leaving, entering = self.plan.tracks
        first = leaving.span.end_frame - self.room.reach_out_frames - context
        stop = entering.span.start_frame + self.room.reach_in_frames + context
        spans = (
            Span(max(leaving.span.start_frame, first), leaving.span.end_frame),
            Span(entering.span.start_frame, min(entering.span.end_frame, stop)),
        )
        parts = [
            _stretch(track, rate_hz, span, shared, cancel)
            for track, span in zip(self.plan.tracks, spans, strict=True)
        ]
        stretches = DecodedStretches(sum(part.samples.nbytes for part in parts))
        for track, part in zip(self.plan.tracks, parts, strict=True):
            stretches.keep(track, rate_hz, part)
        tail, head = (
            part.samples[span.start_frame - part.start_frame :][: span.n_frames]
            for part, span in zip(parts, spans, strict=True)
        )
        return Decoded(stretches, tail, head)


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What the candidates of a pair are made of.

    Attributes
    ----------
    stretches
        Both parts, for `deepbass_engine.mix.playback.audio_around`.
    leaving, entering : float32, shape (n_frames, 2)
        The one's, up to its end, and the other's, from its beginning on.
    """

    stretches: DecodedStretches
    leaving: NDArray[np.float32]
    entering: NDArray[np.float32]


def together(settings: Sequence[tuple[Pair, Candidate]]) -> MixPlan:
    """One plan of several pairs, cut together: candidate `i` is its transition `2 i`."""
    tracks: list[Track] = []
    analyses: list[TrackAnalysis] = []
    transitions: list[Transition] = []
    for number, (pair, candidate) in enumerate(settings):
        project = pair.set_to(candidate)
        ids = [f"{number} leaves", f"{number} enters"]
        if tracks:
            between = Transition(out_track=tracks[-1].id, in_track=ids[0], duration_s=0.0)
            transitions.append(between)
        tracks += [replace(track, id=row) for track, row in zip(project.tracks, ids, strict=True)]
        analyses += pair.analyses
        (own,) = project.transitions
        transitions.append(replace(own, out_track=ids[0], in_track=ids[1]))
    first = settings[0][0].project
    return plan_mix(replace(first, tracks=tuple(tracks), transitions=tuple(transitions)), analyses)


def _stretch(
    track: PlannedTrack,
    rate_hz: int,
    span: Span,
    shared: DecodedStretches | None,
    cancel: CancelToken,
) -> Stretch:
    """A part of a track, decoded unless it is already."""
    if shared is not None:
        held = shared.holding(track, rate_hz, span.start_frame)
        if held is not None and held.end_frame >= span.end_frame:
            return held
    stream = open_track(track, rate_hz, span.start_frame, cancel=cancel)
    samples = stream.read(span.n_frames)
    samples.flags.writeable = False
    stretch = Stretch(span.start_frame, samples, stream.is_flawless)
    if shared is not None:
        shared.keep(track, rate_hz, stretch)
    return stretch

"""Which frame of which track goes where in the mix: pure arithmetic, no audio.

A plan is a row of segments, `Body` and `Fade`, that touch each other and sum to its length. Frames
are counted at the mix's rate; a track's own positions too, from its first frame.

    track 1   |--------body--------|==fade==|
    track 2                        |==fade==|------body------|=fade=|
    track 3                                                  |=fade=|--------body-------|

Rules for lengths
-----------------
1. A transition is as long as asked, but never longer than either of its tracks.
2. Where the two transitions of a track are together longer than the track, each gets half of the
   track, and what one of them does not need goes to the other.
3. A transition of no frames is a cut.

The rules look only at the two tracks of a pair and their neighbours, so an edit moves nothing far
away, and they hold whatever the order in which the pairs are worked out.

A transition of the style auto lies where `deepbass_engine.mix.joins` finds bar lines to fall
together. There the frames of a track are those of the `Warp` it is heard by: whatever is read,
placed or drawn by the plan counts in them, and so both tracks of a transition give it the same
number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from deepbass_engine.analysis.beats import BeatGrid
from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.audio.warp import UNWARPED, Warp
from deepbass_engine.errors import DeepBassError, InputError, PlanError, shown
from deepbass_engine.mix.joins.choosing import Join
from deepbass_engine.mix.joins.planning import Used, gains_db, joins, runs, uncut, warped
from deepbass_engine.mix.joins.running_on import RUNNING_ON
from deepbass_engine.mix.known import known
from deepbass_engine.project import Problem, Project, Span, Track
from deepbass_engine.settings import CEILING_DBTP, HIGHEST_DEFAULT_RATE_HZ, TransitionSpec
from deepbass_engine.units import (
    clock_text,
    db_from_gain,
    frames_from_seconds,
    rescale_frames,
    seconds_from_frames,
)


@dataclass(frozen=True, slots=True)
class PlannedTrack:
    """A track that is heard in the mix.

    Attributes
    ----------
    id
        Its id in the project.
    source
        The file.
    span
        The part that is used, in frames at the mix's rate.
    audible
        The part that could be: what trimming leaves, on the same grid.
    loudness_lufs
        Its integrated loudness, where it was measured.
    n_not_finite
        Samples known to be no finite numbers; a problem of the plan says so.
    warp
        How it is heard: the frames of its parts are those of the warped track.
    beats, key
        Its beats, in its own time, and its key by name, where they are known.
    """

    id: str
    source: AudioSource
    span: Span
    audible: Span
    loudness_lufs: float | None = None
    n_not_finite: int = 0
    warp: Warp = UNWARPED
    beats: BeatGrid | None = None
    key: str = ""

    def reach(self, sample_rate_hz: int) -> Span:
        """The frames that can be read of it, at the rate of the mix."""
        n_frames = rescale_frames(
            self.source.frames or 0, self.source.sample_rate_hz, sample_rate_hz
        )
        return Span(
            self.span.start_frame if self.warp.head is not None else 0,
            self.span.end_frame if self.warp.tail is not None else n_frames,
        )


@dataclass(frozen=True, slots=True)
class Body:
    """A stretch where one track is heard alone, its samples untouched.

    Attributes
    ----------
    track
        Index into `MixPlan.tracks`.
    start_frame, n_frames
        Place in the mix.
    track_frame
        Place in the track.
    """

    track: int
    start_frame: int
    n_frames: int
    track_frame: int


@dataclass(frozen=True, slots=True)
class Fade:
    """A stretch where one track becomes the next; of no frames where they are cut together.

    Attributes
    ----------
    index
        Number of the transition: it leads from track `index` to track `index + 1`.
    start_frame, n_frames
        Place in the mix.
    out_frame, in_frame
        Where it begins in the track that leaves and in the one that enters.
    asked_frames
        Length that was asked for.
    shortened_because
        Why it is shorter than that, or empty.
    method, curve, seed, morph, embedding_fade, morph_pace
        As in `deepbass_engine.settings.TransitionSpec`.
    because
        Why a search, or the style auto, chose it; or empty.
    join
        How it was found on the beat, where it was.
    ceiling_dbtp
        True peak that it keeps to, or None.
    """

    index: int
    start_frame: int
    n_frames: int
    out_frame: int
    in_frame: int
    asked_frames: int
    shortened_because: str
    method: str
    curve: str
    seed: int
    morph: str = "hybrid"
    embedding_fade: str = "LinearFade"
    morph_pace: str = "curve"
    because: str = ""
    join: Join | None = None
    ceiling_dbtp: float | None = None


@dataclass(frozen=True, slots=True)
class MixPlan:
    """A whole mix, to the frame.

    Attributes
    ----------
    sample_rate_hz
        Rate of the mix.
    tracks
        What is heard, in order.
    segments
        What is heard when, in order, without a gap.
    problems
        What was left out.
    model
        Name or file of the model of its NSynth transitions; empty for the default one.
    """

    sample_rate_hz: int
    tracks: tuple[PlannedTrack, ...]
    segments: tuple[Body | Fade, ...]
    problems: tuple[Problem, ...]
    model: str = ""

    @property
    def n_frames(self) -> int:
        """Length of the mix."""
        last = self.segments[-1]
        return last.start_frame + last.n_frames

    @property
    def fades(self) -> tuple[Fade, ...]:
        """The transitions, in order; one fewer than tracks."""
        return tuple(s for s in self.segments if isinstance(s, Fade))

    @property
    def track_starts(self) -> tuple[int, ...]:
        """Frame of the mix at which each track begins to be heard."""
        return (0, *(fade.start_frame for fade in self.fades))

    def __post_init__(self) -> None:
        self._check()

    def _check(self) -> None:
        """Raise `AssertionError` if the segments don't join, in the mix and in every track."""
        assert len(self.fades) == len(self.tracks) - 1
        mix_frame, at = 0, [track.span.start_frame for track in self.tracks]
        for segment in self.segments:
            assert segment.start_frame == mix_frame
            assert segment.n_frames >= 0
            if isinstance(segment, Body):
                parts = [(segment.track, segment.track_frame)]
            else:
                parts = [(segment.index, segment.out_frame), (segment.index + 1, segment.in_frame)]
            for track, track_frame in parts:
                assert track_frame == at[track]
                at[track] += segment.n_frames
            mix_frame += segment.n_frames
        assert at == [track.span.end_frame for track in self.tracks]


def plan_mix(project: Project, analyses: Sequence[TrackAnalysis | DeepBassError]) -> MixPlan:
    """Work out a mix.

    Parameters
    ----------
    project
        The playlist and its settings.
    analyses
        What is known of each of `project.tracks`, in order, or why it can't be used. Such a track
        becomes a problem and its neighbours are joined.

    Raises
    ------
    PlanError
        If no track can be used.
    """
    problems: list[Problem] = []
    usable: list[tuple[Track, TrackAnalysis, Span]] = []
    for track, analysis in zip(project.tracks, analyses, strict=True):
        try:
            if isinstance(analysis, DeepBassError):
                raise analysis
            usable.append((track, known(track, analysis), _source_span(track, analysis)))
            problems += [*analysis.problems, *_span_problems(track, analysis)]
        except DeepBassError as error:
            problems.append(Problem.from_error(error, track.path))
    rate_hz = project.mix.sample_rate_hz or min(
        HIGHEST_DEFAULT_RATE_HZ, max((a.source.sample_rate_hz for _, a, _ in usable), default=0)
    )
    used: list[Used] = []
    for track, analysis, span in usable:
        try:
            used.append(Used(track, analysis, _at_rate(span, analysis.source, rate_hz)))
        except InputError as error:
            problems.append(Problem.from_error(error, track.path))
    if not used:
        raise PlanError(
            "there is nothing to mix: "
            + ("none of the tracks can be used" if project.tracks else "no tracks were given"),
            hint="; ".join(str(p) for p in problems) or "give audio files, folders or playlists",
        )
    running = runs(project, used, rate_hz)
    used = uncut(used, running, rate_hz)
    gains = gains_db(project, used, running, rate_hz)
    found = joins(project, used, running, gains, rate_hz)
    tracks = [
        _planned(row, warp, span, rate_hz)
        for row, (warp, span) in zip(used, warped(used, found, gains, rate_hz), strict=True)
    ]
    segments = tuple(_segments(project, tracks, found, rate_hz))
    return MixPlan(rate_hz, tuple(tracks), segments, tuple(problems), project.mix.model)


def _planned(row: Used, warp: Warp, span: Span, rate_hz: int) -> PlannedTrack:
    """A track as it is heard."""
    analysis = row.analysis
    audible = _at_rate(analysis.span, analysis.source, rate_hz)
    start, end = (
        round(warp.heard_frame(frame)) for frame in (audible.start_frame, audible.end_frame)
    )
    loudness_lufs, music = analysis.loudness_lufs, analysis.music
    if loudness_lufs is not None and warp.gain != 1.0:
        loudness_lufs += db_from_gain(warp.gain)
    return PlannedTrack(
        row.track.id,
        analysis.source,
        span,
        Span(start, end),
        loudness_lufs,
        analysis.n_not_finite,
        warp,
        None if music is None else music.beats,
        "" if music is None or music.key is None else music.key.name,
    )


def _source_span(track: Track, analysis: TrackAnalysis) -> Span:
    """The part of a track to use, in its own frames: a person's choice, else the audible span."""
    if track.span is None:
        return analysis.span
    n_frames = analysis.source.frames or 0
    span = Span(max(0, track.span.start_frame), min(n_frames, track.span.end_frame))
    if span.n_frames <= 0:
        raise InputError(
            f"has {n_frames} frames, none of them in the chosen part "
            f"{track.span.start_frame} to {track.span.end_frame}",
            path=track.path,
            hint="choose another part of the track",
        )
    return span


def _span_problems(track: Track, analysis: TrackAnalysis) -> list[Problem]:
    """Say that the chosen part reaches past the end of the file."""
    n_frames = analysis.source.frames or 0
    if track.span is None or track.span.end_frame <= n_frames:
        return []
    return [
        Problem(
            track.path,
            None,
            f"ends at frame {n_frames}, before the chosen part does ({track.span.end_frame})",
            "choose the part again, or give the file it was chosen in",
        )
    ]


def _at_rate(span: Span, source: AudioSource, rate_hz: int) -> Span:
    """A span on the mix's grid, of at least one frame."""
    start, end, n_frames = (
        rescale_frames(frame, source.sample_rate_hz, rate_hz)
        for frame in (span.start_frame, span.end_frame, source.frames or 0)
    )
    if n_frames == 0:
        raise InputError(
            f"is shorter than one frame of the mix at {rate_hz} Hz",
            path=source.path,
            hint="take it out of the playlist, or mix at a higher rate",
        )
    if end > start:
        return Span(start, end)
    start = min(start, n_frames - 1)
    return Span(start, start + 1)


def _segments(
    project: Project, tracks: Sequence[PlannedTrack], found: Sequence[Join | str], rate_hz: int
) -> list[Body | Fade]:
    """Lay the tracks one behind the other."""
    owns = [project.own(left.id, right.id) for left, right in pairwise(tracks)]
    specs = [own.over(project.default) for own in owns]
    asked = [_asked(spec, join, rate_hz) for spec, join in zip(specs, found, strict=True)]
    lengths = fade_lengths([track.span.n_frames for track in tracks], asked)
    segments: list[Body | Fade] = []
    mix_frame = 0
    for index, track in enumerate(tracks):
        faded_in = lengths[index - 1].n_frames if index else 0
        faded_out = lengths[index].n_frames if index < len(lengths) else 0
        body = Body(
            index,
            mix_frame,
            track.span.n_frames - faded_in - faded_out,
            track.span.start_frame + faded_in,
        )
        if body.n_frames:
            segments.append(body)
        mix_frame += body.n_frames
        if index < len(lengths):
            spec, join = specs[index], found[index]
            segments.append(
                Fade(
                    index=index,
                    start_frame=mix_frame,
                    n_frames=faded_out,
                    out_frame=track.span.end_frame - faded_out,
                    in_frame=tracks[index + 1].span.start_frame,
                    asked_frames=asked[index],
                    shortened_because=_reason(lengths[index], tracks, rate_hz),
                    method=spec.method,
                    curve=spec.curve,
                    seed=spec.seed,
                    morph=spec.morph,
                    embedding_fade=spec.embedding_fade,
                    morph_pace=spec.morph_pace,
                    because=owns[index].because or _because(join),
                    join=join if isinstance(join, Join) else None,
                    ceiling_dbtp=CEILING_DBTP if project.mix.target_lufs else None,
                )
            )
            mix_frame += faded_out
    return segments


def _asked(spec: TransitionSpec, join: Join | str, rate_hz: int) -> int:
    """Frames that a transition is to have."""
    if isinstance(join, Join):
        return join.placed.n_frames
    return 0 if join == RUNNING_ON else frames_from_seconds(spec.duration_s, rate_hz)


def _because(join: Join | str) -> str:
    """Why the style auto made a transition what it is; empty where it was not asked."""
    if isinstance(join, Join):
        return f"the style auto: {join.because}"
    how = "put together uncut" if join == RUNNING_ON else "a plain fade"
    return f"the style auto: {how}, for {join}" if join else ""


@dataclass(frozen=True, slots=True)
class FadeLength:
    """How long a transition may be.

    Attributes
    ----------
    n_frames
        Its length.
    limited_by
        Index of the track that makes it shorter than asked, or None.
    is_shared
        Whether it is shorter because that track has two transitions (rule 2).
    """

    n_frames: int
    limited_by: int | None = None
    is_shared: bool = False


def fade_lengths(track_frames: Sequence[int], asked_frames: Sequence[int]) -> list[FadeLength]:
    """Length of every transition by the rules above.

    Parameters
    ----------
    track_frames
        Length of each track.
    asked_frames
        Length asked for each transition, one fewer.

    >>> [length.n_frames for length in fade_lengths([100, 10, 100], [8, 2])]
    [8, 2]
    >>> [length.n_frames for length in fade_lengths([100, 10, 100], [8, 6])]
    [5, 5]
    >>> [length.n_frames for length in fade_lengths([100, 10, 100], [8, 3])]
    [7, 3]
    """
    wanted = [
        min(asked, track_frames[i], track_frames[i + 1]) for i, asked in enumerate(asked_frames)
    ]
    padded = [0, *wanted, 0]
    return [
        min(
            FadeLength(asked),
            FadeLength(track_frames[i], i),
            FadeLength(track_frames[i + 1], i + 1),
            FadeLength(_share(track_frames[i], wanted[i], padded[i]), i, True),
            FadeLength(_share(track_frames[i + 1], wanted[i], padded[i + 2]), i + 1, True),
            key=lambda length: length.n_frames,
        )
        for i, asked in enumerate(asked_frames)
    ]


def _share(track_frames: int, wanted: int, other_wanted: int) -> int:
    """What a transition may take of a track that it shares with another (rule 2)."""
    if wanted + other_wanted <= track_frames:
        return wanted
    return max(track_frames // 2, track_frames - other_wanted)


def _reason(length: FadeLength, tracks: Sequence[PlannedTrack], rate_hz: int) -> str:
    """Say which track makes a transition shorter than asked; empty where none does."""
    if length.limited_by is None:
        return ""
    track = tracks[length.limited_by]
    sound = clock_text(seconds_from_frames(track.span.n_frames, rate_hz))
    return (
        f"track {length.limited_by + 1} ({shown(track.source.path.name)}) has {sound} of sound"
        + (" for its two transitions" if length.is_shared else "")
    )

"""What a person can do to a project: pure functions from one project to the next.

None of them changes its argument, so an edit is undone by going back to the project before it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.mix.placing import cut
from deepbass_engine.mix.plan import Fade, MixPlan
from deepbass_engine.project import Given, Project, Span, Track, Transition
from deepbass_engine.settings import TransitionSpec
from deepbass_engine.units import seconds_from_frames

OWN_FIELDS = TransitionSpec.__struct_fields__
"""What a transition may have of its own."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two neighbours, by the ids of their rows; it names a transition."""

    out_track: str
    in_track: str


@dataclass(frozen=True, slots=True)
class Region:
    """Where a transition lies in its two tracks, in frames at the mix's rate.

    ::

        track that leaves  ----[========]            out_end_frame
        track that enters      [========]-----       in_start_frame
                               |n_frames|

    Attributes
    ----------
    out_end_frame
        End of the part of the leaving track that is used.
    in_start_frame
        Begin of the part of the entering track that is used.
    n_frames
        Length of the transition.
    """

    out_end_frame: int
    in_start_frame: int
    n_frames: int

    @classmethod
    def of(cls, fade: Fade) -> Region:
        """The region of a planned transition."""
        return cls(fade.out_frame + fade.n_frames, fade.in_frame, fade.n_frames)


def tracks_for(
    paths: Iterable[Path], project: Project, given: Iterable[Given] = ()
) -> tuple[Track, ...]:
    """New rows for files, with ids that no row of the project has.

    Parameters
    ----------
    given
        What is known of each of the files, as far as anything is.
    """
    taken = {track.id for track in project.tracks}
    made = []
    for path, known in zip(paths, chain(given, repeat(Given())), strict=False):
        while (track_id := f"track-{secrets.token_hex(4)}") in taken:
            pass
        taken.add(track_id)
        made.append(Track(path=path, id=track_id, beats=known.beats, key=known.key))
    return tuple(made)


def with_tracks(project: Project, tracks: Sequence[Track], at: int | None = None) -> Project:
    """Insert rows before row `at`, or at the end."""
    at = len(project.tracks) if at is None else at
    return replace(project, tracks=(*project.tracks[:at], *tracks, *project.tracks[at:]))


def without_tracks(project: Project, ids: Collection[str]) -> Project:
    """Take rows out, and with them what their transitions had of their own."""
    return replace(
        project,
        tracks=tuple(t for t in project.tracks if t.id not in ids),
        transitions=tuple(
            t for t in project.transitions if t.out_track not in ids and t.in_track not in ids
        ),
    )


def moved(project: Project, ids: Collection[str], before: int) -> Project:
    """Move rows together, in their order, to stand before what is row `before` now."""
    moving = [t for t in project.tracks if t.id in ids]
    head = [t for t in project.tracks[:before] if t.id not in ids]
    tail = [t for t in project.tracks[before:] if t.id not in ids]
    return replace(project, tracks=(*head, *moving, *tail))


def ordered(project: Project, ids: Sequence[str]) -> Project:
    """Put all rows in this order."""
    rows = {track.id: track for track in project.tracks}
    return replace(project, tracks=tuple(rows[i] for i in ids))


def duplicated(project: Project, ids: Collection[str]) -> Project:
    """Put a copy of each of these rows behind it."""
    rows: list[Track] = []
    for track in project.tracks:
        rows.append(track)
        if track.id in ids:
            taken = replace(project, tracks=tuple(rows))
            (copy,) = tracks_for([track.path], taken)
            rows.append(replace(track, id=copy.id))
    return replace(project, tracks=tuple(rows))


def with_pins(project: Project, ids: Collection[str]) -> Project:
    """Let rows keep their places when the playlist is put in order; all pinned, they let go."""
    is_pinned = not all(t.is_pinned for t in project.tracks if t.id in ids)
    rows = (replace(t, is_pinned=is_pinned) if t.id in ids else t for t in project.tracks)
    return replace(project, tracks=tuple(rows))


def own(project: Project, pair: Pair) -> Transition:
    """What a pair has of its own; all None where it follows the playlist's default."""
    return project.own(pair.out_track, pair.in_track)


def with_own(project: Project, pair: Pair, **fields: Any) -> Project:
    """Give a pair a method, curve, duration_s or seed of its own; None means the default again.

    A search's reason no longer holds then, unless `because` is given too.
    """
    before = own(project, pair)
    after = replace(before, **{"because": "", **fields})
    if after == before:
        return project
    rest = tuple(t for t in project.transitions if t is not before)
    if not after.because and all(getattr(after, name) is None for name in OWN_FIELDS):
        return replace(project, transitions=rest)
    return replace(project, transitions=(*rest, after))


def with_default(project: Project, **fields: Any) -> Project:
    """Change how pairs are joined that have nothing of their own."""
    default = replace(project.default, **fields)
    if default == project.default:
        return project
    return replace(project, default=default).without_reasons()


def with_mix(project: Project, **fields: Any) -> Project:
    """Change what holds for the whole mix."""
    changed = replace(project, mix=replace(project.mix, **fields))
    is_as_loud = changed.mix.target_lufs == project.mix.target_lufs
    return changed if is_as_loud else changed.without_reasons()


def with_limits(project: Project, **fields: Any) -> Project:
    """Change what transitions must not pass."""
    return replace(project, limits=replace(project.limits, **fields))


def with_region(
    project: Project,
    plan: MixPlan,
    index: int,
    region: Region,
    analyses: tuple[TrackAnalysis, TrackAnalysis],
) -> Project:
    """Put transition `index` of a plan where `region` says, as far as its tracks reach.

    Parameters
    ----------
    analyses
        Of the track that leaves and of the one that enters.
    """
    rate_hz = plan.sample_rate_hz
    now = Region.of(plan.fades[index])
    if region == now:
        return project
    left, right = plan.tracks[index], plan.tracks[index + 1]
    rows = {track.id: track for track in project.tracks}
    if region.out_end_frame != now.out_end_frame:
        rows[left.id] = cut(
            rows[left.id], analyses[0], rate_hz, end_frame=region.out_end_frame, warp=left.warp
        )
    if region.in_start_frame != now.in_start_frame:
        rows[right.id] = cut(
            rows[right.id],
            analyses[1],
            rate_hz,
            start_frame=region.in_start_frame,
            warp=right.warp,
        )
    project = replace(project, tracks=tuple(rows[t.id] for t in project.tracks))
    pair = Pair(left.id, right.id)
    if region.n_frames == plan.fades[index].asked_frames:
        return with_own(project, pair)
    duration_s = seconds_from_frames(max(0, region.n_frames), rate_hz)
    return with_own(project, pair, duration_s=min(600.0, duration_s), bars=None)


def reset_transition(
    project: Project, pair: Pair, analyses: tuple[TrackAnalysis, TrackAnalysis]
) -> Project:
    """Take back everything a pair has of its own, and where it was put in its two tracks.

    Parameters
    ----------
    analyses
        Of the track that leaves and of the one that enters.
    """
    project = with_own(project, pair, **dict.fromkeys(OWN_FIELDS))
    leaving, entering = (analysis.span for analysis in analyses)

    def reset(track: Track) -> Track:
        span = track.span
        if span is not None and track.id == pair.out_track:
            span = Span(span.start_frame, max(leaving.end_frame, span.start_frame + 1))
            span = None if span == leaving else span
        elif span is not None and track.id == pair.in_track:
            span = Span(min(entering.start_frame, span.end_frame - 1), span.end_frame)
            span = None if span == entering else span
        return replace(track, span=span)

    return replace(project, tracks=tuple(map(reset, project.tracks)))

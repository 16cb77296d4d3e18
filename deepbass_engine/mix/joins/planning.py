"""The joins of a whole mix, and what becomes of its tracks by them: tempo, places, loudness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from deepbass_engine.analysis.loudness import track_gain_db
from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.warp import Bend, Warp
from deepbass_engine.mix.joins.candidates import Wanted
from deepbass_engine.mix.joins.choosing import Join, joined
from deepbass_engine.mix.joins.running_on import RUNNING_ON, run_on
from deepbass_engine.mix.joins.side import Side
from deepbass_engine.project import Project, Span, Track, Transition
from deepbass_engine.settings import CEILING_DBTP, TransitionSpec
from deepbass_engine.units import frames_from_seconds, gain_from_db, rescale_frames

_GLIDE_S = 8.0
_OVERSHOOT_DB = 0.5
"""What the peaks of a track may grow by when its rate is changed: its highest highs are cut off."""
_MOST_OF_A_TRACK = 0.1
"""What a glide may take of a track."""


@dataclass(frozen=True, slots=True)
class Used:
    """A track of a mix.

    Attributes
    ----------
    track, analysis
        The row, and what is known of it.
    span
        What may be used of it, in its own frames at the rate of the mix.
    """

    track: Track
    analysis: TrackAnalysis
    span: Span

    def n_frames(self, rate_hz: int) -> int:
        """Length of its file at the rate of the mix."""
        source = self.analysis.source
        return rescale_frames(source.frames or 0, source.sample_rate_hz, rate_hz)

    @property
    def may_begin_elsewhere(self) -> bool:
        """Whether no person has chosen where it begins."""
        chosen = self.track.span
        return chosen is None or chosen.start_frame == self.analysis.span.start_frame

    @property
    def may_end_elsewhere(self) -> bool:
        """Whether no person has chosen where it ends."""
        chosen = self.track.span
        return chosen is None or chosen.end_frame == self.analysis.span.end_frame


def runs(project: Project, used: Sequence[Used], rate_hz: int) -> list[bool]:
    """Which tracks run on into the next on their album, and are to: the style auto keeps that."""
    found = []
    for left, right in pairwise(used):
        own = project.own(left.track.id, right.track.id)
        spec = own.over(project.default)
        is_open = spec.style == "auto" and spec.method == "simple" and not spec.bars
        is_open = is_open and own.duration_s is None
        found.append(is_open and run_on(*_sides(left, right, rate_hz), left.n_frames(rate_hz)))
    return found


def uncut(used: Sequence[Used], running: Sequence[bool], rate_hz: int) -> list[Used]:
    """The tracks, those that run on to the very ends of their files."""
    made = []
    for i, row in enumerate(used):
        start, end = row.span.start_frame, row.span.end_frame
        if i and running[i - 1]:
            start = 0
        if i < len(running) and running[i]:
            end = row.n_frames(rate_hz)
        made.append(replace(row, span=Span(start, end)))
    return made


def gains_db(
    project: Project, used: Sequence[Used], running: Sequence[bool], rate_hz: int
) -> list[float]:
    """What each track is made louder by; 0 where its loudness or its peak is not known.

    Tracks that run on into each other are made so by the same.
    """
    target = project.mix.target_lufs
    if not target:
        return [0.0] * len(used)
    found = []
    for row in used:
        music = row.analysis.music
        if music is None or music.loudness_lufs is None:
            found.append(0.0)
        else:
            peak_dbtp = music.true_peak_dbtp
            if row.analysis.source.sample_rate_hz != rate_hz:
                peak_dbtp += _OVERSHOOT_DB
            found.append(track_gain_db(music.loudness_lufs, peak_dbtp, target, CEILING_DBTP))
    first = 0
    for i in range(len(used)):
        if i == len(running) or not running[i]:
            found[first : i + 1] = [min(found[first : i + 1])] * (i + 1 - first)
            first = i + 1
    return found


def joins(
    project: Project,
    used: Sequence[Used],
    running: Sequence[bool],
    gains: Sequence[float],
    rate_hz: int,
) -> list[Join | str]:
    """How each pair is joined: on the beat, or why not; empty where that is not asked for."""
    found: list[Join | str] = []
    for (left, right), runs_on, both in zip(pairwise(used), running, pairwise(gains), strict=True):
        own = project.own(left.track.id, right.track.id)
        spec = own.over(project.default)
        wanted = _wanted(own, spec, rate_hz)
        if runs_on:
            found.append(RUNNING_ON)
        elif spec.style != "auto" or spec.method != "simple" or wanted.n_frames == 0:
            found.append("")
        else:
            sides = _sides(left, right, rate_hz, both)
            found.append(joined(*sides, project.limits.discarded, wanted))
    return found


def _sides(
    left: Used, right: Used, rate_hz: int, gains: tuple[float, float] = (0.0, 0.0)
) -> tuple[Side, Side]:
    """What is known of both tracks where they are joined."""
    leaving, entering = (
        Side(
            rate_hz,
            row.span.start_frame,
            row.span.end_frame,
            may_move,
            row.analysis.music,
            gain,
        )
        for row, may_move, gain in (
            (left, left.may_end_elsewhere, gains[0]),
            (right, right.may_begin_elsewhere, gains[1]),
        )
    )
    return leaving, entering


def _wanted(own: Transition, spec: TransitionSpec, rate_hz: int) -> Wanted:
    """How long a person wants a pair's transition to be: what is its own goes before the rest."""
    if own.bars is None and own.duration_s is not None:
        return Wanted(n_frames=frames_from_seconds(own.duration_s, rate_hz))
    return Wanted(n_bars=spec.bars)


def warped(
    used: Sequence[Used], found: Sequence[Join | str], gains: Sequence[float], rate_hz: int
) -> list[tuple[Warp, Span]]:
    """How each track is heard, and what of it is used, in frames of the warped track."""
    after = []
    for i, row in enumerate(used):
        start, end = row.span.start_frame, row.span.end_frame
        n_gliding = min(
            frames_from_seconds(_GLIDE_S, rate_hz), int(_MOST_OF_A_TRACK * row.span.n_frames)
        )
        head = tail = None
        head_end = tail_start = 0
        before, behind = found[i - 1] if i else "", found[i] if i < len(found) else ""
        if isinstance(before, Join):
            head = _bend(before.met.in_ratio, before.placed.n_frames, n_gliding)
            start = round(before.placed.in_start)
            if head is not None:
                head_end = round(before.placed.in_start + head.source_at(head.n_frames))
                start = head_end - head.n_frames
        if isinstance(behind, Join):
            tail = _bend(behind.met.out_ratio, behind.placed.n_frames, n_gliding)
            end = round(behind.placed.out_start) + behind.placed.n_frames
            if tail is not None:
                tail_start = round(behind.placed.out_start - tail.source_at(n_gliding))
                end = tail_start + tail.n_frames
        gain = gain_from_db(gains[i]) if gains[i] else 1.0
        ceiling = CEILING_DBTP if gain != 1.0 else None
        after.append((Warp(head, head_end, tail, tail_start, gain, ceiling), Span(start, end)))
    return after


def _bend(ratio: float, n_held: int, n_gliding: int) -> Bend | None:
    return None if ratio == 1.0 else Bend(ratio, n_held, n_gliding)

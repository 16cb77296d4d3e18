"""What a person can do to the beats of a track: pure functions from one project to the next."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from deepbass_engine.analysis.beats import BEATS_PER_BAR, BeatGrid
from deepbass_engine.project import GivenBeats, Project


def given(grid: BeatGrid) -> GivenBeats | None:
    """A grid as a project keeps it; None where its tempo is beyond what it may be."""
    try:
        return msgspec.convert(
            {
                "tempo_bpm": grid.tempo_bpm,
                "first_beat_s": grid.first_beat_s,
                "first_downbeat": grid.first_downbeat,
            },
            GivenBeats,
        )
    except msgspec.ValidationError:
        return None


def with_beats(project: Project, track_id: str, beats: GivenBeats | None) -> Project:
    """Give a row beats; None means those that are found."""
    rows = (replace(t, beats=beats) if t.id == track_id else t for t in project.tracks)
    return replace(project, tracks=tuple(rows)).without_reasons(track_id)


def with_next_downbeat(grid: BeatGrid) -> BeatGrid:
    """Bars begin a beat later."""
    return BeatGrid(grid.tempo_bpm, grid.first_beat_s, (grid.first_downbeat + 1) % BEATS_PER_BAR)


def with_bar_at(grid: BeatGrid, time_s: float) -> BeatGrid:
    """The grid moved so that a bar begins at a time, by the shortest way for the beats."""
    nearest = round((time_s - grid.first_beat_s) / grid.beat_s)
    moved = grid.shifted(time_s - grid.first_beat_s - nearest * grid.beat_s)
    n_beats = round((time_s - moved.first_beat_s) / moved.beat_s)
    return BeatGrid(moved.tempo_bpm, moved.first_beat_s, n_beats % BEATS_PER_BAR)

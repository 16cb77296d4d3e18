"""What is known of a track in a playlist: what was heard of it, and what a person knows better."""

from __future__ import annotations

import functools
from dataclasses import replace

from deepbass_engine.analysis.beats import BeatGrid
from deepbass_engine.analysis.music import Music
from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.project import GivenBeats, Track


def known(track: Track, analysis: TrackAnalysis) -> TrackAnalysis:
    """An analysis with the beats that the row of the playlist gives, where it gives some."""
    if track.beats is None or analysis.music is None:
        return analysis
    return replace(analysis, music=_with_beats(analysis.music, track.beats))


def grid_from(beats: GivenBeats) -> BeatGrid:
    """Beats that are given; they are sure."""
    return BeatGrid(beats.tempo_bpm, beats.first_beat_s, beats.first_downbeat)


@functools.lru_cache(maxsize=2048)
def _with_beats(music: Music, beats: GivenBeats) -> Music:
    """The same at every plan, so that joins that were found are found again."""
    return replace(music, beats=grid_from(beats))

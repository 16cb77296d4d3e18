"""What is known of a track in a playlist: what was heard of it, and what others know better."""

from __future__ import annotations

import functools
from dataclasses import replace

from deepbass_engine.analysis.beats import BeatGrid
from deepbass_engine.analysis.key import key_from_text
from deepbass_engine.analysis.music import Music
from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.project import GivenBeats, Track

_SAME_TEMPO = 5e-4
_NEAR_S = 0.06
_LEVELS = (1.0, 2.0, 0.5)


def known(track: Track, analysis: TrackAnalysis) -> TrackAnalysis:
    """An analysis with the beats and the key that the row of the playlist gives, if it does."""
    if analysis.music is None or (track.beats is None and not track.key):
        return analysis
    return replace(analysis, music=_with_given(analysis.music, track.beats, track.key))


@functools.lru_cache(maxsize=2048)
def _with_given(music: Music, beats: GivenBeats | None, key: str) -> Music:
    """The same at every plan, so that joins that were found are found again."""
    if beats is not None:
        grid = BeatGrid(beats.tempo_bpm, beats.first_beat_s, beats.first_downbeat)
        if beats.is_rough and music.beats is not None:
            grid = _as_heard(grid, music.beats)
        music = replace(music, beats=grid)
    if found := key_from_text(key):
        music = replace(music, key=found)
    return music


def _as_heard(given: BeatGrid, heard: BeatGrid) -> BeatGrid:
    """Beats moved to those that are heard, where these are sure and both nearly agree.

    Level and bars stay as they are given: of these an ear is surer than a program.
    """
    if not heard.is_sure:
        return given
    level = min(_LEVELS, key=lambda r: abs(given.tempo_bpm / (heard.tempo_bpm * r) - 1.0))
    tempo_bpm = heard.tempo_bpm * level
    if abs(given.tempo_bpm / tempo_bpm - 1.0) > _SAME_TEMPO:
        return given
    beat_s = 60.0 / tempo_bpm
    finest_s = min(beat_s, heard.beat_s)  # at half the tempo every other of what is heard will do
    apart = (given.first_beat_s - heard.first_beat_s) / finest_s
    by_s = (round(apart) - apart) * finest_s
    if abs(by_s) > _NEAR_S:
        return given
    return BeatGrid(tempo_bpm, given.first_beat_s, given.first_downbeat).shifted(by_s)

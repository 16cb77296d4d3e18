"""A playlist put in an order in which its tracks go together: tempo, key, loudness."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.errors import DeepBassError
from deepbass_engine.mix.known import known
from deepbass_engine.mix.order import Arrangement, TrackTraits, arranged
from deepbass_engine.progress import CancelToken, OnProgress
from deepbass_engine.project import Project


def traits_of(analysis: TrackAnalysis | DeepBassError) -> TrackTraits:
    """What of a track decides its place; nothing of one that can't be used."""
    music = None if isinstance(analysis, DeepBassError) else analysis.music
    if music is None:
        return TrackTraits()
    beats, key = music.beats, music.key
    return TrackTraits(
        tempo_bpm=None if beats is None else beats.tempo_bpm,
        tempo_confidence=0.0 if beats is None or not beats.is_steady else beats.confidence,
        key=None if key is None else (key.tonic, key.mode),
        key_confidence=0.0 if key is None else key.confidence,
        loudness_lufs=music.loudness_lufs,
    )


def in_order(
    project: Project,
    analyses: Sequence[TrackAnalysis | DeepBassError],
    *,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> tuple[Project, Arrangement]:
    """The project with its rows in the order in which their joins cost least, and why.

    What transitions have of their own stays with their pairs, and is heard where these are still
    neighbours. Rows that are pinned keep their places.

    Parameters
    ----------
    project, analyses
        As for `deepbass_engine.mix.plan.plan_mix`; the tracks were listened to as music.
    on_progress, cancel
        See `deepbass_engine.progress`.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    pins = {i: i for i, track in enumerate(project.tracks) if track.is_pinned}
    found = arranged(
        [
            traits_of(found if isinstance(found, DeepBassError) else known(track, found))
            for track, found in zip(project.tracks, analyses, strict=True)
        ],
        pins=pins,
        on_progress=on_progress,
        cancel=cancel,
    )
    rows = tuple(project.tracks[i] for i in found.order)
    return msgspec.structs.replace(project, tracks=rows), found

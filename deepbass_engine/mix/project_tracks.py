"""The tracks of a project, listened to for what its mix needs to know of them."""

from __future__ import annotations

from deepbass_engine.analysis.track import TrackAnalysis, analyze_tracks
from deepbass_engine.errors import InputError
from deepbass_engine.progress import CancelToken, OnProgress
from deepbass_engine.project import Project


def analyze_project(
    project: Project,
    *,
    music: bool = False,
    jobs: int = 0,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> list[TrackAnalysis | InputError]:
    """Analyse every row of a project; see `deepbass_engine.analysis.track.analyze_tracks`.

    With `music` they are listened to as music also where its mix does not need that: what is
    measured of transitions knows their beats then.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    return analyze_tracks(
        [track.path for track in project.tracks],
        project.mix.trim,
        music=music or project.needs_music,
        jobs=jobs,
        on_progress=on_progress,
        cancel=cancel,
    )

"""What part of a pair of tracks the editor shows: fitting, zooming, panning, standing still."""

from __future__ import annotations

from dataclasses import replace

from deepbass_engine.units import frames_from_seconds
from deepbass_gui.region_edit import Lane
from deepbass_gui.views.editor_scene import PairScene
from deepbass_gui.views.time_axis import TimeAxis

NEAREST = 1 / 16
"""Frames to a pixel at the closest zoom: each sample is 16 pixels wide."""
_LEAST_MARGIN_S = 0.5


def fitted(scene: PairScene, width: int) -> TimeAxis:
    """The region with a quarter of its length around it."""
    start, n_frames = scene.fade.start_frame, scene.fade.n_frames
    margin = max(n_frames / 4, frames_from_seconds(_LEAST_MARGIN_S, scene.rate_hz))
    return TimeAxis.fitted(start - margin, start + n_frames + margin, width, scene.rate_hz)


def zoomed(axis: TimeAxis, scene: PairScene, factor: float, about_x: float) -> TimeAxis:
    """Closer (a factor above 1) or farther, until both tracks are in sight as a whole."""
    whole = max(_ends(scene)) - min(_starts(scene))
    return axis.zoomed(about_x, factor, NEAREST, max(1.0, 1.25 * whole / axis.width))


def panned(axis: TimeAxis, scene: PairScene, pixels: float) -> TimeAxis:
    """Farther right, as long as the middle of the view is on one of the tracks."""
    half = axis.width / 2 * axis.frames_per_pixel
    first = axis.panned(pixels).first_frame
    return replace(
        axis, first_frame=min(max(first, min(_starts(scene)) - half), max(_ends(scene)) - half)
    )


def anchored(
    axis: TimeAxis, before: PairScene, after: PairScene, lane: Lane, *, follows: bool
) -> TimeAxis:
    """The view after a change, with a track where it was.

    Parameters
    ----------
    lane
        Which track stands still.
    follows
        Whether to look at the region where the change has taken it, or an end of it, out of sight.
    """
    shift = after.lane(lane).clip.origin_frame - before.lane(lane).clip.origin_frame
    shifted = replace(axis, first_frame=axis.first_frame + shift)
    if not follows:
        return shifted
    lost_an_end = _is_whole(axis, before) and not _is_whole(shifted, after)
    whole = fitted(after, axis.width)
    if lost_an_end and whole.frames_per_pixel > axis.frames_per_pixel:
        return whole
    if lost_an_end or (_is_in_sight(axis, before) and not _is_in_sight(shifted, after)):
        return shifted.centered(after.fade.start_frame + after.fade.n_frames / 2)
    return shifted


def _is_whole(axis: TimeAxis, scene: PairScene) -> bool:
    start, end = scene.fade.start_frame, scene.fade.start_frame + scene.fade.n_frames
    return axis.first_frame <= start and end <= axis.last_frame


def _is_in_sight(axis: TimeAxis, scene: PairScene) -> bool:
    start, end = scene.fade.start_frame, scene.fade.start_frame + scene.fade.n_frames
    return start <= axis.last_frame and end >= axis.first_frame


def _starts(scene: PairScene) -> list[int]:
    return [lane.clip.origin_frame for lane in scene.lanes]


def _ends(scene: PairScene) -> list[int]:
    return [lane.clip.origin_frame + lane.n_frames for lane in scene.lanes]

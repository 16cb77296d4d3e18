r"""Where everything of a mix stands on the timeline: clips in two lanes, transitions across both.

ruler         0:00      1:00      2:00      3:00
lane 0        [1 ===============\\\]      [///3 ==
lane 1                      [////=2 ========\\\]
                             trans.       trans.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

from deepbass_engine.fades.curves import gains_in, gains_out
from deepbass_engine.mix.plan import Fade, MixPlan
from deepbass_engine.settings import curve_pair
from deepbass_gui.edits import Pair
from deepbass_gui.views.ruler import RULER_PX
from deepbass_gui.views.time_axis import TimeAxis

HEADER_PX = 20
_LANE_GAP_PX = 4
_EDGE_PX = 4
_LEAST_HIT_PX = 12
_CURVE_POINTS = 256


@dataclass(frozen=True, slots=True)
class Ramp:
    """The gain of a clip through one of its transitions; 1 before a fade out and after a fade in.

    Attributes
    ----------
    first_frame, n_frames
        Place in the track, at the mix's rate.
    curve
        Name of its curve.
    is_out
        Whether the track leaves.
    """

    first_frame: int
    n_frames: int
    curve: str
    is_out: bool

    def gain(self, frames: NDArray[np.float64]) -> NDArray[np.float32]:
        """The gain at each of these frames of the track."""
        table = _curve(self.curve, self.is_out)
        position = (frames - self.first_frame) * (len(table) / self.n_frames)
        found = np.interp(position, np.arange(len(table)), table)
        outside = frames < self.first_frame if self.is_out else position >= len(table)
        return np.where(outside, 1.0, found).astype(np.float32)


@lru_cache
def _curve(name: str, is_out: bool) -> NDArray[np.float32]:
    """A curve by a few points.

    `Random_Linear` jumps from frame to frame between nothing and `Linear`, so that one is drawn.
    """
    name = "Linear" if name == "Random_Linear" else name
    return (gains_out if is_out else gains_in)(name, _CURVE_POINTS)


@dataclass(frozen=True, slots=True)
class Clip:
    """A track as it lies in the mix; frames are at the mix's rate.

    Attributes
    ----------
    index, track_id, path
        Which track it is.
    source_rate_hz
        Rate of the file.
    start_frame, n_frames
        Place in the mix.
    origin_frame
        Where in the mix the first frame of the file would be.
    ramps
        Its fade in and fade out, as far as it has any.
    """

    index: int
    track_id: str
    path: Path
    source_rate_hz: int
    start_frame: int
    n_frames: int
    origin_frame: int
    ramps: tuple[Ramp, ...]

    @property
    def end_frame(self) -> int:
        """The frame of the mix behind its last one."""
        return self.start_frame + self.n_frames

    @property
    def lane(self) -> int:
        """0 for the upper lane, 1 for the lower one."""
        return self.index % 2


@dataclass(frozen=True, slots=True)
class Join:
    """A transition as it lies in the mix."""

    pair: Pair
    fade: Fade


def clips_of(plan: MixPlan) -> tuple[Clip, ...]:
    """The tracks of a mix, in order."""
    fades = plan.fades
    made = []
    for i, (track, start) in enumerate(zip(plan.tracks, plan.track_starts, strict=True)):
        ramps = []
        if i and (into := fades[i - 1]).n_frames:
            name = curve_pair(into.curve).fade_in
            ramps.append(Ramp(into.in_frame, into.n_frames, name, False))
        if i < len(fades) and (out := fades[i]).n_frames:
            name = curve_pair(out.curve).fade_out
            ramps.append(Ramp(out.out_frame, out.n_frames, name, True))
        made.append(
            Clip(
                index=i,
                track_id=track.id,
                path=track.source.path,
                source_rate_hz=track.source.sample_rate_hz,
                start_frame=start,
                n_frames=track.span.n_frames,
                origin_frame=start - track.span.start_frame,
                ramps=tuple(ramps),
            )
        )
    return tuple(made)


def joins_of(plan: MixPlan) -> tuple[Join, ...]:
    """The transitions of a mix, in order."""
    ids = [track.id for track in plan.tracks]
    return tuple(Join(Pair(ids[f.index], ids[f.index + 1]), f) for f in plan.fades)


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of things in a view of this size.

    Attributes
    ----------
    axis
        Time along x.
    height
        Of the view, without its scroll bar.
    """

    axis: TimeAxis
    height: int

    @property
    def ruler(self) -> QRectF:
        """The ruler's place."""
        return QRectF(0, 0, self.axis.width, RULER_PX)

    @property
    def lanes(self) -> QRectF:
        """The place of both lanes."""
        return QRectF(0, RULER_PX, self.axis.width, max(0, self.height - RULER_PX))

    def lane(self, number: int) -> QRectF:
        """The place of a lane; its upper and lower edges lie between two pixels."""
        top = RULER_PX + _EDGE_PX
        height = max(8, (self.height - top - _EDGE_PX - _LANE_GAP_PX) // 2)
        return QRectF(0, top + number * (height + _LANE_GAP_PX), self.axis.width, height)

    def clip(self, clip: Clip) -> QRectF:
        """A clip's place."""
        return self._across(self.lane(clip.lane), clip.start_frame, clip.end_frame)

    def wave(self, clip: Clip) -> QRectF:
        """The place of a clip's waveform, below its header where there is room for one."""
        rect = self.clip(clip)
        if rect.height() >= 3 * HEADER_PX:
            rect.setTop(rect.top() + HEADER_PX)
        return rect

    def join(self, join: Join) -> QRectF:
        """A transition's place, across both lanes."""
        both = self.lane(0).united(self.lane(1))
        fade = join.fade
        return self._across(both, fade.start_frame, fade.start_frame + fade.n_frames)

    def join_at(self, joins: tuple[Join, ...], x: float, y: float) -> Join | None:
        """The transition at a point; short ones can be hit beside them too."""
        if not self.lanes.contains(x, y):
            return None
        hit, nearest = None, 0.0
        for join in joins:
            place = self.join(join)
            reach = max(place.width(), _LEAST_HIT_PX) / 2
            distance = abs(x - place.center().x()) / reach
            if distance <= 1 and (hit is None or distance < nearest):
                hit, nearest = join, distance
        return hit

    def clip_at(self, clips: tuple[Clip, ...], x: float, y: float) -> Clip | None:
        """The clip at a point."""
        return next((clip for clip in clips if self.clip(clip).contains(x, y)), None)

    def _across(self, rect: QRectF, first: int, end: int) -> QRectF:
        left, right = self.axis.x_at(first), self.axis.x_at(end)
        return QRectF(left, rect.top(), right - left, rect.height())

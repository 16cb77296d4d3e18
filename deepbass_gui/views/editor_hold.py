"""A handle of a transition in a person's hand: what the project becomes as it is moved."""

from __future__ import annotations

from dataclasses import dataclass

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.project import Project, Span
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, Region, with_region
from deepbass_gui.region_edit import Handle, Lane, Limits, dragged

_FURTHEST_STEP = 32
"""Frames of the mix that a nudge may need to reach the next frame of a file of a low rate."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Where a move begins; every project is made from there, so going back restores all.

    Attributes
    ----------
    pair, lane, handle
        What is held.
    project, plan
        What they were when it was taken hold of.
    index
        Number of the transition in that plan.
    analyses
        Of its two tracks.
    """

    pair: Pair
    lane: Lane
    handle: Handle
    project: Project
    plan: MixPlan
    index: int
    analyses: tuple[TrackAnalysis, TrackAnalysis]

    @classmethod
    def of(cls, document: Document, pair: Pair, lane: Lane, handle: Handle) -> Hold | None:
        """Take hold of a handle; None where the pair is not planned."""
        plan, fade, analyses = document.plan, document.fade(pair), document.analyses(pair)
        if plan is None or fade is None or analyses is None:
            return None
        return cls(pair, lane, handle, document.project, plan, fade.index, analyses)

    @property
    def region(self) -> Region:
        """Where the transition lay."""
        return Region.of(self.plan.fades[self.index])

    def moved(self, by: int) -> Project:
        """The project after a move by so many frames, as far as it can go."""
        limits = Limits.of(self.plan, self.index, self.analyses)
        wanted = dragged(self.region, self.lane, self.handle, by, limits)
        return with_region(self.project, self.plan, self.index, wanted, self.analyses)

    def nudged(self, by: int) -> Project:
        """The same, and farther where `by` is less than one frame of the file."""
        step = 1 if by > 0 else -1
        for extra in range(_FURTHEST_STEP):
            made = self.moved(by + step * extra)
            if self._cuts(made) != self._cuts(self.project):
                return made
        return self.project

    def _cuts(self, project: Project) -> tuple[Span, Span, float]:
        """What of a project says where the transition lies."""
        rows = {track.id: track for track in project.tracks}
        leaving, entering = self.pair.out_track, self.pair.in_track
        return (
            rows[leaving].span or self.analyses[0].span,
            rows[entering].span or self.analyses[1].span,
            project.spec(leaving, entering).duration_s,
        )

"""The open project: its value, its plan, its undo history, and whether it is saved.

Every edit makes a new `Project`; the history keeps the values before and after. While something is
dragged the project is only tried out: all views follow it, and one step is made in the end.
"""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.errors import DeepBassError, InputError, PlanError
from deepbass_engine.mix.plan import Fade, MixPlan, plan_mix
from deepbass_engine.project import Problem, Project, Track, usual_project
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.library import Library, TrackFacts
from deepbass_gui.nsynth import NSynth

PLAN_AFTER_MS, PLAN_AFTER_MS_A_TRACK = 250, 10
"""How long news of files are gathered before the mix is planned, and shown, anew."""
MERGES_WITHIN_S = 1.0


class Document(QObject):
    """A project that is being worked on.

    Attributes
    ----------
    library
        What is known of its files.
    nsynth
        What is known of its NSynth transitions, and of what renders them.

    Signals
    -------
    edited()
        `project` is another value: by an edit, undo, redo, a try-out, or because another project
        was opened.
    opened()
        Another project was opened, or a new one begun; `edited` follows.
    planned()
        `plan` is another value: after an edit, or because more is known of a file.
    renamed()
        `path` changed.
    modified_changed(bool)
        Whether there is something to save.
    """

    edited = Signal()
    opened = Signal()
    planned = Signal()
    renamed = Signal()
    modified_changed = Signal(bool)

    def __init__(self, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.library = library
        self.undo_stack = QUndoStack(self)
        self.undo_stack.cleanChanged.connect(self._on_clean_changed)
        self._project = usual_project()
        self._before_trial: Project | None = None
        self._path: Path | None = None
        self._plan: MixPlan | None = None
        self._fades: dict[Pair, Fade] = {}
        self._problems: tuple[Problem, ...] = ()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._make_plan)
        library.changed.connect(self._on_facts)
        self.nsynth = NSynth(self)

    @property
    def project(self) -> Project:
        """The project as it is seen, with what is being tried out."""
        return self._project

    @property
    def is_trying(self) -> bool:
        """Whether something is being tried out."""
        return self._before_trial is not None

    @property
    def settled_project(self) -> Project:
        """The project without what is being tried out: what is to be saved."""
        return self._project if self._before_trial is None else self._before_trial

    @property
    def plan(self) -> MixPlan | None:
        """The mix of those tracks of which enough is known; None where there are none."""
        return self._plan

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the plan leaves out, or warns of."""
        return self._problems

    @property
    def path(self) -> Path | None:
        """The project file; None where it was never saved."""
        return self._path

    @property
    def is_modified(self) -> bool:
        """Whether there is something to save."""
        return not self.undo_stack.isClean()

    @property
    def is_settled(self) -> bool:
        """Whether all is known of every file."""
        return self.library.is_settled

    def facts(self, track: Track) -> TrackFacts:
        """What is known of a row's file."""
        return self.library.facts(track.path)

    def track(self, track_id: str) -> Track | None:
        """The row of this id."""
        return next((t for t in self._project.tracks if t.id == track_id), None)

    def fade(self, pair: Pair) -> Fade | None:
        """The planned transition of a pair; None where the two don't follow each other."""
        return self._fades.get(pair)

    def pair(self, fade: Fade) -> Pair:
        """The pair that a transition of the plan joins."""
        assert self._plan is not None
        tracks = self._plan.tracks
        return Pair(tracks[fade.index].id, tracks[fade.index + 1].id)

    def analyses(self, pair: Pair) -> tuple[TrackAnalysis, TrackAnalysis] | None:
        """What is known of a pair's two files, if enough is."""
        found = [
            self.facts(track).analysis
            for track_id in (pair.out_track, pair.in_track)
            if (track := self.track(track_id)) is not None
        ]
        if len(found) == 2 and found[0] is not None and found[1] is not None:
            return found[0], found[1]
        return None

    def edit(self, name: str, project: Project, merge: str = "") -> None:
        """Make an edit, as a step that can be undone.

        Parameters
        ----------
        name
            What it does, as "Undo ..." shows it.
        project
            The project after it.
        merge
            Edits in quick succession with the same word here become one step.
        """
        self._before_trial, before = None, self.settled_project
        if project == before:
            self._show(before)
            return
        self.undo_stack.push(_Edit(self, name, before, project, merge))

    def try_out(self, project: Project) -> None:
        """Show a project without making it a step: while something is dragged."""
        if self._before_trial is None:
            self._before_trial = self._project
        self._show(project)

    def settle(self, name: str) -> None:
        """Make what was tried out a step."""
        if self._before_trial is not None:
            self.edit(name, self._project)

    def drop_trial(self) -> None:
        """Go back to where the try-out began."""
        if self._before_trial is not None:
            before, self._before_trial = self._before_trial, None
            self._show(before)

    def open(self, project: Project, path: Path | None, *, is_modified: bool = False) -> None:
        """Work on another project; its history begins anew."""
        self._before_trial = None
        self._path = path
        self.undo_stack.clear()
        if is_modified:
            self.undo_stack.resetClean()
        self.opened.emit()
        self._show(project)
        self.renamed.emit()
        self.modified_changed.emit(self.is_modified)

    def saved(self, path: Path, project: Project) -> None:
        """Note that `project` now stands in a file."""
        if path != self._path:
            self._path = path
            self.renamed.emit()
        if project == self.settled_project:
            self.undo_stack.setClean()

    def _show(self, project: Project) -> None:
        if project == self._project:
            return
        self._project = project
        self.library.want((track.path for track in project.tracks), project.mix.trim)
        self.edited.emit()
        self._make_plan()

    def _on_clean_changed(self, is_clean: bool) -> None:
        self.modified_changed.emit(not is_clean)

    def _on_facts(self, path: Path) -> None:
        if self.is_settled or self._plan is None:
            self._make_plan()
        elif not self._soon.isActive():
            self._soon.start(max(PLAN_AFTER_MS, PLAN_AFTER_MS_A_TRACK * self.library.n_wanted))

    def _make_plan(self) -> None:
        self._soon.stop()
        found = [self._analysis(track) for track in self._project.tracks]
        pending = {track.path for track in self._project.tracks if not self.facts(track).is_settled}
        try:
            plan = plan_mix(self._project, found)
            problems = plan.problems
        except PlanError:
            plan = None
            problems = tuple(Problem.from_error(a) for a in found if isinstance(a, DeepBassError))
        problems = tuple(p for p in problems if p.path not in pending) + self._replaced()
        if plan != self._plan or problems != self._problems:
            self._plan, self._problems = plan, problems
            self._fades = {self.pair(fade): fade for fade in plan.fades} if plan else {}
            self.planned.emit()

    def _replaced(self) -> tuple[Problem, ...]:
        """Files that are not those the project was saved with."""
        found = []
        for track in self._project.tracks:
            facts = self.facts(track)
            now = facts.analysis.content_hash if facts.is_settled and facts.analysis else ""
            if track.content_hash and now and now != track.content_hash:
                found.append(
                    Problem(
                        track.path,
                        None,
                        self.tr("is not the file that the project was saved with"),
                        self.tr("look whether its transitions still fit"),
                    )
                )
        return tuple(found)

    def _analysis(self, track: Track) -> TrackAnalysis | DeepBassError:
        facts = self.facts(track)
        if facts.analysis is not None:
            return facts.analysis
        return facts.error or InputError("is still being read", path=track.path)


class _Edit(QUndoCommand):
    """One step of the history."""

    def __init__(
        self, document: Document, name: str, before: Project, after: Project, merge: str
    ) -> None:
        super().__init__(name)
        self._document = document
        self._before = before
        self._after = after
        self._merge = merge
        self._made_at_s = time.monotonic()

    def redo(self) -> None:
        self._document._show(self._after)

    def undo(self) -> None:
        self._document.drop_trial()
        self._document._show(self._before)

    def id(self) -> int:
        return 1 if self._merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: N802 (Qt's name)
        if not isinstance(other, _Edit) or other._merge != self._merge:
            return False
        if other._made_at_s - self._made_at_s > MERGES_WITHIN_S:
            return False
        self._after, self._made_at_s = other._after, other._made_at_s
        return True

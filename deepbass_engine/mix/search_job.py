"""From a project to one with better transitions: what the command line calls before it mixes."""

from __future__ import annotations

from deepbass_engine.mix.estimate import OnEstimate
from deepbass_engine.mix.morphs import OnNote
from deepbass_engine.mix.plan import plan_mix
from deepbass_engine.mix.project_tracks import analyze_project
from deepbass_engine.mix.search import search_transitions, with_choice
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import CancelToken, OnProgress
from deepbass_engine.project import Project
from deepbass_engine.settings import OutputSettings, SearchSettings


def with_better_transitions(
    project: Project,
    search: SearchSettings | None = None,
    output: OutputSettings | None = None,
    *,
    store: TransitionStore | None = None,
    on_estimate: OnEstimate | None = None,
    on_note: OnNote | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> Project:
    """Search all transitions of a project and take the best of each.

    Parameters
    ----------
    project
        The playlist and its settings.
    search
        How many candidates, and which methods.
    output
        How much is worked on at once, and what NSynth is computed on.
    store
        Where finished NSynth transitions are looked for, and kept.
    on_estimate, on_note, on_progress, cancel
        As in `deepbass_engine.mix.search.search_transitions`.

    Returns
    -------
    The project; each transition that was searched says why it is as it is, also where it stays.

    Raises
    ------
    PlanError
        If no track can be used.
    Cancelled
        If asked to stop.
    """
    output = output or OutputSettings()
    analyses = analyze_project(
        project, music=True, jobs=output.jobs, on_progress=on_progress, cancel=cancel
    )
    plan = plan_mix(project, analyses)
    found = search_transitions(
        project,
        analyses,
        range(len(plan.fades)),
        search,
        store=store,
        jobs=output.jobs,
        device=output.device,
        precision=output.precision,
        on_estimate=on_estimate,
        on_note=on_note,
        on_progress=on_progress,
        cancel=cancel,
    )
    for index, ranking in found.items():
        project = with_choice(project, plan, index, ranking[0], analyses)
    return project

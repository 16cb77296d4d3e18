"""From a project to a mix and its report: what the command line and the window call.

The tracks are analysed side by side (and what was found is remembered), the mix is planned, then
rendered, then reported. Whether there is a model to speak its NSynth transitions is asked first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import msgspec

from deepbass_engine.analysis import cache
from deepbass_engine.mix.estimate import OnEstimate
from deepbass_engine.mix.morphs import OnNote
from deepbass_engine.mix.plan import plan_mix
from deepbass_engine.mix.project_tracks import analyze_project
from deepbass_engine.mix.render import render
from deepbass_engine.mix.render_measures import OnMeasured
from deepbass_engine.mix.report import MixReport, make_report
from deepbass_engine.mix.targets import check_target
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.voice import voice_for
from deepbass_engine.progress import CancelToken, OnProgress
from deepbass_engine.project import Problem, Project, Track
from deepbass_engine.settings import OutputSettings


def mix_project(
    project: Project,
    target: Path,
    output: OutputSettings | None = None,
    *,
    overwrite: bool = False,
    transitions: TransitionStore | None = None,
    beside: Sequence[Path] = (),
    also_read: Sequence[Path] = (),
    problems: Sequence[Problem] = (),
    measure: bool = False,
    on_estimate: OnEstimate | None = None,
    on_note: OnNote | None = None,
    on_measured: OnMeasured | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> MixReport:
    """Mix a project into a file.

    Parameters
    ----------
    project
        The playlist and its settings.
    target
        File to write, .wav or .flac.
    output
        Sample format, and number of tracks worked on at once.
    overwrite
        Whether an existing target is replaced.
    transitions
        Where finished transitions are looked for, and kept. The mix is the same without.
    beside
        Files the caller is going to write when the mix is done. Like the target they are refused
        before any work is done, by the same rules.
    also_read
        Files that were read to make the project, a playlist for one; nothing may be written over
        them.
    problems
        What was left out before; they go into the report.
    measure
        Whether every transition is measured, and flagged where it passes the project's limits. The
        mix is the same without.
    on_estimate, on_note
        Told how long NSynth transitions will take, and what is done otherwise than chosen.
    on_measured
        Told what each transition measures, by its number; one at a time, from any thread.
    on_progress, cancel
        See `deepbass_engine.progress`.

    Returns
    -------
    The report; its `problems` are empty where nothing was left out.

    Raises
    ------
    InputError
        If a track that was analysed is gone, or has changed, when it is to be mixed.
    ModelError, DeviceError
        If there are NSynth transitions, and the model, the device or the precision can't be used.
    OutputError
        If the target, or a file beside it, can't or must not be written.
    PlanError
        If no track can be used.
    SettingError
        If an NSynth transition is too long.
    Cancelled
        If asked to stop; nothing is left behind.
    """
    output = output or OutputSettings()
    paths = [track.path for track in project.tracks]
    check_target(target, [*paths, *also_read], output.subtype, overwrite=overwrite, beside=beside)
    if _wants_nsynth(project):
        voice_for(project.mix.model, output.device, output.precision)
    if measure:  # its kernels are loaded while tracks are decoded
        threading.Thread(target=import_module, args=("deepbass_engine.mix.measuring",)).start()
    timing_s: dict[str, float] = {}
    started_s = time.perf_counter()
    analyses = analyze_project(
        project, music=measure, jobs=output.jobs, on_progress=on_progress, cancel=cancel
    )
    timing_s["analysing"] = time.perf_counter() - started_s
    plan = plan_mix(project, analyses)
    rendering_s = time.perf_counter()
    rendered = render(
        plan,
        target,
        output,
        transitions=transitions,
        measure=measure,
        limits=project.limits,
        on_estimate=on_estimate,
        on_note=on_note,
        on_measured=on_measured,
        on_progress=on_progress,
        cancel=cancel,
    )
    timing_s |= rendered.timing_s
    spoken_s = sum(rendered.timing_s.values())
    timing_s["rendering"] = time.perf_counter() - rendering_s - spoken_s
    timing_s["total"] = time.perf_counter() - started_s
    return make_report(plan, target, output.subtype, rendered, timing_s, tuple(problems))


def _wants_nsynth(project: Project) -> bool:
    """Whether two neighbours are to be joined by a model."""
    specs = [project.spec(left.id, right.id) for left, right in pairwise(project.tracks)]
    return any(spec.method == "nsynth" and spec.duration_s for spec in specs)


def with_content_hashes(project: Project, *, cancel: CancelToken | None = None) -> Project:
    """Name every track's content, so that a saved project knows its files when they have moved.

    A file that can't be read keeps the hash it had.
    """

    def named(track: Track) -> Track:
        with suppress(OSError):
            found = cache.hash_of(track.path, cancel=cancel)
            return msgspec.structs.replace(track, content_hash=found)
        return track

    return msgspec.structs.replace(project, tracks=tuple(map(named, project.tracks)))

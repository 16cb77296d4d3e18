"""From a plan to a file: tracks decoded side by side, each written where it belongs.

What a model has to say is decoded first, all of it together: see `deepbass_engine.mix.morphs`. Then
a worker takes the next track, decodes it once from its first frame, gives its head to the
transition before it, writes its body block by block and gives its tail to the transition behind
it. Whoever gives a transition its second part renders it. A transition that was made before and
kept in a `TransitionStore` is written by whoever meets it first, and its tail and head are passed
over.

    worker 1   track 1  [---body---][tail] -> fade 1 <- [head][---body---]  track 2   worker 2

Everything written depends on its place in the mix alone, so any number of workers gives the same
bytes. A worker holds one block and one head or tail; what waits for its other part is at most one
head or tail for each worker.

Where transitions are measured, a head comes with a little of the track behind it and a tail with a
little before it (`deepbass_engine.mix.track_reading`), and whoever completes a transition measures
it when it is written. Then a worker holds a head and a tail, where its track is short or while it
measures. A transition and its measures that were both kept need no parts.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.atomic import replacing
from deepbass_engine.audio.write import RF64_FROM_BYTES, bytes_needed, open_writer
from deepbass_engine.errors import DeepBassError, OutputError
from deepbass_engine.mix.estimate import OnEstimate
from deepbass_engine.mix.morphs import Morphs, OnNote, make_morphs, nsynth_transitions
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.quality import MeasuredTransition
from deepbass_engine.mix.render_measures import Measures, OnMeasured
from deepbass_engine.mix.render_work import RenderWork
from deepbass_engine.mix.side_by_side import work_side_by_side
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.voice import Voice, voice_for
from deepbass_engine.progress import CancelToken, OnProgress
from deepbass_engine.project import Problem
from deepbass_engine.settings import OutputSettings, QualityLimits, n_workers


@dataclass(frozen=True, slots=True)
class Rendered:
    """What rendering found.

    Attributes
    ----------
    peak
        Largest magnitude of the mix before clipping, full scale at 1.
    n_clipped
        Frames in which a sample was clipped.
    problems
        What could not be played though it was planned.
    voice
        What speaks its NSynth transitions; None where it has none.
    notes
        What of them was done otherwise than chosen.
    timing_s
        Seconds spent on them, by stage.
    measured
        What was measured of transitions, by number; empty where that was not asked for.
    """

    peak: float
    n_clipped: int
    problems: tuple[Problem, ...]
    voice: Voice | None = None
    notes: tuple[str, ...] = ()
    timing_s: Mapping[str, float] = field(default_factory=dict)
    measured: Mapping[int, MeasuredTransition] = field(default_factory=dict)


def render(
    plan: MixPlan,
    target: Path,
    output: OutputSettings | None = None,
    *,
    transitions: TransitionStore | None = None,
    measure: bool = False,
    limits: QualityLimits | None = None,
    rf64_from_bytes: int = RF64_FROM_BYTES,
    on_estimate: OnEstimate | None = None,
    on_note: OnNote | None = None,
    on_measured: OnMeasured | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> Rendered:
    """Render a plan into a WAV or FLAC file, whole or not at all.

    An existing target is replaced; see `deepbass_engine.mix.targets`.

    Parameters
    ----------
    plan
        The mix.
    target
        File to write; its extension tells the format.
    output
        Sample format, and number of tracks worked on at once.
    transitions
        Where finished transitions are looked for, and kept, and what was measured of them. The mix
        is the same without.
    measure
        Whether every transition is measured. The mix is the same without.
    limits
        What their measures must not pass.
    rf64_from_bytes
        Size from which a WAV is written as RF64.
    on_estimate, on_note
        Told how long NSynth transitions will take, and what is done otherwise than chosen.
    on_measured
        Told what each transition measures, one at a time, from any thread.

    Raises
    ------
    InputError
        If a track is gone or has changed since it was looked at.
    ModelError, DeviceError
        If the model, the device or the precision of its NSynth transitions can't be used.
    SettingError
        If an NSynth transition is too long.
    OutputError
        If the file can't be written, or the disk has too little room for it.
    Cancelled
        If asked to stop; nothing is left behind.
    """
    output = output or OutputSettings()
    _check_room(plan, target, output.subtype)
    spoken = _Spoken.of(plan, output, transitions, on_estimate, on_note, on_progress, cancel)
    morphs, stop = spoken.morphs, CancelToken()
    with replacing(target) as temporary:
        writer = open_writer(
            temporary,
            target.suffix,
            output.subtype,
            plan.sample_rate_hz,
            plan.n_frames,
            cancel=stop,
            rf64_from_bytes=rf64_from_bytes,
        )
        measures = (
            Measures(plan, limits or QualityLimits(), transitions, morphs.voice, on_measured, stop)
            if measure
            else None
        )
        try:
            work = RenderWork(
                plan,
                writer,
                output.subtype,
                transitions,
                spoken.finished,
                morphs.decoded,
                measures,
                stop,
                on_progress,
            )
            work_side_by_side(
                range(len(plan.tracks)),
                work.render_track,
                n_workers(output.jobs),
                stop=stop,
                cancel=cancel,
            )
        finally:
            writer.close()
    return Rendered(
        work.peak,
        work.n_clipped,
        tuple(work.problems_in_order()),
        morphs.voice,
        tuple(morphs.notes),
        morphs.timing_s,
        measures.in_order() if measures else {},
    )


def _check_room(plan: MixPlan, target: Path, subtype: str) -> None:
    """Raise `OutputError` if the disk has too little room."""
    needed = bytes_needed(target.suffix, subtype, plan.n_frames)
    free = shutil.disk_usage(Path(os.path.realpath(target)).parent).free
    if free < needed:
        raise OutputError(
            f"needs {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free",
            path=target,
            hint="free some space, or write to another disk",
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Spoken:
    """The NSynth transitions of a mix, made ready before it is written.

    Attributes
    ----------
    finished
        Those that were in the store, by number.
    morphs
        What a model said of the others.
    """

    finished: Mapping[int, NDArray[np.float32]]
    morphs: Morphs

    @classmethod
    def of(
        cls,
        plan: MixPlan,
        output: OutputSettings,
        store: TransitionStore | None,
        on_estimate: OnEstimate | None,
        on_note: OnNote | None,
        on_progress: OnProgress | None,
        cancel: CancelToken | None,
    ) -> _Spoken:
        """Make them ready; one that can't be ends the rendering."""
        wanted = nsynth_transitions(plan)
        if not wanted:
            return cls({}, Morphs())

        def refuse(index: int, error: DeepBassError) -> None:
            raise error

        voice = voice_for(plan.model, output.device, output.precision)
        finished = {}
        if store is not None:
            for index in wanted:
                mixed = store.load(plan, index, voice=voice, cancel=cancel)
                if mixed is not None:
                    finished[index] = mixed
        morphs = make_morphs(
            plan,
            [index for index in wanted if index not in finished],
            voice,
            jobs=output.jobs,
            on_failed=refuse,
            on_estimate=on_estimate,
            on_note=on_note,
            on_progress=on_progress,
            cancel=cancel,
        )
        return cls(finished, morphs)

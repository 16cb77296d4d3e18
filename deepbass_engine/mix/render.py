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
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.track import not_finite_problem
from deepbass_engine.atomic import replacing
from deepbass_engine.audio.decode import BLOCK_FRAMES
from deepbass_engine.audio.quantize import BIT_DEPTHS, quantize
from deepbass_engine.audio.stream import TrackStream
from deepbass_engine.audio.write import (
    RF64_FROM_BYTES,
    MixWriter,
    bytes_needed,
    open_writer,
)
from deepbass_engine.errors import DeepBassError, OutputError
from deepbass_engine.mix.estimate import OnEstimate
from deepbass_engine.mix.morphs import Morphs, OnNote, make_morphs, nsynth_transitions
from deepbass_engine.mix.plan import Body, Fade, MixPlan
from deepbass_engine.mix.side_by_side import work_side_by_side
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.transitions import (
    Part,
    PartsWaiting,
    kept_transition,
    under_full_scale,
)
from deepbass_engine.mix.voice import Voice, voice_for
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.project import Problem
from deepbass_engine.settings import OutputSettings, n_workers
from deepbass_engine.units import clock_text, seconds_from_frames


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
    """

    peak: float
    n_clipped: int
    problems: tuple[Problem, ...]
    voice: Voice | None = None
    notes: tuple[str, ...] = ()
    timing_s: Mapping[str, float] = field(default_factory=dict)


def render(
    plan: MixPlan,
    target: Path,
    output: OutputSettings | None = None,
    *,
    transitions: TransitionStore | None = None,
    rf64_from_bytes: int = RF64_FROM_BYTES,
    on_estimate: OnEstimate | None = None,
    on_note: OnNote | None = None,
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
        Where finished transitions are looked for, and kept. The mix is the same without.
    rf64_from_bytes
        Size from which a WAV is written as RF64.
    on_estimate, on_note
        Told how long NSynth transitions will take, and what is done otherwise than chosen.

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
        try:
            work = _Work(plan, writer, output.subtype, transitions, spoken, stop, on_progress)
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


class _Work:
    """One rendering: what its workers share."""

    def __init__(
        self,
        plan: MixPlan,
        writer: MixWriter,
        subtype: str,
        store: TransitionStore | None,
        spoken: _Spoken,
        stop: CancelToken,
        on_progress: OnProgress | None,
    ) -> None:
        self.peak = 0.0
        self.n_clipped = 0
        self._plan = plan
        self._fades = plan.fades
        self._bodies = {s.track: s for s in plan.segments if isinstance(s, Body)}
        self._writer = writer
        self._subtype = subtype
        self._store = store
        self._spoken = spoken
        self._stop = stop
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._waiting = PartsWaiting()
        self._looking = threading.Lock()
        self._from_store: dict[int, bool] = {}
        self._frames_done = 0
        self._problems: dict[int, list[Problem]] = {}

    def problems_in_order(self) -> list[Problem]:
        """Problems met, by track."""
        return [problem for index in sorted(self._problems) for problem in self._problems[index]]

    def render_track(self, index: int) -> None:
        """Decode a track once: its head, its body, its tail."""
        with np.errstate(over="ignore"):  # of a float file at the end of its range
            self._render_track(index)

    def _render_track(self, index: int) -> None:
        track, body = self._plan.tracks[index], self._bodies.get(index)
        before = self._fades[index - 1] if index else None
        behind = self._fades[index] if index < len(self._fades) else None
        gives_head = before is not None and not self._is_done(before)
        stream = TrackStream(
            track.source,
            self._plan.sample_rate_hz,
            track.span.start_frame + (before.n_frames if before and not gives_head else 0),
            cancel=self._stop,
            grid_bits=BIT_DEPTHS.get(self._subtype),
        )
        if before and gives_head:
            self._hand_in(before, "head", stream)
        if body:
            frame = body.start_frame
            for block in stream.blocks(body.n_frames):
                self._stop.raise_if_cancelled()
                self._write(frame, block, dither=not stream.on_grid)
                frame += len(block)
        if behind and not self._is_done(behind):
            self._hand_in(behind, "tail", stream)
        self._note_problems(index, stream)

    def _is_done(self, fade: Fade) -> bool:
        """Whether a transition needs no parts: it is a cut, or was in the store and is written.

        The first to ask writes it.
        """
        if fade.n_frames == 0:
            return True
        with self._looking:
            if fade.index in self._from_store:
                return self._from_store[fade.index]
            mixed = self._spoken.finished.get(fade.index)
            if self._store is not None and fade.method != "nsynth":
                mixed = self._store.load(self._plan, fade.index, cancel=self._stop)
            self._from_store[fade.index] = mixed is not None
        if mixed is not None:
            self._write_transition(fade, mixed)
        return mixed is not None

    def _hand_in(self, fade: Fade, side: Literal["head", "tail"], stream: TrackStream) -> None:
        """Read one part of a transition; render it once the other is there."""
        samples = stream.read(fade.n_frames)
        parts = self._waiting.pair(fade.index, side, Part(samples, stream.is_flawless))
        if parts is not None:
            mixed = kept_transition(
                self._plan,
                fade.index,
                *parts,
                self._store,
                morph=self._spoken.morphs.decoded.get(fade.index),
                cancel=self._stop,
            )
            self._write_transition(fade, mixed)

    def _write_transition(self, fade: Fade, mixed: NDArray[np.float32]) -> None:
        """Write a transition where it belongs, under full scale in integers."""
        if self._subtype in BIT_DEPTHS:
            mixed = under_full_scale(mixed, self._plan.sample_rate_hz, cancel=self._stop)
        for first in range(0, fade.n_frames, BLOCK_FRAMES):
            self._stop.raise_if_cancelled()
            block = mixed[first : first + BLOCK_FRAMES]
            is_last = first + len(block) == fade.n_frames
            self._write(
                fade.start_frame + first, block, transition_index=fade.index if is_last else None
            )

    def _write(
        self,
        first_frame: int,
        block: NDArray[Any],
        *,
        dither: bool = True,
        transition_index: int | None = None,
    ) -> None:
        """Quantise a block, write it, and keep count."""
        done = quantize(block, self._subtype, first_frame, dither=dither)
        self._writer.write(first_frame, done.samples)
        with self._lock:
            self.peak = max(self.peak, done.peak)
            self.n_clipped += done.n_clipped
            self._frames_done += len(block)
            if self._on_progress is not None:
                self._on_progress(
                    Progress("rendering", self._frames_done, self._plan.n_frames, transition_index)
                )

    def _note_problems(self, index: int, stream: TrackStream) -> None:
        """Remember what of a track could not be played though the plan counted on it."""
        path, found = self._plan.tracks[index].source.path, []
        if stream.n_missing:
            missing = clock_text(seconds_from_frames(stream.n_missing, self._plan.sample_rate_hz))
            found.append(
                Problem(
                    path,
                    None,
                    f"could not be decoded to its end: {missing} are silent in the mix",
                    "copy or download it again, and mix with trimming on",
                )
            )
        if stream.n_not_finite and not self._plan.tracks[index].n_not_finite:
            found.append(not_finite_problem(path, stream.n_not_finite))
        if found:
            with self._lock:
                self._problems[index] = found

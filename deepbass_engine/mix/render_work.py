"""What the workers of a rendering do and share: tracks read, transitions made, blocks written."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.track import not_finite_problem
from deepbass_engine.audio.channels import STEREO
from deepbass_engine.audio.decode import BLOCK_FRAMES
from deepbass_engine.audio.quantize import BIT_DEPTHS, quantize
from deepbass_engine.audio.stream import TrackStream
from deepbass_engine.audio.warped_stream import WarpedStream
from deepbass_engine.audio.write import MixWriter
from deepbass_engine.mix.morphs import Morph
from deepbass_engine.mix.plan import Body, Fade, MixPlan
from deepbass_engine.mix.render_measures import Measures
from deepbass_engine.mix.track_reading import TrackReading
from deepbass_engine.mix.transition_audio import (
    CONTEXT_S,
    TransitionAudio,
    beats_s,
    discarded_s,
    gains_of,
    loudness_lufs,
)
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.transitions import (
    Part,
    PartsWaiting,
    is_worth_keeping,
    kept_transition,
    under_full_scale,
)
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.project import Problem, Span
from deepbass_engine.units import clock_text, frames_from_seconds, seconds_from_frames


@dataclass(slots=True, eq=False)
class _Known:
    """What is known of a transition before it has its parts.

    Attributes
    ----------
    mixed
        Its samples, where they were in the store; of a cut there are none. Let go when done with.
    is_written
        Whether they stand in the mix, or a worker is about to write them.
    wants_measuring
        Whether it is still to be measured.
    needs_parts
        Whether its tracks have to give their parts to it.
    """

    mixed: NDArray[np.float32] | None
    is_written: bool
    wants_measuring: bool
    needs_parts: bool


class RenderWork:
    """One rendering: what its workers share.

    Parameters
    ----------
    plan
        The mix.
    writer, subtype
        Where it goes, and its sample format.
    store
        Where finished transitions are looked for, and kept.
    finished
        The NSynth transitions that were in the store, by number.
    decoded
        What a model said of the others.
    measures
        What measures the transitions; None where that was not asked for.
    stop
        Looked at on the way.
    on_progress
        Told the frames written.

    Attributes
    ----------
    peak
        Largest magnitude so far, before clipping, full scale at 1.
    n_clipped
        Frames so far in which a sample was clipped.
    """

    def __init__(
        self,
        plan: MixPlan,
        writer: MixWriter,
        subtype: str,
        store: TransitionStore | None,
        finished: Mapping[int, NDArray[np.float32]],
        decoded: Mapping[int, Morph],
        measures: Measures | None,
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
        self._finished = finished
        self._decoded = decoded
        self._measures = measures
        self._stop = stop
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._waiting = PartsWaiting()
        self._looking = threading.Lock()
        self._known: dict[int, _Known] = {}
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
        head_end = track.span.start_frame + (before.n_frames if before else 0)
        reading = TrackReading(
            track,
            self._plan.sample_rate_hz,
            Span(head_end, head_end + (body.n_frames if body else 0)),
            head_context=self._context(before),
            tail_context=self._context(behind),
            grid_bits=BIT_DEPTHS.get(self._subtype),
            store=self._store,
            cancel=self._stop,
        )
        if before:
            self._write_found(before)
            if self._known[before.index].needs_parts:
                self._hand_in(before, "head", reading.head())
        if body:
            frame = body.start_frame
            for block in reading.body():
                self._stop.raise_if_cancelled()
                self._write(frame, block, dither=not reading.stream.on_grid)
                frame += len(block)
        if behind:
            self._write_found(behind)
            if self._known[behind.index].needs_parts:
                self._hand_in(behind, "tail", reading.tail())
        self._note_problems(index, reading.stream)

    def _context(self, fade: Fade | None) -> int | None:
        """Frames that a transition needs of a track beside its part; None where it needs none."""
        if fade is None:
            return None
        with self._looking:
            known = self._known.get(fade.index)
            if known is None:
                known = self._known[fade.index] = self._look_for(fade)
        if not known.needs_parts:
            return None
        rate_hz = self._plan.sample_rate_hz
        return frames_from_seconds(CONTEXT_S, rate_hz) if known.wants_measuring else 0

    def _look_for(self, fade: Fade) -> _Known:
        """What of a transition is there already."""
        mixed = self._finished.get(fade.index)
        if fade.n_frames == 0:
            mixed = np.empty((0, STEREO), np.float32)
        elif self._store is not None and fade.method != "nsynth":
            mixed = self._store.load(self._plan, fade.index, cancel=self._stop)
        wants_measuring = self._measures is not None and not self._measures.find(fade.index)
        return _Known(mixed, fade.n_frames == 0, wants_measuring, mixed is None or wants_measuring)

    def _write_found(self, fade: Fade) -> None:
        """Write a transition that was in the store; the first to come to it does."""
        known = self._known[fade.index]
        with self._looking:
            mixed, is_written = known.mixed, known.is_written
            if mixed is None or is_written:
                return
            known.is_written = True
            if not known.wants_measuring:
                known.mixed = None
        self._write_transition(fade, mixed)

    def _hand_in(self, fade: Fade, side: Literal["head", "tail"], part: Part) -> None:
        """Give one part to a transition; make and measure it once the other is there."""
        parts = self._waiting.pair(fade.index, side, part)
        if parts is None:
            return
        outgoing, incoming = parts
        n_before = len(outgoing.samples) - fade.n_frames
        tail = Part(outgoing.samples[n_before:], outgoing.is_flawless)
        head = Part(incoming.samples[: fade.n_frames], incoming.is_flawless)
        known, morph = self._known[fade.index], self._decoded.get(fade.index)
        mixed, known.mixed = known.mixed, None
        if mixed is None:
            mixed = kept_transition(
                self._plan, fade.index, tail, head, self._store, morph=morph, cancel=self._stop
            )
            self._write_transition(fade, mixed)
        if self._measures is not None and known.wants_measuring:
            audio = TransitionAudio(
                self._plan.sample_rate_hz,
                outgoing.samples,
                incoming.samples,
                mixed,
                gains_of(fade, self._plan.sample_rate_hz),
                discarded_s(self._plan, fade.index),
                loudness_lufs(self._plan, fade.index),
                beats_s(self._plan, fade.index),
            )
            keep = is_worth_keeping(tail, head, morph)
            self._measures.measure(fade.index, audio, keep=keep)

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

    def _note_problems(self, index: int, stream: TrackStream | WarpedStream) -> None:
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

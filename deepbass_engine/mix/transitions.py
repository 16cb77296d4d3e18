"""Where a transition's samples are made, for the mix, for listening and for the store.

`render_transitions` makes some of a plan's transitions without the rest of the mix: what a model
has to say is decoded first (`deepbass_engine.mix.morphs`); then tracks are decoded side by side,
each at most once, and whoever gives a transition its second part makes it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio.stream import TrackStream
from deepbass_engine.audio.warped_stream import WarpedStream
from deepbass_engine.errors import DeepBassError, DeviceError, ModelError
from deepbass_engine.fades.curves import gains
from deepbass_engine.fades.headroom import REACH_S, turned_down
from deepbass_engine.fades.hybrid import hybrid, morph_at_rate, raw
from deepbass_engine.fades.limiter import limited
from deepbass_engine.fades.simple import crossfade
from deepbass_engine.mix.band_fade import crossfaded_by_bands
from deepbass_engine.mix.estimate import OnEstimate
from deepbass_engine.mix.morphs import (
    Morph,
    Morphs,
    OnNote,
    make_morphs,
    nsynth_transitions,
)
from deepbass_engine.mix.plan import Fade, MixPlan
from deepbass_engine.mix.side_by_side import ToldOnce, work_side_by_side
from deepbass_engine.mix.track_stream import open_track
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.voice import Voice, voice_for
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.settings import CurveNames, curve_pair, n_workers
from deepbass_engine.units import frames_from_seconds


def morphed(
    tail: NDArray[np.float32],
    head: NDArray[np.float32],
    pair: CurveNames,
    *,
    seed: int,
    morph: Morph,
    kind: str,
    sample_rate_hz: int,
) -> NDArray[np.float32]:
    """Make a transition of what a model said of it.

    Parameters
    ----------
    tail, head, pair, seed
        As in `deepbass_engine.fades.simple.crossfade`.
    morph
        What the model said.
    kind
        "hybrid" or "raw": see `deepbass_engine.fades.hybrid`.
    sample_rate_hz
        Rate of the mix.
    """
    from deepbass_engine.nsynth.mulaw import samples_of_model_classes

    decoded = samples_of_model_classes(morph.classes)
    at_rate = morph_at_rate(decoded, len(tail), sample_rate_hz)
    if kind == "raw":
        return raw(at_rate)
    return hybrid(tail, head, at_rate, pair, sample_rate_hz=sample_rate_hz, seed=seed)


METHODS: dict[str, Callable[..., NDArray[np.float32]]] = {"simple": crossfade, "nsynth": morphed}
"""How a transition is made, by the name of its method."""

INTEGER_LIMIT = 1.0 - 2.0**-14
"""Highest magnitude of a transition in integer output: 2 LSB of 16 bits are left for dither."""

OnTransition = Callable[[int, bool], None]
"""Told of a transition that is there: its number, and whether it came from the store."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one track gives to a transition.

    Attributes
    ----------
    samples : float32, shape (n_frames, 2)
        Its tail or head; where it is to be measured, with what is looked at beside it.
    is_flawless
        Whether all of it was in the file. A transition with a part that was not is not kept, so
        that what is wrong with the file is found, and said, each time.
    """

    samples: NDArray[np.float32]
    is_flawless: bool


class PartsWaiting:
    """Parts of transitions that wait for the other one; safe between threads."""

    def __init__(self) -> None:
        self._parts: dict[int, Part] = {}
        self._lock = threading.Lock()

    def pair(
        self, index: int, side: Literal["tail", "head"], part: Part
    ) -> tuple[Part, Part] | None:
        """Tail and head of a transition once the second is handed in; None for the first."""
        with self._lock:
            other = self._parts.pop(index, None)
            if other is None:
                self._parts[index] = part
                return None
        return (part, other) if side == "tail" else (other, part)

    def drop(self, index: int) -> None:
        """Forget the part of a transition whose other part won't come."""
        with self._lock:
            self._parts.pop(index, None)


def transition_audio(
    plan: MixPlan,
    index: int,
    tail: NDArray[np.float32],
    head: NDArray[np.float32],
    morph: Morph | None = None,
    *,
    cancel: CancelToken | None = None,
) -> NDArray[np.float32]:
    """Make a transition.

    Parameters
    ----------
    plan
        The mix.
    index
        Number of the transition.
    tail, head : float32, shape (n_frames, 2)
        What the two tracks give to it.
    morph
        What a model said of it, for an NSynth transition.
    cancel
        Looked at where it is taken under a ceiling.

    Returns
    -------
    float32, shape (n_frames, 2)
        As it stands in a mix of float samples; for integers see `under_full_scale`.
    """
    fade, rate_hz = plan.fades[index], plan.sample_rate_hz
    if fade.method != "nsynth":
        return stand_in(plan, index, tail, head, cancel=cancel)
    mixed = _mixed(fade, "nsynth", tail, head, morph=morph, kind=fade.morph, sample_rate_hz=rate_hz)
    return _under_ceiling(fade, mixed, rate_hz, cancel)


def stand_in(
    plan: MixPlan,
    index: int,
    tail: NDArray[np.float32],
    head: NDArray[np.float32],
    *,
    cancel: CancelToken | None = None,
) -> NDArray[np.float32]:
    """The crossfade of a transition, whatever its method; see `transition_audio`."""
    fade, rate_hz = plan.fades[index], plan.sample_rate_hz
    if fade.join is None:
        mixed = _mixed(fade, "simple", tail, head)
    else:
        curve = gains(curve_pair(fade.curve), fade.n_frames, seed=fade.seed)
        mixed = crossfaded_by_bands(fade.join, tail, head, curve, rate_hz)
    return _under_ceiling(fade, mixed, rate_hz, cancel)


def kept_transition(
    plan: MixPlan,
    index: int,
    tail: Part,
    head: Part,
    store: TransitionStore | None,
    *,
    morph: Morph | None = None,
    cancel: CancelToken | None = None,
) -> NDArray[np.float32]:
    """Make a transition and keep it in the store, if there is one and it `is_worth_keeping`."""
    mixed = transition_audio(plan, index, tail.samples, head.samples, morph, cancel=cancel)
    if store is not None and is_worth_keeping(tail, head, morph):
        store.keep(plan, index, mixed, voice=morph.voice if morph else None, cancel=cancel)
    return mixed


def is_worth_keeping(tail: Part, head: Part, morph: Morph | None = None) -> bool:
    """Whether a transition has no flaw in a part, and was decoded as chosen."""
    return tail.is_flawless and head.is_flawless and (morph is None or morph.is_as_chosen)


def under_full_scale(
    mixed: NDArray[np.float32], sample_rate_hz: int, *, cancel: CancelToken | None = None
) -> NDArray[np.float32]:
    """A transition turned down where integer samples would clip it; itself where they don't."""
    reach_frames = frames_from_seconds(REACH_S, sample_rate_hz)
    return turned_down(mixed, INTEGER_LIMIT, reach_frames=reach_frames, cancel=cancel).audio


def render_transitions(
    plan: MixPlan,
    indices: Iterable[int],
    store: TransitionStore,
    *,
    jobs: int = 0,
    device: str = "auto",
    precision: str = "auto",
    on_begin: Callable[[int], None] | None = None,
    on_done: OnTransition | None = None,
    on_estimate: OnEstimate | None = None,
    on_note: OnNote | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> dict[int, DeepBassError]:
    """Make transitions of a plan and keep them in the store.

    Those that are there already are told first. Where a track can't be read, its transitions
    fail and the others are made; likewise all NSynth transitions, where the model or the device
    can't be used.

    Parameters
    ----------
    plan
        The mix.
    indices
        Numbers of the transitions.
    store
        Where they go.
    jobs
        Tracks worked on at once; 0 takes one for each core.
    device, precision
        What NSynth transitions are computed on and in, as in
        `deepbass_engine.settings.OutputSettings`.
    on_begin
        Called with the number of a transition when the first of its tracks is opened, from any
        thread.
    on_done
        Called for each transition when it is there, one at a time, from any thread. A cut, of no
        frames, counts as found.
    on_estimate, on_note
        Told how long NSynth transitions will take, and what is done otherwise than chosen.
    on_progress
        Told the number of transitions done, the failed among them; before, of the stages of
        `deepbass_engine.mix.morphs`.

    Returns
    -------
    What went wrong, by the number of the transition.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    wanted = sorted(set(indices))
    cancel = cancel or CancelToken()
    work = _Transitions(plan, wanted, store, on_begin, on_done, on_progress)
    work.take_simple_from_store(cancel)
    work.take_nsynth(jobs, device, precision, on_estimate, on_note, cancel)
    work.make_the_rest(n_workers(jobs), cancel)
    return dict(sorted(work.failed.items()))


def _mixed(
    fade: Fade,
    method: str,
    tail: NDArray[np.float32],
    head: NDArray[np.float32],
    **spoken: object,
) -> NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):  # of a float file at the end of its range
        mixed = METHODS[method](tail, head, curve_pair(fade.curve), seed=fade.seed, **spoken)
    np.nan_to_num(mixed, copy=False)  # two samples at the end of float32 sum to infinity
    return mixed


def _under_ceiling(
    fade: Fade, mixed: NDArray[np.float32], sample_rate_hz: int, cancel: CancelToken | None
) -> NDArray[np.float32]:
    if fade.ceiling_dbtp is None:
        return mixed
    return limited(mixed, sample_rate_hz, fade.ceiling_dbtp, cancel=cancel)


class _Transitions:
    """Some transitions of a plan: what the workers that make them share."""

    def __init__(
        self,
        plan: MixPlan,
        wanted: list[int],
        store: TransitionStore,
        on_begin: Callable[[int], None] | None,
        on_done: OnTransition | None,
        on_progress: OnProgress | None,
    ) -> None:
        self.failed: dict[int, DeepBassError] = {}
        self._plan = plan
        self._wanted = wanted
        self._missing: set[int] = set()
        self._morphs = Morphs()
        self._store = store
        self._begin = ToldOnce(on_begin)
        self._on_done = on_done
        self._on_progress = on_progress
        self._told: set[int] = set()
        self._waiting = PartsWaiting()
        self._lock = threading.Lock()
        self._stop = CancelToken()

    def take_simple_from_store(self, cancel: CancelToken) -> None:
        """Tell of what needs no model and is there already."""
        for index in sorted(set(self._wanted) - set(nsynth_transitions(self._plan))):
            self._take_from_store(index, None, cancel)

    def take_nsynth(
        self,
        jobs: int,
        device: str,
        precision: str,
        on_estimate: OnEstimate | None,
        on_note: OnNote | None,
        cancel: CancelToken,
    ) -> None:
        """Tell of the NSynth transitions that are there already, and decode the others."""
        wanted = sorted(set(self._wanted) & set(nsynth_transitions(self._plan)))
        if not wanted:
            return
        try:
            voice = voice_for(self._plan.model, device, precision)
            for index in wanted:
                self._take_from_store(index, voice, cancel)
            self._morphs = make_morphs(
                self._plan,
                self._missing & set(wanted),
                voice,
                jobs=jobs,
                on_begin=lambda index: self._begin({index}),
                on_failed=self._fail,
                on_estimate=on_estimate,
                on_note=on_note,
                on_progress=self._on_progress,
                cancel=cancel,
            )
        except (ModelError, DeviceError) as error:
            for index in wanted:
                self._fail(index, error)

    def make_the_rest(self, n_workers: int, cancel: CancelToken) -> None:
        """Make what was not there."""
        tracks = sorted(self._missing | {index + 1 for index in self._missing})
        work_side_by_side(tracks, self._take_parts, n_workers, stop=self._stop, cancel=cancel)

    def _take_from_store(self, index: int, voice: Voice | None, cancel: CancelToken) -> None:
        """Tell of a transition that is there already; else it is missing."""
        cancel.raise_if_cancelled()
        is_cut = self._plan.fades[index].n_frames == 0
        if is_cut or self._store.load(self._plan, index, voice=voice, cancel=cancel) is not None:
            self._tell(index, came_from_store=True)
        else:
            self._missing.add(index)

    def _fail(self, index: int, error: DeepBassError) -> None:
        """Leave a transition out."""
        self._missing.discard(index)
        self._tell(index, error=error)

    def _take_parts(self, track_index: int) -> None:
        """Decode a track once for the transitions on both of its sides."""
        self._begin({track_index - 1, track_index} & self._missing)
        try:
            self._decode(track_index)
        except DeepBassError as error:
            for index in {track_index - 1, track_index} & self._missing:
                self._waiting.drop(index)
                self._tell(index, error=error)

    def _decode(self, track_index: int) -> None:
        track, fades = self._plan.tracks[track_index], self._plan.fades
        stream = open_track(
            track,
            self._plan.sample_rate_hz,
            track.span.start_frame,
            store=self._store,
            cancel=self._stop,
        )
        if track_index - 1 in self._missing:
            self._hand_in(track_index - 1, "head", stream)
        if track_index in self._missing:
            stream.skip(fades[track_index].out_frame - stream.next_frame)
            self._hand_in(track_index, "tail", stream)

    def _hand_in(
        self, index: int, side: Literal["tail", "head"], stream: TrackStream | WarpedStream
    ) -> None:
        samples = stream.read(self._plan.fades[index].n_frames)
        parts = self._waiting.pair(index, side, Part(samples, stream.is_flawless))
        if parts is None:
            return
        try:
            kept_transition(
                self._plan,
                index,
                *parts,
                self._store,
                morph=self._morphs.decoded.get(index),
                cancel=self._stop,
            )
        except DeepBassError as error:
            self._tell(index, error=error)
        else:
            self._tell(index)

    def _tell(
        self, index: int, *, came_from_store: bool = False, error: DeepBassError | None = None
    ) -> None:
        """Count a transition once, whether it is there or failed."""
        with self._lock:
            if index in self._told:
                return
            self._told.add(index)
            if error is not None:
                self.failed[index] = error
            elif self._on_done is not None:
                self._on_done(index, came_from_store)
            if self._on_progress is not None:
                self._on_progress(Progress("rendering", len(self._told), len(self._wanted), index))

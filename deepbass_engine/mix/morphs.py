"""The NSynth transitions of a mix, decoded together before anything is written.

A step of the decoder costs hardly more for many streams than for one, so all transitions that are
not kept from before are decoded as one batch:

    tails and heads  ->  16 kHz mono  ->  encodings  ->  one fade each  ->  decoded side by side

What comes out is small, and kept now and then and as soon as it is there, so that a run that was
stopped is gone on with. How it becomes a transition stands in `deepbass_engine.mix.transitions`.
Each result depends on its own transition alone, so any number of them in a batch gives the same
samples.

A model's code takes its time to be imported, which a mix without NSynth does not wait for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.errors import DeepBassError, DeviceMemoryError, SettingError
from deepbass_engine.fades.embedding import faded
from deepbass_engine.mix import morph_cache
from deepbass_engine.mix.estimate import Estimate, OnEstimate
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.side_by_side import ToldOnce, work_side_by_side
from deepbass_engine.mix.track_stream import open_track
from deepbass_engine.mix.voice import Voice
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.settings import n_workers
from deepbass_engine.units import seconds_from_frames

if TYPE_CHECKING:
    from deepbass_engine.nsynth.autoencoder import Autoencoder
    from deepbass_engine.nsynth.backends import Choice

LONGEST_S = 60.0
"""The longest NSynth transition; see docs/decisions/0019-morphs-are-decoded-as-one-batch.md."""

_LAYOUT = ("FL", "FR")

OnNote = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Morph:
    """What a model said of a transition.

    Attributes
    ----------
    classes : uint8, shape (n_samples,)
        The decoded signal at 16 kHz, at least as long as the transition.
    voice
        What was to decode it.
    is_as_chosen
        Whether that did, and not another device in its place. One that was not is not kept.
    """

    classes: NDArray[np.uint8]
    voice: Voice
    is_as_chosen: bool = True


@dataclass(slots=True)
class Morphs:
    """The morphs of a mix.

    Attributes
    ----------
    voice
        What speaks them; None where there are none.
    decoded
        Each by the number of its transition.
    notes
        What was done otherwise than chosen, as sentences.
    timing_s
        Seconds spent, by stage.
    """

    voice: Voice | None = None
    decoded: dict[int, Morph] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    timing_s: dict[str, float] = field(default_factory=dict)


def nsynth_transitions(plan: MixPlan) -> list[int]:
    """Numbers of the transitions that a model has to speak; cuts are none of them."""
    return [fade.index for fade in plan.fades if fade.method == "nsynth" and fade.n_frames]


def make_morphs(
    plan: MixPlan,
    indices: Iterable[int],
    voice: Voice,
    *,
    jobs: int = 0,
    on_begin: Callable[[int], None] | None = None,
    on_failed: Callable[[int, DeepBassError], None],
    on_estimate: OnEstimate | None = None,
    on_note: OnNote | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> Morphs:
    """Decode transitions of a plan, those that are not kept from before in one batch.

    Parameters
    ----------
    plan
        The mix.
    indices
        Numbers of the transitions, among `nsynth_transitions`.
    voice
        What decodes them.
    jobs
        Tracks read at once; 0 takes one for each core.
    on_begin
        Called with the number of a transition when the first of its tracks is opened, from any
        thread.
    on_failed
        Called for each transition that can't be decoded, before the others are. It may raise.
    on_estimate
        Told before encoding begins how long decoding will take, which is nearly all of it.
    on_note
        Told, as a sentence, what is done otherwise than chosen.
    on_progress
        Told of the stages "reading" (tracks), "encoding" (samples) and "decoding" (samples),
        the last with the number of each transition as it comes to its end.

    Raises
    ------
    ModelError
        If the model can't be used.
    DeviceError
        If there is too little memory.
    Cancelled
        If asked to stop; what is decoded by then is kept and gone on with.
    """
    work = _Work(plan, voice, on_begin, on_failed, on_progress, cancel or CancelToken())
    missing = work.without_the_kept(work.without_the_endless(indices))
    if missing:
        from deepbass_engine.nsynth.compiling import when_compiled

        # In a thread of its own: it takes longer than someone who cancels may have to wait.
        model = when_compiled(voice.load, cancel=work.cancel)
        with work.timed("reading"):
            work.read(missing, model.config.hop, n_workers(jobs))
        if on_estimate is not None:
            with work.timed("decoding"):
                work.estimate(model, on_estimate)
        with work.timed("encoding"):
            work.encode(model)
        with work.timed("decoding"):
            work.decode(model, on_note)
    return work.morphs


def heard(samples: NDArray[np.float32], sample_rate_hz: int, hop: int) -> NDArray[np.float32]:
    """A part of a track as a model hears it.

    Parameters
    ----------
    samples : float32, shape (n_frames, 2)
        The part, at least a frame.
    sample_rate_hz
        Its rate.
    hop
        Samples to each of the model's encodings.

    Returns
    -------
    float32, shape (n_samples,)
        Mono at 16 kHz, with silence behind it up to a whole number of hops.
    """
    from deepbass_engine.nsynth.audio_16k import mono_blocks
    from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ

    n_samples = -(-len(samples) * SAMPLE_RATE_HZ // sample_rate_hz)
    padded = np.zeros(-(-n_samples // hop) * hop, np.float32)
    filled = 0
    for block in mono_blocks([samples], _LAYOUT, sample_rate_hz):
        padded[filled : filled + len(block)] = block
        filled += len(block)
    return padded


class _Work:
    """The making of some morphs; what the threads that read share."""

    def __init__(
        self,
        plan: MixPlan,
        voice: Voice,
        on_begin: Callable[[int], None] | None,
        on_failed: Callable[[int, DeepBassError], None],
        on_progress: OnProgress | None,
        cancel: CancelToken,
    ) -> None:
        self.morphs = Morphs(voice)
        self._plan = plan
        self._voice = voice
        self._begin = ToldOnce(on_begin)
        self._on_failed = on_failed
        self._on_progress = on_progress
        self.cancel = cancel
        self._lock = threading.Lock()
        self._tails: dict[int, NDArray[np.float32]] = {}
        self._heads: dict[int, NDArray[np.float32]] = {}
        self._errors: dict[int, DeepBassError] = {}
        self._n_read = 0
        self._encodings: dict[int, NDArray[np.float32]] = {}

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Note how long a stage takes."""
        started_s = time.perf_counter()
        yield
        before_s = self.morphs.timing_s.get(stage, 0.0)
        self.morphs.timing_s[stage] = before_s + time.perf_counter() - started_s

    def without_the_endless(self, indices: Iterable[int]) -> list[int]:
        """Those short enough; the others fail."""
        kept = []
        for index in sorted(set(indices)):
            n_frames = self._plan.fades[index].n_frames
            length_s = seconds_from_frames(n_frames, self._plan.sample_rate_hz)
            if length_s <= LONGEST_S:
                kept.append(index)
            else:
                self._on_failed(index, _endless(index, length_s))
        return kept

    def without_the_kept(self, indices: Iterable[int]) -> list[int]:
        """Those that have to be decoded; the others are there."""
        missing = []
        for index in indices:
            classes = morph_cache.load(self._plan, index, self._voice, cancel=self.cancel)
            if classes is None:
                missing.append(index)
            else:
                self.morphs.decoded[index] = Morph(classes, self._voice)
        return missing

    def read(self, indices: Iterable[int], hop: int, n_workers: int) -> None:
        """Read tails and heads, each track at most once; where one can't be, its two fail."""
        wanted, stop = set(indices), CancelToken()
        tracks = sorted(wanted | {index + 1 for index in wanted})

        def read_track(number: int) -> None:
            sides = {number - 1, number} & wanted
            self._begin(sides)
            try:
                self._read_track(number, sides, hop, stop)
            except DeepBassError as error:
                with self._lock:
                    self._errors |= dict.fromkeys(sides - self._errors.keys(), error)
            with self._lock:
                self._n_read += 1
                self._tell("reading", self._n_read, len(tracks))

        work_side_by_side(tracks, read_track, n_workers, stop=stop, cancel=self.cancel)
        for index, error in sorted(self._errors.items()):
            self._on_failed(index, error)

    def estimate(self, model: Autoencoder, on_estimate: OnEstimate) -> None:
        """Try how long a step takes; those that have come as far take it together."""
        from deepbass_engine.nsynth.batch import MOST_STREAMS, measured_step_s

        together: dict[int, list[int]] = {}
        for index in self._indices_read():
            n_known = len(self._known(index))
            together.setdefault(n_known, []).append(len(self._tails[index]) - n_known)
        if not together:
            return
        n_steps = sum(
            -(-len(left) // MOST_STREAMS) * (max(left) + min(n_known, model.config.receptive_field))
            for n_known, left in together.items()
        )
        try:
            step_s = measured_step_s(
                model,
                min(MOST_STREAMS, max(map(len, together.values()))),
                self._voice.choice,
                on_progress=self._on_progress,
                cancel=self.cancel,
            )
        except DeviceMemoryError:  # what is done instead is told when it is done
            return
        n_transitions = sum(map(len, together.values()))
        on_estimate(Estimate(n_transitions, self._voice, n_steps * step_s))

    def encode(self, model: Autoencoder) -> None:
        """Encode both parts of each transition and fade the encodings."""
        indices = self._indices_read()
        n_samples = sum(2 * len(self._tails[index]) for index in indices)
        n_done = 0

        def tell(progress: Progress) -> None:
            if progress.stage == "encoding":
                self._tell(progress.stage, n_done + progress.done, n_samples)
            elif self._on_progress is not None:
                self._on_progress(progress)

        for index in indices:
            fade = self._plan.fades[index]
            parts = np.stack([self._tails[index], self._heads[index]])
            first, second = model.encode(parts, on_progress=tell, cancel=self.cancel)
            self._encodings[index] = faded(first, second, fade.embedding_fade, pace=fade.morph_pace)
            n_done += parts.size

    def decode(self, model: Autoencoder, on_note: OnNote | None) -> None:
        """Decode what was encoded, as one batch, and keep each as it comes to its end."""
        from deepbass_engine.nsynth.batch import Stream, decode_streams

        indices = list(self._encodings)
        if not indices:
            return
        fades = self._plan.fades
        streams = [
            Stream(self._encodings[index], fades[index].seed, known=self._known(index))
            for index in indices
        ]
        ended: list[int] = []

        def end(stream: int, classes: NDArray[np.uint8], choice: Choice) -> None:
            index, is_as_chosen = indices[stream], choice == self._voice.choice
            self.morphs.decoded[index] = Morph(classes, self._voice, is_as_chosen)
            if is_as_chosen:
                morph_cache.keep(self._plan, index, self._voice, classes, cancel=self.cancel)
            ended.append(index)

        def keep_part(stream: int, classes: NDArray[np.uint8], choice: Choice) -> None:
            if choice == self._voice.choice:
                morph_cache.keep(self._plan, indices[stream], self._voice, classes, is_part=True)

        def note(text: str) -> None:
            self.morphs.notes.append(text)
            if on_note is not None:
                on_note(text)

        def tell(progress: Progress) -> None:
            for index in ended:
                self._tell(progress.stage, progress.done, progress.total, index)
            if not ended:
                self._tell(progress.stage, progress.done, progress.total)
            ended.clear()

        decode_streams(
            model,
            streams,
            self._voice.choice,
            on_stream=end,
            on_part=keep_part,
            on_note=note,
            on_progress=tell,
            cancel=self.cancel,
        )

    def _known(self, index: int) -> NDArray[np.uint8]:
        """What was decoded of a transition before it was stopped."""
        part = morph_cache.load(self._plan, index, self._voice, is_part=True, cancel=self.cancel)
        return np.empty(0, np.uint8) if part is None else part

    def _indices_read(self) -> list[int]:
        """The transitions of which both parts are there."""
        return sorted(self._tails.keys() - self._errors.keys())

    def _read_track(self, number: int, sides: set[int], hop: int, stop: CancelToken) -> None:
        """Read what a track gives to the transitions on its sides."""
        plan = self._plan
        track = plan.tracks[number]
        stream = open_track(track, plan.sample_rate_hz, track.span.start_frame, cancel=stop)
        for index, parts in ((number - 1, self._heads), (number, self._tails)):
            if index in sides:
                fade = plan.fades[index]
                frame = fade.out_frame if parts is self._tails else fade.in_frame
                stream.skip(frame - stream.next_frame)
                parts[index] = heard(stream.read(fade.n_frames), plan.sample_rate_hz, hop)

    def _tell(self, stage: str, done: int, total: int, index: int | None = None) -> None:
        if self._on_progress is not None:
            self._on_progress(Progress(stage, done, total, index))


def _endless(index: int, length_s: float) -> SettingError:
    return SettingError(
        f"transition {index + 1} is {length_s:.2f} s long, and an NSynth one is at most "
        f"{LONGEST_S:.0f} s",
        hint="make it shorter, or join these two with the method simple",
    )

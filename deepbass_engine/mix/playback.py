"""The mix as a stream from any frame, without rendering it whole.

A track that plays on is decoded on, block by block; a transition is made whole when it is
reached. One that a model has to speak is not, for that takes minutes: it is taken from the store,
and where it is not there, the plain crossfade stands in for it.

Beginning somewhere costs decoding up to there, for most formats, so what was decoded around a
beginning is kept in `DecodedStretches`: a loop, or a transition whose edges are dragged, finds its
samples there.

    track     |------------------------------------------------------------|
    begun at                 v
    kept              [ before | after ]
    decoded on                          -> -> ->
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio.channels import STEREO
from deepbass_engine.audio.decode import require_unchanged
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.audio.stream import TrackStream
from deepbass_engine.audio.warp import Warp
from deepbass_engine.audio.warped_stream import WarpedStream
from deepbass_engine.errors import DeviceError, ModelError
from deepbass_engine.mix.plan import Body, Fade, MixPlan, PlannedTrack
from deepbass_engine.mix.track_stream import open_track
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
    kept_transition,
    stand_in,
    under_full_scale,
)
from deepbass_engine.mix.voice import Voice, voice_for
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Span
from deepbass_engine.units import frames_from_seconds

MARGIN_S = 20.0
"""Kept on both sides of a short window, so that its edges can be dragged."""

_SHORT_S = 60.0
"""What is needed of a track at most to be decoded in one go."""

_AHEAD_S = 3.0
"""Decoded in one go where more is needed."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A decoded part of a track.

    Attributes
    ----------
    start_frame
        Its place in the track, at the rate of the mix.
    samples : float32, shape (n_frames, 2)
        Read-only.
    is_flawless
        Whether all of it was in the file, and a number.
    """

    start_frame: int
    samples: NDArray[np.float32]
    is_flawless: bool

    @property
    def end_frame(self) -> int:
        """The frame behind its last."""
        return self.start_frame + len(self.samples)

    def holds(self, frame: int) -> bool:
        """Whether a frame of the track is in it."""
        return self.start_frame <= frame < self.end_frame

    def is_within(self, other: Stretch) -> bool:
        """Whether another stretch of the same track has all of it."""
        return other.start_frame <= self.start_frame and self.end_frame <= other.end_frame


@dataclass(frozen=True, slots=True)
class _Key:
    """What a stretch is a part of: a file as it was looked at, at a rate, as it is heard."""

    source: AudioSource
    warp: Warp
    sample_rate_hz: int

    @classmethod
    def of(cls, track: PlannedTrack, sample_rate_hz: int) -> _Key:
        return cls(track.source, track.warp, sample_rate_hz)


class DecodedStretches:
    """Decoded parts of tracks, the least recently used forgotten first; safe between threads.

    Parameters
    ----------
    limit_bytes
        Memory they may take.
    """

    def __init__(self, limit_bytes: int = 256_000_000) -> None:
        self._limit_bytes = limit_bytes
        self._kept: list[tuple[_Key, Stretch]] = []  # the last used at the end
        self._lock = threading.Lock()

    @property
    def n_bytes(self) -> int:
        """Memory they take."""
        with self._lock:
            return self._sum()

    def holding(self, track: PlannedTrack, sample_rate_hz: int, frame: int) -> Stretch | None:
        """The stretch that reaches furthest on from a frame of a track, or None."""
        key = _Key.of(track, sample_rate_hz)
        with self._lock:
            found = [entry for entry in self._kept if entry[0] == key and entry[1].holds(frame)]
            if not found:
                return None
            best = max(found, key=lambda entry: entry[1].end_frame)
            self._kept.remove(best)
            self._kept.append(best)
            return best[1]

    def keep(self, track: PlannedTrack, sample_rate_hz: int, stretch: Stretch) -> None:
        """Keep a stretch, in place of any that lies within it; not one larger than the limit."""
        if stretch.samples.nbytes > self._limit_bytes:
            return
        key = _Key.of(track, sample_rate_hz)
        with self._lock:
            self._kept = [
                entry for entry in self._kept if entry[0] != key or not entry[1].is_within(stretch)
            ]
            self._kept.append((key, stretch))
            while self._sum() > self._limit_bytes:
                del self._kept[0]

    def _sum(self) -> int:
        return sum(stretch.samples.nbytes for _, stretch in self._kept)


class MixStream:
    """Float32 blocks of the mix, from any frame on.

    They are the samples that `render` writes in 24 bits, before rounding: transitions are turned
    down where they would clip, and what passes full scale in a track is left as it is. Where an
    NSynth transition is not in the store they are those of its plain crossfade. One thread
    reads; others may read streams of their own over the same `stretches` and `store`.

    Parameters
    ----------
    plan
        The mix.
    start_frame
        First frame to give.
    end_frame
        Frame to end before; without it, the end of the mix. Where the whole is a short window of
        a track, that is decoded in one go and kept.
    store
        Where finished transitions are looked for, and kept.
    stretches
        What is decoded already, and where more is kept.
    device, precision
        What NSynth transitions are rendered on and in, as in
        `deepbass_engine.settings.OutputSettings`; they are found under these.
    on_stand_in
        Called with the number of an NSynth transition when it is reached, if what is given of it
        is its plain crossfade, because it is not rendered yet.
    cancel
        Looked at between blocks.

    Attributes
    ----------
    position
        Frame of the mix that is given next.

    Raises
    ------
    ValueError
        If the frames are not within the mix, or end before they begin.
    """

    def __init__(
        self,
        plan: MixPlan,
        start_frame: int = 0,
        end_frame: int | None = None,
        *,
        store: TransitionStore | None = None,
        stretches: DecodedStretches | None = None,
        device: str = "auto",
        precision: str = "auto",
        on_stand_in: Callable[[int], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        end_frame = plan.n_frames if end_frame is None else end_frame
        if not 0 <= start_frame <= end_frame <= plan.n_frames:
            raise ValueError(
                f"start_frame is {start_frame} and end_frame {end_frame}; "
                f"give frames in order, within 0 and {plan.n_frames}"
            )
        self.position = start_frame
        self._end_frame = end_frame
        self._plan = plan
        self._segments = [segment for segment in plan.segments if segment.n_frames]
        self._starts = [segment.start_frame for segment in self._segments]
        self._store = store
        self._stretches = DecodedStretches() if stretches is None else stretches
        self._device, self._precision = device, precision
        self._on_stand_in = on_stand_in
        self._cancel = cancel or CancelToken()
        self._needed_ends = self._ends_of_tracks()
        self._tracks: dict[int, _PlayedTrack] = {}
        self._made: tuple[int, NDArray[np.float32]] | None = None

    def read(self, n_frames: int) -> NDArray[np.float32]:
        """Give the next frames.

        Parameters
        ----------
        n_frames
            How many.

        Returns
        -------
        float32, shape (<= n_frames, 2)
            The caller's own. Fewer only where the stream ends, and none behind its end.

        Raises
        ------
        InputError
            If a track is gone or has changed since it was looked at.
        Cancelled
            If asked to stop.
        """
        block = np.empty((min(n_frames, self._end_frame - self.position), STEREO), np.float32)
        filled = 0
        while filled < len(block):
            self._cancel.raise_if_cancelled()
            part = self._part(len(block) - filled)
            block[filled : filled + len(part)] = part
            filled += len(part)
            self.position += len(part)
        return block

    def _ends_of_tracks(self) -> dict[int, int]:
        """Last frame, and one, that is needed of each track; transitions are made whole."""
        ends = {}
        for segment in self._segments:
            if segment.start_frame >= self._end_frame:
                break
            if isinstance(segment, Body):
                n_frames = min(segment.n_frames, self._end_frame - segment.start_frame)
                ends[segment.track] = segment.track_frame + n_frames
            else:
                ends[segment.index] = segment.out_frame + segment.n_frames
                ends[segment.index + 1] = segment.in_frame + segment.n_frames
        return ends

    def _part(self, n_frames: int) -> NDArray[np.float32]:
        """At least one and at most `n_frames` from the position on, valid until the next."""
        segment = self._segments[bisect_right(self._starts, self.position) - 1]
        done = self.position - segment.start_frame
        n_frames = min(n_frames, segment.n_frames - done)
        if isinstance(segment, Fade):
            return self._transition(segment)[done : done + n_frames]
        self._made = None
        return self._track(segment.track).part(segment.track_frame + done, n_frames)

    def _transition(self, fade: Fade) -> NDArray[np.float32]:
        """A whole transition, made when it is first asked for."""
        if self._made is None or self._made[0] != fade.index:
            plan, store, mixed = self._plan, self._store, None
            if store is not None:
                voice = self._voice() if fade.method == "nsynth" else None
                mixed = store.load(plan, fade.index, voice=voice, cancel=self._cancel)
            if mixed is None:
                tail = self._track(fade.index).whole(fade.out_frame, fade.n_frames)
                head = self._track(fade.index + 1).whole(fade.in_frame, fade.n_frames)
                if fade.method == "nsynth":
                    mixed = stand_in(plan, fade.index, tail.samples, head.samples)
                    if self._on_stand_in is not None:
                        self._on_stand_in(fade.index)
                else:
                    mixed = kept_transition(
                        plan, fade.index, tail, head, store, cancel=self._cancel
                    )
            rate_hz = self._plan.sample_rate_hz
            self._made = (fade.index, under_full_scale(mixed, rate_hz, cancel=self._cancel))
        return self._made[1]

    def _voice(self) -> Voice | None:
        """What the NSynth transitions are rendered with; None where they can't be."""
        try:
            return voice_for(self._plan.model, self._device, self._precision)
        except (ModelError, DeviceError):
            return None

    def _track(self, index: int) -> _PlayedTrack:
        """A track; those before its predecessor are over and let go."""
        if index not in self._tracks:
            for over in [i for i in self._tracks if i < index - 1]:
                del self._tracks[over]
            self._tracks[index] = _PlayedTrack(
                self._plan.tracks[index],
                self._plan.sample_rate_hz,
                self._needed_ends[index],
                self._stretches,
                self._store,
                self._cancel,
            )
        return self._tracks[index]


def audio_around(
    plan: MixPlan,
    index: int,
    *,
    store: TransitionStore | None = None,
    stretches: DecodedStretches | None = None,
    device: str = "auto",
    precision: str = "auto",
    cancel: CancelToken | None = None,
) -> TransitionAudio | None:
    """Read a transition and its two tracks around it, to be measured.

    Parameters
    ----------
    plan
        The mix.
    index
        Number of the transition.
    store, stretches, device, precision, cancel
        As in `MixStream`.

    Returns
    -------
    None for an NSynth transition that is not rendered.

    Raises
    ------
    InputError
        If a track is gone or has changed since it was looked at.
    Cancelled
        If asked to stop.
    """
    fade, rate_hz = plan.fades[index], plan.sample_rate_hz
    context = frames_from_seconds(CONTEXT_S, rate_hz)
    leaving, entering = plan.tracks[index], plan.tracks[index + 1]
    first = max(leaving.span.start_frame, fade.out_frame - context)
    stop = min(entering.span.end_frame, fade.in_frame + fade.n_frames + context)
    stretches = DecodedStretches() if stretches is None else stretches
    cancel = cancel or CancelToken()
    spans = (
        (leaving, Span(first, fade.out_frame + fade.n_frames)),
        (entering, Span(fade.in_frame, stop)),
    )
    parts = [
        _PlayedTrack(track, rate_hz, span.end_frame, stretches, store, cancel).whole(
            span.start_frame, span.n_frames
        )
        for track, span in spans
    ]
    outgoing, incoming = parts
    tail = Part(outgoing.samples[fade.out_frame - first :], outgoing.is_flawless)
    head = Part(incoming.samples[: fade.n_frames], incoming.is_flawless)
    mixed: NDArray[np.float32] | None
    if fade.method == "nsynth" and fade.n_frames:
        voice = voice_for(plan.model, device, precision)
        mixed = None if store is None else store.load(plan, index, voice=voice, cancel=cancel)
        if mixed is None:
            return None
    else:
        mixed = stand_in(plan, index, tail.samples, head.samples)
    return TransitionAudio(
        rate_hz,
        outgoing.samples,
        incoming.samples,
        mixed,
        gains_of(fade, rate_hz),
        discarded_s(plan, index),
        loudness_lufs(plan, index),
        beats_s(plan, index),
        outgoing.is_flawless and incoming.is_flawless,
    )


class _PlayedTrack:
    """One track of a stream: kept stretches where there are any, else decoded on."""

    def __init__(
        self,
        track: PlannedTrack,
        sample_rate_hz: int,
        needed_end: int,
        stretches: DecodedStretches,
        store: TransitionStore | None,
        cancel: CancelToken,
    ) -> None:
        require_unchanged(track.source)
        self._track = track
        self._rate_hz = sample_rate_hz
        self._needed_end = needed_end
        self._stretches = stretches
        self._store = store
        self._cancel = cancel
        self._stretch: Stretch | None = None
        self._stream: TrackStream | WarpedStream | None = None
        self._is_flawless = True

    def part(self, frame: int, n_frames: int) -> NDArray[np.float32]:
        """At least one and at most `n_frames` from a frame of the track on."""
        if self._stretch is None or not self._stretch.holds(frame):
            if self._stream is not None and self._stream.next_frame == frame:
                self._stretch = None
                block: NDArray[np.float32] = next(self._stream.blocks(n_frames))
                return block
            self._stretch = self._stretches.holding(self._track, self._rate_hz, frame)
            if self._stretch is None:
                self._stretch = self._decoded_around(frame)
            self._is_flawless &= self._stretch.is_flawless
        self._come_nearer(self._stretch.end_frame)
        first = frame - self._stretch.start_frame
        return self._stretch.samples[first : first + n_frames]

    def whole(self, frame: int, n_frames: int) -> Part:
        """A part of the track in one piece."""
        samples = np.empty((n_frames, STEREO), np.float32)
        filled = 0
        while filled < n_frames:
            self._cancel.raise_if_cancelled()
            part = self.part(frame + filled, n_frames - filled)
            samples[filled : filled + len(part)] = part
            filled += len(part)
        stream_is_flawless = self._stream is None or self._stream.is_flawless
        return Part(samples, self._is_flawless and stream_is_flawless)

    def _decoded_around(self, frame: int) -> Stretch:
        """Decode a frame and its surroundings, keep them, and be ready to decode on."""
        margin, short, ahead = (
            frames_from_seconds(seconds, self._rate_hz)
            for seconds in (MARGIN_S, _SHORT_S, _AHEAD_S)
        )
        reach = self._track.reach(self._rate_hz)
        first = max(reach.start_frame, frame - margin)
        is_short = self._needed_end - frame <= short
        end = self._needed_end + margin if is_short else frame + ahead
        end = max(min(end, reach.end_frame), frame + 1)
        stream = self._opened(first)
        samples = stream.read(end - first)
        samples.flags.writeable = False
        stretch = Stretch(first, samples, stream.is_flawless)
        self._stretches.keep(self._track, self._rate_hz, stretch)
        self._stream = stream if end < self._needed_end else None
        return stretch

    def _come_nearer(self, end_frame: int) -> None:
        """While a kept stretch plays, decode block by block to where it ends."""
        if end_frame >= self._needed_end:
            return
        if self._stream is None or self._stream.next_frame != end_frame:
            if self._stretches.holding(self._track, self._rate_hz, end_frame) is not None:
                return
            self._stream = self._opened(end_frame)
        self._stream.approach()

    def _opened(self, frame: int) -> TrackStream | WarpedStream:
        return open_track(self._track, self._rate_hz, frame, store=self._store, cancel=self._cancel)

"""Everything known about one track, found in one pass over it and remembered by its content."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis import cache
from deepbass_engine.analysis.loudness import LoudnessMeter, integrated_lufs
from deepbass_engine.analysis.music import Music, MusicMeter, load_music, store_music
from deepbass_engine.analysis.silence import StepEnergy, span_by_loudness, span_by_rms
from deepbass_engine.audio.decode import Decoding, count_frames, probe, require_readable
from deepbass_engine.audio.source import AudioSource, FileState
from deepbass_engine.audio.tags import read_tags
from deepbass_engine.errors import InputError
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.project import Problem, Span
from deepbass_engine.settings import n_workers
from deepbass_engine.units import clock_text, seconds_from_frames

PARTS_PER_TRACK = 1000
"""What a whole track counts for in the progress of analysing."""
_STAGE = "analysing"


@dataclass(frozen=True, slots=True)
class TrackAnalysis:
    """What the planner and a person want to know of a track.

    Attributes
    ----------
    source
        The file, with its frames counted.
    span
        Audible part, in the file's own frames.
    loudness_lufs
        Integrated loudness, or None where it was not measured (no trimming asked).
    content_hash
        Names the file's content; empty where it was not needed.
    n_not_finite
        Samples that are NaN or infinite and play as silence.
    music
        Its beats, its key and more; None where that was not asked for, or nothing is heard.
    """

    source: AudioSource
    span: Span
    loudness_lufs: float | None = None
    content_hash: str = ""
    n_not_finite: int = 0
    music: Music | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What of the file can't be played: a missing end, samples that are no numbers."""
        found = []
        source = self.source
        if source.missing_frames and source.frames and source.declared_frames:
            declared, present = (
                clock_text(seconds_from_frames(n, source.sample_rate_hz))
                for n in (source.declared_frames, source.frames)
            )
            found.append(
                Problem(
                    source.path,
                    None,
                    f"is cut short: {declared} declared, {present} could be read and is used",
                    "copy or download it again",
                )
            )
        if self.n_not_finite:
            found.append(not_finite_problem(source.path, self.n_not_finite))
        return tuple(found)


class _Remembered(msgspec.Struct):
    """What is kept of an analysis; of its music `deepbass_engine.analysis.music` has its own."""

    source: AudioSource
    span: Span
    loudness_lufs: float | None
    n_not_finite: int


class Listener(Protocol):
    """Hears a track while it is decoded to be measured, so that one pass serves both."""

    def begin(self, source: AudioSource) -> None:
        """Learn which file it is, before anything of it is decoded."""

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next samples, shape (frames, channels); valid until this returns."""


def not_finite_problem(path: Path, n_not_finite: int) -> Problem:
    """Say that samples which are no numbers were played as silence."""
    return Problem(
        path,
        None,
        f"holds {n_not_finite} samples that are no finite numbers or absurdly large; they play as "
        "silence",
        "export it again",
    )


def analyze_track(
    path: Path,
    trim: str = "loudness",
    *,
    music: bool = False,
    listener: Listener | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> TrackAnalysis:
    """Probe a track and find its audible span; with `music`, listen to it as music too.

    With `trim` "none" nothing is decoded that need not be, and the span is the whole track.
    Otherwise the track is decoded once, and what was found is remembered by the file's content;
    the `listener` hears it where it is decoded to be measured. Progress is told in
    `PARTS_PER_TRACK`.

    Raises
    ------
    InputError
        If the file can't be used: missing, unreadable, no audio, no frames, or silent throughout.
    Cancelled
        If asked to stop.
    """
    if trim == "none":
        source = count_frames(probe(path), cancel=cancel)
        whole = TrackAnalysis(source, Span(0, source.frames or 0))
        if not music:
            return whole
        with suppress(InputError):  # silent throughout
            heard = analyze_track(path, music=True, on_progress=on_progress, cancel=cancel)
            return replace(whole, music=heard.music, n_not_finite=heard.n_not_finite)
        return whole
    content_hash = ""
    with suppress(OSError):  # the decoder says better than a hash why a file can't be read
        state = FileState.of(path)
        content_hash = cache.hash_of(path, cancel=cancel)
        known = cache.load(_Remembered, content_hash, trim)
        kept_music = load_music(content_hash) if known is not None and music else None
        if known is not None and (kept_music is not None or not music):
            require_readable(path)  # what is remembered says nothing of its permissions today
            return TrackAnalysis(
                known.source.found_as(state),
                known.span,
                known.loudness_lufs,
                content_hash,
                known.n_not_finite,
                kept_music,
            )
    analysis = replace(
        _measure(path, trim, music, listener, on_progress, cancel), content_hash=content_hash
    )
    if content_hash:
        found = _Remembered(
            analysis.source, analysis.span, analysis.loudness_lufs, analysis.n_not_finite
        )
        cache.store(found, content_hash, trim)
        if analysis.music is not None:
            store_music(analysis.music, content_hash)
    return analysis


def analyze_tracks(
    paths: Sequence[Path],
    trim: str = "loudness",
    *,
    music: bool = False,
    jobs: int = 0,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> list[TrackAnalysis | InputError]:
    """Analyse tracks side by side; a file that can't be used gives its error in its place.

    Parameters
    ----------
    paths
        The files; one that stands there twice is analysed once.
    trim, music
        See `analyze_track`.
    jobs
        Threads; 0 takes one for each core.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    cancel = cancel or CancelToken()
    unique = list(dict.fromkeys(paths))
    found: dict[Path, TrackAnalysis | InputError] = {}
    parts_done = dict.fromkeys(unique, 0)
    lock = threading.Lock()

    def tell(path: Path, parts: int) -> None:
        if on_progress is None:
            return
        with lock:
            parts_done[path] = parts
            done, total = sum(parts_done.values()), PARTS_PER_TRACK * len(unique)
            on_progress(Progress(_STAGE, done, total))

    def analyze(path: Path) -> None:
        try:
            found[path] = analyze_track(
                path,
                trim,
                music=music,
                on_progress=lambda progress: tell(path, progress.done),
                cancel=cancel,
            )
        except InputError as error:
            found[path] = error
        tell(path, PARTS_PER_TRACK)

    with ThreadPoolExecutor(n_workers(jobs)) as pool:
        for future in as_completed(pool.submit(analyze, path) for path in unique):
            try:
                future.result()
            except BaseException:
                cancel.cancel()
                pool.shutdown(cancel_futures=True)
                raise
    return [found[path] for path in paths]


def told_blocks(
    decoding: Decoding,
    source: AudioSource,
    on_progress: OnProgress | None,
    cancel: CancelToken | None,
) -> Iterator[NDArray[np.float32]]:
    """Blocks of a pass over a track that tells its progress and stops when asked to."""
    n_expected = source.frames or source.declared_frames
    for block in decoding:
        if cancel is not None:
            cancel.raise_if_cancelled()
        yield block
        if on_progress is not None and n_expected:
            share = min(1.0, decoding.n_frames / n_expected)
            on_progress(Progress(_STAGE, int(share * PARTS_PER_TRACK), PARTS_PER_TRACK))


def _measure(
    path: Path,
    trim: str,
    music: bool,
    listener: Listener | None,
    on_progress: OnProgress | None,
    cancel: CancelToken | None,
) -> TrackAnalysis:
    """Decode a track once; count, measure loudness, find the audible span."""
    source = probe(path)
    if listener is not None:
        listener.begin(source)
    meter = LoudnessMeter(source.sample_rate_hz, source.layout)
    steps = StepEnergy(source.sample_rate_hz, source.channels) if trim == "rms" else None
    music_meter = None
    if music:
        music_meter = MusicMeter(source.sample_rate_hz, source.layout, read_tags(path))
    decoding = Decoding(source)
    for block in told_blocks(decoding, source, on_progress, cancel):
        meter.push(block)
        if steps is not None:
            steps.push(block)
        if music_meter is not None:
            music_meter.push(block)
        if listener is not None:
            listener.push(block)
    is_intact = decoding.n_frames == source.declared_frames
    source = count_frames(replace(source, frames=decoding.n_frames, is_intact=is_intact))
    n_frames = decoding.n_frames
    mean_squares = meter.finish()
    if steps is not None:
        span = span_by_rms(steps.finish(), steps.step_frames, n_frames, source.sample_rate_hz)
    else:
        span = span_by_loudness(mean_squares, meter.block_frames, n_frames)
    if span is None:
        raise InputError(
            "is silent throughout",
            path=path,
            hint="take it out of the playlist, or keep silence with --no-trim",
        )
    loudness_lufs = integrated_lufs(mean_squares)
    return TrackAnalysis(
        source,
        span,
        loudness_lufs if math.isfinite(loudness_lufs) else None,
        n_not_finite=decoding.n_not_finite,
        music=None if music_meter is None else music_meter.finish(mean_squares, cancel=cancel),
    )

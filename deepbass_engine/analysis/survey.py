"""What a window shows of a file: analysis, loudness, peaks and tags, in one pass over it.

The analysis is the very one that `analyze_track` gives the command line. Peaks are remembered by
content like it, their lowest level only: 62 kB for a minute. They are read, not mapped: a map
would keep a file open for every track, and there may be more tracks than files that may be open.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis import cache
from deepbass_engine.analysis.peaks import PeakBuilder, Peaks
from deepbass_engine.analysis.track import TrackAnalysis, analyze_track, told_blocks
from deepbass_engine.audio.decode import Decoding, count_frames, probe
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.audio.tags import Tags, read_tags
from deepbass_engine.errors import InputError
from deepbass_engine.progress import CancelToken, OnProgress
from deepbass_engine.project import Span

SNAPSHOT_EVERY_S = 0.1
"""Time between two snapshots of peaks that are being built."""

_ENTRY = "peaks"
_STORED = np.dtype("<i2")

OnProbed = Callable[[TrackAnalysis, Tags], None]
OnPeaks = Callable[[Peaks], None]


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """All that is known of one file.

    Attributes
    ----------
    analysis
        What `analyze_track` returns for it.
    loudness_lufs
        Integrated loudness, measured without trimming too; None where nothing is heard.
    peaks
        For drawing its waveform.
    tags
        What it says of itself.
    """

    analysis: TrackAnalysis
    loudness_lufs: float | None
    peaks: Peaks
    tags: Tags


def survey(
    path: Path,
    trim: str = "loudness",
    *,
    music: bool = False,
    on_probed: OnProbed | None = None,
    on_peaks: OnPeaks | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> Survey:
    """Find out all about a file, decoding it at most once and only for what is not remembered.

    Parameters
    ----------
    path
        The file.
    trim, music
        See `analyze_track`.
    on_probed
        Called before anything is decoded, if anything must be and a length is known: with a
        provisional analysis, the whole file as span.
    on_peaks
        Called with the peaks so far, after the first block and then every `SNAPSHOT_EVERY_S`; by
        the thread that decodes, like the others.
    on_progress
        Told in `PARTS_PER_TRACK`.

    Raises
    ------
    InputError
        As `analyze_track` does.
    Cancelled
        If asked to stop.
    """
    content_hash = ""
    with suppress(OSError):  # the decoder says better than a hash why a file can't be read
        content_hash = cache.hash_of(path, cancel=cancel)
    known = _load_peaks(content_hash) if content_hash else None
    watch = _Watch(read_tags(path), known, on_probed, on_peaks)
    whole = _whole(probe(path)) if trim == "none" else None
    try:
        analysis = analyze_track(
            path,
            "loudness" if whole else trim,
            music=music,
            listener=watch,
            on_progress=on_progress,
            cancel=cancel,
        )
    except InputError:
        if whole is None:
            raise
        analysis = whole  # silent, say: without trimming it is kept, and no loudness known
    if not watch.has_peaks:
        watch.begin(analysis.source)
        for block in told_blocks(Decoding(analysis.source), analysis.source, on_progress, cancel):
            watch.push(block)
    peaks = watch.finish()
    if known is None and content_hash:
        _store_peaks(peaks, content_hash)
    loudness_lufs = analysis.loudness_lufs
    if whole is not None:
        source = whole.source
        if source.frames is None:
            source = replace(source, frames=peaks.n_frames)
        analysis = replace(_whole(count_frames(source)), music=analysis.music)
    return Survey(analysis, loudness_lufs, peaks, watch.tags)


def _whole(source: AudioSource) -> TrackAnalysis:
    """Analysis of a file that nothing was measured of."""
    return TrackAnalysis(source, Span(0, source.frames or 0))


class _Watch:
    """Hears a track while it is decoded, builds its peaks and shows them."""

    def __init__(
        self,
        tags: Tags,
        known: Peaks | None,
        on_probed: OnProbed | None,
        on_peaks: OnPeaks | None,
    ) -> None:
        self.tags = tags
        self._known = known
        self._on_probed = on_probed
        self._on_peaks = on_peaks
        self._builder: PeakBuilder | None = None
        self._next_snapshot_s = 0.0

    @property
    def has_peaks(self) -> bool:
        """Whether they were remembered, or the track was heard."""
        return self._known is not None or self._builder is not None

    def begin(self, source: AudioSource) -> None:
        """Show what there is before the file is decoded."""
        n_frames = source.frames or source.declared_frames
        if n_frames and self._on_probed:
            self._on_probed(_whole(replace(source, frames=n_frames)), self.tags)
        if self._known is None:
            self._builder = PeakBuilder(source.sample_rate_hz)
        elif self._on_peaks:
            self._on_peaks(self._known)

    def push(self, block: NDArray[np.float32]) -> None:
        """Build on, and show it if it is time."""
        if self._builder is None:
            return
        self._builder.push(block)
        if self._on_peaks and time.monotonic() >= self._next_snapshot_s:
            self._on_peaks(self._builder.so_far())
            self._next_snapshot_s = time.monotonic() + SNAPSHOT_EVERY_S

    def finish(self) -> Peaks:
        """Peaks of the whole track, remembered or built."""
        if self._builder is None:
            assert self._known is not None
            return self._known
        return self._builder.finish()


class _StoredPeaks(msgspec.Struct):
    """Peaks as they lie in the cache: the lowest level, row by row, in little-endian int16."""

    n_frames: int
    sample_rate_hz: int
    level_0: bytes


def _load_peaks(content_hash: str) -> Peaks | None:
    stored = cache.load_binary(_StoredPeaks, content_hash, _ENTRY)
    if stored is None:
        return None
    try:
        level_0 = np.frombuffer(stored.level_0, _STORED).reshape(-1, 3)
        return Peaks.over(
            level_0.astype(np.int16, copy=False), stored.n_frames, stored.sample_rate_hz
        )
    except ValueError:  # no whole number of buckets, or of another length
        return None


def _store_peaks(peaks: Peaks, content_hash: str) -> None:
    level_0 = peaks.levels[0].astype(_STORED, copy=False).tobytes()
    stored = _StoredPeaks(peaks.n_frames, peaks.sample_rate_hz, level_0)
    cache.store_binary(stored, content_hash, _ENTRY)

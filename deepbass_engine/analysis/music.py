"""What a track is as music: its beats, its key, its loudness, how loud it is when.

It is heard in the pass in which a track is measured, and remembered by the file's content.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis import cache
from deepbass_engine.analysis.beats import BeatGrid, beat_grid
from deepbass_engine.analysis.chroma import Chroma, ChromaMeter
from deepbass_engine.analysis.key import Key, key_of
from deepbass_engine.analysis.loudness import (
    BLOCKS_PER_SECOND,
    LoudnessMeter,
    integrated_lufs,
    loudness_range_lu,
    lufs,
    max_momentary_lufs,
    max_short_term_lufs,
)
from deepbass_engine.analysis.onsets import OnsetMeter
from deepbass_engine.audio.channels import LAYOUTS, STEREO, to_stereo
from deepbass_engine.audio.tags import Tags
from deepbass_engine.progress import CancelToken
from deepbass_engine.units import db_from_gain

COURSE_STEP_S = 0.25

_SILENT_DB = -200.0
_ENTRY = "music-6"
"""Its number goes up whenever what is heard of the same track changes."""
_ENERGIES, _COURSE = np.dtype("<f2"), np.dtype("<f4")


@dataclass(frozen=True, slots=True, eq=False)
class Music:
    """What was heard in one pass over a track.

    Attributes
    ----------
    beats
        Its beats; None where it has none.
    key
        Its key; None where nothing is tonal.
    loudness_lufs
        Integrated loudness; None where nothing is heard.
    loudness_range_lu
        Its range, as EBU Tech 3342 has it.
    max_momentary_lufs, max_short_term_lufs
        Its loudest 400 ms and 3 s; -200 of silence.
    true_peak_dbtp
        Its true peak; -200 of silence.
    course_lufs : float32, shape (steps,)
        Loudness of every `COURSE_STEP_S`; -200 of silence.
    chroma
        Its harmonies over time.
    tags
        What its file says of it.
    """

    beats: BeatGrid | None
    key: Key | None
    loudness_lufs: float | None
    loudness_range_lu: float
    max_momentary_lufs: float
    max_short_term_lufs: float
    true_peak_dbtp: float
    course_lufs: NDArray[np.float32]
    chroma: Chroma
    tags: Tags


class MusicMeter:
    """Hears a track block by block.

    Parameters
    ----------
    sample_rate_hz
        Rate of the blocks.
    layout
        Names of the channels of the blocks; more than two are heard as they are mixed, folded to
        stereo.
    tags
        What its file says of it.
    """

    def __init__(
        self, sample_rate_hz: int, layout: tuple[str, ...], tags: Tags | None = None
    ) -> None:
        from deepbass_engine.analysis.true_peak import TruePeakMeter

        self._tags = tags or Tags()
        self._onsets = OnsetMeter(sample_rate_hz)
        self._chroma = ChromaMeter(sample_rate_hz)
        self._layout = layout
        is_folded = len(layout) > STEREO
        self._folded = LoudnessMeter(sample_rate_hz, LAYOUTS[STEREO]) if is_folded else None
        self._true_peak = TruePeakMeter(sample_rate_hz, min(len(layout), STEREO))

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next samples, shape (frames, channels)."""
        if self._folded is not None:
            block = to_stereo(block, self._layout)
            self._folded.push(block)
        mono = block.mean(axis=1)
        self._onsets.push(mono)
        self._chroma.push(mono)
        self._true_peak.push(block)

    def finish(
        self, mean_squares: NDArray[np.float64], *, cancel: CancelToken | None = None
    ) -> Music:
        """What was heard.

        Parameters
        ----------
        mean_squares
            Of every 10 ms, as `deepbass_engine.analysis.loudness.LoudnessMeter` finds them in all
            channels.
        cancel
            Looked at on the way.

        Raises
        ------
        Cancelled
            If asked to stop.
        """
        if self._folded is not None:
            mean_squares = self._folded.finish()
        chroma = self._chroma.finish()
        loudness_lufs = integrated_lufs(mean_squares)
        return Music(
            beats=beat_grid(self._onsets.finish(), cancel=cancel),
            key=key_of(chroma),
            loudness_lufs=loudness_lufs if math.isfinite(loudness_lufs) else None,
            loudness_range_lu=loudness_range_lu(mean_squares),
            max_momentary_lufs=max(_SILENT_DB, max_momentary_lufs(mean_squares)),
            max_short_term_lufs=max(_SILENT_DB, max_short_term_lufs(mean_squares)),
            true_peak_dbtp=max(_SILENT_DB, db_from_gain(self._true_peak.finish())),
            course_lufs=_course(mean_squares),
            chroma=_rounded(chroma),
            tags=self._tags,
        )


def _course(mean_squares: NDArray[np.float64]) -> NDArray[np.float32]:
    n_blocks = round(COURSE_STEP_S * BLOCKS_PER_SECOND)
    padded = np.pad(mean_squares, (0, -len(mean_squares) % n_blocks))
    levels = (lufs(float(mean)) for mean in padded.reshape(-1, n_blocks).mean(axis=1))
    return np.array([max(_SILENT_DB, level) for level in levels], np.float32)


def _rounded(chroma: Chroma) -> Chroma:
    """As it will be remembered, so that a mix is the same from memory."""
    return Chroma(chroma.energies.astype(_ENERGIES).astype(np.float32), chroma.tuning_cents)


class _Stored(msgspec.Struct):
    """Music as it lies in the cache."""

    beats: BeatGrid | None
    key: Key | None
    loudness_lufs: float | None
    loudness_range_lu: float
    max_momentary_lufs: float
    max_short_term_lufs: float
    true_peak_dbtp: float
    course_lufs: bytes
    energies: bytes
    tuning_cents: float
    tags: Tags


def load_music(content_hash: str) -> Music | None:
    """What was remembered of a file's content, or None."""
    found = cache.load_binary(_Stored, content_hash, _ENTRY)
    if found is None:
        return None
    try:
        energies = np.frombuffer(found.energies, _ENERGIES).reshape(-1, 12)
        course = np.frombuffer(found.course_lufs, _COURSE)
    except ValueError:
        return None
    return Music(
        found.beats,
        found.key,
        found.loudness_lufs,
        found.loudness_range_lu,
        found.max_momentary_lufs,
        found.max_short_term_lufs,
        found.true_peak_dbtp,
        course.astype(np.float32),
        Chroma(energies.astype(np.float32), found.tuning_cents),
        found.tags,
    )


def store_music(music: Music, content_hash: str) -> None:
    """Remember what was heard of a file's content."""
    stored = _Stored(
        music.beats,
        music.key,
        music.loudness_lufs,
        music.loudness_range_lu,
        music.max_momentary_lufs,
        music.max_short_term_lufs,
        music.true_peak_dbtp,
        music.course_lufs.astype(_COURSE).tobytes(),
        music.chroma.energies.astype(_ENERGIES).tobytes(),
        music.chroma.tuning_cents,
        music.tags,
    )
    cache.store_binary(stored, content_hash, _ENTRY)

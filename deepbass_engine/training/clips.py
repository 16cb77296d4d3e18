"""Which clips of a song are taken, and their audio, found in one pass over its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.decode import Decoding
from deepbass_engine.errors import InputError
from deepbass_engine.nsynth.audio_16k import mono_blocks
from deepbass_engine.progress import CancelToken
from deepbass_engine.training.settings import PrepareSettings
from deepbass_engine.units import frames_from_seconds, rescale_frames

LEAST_CLIPS = 3
"""A song shorter than so many clips is left out."""

_N_RANDOM = 2


def clip_frames(settings: PrepareSettings) -> int:
    """Length of a clip in frames at the clips' rate."""
    return frames_from_seconds(settings.seconds, settings.rate_hz)


def starts(analysis: TrackAnalysis, settings: PrepareSettings) -> list[int]:
    """First frame, at the clips' rate, of each clip of a song that is taken, in order.

    Returns
    -------
    list of int
        Empty for a song whose audible part is shorter than three clips.
    """
    rate_hz, n = analysis.source.sample_rate_hz, clip_frames(settings)
    first = rescale_frames(analysis.span.start_frame, rate_hz, settings.rate_hz)
    end = rescale_frames(analysis.span.end_frame, rate_hz, settings.rate_hz)
    if end - first < LEAST_CLIPS * n:
        return []
    if settings.crop == "begin-end":
        return [first, end - n]
    if settings.crop == "random":
        generator = np.random.default_rng(int(analysis.content_hash, 16))
        return sorted(generator.integers(first, end - n, _N_RANDOM, endpoint=True).tolist())
    return list(range(first, end - n + 1, n))


def clips(
    analysis: TrackAnalysis,
    at: Sequence[int],
    settings: PrepareSettings,
    *,
    cancel: CancelToken | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Audio of clips of a song, in the order of `at`, which rises.

    Yields
    ------
    float32, shape (n,)
        Mono, at the clips' rate, within full scale.
    """
    n, source = clip_frames(settings), analysis.source
    decoding = Decoding(source)
    blocks = mono_blocks(decoding, source.layout, source.sample_rate_hz, settings.rate_hz)
    open_clips: list[tuple[int, NDArray[np.float32]]] = []
    waiting = list(at)
    position = 0
    for block in blocks:
        if cancel is not None:
            cancel.raise_if_cancelled()
        end = position + len(block)
        while waiting and waiting[0] < end:
            open_clips.append((waiting.pop(0), np.zeros(n, np.float32)))
        for start, clip in open_clips:
            low, high = max(start, position), min(start + n, end)
            clip[low - start : high - start] = block[low - position : high - position]
        position = end
        while open_clips and open_clips[0][0] + n <= position:
            yield open_clips.pop(0)[1].clip(-1, 1)
        if not waiting and not open_clips:
            return
    raise InputError(
        "ended before what was heard of it at first", path=source.path, hint="run it again"
    )

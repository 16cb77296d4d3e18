"""What decides the samples of a transition, as values to be hashed into a name.

Files are named by their content, so that a renamed copy is known, and a changed one is not.
"""

from __future__ import annotations

import functools
import hashlib
from importlib import metadata

import msgspec
import soundfile

from deepbass_engine.analysis import cache
from deepbass_engine.audio.decode import require_unchanged
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.errors import InputError
from deepbass_engine.mix.plan import MixPlan, PlannedTrack
from deepbass_engine.progress import CancelToken

Decides = tuple[object, ...]

_LIBRARIES = ("av", "numpy", "soxr")


def of_parts(plan: MixPlan, index: int, cancel: CancelToken | None) -> Decides | None:
    """What decides the tail and the head that a transition is made of.

    None where a track has changed since it was looked at, or it can't be told whether it has.

    Raises
    ------
    Cancelled
        If asked to stop while a file is read to be named.
    """
    fade = plan.fades[index]
    sources = [plan.tracks[index + side].source for side in (0, 1)]
    if not all(source.is_known_state for source in sources):
        return None
    try:
        for source in sources:
            require_unchanged(source)
        contents = [cache.hash_of(source.path, cancel=cancel) for source in sources]
    except (InputError, OSError):
        return None
    return (
        (soundfile.__libsndfile_version__, *versions(_LIBRARIES)),
        contents,
        [_decoding(source) for source in sources],
        plan.sample_rate_hz,
        (fade.out_frame, fade.in_frame, fade.n_frames),
        [track.warp for track in (plan.tracks[index], plan.tracks[index + 1])],
    )


def of_bend(
    track: PlannedTrack, sample_rate_hz: int, *, is_head: bool, cancel: CancelToken | None
) -> Decides | None:
    """What decides a bent end of a track; None where it can't be told whether that has changed."""
    source = track.source
    if not source.is_known_state:
        return None
    try:
        require_unchanged(source)
        content = cache.hash_of(source.path, cancel=cancel)
    except (InputError, OSError):
        return None
    warp = track.warp
    end = (warp.head, warp.head_end) if is_head else (warp.tail, warp.tail_start)
    return (
        "bend",
        (soundfile.__libsndfile_version__, *versions((*_LIBRARIES, "pedalboard"))),
        content,
        _decoding(source),
        sample_rate_hz,
        is_head,
        end,
        (warp.gain, warp.ceiling_dbtp),
    )


def digest(decides: Decides) -> str:
    """A file's name for what is decided by these values."""
    return hashlib.blake2b(msgspec.json.encode(decides), digest_size=16).hexdigest()


@functools.cache
def versions(libraries: tuple[str, ...]) -> tuple[str, ...]:
    """The versions of libraries, as far as they are installed."""
    found = []
    for library in libraries:
        try:
            found.append(metadata.version(library))
        except metadata.PackageNotFoundError:
            found.append("")
    return tuple(found)


def _decoding(source: AudioSource) -> Decides:
    """What decides, besides a file's content, which samples are read from it."""
    return (
        source.decoder,
        source.container,
        source.codec,
        source.sample_rate_hz,
        source.layout,
        source.bit_depth,
        source.declared_frames,
    )

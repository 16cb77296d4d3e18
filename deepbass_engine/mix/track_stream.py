"""Opens a planned track to be read: as it is, or warped as the plan has it.

Stretching takes its time, so what was stretched is kept where there is a store.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.audio.stream import TrackStream
from deepbass_engine.audio.stretch import bent
from deepbass_engine.audio.warped_stream import WarpedStream
from deepbass_engine.fades.limiter import limited
from deepbass_engine.mix import naming
from deepbass_engine.mix.plan import PlannedTrack
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import CancelToken


def open_track(
    track: PlannedTrack,
    sample_rate_hz: int,
    start_frame: int,
    *,
    store: TransitionStore | None = None,
    cancel: CancelToken,
    grid_bits: int | None = None,
) -> TrackStream | WarpedStream:
    """Read a track forward from one of its frames; see `TrackStream`.

    Parameters
    ----------
    store
        Where stretched ends are looked for, and kept.

    Raises
    ------
    InputError
        If the file is gone or has changed since it was looked at.
    """
    if track.warp.is_none:
        return TrackStream(
            track.source, sample_rate_hz, start_frame, cancel=cancel, grid_bits=grid_bits
        )

    def end(is_head: bool, read: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        bend = track.warp.head if is_head else track.warp.tail
        assert bend is not None
        decides = None
        if store is not None:
            decides = naming.of_bend(track, sample_rate_hz, is_head=is_head, cancel=cancel)
        name = None if decides is None else naming.digest(decides)
        if store is not None and name is not None:
            kept = store.load_named(name, bend.n_frames, cancel=cancel)
            if kept is not None:
                return kept
        heard = bent(read(), sample_rate_hz, bend, is_head=is_head, cancel=cancel)
        if track.warp.gain != 1.0:
            heard = np.asarray(heard * np.float32(track.warp.gain), np.float32)
        if track.warp.ceiling_dbtp is not None:
            heard = limited(heard, sample_rate_hz, track.warp.ceiling_dbtp, cancel=cancel)
        if store is not None and name is not None and stream.is_flawless:
            store.keep_named(name, heard, cancel=cancel)
        return heard

    stream = WarpedStream(
        track.source, sample_rate_hz, track.warp, start_frame, bent=end, cancel=cancel
    )
    return stream

"""Opens a planned track to be read: as it is, or warped as the plan has it."""

from __future__ import annotations

from deepbass_engine.audio.stream import TrackStream
from deepbass_engine.audio.warped_stream import WarpedStream
from deepbass_engine.fades.limiter import limited
from deepbass_engine.mix.plan import PlannedTrack
from deepbass_engine.progress import CancelToken


def open_track(
    track: PlannedTrack,
    sample_rate_hz: int,
    start_frame: int,
    *,
    cancel: CancelToken,
    grid_bits: int | None = None,
) -> TrackStream | WarpedStream:
    """Read a track forward from one of its frames; see `TrackStream`.

    Raises
    ------
    InputError
        If the file is gone or has changed since it was looked at.
    """
    if track.warp.is_none:
        return TrackStream(
            track.source, sample_rate_hz, start_frame, cancel=cancel, grid_bits=grid_bits
        )
    return WarpedStream(
        track.source,
        sample_rate_hz,
        track.warp,
        start_frame,
        under_ceiling=limited,
        cancel=cancel,
    )

"""The part of a track that is used: one end of it put elsewhere, to the frame of its own file.

Whoever moves a transition does it through here, the window as the search, so that a place at the
mix's rate is the same frame of the file for both.
"""

from __future__ import annotations

from msgspec.structs import replace

from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.warp import UNWARPED, Warp
from deepbass_engine.project import Span, Track
from deepbass_engine.units import rescale_frames


def cut(
    track: Track,
    analysis: TrackAnalysis,
    rate_hz: int,
    *,
    start_frame: int | None = None,
    end_frame: int | None = None,
    warp: Warp = UNWARPED,
) -> Track:
    """Move an end of the part of a track that is used, as far as the file reaches.

    Parameters
    ----------
    track, analysis
        The row, and what is known of its file.
    rate_hz
        Rate at which the frames are counted.
    start_frame, end_frame
        The new ends; None leaves one where it is. One frame at least stays between them.
    warp
        How the track is heard, where the frames are those of a warped one.
    """
    source = analysis.source
    span = track.span or analysis.span
    start, end = span.start_frame, span.end_frame
    if start_frame is not None:
        heard = round(warp.source_frame(start_frame))
        start = rescale_frames(heard, rate_hz, source.sample_rate_hz)
        start = min(max(0, start), end - 1)
    if end_frame is not None:
        heard = round(warp.source_frame(end_frame))
        end = rescale_frames(heard, rate_hz, source.sample_rate_hz)
        end = max(min(end, source.frames or 0), start + 1)
    return replace(track, span=Span(start, end))

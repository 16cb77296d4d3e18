"""Tracks of one album that run on: the music goes through from the one to the next.

They were cut out of one recording, so nothing is better than to put them together as they are.
"""

from __future__ import annotations

from deepbass_engine.mix.joins.side import Side

_SILENCE_S = 0.1
"""Less than this is none."""
_BELOW_BODY_LU = 20.0


RUNNING_ON = "the one runs on into the other on their album"
"""Why two tracks are put together as they are."""


def run_on(leaving: Side, entering: Side, n_frames: int) -> bool:
    """Whether a track runs on into the next.

    Parameters
    ----------
    leaving, entering
        The tracks.
    n_frames
        Length of the file of the one that leaves.
    """
    if leaving.music is None or entering.music is None:
        return False
    if not entering.music.tags.follows(leaving.music.tags):
        return False
    if not (leaving.may_move and entering.may_move):
        return False
    silence = _SILENCE_S * leaving.rate_hz
    if n_frames - leaving.end > silence or entering.start > silence:
        return False
    ends = leaving.music.course_lufs[-2:].max(), entering.music.course_lufs[:2].max()
    bodies = leaving.body_lufs - leaving.gain_db, entering.body_lufs - entering.gain_db
    return all(end > body - _BELOW_BODY_LU for end, body in zip(ends, bodies, strict=True))

"""Any layout becomes stereo: mono is spread, surround folded down.

Source: ITU-R BS.775-3, table 2: centre and surrounds at -3 dB, the low-frequency channel left out.
The sum is not scaled down, so that a stereo pair inside a surround file keeps its level; a fold
that passes full scale is clipped and counted where it is written, like any other over.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

STEREO = 2
LAYOUTS: dict[int, tuple[str, ...]] = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
"""Names of the channels by their number, as WAVE and FLAC order them."""

_MINUS_3_DB = 0.5**0.5
_LEFT = {"FL": 1.0, "FC": _MINUS_3_DB, "BL": _MINUS_3_DB, "SL": _MINUS_3_DB, "BC": 0.5,
         "FLC": 1.0, "DL": 1.0}  # fmt: skip
_RIGHT = {"FR": 1.0, "FC": _MINUS_3_DB, "BR": _MINUS_3_DB, "SR": _MINUS_3_DB, "BC": 0.5,
          "FRC": 1.0, "DR": 1.0}  # fmt: skip


def keeps_samples(layout: tuple[str, ...]) -> bool:
    """Whether `to_stereo` only copies samples, so that they stay on their grid."""
    return len(layout) <= STEREO


def to_stereo(block: NDArray[Any], layout: tuple[str, ...]) -> NDArray[Any]:
    """Spread or fold a block to two channels.

    Parameters
    ----------
    block
        Samples of shape (frames, channels); float32 where there are more than two channels.
    layout
        Name of each channel.

    Returns
    -------
    Samples of shape (frames, 2) and the same type; `block` itself if it is stereo already.
    """
    if len(layout) == STEREO:
        return block
    if len(layout) == 1:
        return np.repeat(block, STEREO, axis=1)
    return block @ _fold_matrix(layout)


def _fold_matrix(layout: tuple[str, ...]) -> NDArray[np.float32]:
    """Weights of shape (channels, 2)."""
    return np.array(
        [[_LEFT.get(name, 0.0), _RIGHT.get(name, 0.0)] for name in layout], dtype=np.float32
    )

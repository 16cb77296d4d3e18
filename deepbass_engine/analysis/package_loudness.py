"""Loudness by the meter of pyloudnorm, which `timbral_models` normalises with.

Its filters are not the ITU's: a high shelf of 4 dB at 1500 Hz (Q 0.71) and a high-pass at 38 Hz
(Q 0.5), as R. Bristow-Johnson's cookbook has them; blocks of 0.4 s, three quarters of each in the
next, gates at -70 LUFS and at -10 LU. For all else there is `deepbass_engine.analysis.loudness`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.k_weighting import add_energies

Mono = NDArray[np.floating[Any]]

_BLOCK_S, _STEP_S = 0.4, 0.1
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, -10.0
_CHUNK_FRAMES = 1 << 20


def package_lufs(mono: Mono, sample_rate_hz: int, scale: float = 1.0) -> float:
    """Integrated loudness by pyloudnorm's filters and its rule for blocks, in LUFS.

    Parameters
    ----------
    mono : float, shape (n_frames,)
        What is shorter than 0.4 s is followed by silence, in which the filters ring on.
    sample_rate_hz
        Its rate.
    scale
        What it is multiplied with before.

    Returns
    -------
    ``-inf`` where nothing passes the gate of -70 LUFS.
    """
    missing = int(_BLOCK_S * sample_rate_hz) - len(mono)
    if missing > 0:
        mono = np.pad(mono, (0, missing))
    n_blocks = max(1, round((len(mono) / sample_rate_hz - _BLOCK_S) / _STEP_S) + 1)
    starts = [int(_BLOCK_S * (i * 0.25) * sample_rate_hz) for i in range(n_blocks)]
    stops = [int(_BLOCK_S * (i * 0.25 + 1) * sample_rate_hz) for i in range(n_blocks)]
    # all of them lie on tenths of a second, where those are whole frames
    step = 1 if sample_rate_hz % 10 else sample_rate_hz // 10
    sums = np.concatenate([[0.0], np.cumsum(_energies(mono, sample_rate_hz, scale, step))])
    places = -(-np.minimum([*starts, *stops], len(mono)) // step)
    energies = sums[places]
    squares = (energies[n_blocks:] - energies[:n_blocks]) / (_BLOCK_S * sample_rate_hz)
    with np.errstate(divide="ignore"):
        levels = -0.691 + 10.0 * np.log10(np.maximum(squares, 0.0))
        above = squares[levels >= _ABSOLUTE_GATE_LUFS]
        if not len(above):
            return -math.inf
        gate = -0.691 + 10.0 * math.log10(above.mean()) + _RELATIVE_GATE_LU
        heard = squares[(levels > gate) & (levels > _ABSOLUTE_GATE_LUFS)]
    return float(-0.691 + 10.0 * np.log10(heard.mean())) if len(heard) else -math.inf


def _energies(mono: Mono, sample_rate_hz: int, scale: float, step: int) -> NDArray[np.float64]:
    """Energies of the weighted sound, of so many frames each; the last one of what is left."""
    sections, state = _package_weighting(sample_rate_hz), np.zeros((4, 1))
    chunk_frames = step * max(1, _CHUNK_FRAMES // step)
    found = []
    for first in range(0, len(mono), chunk_frames):
        chunk = mono[first : first + chunk_frames, np.newaxis] * np.float64(scale)
        energies = np.zeros((-(-len(chunk) // step), 1))
        add_energies(chunk.astype(np.float32), sections, state, 0, step, energies)
        found.append(energies[:, 0])
    return np.concatenate(found)


def _package_weighting(sample_rate_hz: int) -> NDArray[np.float64]:
    """Second-order sections of pyloudnorm's K-weighting, shape (2, 6)."""
    a = 10.0 ** (4.0 / 40.0)
    w = 2.0 * math.pi * 1500.0 / sample_rate_hz
    cos, alpha = math.cos(w), math.sin(w) / math.sqrt(2.0)
    root = 2.0 * math.sqrt(a) * alpha
    shelf = np.array(
        [
            a * ((a + 1) + (a - 1) * cos + root),
            -2 * a * ((a - 1) + (a + 1) * cos),
            a * ((a + 1) + (a - 1) * cos - root),
            (a + 1) - (a - 1) * cos + root,
            2 * ((a - 1) - (a + 1) * cos),
            (a + 1) - (a - 1) * cos - root,
        ]
    )
    w = 2.0 * math.pi * 38.0 / sample_rate_hz
    cos, alpha = math.cos(w), math.sin(w)
    high_pass = np.array([(1 + cos) / 2, -(1 + cos), (1 + cos) / 2, 1 + alpha, -2 * cos, 1 - alpha])
    return np.array([shelf / shelf[3], high_pass / high_pass[3]])

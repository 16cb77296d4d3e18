"""How rough whole files are: timbral roughness and Sethares dissonance, several side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deepbass_engine.analysis.dissonance import dissonance
from deepbass_engine.analysis.roughness import timbral_roughness
from deepbass_engine.analysis.track import TrackAnalysis
from deepbass_engine.audio.decode import BLOCK_FRAMES, Decoding, count_frames, probe
from deepbass_engine.errors import InputError
from deepbass_engine.mix.side_by_side import work_side_by_side
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.project import Problem, Span
from deepbass_engine.settings import n_workers

_STAGE = "measuring"
_PARTS = 1000
_READ_PARTS, _ROUGH_PARTS = 200, 700
_SUMMED_CHANNELS = 3


@dataclass(frozen=True, slots=True)
class FileRoughness:
    """What was measured of one file.

    Attributes
    ----------
    path
        The file.
    roughness, roughness_vassilakis
        Timbral roughness on its published scale, and by Vassilakis's own formula.
    dissonance
        Mean Sethares dissonance.
    problems
        What of the file could not be heard.
    """

    path: Path
    roughness: float
    roughness_vassilakis: float
    dissonance: float
    problems: tuple[Problem, ...]


def measure_files(
    paths: Sequence[Path],
    *,
    jobs: int = 0,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> list[FileRoughness | InputError]:
    """Measure files; what can't be measured gives its error, in its place.

    Parameters
    ----------
    paths
        The files; one that stands there twice is measured once.
    jobs
        Threads; 0 takes one for each core. Each holds a whole file, as one channel.

    Raises
    ------
    Cancelled
        If asked to stop.
    """
    unique = list(dict.fromkeys(paths))
    found: dict[Path, FileRoughness | InputError] = {}
    parts_done = [0] * len(unique)
    lock, stop = threading.Lock(), CancelToken()

    def measure(index: int) -> None:
        def tell(parts: int) -> None:
            if on_progress is not None:
                with lock:
                    parts_done[index] = parts
                    on_progress(Progress(_STAGE, sum(parts_done), _PARTS * len(unique)))

        path = unique[index]
        try:
            found[path] = _measured(path, tell, stop)
        except InputError as error:
            found[path] = error
        tell(_PARTS)

    work_side_by_side(range(len(unique)), measure, n_workers(jobs), stop=stop, cancel=cancel)
    return [found[path] for path in paths]


def _measured(path: Path, tell: Callable[[int], None], cancel: CancelToken) -> FileRoughness:
    """Measure one file; `tell` hears how many of its parts are done.

    Both measures are those of the channels' sum, at most of three; so no more is kept of a file.
    """

    def tell_roughness(progress: Progress) -> None:
        tell(_READ_PARTS + _ROUGH_PARTS * progress.done // max(1, progress.total))

    source = probe(path)
    decoding = Decoding(source)
    n_expected = source.frames or source.declared_frames
    mono = np.empty(BLOCK_FRAMES, np.float32)
    start = 0
    for block in decoding:
        cancel.raise_if_cancelled()
        end = decoding.n_frames
        if end > len(mono):
            mono.resize(max(end, 3 * len(mono) // 2), refcheck=False)
        block[:, :_SUMMED_CHANNELS].sum(axis=1, out=mono[start:end])
        start = end
        if n_expected:
            tell(int(_READ_PARTS * min(1.0, end / n_expected)))
    source = count_frames(replace(source, frames=start))
    heard = TrackAnalysis(source, Span(0, start), n_not_finite=decoding.n_not_finite)
    mono = mono[:start]
    rate_hz = source.sample_rate_hz
    rough = timbral_roughness(
        mono[:, np.newaxis], rate_hz, on_progress=tell_roughness, cancel=cancel
    )
    mean_dissonance = dissonance(mono, rate_hz, cancel=cancel).mean
    return FileRoughness(path, rough.published, rough.vassilakis, mean_dissonance, heard.problems)

"""The best automatic planner there is, in our own words, to compare with: plan data, ends only.

It sees the last 45 s of one track and the first 45 s of the next as a level every quarter of a
second and one tempo with bar lines each; those are the ones found here. It never hears what comes
of it.

- A leaves after its last bar that has 70 % of its usual level; B's groove begins with its first.
- Tempi within 8 %, both grids sure: a fade of 16 or 8 bars on the beat that ends where B's groove
  begins, or as early as B allows. Else bars are cut short by how far the tempi are apart: 4, 2 or
  1. Without grids: two quiet ends are laid over each other for 2 to 15 s, others for 3.5 s.
- Refused is what trims more of A than the fade is long; each rung down costs 10 points, each second
  left out 1.

Left out of it are voices (so it takes 16 bars where two instrumentals would), clashes of kicks,
fade-outs and codas as cues, and fades by filter and echo.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.beats import BeatGrid
from deepbass_engine.analysis.music import COURSE_STEP_S
from deepbass_engine.analysis.track import TrackAnalysis

SEEN_S = 45.0
NEAREST, NEAR, FAR = 0.08, 0.12, 0.20
LEAST_SHARE = 0.7
QUIET_LU = 10.0
RUNG, PER_SECOND = 10.0, 1.0
SEGUE_S, SHORT_S = (2.0, 15.0), 3.5


@dataclass(frozen=True, slots=True)
class Choice:
    """What it does with a pair; times are the tracks' own.

    Attributes
    ----------
    kind
        In a word or two.
    length_s
        Of the fade.
    out_end_s, in_start_s
        Where the one is left, and the other begun.
    left_out_s
        Audible music of both that is never heard.
    is_on_beat
        Whether both are brought to one tempo.
    """

    kind: str
    length_s: float
    out_end_s: float
    in_start_s: float
    left_out_s: float
    is_on_beat: bool = False


@dataclass(frozen=True, slots=True)
class _End:
    """One of the two ends as it is seen."""

    first_s: float
    last_s: float
    levels: NDArray[np.float32]
    usual: float
    grid: BeatGrid | None

    @classmethod
    def of(cls, analysis: TrackAnalysis, *, is_tail: bool) -> _End:
        assert analysis.music is not None
        rate_hz = analysis.source.sample_rate_hz
        first_s, last_s = (
            f / rate_hz for f in (analysis.span.start_frame, analysis.span.end_frame)
        )
        course = np.maximum(analysis.music.course_lufs, -70.0)
        heard = course[course > -70.0]
        usual = float(np.median(heard)) if len(heard) else -70.0
        if is_tail:
            first_s = max(first_s, last_s - SEEN_S)
        else:
            last_s = min(last_s, first_s + SEEN_S)
        grid = analysis.music.beats
        return cls(first_s, last_s, course, usual, grid if grid and grid.is_sure else None)

    def bars_s(self) -> NDArray[np.float64]:
        """Bar lines in sight."""
        assert self.grid is not None
        bar_s = 4 * self.grid.beat_s
        begin_s = self.grid.first_beat_s + self.grid.first_downbeat * self.grid.beat_s
        numbers = np.arange(
            np.ceil((self.first_s - begin_s) / bar_s), np.floor((self.last_s - begin_s) / bar_s) + 1
        )
        return np.asarray(begin_s + numbers * bar_s)

    def level(self, from_s: float, to_s: float) -> float:
        """Mean amplitude of a stretch against the track's usual one."""
        first, end = int(from_s / COURSE_STEP_S), max(1, int(np.ceil(to_s / COURSE_STEP_S)))
        part = self.levels[first:end]
        if not len(part):
            return 0.0
        return float(np.mean(10.0 ** ((part - self.usual) / 20.0)))

    def full_bars(self) -> list[float]:
        """Bar lines of bars that are as loud as the track usually is."""
        assert self.grid is not None
        bar_s = 4 * self.grid.beat_s
        return [at for at in self.bars_s() if self.level(at, at + bar_s) >= LEAST_SHARE]


def chosen(first: TrackAnalysis, second: TrackAnalysis) -> Choice:
    """What it does with a pair."""
    leaving, entering = _End.of(first, is_tail=True), _End.of(second, is_tail=False)
    found = list(_candidates(leaving, entering))
    return min(found, key=lambda pair: pair[0])[1]


def _candidates(leaving: _End, entering: _End) -> Iterator[tuple[float, Choice]]:
    yield 1000.0, _faded(leaving, entering)
    if leaving.grid is None or entering.grid is None:
        return
    gap = abs(leaving.grid.tempo_bpm / entering.grid.tempo_bpm - 1.0)
    is_on_beat = gap <= NEAREST
    rungs = (16, 8) if is_on_beat else (4,) if gap <= NEAR else (2,) if gap <= FAR else (1,)
    bar_s = 4 * leaving.grid.beat_s
    full_out, full_in = leaving.full_bars(), entering.full_bars()
    if not full_out or not full_in:
        return
    out_end_s = min(full_out[-1] + bar_s, leaving.last_s)
    groove_s = full_in[0]
    for rung, n_bars in enumerate(rungs):
        length_s = n_bars * bar_s
        in_start_s = max(entering.first_s, groove_s - length_s)
        tail_s = leaving.last_s - out_end_s
        if out_end_s - length_s < leaving.first_s or tail_s > length_s:
            continue
        left_out_s = tail_s + in_start_s - entering.first_s
        kind = f"{n_bars} bars on the beat" if is_on_beat else f"cut of {n_bars} bars"
        choice = Choice(kind, length_s, out_end_s, in_start_s, left_out_s, is_on_beat)
        yield RUNG * rung + PER_SECOND * left_out_s, choice


def _faded(leaving: _End, entering: _End) -> Choice:
    """Without a beat: by how long both ends are quiet."""
    quiet_s = []
    for end, steps in ((leaving, -1), (entering, 1)):
        first, last = (int(at / COURSE_STEP_S) for at in (end.first_s, end.last_s))
        quiet = end.levels[first:last][::steps] < end.usual - QUIET_LU
        quiet_s.append(float(np.logical_and.accumulate(quiet).sum()) * COURSE_STEP_S)
    if min(quiet_s) >= SEGUE_S[0]:
        length_s = min(min(quiet_s), SEGUE_S[1])
        return Choice("quiet segue", length_s, leaving.last_s, entering.first_s, 0.0)
    return Choice("quick fade", SHORT_S, leaving.last_s, entering.first_s, 0.0)

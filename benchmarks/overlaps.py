"""How loud joins on the beat are from moment to moment, what is limited, and who has the bass.

Pairs of real tracks that the style auto joins; the pairs are the same at every run. The sides of a
transition are the three seconds before it and behind it.

    python benchmarks/overlaps.py MUSIC_FOLDER --pairs 40
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.analysis.loudness import (
    BLOCKS_IN_MOMENTARY,
    LoudnessMeter,
    integrated_lufs,
    lufs,
    momentary,
)
from deepbass_engine.analysis.low_band import HOP_S, low_band
from deepbass_engine.analysis.track import TrackAnalysis, analyze_tracks
from deepbass_engine.analysis.true_peak import frame_peaks
from deepbass_engine.fades.eq import BandGains, equalized
from deepbass_engine.mix.band_fade import bass_gains
from deepbass_engine.mix.plan import MixPlan, plan_mix
from deepbass_engine.mix.playback import audio_around
from deepbass_engine.mix.transition_audio import TransitionAudio
from deepbass_engine.playlists import collect
from deepbass_engine.project import Project, tracks_of
from deepbass_engine.settings import MixSettings, TransitionSpec
from deepbass_engine.units import db_from_gain

TARGET_LUFS = -14.0
STEREO = ("FL", "FR")
BELOW_LU, ABOVE_LU = 2.0, 1.5
FULL_DB = -12.0


@dataclass(frozen=True, slots=True)
class Overlap:
    """What one transition measures: levels against its sides in LU, peaks in dBTP.

    Once against how loud the sides are over their three seconds, once against their own lowest and
    highest moments: music is not as loud at every moment as on average.
    """

    below_lu: float
    above_lu: float
    below_lowest_lu: float
    above_highest_lu: float
    peak_dbtp: float
    limited_db: float
    beats_with_two_basses: int


def _levels_lufs(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float64]:
    """Momentary loudness, every 10 ms, of windows that lie within the samples."""
    meter = LoudnessMeter(rate_hz, STEREO)
    meter.push(samples)
    inside = momentary(meter.finish())[: 1 - BLOCKS_IN_MOMENTARY]
    return np.array([lufs(each) for each in inside])


def _side_lufs(samples: NDArray[np.float32], rate_hz: int) -> float:
    meter = LoudnessMeter(rate_hz, STEREO)
    meter.push(samples)
    return integrated_lufs(meter.finish())


def _peak_dbtp(samples: NDArray[np.float32], rate_hz: int) -> float:
    return db_from_gain(float(frame_peaks(samples, rate_hz, 0.1).max()))


def _drop_db(
    samples: NDArray[np.float32],
    gain: NDArray[np.float32],
    beats_s: NDArray[np.float64],
    rate_hz: int,
) -> NDArray[np.float64]:
    """How far a track's low band is under what it would be alone, at beats."""
    ones = np.ones(len(gain), np.float32)
    heard = equalized(samples, rate_hz, BandGains(gain, ones, ones))
    with_gain, alone = (
        low_band(each.mean(axis=1, dtype=np.float32), rate_hz).power for each in (heard, samples)
    )
    hops = np.clip(np.rint(beats_s / HOP_S).astype(int), 0, len(alone) - 1)
    return np.asarray(10.0 * np.log10((with_gain[hops] + 1e-15) / (alone[hops] + 1e-15)))


def _two_basses(plan: MixPlan, audio: TransitionAudio) -> int:
    """Beats at which neither track's low band is 12 dB under what it would be alone."""
    join, rate_hz = plan.fades[0].join, audio.sample_rate_hz
    assert join is not None
    assert audio.beats_s is not None
    gains, beats_s = bass_gains(join, rate_hz), audio.beats_s[0]
    leaving = _drop_db(audio.outgoing[audio.n_before :], gains.fade_out, beats_s, rate_hz)
    entering = _drop_db(audio.incoming[: audio.n_frames], gains.fade_in, beats_s, rate_hz)
    return int(np.count_nonzero(np.minimum(leaving, entering) > FULL_DB))


def measured(pair: tuple[TrackAnalysis, TrackAnalysis]) -> Overlap | None:
    """One pair, or None where it is not joined on the beat."""
    project = Project(
        tracks=tracks_of(analysis.source.path for analysis in pair),
        default=TransitionSpec(style="auto"),
        mix=MixSettings(target_lufs=TARGET_LUFS),
    )
    plan = plan_mix(project, pair)
    (fade,) = plan.fades
    if fade.join is None:
        return None
    rate_hz = plan.sample_rate_hz
    audio = audio_around(plan, 0)
    bodies = tuple(s if s is not fade else replace(fade, ceiling_dbtp=None) for s in plan.segments)
    free = audio_around(replace(plan, segments=bodies), 0)
    assert audio is not None
    assert free is not None
    around = audio.outgoing[: audio.n_before], audio.incoming[audio.n_frames :]
    sides = [_side_lufs(each, rate_hz) for each in around]
    moments = [_levels_lufs(each, rate_hz) for each in around]
    levels = _levels_lufs(audio.heard, rate_hz)
    first = round(100 * audio.n_before / rate_hz)
    within = levels[first : first + round(100 * audio.n_frames / rate_hz) - BLOCKS_IN_MOMENTARY]
    peak_dbtp = _peak_dbtp(audio.mixed, rate_hz)
    return Overlap(
        below_lu=min(sides) - float(within.min()),
        above_lu=float(within.max()) - max(sides),
        below_lowest_lu=float(min(each.min() for each in moments) - within.min()),
        above_highest_lu=float(within.max() - max(each.max() for each in moments)),
        peak_dbtp=peak_dbtp,
        limited_db=_peak_dbtp(free.mixed, rate_hz) - peak_dbtp,
        beats_with_two_basses=_two_basses(plan, audio),
    )


def main() -> None:
    """Pair, make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("music", type=Path)
    parser.add_argument("--pairs", type=int, default=40, help="how many that are joined")
    args = parser.parse_args()
    heard = analyze_tracks(collect([args.music]).files, music=True)
    tracks = [
        a
        for a in heard
        if isinstance(a, TrackAnalysis) and a.span.n_frames >= 60 * a.source.sample_rate_hz
    ]
    pairs = list(permutations(tracks, 2))
    order = np.random.default_rng(0).permutation(len(pairs))
    found: list[Overlap] = []
    with ThreadPoolExecutor(2) as pool:
        for one in pool.map(lambda i: measured(pairs[i]), order):
            if one is not None:
                found.append(one)
            if len(found) == args.pairs:
                break
        pool.shutdown(cancel_futures=True)
    print(table(found))


def table(found: list[Overlap]) -> str:
    """What came of it, in Markdown."""
    rows = (
        ("below the quieter side, LU", [o.below_lu for o in found], BELOW_LU),
        ("above the louder side, LU", [o.above_lu for o in found], ABOVE_LU),
        ("below the sides' lowest moment, LU", [o.below_lowest_lu for o in found], BELOW_LU),
        ("above their highest, LU", [o.above_highest_lu for o in found], ABOVE_LU),
        ("true peak, dBTP", [o.peak_dbtp for o in found], -1.0),
        ("taken down by the limiter, dB", [o.limited_db for o in found], 1.0),
        ("beats with two basses", [float(o.beats_with_two_basses) for o in found], 1.0),
    )
    lines = [
        f"{len(found)} transitions on the beat",
        "",
        "| | median | 95 % | largest | bound | kept by |",
        "|---|---|---|---|---|---|",
    ]
    for name, values, bound in rows:
        kept = np.mean(np.array(values) <= bound + 0.05)
        median, most = np.quantile(values, (0.5, 0.95))
        lines.append(
            f"| {name} | {median:.2f} | {most:.2f} | {max(values):.2f} | {bound:g} | {kept:.0%} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()

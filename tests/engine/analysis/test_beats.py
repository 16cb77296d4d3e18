"""Tempo, beats and bars: found in loops whose own are known, and not where there are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loops import PATTERNS, RATE_HZ, kick, loop

from deepbass_engine.analysis.beats import BeatGrid, beat_grid
from deepbass_engine.analysis.onsets import OnsetMeter, Onsets


def onsets_of(samples: np.ndarray, rate_hz: int = RATE_HZ, block: int = 30_000) -> Onsets:
    meter = OnsetMeter(rate_hz)
    for first in range(0, len(samples), block):
        meter.push(samples[first : first + block].mean(axis=1))
    return meter.finish()


def grid_of(samples: np.ndarray, rate_hz: int = RATE_HZ) -> BeatGrid:
    found = beat_grid(onsets_of(samples, rate_hz))
    assert found is not None
    return found


CASES = [
    (pattern, tempo_bpm, swing, noise)
    for pattern in PATTERNS
    for tempo_bpm, swing, noise in (
        (90.0, 0.0, 0.0), (97.31, 0.3, 0.0), (118.4, 0.0, 0.15), (127.83, 0.15, 0.05),
        (140.07, 0.0, 0.05), (159.5, 0.3, 0.15),
    )
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "tempo_bpm", "swing", "noise"), CASES)
def test_tempo_beats_and_bars_of_a_loop_are_found(
    pattern: str, tempo_bpm: float, swing: float, noise: float
) -> None:
    first_beat_s = 0.05 + tempo_bpm % 0.5
    made = loop(pattern, tempo_bpm, first_beat_s=first_beat_s, swing=swing, noise=noise, seed=1)
    found = grid_of(made.samples)
    assert found.tempo_bpm == pytest.approx(tempo_bpm, rel=5e-4)
    beats_s = found.beats_s(1.0, 29.0)
    phase = (beats_s - first_beat_s + 30.0 / tempo_bpm) % (60.0 / tempo_bpm) - 30.0 / tempo_bpm
    assert np.quantile(np.abs(phase), 0.95) < 0.010
    bars = (
        (found.first_beat_s + found.first_downbeat * found.beat_s - first_beat_s) * tempo_bpm / 240
    )
    assert bars == pytest.approx(round(bars), abs=0.05)
    assert found.is_sure


@pytest.mark.parametrize("tempo_bpm", [72.0, 174.0])
def test_a_very_slow_or_fast_loop_is_found_at_a_multiple(tempo_bpm: float) -> None:
    found = grid_of(loop("break", tempo_bpm).samples)
    times = min((0.5, 1.0, 2.0), key=lambda t: abs(found.tempo_bpm * t - tempo_bpm))
    assert found.tempo_bpm * times == pytest.approx(tempo_bpm, rel=5e-4)


@pytest.mark.parametrize("rate_hz", [11_025, 44_100, 96_000])
def test_beats_are_where_they_are_at_any_rate(rate_hz: int) -> None:
    samples = np.zeros((20 * rate_hz, 2), np.float32)
    shape = np.interp(np.arange(0, len(kick()), RATE_HZ / rate_hz), np.arange(len(kick())), kick())
    for beat in range(38):
        first = round((0.25 + 0.5 * beat) * rate_hz)
        samples[first : first + len(shape)] += shape[: len(samples) - first, None]
    found = grid_of(samples, rate_hz)
    assert found.tempo_bpm == pytest.approx(120.0, rel=5e-4)
    assert found.first_beat_s == pytest.approx(0.25, abs=0.008)


def test_the_size_of_the_blocks_changes_nothing() -> None:
    samples = loop("house", 124.0, seconds=12.0).samples
    whole, parts = onsets_of(samples, block=10**9), onsets_of(samples, block=7_001)
    np.testing.assert_array_equal(whole.all, parts.all)
    np.testing.assert_array_equal(whole.colour, parts.colour)


def test_what_has_no_beat_has_none() -> None:
    drone = np.sin(0.05 * np.arange(20 * RATE_HZ))[:, None].repeat(2, axis=1)
    assert beat_grid(onsets_of(drone.astype(np.float32))) is None
    assert beat_grid(onsets_of(np.zeros((20 * RATE_HZ, 2), np.float32))) is None
    assert beat_grid(onsets_of(loop("house", 120.0, seconds=3.0).samples)) is None


@pytest.mark.parametrize("seed", range(4))
def test_noise_and_what_babbles_have_no_sure_beat(seed: int) -> None:
    random = np.random.default_rng(seed)
    noise = 0.1 * random.standard_normal((30 * RATE_HZ, 2))
    corners = np.sort(random.uniform(0, len(noise), 120))
    babble = np.interp(np.arange(len(noise)), corners, random.uniform(0, 1, 120))
    for samples in (noise, noise * babble[:, None]):
        found = beat_grid(onsets_of(samples.astype(np.float32)))
        assert found is None or found.confidence < 0.3


def test_a_tempo_that_drifts_is_not_trusted() -> None:
    samples, at_s = np.zeros((90 * RATE_HZ, 2), np.float32), 0.0
    while at_s < 89.0:
        first = round(at_s * RATE_HZ)
        samples[first : first + len(kick())] += kick()[:, None]
        at_s += 60.0 / (118.0 + 5.0 * at_s / 90.0)
    found = grid_of(samples)
    assert not found.is_steady
    assert not found.is_sure


grids = st.builds(
    BeatGrid,
    tempo_bpm=st.floats(60.0, 200.0),
    first_beat_s=st.floats(0.0, 0.29),
    first_downbeat=st.integers(0, 3),
)


@given(grids, st.floats(0.0, 100.0), st.floats(0.0, 20.0))
def test_beats_between_two_times_are_all_of_them(
    grid: BeatGrid, start_s: float, length_s: float
) -> None:
    found = grid.beats_s(start_s, start_s + length_s)
    assert np.all((found >= start_s - 1e-6) & (found < start_s + length_s + 1e-6))
    assert len(found) == pytest.approx(length_s / grid.beat_s, abs=1.001)


@given(grids, st.floats(-3.0, 3.0))
def test_a_grid_that_is_shifted_has_its_beats_and_bars_shifted(grid: BeatGrid, by_s: float) -> None:
    moved = grid.shifted(by_s)
    bar_s = 4 * grid.beat_s
    before = grid.first_beat_s + grid.first_downbeat * grid.beat_s + by_s
    after = moved.first_beat_s + moved.first_downbeat * moved.beat_s
    assert (after - before) / bar_s == pytest.approx(round((after - before) / bar_s), abs=1e-6)
    assert 0.0 <= moved.first_beat_s <= moved.beat_s + 1e-6


@given(grids)
def test_halved_after_doubled_is_the_same_bar_line(grid: BeatGrid) -> None:
    there_and_back = grid.doubled().halved()
    assert there_and_back.tempo_bpm == pytest.approx(grid.tempo_bpm)
    assert grid.doubled().tempo_bpm == pytest.approx(2 * grid.tempo_bpm)
    beats = grid.beats_s(10.0, 20.0)
    doubled = grid.doubled().beats_s(9.0, 21.0)
    assert all(np.abs(doubled - beat).min() < 1e-6 for beat in beats)
    halved = grid.halved().beats_s(10.0, 20.0)
    kept = grid.beats_s(8.0, 22.0)
    assert all(np.abs(kept - beat).min() < 1e-6 for beat in halved)

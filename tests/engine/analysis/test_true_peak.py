"""True peak: what stands between the samples."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import encoders
import numpy as np
import pytest
import signals
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.analysis.true_peak import (
    TruePeakMeter,
    frame_peaks,
    interpolator,
    largest_gain,
    raise_peaks,
    true_peak_plain,
)
from deepbass_engine.audio.decode import Decoding, probe
from deepbass_engine.units import db_from_gain


def sine(rate_hz: int, divisor: float, phase: float, level: float = 0.5) -> np.ndarray:
    """A tone of a fraction of the rate, faded in and out."""
    at = np.arange(rate_hz)
    envelope = np.minimum(1.0, np.minimum(at, at[::-1]) / (rate_hz / 20))
    wave = level * envelope * np.sin(2 * np.pi * at / divisor + phase)
    return wave[:, None].astype(np.float32)


def burst(seed: int, n_frames: int) -> np.ndarray:
    """Noise whose level changes by 40 dB, now and then."""
    random = np.random.default_rng(seed)
    levels = np.repeat(10 ** random.uniform(-2, 0, n_frames // 50 + 1), 50)[:n_frames, None]
    return (levels * random.standard_normal((n_frames, 2))).astype(np.float32)


def pink(seed: int, n_frames: int) -> np.ndarray:
    """Noise that falls by 3 dB an octave, as music about does, faded in and out."""
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft(random.standard_normal((n_frames, 2)), axis=0)
    spectrum /= np.sqrt(np.arange(len(spectrum)) + 1.0)[:, None]
    wave = np.fft.irfft(spectrum, n_frames, axis=0) * np.hanning(n_frames)[:, None] ** 0.1
    return (0.7 * wave / np.abs(wave).max()).astype(np.float32)


def metered(samples: np.ndarray, rate_hz: int, *borders: int) -> float:
    meter = TruePeakMeter(rate_hz, samples.shape[1])
    for block in np.split(samples, borders):
        meter.push(np.ascontiguousarray(block))
    return meter.finish()


def band_limited_peak(samples: np.ndarray, times: int) -> float:
    """Peak of a signal that fades to silence at its ends, interpolated by a Fourier transform."""
    spectrum = np.fft.rfft(samples, axis=0)
    dense = np.fft.irfft(spectrum, times * len(samples), axis=0) * times
    return float(np.abs(dense).max())


# EBU Tech 3341, table 1, test signals 15 to 18: fractions of the rate and phases in degrees
@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
@pytest.mark.parametrize(("divisor", "degrees"), [(4, 0.0), (4, 45.0), (6, 60.0), (8, 67.5)])
def test_a_sine_at_any_phase_reads_its_amplitude(
    rate_hz: int, divisor: float, degrees: float
) -> None:
    samples = sine(rate_hz, divisor, np.radians(degrees))
    level_db = db_from_gain(metered(samples, rate_hz) / 0.5)
    assert -0.4 < level_db < 0.2  # the tolerance of EBU Tech 3341


def test_a_quarter_of_the_rate_between_its_samples_is_3_db_higher() -> None:
    samples = sine(48_000, 4, np.pi / 4)
    over_samples_db = db_from_gain(metered(samples, 48_000) / float(np.abs(samples).max()))
    assert over_samples_db == pytest.approx(3.01, abs=0.02)


# EBU Tech 3341, test signals 20 to 23: a short tone of +1.4 dBFS, its peak 0 to 3 quarters of a
# sample from a sample
@pytest.mark.parametrize("quarter", range(4))
def test_a_peak_reads_the_same_wherever_it_lies_between_samples(quarter: int) -> None:
    at = np.arange(4_800) - 2_400 - quarter / 4
    level = 10 ** (1.4 / 20)
    wave = level * np.cos(2 * np.pi * at / 6) * np.exp(-((at / 400) ** 2))
    found = metered(wave[:, None].astype(np.float32), 48_000)
    assert db_from_gain(found / level) == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.2, 0.3, 0.4])
def test_a_tone_up_to_two_fifths_of_the_rate_reads_as_four_times_the_rate_has_it(
    share: float,
) -> None:
    samples = sine(44_100, 1 / share, 0.3)
    expected = band_limited_peak(samples, 4)
    assert db_from_gain(metered(samples, 44_100) / expected) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize(
    ("rate_hz", "n_between"),
    [(44_100, 3), (95_999, 3), (96_000, 1), (191_999, 1), (192_000, 0), (384_000, 0)],
)
def test_higher_rates_are_interpolated_less(rate_hz: int, n_between: int) -> None:
    assert len(interpolator(rate_hz)) == n_between


@given(st.integers(0, 2**32 - 1), st.integers(1, 600), st.sampled_from([8_000, 96_000, 192_000]))
@settings(deadline=None, max_examples=50)
def test_the_kernel_does_as_the_plain_one(seed: int, n_frames: int, rate_hz: int) -> None:
    samples = burst(seed, n_frames)
    plain = true_peak_plain(samples, rate_hz)
    assert metered(samples, rate_hz) == pytest.approx(plain, rel=1e-12)


@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.integers(0, 3_000), max_size=8))
@settings(deadline=None, max_examples=50)
def test_any_split_into_blocks_gives_the_same_bits(seed: int, cuts: list[int]) -> None:
    samples = burst(seed, 3_000)
    assert metered(samples, 44_100, *sorted(cuts)) == metered(samples, 44_100)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_passing_over_what_is_low_changes_no_bit(seed: int) -> None:
    samples, filters = burst(seed, 3_000), interpolator(44_100)
    skipping, looking_everywhere = np.zeros(2), np.zeros(2)
    raise_peaks(samples, filters, largest_gain(filters), skipping)
    raise_peaks(samples, filters, np.inf, looking_everywhere)
    np.testing.assert_array_equal(skipping, looking_everywhere)


def test_the_peak_of_any_channel_counts() -> None:
    samples = np.zeros((500, 6), np.float32)
    samples[250, 4] = -0.75
    assert metered(samples, 48_000) == 0.75


def test_silence_and_nothing_have_none() -> None:
    assert metered(np.zeros((100, 2), np.float32), 44_100) == 0.0
    assert metered(np.zeros((0, 2), np.float32), 44_100) == 0.0


def test_the_peak_of_frames_stands_where_it_is() -> None:
    samples = np.zeros((1_000, 1), np.float32)
    samples[500:502] = 0.9
    peaks = frame_peaks(samples, 44_100, 0.1)
    assert np.argmax(peaks) in (500, 501)
    assert peaks[500] == pytest.approx(true_peak_plain(samples, 44_100), rel=1e-6)
    assert not peaks[:450].any()


@given(st.integers(0, 2**32 - 1), st.integers(1, 600), st.floats(0.0, 2.0))
@settings(deadline=None, max_examples=50)
def test_the_peak_of_frames_is_exact_where_it_passes_the_floor(
    seed: int, n_frames: int, floor: float
) -> None:
    samples = burst(seed, n_frames)
    everywhere = frame_peaks(samples, 44_100, 0.0)
    over = frame_peaks(samples, 44_100, floor)
    np.testing.assert_array_equal(over > floor, everywhere > floor)
    np.testing.assert_array_equal(over[over > floor], everywhere[over > floor])
    assert (over >= np.abs(samples).max(axis=1)).all()


def true_peak_by_ebur128(path: Path) -> float:
    """True peak by ffmpeg, in dBTP."""
    done = subprocess.run(
        [encoders.program("ffmpeg"), "-nostats", "-i", path, "-af", "ebur128=peak=true",
         "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(re.findall(r"Peak:\s+(-?[\d.]+) dBFS", done.stderr)[-1])


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("seed", range(2))
def test_it_is_ffmpegs_within_a_tenth_of_a_decibel(tmp_path: Path, rate_hz: int, seed: int) -> None:
    samples = pink(seed, rate_hz)
    path = signals.write(tmp_path / "a.wav", samples, rate_hz, "FLOAT")
    found_db = db_from_gain(metered(samples, rate_hz))
    assert found_db == pytest.approx(true_peak_by_ebur128(path), abs=0.1)


@pytest.mark.slow
@pytest.mark.skipif("DEEPBASS_MUSIC" not in os.environ, reason="DEEPBASS_MUSIC is not set")
def test_the_true_peak_of_real_music_is_ffmpegs() -> None:
    paths = sorted(Path(os.environ["DEEPBASS_MUSIC"]).rglob("*.ogg"))[:3]
    assert paths
    for path in paths:
        source = probe(path)
        meter = TruePeakMeter(source.sample_rate_hz, source.channels)
        for block in Decoding(source):
            meter.push(block)
        found_db = db_from_gain(meter.finish())
        assert found_db == pytest.approx(true_peak_by_ebur128(path), abs=0.1)

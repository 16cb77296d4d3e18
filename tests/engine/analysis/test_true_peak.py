"""True peak: what stands between the samples."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from encoders import program
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.analysis.true_peak import TruePeakMeter, frame_peaks, true_peak_plain
from deepbass_engine.units import db_from_gain


def sine(rate_hz: int, divisor: float, phase: float, level: float = 0.5) -> np.ndarray:
    at = np.arange(rate_hz)
    envelope = np.minimum(1.0, np.minimum(at, at[::-1]) / (rate_hz / 20))
    wave = level * envelope * np.sin(2 * np.pi * at / divisor + phase)
    return wave[:, None].astype(np.float32)


def metered(samples: np.ndarray, rate_hz: int, n_blocks: int = 1) -> float:
    meter = TruePeakMeter(rate_hz, samples.shape[1])
    for block in np.array_split(samples, n_blocks):
        meter.push(np.ascontiguousarray(block))
    return meter.finish()


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
@pytest.mark.parametrize(
    ("divisor", "phase"), [(4, 0.0), (4, np.pi / 4), (6, np.pi / 6), (8, np.pi / 8)]
)
def test_a_sine_at_any_phase_reads_its_amplitude(
    rate_hz: int, divisor: float, phase: float
) -> None:
    level_db = db_from_gain(metered(sine(rate_hz, divisor, phase), rate_hz) / 0.5)
    assert -0.4 < level_db < 0.2  # the tolerance of EBU Tech 3341


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.sampled_from([8_000, 44_100, 96_000]))
def test_it_is_the_plain_one_for_any_blocks(seed: int, n_blocks: int, rate_hz: int) -> None:
    random = np.random.default_rng(seed)
    samples = random.standard_normal((random.integers(1, 600), 2)).astype(np.float32)
    samples *= random.uniform(0.01, 1.0, (len(samples), 1)).astype(np.float32)
    plain = true_peak_plain(samples, rate_hz)
    assert metered(samples, rate_hz, n_blocks) == pytest.approx(plain, rel=1e-9)


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


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
def test_it_is_ffmpegs_within_a_tenth_of_a_decibel(tmp_path: Path, rate_hz: int) -> None:
    random = np.random.default_rng(3)
    samples = (0.2 * random.standard_normal((2 * rate_hz, 2))).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", samples, rate_hz, subtype="FLOAT")
    meter = ("-nostats", "-i", "noise.wav", "-af", "ebur128=peak=true", "-f", "null", "-")
    command = [program("ffmpeg"), *meter]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    found = re.findall(r"Peak:\s+(-?[\d.]+) dBFS", said)
    assert db_from_gain(metered(samples, rate_hz)) == pytest.approx(float(found[-1]), abs=0.1)

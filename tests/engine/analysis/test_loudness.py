"""Loudness: the known answers of EBU Tech 3341 and 3342, and ffmpeg's ebur128 on the same."""

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

from deepbass_engine.analysis.loudness import (
    LoudnessMeter,
    integrated_lufs,
    loudness_range_lu,
    lufs,
    max_momentary_lufs,
    max_short_term_lufs,
    mean_square,
    momentary,
    short_term,
    track_gain_db,
)
from deepbass_engine.audio.channels import LAYOUTS
from deepbass_engine.audio.decode import Decoding, probe

STEREO = ("FL", "FR")
EBU_TOLERANCE_LU = 0.1


def mean_squares_of(samples: np.ndarray, rate_hz: int, *borders: int, layout=None) -> np.ndarray:
    meter = LoudnessMeter(rate_hz, layout or LAYOUTS[samples.shape[1]])
    for block in np.split(samples, borders):
        meter.push(np.ascontiguousarray(block))
    return meter.finish()


def loudness_of(samples: np.ndarray, rate_hz: int, **options) -> float:
    return integrated_lufs(mean_squares_of(samples, rate_hz, **options))


def tone(level_dbfs: float, duration_s: float, rate_hz: int) -> np.ndarray:
    """EBU's test tone: 1 kHz, stereo, both channels at this peak level."""
    return signals.sine(1000.0, duration_s, rate_hz, amplitude=10 ** (level_dbfs / 20))


EBU_CASES = {
    # EBU Tech 3341, table 1: test signals 1 to 5, (level in dBFS, length in s)
    "1": ([(-23, 20)], -23.0),
    "2": ([(-33, 20)], -33.0),
    "3": ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
    "4": ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
    "5": ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
}


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("case", EBU_CASES)
def test_ebu_tech_3341_signals_measure_as_it_says(case, rate_hz):
    parts, expected = EBU_CASES[case]
    samples = np.concatenate([tone(level, length_s, rate_hz) for level, length_s in parts])
    assert loudness_of(samples, rate_hz) == pytest.approx(expected, abs=EBU_TOLERANCE_LU)


def test_ebu_tech_3341_signal_6_weighs_the_channels_of_5_1():
    # levels of L, R, C, LFE, Ls, Rs; the LFE is not heard
    levels = (-28, -28, -24, -4, -30, -30)
    samples = np.concatenate([tone(level, 20, 48_000)[:, :1] for level in levels], axis=1)
    measured = loudness_of(samples, 48_000, layout=LAYOUTS[6])
    assert measured == pytest.approx(-23.0, abs=EBU_TOLERANCE_LU)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
@pytest.mark.parametrize("offset_ms", [0, 100, 390])
def test_momentary_loudness_of_a_400_ms_burst_is_the_tones(rate_hz, offset_ms):
    # EBU Tech 3341, test signal 13 in kind
    samples = np.concatenate([
        signals.silence(offset_ms / 1000, rate_hz), tone(-23, 0.4, rate_hz),
        signals.silence(1.0, rate_hz),
    ])  # fmt: skip
    windows = momentary(mean_squares_of(samples, rate_hz))
    assert lufs(float(windows.max())) == pytest.approx(-23.0, abs=EBU_TOLERANCE_LU)
    assert int(np.argmax(windows)) == pytest.approx(offset_ms / 10, abs=1)


def steps(*parts: tuple[float, float], rate_hz: int = 48_000) -> np.ndarray:
    """EBU's test tone, stepped: level in dBFS and length in s of each part."""
    return np.concatenate([tone(level, length_s, rate_hz) for level, length_s in parts])


@pytest.mark.parametrize("n_before", range(0, 20, 3))
def test_the_loudest_400_ms_are_found_wherever_they_begin(n_before):
    # EBU Tech 3341, test signal 13: 400 ms of tone behind so many times 20 ms of silence
    samples = np.concatenate([
        signals.silence(0.02 * n_before, 48_000), tone(-23, 0.4, 48_000),
        signals.silence(1.0, 48_000),
    ])  # fmt: skip
    found = max_momentary_lufs(mean_squares_of(samples, 48_000))
    assert found == pytest.approx(-23.0, abs=EBU_TOLERANCE_LU)


@pytest.mark.parametrize("n_before", range(0, 20, 3))
def test_the_loudest_3_s_are_found_wherever_they_begin(n_before):
    # EBU Tech 3341, test signal 10: 3 s of tone behind so many times 150 ms of silence
    samples = np.concatenate([
        signals.silence(0.15 * n_before, 48_000), tone(-23, 3.0, 48_000),
        signals.silence(1.0, 48_000),
    ])  # fmt: skip
    found = max_short_term_lufs(mean_squares_of(samples, 48_000))
    assert found == pytest.approx(-23.0, abs=EBU_TOLERANCE_LU)


def test_short_term_loudness_stands_still_over_steps_of_its_own_period():
    # EBU Tech 3341, test signal 9
    windows = short_term(mean_squares_of(steps(*[(-20, 1.34), (-30, 1.66)] * 5), 48_000))
    heard = windows[: len(windows) - 300]
    assert lufs(float(heard.min())) == pytest.approx(-23.0, abs=EBU_TOLERANCE_LU)
    assert lufs(float(heard.max())) == pytest.approx(-23.0, abs=EBU_TOLERANCE_LU)


def test_momentary_loudness_stands_still_over_steps_of_its_own_period():
    # EBU Tech 3341, test signal 12
    windows = momentary(mean_squares_of(steps(*[(-20, 0.18), (-30, 0.22)] * 25), 48_000))
    heard = windows[: len(windows) - 40]
    assert lufs(float(heard.min())) == pytest.approx(-23.0, abs=EBU_TOLERANCE_LU)
    assert lufs(float(heard.max())) == pytest.approx(-23.0, abs=EBU_TOLERANCE_LU)


@pytest.mark.parametrize(
    ("levels", "expected"),
    # EBU Tech 3342, table 1: test signals 1 to 4, each level for 20 s
    [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20), ((-50, -35, -20, -35, -50), 15)],
)
def test_ebu_tech_3342_signals_have_the_range_it_says(levels, expected):
    samples = steps(*[(level, 20) for level in levels])
    found = loudness_range_lu(mean_squares_of(samples, 48_000))
    assert found == pytest.approx(expected, abs=EBU_TOLERANCE_LU)


def test_what_is_20_lu_below_the_rest_is_not_in_the_range():
    samples = steps((-20, 20), (-45, 20))
    found = loudness_range_lu(mean_squares_of(samples, 48_000))
    # (the 3 s in which one turns into the other lie above the gate)
    assert found < 10


@pytest.mark.parametrize("samples", [signals.silence(5.0), tone(-20, 2.9, 44_100)])
def test_silence_and_less_than_3_s_have_no_range(samples):
    assert loudness_range_lu(mean_squares_of(samples, 44_100)) == 0.0


@pytest.mark.parametrize("measure", [max_momentary_lufs, max_short_term_lufs])
@pytest.mark.parametrize("duration_s", [0.0, 1.0])
def test_silence_has_no_loudest_part(measure, duration_s):
    assert measure(mean_squares_of(signals.silence(duration_s), 44_100)) == -np.inf


@given(st.floats(-60, 0), st.floats(-60, 6), st.floats(-40, -5), st.floats(-9, 0))
def test_a_tracks_gain_meets_the_target_or_the_ceiling(loudness, peak, target, ceiling):
    gain = track_gain_db(loudness, peak, target, ceiling)
    assert loudness + gain <= target + 1e-9
    assert peak + gain <= ceiling + 1e-9
    assert max(loudness + gain - target, peak + gain - ceiling) == pytest.approx(0.0, abs=1e-9)


def ebur128_says(path: Path) -> str:
    """What ffmpeg's meter prints of a file."""
    done = subprocess.run(
        [encoders.program("ffmpeg"), "-nostats", "-i", path, "-af", "ebur128", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stderr


def ebur128_of(path: Path) -> float:
    """Integrated loudness by ffmpeg."""
    return float(re.findall(r"I: +(-?[\d.]+) LUFS", ebur128_says(path))[-1])


def range_by_ebur128(path: Path) -> float:
    """Loudness range by ffmpeg."""
    return float(re.findall(r"LRA: +(-?[\d.]+) LU", ebur128_says(path))[-1])


def pumping(rate_hz: int) -> np.ndarray:
    """Noise and music whose level changes by 40 dB: the gate has something to do."""
    music, noise = signals.music(12.0, rate_hz), signals.noise(12.0, rate_hz, seed=3)
    t = np.arange(len(music)) / rate_hz
    level = 10 ** (-(20 + 20 * np.sin(2 * np.pi * t / 5)) / 20)
    return ((music + 0.3 * noise) * level[:, None]).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("kind", ["music", "noise", "pumping", "mostly silence"])
def test_integrated_loudness_is_ffmpegs_ebur128(tmp_path, rate_hz, kind):
    samples = {
        "music": lambda: signals.music(8.0, rate_hz),
        "noise": lambda: signals.noise(5.0, rate_hz, amplitude=0.2),
        "pumping": lambda: pumping(rate_hz),
        "mostly silence": lambda: np.concatenate(
            [signals.silence(6.0, rate_hz), signals.music(2.0, rate_hz)]
        ),
    }[kind]()
    path = signals.write(tmp_path / "a.wav", samples, rate_hz, "FLOAT")
    assert loudness_of(samples, rate_hz) == pytest.approx(ebur128_of(path), abs=0.1)


@pytest.mark.parametrize(("period_s", "depth_db"), [(40, 6), (60, 3), (60, 9)])
def test_loudness_range_is_ffmpegs_ebur128(tmp_path, period_s, depth_db):
    # (each rounds the ranks of the percentiles its own way: here ranks are at most 0.1 LU apart)
    samples = signals.noise(60.0, amplitude=1.0)
    t = np.arange(len(samples)) / 44_100
    level_db = -depth_db * (1 + np.sin(2 * np.pi * t / period_s))
    samples *= (10 ** (level_db / 20)).astype(np.float32)[:, None]
    path = signals.write(tmp_path / "a.wav", samples, subtype="FLOAT")
    found = loudness_range_lu(mean_squares_of(samples, 44_100))
    assert found == pytest.approx(range_by_ebur128(path), abs=0.1)


def test_momentary_and_short_term_loudness_are_ffmpegs_all_along(tmp_path):
    samples = pumping(48_000)
    path = signals.write(tmp_path / "a.wav", samples, 48_000, "FLOAT")
    pairs = re.findall(r"M: *(-[\d.]+) +S: *(-[\d.]+)", ebur128_says(path))
    mean_squares = mean_squares_of(samples, 48_000)
    for column, measure, n_blocks in ((0, momentary, 40), (1, short_term, 300)):
        theirs = np.array([float(pair[column]) for pair in pairs])[n_blocks // 10 - 1 :]
        ours = measure(mean_squares)[::10][: len(theirs)]
        np.testing.assert_allclose([lufs(each) for each in ours], theirs, atol=0.1)


@pytest.mark.slow
@pytest.mark.skipif("DEEPBASS_MUSIC" not in os.environ, reason="DEEPBASS_MUSIC is not set")
def test_real_music_measures_as_ffmpegs_ebur128():
    paths = sorted(Path(os.environ["DEEPBASS_MUSIC"]).rglob("*.ogg"))[:3]
    assert paths
    for path in paths:
        source = probe(path)
        meter = LoudnessMeter(source.sample_rate_hz, source.layout)
        for block in Decoding(source):
            meter.push(block)
        mean_squares = meter.finish()
        assert integrated_lufs(mean_squares) == pytest.approx(ebur128_of(path), abs=0.1)
        assert loudness_range_lu(mean_squares) == pytest.approx(range_by_ebur128(path), abs=0.1)


def test_integrated_loudness_of_surround_is_ffmpegs_ebur128(tmp_path):
    samples = signals.noise(5.0, 48_000, channels=6, amplitude=0.1)
    path = signals.write(tmp_path / "a.wav", samples, 48_000, "FLOAT")
    assert loudness_of(samples, 48_000) == pytest.approx(ebur128_of(path), abs=0.1)


def test_integrated_loudness_of_mono_is_ffmpegs_ebur128(tmp_path):
    samples = signals.music(8.0, channels=1)
    path = signals.write(tmp_path / "a.wav", samples, subtype="FLOAT")
    assert loudness_of(samples, 44_100) == pytest.approx(ebur128_of(path), abs=0.1)


@given(cuts=st.lists(st.integers(0, 20_000), max_size=8))
@settings(deadline=None, max_examples=50)
def test_any_split_into_blocks_measures_the_same(cuts):
    samples = signals.noise(20_000 / 44_100)
    whole = mean_squares_of(samples, 44_100)
    np.testing.assert_array_equal(mean_squares_of(samples, 44_100, *sorted(cuts)), whole)


@pytest.mark.parametrize(("n_frames", "n_blocks"), [(0, 0), (1, 1), (441, 1), (442, 2), (4410, 10)])
def test_every_10_ms_begun_has_a_block(n_frames, n_blocks):
    samples = np.ones((n_frames, 2), np.float32)
    assert len(mean_squares_of(samples, 44_100)) == n_blocks


def test_gain_moves_loudness_by_as_many_units():
    samples = signals.music(5.0)
    quieter = samples * np.float32(10 ** (-12 / 20))
    moved = loudness_of(samples, 44_100) - loudness_of(quieter, 44_100)
    assert moved == pytest.approx(12.0, abs=1e-3)


@pytest.mark.parametrize(
    "samples", [signals.silence(1.0), signals.silence(0.0), tone(-90, 2.0, 44_100)],
    ids=["silence", "nothing", "below the absolute gate"],
)  # fmt: skip
def test_what_never_passes_the_absolute_gate_has_no_loudness(samples):
    assert loudness_of(samples, 44_100) == -np.inf


def test_a_track_shorter_than_400_ms_is_measured_as_if_silence_followed():
    short = tone(-23, 0.2, 44_100)
    padded = np.concatenate([short, signals.silence(0.2)])
    # (but for the filter's ringing into that silence)
    assert loudness_of(short, 44_100) == pytest.approx(loudness_of(padded, 44_100), abs=0.001)
    assert loudness_of(short, 44_100) == pytest.approx(-23 - 10 * np.log10(2), abs=0.1)


@given(st.floats(-120, 30))
def test_mean_square_is_the_inverse_of_lufs(level):
    assert lufs(mean_square(level)) == pytest.approx(level, abs=1e-9)

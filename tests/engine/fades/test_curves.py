"""Fade curves against real ffmpeg output, against formulas written anew, and as properties."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.errors import SettingError
from deepbass_engine.fades.curves import SHAPES, gains, gains_in, gains_out
from deepbass_engine.settings import CURVES, CurveNames

ORIGINALS = ("Linear", "Sigmoid", "Random_Linear")
NEWER_THAN_FFMPEG_5 = ("quat", "quatr", "qsin2", "hsin2")
IN_EVERY_FFMPEG = tuple(
    name for name in CURVES if name not in {*ORIGINALS, *NEWER_THAN_FFMPEG_5, "equal_power"}
)
FLOAT32_ROUNDING = 2.0**-24

needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="the ffmpeg program is not installed"
)
any_curve = st.sampled_from(CURVES)
any_length = st.integers(0, 3000)
any_seed = st.integers(0, 2**63 - 1)


def ffmpeg_gains(folder: Path, fade_out: str, fade_in: str, n_frames: int) -> np.ndarray:
    """Both gains of ffmpeg's acrossfade, float64 of shape (n_frames, 2): out, in.

    The leaving file is 1 on the left and 0 on the right, the entering one the other way round, so
    the overlap shows one gain on each channel. 64-bit float all the way.
    """
    around = 100
    for name, levels in (("leaves.wav", (1.0, 0.0)), ("enters.wav", (0.0, 1.0))):
        audio = np.tile(levels, (n_frames + around, 1))
        soundfile.write(folder / name, audio, 44_100, subtype="DOUBLE")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", "leaves.wav", "-i", "enters.wav"]
    command += ["-filter_complex", f"acrossfade=ns={n_frames}:c1={fade_out}:c2={fade_in}"]
    command += ["-f", "f64le", "-"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=60)
    output = np.frombuffer(done.stdout, np.float64).reshape(-1, 2)
    assert len(output) == n_frames + 2 * around
    return output[around : around + n_frames]


def assert_equal_to_ffmpeg(folder: Path, fade_out: str, fade_in: str, n_frames: int) -> None:
    ours = gains(CurveNames(fade_out, fade_in), n_frames)
    theirs = ffmpeg_gains(folder, fade_out, fade_in, n_frames)
    np.testing.assert_allclose(ours.fade_out, theirs[:, 0], rtol=0, atol=FLOAT32_ROUNDING + 1e-9)
    np.testing.assert_allclose(ours.fade_in, theirs[:, 1], rtol=0, atol=FLOAT32_ROUNDING + 1e-9)


def test_every_named_curve_has_a_shape_and_every_shape_a_name():
    assert tuple(SHAPES) == CURVES


@needs_ffmpeg
@pytest.mark.parametrize("name", IN_EVERY_FFMPEG)
def test_a_curve_is_the_one_of_ffmpegs_acrossfade(tmp_path, name):
    assert_equal_to_ffmpeg(tmp_path, name, name, 1000)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("fade_out", "fade_in", "n_frames"),
    [("log", "tri", 4410), ("esin", "ihsin", 777), ("nofade", "exp", 2), ("dese", "losi", 1)],
)
def test_an_asymmetric_pair_is_the_one_of_ffmpegs_acrossfade(tmp_path, fade_out, fade_in, n_frames):
    assert_equal_to_ffmpeg(tmp_path, fade_out, fade_in, n_frames)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("quat", lambda x: x**4),
        ("quatr", lambda x: x**0.25),
        ("qsin2", lambda x: math.sin(math.pi / 2 * x) ** 2),
        ("hsin2", lambda x: (0.5 - 0.5 * math.cos(math.pi * x)) ** 2),
        ("equal_power", lambda x: math.sin(math.pi / 2 * x)),
    ],
)
def test_a_curve_missing_from_older_ffmpegs_follows_its_formula(name, formula):
    n = 997
    rising = [formula(i / n) for i in range(n)]
    falling = [formula((n - 1 - i) / n) for i in range(n)]
    np.testing.assert_allclose(gains_in(name, n), rising, rtol=0, atol=FLOAT32_ROUNDING + 1e-9)
    np.testing.assert_allclose(gains_out(name, n), falling, rtol=0, atol=FLOAT32_ROUNDING + 1e-9)


def test_linear_is_the_originals_ramp_with_both_ends():
    pair = gains(CurveNames("Linear", "Linear"), 5)
    assert pair.fade_out.tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert pair.fade_in.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_sigmoid_is_the_originals_logistic_from_minus_6_to_6():
    pair = gains(CurveNames("Sigmoid", "Sigmoid"), 1001)
    steps = np.linspace(-6, 6, 1001)
    falling, rising = 1 / (1 + np.exp(steps)), 1 / (1 + np.exp(-steps))
    np.testing.assert_allclose(pair.fade_out, falling, rtol=0, atol=FLOAT32_ROUNDING + 1e-9)
    np.testing.assert_allclose(pair.fade_in, rising, rtol=0, atol=FLOAT32_ROUNDING + 1e-9)


@given(n_frames=st.integers(0, 3000), seed=any_seed)
@settings(deadline=None)
def test_random_linear_lets_one_track_sound_at_each_frame_on_its_own_ramp(n_frames, seed):
    pair = gains(CurveNames("Random_Linear", "Random_Linear"), n_frames, seed=seed)
    ramp = gains(CurveNames("Linear", "Linear"), n_frames)
    out_sounds, in_sounds = pair.fade_out > 0, pair.fade_in > 0
    assert not np.any(out_sounds & in_sounds)
    # At the first and last frame the track switched on may be the one whose ramp is at 0.
    assert np.all((out_sounds | in_sounds)[1:-1])
    np.testing.assert_array_equal(pair.fade_out[out_sounds], ramp.fade_out[out_sounds])
    np.testing.assert_array_equal(pair.fade_in[in_sounds], ramp.fade_in[in_sounds])


def test_random_linear_lets_the_entering_track_sound_more_and_more_often():
    entering = gains_in("Random_Linear", 100_000, seed=1) > 0
    share = entering.reshape(10, -1).mean(axis=1)
    np.testing.assert_allclose(share, np.arange(0.05, 1.0, 0.1), rtol=0, atol=0.02)


def test_random_linear_draws_the_same_switches_on_every_machine():
    leaving = gains_out("Random_Linear", 64, seed=2024) > 0
    assert np.packbits(leaving).tobytes().hex() == "ffff72a581f00c20"


def test_random_linear_on_one_side_leaves_the_other_curve_whole():
    pair = gains(CurveNames("Random_Linear", "tri"), 500, seed=3)
    np.testing.assert_array_equal(pair.fade_out, gains_out("Random_Linear", 500, seed=3))
    np.testing.assert_array_equal(pair.fade_in, gains_in("tri", 500))


@given(seed=any_seed, other=any_seed)
@settings(deadline=None)
def test_the_seed_alone_decides_the_random_switches(seed, other):
    first = gains_in("Random_Linear", 400, seed=seed)
    np.testing.assert_array_equal(first, gains_in("Random_Linear", 400, seed=seed))
    assert seed == other or not np.array_equal(first, gains_in("Random_Linear", 400, seed=other))


@given(fade_out=any_curve, fade_in=any_curve, n_frames=any_length, seed=any_seed)
@settings(deadline=None)
def test_a_gain_is_float32_between_0_and_1_and_as_long_as_asked(fade_out, fade_in, n_frames, seed):
    pair = gains(CurveNames(fade_out, fade_in), n_frames, seed=seed)
    for gain in (pair.fade_out, pair.fade_in):
        assert gain.shape == (n_frames,)
        assert gain.dtype == np.float32
        assert np.all((gain >= 0) & (gain <= 1))


@given(name=st.sampled_from([c for c in CURVES if c != "Random_Linear"]), n_frames=any_length)
@settings(deadline=None)
def test_the_fade_in_only_rises_and_the_fade_out_mirrors_it(name, n_frames):
    pair = gains(CurveNames(name, name), n_frames)
    assert np.all(np.diff(pair.fade_in) >= 0)
    if n_frames > 1:  # a linspace of one frame has no two ends to mirror
        np.testing.assert_allclose(pair.fade_out, pair.fade_in[::-1], rtol=0, atol=1e-7)


@given(fade_out=any_curve, fade_in=any_curve, n_frames=any_length, seed=any_seed)
@settings(deadline=None)
def test_a_pair_is_its_two_single_gains(fade_out, fade_in, n_frames, seed):
    pair = gains(CurveNames(fade_out, fade_in), n_frames, seed=seed)
    np.testing.assert_array_equal(pair.fade_out, gains_out(fade_out, n_frames, seed=seed))
    np.testing.assert_array_equal(pair.fade_in, gains_in(fade_in, n_frames, seed=seed))


@given(n_frames=st.integers(1, 3000))
@settings(deadline=None)
def test_equal_power_keeps_the_power_but_for_the_index_rules_offset(n_frames):
    pair = gains(CurveNames("equal_power", "equal_power"), n_frames)
    power = pair.fade_out.astype(np.float64) ** 2 + pair.fade_in.astype(np.float64) ** 2
    d = np.pi / (2 * n_frames)
    offset = np.sin(d) * np.sin((2 * np.arange(n_frames) + 1) * d)
    np.testing.assert_allclose(power, 1 - offset, rtol=0, atol=4 * FLOAT32_ROUNDING)
    assert np.all(offset <= d)


@pytest.mark.parametrize(
    ("name", "gain_out", "gain_in"), [("tri", 0, 0), ("Linear", 1, 0), ("nofade", 1, 1)]
)
def test_a_fade_of_one_frame_follows_its_index_rule(name, gain_out, gain_in):
    assert (gains_out(name, 1).item(), gains_in(name, 1).item()) == (gain_out, gain_in)


def test_an_unknown_curve_is_named_with_the_ones_there_are():
    with pytest.raises(SettingError, match=r"'zigzag' .*known curves: equal_power, tri"):
        gains(CurveNames("tri", "zigzag"), 10)


@pytest.mark.parametrize(
    ("n_frames", "seed", "message"), [(-1, 0, "n_frames is -1"), (1, -5, "-5")]
)
def test_a_negative_number_is_refused_by_name(n_frames, seed, message):
    with pytest.raises(ValueError, match=message):
        gains(CurveNames("tri", "tri"), n_frames, seed=seed)

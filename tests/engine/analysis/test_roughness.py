"""Roughness as the package has it, held by values made with it; and what must not matter."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.analysis import package_loudness, roughness
from deepbass_engine.analysis.roughness import (
    frame_roughness,
    normalising_gain,
    on_published_scale,
    timbral_roughness,
)
from deepbass_engine.analysis.roughness_kernel import add_frames, add_frames_plain
from deepbass_engine.errors import Cancelled, InputError
from deepbass_engine.progress import CancelToken, Progress

RATE_HZ = 44_100
N = 4 * RATE_HZ
GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden/roughness/timbral_models-0.4.0.json").read_text()
)["values"]


def sine(frequency_hz: float) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(N) / RATE_HZ)


SIGNALS = {
    "sine440": lambda: 0.5 * sine(440),
    "beat440_466": lambda: 0.25 * sine(440) + 0.25 * sine(466),
    "noise_seed0": lambda: 0.1 * np.random.RandomState(0).standard_normal(N),
    "am70_on_1000": lambda: 0.4 * (1 + sine(70)) / 2 * sine(1000),
    "chord_Cmaj7": lambda: sum(
        0.08 * sine(f * h) / h
        for f in (261.6256, 329.6276, 391.9954, 493.8833)
        for h in range(1, 7)
    ),
    "near_silence": lambda: 1e-4 * sine(440) + 1e-5 * np.random.RandomState(1).standard_normal(N),
    "saw_cluster": lambda: sum(
        0.05 * sine(f * h) / h for f in (220, 233.08, 246.94) for h in range(1, 12)
    ),
}


def measured(mono: np.ndarray, rate_hz: int = RATE_HZ) -> roughness.Roughness:
    return timbral_roughness(mono[:, np.newaxis].astype(np.float32), rate_hz)


@pytest.mark.parametrize("name", SIGNALS)
def test_the_published_number_is_the_packages(name: str):
    golden = GOLDEN[f"{name}.wav"]
    found = timbral_roughness(SIGNALS[name]()[:, np.newaxis], RATE_HZ)
    assert found.published == pytest.approx(golden["roughness"], rel=1e-8)
    assert found.mean_published == pytest.approx(golden["mean_vassilakis"], rel=1e-8)


def test_a_sound_shorter_than_a_block_of_the_meter_is_the_packages_too():
    t = np.arange(2_205) / RATE_HZ
    clip = 0.5 * np.sin(2 * np.pi * 50 * t) + 0.4 * np.sin(2 * np.pi * 85 * t)
    # timbral_models 0.4.0 on the clip as 32-bit float
    assert measured(clip).published == pytest.approx(35.250814325268195, rel=1e-6)


def test_silence_is_refused_with_a_reason():
    with pytest.raises(InputError, match="silence has no roughness"):
        timbral_roughness(np.zeros((N, 2), np.float32), RATE_HZ)


def test_stereo_is_summed_and_of_more_channels_the_first_three_are():
    rng = np.random.default_rng(3)
    channels = rng.standard_normal((RATE_HZ, 5)).astype(np.float32)
    assert measured(channels[:, 0] + channels[:, 1]).published == pytest.approx(
        timbral_roughness(channels[:, :2], RATE_HZ).published, rel=1e-5
    )
    assert timbral_roughness(channels, RATE_HZ) == timbral_roughness(channels[:, :3], RATE_HZ)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_tones=st.integers(0, 40),
    noise=st.just(0.0) | st.floats(1e-9, 0.2),
)
def test_the_kernel_does_what_the_plain_form_does(seed: int, n_tones: int, noise: float):
    rng = np.random.default_rng(seed)
    n_bins, x = 513, np.arange(513)
    spectra = noise * rng.random((3, n_bins))
    for frame in spectra:
        for _ in range(n_tones):
            frame += rng.random() * np.exp(-(((x - 512 * rng.random()) / 1.5) ** 2))
    lowest, highest = spectra.min(), spectra.max()
    if highest == lowest:
        return
    scale = np.array([lowest, 1 / (highest - lowest), 22_050 / 512])
    plain, fast = np.zeros((2, 3)), np.zeros((2, 3))
    add_frames_plain(spectra, scale, *plain)
    add_frames(spectra, scale, *fast)
    # pairs that add less than 2e-14 each are left out
    assert fast == pytest.approx(plain, rel=1e-9, abs=1e-11)


@settings(max_examples=10, deadline=None)
@given(level_db=st.floats(-200, 200))
def test_level_does_not_move_the_corrected_form(level_db: float):
    sound = SIGNALS["saw_cluster"]()[:RATE_HZ]
    quieter = timbral_roughness((10 ** (level_db / 20) * sound)[:, np.newaxis], RATE_HZ)
    assert quieter.vassilakis == pytest.approx(
        timbral_roughness(sound[:, np.newaxis], RATE_HZ).vassilakis, rel=1e-5
    )


def test_the_rate_hardly_moves_either_form():
    rng = np.random.default_rng(5)
    hiss = np.fft.rfft(0.02 * rng.standard_normal(N))
    hiss[np.fft.rfftfreq(N, 1 / RATE_HZ) > 18_000] = 0  # as music's ends; resampling cuts above
    sound = SIGNALS["chord_Cmaj7"]() + np.fft.irfft(hiss)
    slow = soxr.resample(sound, RATE_HZ, 48_000, "VHQ")
    one, other = measured(sound), measured(slow, 48_000)
    assert other.published == pytest.approx(one.published, rel=0.03)
    assert other.vassilakis == pytest.approx(one.vassilakis, rel=0.01)


def test_what_has_a_lower_rate_is_measured_as_if_it_had_the_usual_one():
    sound = SIGNALS["saw_cluster"]()
    low = soxr.resample(sound, RATE_HZ, 22_050, "VHQ")
    assert measured(low, 22_050).published == pytest.approx(measured(sound).published, rel=0.01)


def test_frames_are_the_same_in_any_batches_and_in_two_passes(monkeypatch: pytest.MonkeyPatch):
    sound = SIGNALS["chord_Cmaj7"]()[: RATE_HZ // 2]
    whole = frame_roughness(sound, RATE_HZ)
    monkeypatch.setattr(roughness, "_BATCH_FRAMES", 3)
    monkeypatch.setattr(roughness, "_KEPT_FRAMES", 0)
    parts = frame_roughness(sound, RATE_HZ)
    assert parts.published == pytest.approx(whole.published, rel=1e-12)
    assert parts.corrected == pytest.approx(whole.corrected, rel=1e-12)


def test_the_meter_is_the_same_in_any_chunks(monkeypatch: pytest.MonkeyPatch):
    sound = SIGNALS["am70_on_1000"]()
    whole = normalising_gain(sound, RATE_HZ)
    monkeypatch.setattr(package_loudness, "_CHUNK_FRAMES", 10_007)
    assert normalising_gain(sound, RATE_HZ) == pytest.approx(whole, rel=1e-10)


@pytest.mark.parametrize(
    ("rate_hz", "length_s", "lufs"),
    [  # pyloudnorm 0.2.0, Meter(rate).integrated_loudness of 0.2 sin(2 pi 997 t)
        (44_100, 4.0, -17.031810),
        (48_000, 1.234, -17.030952),
        (22_050, 0.73, -17.045456),
    ],
)
def test_the_meter_is_pyloudnorms(rate_hz: int, length_s: float, lufs: float):
    t = np.arange(round(length_s * rate_hz)) / rate_hz
    gain = normalising_gain(0.2 * np.sin(2 * np.pi * 997 * t), rate_hz)
    assert -24 - 20 * np.log10(gain) == pytest.approx(lufs, abs=1e-4)


def test_a_gain_that_would_pass_full_scale_ends_there():
    click = np.zeros(N)
    click[N // 2] = 0.5
    click += 1e-3 * sine(440)
    assert normalising_gain(click, RATE_HZ) * np.abs(click).max() <= 1.0


@pytest.mark.parametrize("n_frames", [1, 100, 1693, 1694, 3000])
def test_very_short_sounds_have_a_number(n_frames: int):
    noise = np.random.default_rng(0).standard_normal((n_frames, 1)).astype(np.float32)
    assert np.isfinite(timbral_roughness(noise, RATE_HZ).published)


def test_the_scale_begins_at_21():
    assert on_published_scale(0.00999) == 0.0
    assert on_published_scale(0.01) == pytest.approx(21.0, abs=1e-3)


def test_a_rate_below_the_lowest_is_refused_by_frames():
    with pytest.raises(ValueError, match="sample_rate_hz is 22050"):
        frame_roughness(np.ones(10), 22_050)


def test_progress_is_told_and_cancelling_stops():
    told: list[Progress] = []
    sound = SIGNALS["sine440"]()[:, np.newaxis]
    timbral_roughness(sound, RATE_HZ, on_progress=told.append)
    assert [p.done for p in told] == [0, 1, 2]
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        timbral_roughness(sound, RATE_HZ, cancel=cancel)

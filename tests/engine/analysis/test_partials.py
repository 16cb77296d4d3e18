"""Partials: known sines are found where and as loud as they are, in any split and with any twin."""

from __future__ import annotations

import math

import numpy as np
import pytest
import signals
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.analysis import partials as module
from deepbass_engine.analysis.partials import (
    FLOOR_GAIN,
    LONG_FRAMES,
    SAMPLE_RATE_HZ,
    SHORT_FRAMES,
    find_partials,
    find_partials_plain,
    partials,
)
from deepbass_engine.errors import Cancelled
from deepbass_engine.progress import CancelToken


def sines(
    frequencies_hz, amplitudes, duration_s: float = 1.0, rate_hz: int = SAMPLE_RATE_HZ
) -> np.ndarray:
    """A sum of sines in unlike phases, shape (n,)."""
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    parts = zip(frequencies_hz, amplitudes, strict=True)
    return sum(a * np.sin(2 * np.pi * f * t + i) for i, (f, a) in enumerate(parts))


def frames_of(mono: np.ndarray, rate_hz: int = SAMPLE_RATE_HZ) -> list[np.ndarray]:
    """Of each frame its partials, shape (2, count)."""
    return [
        np.array([frequencies[:n], amplitudes[:n]])
        for found in partials(mono, rate_hz)
        for frequencies, amplitudes, n in zip(
            found.frequencies_hz, found.amplitudes, found.counts, strict=True
        )
    ]


@given(
    frequency_hz=st.floats(math.log(25), math.log(19_500)).map(math.exp),
    amplitude=st.floats(1e-3, 1.0),
)
@settings(deadline=None, max_examples=60)
def test_a_lone_sine_is_one_partial_exactly_where_it_is(frequency_hz, amplitude):
    for found in frames_of(sines([frequency_hz], [amplitude], 0.6)):
        assert found.shape == (2, 1)
        assert found[0, 0] == pytest.approx(frequency_hz, abs=1e-3)
        assert found[1, 0] == pytest.approx(amplitude, rel=1e-4)


@given(frequency_hz=st.floats(140.0, 160.0))
@settings(deadline=None, max_examples=40)
def test_at_the_border_of_the_two_frames_a_partial_counts_once(frequency_hz):
    among = [40.0, 90.0, frequency_hz, 230.0, 1000.0]
    for found in frames_of(sines(among, [0.2] * 5, 0.6)):
        assert found[0] == pytest.approx(among, abs=0.1)


def test_bass_notes_a_semitone_apart_are_told_apart():
    """Not so in the short frame, whose bins are 5.4 Hz wide: there they are one peak."""
    a_and_b_flat_hz = [110.0, 116.54]
    for found in frames_of(sines([*a_and_b_flat_hz, 880.0], [0.3, 0.3, 0.1])):
        assert found[0] == pytest.approx([*a_and_b_flat_hz, 880.0], abs=2.0)


def test_what_is_24_db_under_the_loudest_is_left_out():
    kept, left_out = 1.05 * FLOOR_GAIN, 0.95 * FLOOR_GAIN
    for found in frames_of(sines([300.0, 1000.0, 4000.0], [kept, 1.0, left_out])):
        assert found[0] == pytest.approx([300.0, 1000.0], abs=0.1)


def test_what_nobody_hears_is_no_partial():
    """A constant, a wave under 20 Hz and one over 20 kHz, all louder than the tone."""
    mono = 0.5 + sines([12.0, 500.0, 21_000.0], [0.5, 0.1, 0.5])
    for found in frames_of(mono):
        assert found[0] == pytest.approx([500.0], abs=0.1)


@pytest.mark.parametrize("rate_hz", [8_000, 48_000, 192_000])
def test_at_any_rate_the_same_partials_are_found(rate_hz):
    among, amplitudes = [60.0, 440.0, 3000.0], [0.2, 0.5, 0.1]
    middle = frames_of(sines(among, amplitudes, 1.0, rate_hz), rate_hz)[2:-2]
    assert len(middle) >= 4
    for found in middle:
        assert found[0] == pytest.approx(among, abs=0.01)
        assert found[1] == pytest.approx(amplitudes, rel=1e-3)


@pytest.mark.parametrize(
    ("n", "n_frames"),
    [
        (0, 1),
        (100, 1),
        (8_192, 1),
        (12_287, 1),
        (12_288, 2),
        (16_384, 3),
        (20_480, 4),
        (86_016, 20),
    ],
)
def test_there_are_as_many_frames_as_whole_ones_lie_in_it(n, n_frames):
    assert len(frames_of(signals.noise(2.0, channels=1)[:n, 0])) == n_frames


def spectra_of(seed: int, n_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Spectra of noise, a frame of silence and some sines."""
    rng = np.random.default_rng(seed)
    spectra = []
    for length in (SHORT_FRAMES, LONG_FRAMES):
        samples = rng.uniform(-1, 1, (n_frames, length)) * rng.uniform(1e-9, 1, (n_frames, 1))
        samples[0] = 0.0
        samples[-1] += sines(rng.uniform(20, 20_000, 9), np.ones(9), length / SAMPLE_RATE_HZ)
        spectra.append(np.fft.rfft(samples * np.hanning(length)))
    return spectra[0], spectra[1]


@given(seed=st.integers(0, 2**32), n_frames=st.integers(2, 4), with_long=st.booleans())
@settings(deadline=None, max_examples=25)
def test_the_compiled_twin_finds_what_the_plain_one_finds(seed, n_frames, with_long):
    shorts, longs = spectra_of(seed, n_frames)
    if not with_long:
        longs = longs[:0]
    plain, fast = (
        (np.zeros((n_frames, 2_000)), np.zeros((n_frames, 2_000)), np.zeros(n_frames, np.int64))
        for _ in range(2)
    )
    find_partials_plain(shorts, longs, *plain)
    find_partials(shorts, longs, *fast)
    assert plain[2][0] == 0 < plain[2][-1]
    for expected, got in zip(plain, fast, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize("rate_hz", [SAMPLE_RATE_HZ, 48_000])
@pytest.mark.parametrize("n_hops", [1, 3, 1_000])
def test_how_many_frames_come_at_a_time_changes_nothing(monkeypatch, rate_hz, n_hops):
    mono = signals.music(4.0, rate_hz, channels=1)[:, 0].astype(np.float64)
    expected = frames_of(mono, rate_hz)
    monkeypatch.setattr(module, "_HOPS_AT_A_TIME", n_hops)
    got = frames_of(mono, rate_hz)
    assert len(got) == len(expected) == 42
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_the_most_crowded_spectrum_has_room():
    """Every second bin a peak, as far as frames can be crowded."""
    shorts, longs = (
        np.resize(np.array([1.0, 2.0], np.complex128), (1, length // 2 + 1))
        for length in (SHORT_FRAMES, LONG_FRAMES)
    )
    room = module._MOST_PARTIALS
    count = np.zeros(1, np.int64)
    find_partials(shorts, longs, np.zeros((1, room)), np.zeros((1, room)), count)
    assert 0.98 * room < count[0] <= room


def test_cancelling_stops_it_at_the_next_piece():
    cancel = CancelToken()
    found = partials(signals.noise(10.0, channels=1)[:, 0], SAMPLE_RATE_HZ, cancel=cancel)
    next(found)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(found)

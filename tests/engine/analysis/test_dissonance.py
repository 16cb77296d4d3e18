"""Dissonance: the sum it is defined as, the curves that theory draws, and what must not move it."""

from __future__ import annotations

import math
import tracemalloc
from itertools import combinations

import numpy as np
import pytest
import signals
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample

from deepbass_engine.analysis import partials
from deepbass_engine.analysis.dissonance import add_pairs, add_pairs_plain, dissonance
from deepbass_engine.errors import Cancelled
from deepbass_engine.progress import CancelToken

RATE_HZ = 44_100


def direct_sum(frequencies_hz, amplitudes) -> float:
    """Sethares' sum, written down as he gives it."""
    total = 0.0
    for (f1, a1), (f2, a2) in combinations(zip(frequencies_hz, amplitudes, strict=True), 2):
        s = 0.24 / (0.0207 * min(f1, f2) + 18.96)
        distance = s * abs(f1 - f2)
        total += min(a1, a2) * (5 * math.exp(-3.51 * distance) - 5 * math.exp(-5.75 * distance))
    return total / sum(amplitudes)


def sines(
    frequencies_hz, amplitudes, duration_s: float = 0.6, rate_hz: int = RATE_HZ
) -> np.ndarray:
    """A sum of sines in unlike phases, shape (n,)."""
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    parts = zip(frequencies_hz, amplitudes, strict=True)
    return sum(a * np.sin(2 * np.pi * f * t + i * i) for i, (f, a) in enumerate(parts))


def music(duration_s: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Something like music, shape (n,)."""
    return signals.music(duration_s, rate_hz, channels=1)[:, 0].astype(np.float64)


@given(
    partials_of_frames=st.lists(
        st.lists(st.tuples(st.floats(20, 20_000), st.floats(1e-6, 1.0)), max_size=40),
        min_size=1,
        max_size=3,
    ),
    add=st.sampled_from([add_pairs, add_pairs_plain]),
)
@settings(deadline=None, max_examples=100)
def test_the_pairs_of_known_partials_are_summed_as_defined(partials_of_frames, add):
    frequencies_hz, amplitudes = np.zeros((2, len(partials_of_frames), 50))
    counts = np.array([len(each) for each in partials_of_frames])
    for frame, each in enumerate(partials_of_frames):
        frequencies_hz[frame, : len(each)], amplitudes[frame, : len(each)] = np.reshape(
            sorted(each), (-1, 2)
        ).T
    sums = np.zeros(len(counts))
    add(frequencies_hz, amplitudes, counts, sums)
    for got, f, a, n in zip(sums, frequencies_hz, amplitudes, counts, strict=True):
        expected = direct_sum(f[:n], a[:n]) * a[:n].sum() if n else 0.0
        assert got == pytest.approx(expected, rel=1e-10, abs=1e-13)


@pytest.mark.parametrize(
    ("frequencies_hz", "amplitudes"),
    [
        ([440.0, 466.16], [0.4, 0.4]),
        ([440.0, 480.0, 520.0], [0.5, 0.2, 0.1]),
        ([65.0, 82.0, 110.0, 220.0, 262.0], [0.3, 0.3, 0.2, 0.2, 0.1]),
        ([261.63, 311.13, 392.0, 523.25, 622.25, 784.0], [0.3, 0.2, 0.3, 0.1, 0.1, 0.05]),
        ([2000.0, 2090.0, 9000.0, 9500.0], [0.1, 0.2, 0.3, 0.05]),
    ],
)
def test_of_sines_at_least_four_bins_apart_the_sum_is_found_within_one_percent(
    frequencies_hz, amplitudes
):
    measured = dissonance(sines(frequencies_hz, amplitudes), RATE_HZ)
    expected = direct_sum(frequencies_hz, amplitudes)
    assert len(measured.values) == 5
    np.testing.assert_allclose(measured.values, expected, rtol=0.01)
    assert measured.mean == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("lower_hz", [100.0, 250.0, 440.0, 1000.0, 3000.0])
def test_two_sines_grate_most_about_a_quarter_of_a_critical_band_apart(lower_hz):
    """The curve's own maximum: s * distance = ln(5.75 / 3.51) / (5.75 - 3.51)."""
    steps = np.linspace(0.4, 2.5, 43)
    most_at_hz = math.log(5.75 / 3.51) / (5.75 - 3.51) * (0.0207 * lower_hz + 18.96) / 0.24
    curve = [
        dissonance(sines([lower_hz, lower_hz + step * most_at_hz], [0.3, 0.3]), RATE_HZ).mean
        for step in steps
    ]
    assert steps[np.argmax(curve)] == pytest.approx(1.0, abs=0.1)
    assert max(curve) == pytest.approx(direct_sum([lower_hz, lower_hz + most_at_hz], [1, 1]), 0.01)


def test_harmonic_tones_are_least_dissonant_at_unison_and_octave_with_dips_at_fifth_and_fourth():
    semitones = np.arange(0, 13.01, 0.25)
    number, amplitudes = np.arange(1, 8), 0.3 * 0.88 ** np.arange(7)
    tone_hz = 261.63 * number
    curve = np.array([
        dissonance(
            sines([*tone_hz, *tone_hz * 2 ** (step / 12)], [*amplitudes, *amplitudes]), RATE_HZ
        ).mean
        for step in semitones
    ])  # fmt: skip
    at = dict(zip(semitones, curve, strict=True))
    assert sorted(at, key=at.get)[:2] == [0.0, 12.0]
    for dip in (5.0, 7.0):
        assert at[dip] < 0.8 * min(at[dip - 0.5], at[dip + 0.5])
    assert semitones[np.argmax(curve)] == pytest.approx(1.0, abs=0.5)


def test_a_clash_of_chords_is_heard_under_drums():
    """A major triad with itself an octave up, and with its neighbour a semitone up."""
    triad_hz = 220.0 * 2 ** (np.array([0, 4, 7]) / 12)
    n_frames = 3 * RATE_HZ
    phase = np.arange(n_frames) / RATE_HZ % 0.5
    drums = 0.2 * np.random.default_rng(0).standard_normal(n_frames) * np.exp(-12 * phase)

    def played(*factors: float) -> float:
        chords = [
            sines(
                np.outer(factor * triad_hz, range(1, 9)).ravel(),
                [*0.1 * 0.7 ** np.arange(8)] * 3,
                3,
            )
            for factor in factors
        ]
        return dissonance(sum(chords) + drums, RATE_HZ).mean

    semitone = 2 ** (1 / 12)
    assert played(1.0, semitone) > 1.25 * max(played(1.0), played(semitone))
    assert played(1.0, 2.0) < played(1.0)


@given(exponent=st.floats(-4, 2))
@settings(deadline=None, max_examples=30)
def test_level_moves_nothing(exponent):
    mono = music(1.0)
    plain, scaled = dissonance(mono, RATE_HZ), dissonance(mono * 10**exponent, RATE_HZ)
    assert plain.mean > 0
    np.testing.assert_allclose(scaled.values, plain.values, rtol=1e-9)
    assert scaled.mean == pytest.approx(plain.mean, rel=1e-9)


@pytest.mark.parametrize("rate_hz", [RATE_HZ, 48_000])
def test_pieces_of_any_length_give_the_same(monkeypatch, rate_hz):
    mono = music(4.0, rate_hz)
    whole = dissonance(mono, rate_hz)
    for n_hops in (1, 5, 1_000):
        monkeypatch.setattr(partials, "_HOPS_AT_A_TIME", n_hops)
        np.testing.assert_allclose(dissonance(mono, rate_hz).values, whole.values, rtol=1e-9)


def test_the_rate_of_the_file_hardly_moves_it():
    """The same sound at 48 kHz, by another resampler (an FFT) than the engine's."""
    mono = music(6.0)
    at_48 = resample(mono, 6 * 48_000)
    assert dissonance(at_48, 48_000).mean == pytest.approx(dissonance(mono, RATE_HZ).mean, rel=1e-3)


def test_a_tone_alone_and_silence_have_none():
    for mono in (np.zeros(0), np.zeros(50_000), sines([440.0], [0.5])):
        measured = dissonance(mono, RATE_HZ)
        assert not measured.values.any()
        assert measured.mean == 0.0


def test_what_is_60_db_under_the_loudest_is_silence_and_not_in_the_mean():
    """A clash, then the noise of dither: it grates, but nobody hears it."""
    clash = sines([440.0, 466.16], [0.4, 0.4], 2.0)
    hiss = 1e-5 * signals.noise(2.0, channels=1)[:, 0]
    measured = dissonance(np.concatenate([clash, hiss]), RATE_HZ)
    assert dissonance(hiss, RATE_HZ).mean > 0.1
    assert not measured.values[measured.times_s > 2.1].any()
    assert measured.mean == pytest.approx(dissonance(clash, RATE_HZ).mean, rel=0.1)


def test_frames_lie_half_a_frame_apart_and_are_named_by_their_middles():
    measured = dissonance(music(1.0), RATE_HZ)
    assert measured.hop_s == 4_096 / 44_100
    assert measured.times_s == pytest.approx(np.arange(1, 10) * measured.hop_s)
    assert len(measured.values) == 9


def test_less_than_a_frame_is_filled_up_with_silence():
    mono = music(0.1)
    padded = np.concatenate([mono, np.zeros(8_192 - len(mono))])
    measured = dissonance(mono, RATE_HZ)
    assert measured.values == dissonance(padded, RATE_HZ).values
    assert measured.mean == measured.values[0] > 0


@pytest.mark.parametrize("rate_hz", [RATE_HZ, 48_000])
def test_memory_does_not_grow_with_the_length(rate_hz):
    mono = np.resize(music(10.0, rate_hz).astype(np.float32), 120 * rate_hz)
    dissonance(mono[:1000], rate_hz)
    tracemalloc.start()
    try:
        dissonance(mono, rate_hz)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_bytes < 12e6 < mono.nbytes


def test_stereo_is_refused():
    with pytest.raises(ValueError, match=r"mono has the shape \(100, 2\)"):
        dissonance(np.zeros((100, 2)), RATE_HZ)


def test_it_can_be_cancelled():
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        dissonance(music(1.0), RATE_HZ, cancel=cancel)


def test_a_constant_has_no_partials_but_rounding():
    assert dissonance(np.full(44_100, 0.5), 44_100).mean == 0.0

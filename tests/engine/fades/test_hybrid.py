"""A neural morph in the middle of the picture, the originals around it.

No model here: what it might decode is made up, from the very sum it should sound like to noise.
"""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.errors import Cancelled, SettingError
from deepbass_engine.fades.hybrid import CROSSOVER_HZ, MOST_GAIN_DB, hybrid, morph_at_rate, raw
from deepbass_engine.fades.simple import crossfade
from deepbass_engine.nsynth.mulaw import inverse_mu_law, mu_law
from deepbass_engine.progress import CancelToken
from deepbass_engine.settings import CurveNames
from tests.signals import impulses, music, noise, sine

RATE_HZ = 48_000
EQUAL_POWER = CurveNames("equal_power", "equal_power")
LINEAR = CurveNames("Linear", "Linear")
WHOLE_BAND_RATES_HZ = [8000, 11_025, 16_000]
SPLIT_RATES_HZ = [22_050, 44_100, 48_000, 96_000, 192_000]
OCTAVES_HZ = [(62.5 * 2**k, 125.0 * 2**k) for k in range(6)]


def songs(duration_s: float, rate_hz: int = RATE_HZ) -> tuple[np.ndarray, np.ndarray]:
    """Two pieces of something like music, unlike in left and right, with sound in every octave."""
    return (
        music(duration_s, rate_hz) + shaped(1, duration_s, rate_hz),
        music(duration_s, rate_hz)[::-1] + shaped(2, duration_s, rate_hz),
    )


def shaped(seed: int, duration_s: float, rate_hz: int = RATE_HZ, channels: int = 2) -> np.ndarray:
    """Noise with the same power in every octave, as music has it, and about 0.1 loud."""
    white = np.random.default_rng(seed).normal(size=(round(duration_s * rate_hz), channels))
    spectrum = np.fft.rfft(white, axis=0)
    hz = np.fft.rfftfreq(len(white), 1 / rate_hz)[:, np.newaxis]
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, 30)), len(white), axis=0)
    return (0.1 * pink / np.sqrt(np.mean(pink**2))).astype(np.float32)


def mono(audio: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(audio.mean(axis=1))


def at_16k(samples: np.ndarray, rate_hz: int = RATE_HZ) -> np.ndarray:
    return soxr.resample(samples, rate_hz, 16_000, quality="VHQ")


def decibels(ratio: np.ndarray | float) -> np.ndarray:
    return 10 * np.log10(np.maximum(ratio, 1e-30))


def energy(audio: np.ndarray) -> float:
    return float(np.sum(audio.astype(np.float64) ** 2))


def energy_between(audio: np.ndarray, low_hz: float, high_hz: float, rate_hz: int) -> float:
    spectrum = np.fft.rfft(audio.astype(np.float64), axis=0)
    hz = np.fft.rfftfreq(len(audio), 1 / rate_hz)
    return float(np.sum(np.abs(spectrum[(hz >= low_hz) & (hz < high_hz)]) ** 2)) / len(audio)


def momentary(audio: np.ndarray, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Energy of every 0.4 s, 0.1 s apart."""
    tenths = (audio.astype(np.float64) ** 2).sum(axis=1)
    tenths = tenths[: len(tenths) // (rate_hz // 10) * (rate_hz // 10)]
    tenths = tenths.reshape(-1, rate_hz // 10).sum(axis=1)
    return np.convolve(tenths, np.ones(4), "valid")


def decoded(kind: str, n_frames: int, rate_hz: int = RATE_HZ) -> np.ndarray:
    """A signal that a model might come up with."""
    seconds = n_frames / rate_hz
    samples = {
        "noise": lambda: noise(seconds, rate_hz, channels=1, seed=7),
        "faint noise": lambda: noise(seconds, rate_hz, amplitude=1e-4, channels=1, seed=8),
        "tone": lambda: sine(440.0, seconds, rate_hz, channels=1),
        "clicks": lambda: impulses([n_frames // 3, n_frames // 2], n_frames, channels=1),
        "offset": lambda: np.full((n_frames, 1), 0.5, np.float32),
        "silence": lambda: np.zeros((n_frames, 1), np.float32),
    }[kind]()
    return np.ascontiguousarray(samples[:, 0])


DECODED = ["noise", "faint noise", "tone", "clicks", "offset", "silence"]


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
def test_the_sum_itself_as_a_morph_gives_the_plain_crossfade(rate_hz):
    tail, head = songs(3, rate_hz)
    plain = crossfade(tail, head, EQUAL_POWER)
    morph = morph_at_rate(at_16k(mono(plain), rate_hz), len(plain), rate_hz)
    result = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=rate_hz)
    assert decibels(energy(result - plain) / energy(plain)) < -90
    assert np.abs(result - plain).max() < 2e-5


def test_the_sum_in_8_bit_mu_law_costs_no_more_than_its_coding_noise():
    tail, head = songs(3)
    plain = crossfade(tail, head, EQUAL_POWER)
    samples = at_16k(mono(plain))
    coded = inverse_mu_law(mu_law(samples))
    coding_noise = energy(coded - samples) * RATE_HZ / 16_000
    morph = morph_at_rate(coded, len(plain), RATE_HZ)
    result = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=RATE_HZ)
    assert energy(result - plain) < 2 * coding_noise


@pytest.mark.parametrize("quieter_db", [6, 20, 40])
def test_a_quieter_copy_of_the_sum_gives_the_plain_crossfade_too(quieter_db):
    tail, head = songs(3)
    plain = crossfade(tail, head, EQUAL_POWER)
    morph = mono(plain) * np.float32(10 ** (-quieter_db / 20))
    result = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=RATE_HZ)
    assert decibels(energy(result - plain) / energy(plain)) < -120


@pytest.mark.parametrize("pair", [EQUAL_POWER, CurveNames("Random_Linear", "tri")])
def test_a_silent_morph_gives_the_plain_crossfade_bit_for_bit(pair):
    tail, head = songs(2)
    silent = np.zeros(len(tail), np.float32)
    result = hybrid(tail, head, silent, pair, sample_rate_hz=RATE_HZ, seed=5)
    np.testing.assert_array_equal(result, crossfade(tail, head, pair, seed=5))


@pytest.mark.parametrize("kind", DECODED)
def test_silent_songs_stay_silent_whatever_is_decoded(kind):
    still = np.zeros((RATE_HZ, 2), np.float32)
    result = hybrid(still, still, decoded(kind, RATE_HZ), LINEAR, sample_rate_hz=RATE_HZ)
    np.testing.assert_array_equal(result, still)


@pytest.mark.parametrize("kind", DECODED)
@pytest.mark.parametrize("rate_hz", [8000, 44_100])
def test_the_side_signal_is_that_of_the_plain_crossfade(kind, rate_hz):
    tail, head = songs(2, rate_hz)
    plain = crossfade(tail, head, EQUAL_POWER)
    morph = decoded(kind, len(tail), rate_hz)
    result = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=rate_hz)
    np.testing.assert_allclose(
        result[:, 0] - result[:, 1], plain[:, 0] - plain[:, 1], rtol=0, atol=4e-7
    )


def test_what_is_mono_stays_mono():
    tail, head = (np.repeat(each[:, :1], 2, axis=1) for each in songs(2))
    result = hybrid(tail, head, decoded("noise", len(tail)), EQUAL_POWER, sample_rate_hz=RATE_HZ)
    np.testing.assert_array_equal(result[:, 0], result[:, 1])


def test_swapping_the_channels_swaps_the_result():
    tail, head = songs(2)
    morph = decoded("noise", len(tail))
    result = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=RATE_HZ)
    swapped = hybrid(tail[:, ::-1], head[:, ::-1], morph, EQUAL_POWER, sample_rate_hz=RATE_HZ)
    np.testing.assert_array_equal(swapped, result[:, ::-1])


@pytest.mark.parametrize("kind", DECODED)
@pytest.mark.parametrize("rate_hz", SPLIT_RATES_HZ)
def test_nothing_above_the_crossover_depends_on_what_is_decoded(kind, rate_hz):
    tail, head = songs(1, rate_hz)
    plain = crossfade(tail, head, EQUAL_POWER)
    morph = decoded(kind, len(tail), rate_hz)
    change = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=rate_hz) - plain
    above = energy_between(change, CROSSOVER_HZ[1] + 300, rate_hz, rate_hz)
    # Rounding to float32 alone, which is white, is at about -150 dB.
    assert decibels(above / energy(plain)) < -130


@pytest.mark.parametrize("rate_hz", SPLIT_RATES_HZ + WHOLE_BAND_RATES_HZ)
def test_below_the_crossover_the_mid_is_what_was_decoded(rate_hz):
    tail, head = noise(3, rate_hz, seed=1), noise(3, rate_hz, seed=2)
    morph = decoded("noise", len(tail), rate_hz)
    result = mono(hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=rate_hz))
    hz = np.fft.rfftfreq(rate_hz, 1 / rate_hz)
    middle = slice(rate_hz, 2 * rate_hz)
    split = rate_hz in SPLIT_RATES_HZ
    low = (hz > 200) & (hz < (CROSSOVER_HZ[0] - 100 if split else rate_hz))
    window = np.hanning(rate_hz)
    heard, said = (np.fft.rfft(each[middle] * window)[low] for each in (result, morph))
    alike = np.vdot(heard, said).real / np.sqrt(energy(np.abs(heard)) * energy(np.abs(said)))
    assert alike > 0.98


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_a_click_in_the_morph_sounds_on_its_very_frame(rate_hz):
    tail, head = noise(2, rate_hz, seed=1), noise(2, rate_hz, seed=2)
    at = 2 * rate_hz // 3 + 1
    morph = mono(impulses([at], 2 * rate_hz))
    change = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=rate_hz)
    change -= crossfade(tail, head, EQUAL_POWER)
    assert int(np.argmax(np.abs(mono(change)))) == at


@given(
    kind=st.sampled_from(DECODED),
    curve=st.sampled_from(["equal_power", "Linear", "nofade", "Random_Linear"]),
    rate_hz=st.sampled_from(SPLIT_RATES_HZ + WHOLE_BAND_RATES_HZ),
    n_frames=st.integers(1, 12_000),
    level=st.sampled_from([1e-30, 1e-12, 1e-3, 1.0, 1e6]),
)
@settings(deadline=None, max_examples=60)
def test_any_length_rate_and_level_meets_the_bodies_and_is_finite(
    kind, curve, rate_hz, n_frames, level
):
    tail, head = (noise(1, n_frames, seed=seed) * np.float32(level) for seed in (1, 2))
    pair = CurveNames(curve, curve)
    morph = decoded(kind, n_frames, rate_hz)[:n_frames]
    result = hybrid(tail, head, morph, pair, sample_rate_hz=rate_hz, seed=3)
    plain = crossfade(tail, head, pair, seed=3)
    assert (result.shape, result.dtype) == ((n_frames, 2), np.float32)
    assert np.isfinite(result).all()
    np.testing.assert_array_equal(result[[0, -1]], plain[[0, -1]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sample_that_is_no_number_stays_where_it_is(value):
    tail, head = songs(1)
    tail[20_000, 0] = value
    result = hybrid(tail, head, decoded("noise", len(tail)), EQUAL_POWER, sample_rate_hz=RATE_HZ)
    assert np.flatnonzero(~np.isfinite(result)).tolist() == [2 * 20_000]


def test_no_frames_give_no_frames():
    none = np.empty((0, 2), np.float32)
    assert hybrid(none, none, none[:, 0], LINEAR, sample_rate_hz=RATE_HZ).shape == (0, 2)


@pytest.mark.parametrize("kind", ["noise", "tone", "offset"])
def test_the_result_leaves_the_plain_crossfade_smoothly(kind):
    tail, head = songs(2)
    plain = crossfade(tail, head, EQUAL_POWER)
    result = hybrid(tail, head, decoded(kind, len(tail)), EQUAL_POWER, sample_rate_hz=RATE_HZ)
    change = np.abs(result - plain)
    millisecond = RATE_HZ // 1000
    assert change.max() > 0.1
    assert max(change[:millisecond].max(), change[-millisecond:].max()) < 1e-3


@pytest.mark.parametrize("n_ms", [20, 60])
def test_a_transition_shorter_than_its_seams_is_mostly_the_plain_crossfade(n_ms):
    tail, head = noise(n_ms / 1000, RATE_HZ, seed=1), noise(n_ms / 1000, RATE_HZ, seed=2)
    plain = crossfade(tail, head, EQUAL_POWER)
    result = hybrid(tail, head, decoded("noise", len(tail)), EQUAL_POWER, sample_rate_hz=RATE_HZ)
    assert energy(result - plain) < 0.1 * energy(plain)


def test_the_level_does_not_dip_or_bump_at_the_seams():
    # Unrelated signals of one level; a hundred seams tell 0.5 dB.
    n_frames, n_seam = RATE_HZ // 2, RATE_HZ // 10
    heard = there = 0.0
    for seed in range(50):
        tail = np.repeat(noise(0.5, RATE_HZ, channels=1, seed=3 * seed), 2, axis=1)
        head = np.repeat(noise(0.5, RATE_HZ, channels=1, seed=3 * seed + 1), 2, axis=1)
        morph = noise(0.5, RATE_HZ, channels=1, seed=3 * seed + 2)[:, 0]
        result = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=RATE_HZ)
        plain = crossfade(tail, head, EQUAL_POWER)
        for middle in (n_seam // 2, n_frames - n_seam // 2):
            part = slice(middle - n_seam // 4, middle + n_seam // 4)
            heard += energy_between(result[part], 0, 6000, RATE_HZ)
            there += energy_between(plain[part], 0, 6000, RATE_HZ)
    assert abs(decibels(heard / there)) < 0.5


@pytest.mark.parametrize("morph_level", [0.3, 1.0, 10.0])
def test_each_octave_has_the_level_of_the_plain_crossfades(morph_level):
    tail, head = shaped(1, 6), shaped(2, 6)
    plain = crossfade(tail, head, EQUAL_POWER)
    morph = decoded("noise", len(tail)) * np.float32(morph_level)
    result = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=RATE_HZ)
    for low_hz, high_hz in OCTAVES_HZ:
        heard = energy_between(mono(result), low_hz, high_hz, RATE_HZ)
        there = energy_between(mono(plain), low_hz, high_hz, RATE_HZ)
        assert abs(decibels(heard / there)) < 1, f"{low_hz} to {high_hz} Hz"


def test_the_level_follows_the_plain_crossfade_in_time():
    loud, quiet = shaped(1, 2), shaped(2, 2) * np.float32(0.03)
    both = np.concatenate([loud, quiet])
    morph = shaped(3, 4, channels=1)[:, 0]
    plain = crossfade(both, both, LINEAR)
    result = hybrid(both, both, morph, LINEAR, sample_rate_hz=RATE_HZ)
    for part in (slice(RATE_HZ // 4, 7 * RATE_HZ // 4), slice(9 * RATE_HZ // 4, 15 * RATE_HZ // 4)):
        heard, there = energy(mono(result[part])), energy(mono(plain[part]))
        assert abs(decibels(heard / there)) < 1


def test_the_morphs_own_beat_is_kept():
    # A tremolo of 10 Hz over songs that are steady: its depth is read off from the envelope.
    tail, head = shaped(1, 4), shaped(2, 4)
    t = np.arange(len(tail)) / RATE_HZ
    tremolo = 1 + 0.8 * np.sin(2 * np.pi * 10 * t)
    morph = (shaped(3, 4, channels=1)[:, 0] * tremolo).astype(np.float32)
    result = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=RATE_HZ)
    beat = np.exp(2j * np.pi * 10 * t)[RATE_HZ : 3 * RATE_HZ]
    depth = {
        name: np.abs(np.vdot(beat, envelope)) / envelope.sum()
        for name, envelope in (
            ("decoded", morph[RATE_HZ : 3 * RATE_HZ] ** 2),
            ("heard", mono(result)[RATE_HZ : 3 * RATE_HZ] ** 2),
            ("original", mono(crossfade(tail, head, EQUAL_POWER))[RATE_HZ : 3 * RATE_HZ] ** 2),
        )
    }
    assert depth["original"] < 0.1
    assert depth["heard"] > 0.75 * depth["decoded"]


@given(
    kind=st.sampled_from(DECODED),
    level=st.sampled_from([1e-4, 0.01, 0.5, 2.0]),
    curve=st.sampled_from(["equal_power", "log", "nofade"]),
)
@settings(deadline=None, max_examples=25)
def test_no_morph_makes_any_moment_much_louder_or_quieter_than_the_plain_crossfade(
    kind, level, curve
):
    tail, head = songs(2)
    pair = CurveNames(curve, curve)
    morph = decoded(kind, len(tail)) * np.float32(level)
    result = hybrid(tail, head, morph, pair, sample_rate_hz=RATE_HZ)
    change_db = decibels(momentary(result) / momentary(crossfade(tail, head, pair)))
    assert np.abs(change_db).max() < 2


@pytest.mark.parametrize("kind", ["noise", "tone"])
def test_what_lasts_in_the_morph_fills_no_pause_further_from_a_beat_than_a_fifth_of_a_second(kind):
    tail, head = shaped(1, 3), shaped(2, 3)
    beats = (np.arange(len(tail)) % (3 * RATE_HZ // 4) < RATE_HZ // 10)[:, np.newaxis]
    tail, head = tail * beats, head * beats
    plain = crossfade(tail, head, EQUAL_POWER)
    result = hybrid(tail, head, decoded(kind, len(tail)), EQUAL_POWER, sample_rate_hz=RATE_HZ)
    beat = energy(plain[3 * RATE_HZ // 4 :][: RATE_HZ // 10])
    pause = energy(result[3 * RATE_HZ // 4 :][3 * RATE_HZ // 10 : 11 * RATE_HZ // 20])
    assert decibels(pause / beat) < -60


def test_a_faint_morph_is_raised_by_no_more_than_the_most_gain():
    tail, head = noise(3, RATE_HZ, seed=1), noise(3, RATE_HZ, seed=2)
    morph = decoded("faint noise", len(tail))
    change = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=RATE_HZ)
    change -= crossfade(tail, head, EQUAL_POWER)
    assert decibels(energy(mono(change)) / energy(morph)) < MOST_GAIN_DB + 0.1


@given(exponent=st.integers(-20, 6), kind=st.sampled_from(DECODED), seed=st.integers(0, 2**31))
@settings(deadline=None, max_examples=15)
def test_scaling_what_goes_in_scales_what_comes_out(exponent, kind, seed):
    tail, head = noise(0.5, RATE_HZ, seed=seed), noise(0.5, RATE_HZ, seed=seed + 1)
    morph, scale = decoded(kind, len(tail)), np.float32(2.0**exponent)
    result = hybrid(tail, head, morph, EQUAL_POWER, sample_rate_hz=RATE_HZ)
    scaled = hybrid(tail * scale, head * scale, morph * scale, EQUAL_POWER, sample_rate_hz=RATE_HZ)
    np.testing.assert_array_equal(scaled, result * scale)


def test_the_same_input_gives_the_same_bits_and_is_not_changed():
    tail, head = songs(1)
    morph = decoded("noise", len(tail))
    given_before = [each.copy() for each in (tail, head, morph)]
    once, again = (
        hybrid(tail, head, morph, CurveNames("Random_Linear", "tri"), sample_rate_hz=RATE_HZ)
        for _ in range(2)
    )
    np.testing.assert_array_equal(once, again)
    for before, after in zip(given_before, (tail, head, morph), strict=True):
        np.testing.assert_array_equal(after, before)


def test_a_view_into_longer_audio_gives_the_same_bits_as_a_copy():
    whole, longer = noise(1, RATE_HZ), decoded("noise", 2 * RATE_HZ)
    tail, head, morph = whole[:20_000][::-1], whole[100:20_100], longer[:40_000:2]
    np.testing.assert_array_equal(
        hybrid(tail, head, morph, LINEAR, sample_rate_hz=RATE_HZ),
        hybrid(tail.copy(), head.copy(), morph.copy(), LINEAR, sample_rate_hz=RATE_HZ),
    )


NINE = noise(1, 9)


@pytest.mark.parametrize(
    ("tail", "head", "morph", "rate_hz", "message"),
    [
        (NINE[:, :1], NINE[:, :1], NINE[:, 0], RATE_HZ, r"tail has shape \(9, 1\); give stereo"),
        (NINE[:, 0], NINE, NINE[:, 0], RATE_HZ, r"tail has shape \(9,\)"),
        (NINE, NINE[:8], NINE[:, 0], RATE_HZ, r"head \(8, 2\)"),
        (NINE, NINE, NINE, RATE_HZ, r"morph is float32 of shape \(9, 2\)"),
        (NINE, NINE, NINE[:8, 0], RATE_HZ, "morph has 8 frames and tail 9"),
        (NINE, NINE, NINE[:, 0].astype(np.float64), RATE_HZ, "morph is float64"),
        (NINE, NINE, np.full(9, np.nan, np.float32), RATE_HZ, "morph holds NaN"),
        (NINE, NINE, NINE[:, 0], 7999, "sample_rate_hz is 7999"),
        (NINE, NINE, NINE[:, 0], 192_001, "sample_rate_hz is 192001"),
    ],
)
def test_what_a_hybrid_can_not_be_made_of_is_refused_by_name(tail, head, morph, rate_hz, message):
    with pytest.raises(ValueError, match=message):
        hybrid(tail, head, morph, LINEAR, sample_rate_hz=rate_hz)


def test_an_unknown_curve_is_refused():
    with pytest.raises(SettingError, match="'zigzag'"):
        hybrid(NINE, NINE, NINE[:, 0], CurveNames("zigzag", "tri"), sample_rate_hz=RATE_HZ)


def test_a_cancelled_hybrid_stops():
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        hybrid(NINE, NINE, NINE[:, 0], LINEAR, sample_rate_hz=RATE_HZ, cancel=cancel)


def test_raw_is_the_morph_in_both_channels():
    morph = decoded("noise", 1000)
    stereo = raw(morph)
    assert (stereo.shape, stereo.dtype) == ((1000, 2), np.float32)
    np.testing.assert_array_equal(stereo, np.stack([morph, morph], axis=1))
    assert not np.shares_memory(stereo, morph)


def test_raw_refuses_stereo():
    with pytest.raises(ValueError, match=r"morph is float32 of shape \(9, 2\)"):
        raw(NINE)


@pytest.mark.parametrize("rate_hz", SPLIT_RATES_HZ + WHOLE_BAND_RATES_HZ)
def test_a_decoded_tone_is_resampled_without_delay(rate_hz):
    decoded_tone = sine(440.0, 1.0, 16_000, channels=1)[:, 0]
    expected = sine(440.0, 1.0, rate_hz, channels=1)[:, 0]
    at_rate = morph_at_rate(decoded_tone, rate_hz, rate_hz)
    inside = slice(rate_hz // 20, -rate_hz // 20)
    np.testing.assert_allclose(at_rate[inside], expected[inside], rtol=0, atol=1e-5)


@given(
    n_samples=st.integers(0, 3000),
    n_frames=st.integers(0, 9000),
    rate_hz=st.sampled_from(SPLIT_RATES_HZ + WHOLE_BAND_RATES_HZ),
)
@settings(deadline=None)
def test_the_resampled_morph_is_exactly_as_long_as_asked(n_samples, n_frames, rate_hz):
    at_rate = morph_at_rate(np.ones(n_samples, np.float32), n_frames, rate_hz)
    assert (at_rate.shape, at_rate.dtype) == ((n_frames,), np.float32)
    covered = -(-n_samples * rate_hz // 16_000)
    np.testing.assert_array_equal(at_rate[covered:], 0)


@pytest.mark.parametrize(
    ("samples", "n_frames", "rate_hz", "message"),
    [
        (NINE, 9, RATE_HZ, r"samples_16k is float32 of shape \(9, 2\)"),
        (NINE[:, 0].astype(np.float64), 9, RATE_HZ, "samples_16k is float64"),
        (np.full(9, np.inf, np.float32), 9, RATE_HZ, "samples_16k holds NaN or infinity"),
        (NINE[:, 0], -1, RATE_HZ, "n_frames is -1"),
        (NINE[:, 0], 9, 4000, "sample_rate_hz is 4000"),
    ],
)
def test_what_can_not_be_resampled_is_refused_by_name(samples, n_frames, rate_hz, message):
    with pytest.raises(ValueError, match=message):
        morph_at_rate(samples, n_frames, rate_hz)

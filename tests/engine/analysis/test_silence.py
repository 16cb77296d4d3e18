"""Where a track can be heard, as musical cases; both rules."""

from __future__ import annotations

import numpy as np
import pytest
import signals
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.analysis.loudness import LoudnessMeter, integrated_lufs, lufs, momentary
from deepbass_engine.analysis.silence import StepEnergy, span_by_loudness, span_by_rms
from deepbass_engine.project import Span

RATE_HZ = 44_100
WITHIN_S = 0.031  # 10 ms the loudness rule counts in, and 20 for the K-weighting to ring off
STEP_S = 0.125  # what the rms rule counts in


def by_loudness(*parts: np.ndarray) -> Span | None:
    samples = np.concatenate(parts)
    meter = LoudnessMeter(RATE_HZ, ("FL", "FR"))
    meter.push(samples)
    return span_by_loudness(meter.finish(), meter.block_frames, len(samples))


def by_rms(*parts: np.ndarray, search_s: float = 30.0) -> Span | None:
    samples = np.concatenate(parts)
    steps = StepEnergy(RATE_HZ, samples.shape[1])
    steps.push(samples)
    return span_by_rms(steps.finish(), steps.step_frames, len(samples), RATE_HZ, search_s)


def seconds(span: Span | None) -> list[float]:
    assert span is not None
    return [span.start_frame / RATE_HZ, span.end_frame / RATE_HZ]


def tone(duration_s: float, level_db: float = 0.0) -> np.ndarray:
    return signals.sine(440.0, duration_s, amplitude=0.5 * 10 ** (level_db / 20))


def silence(duration_s: float) -> np.ndarray:
    return signals.silence(duration_s)


# --- by loudness ------------------------------------------------------------------------------


def test_a_tone_alone_is_heard_whole():
    assert by_loudness(tone(3.0)) == Span(0, 3 * RATE_HZ)


def test_silence_then_tone():
    assert seconds(by_loudness(silence(2.0), tone(3.0))) == pytest.approx([2.0, 5.0], abs=WITHIN_S)


def test_tone_then_silence():
    assert seconds(by_loudness(tone(3.0), silence(2.0))) == pytest.approx([0.0, 3.0], abs=WITHIN_S)


def test_silence_tone_silence():
    got = by_loudness(silence(1.23), tone(3.0), silence(4.56))
    assert seconds(got) == pytest.approx([1.23, 4.23], abs=WITHIN_S)


def test_silence_in_the_middle_is_not_the_end():
    got = by_loudness(silence(1.0), tone(2.0), silence(5.0), tone(2.0), silence(1.0))
    assert seconds(got) == pytest.approx([1.0, 10.0], abs=WITHIN_S)


def test_a_long_fade_out_is_heard_down_to_42_lu_below_the_track():
    body_s, fade_s, fade_db = 20.0, 30.0, 60.0
    t = np.arange(int(fade_s * RATE_HZ)) / RATE_HZ
    first = int(body_s * RATE_HZ)
    fading = signals.sine(440.0, fade_s, first_frame=first)
    fading *= (10 ** (-fade_db * t / fade_s / 20)).astype(np.float32)[:, None]
    samples = np.concatenate([tone(body_s), fading])
    meter = LoudnessMeter(RATE_HZ, ("FL", "FR"))
    meter.push(samples)
    track = integrated_lufs(meter.finish())
    # the tone's own loudness is the first second's; the fade falls by 2 dB a second from there
    head = LoudnessMeter(RATE_HZ, ("FL", "FR"))
    head.push(tone(1.0))
    tone_lufs = lufs(float(momentary(head.finish())[20]))
    expected_end = body_s + (tone_lufs - (track - 42.0)) / (fade_db / fade_s)
    got = seconds(by_loudness(samples))
    # the last window of 400 ms may begin 0.4 s before its end
    assert got[1] == pytest.approx(expected_end, abs=0.4)
    assert got[0] == 0.0


@pytest.mark.parametrize(("level_db", "start_s"), [(-33.0, 0.0), (-35.0, 4.0)])
def test_a_quiet_intro_is_kept_and_a_hardly_audible_one_is_not(level_db, start_s):
    got = by_loudness(tone(4.0, level_db), tone(20.0))
    assert seconds(got) == pytest.approx([start_s, 24.0], abs=WITHIN_S)


@pytest.mark.parametrize(("level_db", "end_s"), [(-41.0, 24.0), (-43.0, 20.0)])
def test_a_quiet_ending_is_kept_8_lu_further_down_than_an_intro(level_db, end_s):
    got = by_loudness(tone(20.0), tone(4.0, level_db))
    assert seconds(got) == pytest.approx([0.0, end_s], abs=0.05)


def test_a_click_in_silence_is_all_there_is():
    click = silence(4.0)
    click[2 * RATE_HZ] = 0.9
    got = seconds(by_loudness(click))
    assert got == pytest.approx([2.0, 2.0], abs=0.05)
    assert got[1] > got[0]


def test_a_click_before_the_music_is_where_the_track_begins():
    click = silence(3.0)
    click[RATE_HZ // 2 : RATE_HZ // 2 + 44] = 0.9
    got = by_loudness(click, tone(5.0))
    assert seconds(got) == pytest.approx([0.5, 8.0], abs=WITHIN_S)


def test_the_loudness_of_the_track_changes_nothing():
    parts = [silence(1.0), tone(5.0), silence(1.0)]
    quiet = [part * np.float32(0.01) for part in parts]
    assert by_loudness(*quiet) == by_loudness(*parts)


@pytest.mark.parametrize("duration_s", [0.0, 0.1, 1.0, 60.0])
def test_silence_throughout_has_no_span(duration_s):
    assert by_loudness(silence(duration_s)) is None


def test_noise_below_70_lufs_counts_as_silence():
    assert by_loudness(signals.noise(2.0, amplitude=1e-5)) is None


@pytest.mark.parametrize("duration_s", [0.005, 0.01, 0.1, 0.39, 0.4])
def test_a_track_of_less_than_400_ms_is_heard_whole(duration_s):
    assert by_loudness(tone(duration_s)) == Span(0, round(duration_s * RATE_HZ))


def test_a_short_sound_between_silences_is_found():
    got = by_loudness(silence(1.0), tone(0.1), silence(1.0))
    assert seconds(got) == pytest.approx([1.0, 1.1], abs=WITHIN_S)


@given(
    before=st.integers(0, 2 * RATE_HZ),
    sound=st.integers(RATE_HZ // 10, 2 * RATE_HZ),
    after=st.integers(0, 2 * RATE_HZ),
)
@settings(deadline=None, max_examples=40)
def test_any_tone_between_any_silences_is_kept_whole_and_little_more(before, sound, after):
    got = by_loudness(silence(before / RATE_HZ), tone(sound / RATE_HZ), silence(after / RATE_HZ))
    assert got is not None
    assert 0 <= got.start_frame <= before + 44  # a tone starts from 0: its first ms is silent
    assert before - got.start_frame <= 441
    assert (
        before + sound - 44 <= got.end_frame <= min(before + sound + 1323, before + sound + after)
    )


# --- by the original's rms rule, mended --------------------------------------------------------


def test_rms_a_tone_alone_is_heard_whole():
    assert by_rms(tone(3.0)) == Span(0, 3 * RATE_HZ)


def test_rms_silence_tone_silence():
    got = seconds(by_rms(silence(1.0), tone(3.0), silence(2.0)))
    assert got == pytest.approx([1.0, 4.0], abs=2 * STEP_S)
    assert got[0] <= 1.0
    assert got[1] >= 4.0


def test_rms_silence_in_the_middle_is_not_the_end():
    # The original's fault: its search for the end stopped at the first quiet window.
    got = seconds(by_rms(tone(4.0), silence(3.0), tone(4.0), silence(2.0)))
    assert got == pytest.approx([0.0, 11.0], abs=2 * STEP_S)


def test_rms_a_passage_below_15_percent_is_cut_and_one_above_is_kept():
    cut = by_rms(tone(4.0, 20 * np.log10(0.10)), tone(20.0))
    kept = by_rms(tone(4.0, 20 * np.log10(0.20)), tone(20.0))
    assert seconds(cut)[0] == pytest.approx(4.0, abs=2 * STEP_S)
    assert seconds(kept)[0] == 0.0


@pytest.mark.parametrize("search_s", [30.0, 5.0])
def test_rms_silence_is_cut_at_most_as_far_as_the_search_window_goes(search_s):
    got = seconds(by_rms(silence(40.0), tone(10.0), silence(40.0), search_s=search_s))
    assert got == pytest.approx([search_s, 90.0 - search_s], abs=STEP_S)


def test_rms_a_sound_inside_the_search_window_ends_it():
    got = seconds(by_rms(silence(20.0), tone(60.0), silence(20.0)))
    assert got == pytest.approx([20.0, 80.0], abs=2 * STEP_S)


@pytest.mark.parametrize("duration_s", [0.01, 0.1, 0.2, 0.3])
def test_rms_a_track_shorter_than_its_windows_is_heard_whole(duration_s):
    assert by_rms(tone(duration_s)) == Span(0, round(duration_s * RATE_HZ))


def test_rms_digital_silence_has_no_span():
    assert by_rms(silence(3.0)) is None
    assert by_rms(silence(0.0)) is None


def test_rms_hears_the_mean_of_the_channels_as_the_original_did():
    left = tone(3.0) * np.array([1, 0], np.float32)
    opposite = tone(3.0) * np.array([1, -1], np.float32)
    assert seconds(by_rms(silence(1.0), left)) == pytest.approx([1.0, 4.0], abs=2 * STEP_S)
    assert by_rms(silence(1.0), opposite) is None


@given(cuts=st.lists(st.integers(0, 50_000), max_size=8))
@settings(deadline=None, max_examples=40)
def test_rms_any_split_into_blocks_sums_the_same(cuts):
    samples = signals.noise(50_000 / RATE_HZ)
    whole, parts = StepEnergy(RATE_HZ, 2), StepEnergy(RATE_HZ, 2)
    whole.push(samples)
    for block in np.split(samples, sorted(cuts)):
        parts.push(block)
    np.testing.assert_allclose(parts.finish(), whole.finish(), rtol=1e-6)


@given(
    before=st.integers(0, RATE_HZ), sound=st.integers(1, 2 * RATE_HZ), after=st.integers(0, RATE_HZ)
)
@settings(deadline=None, max_examples=40)
def test_rms_the_span_lies_within_the_track_and_holds_sound(before, sound, after):
    samples = np.zeros((before + sound + after, 2), np.float32)
    samples[before : before + sound] = 0.5
    got = by_rms(samples)
    assert got is not None
    assert 0 <= got.start_frame < got.end_frame <= len(samples)
    assert np.any(samples[got.start_frame : got.end_frame])

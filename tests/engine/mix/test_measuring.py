"""Made-to-fail transitions are flagged for what is wrong with them, sound ones are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soxr
from decks import C_MAJOR, LENGTH_S, RATE_HZ, SEMITONE, bass, chord, deck, drums, joined
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.errors import Cancelled
from deepbass_engine.fades.curves import gains
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.transition_audio import TransitionAudio
from deepbass_engine.progress import CancelToken
from deepbass_engine.settings import QualityLimits, curve_pair

E_MINOR = (329.63, 392.0, 493.88)


def quality_of(audio: TransitionAudio):
    return measure(audio).quality


def beats(first_s: float = 0.0, notes=C_MAJOR) -> np.ndarray:
    return deck(drums(first_s=first_s), chord(notes, 0.024))


# Sound ones


def test_a_beat_matched_blend_of_related_chords_is_not_flagged():
    assert quality_of(joined(beats(), beats(notes=E_MINOR))).reasons == ()


def test_a_plain_fade_between_tracks_with_silence_at_their_ends_is_not_flagged():
    leaving, entering = beats(), beats(notes=E_MINOR)
    leaving[-4 * RATE_HZ :], entering[: 4 * RATE_HZ] = 0.0, 0.0
    assert quality_of(joined(leaving, entering)).reasons == ()


def test_a_bass_on_one_deck_alone_is_no_overlap():
    quality = quality_of(joined(deck(bass(55.0), chord()), beats()))
    assert "bass_overlap" not in quality.reasons


def test_kicks_on_both_decks_in_time_are_neither_two_basses_nor_apart():
    quality = quality_of(joined(beats(), beats()))
    assert quality.bass_overlap.value == 0.0
    assert quality.kicks.value < 5.0


def test_equal_power_keeps_the_level_of_unrelated_noise():
    rng = np.random.default_rng(0)
    one, other = (deck(0.1 * rng.standard_normal(12 * RATE_HZ)) for _ in range(2))
    quality = quality_of(joined(one, other))
    assert abs(quality.loudness_dip.value) < 0.3
    assert quality.reasons == ()


# Made to fail, each for its own reason


def test_chords_a_semitone_apart_clash():
    clashing = tuple(f * SEMITONE for f in C_MAJOR)
    quality = quality_of(joined(deck(chord()), deck(chord(clashing))))
    assert quality.reasons[0] == "dissonance"
    assert set(quality.reasons) <= {"dissonance", "roughness"}


def test_kicks_a_third_of_a_beat_apart_are_told_with_their_distance():
    quality = quality_of(joined(beats(), beats(first_s=0.5 / 3)))
    assert quality.reasons[0] == "beat_phase"
    assert quality.beat_phase is None
    assert quality.kicks.value == pytest.approx(1000 * 0.5 / 3, abs=5)


@pytest.mark.parametrize(("gain", "word"), [(0.5, "quieter"), (2.0, "louder")])
def test_a_second_track_6_db_apart_jumps(gain: float, word: str):
    quality = quality_of(joined(beats(), np.float32(gain) * beats()))
    assert quality.reasons == ("loudness_jump",)
    assert abs(quality.loudness_jump.value) == pytest.approx(6.02, abs=0.1)
    assert word in quality.loudness_jump.words


def test_what_is_known_of_whole_tracks_decides_the_step_between_them():
    audio = replace(joined(beats(), beats()), loudness_lufs=(-8.0, -15.5))
    assert quality_of(audio).loudness_jump.value == pytest.approx(-7.5)


def test_both_tracks_at_full_level_are_above_the_louder_one():
    quality = quality_of(joined(deck(drums()), deck(drums()), curve="nofade"))
    assert quality.loudness_jump.value == pytest.approx(6.02, abs=0.1)
    assert "together" in quality.loudness_jump.words


@pytest.mark.parametrize("at_s", [0.5, 4.0, 7.5])
def test_a_click_is_found_where_it_is(at_s: float):
    audio = joined(deck(chord()), deck(chord(E_MINOR)))
    clicked = audio.mixed.copy()
    clicked[round(at_s * RATE_HZ) :] += np.float32(0.1)
    quality = quality_of(replace(audio, mixed=clicked))
    assert quality.reasons[0] == "click"
    first_s, last_s = quality.click.range_s
    assert first_s <= at_s <= last_s


def test_a_seam_that_breaks_the_waveform_clicks():
    leaving, entering = deck(chord()), deck(chord(E_MINOR))
    quality = quality_of(joined(leaving, entering, 0.0))
    assert "click" in quality.reasons
    assert quality.click.words == "it clicks at 0:00.0"


def test_a_fade_into_a_pause_does_not_change_all_at_once():
    leaving, entering = beats(), deck(chord())
    falling = np.linspace(1, 0, 3 * RATE_HZ, dtype=np.float32)[:, np.newaxis]
    leaving[-6 * RATE_HZ : -3 * RATE_HZ] *= falling
    leaving[-3 * RATE_HZ :] = 0.0
    entering[: 2 * RATE_HZ] = 0.0
    entering[2 * RATE_HZ :] *= np.minimum(1, np.arange(10 * RATE_HZ) / RATE_HZ)[:, None]
    quality = quality_of(joined(leaving, entering.astype(np.float32), 2.0))
    assert "flux" not in quality.reasons
    assert quality.flux.words == "nothing changes all at once"


def test_tracks_of_less_than_a_momentary_window_have_no_step_between_them():
    audio = replace(joined(beats()[: RATE_HZ // 5], beats(), 0.1), loudness_lufs=(-31.0, -16.0))
    jump = quality_of(audio).loudness_jump
    assert jump is None or abs(jump.value) < 4


def test_two_bass_lines_are_told_with_the_stretch_in_which_they_sound():
    quality = quality_of(joined(deck(bass(55.0), chord()), deck(bass(58.27), chord())))
    assert "bass_overlap" in quality.reasons
    first_s, last_s = quality.bass_overlap.range_s
    # both within 12 dB of each other: tan of the fade's angle between 1/4 and 4
    assert first_s == pytest.approx(8 * np.arctan(0.25) / (np.pi / 2), abs=0.15)
    assert last_s == pytest.approx(8 * np.arctan(4.0) / (np.pi / 2), abs=0.15)
    assert "beat against each other" in quality.bass_overlap.words


def test_a_model_that_speaks_noise_is_rough():
    audio = joined(deck(chord()), deck(chord(E_MINOR)))
    noise = 0.1 * np.random.default_rng(1).standard_normal(audio.mixed.shape)
    quality = quality_of(replace(audio, mixed=noise.astype(np.float32), gains=None))
    assert "roughness" in quality.reasons
    assert quality.roughness.excess > 20


def test_tri_curves_sag_by_3_db_on_unrelated_noise():
    rng = np.random.default_rng(0)
    one, other = (deck(0.1 * rng.standard_normal(12 * RATE_HZ)) for _ in range(2))
    quality = quality_of(joined(one, other, curve="tri"))
    assert quality.reasons == ("loudness_dip",)
    assert quality.loudness_dip.value == pytest.approx(-3.0, abs=0.3)
    first_s, last_s = quality.loudness_dip.range_s
    assert first_s < 4.2
    assert last_s > 3.8


def test_a_cut_between_unlike_sounds_changes_all_at_once():
    quality = quality_of(joined(deck(chord()), beats(), 0.0))
    assert "flux" in quality.reasons
    assert quality.roughness is quality.dissonance is quality.loudness_dip is None


def test_music_that_is_left_out_counts_in_seconds():
    audio = replace(joined(beats(), beats()), discarded_s=(9.0, 4.5))
    quality = quality_of(audio)
    assert quality.reasons == ("discarded",)
    assert quality.discarded.value == 13.5
    assert "9.0 s at the end of the first track" in quality.discarded.words


def test_what_a_model_speaks_has_no_two_basses_or_kicks():
    audio = replace(joined(deck(bass(55.0)), deck(bass(58.27))), gains=None)
    quality = quality_of(audio)
    assert quality.bass_overlap is quality.kicks is None


# What must not matter


@pytest.fixture(scope="module")
def clashing() -> TransitionAudio:
    return joined(
        deck(drums(), bass(55.0), chord()),
        deck(drums(first_s=0.2), bass(61.7), chord(E_MINOR)),
        4.0,
    )


def values_of(audio: TransitionAudio) -> dict[str, tuple[float, ...]]:
    return {name: (m.value, m.excess, *m.range_s) for name, m in quality_of(audio).measures.items()}


@settings(max_examples=3, deadline=None)
@given(level_db=st.floats(-40, 20))
def test_level_moves_no_measure(clashing: TransitionAudio, level_db: float):
    gain = np.float32(10 ** (level_db / 20))
    louder = replace(
        clashing,
        outgoing=gain * clashing.outgoing,
        incoming=gain * clashing.incoming,
        mixed=gain * clashing.mixed,
    )
    for name, values in values_of(clashing).items():
        assert values_of(louder)[name] == pytest.approx(values, rel=1e-4, abs=1e-4), name


def test_the_rate_moves_no_measure_by_more_than_a_hundredth(clashing: TransitionAudio):
    def at_48k(samples: np.ndarray) -> np.ndarray:
        return soxr.resample(samples, RATE_HZ, 48_000, "VHQ").astype(np.float32)

    outgoing, incoming = at_48k(clashing.outgoing), at_48k(clashing.incoming)
    n_frames = 4 * 48_000
    n_before = len(outgoing) - n_frames
    heard = at_48k(clashing.heard)
    faster = TransitionAudio(
        48_000,
        outgoing,
        incoming,
        heard[n_before : n_before + n_frames],
        gains(curve_pair("equal_power"), n_frames),
    )
    for name, (value, *_) in values_of(clashing).items():
        assert values_of(faster)[name][0] == pytest.approx(value, rel=0.01, abs=0.02), name


def test_the_same_transition_is_measured_the_same(clashing: TransitionAudio):
    assert measure(clashing) == measure(clashing)


def test_limits_only_decide_what_is_flagged(clashing: TransitionAudio):
    strict = QualityLimits(dissonance=0, click=0, bass_overlap=0)
    assert measure(clashing, strict).quality == measure(clashing).quality.under(strict)
    assert "bass_overlap" in measure(clashing, strict).quality.reasons


# Odd input


@pytest.mark.parametrize("duration_s", [0.0, 1 / RATE_HZ, 0.01, 0.15, 0.4, 1.0])
def test_short_transitions_are_measured_as_far_as_they_can_be(duration_s: float):
    measured = measure(joined(beats(), beats(notes=E_MINOR), duration_s))
    assert measured.quality.discarded.value == 0.0
    assert all(np.isfinite(m.value) for m in measured.quality.measures.values())


@pytest.mark.parametrize("silent", ["outgoing", "incoming", "both"])
def test_silence_has_no_measures_that_are_no_numbers(silent: str):
    leaving, entering = beats(), beats()
    if silent != "incoming":
        leaving[:] = 0.0
    if silent != "outgoing":
        entering[:] = 0.0
    quality = quality_of(joined(leaving, entering, 2.0))
    for measured in quality.measures.values():
        assert np.isfinite([measured.value, measured.excess, *measured.range_s]).all()


def test_tracks_without_anything_around_the_transition_are_measured():
    one, other = beats()[-2 * RATE_HZ :], beats()[: 2 * RATE_HZ]
    assert quality_of(joined(one, other, 2.0)).reasons == ()


def test_the_outline_reaches_from_context_to_context(clashing: TransitionAudio):
    outline = measure(clashing).outline
    assert outline.start_s == -3.0
    assert len(outline.mixed) == len(outline.outgoing) == len(outline.incoming)
    assert len(outline.mixed) * outline.column_s == pytest.approx(10.0, abs=outline.column_s)
    assert outline.outgoing[-1] is None
    assert outline.incoming[0] is None
    assert max(high for _, high in outline.mixed) == pytest.approx(clashing.heard.max(), abs=1e-4)


def test_it_stops_when_asked_to():
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        measure(joined(beats(), beats(), LENGTH_S / 4), cancel=cancel)

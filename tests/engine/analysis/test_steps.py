"""Clicks and jumps of the spectrum, where they were put and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from decks import RATE_HZ, chord
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.analysis.steps import Instants, clicks_db, flux_percent


def at_s(instants: Instants) -> float:
    return instants.start_s + instants.hop_s * int(np.argmax(instants.values))


@settings(max_examples=6, deadline=None)
@given(where_s=st.floats(0.1, 11.9), step=st.floats(0.1, 0.5))
def test_a_step_in_a_chord_stands_out_where_it_is(where_s: float, step: float):
    sound = chord()
    sound[round(where_s * RATE_HZ) :] += step
    found = clicks_db(sound.astype(np.float32), RATE_HZ)
    assert at_s(found) == pytest.approx(where_s, abs=0.0016)
    assert found.values.max() > 25


def test_a_chord_and_noise_have_no_clicks():
    noise = np.random.default_rng(0).standard_normal(RATE_HZ)
    for sound in (chord(), noise):
        assert clicks_db(sound.astype(np.float32), RATE_HZ).values.max() < 9


def test_silence_has_no_clicks():
    assert not clicks_db(np.zeros(RATE_HZ, np.float32), RATE_HZ).values.any()


@pytest.mark.parametrize("n_frames", [0, 1, 2, 43, 44, 45, 1000])
def test_a_few_frames_are_no_trouble(n_frames: int):
    sound = np.ones(n_frames, np.float32)
    assert len(clicks_db(sound, RATE_HZ).values) == n_frames // 44
    assert len(flux_percent(sound, RATE_HZ).values) == 0


def test_a_sound_that_becomes_another_jumps_there():
    one, other = chord(), chord((1046.5, 1318.5))
    sound = np.concatenate([one[: 2 * RATE_HZ], other[: 2 * RATE_HZ]]).astype(np.float32)
    found = flux_percent(sound, RATE_HZ)
    assert at_s(found) == pytest.approx(2.0, abs=0.03)
    assert found.values.max() > 60
    is_far = np.abs(found.start_s + found.hop_s * np.arange(len(found.values)) - 2.0) > 0.25
    assert found.values[is_far].max() < 10


def test_the_same_sound_twice_as_loud_changes_by_a_third():
    t = np.arange(12 * RATE_HZ) / RATE_HZ
    rising = np.interp(t, [5.99, 6.01], [1.0, 2.0])  # (2 - 1) / (2 + 1)
    sound = (rising * chord()).astype(np.float32)
    assert flux_percent(sound, RATE_HZ).values.max() == pytest.approx(100 / 3, abs=2)


def test_level_means_nothing():
    sound = chord().astype(np.float32)
    for find in (clicks_db, flux_percent):
        assert find(sound / 64, RATE_HZ).values == pytest.approx(find(sound, RATE_HZ).values)

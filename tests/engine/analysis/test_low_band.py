"""The low band of sounds whose kicks and basses are known."""

from __future__ import annotations

import numpy as np
import pytest
from decks import RATE_HZ, bass, chord, drums
from hypothesis import given, settings
from hypothesis import strategies as st

from deepbass_engine.analysis.low_band import HOP_S, beat_s, low_band, onsets_s


def mono(*parts: np.ndarray) -> np.ndarray:
    return sum(parts).astype(np.float32)


@pytest.mark.parametrize(("frequency_hz", "part"), [(60.0, 1.0), (120.0, 1.0), (400.0, 0.0)])
def test_a_tone_is_in_the_band_or_not(frequency_hz: float, part: float):
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    band = low_band(np.sin(2 * np.pi * frequency_hz * t).astype(np.float32), RATE_HZ)
    assert band.share == pytest.approx(part, abs=0.02)
    assert band.power[100:-100] == pytest.approx(0.5 * part, abs=0.02)


def test_the_band_is_given_every_5_ms():
    band = low_band(mono(bass(55.0)), RATE_HZ)
    assert len(band.power) == pytest.approx(12.0 / HOP_S, abs=1)


@settings(max_examples=5, deadline=None)
@given(bpm=st.floats(70, 180), first_s=st.floats(0.05, 0.4))
def test_kicks_are_found_where_they_are(bpm: float, first_s: float):
    found = onsets_s(low_band(mono(drums(bpm, first_s), chord()), RATE_HZ))
    known = np.arange(first_s, 12.0, 60.0 / bpm)
    known = known[known < 11.7]
    late_ms = 1000 * (found[: len(known)] - known)
    assert len(found) >= len(known)
    # a kick of 50 Hz takes a quarter of a period to be one: each is late by the same
    assert np.ptp(late_ms) < 12
    assert abs(np.median(late_ms)) < 25


def test_a_sustained_bass_and_silence_have_no_onsets():
    assert len(onsets_s(low_band(mono(bass(55.0))[RATE_HZ:], RATE_HZ))) <= 1
    assert len(onsets_s(low_band(np.zeros(RATE_HZ, np.float32), RATE_HZ))) == 0
    assert len(onsets_s(low_band(np.empty(0, np.float32), RATE_HZ))) == 0


@pytest.mark.parametrize(
    ("times_s", "beat"),
    [
        (np.arange(8) * 0.5, 0.5),
        (np.array([0.0, 0.5, 1.0, 2.0, 2.5, 3.5, 4.0]), 0.5),
        (np.array([0.0, 0.31, 1.0, 1.43, 2.4, 2.7, 3.5]), None),
        (np.arange(8) * 4.0, None),
        (np.array([0.0, 0.5, 1.0]), None),
        (np.empty(0), None),
    ],
)
def test_onsets_keep_a_beat_or_not(times_s: np.ndarray, beat: float | None):
    assert beat_s(times_s) == beat

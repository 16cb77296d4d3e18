"""A track whose ends are heard at another tempo: which frame is heard when."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.audio.warp import Bend, Warp

ratios = st.floats(0.9, 1.1)
lengths = st.integers(0, 500_000)
bends = st.builds(Bend, ratios, lengths, lengths)


@given(bends, st.floats(-1e6, 2e6))
def test_what_is_used_up_and_what_is_heard_are_inverse(bend: Bend, frame: float) -> None:
    assert bend.frame_at(bend.source_at(frame)) == pytest.approx(frame, abs=1e-3)


@given(bends)
def test_the_tempo_never_steps_and_stays_between_its_own_and_the_held_one(bend: Bend) -> None:
    frames = np.arange(-10.0, bend.n_frames + 10.0, max(1.0, bend.n_frames / 1000))
    used = np.array([bend.source_at(frame) for frame in frames])
    ratio = np.diff(used) / np.diff(frames)
    low, high = min(1.0, bend.ratio), max(1.0, bend.ratio)
    assert np.all((ratio >= low - 1e-6) & (ratio <= high + 1e-6))


def test_the_tempo_changes_by_less_than_a_thousandth_in_a_tenth_of_a_second() -> None:
    bend = Bend(1.06, 44_100 * 16, 44_100 * 8)
    frames = np.arange(0.0, bend.n_frames, 441.0)
    ratio = np.diff([bend.source_at(frame) for frame in frames]) / 441.0
    assert np.abs(np.diff(ratio)).max() < 2e-4
    assert ratio[0] == pytest.approx(1.0, abs=1e-4)
    assert ratio[-1] == pytest.approx(1.06)


def test_a_glide_uses_up_the_mean_of_both_tempi() -> None:
    assert Bend(1.04, 0, 1_000).n_source == 1_020
    assert Bend(1.04, 1_000, 1_000).n_source == 2_060


@given(bends, bends, st.floats(0, 3e6))
def test_places_of_a_warped_track_are_found_both_ways(
    head: Bend, tail: Bend, source: float
) -> None:
    warp = Warp(head, 1_000_000, tail, 2_000_000)
    assert warp.source_frame(warp.heard_frame(source)) == pytest.approx(source, abs=1e-3)


def test_between_its_ends_a_warped_track_is_itself() -> None:
    warp = Warp(Bend(1.05, 100, 50), 1_000, Bend(0.95, 100, 50), 5_000)
    for frame in (1_000, 3_333, 5_000):
        assert warp.source_frame(frame) == frame
    assert warp.source_frame(900) < 900
    assert warp.source_frame(5_140) < 5_140


def test_only_a_warp_that_changes_nothing_is_none() -> None:
    assert Warp().is_none
    assert not Warp(gain=0.5).is_none
    assert not Warp(tail=Bend(1.01, 1, 1), tail_start=10).is_none

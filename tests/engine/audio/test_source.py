"""What is missing of a file, and the rates that can be mixed."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepbass_engine.audio.source import AudioSource, FileState, checked_rate
from deepbass_engine.errors import InputError


def source(frames: int | None, declared: int | None, bit_depth: int | None) -> AudioSource:
    return AudioSource(
        Path("a"), "WAV", "PCM", 44_100, ("FL", "FR"), frames, declared, bit_depth, "soundfile"
    )


@pytest.mark.parametrize(
    ("frames", "declared", "missing"),
    [(100, 101, 1), (100, 100, 0), (100, 99, 0), (None, 100, 0), (100, None, 0)],
)
def test_a_lossless_file_misses_every_frame_it_declares_and_lacks(frames, declared, missing):
    assert source(frames, declared, 16).missing_frames == missing


@pytest.mark.parametrize(("lacks", "missing"), [(4_410, 0), (4_411, 4_411)])
def test_of_a_lossy_file_a_tenth_of_a_second_is_rounding(lacks, missing):
    assert source(100_000, 100_000 + lacks, None).missing_frames == missing


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 192_000])
def test_rates_that_can_be_mixed_are_returned(rate_hz):
    assert checked_rate(Path("a"), rate_hz) == rate_hz


@pytest.mark.parametrize("rate_hz", [0, 7_999, 192_001])
def test_other_rates_name_the_file_and_the_rate(rate_hz):
    with pytest.raises(InputError, match=f"{rate_hz} Hz") as refused:
        checked_rate(Path("a.wav"), rate_hz)
    assert refused.value.path == Path("a.wav")


def test_a_source_found_elsewhere_is_in_the_state_of_that_file(tmp_path):
    path = tmp_path / "b.wav"
    path.write_bytes(b"1234")
    state = FileState.of(path)
    assert (state.path, state.size_bytes) == (path, 4)
    assert state.modified_ns == path.stat().st_mtime_ns
    found = source(100, 100, 16).found_as(state)
    assert (found.path, found.looked_at, found.is_known_state) == (path, state, True)
    assert not source(100, 100, 16).is_known_state

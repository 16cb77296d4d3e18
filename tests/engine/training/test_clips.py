"""Clips lie in the audible part of a song, where the settings say, and are its own samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signals
from hypothesis import given
from hypothesis import strategies as st

from deepbass_engine.analysis.track import TrackAnalysis, analyze_track
from deepbass_engine.errors import Cancelled, InputError
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Span
from deepbass_engine.training import clips
from deepbass_engine.training.settings import PrepareSettings
from deepbass_engine.units import rescale_frames

RATE_HZ = 16_000
CROPS = ("begin-end", "random", "all")


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    """Twenty seconds, more than a decoder gives at a time."""
    return signals.noise(20.0, RATE_HZ, amplitude=0.4, channels=1)


@pytest.fixture(scope="module")
def analysis(samples: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> TrackAnalysis:
    path = tmp_path_factory.mktemp("songs") / "song.wav"
    return analyze_track(signals.write(path, samples, RATE_HZ, "FLOAT"))


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = draw(st.integers(0, 400_000))
    return Span(start, start + draw(st.integers(1, 400_000)))


@given(
    span=spans(),
    file_rate_hz=st.sampled_from([8000, 11_025, 16_000, 44_100, 48_000]),
    rate_hz=st.sampled_from([8000, 16_000, 22_050]),
    seconds=st.floats(0.032, 10),
    crop=st.sampled_from(CROPS),
)
def test_they_lie_in_the_audible_part_in_order(
    analysis: TrackAnalysis,
    span: Span,
    file_rate_hz: int,
    rate_hz: int,
    seconds: float,
    crop: str,
) -> None:
    settings = PrepareSettings(seconds=seconds, rate_hz=rate_hz, crop=crop)
    source = replace(analysis.source, sample_rate_hz=file_rate_hz)
    at = clips.starts(replace(analysis, source=source, span=span), settings)
    n = clips.clip_frames(settings)
    first, end = (
        rescale_frames(frame, file_rate_hz, rate_hz) for frame in (span.start_frame, span.end_frame)
    )
    if end - first < 3 * n:
        assert at == []
        return
    assert at == sorted(at)
    assert first <= at[0]
    assert at[-1] + n <= end
    if crop == "begin-end":
        assert at == [first, end - n]
    elif crop == "random":
        assert len(at) == 2
    else:
        assert at == [first + i * n for i in range((end - first) // n)]


@given(at=st.lists(st.integers(0, 20 * RATE_HZ - 4000), max_size=6).map(sorted))
def test_they_are_the_song_s_own_samples_though_they_overlap(
    analysis: TrackAnalysis, samples: np.ndarray, at: list[int]
) -> None:
    cut = list(clips.clips(analysis, at, PrepareSettings(seconds=0.25)))
    assert len(cut) == len(at)
    for clip, start in zip(cut, at, strict=True):
        np.testing.assert_array_equal(clip, samples[start : start + 4000, 0])


def test_a_song_louder_than_full_scale_is_cut_off_there(tmp_path: Path) -> None:
    samples = signals.sine(200.0, 4.0, RATE_HZ, amplitude=1.5, channels=1)
    loud = analyze_track(signals.write(tmp_path / "loud.wav", samples, RATE_HZ, "FLOAT"))
    (clip,) = clips.clips(loud, [0], PrepareSettings(seconds=1))
    np.testing.assert_array_equal(clip, samples[:RATE_HZ, 0].clip(-1, 1))


def test_a_song_that_ends_before_a_clip_does_is_named(analysis: TrackAnalysis) -> None:
    late = [19 * RATE_HZ]
    with pytest.raises(InputError, match="ended before") as caught:
        list(clips.clips(analysis, late, PrepareSettings(seconds=2)))
    assert caught.value.path == analysis.source.path


def test_it_stops_when_asked_to(analysis: TrackAnalysis) -> None:
    cancel = CancelToken()
    cut = clips.clips(analysis, [0, 19 * RATE_HZ], PrepareSettings(seconds=1), cancel=cancel)
    next(cut)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(cut)

"""The demo's three tracks differ in what a mixer has to cope with, and are the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from deepbass_engine.analysis.track import analyze_track
from deepbass_engine.audio.demo_tracks import make_demo_tracks


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    return make_demo_tracks(tmp_path_factory.mktemp("demo"))


def test_they_are_of_different_rates_channels_and_formats(tracks):
    sources = [analyze_track(path).source for path in tracks]
    assert [s.sample_rate_hz for s in sources] == [44_100, 44_100, 48_000]
    assert [s.channels for s in sources] == [1, 2, 2]
    assert [s.container for s in sources] == ["WAV", "FLAC", "WAV"]
    assert [s.bit_depth for s in sources] == [16, 16, 24]


def test_each_has_silence_around_it_that_the_analysis_finds(tracks):
    for path, before_s, after_s in zip(tracks, (0.8, 1.6, 0.4), (1.5, 2.2, 3.0), strict=True):
        analysis = analyze_track(path)
        rate_hz, n_frames = analysis.source.sample_rate_hz, analysis.source.frames
        assert analysis.span.start_frame / rate_hz == pytest.approx(before_s, abs=0.05)
        assert (n_frames - analysis.span.end_frame) / rate_hz >= after_s - 0.01


def test_their_loudness_differs(tracks):
    loudness = sorted(analyze_track(path).loudness_lufs for path in tracks)
    assert np.diff(loudness).min() > 1.0


def test_they_are_the_same_bytes_every_time(tracks, tmp_path):
    again = make_demo_tracks(tmp_path)
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in tracks]

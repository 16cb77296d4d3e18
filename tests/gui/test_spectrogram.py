from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from deepbass_engine.audio.decode import count_frames, probe
from deepbass_engine.audio.source import AudioSource
from deepbass_engine.errors import Cancelled
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Span
from deepbass_gui.jobs.detail import Detail, with_margins
from deepbass_gui.views.spectrogram import (
    N_ROWS,
    Spectrogram,
    row_frequencies,
    row_share,
    spectrogram_of,
)
from tests.signals import RATE_HZ, noise, silence, sine, write


def source_of(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ) -> AudioSource:
    return count_frames(probe(write(path, samples, rate_hz, "FLOAT")))


def level_db(levels: np.ndarray) -> np.ndarray:
    return levels / 255 * 90 - 90


@pytest.mark.parametrize("frequency_hz", [60.0, 1_000.0, 12_000.0])
@pytest.mark.parametrize("per_column", [50.0, 500.0, 5_000.0])
def test_a_tone_has_its_ridge_at_its_frequency(
    tmp_path: Path, frequency_hz: float, per_column: float
) -> None:
    source = source_of(tmp_path / "tone.wav", sine(frequency_hz, 4.0, amplitude=0.5))
    shown = spectrogram_of(source, 60_000, per_column, 20, CancelToken())
    ridges = row_frequencies()[shown.levels.argmax(axis=0)]
    resolution_hz = RATE_HZ / (1024 if per_column < 128 else 2048 if per_column < 1024 else 4096)
    assert (np.abs(ridges - frequency_hz) <= max(resolution_hz, 0.05 * frequency_hz)).all()
    # Two bins share a tone between them: a Hann window loses at most 1.42 dB.
    assert level_db(shown.levels.max(axis=0)) == pytest.approx(-6.02 - 0.7, abs=1.2)


def test_a_tone_that_begins_is_seen_from_there(tmp_path: Path) -> None:
    samples = np.concatenate([silence(1.0), sine(1_000.0, 1.0)])
    shown = spectrogram_of(source_of(tmp_path / "s.wav", samples), 0, 441, 200, CancelToken())
    strongest = shown.levels.max(axis=0)
    assert (strongest[:95] == 0).all()
    assert (strongest[105:195] > 200).all()


def test_frames_outside_the_file_are_silent(tmp_path: Path) -> None:
    source = source_of(tmp_path / "s.wav", noise(1.0))
    shown = spectrogram_of(source, -RATE_HZ, 441, 300, CancelToken())
    strongest = shown.levels.max(axis=0)
    assert (strongest[:95] == 0).all()
    assert (strongest[205:] == 0).all()
    assert (strongest[105:195] > 0).all()


def test_nothing_is_shown_above_half_of_a_low_rate(tmp_path: Path) -> None:
    source = source_of(tmp_path / "s.wav", noise(2.0, 8_000), 8_000)
    shown = spectrogram_of(source, 0, 80, 200, CancelToken())
    assert (shown.levels[row_frequencies() > 4_100] == 0).all()
    assert (shown.levels[(row_frequencies() < 3_900) & (row_frequencies() > 300)] > 0).mean() > 0.99


def test_a_long_part_read_in_pieces_shows_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(tmp_path / "s.wav", noise(12.0, channels=1))
    whole = spectrogram_of(source, 1_000.5, 700.3, 700, CancelToken())
    monkeypatch.setattr("deepbass_gui.views.spectrogram._READ_WHOLE_FRAMES", 1)
    pieces = spectrogram_of(source, 1_000.5, 700.3, 700, CancelToken())
    np.testing.assert_array_equal(pieces.levels, whole.levels)


def test_it_can_be_stopped(tmp_path: Path) -> None:
    source = source_of(tmp_path / "s.wav", noise(1.0))
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        spectrogram_of(source, 0, 100, 100, cancel)


def test_the_picture_grows_away_from_the_ground_with_the_level(qtbot: QtBot) -> None:
    levels = np.repeat(np.arange(256, dtype=np.uint8)[np.newaxis], N_ROWS, axis=0)
    source = AudioSource(Path("x.wav"), "WAV", "PCM_16", 44_100, ("FC",), 1, 1, 16, "soundfile")
    image = Spectrogram(source, 0, 1, levels).image(QColor("#4fb3ff"))
    ground = image.pixelColor(0, 5).lightness()
    away = [abs(image.pixelColor(x, 5).lightness() - ground) for x in range(256)]
    assert image.width() == 256
    assert all(later >= earlier - 1 for earlier, later in pairwise(away))
    assert away[255] > 100


def test_the_axis_goes_from_the_highest_to_the_lowest_frequency() -> None:
    assert row_share(16_000) == 0
    assert row_share(40) == pytest.approx(1)
    row = int(np.abs(row_frequencies() - 1_000).argmin())
    assert row / N_ROWS == pytest.approx(row_share(1_000), abs=1 / N_ROWS)


def test_only_what_was_asked_for_last_arrives(qtbot: QtBot) -> None:
    detail = Detail()
    told = []
    detail.arrived.connect(lambda: told.append(detail.held("slot")))
    for number in range(20):
        detail.want("slot", number, lambda cancel, number=number: number)
    qtbot.waitUntil(lambda: detail.held("slot") == 19)
    assert told == [19]
    detail.shut_down()


def test_what_failed_is_not_tried_again_until_something_else_is_wanted(qtbot: QtBot) -> None:
    detail, calls = Detail(), []

    def fail(cancel: CancelToken) -> None:
        calls.append(1)
        raise OSError("gone")

    detail.want("slot", "a", fail)
    detail.want("other", "b", lambda cancel: "done")
    qtbot.waitUntil(lambda: detail.held("other") == "done")
    detail.want("slot", "a", fail)
    detail.want("other", "c", lambda cancel: "done too")
    qtbot.waitUntil(lambda: detail.held("other") == "done too")
    assert calls == [1]
    assert detail.held("slot") is None
    detail.shut_down()


def test_samples_are_read_with_margins_and_once(qtbot: QtBot, tmp_path: Path) -> None:
    samples = noise(1.0)
    source = source_of(tmp_path / "s.wav", samples)
    detail, arrivals = Detail(), []
    detail.arrived.connect(lambda: arrivals.append(1))
    assert detail.samples("slot", source, Span(1_000, 2_000)) is None
    qtbot.waitUntil(lambda: bool(arrivals))
    held = detail.samples("slot", source, Span(0, 3_000))
    assert held is not None
    assert held.span == Span(0, 3_000)
    np.testing.assert_array_equal(held.samples, samples[:3_000])
    assert detail.samples("slot", source, Span(500, 2_500)) is held
    detail.shut_down()


def test_margins_stay_within_the_file() -> None:
    assert with_margins(Span(900, 1_000), 1_050) == Span(800, 1_050)
    assert with_margins(Span(10, 110), 1_050) == Span(0, 210)

"""A survey: what `analyze_track` says, and peaks, loudness and tags, in one pass over the file."""

from __future__ import annotations

from pathlib import Path

import encoders
import numpy as np
import pytest
import signals

from deepbass_engine.analysis import survey as survey_module
from deepbass_engine.analysis import track as track_module
from deepbass_engine.analysis.peaks import PeakBuilder, Peaks
from deepbass_engine.analysis.survey import survey
from deepbass_engine.analysis.track import PARTS_PER_TRACK, TrackAnalysis, analyze_track
from deepbass_engine.audio import decode
from deepbass_engine.audio.decode import Decoding
from deepbass_engine.audio.tags import Tags
from deepbass_engine.errors import Cancelled, InputError
from deepbass_engine.progress import CancelToken, Progress
from deepbass_engine.project import Span

RATE_HZ = signals.RATE_HZ
TRIMS = ["loudness", "rms", "none"]


@pytest.fixture
def passes(monkeypatch) -> list[Path]:
    """Every file that is decoded, at each time."""
    seen: list[Path] = []

    class Seen(Decoding):
        def __init__(self, source, *arguments):
            seen.append(source.path)
            super().__init__(source, *arguments)

    for module in (decode, track_module, survey_module):
        monkeypatch.setattr(module, "Decoding", Seen)
    return seen


def song(folder: Path, name: str = "song.wav") -> Path:
    samples = [signals.silence(1.0), signals.music(3.0), signals.silence(2.0)]
    return signals.write(folder / name, np.concatenate(samples))


def mp3(folder: Path, *options: str) -> Path:
    return encoders.encode(song(folder), folder / "song.mp3", "--tt", "Song", *options)


def assert_peaks_of_file(peaks: Peaks, path: Path) -> None:
    """The peaks are those that a pass over the file of our own gives."""
    source = decode.probe(path)
    builder = PeakBuilder(source.sample_rate_hz)
    for block in Decoding(source):
        builder.push(block)
    expected = builder.finish()
    assert peaks.n_frames == expected.n_frames
    assert peaks.sample_rate_hz == source.sample_rate_hz
    for ours, theirs in zip(peaks.levels, expected.levels, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("trim", TRIMS)
@pytest.mark.parametrize("kind", ["wav", "mp3", "headerless mp3"])
def test_the_analysis_is_the_one_of_the_command_line_cold_and_warm(
    tmp_path, monkeypatch, trim, kind
):
    path = {
        "wav": lambda: song(tmp_path),
        "mp3": lambda: mp3(tmp_path),
        "headerless mp3": lambda: mp3(tmp_path, "-t", "-V2"),
    }[kind]()
    monkeypatch.setenv("DEEPBASS_CACHE_DIR", str(tmp_path / "of the command line"))
    expected = analyze_track(path, trim)
    loudness_lufs = analyze_track(path).loudness_lufs
    monkeypatch.setenv("DEEPBASS_CACHE_DIR", str(tmp_path / "of the window"))
    for _ in ("cold", "warm"):
        found = survey(path, trim)
        assert found.analysis == expected
        assert found.loudness_lufs == loudness_lufs
        assert_peaks_of_file(found.peaks, path)


@pytest.mark.parametrize("trim", TRIMS)
def test_one_pass_finds_all_and_a_second_look_needs_none(tmp_path, passes, trim):
    path = mp3(tmp_path, "-t", "-V2")  # its frames are counted by decoding it
    survey(path, trim)
    assert passes == [path]
    survey(path, trim)
    assert passes == [path]


def test_what_the_command_line_remembers_is_not_measured_again(tmp_path, passes):
    path = song(tmp_path)
    analysis = analyze_track(path)
    found = survey(path)
    assert passes == [path, path]  # the second for the peaks
    assert found.analysis == analysis
    assert_peaks_of_file(found.peaks, path)


def test_remembered_peaks_are_shown_while_another_rule_is_measured(tmp_path, passes):
    path = song(tmp_path)
    first = survey(path, "loudness")
    shown: list[Peaks] = []
    second = survey(path, "rms", on_peaks=shown.append)
    assert second.analysis == analyze_track(path, "rms")
    assert len(passes) == 2
    assert [peaks.n_frames for peaks in shown] == [6 * RATE_HZ]
    np.testing.assert_array_equal(shown[0].levels[0], first.peaks.levels[0])


def test_switching_trimming_off_decodes_nothing_again(tmp_path, passes):
    path = song(tmp_path)
    trimmed = survey(path, "loudness")
    untrimmed = survey(path, "none")
    assert passes == [path]
    assert untrimmed.analysis.span == Span(0, 6 * RATE_HZ)
    assert untrimmed.loudness_lufs == trimmed.loudness_lufs


def test_a_renamed_file_keeps_its_peaks(tmp_path, passes):
    path = song(tmp_path)
    before = survey(path)
    moved = path.rename(tmp_path / "moved.wav")
    after = survey(moved)
    assert passes == [path]
    assert after.analysis.source.path == moved
    np.testing.assert_array_equal(after.peaks.levels[0], before.peaks.levels[0])


@pytest.mark.parametrize(
    "damage",
    [lambda c: b"", lambda c: c[:-2], lambda c: c[:-1] + bytes([c[-1] ^ 1]),
     lambda c: c + b"\0\0", lambda c: bytes(len(c)), lambda c: b"{}"],
)  # fmt: skip
def test_damaged_peaks_are_made_again(tmp_path, cache_folder, passes, damage):
    path = song(tmp_path)
    survey(path)
    [entry] = cache_folder.rglob("*-peaks.bin")
    intact = entry.read_bytes()
    entry.write_bytes(damage(intact))
    assert_peaks_of_file(survey(path).peaks, path)
    assert passes[:2] == [path, path]
    assert entry.read_bytes() == intact


def test_remembered_peaks_of_another_length_are_made_again(tmp_path, passes):
    path = song(tmp_path)
    content_hash = survey(path).analysis.content_hash
    foreign = survey_module._StoredPeaks(1000, RATE_HZ, bytes(6))
    survey_module.cache.store_binary(foreign, content_hash, "peaks")
    assert_peaks_of_file(survey(path).peaks, path)
    assert len(passes) == 2


def test_a_cache_that_cant_be_written_changes_no_result(tmp_path, monkeypatch):
    path = song(tmp_path)
    before = survey(path)
    monkeypatch.setenv("DEEPBASS_CACHE_DIR", str(path / "no folder"))
    after = survey(path)
    assert after.analysis == before.analysis
    np.testing.assert_array_equal(after.peaks.levels[0], before.peaks.levels[0])


@pytest.mark.parametrize("trim", TRIMS)
def test_length_and_tags_are_told_before_anything_is_decoded(tmp_path, passes, trim):
    path = mp3(tmp_path)
    told: list[tuple[TrackAnalysis, Tags, int]] = []
    found = survey(
        path, trim, on_probed=lambda analysis, tags: told.append((analysis, tags, len(passes)))
    )
    [(analysis, tags, n_passes)] = told
    assert n_passes == 0
    assert tags == found.tags == Tags(title="Song")
    assert analysis.source == found.analysis.source
    assert analysis.span == Span(0, found.analysis.source.frames)


def test_where_no_length_is_known_none_is_told(tmp_path):
    path = encoders.encode(song(tmp_path), tmp_path / "song.aac")
    told: list[TrackAnalysis] = []
    found = survey(path, on_probed=lambda analysis, _: told.append(analysis))
    assert told == []
    assert found.analysis == analyze_track(path)


def test_where_all_is_remembered_nothing_is_told(tmp_path):
    path = song(tmp_path)
    survey(path)
    told: list[object] = []
    survey(path, on_probed=lambda *_: told.append(1), on_peaks=told.append, on_progress=told.append)
    assert told == []


def test_peaks_are_shown_as_they_grow(tmp_path, monkeypatch):
    monkeypatch.setattr(survey_module, "SNAPSHOT_EVERY_S", 0.0)
    path = signals.write(tmp_path / "long.wav", signals.noise(12.0))
    shown: list[Peaks] = []
    found = survey(path, on_peaks=shown.append)
    lengths = [peaks.n_frames for peaks in shown]
    assert lengths == [131_072, 262_144, 393_216, 524_288, 12 * RATE_HZ // 256 * 256]
    for peaks in shown:
        whole = found.peaks.levels[0][: len(peaks.levels[0])]
        np.testing.assert_array_equal(peaks.levels[0], whole)


def test_between_two_showings_lies_the_time_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(survey_module, "SNAPSHOT_EVERY_S", 1e9)
    path = signals.write(tmp_path / "long.wav", signals.noise(12.0))
    shown: list[Peaks] = []
    survey(path, on_peaks=shown.append)
    assert [peaks.n_frames for peaks in shown] == [131_072]


@pytest.mark.parametrize("trim", ["loudness", "rms"])
def test_a_silent_file_is_refused_as_it_is_on_the_command_line(tmp_path, trim):
    path = signals.write(tmp_path / "a.wav", signals.silence(3.0))
    with pytest.raises(InputError, match="is silent throughout"):
        survey(path, trim)


def test_without_trimming_a_silent_file_has_no_loudness(tmp_path):
    path = signals.write(tmp_path / "a.wav", signals.silence(3.0))
    for _ in ("cold", "warm"):
        found = survey(path, "none")
        assert found.analysis == analyze_track(path, "none")
        assert found.loudness_lufs is None
        assert found.peaks.n_frames == 3 * RATE_HZ
        assert found.peaks.peak == 0.0


@pytest.mark.parametrize("trim", TRIMS)
def test_a_file_that_cant_be_used_raises_what_analysing_it_raises(tmp_path, trim):
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    empty = signals.write(tmp_path / "empty.wav", np.zeros((0, 2), np.float32))
    for path in (text, empty, tmp_path / "missing.wav"):
        with pytest.raises(InputError) as expected:
            analyze_track(path, trim)
        with pytest.raises(InputError) as raised:
            survey(path, trim)
        assert str(raised.value) == str(expected.value)


@pytest.mark.parametrize("trim", TRIMS)
def test_samples_that_are_no_numbers_are_drawn_as_silence(tmp_path, trim):
    samples = signals.music(2.0)
    samples[25_600:25_856] = np.nan
    path = signals.write(tmp_path / "a.wav", samples, subtype="FLOAT")
    found = survey(path, trim)
    assert found.analysis == analyze_track(path, trim)
    assert not found.peaks.levels[0][100].any()
    assert found.peaks.levels[0][99].all()


@pytest.mark.parametrize("known", ["nothing", "the analysis", "the peaks"])
def test_progress_rises_to_the_end(tmp_path, cache_folder, known):
    path = signals.write(tmp_path / "long.wav", signals.noise(12.0))
    if known != "nothing":
        survey(path)
        forgotten = {"the analysis": "*-peaks.bin", "the peaks": "*-loudness.json"}[known]
        [entry] = cache_folder.rglob(forgotten)
        entry.unlink()
    told: list[Progress] = []
    survey(path, on_progress=told.append)
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert len(set(done)) > 3
    assert done[-1] == PARTS_PER_TRACK
    assert {progress.total for progress in told} == {PARTS_PER_TRACK}


@pytest.mark.parametrize("known", ["nothing", "the analysis"])
def test_it_stops_at_the_next_block_when_asked_to_and_keeps_no_peaks(tmp_path, cache_folder, known):
    path = signals.write(tmp_path / "long.wav", signals.noise(12.0))
    if known == "the analysis":
        analyze_track(path)
    cancel = CancelToken()
    shown: list[Peaks] = []

    def stop(peaks: Peaks) -> None:
        shown.append(peaks)
        cancel.cancel()

    with pytest.raises(Cancelled):
        survey(path, on_peaks=stop, cancel=cancel)
    assert len(shown) == 1
    assert not list(cache_folder.rglob("*-peaks.bin"))

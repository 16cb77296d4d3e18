"""Everything known of a track: measured once, remembered by content, told in plain words."""

from __future__ import annotations

from pathlib import Path

import encoders
import numpy as np
import pytest
import signals

from deepbass_engine.analysis import track as track_module
from deepbass_engine.analysis.track import analyze_track, analyze_tracks
from deepbass_engine.errors import Cancelled, InputError
from deepbass_engine.progress import CancelToken, Progress
from deepbass_engine.project import Span

RATE_HZ = 44_100


def song(folder: Path, name: str = "song.wav", before_s: float = 1.0) -> Path:
    samples = [signals.silence(before_s), signals.music(3.0), signals.silence(2.0)]
    return signals.write(folder / name, np.concatenate(samples))


@pytest.fixture
def measured(monkeypatch):
    """Every path that is decoded to be measured."""
    seen: list[Path] = []
    measure = track_module._measure

    def counting(path: Path, *arguments):
        seen.append(path)
        return measure(path, *arguments)

    monkeypatch.setattr(track_module, "_measure", counting)
    return seen


@pytest.mark.parametrize(("trim", "within_s"), [("loudness", 0.031), ("rms", 0.25)])
def test_the_silence_around_a_track_is_found(tmp_path, trim, within_s):
    analysis = analyze_track(song(tmp_path), trim)
    assert analysis.span.start_frame / RATE_HZ == pytest.approx(1.0, abs=within_s)
    assert analysis.span.end_frame / RATE_HZ == pytest.approx(4.0, abs=within_s)
    assert analysis.source.frames == 6 * RATE_HZ


def test_without_trimming_the_span_is_the_whole_track_and_nothing_is_measured(tmp_path, measured):
    analysis = analyze_track(song(tmp_path), "none")
    assert analysis.span == Span(0, 6 * RATE_HZ)
    assert analysis.loudness_lufs is None
    assert measured == []


@pytest.mark.parametrize("options", [("-t",), ("-t", "-V2")])
def test_without_trimming_the_frames_of_a_headerless_mp3_are_counted(tmp_path, options):
    path = encoders.encode(song(tmp_path), tmp_path / "a.mp3", *options)
    untrimmed, trimmed = analyze_track(path, "none"), analyze_track(path)
    assert untrimmed.source.frames == trimmed.source.frames
    assert untrimmed.span == Span(0, trimmed.source.frames)


def test_loudness_is_measured_by_both_rules_alike(tmp_path):
    path = song(tmp_path)
    by_loudness, by_rms = analyze_track(path, "loudness"), analyze_track(path, "rms")
    assert by_loudness.loudness_lufs == by_rms.loudness_lufs


def test_a_second_look_decodes_nothing_and_finds_the_same(tmp_path, measured):
    path = song(tmp_path)
    assert analyze_track(path) == analyze_track(path)
    assert measured == [path]


def test_a_renamed_file_is_known_under_its_new_name(tmp_path, measured):
    path = song(tmp_path)
    before = analyze_track(path)
    moved = path.rename(tmp_path / "moved.wav")
    after = analyze_track(moved)
    assert measured == [path]
    assert after.source.path == moved
    assert (after.span, after.loudness_lufs) == (before.span, before.loudness_lufs)


def test_a_changed_file_is_measured_again(tmp_path, measured):
    path = song(tmp_path, before_s=1.0)
    analyze_track(path)
    song(tmp_path, before_s=2.0)
    analysis = analyze_track(path)
    assert len(measured) == 2
    assert analysis.span.start_frame / RATE_HZ == pytest.approx(2.0, abs=0.031)


def test_each_rule_is_remembered_apart(tmp_path, measured):
    path = song(tmp_path)
    assert analyze_track(path, "loudness").span != analyze_track(path, "rms").span
    assert len(measured) == 2


def test_damaged_cache_entries_are_measured_again(tmp_path, cache_folder, measured):
    path = song(tmp_path)
    before = analyze_track(path)
    for entry in cache_folder.rglob("*.json"):
        entry.write_bytes(entry.read_bytes()[:-9])
    assert analyze_track(path) == before
    assert len(measured) == 2


def test_a_cache_that_cant_be_written_changes_no_result(tmp_path, monkeypatch):
    path = song(tmp_path)
    before = analyze_track(path)
    monkeypatch.setenv("DEEPBASS_CACHE_DIR", str(path / "no folder"))
    assert analyze_track(path) == before


def test_the_cache_does_not_hide_that_a_file_is_gone(tmp_path):
    path = song(tmp_path)
    analyze_track(path)
    path.unlink()
    with pytest.raises(InputError, match="does not exist"):
        analyze_track(path)


@pytest.mark.parametrize("trim", ["loudness", "rms"])
def test_a_silent_track_is_refused_with_the_way_to_keep_it(tmp_path, trim):
    path = signals.write(tmp_path / "a.wav", signals.silence(3.0))
    with pytest.raises(InputError, match="is silent throughout") as refused:
        analyze_track(path, trim)
    assert "--no-trim" in refused.value.hint
    assert analyze_track(path, "none").span == Span(0, 3 * RATE_HZ)


@pytest.mark.parametrize("trim", ["loudness", "rms", "none"])
def test_a_header_without_sound_is_refused(tmp_path, trim):
    path = signals.write(tmp_path / "a.wav", np.zeros((0, 2), np.float32))
    with pytest.raises(InputError, match="0 frames"):
        analyze_track(path, trim)


@pytest.mark.parametrize("trim", ["loudness", "none"])
def test_a_truncated_file_is_used_and_says_how_much_is_there(tmp_path, trim):
    path = song(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    analysis = analyze_track(path, trim)
    [problem] = analysis.problems
    assert problem.what == "is cut short: 0:06.0 declared, 0:04.0 could be read and is used"
    assert problem.path == path
    assert problem.hint


def test_samples_that_are_no_numbers_are_told_by_their_number(tmp_path):
    samples = signals.music(2.0)
    samples[100:103] = np.nan
    path = signals.write(tmp_path / "a.wav", samples, subtype="FLOAT")
    for _ in range(2):  # measured, then remembered
        [problem] = analyze_track(path).problems
        assert (
            problem.what
            == "holds 6 samples that are no finite numbers or absurdly large; they play as silence"
        )
        assert problem.path == path


def test_a_sound_file_has_no_problems(tmp_path):
    assert analyze_track(song(tmp_path)).problems == ()


def test_measuring_stops_when_asked_to(tmp_path):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        analyze_track(song(tmp_path), cancel=cancel)
    with pytest.raises(Cancelled):
        analyze_tracks([song(tmp_path)], "loudness", cancel=cancel)


@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_many_tracks_come_back_in_order_errors_in_their_place(tmp_path, jobs):
    good, other = song(tmp_path, "good.wav"), song(tmp_path, "other.wav", before_s=0.5)
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    found = analyze_tracks([good, bad, other, good], "loudness", jobs=jobs)
    assert found[0] == found[3] == analyze_track(good)
    assert found[2] == analyze_track(other)
    assert isinstance(found[1], InputError)
    assert found[1].path == bad


def test_a_file_that_stands_there_twice_is_measured_once(tmp_path, measured):
    path = song(tmp_path)
    analyze_tracks([path, path, path], "loudness")
    assert measured == [path]


def test_progress_rises_to_the_end_within_long_files_too(tmp_path):
    long = signals.write(tmp_path / "long.wav", signals.noise(12))
    told: list[Progress] = []
    analyze_tracks([song(tmp_path), long], "loudness", on_progress=told.append)
    done = [progress.done for progress in told]
    assert {(progress.stage, progress.total) for progress in told} == {("analysing", 2000)}
    assert done == sorted(done)
    assert done[-1] == 2000
    assert len(set(done)) > 4  # a long file tells more than that it is done


def test_what_is_remembered_of_a_file_does_not_hide_that_it_is_gone(tmp_path):
    path = song(tmp_path)
    analyze_track(path)
    path.unlink()
    with pytest.raises(InputError, match="does not exist"):
        analyze_track(path)

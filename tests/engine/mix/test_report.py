"""The report as a document and as lines for a person."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import signals
from nsynth_mixes import exact_output, nsynth_project

from deepbass_engine.errors import OutputError
from deepbass_engine.mix.job import mix_project
from deepbass_engine.mix.quality import MEASURES, MeasuredTransition
from deepbass_engine.mix.report import MixReport, flagged, save_report, summary, warnings
from deepbass_engine.nsynth import models
from deepbass_engine.project import Problem, Project, tracks_of
from deepbass_engine.settings import MixSettings, OutputSettings, QualityLimits, TransitionSpec
from deepbass_engine.units import clock_text, seconds_from_frames
from deepbass_engine.version import __version__

RATE_HZ = 16_000


def mixed(
    folder: Path,
    paths: list[Path],
    *,
    duration_s: float = 0.5,
    trim: str = "loudness",
    subtype: str = "PCM_24",
    problems: tuple[Problem, ...] = (),
) -> MixReport:
    """Report of a mix of these files."""
    project = Project(
        tracks=tracks_of(paths),
        default=TransitionSpec(duration_s=duration_s, seed=3),
        mix=MixSettings(trim=trim),
    )
    output = OutputSettings(subtype=subtype)
    return mix_project(project, folder / "mix.wav", output, overwrite=True, problems=problems)


def saved(report: MixReport, path: Path) -> dict[str, Any]:
    """The document as another program reads it; what is no JSON is refused."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    save_report(report, path)
    document = json.loads(path.read_bytes().decode("ascii"), parse_constant=refuse)
    assert isinstance(document, dict)
    return document


@pytest.fixture
def tracks(tmp_path: Path) -> list[Path]:
    """Three tracks, the middle one short and at half the rate, with a silent second before it."""
    silence, tone = signals.silence(1, 8000), signals.sine(440, 0.5, 8000)
    return [
        signals.write(tmp_path / "one.wav", signals.music(3, RATE_HZ), RATE_HZ),
        signals.write(tmp_path / "two.wav", np.concatenate([silence, tone]), 8000),
        signals.write(tmp_path / "three.wav", signals.music(4, RATE_HZ), RATE_HZ),
    ]


def test_the_document_has_the_keys_of_its_schema_and_says_what_was_mixed(
    tmp_path: Path, tracks: list[Path]
) -> None:
    document = saved(mixed(tmp_path, tracks), tmp_path / "report.json")
    assert list(document) == [
        "schema", "output", "subtype", "sample_rate_hz", "frames", "channels", "tracks",
        "transitions", "peak_dbfs", "clipped_frames", "problems", "notes", "timing_s",
        "versions",
    ]  # fmt: skip
    assert document["schema"] == "deepbass.report/1"
    assert document["output"] == str(tmp_path / "mix.wav")
    assert (document["sample_rate_hz"], document["channels"]) == (RATE_HZ, 2)
    # 3 s + 0.5 s + 4 s less two fades of 0.25 s
    assert document["frames"] == 7 * RATE_HZ
    assert document["tracks"] == [
        {
            "path": str(tracks[0]), "span_s": [0.0, 3.0],
            "start_frame": 0, "end_frame": 48_000, "gain_db": 0.0,
            "tempo_bpm": None, "key": "",
        },
        {
            "path": str(tracks[1]), "span_s": [1.0, 1.5],
            "start_frame": 44_000, "end_frame": 52_000, "gain_db": 0.0,
            "tempo_bpm": None, "key": "",
        },
        {
            "path": str(tracks[2]), "span_s": [0.0, 4.0],
            "start_frame": 48_000, "end_frame": 112_000, "gain_db": 0.0,
            "tempo_bpm": None, "key": "",
        },
    ]  # fmt: skip
    why = "track 2 (two.wav) has 0:00.5 of sound for its two transitions"
    assert document["transitions"] == [
        {
            "index": index, "out_track": index, "in_track": index + 1, "method": "simple",
            "curve": "equal_power", "seed": 3, "start_frame": start_frame, "frames": 4000,
            "asked_frames": 8000, "shortened_because": why, "because": "", "flagged": None,
            "reasons": [], "score": None, "quality": None, "nsynth": None,
            "join": None,
        }
        for index, start_frame in enumerate([44_000, 48_000])
    ]  # fmt: skip
    assert (document["clipped_frames"], document["problems"]) == (0, [])
    assert set(document["timing_s"]) == {"analysing", "rendering", "total"}
    assert document["versions"]["deepbass"] == __version__
    assert set(document["versions"]) == {"deepbass", "python", "av", "numpy", "soundfile", "soxr"}


def test_peak_is_the_mixs_own(tmp_path: Path) -> None:
    samples = signals.noise(1, RATE_HZ, amplitude=0.25)
    samples[500] = 0.5
    path = signals.write(tmp_path / "a.wav", samples, RATE_HZ)
    assert mixed(tmp_path, [path]).peak_dbfs == pytest.approx(-6.0206, abs=1e-4)


def test_a_silent_mix_has_no_peak(tmp_path: Path) -> None:
    path = signals.write(tmp_path / "a.wav", signals.silence(1, RATE_HZ), RATE_HZ)
    report = mixed(tmp_path, [path], trim="none")
    assert saved(report, tmp_path / "r.json")["peak_dbfs"] is None
    assert "PCM_24, silent" in summary(report)


def test_the_same_input_gives_the_same_bytes_apart_from_timing(
    tmp_path: Path, tracks: list[Path]
) -> None:
    """Also where the second time nothing has to be analysed."""
    bad = tmp_path / "bad.mp3"
    bad.write_text("no music")
    texts, timings = [], []
    for _ in range(2):
        report = mixed(tmp_path, [*tracks, bad])
        timings.append(report.timing_s)
        save_report(msgspec.structs.replace(report, timing_s={}), tmp_path / "report.json")
        texts.append((tmp_path / "report.json").read_bytes())
    assert texts[0] == texts[1]
    assert timings[0] != timings[1]
    for timing in timings:
        assert 0 < timing["analysing"] + timing["rendering"] <= timing["total"]


def test_problems_stand_in_the_document_earlier_ones_first(
    tmp_path: Path, tracks: list[Path]
) -> None:
    before = Problem(tmp_path / "list.m3u", 7, "there is no file x.wav", "put it there")
    samples = signals.noise(1, RATE_HZ)
    samples[3] = np.nan
    broken = signals.write(tmp_path / "nan.wav", samples, RATE_HZ, "FLOAT")
    empty = tmp_path / "empty.wav"
    empty.touch()
    report = mixed(tmp_path, [broken, empty, tracks[0]], problems=(before,))
    assert saved(report, tmp_path / "report.json")["problems"] == [
        {
            "path": str(before.path), "line": 7, "what": before.what, "hint": before.hint,
        },
        {
            "path": str(broken), "line": None, "hint": "export it again",
            "what": "holds 2 samples that are no finite numbers or absurdly large; "
            "they play as silence",
        },
        {
            "path": str(empty), "line": None, "hint": "copy it again",
            "what": "is empty (0 bytes)",
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["two\nlines.wav", "🎧 ä.wav", 'quo"te\\.wav', os.fsdecode(b"caf\xe9.wav")]
)
def test_odd_names_survive_the_document_and_print_on_one_line(tmp_path: Path, name: str) -> None:
    path = signals.write(tmp_path / "a.wav", signals.music(1, RATE_HZ), RATE_HZ)
    path = path.rename(tmp_path / name)
    report = mixed(tmp_path, [path])
    document = saved(report, tmp_path / "report.json")
    assert os.fsencode(document["tracks"][0]["path"]) == os.fsencode(path)
    assert len(summary(report).splitlines()) == 4


def test_samples_at_the_end_of_float32_leave_the_document_readable(tmp_path: Path) -> None:
    path = signals.write(
        tmp_path / "huge.wav", signals.noise(1, RATE_HZ, amplitude=3.4e38), RATE_HZ, "FLOAT"
    )
    report = mixed(tmp_path, [path, path], subtype="FLOAT", trim="none")
    assert saved(report, tmp_path / "report.json")["peak_dbfs"] == pytest.approx(770.6, abs=0.1)


def test_a_report_that_can_not_be_written_says_so(tmp_path: Path, tracks: list[Path]) -> None:
    report = mixed(tmp_path, tracks)
    with pytest.raises(OutputError, match="No such file or directory"):
        save_report(report, tmp_path / "missing" / "report.json")


# For a person -----------------------------------------------------------------------------------


def test_summary_shows_each_track_and_how_it_meets_the_next(
    tmp_path: Path, tracks: list[Path]
) -> None:
    report = mixed(tmp_path, tracks)
    assert summary(report).splitlines() == [
        f"{tmp_path}/mix.wav",
        f"0:07.0, 16000 Hz, stereo, PCM_24, peak {report.peak_dbfs:.1f} dBFS",
        "",
        "   1      0:00.0  one.wav",
        "                  0.25 s simple equal_power",
        "   2      0:02.8  two.wav",
        "                  0.25 s simple equal_power",
        "   3      0:03.0  three.wav",
    ]


def test_summary_calls_a_transition_of_no_frames_a_cut(tmp_path: Path, tracks: list[Path]) -> None:
    lines = summary(mixed(tmp_path, [tracks[0], tracks[2]], duration_s=0)).splitlines()
    assert lines[4].split() == ["cut"]


def test_warnings_name_what_was_shortened_and_why(tmp_path: Path, tracks: list[Path]) -> None:
    assert warnings(mixed(tmp_path, [tracks[0], tracks[1]], duration_s=2)) == [
        "transition 1 is 0.50 s long instead of 2.00 s: track 2 (two.wav) has 0:00.5 of sound"
    ]


def test_one_track_alone_is_mentioned(tmp_path: Path, tracks: list[Path]) -> None:
    assert warnings(mixed(tmp_path, tracks[:1])) == [
        "only one track could be used: the mix is that track"
    ]


def test_clipping_is_mentioned_with_its_height_and_the_way_out(tmp_path: Path) -> None:
    samples = signals.noise(2, RATE_HZ, amplitude=0.5)
    samples[RATE_HZ : RATE_HZ + 3] = 2.0
    path = signals.write(tmp_path / "over.wav", samples, RATE_HZ, "FLOAT")
    clipped = mixed(tmp_path, [path, path], trim="none")
    assert warnings(clipped) == [
        "6 frames pass full scale (by up to 6.0 dB) and were clipped; "
        "32 bit float (--subtype FLOAT) keeps them"
    ]
    assert warnings(mixed(tmp_path, [path, path], trim="none", subtype="FLOAT")) == []


def test_nothing_is_said_of_a_mix_with_nothing_to_say(tmp_path: Path, tracks: list[Path]) -> None:
    assert warnings(mixed(tmp_path, [tracks[0], tracks[2]])) == []


def test_an_nsynth_transition_is_told_with_what_was_made_of_it(tmp_path, tracks, model_name):
    project = nsynth_project(tracks, [0.03, 0.0], embedding_fade="HannFade")
    report = mix_project(project, tmp_path / "mix.wav", exact_output())
    content_hash = models.facts("tiny").source.content_hash
    lines = summary(report).splitlines()
    assert lines[2] == f"NSynth by the model tiny (cpu, float32), content {content_hash}"
    assert any("0.03 s nsynth hybrid HannFade" in line for line in lines)
    first, second = saved(report, tmp_path / "r.json")["transitions"]
    assert first["nsynth"] == {
        "model": "tiny", "content_hash": content_hash, "device": "cpu", "precision": "float32",
        "morph": "hybrid", "embedding_fade": "HannFade", "pace": "curve",
    }  # fmt: skip
    assert (second["method"], second["nsynth"]) == ("nsynth", None)  # a cut


# Measured ---------------------------------------------------------------------------------------

LAX = QualityLimits(**dict.fromkeys(MEASURES, 1000.0))


@pytest.fixture
def quiet_pair(tmp_path: Path) -> list[Path]:
    """One piece of music twice, the second time 20 dB quieter."""
    music = signals.music(6, RATE_HZ)
    return [
        signals.write(tmp_path / "loud.wav", music, RATE_HZ),
        signals.write(tmp_path / "quiet.wav", music * np.float32(0.1), RATE_HZ),
    ]


def measured_mix(
    folder: Path, paths: list[Path], limits: QualityLimits
) -> tuple[MixReport, dict[int, MeasuredTransition]]:
    """Report of a mix that was measured, and what was told."""
    told: dict[int, MeasuredTransition] = {}
    project = Project(
        tracks=tracks_of(paths), default=TransitionSpec(duration_s=1.0), limits=limits
    )
    report = mix_project(
        project, folder / "mix.wav", overwrite=True, measure=True, on_measured=told.__setitem__
    )
    return report, told


def test_a_step_in_loudness_is_flagged_and_said(tmp_path: Path, quiet_pair: list[Path]) -> None:
    limits = msgspec.structs.replace(LAX, loudness_jump=15.0)
    report, told = measured_mix(tmp_path, quiet_pair, limits)
    (transition,) = report.transitions
    assert (transition.flagged, transition.reasons) == (True, ("loudness_jump",))
    jump = told[0].quality.loudness_jump
    assert jump is not None
    assert jump.excess == pytest.approx(20.0, abs=0.5)
    assert transition.quality == told[0].quality
    at = clock_text(seconds_from_frames(transition.start_frame, report.sample_rate_hz))
    words = f"{jump.words} (in the mix at {at})"
    assert flagged(report) == [f"transition 1 is flagged: {words}"]
    assert summary(report).splitlines()[4:6] == [
        "                  1.00 s simple equal_power",
        f"                  ! {words}",
    ]
    assert warnings(report) == []


def test_what_is_wrong_is_said_the_worst_first(tmp_path: Path, quiet_pair: list[Path]) -> None:
    none_allowed = QualityLimits(**dict.fromkeys(MEASURES, 1e-9))
    report, told = measured_mix(tmp_path, quiet_pair, none_allowed)
    (line,) = flagged(report)
    places = [line.index(measure.words) for measure in told[0].quality.flagged.values()]
    assert len(places) > 1
    assert places == sorted(places)


def test_under_limits_that_it_keeps_a_transition_is_measured_and_not_flagged(
    tmp_path: Path, quiet_pair: list[Path]
) -> None:
    report, _ = measured_mix(tmp_path, quiet_pair, LAX)
    assert flagged(report) == []
    assert len(summary(report).splitlines()) == 6
    (transition,) = saved(report, tmp_path / "r.json")["transitions"]
    assert (transition["flagged"], transition["reasons"]) == (False, [])
    assert transition["score"] == report.transitions[0].score
    assert list(transition["quality"]) == [*_all_measures(), "true_peak"]
    for name in ("beat_phase", "key", "true_peak"):  # until tempo, key and true peak are known
        assert transition["quality"][name] is None
    assert list(transition["quality"]["loudness_jump"]) == [
        "value", "unit", "outgoing", "incoming", "excess", "limit", "range_s", "words",
    ]  # fmt: skip


def _all_measures() -> list[str]:
    """Names of what stands in a document, in order."""
    return [
        "roughness", "dissonance", "loudness_dip", "loudness_jump", "bass_overlap", "kicks",
        "beat_phase", "key", "click", "flux", "discarded",
    ]  # fmt: skip


def test_a_measured_document_is_the_same_each_time(tmp_path: Path, quiet_pair: list[Path]) -> None:
    texts = []
    for _ in range(2):
        report, _ = measured_mix(tmp_path, quiet_pair, LAX)
        save_report(msgspec.structs.replace(report, timing_s={}), tmp_path / "report.json")
        texts.append((tmp_path / "report.json").read_bytes())
    assert texts[0] == texts[1]

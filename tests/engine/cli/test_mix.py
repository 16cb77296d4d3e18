"""`deepbass mix`: what it writes, what it prints, and projects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import signals
import soundfile
from commands import called, deepbass
from mixes import samples_of
from nsynth_mixes import model_name as model_name

from deepbass_engine import project_file
from deepbass_engine.cli.main import main
from deepbass_engine.nsynth import models
from deepbass_engine.project import Span, Track, Transition
from deepbass_engine.settings import MixSettings, QualityLimits, TransitionSpec, described

RATE_HZ = 8000


@pytest.fixture
def music(tmp_path: Path) -> list[str]:
    """Paths of two tracks of three seconds, the second with a silent second before it."""
    tone = signals.music(3, RATE_HZ)
    late = tone[::-1].copy()
    late[:RATE_HZ] = 0
    return [
        str(signals.write(tmp_path / "one.wav", tone, RATE_HZ)),
        str(signals.write(tmp_path / "two.wav", late, RATE_HZ)),
    ]


def run(*words: str | Path) -> int:
    return main(["mix", *map(str, words)])


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_becomes_a_mix_and_nothing_else_is_written(
    music: list[str], tmp_path: Path
) -> None:
    outcome = deepbass("mix", tmp_path, "-o", "mix.wav", "--duration", "1", cwd=tmp_path)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[:2] == [
        f"{tmp_path}/mix.wav",
        outcome.out.splitlines()[1],
    ]
    assert names_in(tmp_path) == ["mix.wav", "one.wav", "two.wav"]
    assert soundfile.info(tmp_path / "mix.wav").frames == RATE_HZ * (3 + 2 - 1)


def test_what_is_asked_for_beside_the_mix_is_written(music: list[str], tmp_path: Path) -> None:
    target = tmp_path / "mix.flac"
    code = run(
        *music, "-o", target, "--duration", "1", "--report", tmp_path / "r.json", "--cue",
        "--tracklist", "--save-project", tmp_path / "set.deepbass",
    )  # fmt: skip
    assert code == 0
    assert names_in(tmp_path) == [
        "mix.flac", "mix.flac.cue", "mix.flac.tracklist.txt", "one.wav", "r.json", "set.deepbass",
        "two.wav",
    ]  # fmt: skip
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["output"] == str(target)
    assert report["frames"] == soundfile.info(target).frames
    assert (tmp_path / "mix.flac.tracklist.txt").read_text() == "    0:00.0  one\n    0:02.0  two\n"
    assert "    INDEX 01 00:02:00\n" in (tmp_path / "mix.flac.cue").read_text()


def test_flags_reach_the_mix(music: list[str], tmp_path: Path) -> None:
    code = run(
        *music, "-o", tmp_path / "m.wav", "--no-trim", "--duration", "0.5", "--rate", "16000",
        "--subtype", "FLOAT", "--curve", "tri:qsin", "--seed", "4", "--jobs", "1",
        "--report", tmp_path / "r.json",
    )  # fmt: skip
    assert code == 0
    info = soundfile.info(tmp_path / "m.wav")
    assert (info.samplerate, info.subtype, info.frames) == (16_000, "FLOAT", 16_000 * 11 // 2)
    fade = json.loads((tmp_path / "r.json").read_text())["transitions"][0]
    assert (fade["curve"], fade["seed"], fade["asked_frames"]) == ("tri:qsin", 4, 8000)


def test_trim_none_and_no_trim_are_the_same(music: list[str], tmp_path: Path) -> None:
    assert run(*music, "-o", tmp_path / "a.wav", "--no-trim") == 0
    assert run(*music, "-o", tmp_path / "b.wav", "--trim", "none") == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_quiet_says_only_what_went_wrong(music: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.mp3").write_text("no music")
    outcome = deepbass(
        "mix", *music, tmp_path / "bad.mp3", "-o", tmp_path / "m.wav", "--quiet", "--duration", "1"
    )
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines() == [
        f"deepbass: {tmp_path}/bad.mp3: is no audio file that can be read "
        "(convert it to WAV or FLAC, or take it out of the playlist)"
    ]


def test_a_playlist_s_missing_entry_is_named_with_its_line(
    music: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.m3u8").write_text("#EXTM3U\none.wav\nmissing.wav\ntwo.wav\n")
    report = tmp_path / "r.json"
    assert run(tmp_path / "list.m3u8", "-o", tmp_path / "m.wav", "--report", report) == 1
    assert f"{tmp_path}/list.m3u8, line 3: there is no file missing.wav" in capsys.readouterr().err
    problems = json.loads(report.read_text())["problems"]
    assert [(p["path"], p["line"]) for p in problems] == [(str(tmp_path / "list.m3u8"), 3)]


def test_shortened_transitions_are_said_and_leave_nothing_out(
    music: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*music, "-o", tmp_path / "m.wav", "--duration", "30") == 0
    assert capsys.readouterr().err == (
        "deepbass: transition 1 is 2.00 s long instead of 30.00 s: "
        "track 2 (two.wav) has 0:02.0 of sound\n"
    )


# Projects ---------------------------------------------------------------------------------------


def test_a_saved_project_gives_the_same_bytes(music: list[str], tmp_path: Path) -> None:
    first, second, project = (tmp_path / name for name in ("a.wav", "b.wav", "set.deepbass"))
    flags = ["--duration", "0.7", "--curve", "Random_Linear", "--seed", "11", "--trim", "rms",
             "--rate", "11025"]  # fmt: skip
    assert run(*music, "-o", first, *flags, "--save-project", project) == 0
    assert run("--project", project, "-o", second) == 0
    assert first.read_bytes() == second.read_bytes()
    assert project_file.load(project).default == TransitionSpec(
        duration_s=0.7, curve="Random_Linear", seed=11
    )


def test_flags_go_before_a_project_s_settings_and_leave_the_rest(
    music: list[str], tmp_path: Path
) -> None:
    project = tmp_path / "set.deepbass"
    flags = ["--duration", "0.5", "--curve", "tri", "--rate", "16000", "--trim", "none"]
    assert run(*music, "-o", tmp_path / "a.wav", *flags, "--save-project", project) == 0
    again = tmp_path / "again.deepbass"
    code = run(
        "--project", project, "-o", tmp_path / "b.wav", "--duration", "0.25",
        "--save-project", again,
    )  # fmt: skip
    assert code == 0
    saved = project_file.load(again)
    assert saved.default == TransitionSpec(duration_s=0.25, curve="tri")
    assert saved.mix == MixSettings(trim="none", sample_rate_hz=16_000)
    assert soundfile.info(tmp_path / "b.wav").frames == 6 * 16_000 - 4000


def test_a_project_s_spans_and_own_transitions_are_used(music: list[str], tmp_path: Path) -> None:
    project = project_file.Project(
        tracks=(
            Track(path=Path(music[0]), id="a", span=Span(100, 8100)),
            Track(path=Path(music[1]), id="b", span=Span(9000, 17_000)),
        ),
        transitions=(Transition(out_track="a", in_track="b", duration_s=0.0),),
    )
    project_file.save(project, tmp_path / "set.deepbass")
    code = run(
        "--project", tmp_path / "set.deepbass", "-o", tmp_path / "m.wav", "--subtype", "PCM_16"
    )
    assert code == 0
    mix = samples_of(tmp_path / "m.wav", "int16")
    assert (mix[:8000] == samples_of(Path(music[0]), "int16")[100:8100]).all()
    assert (mix[8000:] == samples_of(Path(music[1]), "int16")[9000:17_000]).all()


def test_a_project_and_files_together_are_refused(
    music: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "set.deepbass"
    assert run(*music, "-o", tmp_path / "a.wav", "--save-project", project) == 0
    assert run(music[0], "--project", project, "-o", tmp_path / "b.wav") == 2
    assert "both a project and files were given" in capsys.readouterr().err
    assert not (tmp_path / "b.wav").exists()


def test_a_project_may_be_saved_over_itself_when_told_to(music: list[str], tmp_path: Path) -> None:
    project = tmp_path / "set.deepbass"
    assert run(*music, "-o", tmp_path / "a.wav", "--save-project", project) == 0
    words = ["--project", project, "-o", tmp_path / "b.wav", "--duration", "0.5"]
    assert run(*words, "--save-project", project) == 2
    assert not (tmp_path / "b.wav").exists()
    assert run(*words, "--save-project", project, "--overwrite") == 0
    assert project_file.load(project).default.duration_s == 0.5


@pytest.mark.parametrize("content", ["", "{}", '{"schema": "deepbass.project/999"}'])
def test_a_project_that_is_none_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    project = tmp_path / "set.deepbass"
    project.write_text(content)
    assert run("--project", project, "-o", tmp_path / "m.wav") == 2
    assert capsys.readouterr().err.startswith(f"deepbass: {project}")


# What must not be written over ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "in_the_way"),
    [
        (["--report", "r.json"], "r.json"),
        (["--html-report", "r.html"], "r.html"),
        (["--cue"], "mix.wav.cue"),
        (["--tracklist"], "mix.wav.tracklist.txt"),
        (["--save-project", "set.deepbass"], "set.deepbass"),
    ],
)
def test_no_file_is_replaced_unless_told_to_and_that_is_said_before_any_work(
    music: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    in_the_way: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / in_the_way).write_text("precious")
    assert run(*music, "-o", "mix.wav", *flags) == 2
    assert capsys.readouterr().err == (
        f"deepbass: {tmp_path}/{in_the_way}: exists already "
        "(choose another name, or use --overwrite)\n"
    )
    assert not (tmp_path / "mix.wav").exists()
    assert (tmp_path / in_the_way).read_text() == "precious"
    assert run(*music, "-o", "mix.wav", *flags, "--overwrite") == 0
    assert (tmp_path / in_the_way).read_text() != "precious"


@pytest.mark.parametrize("flag", ["--report", "--html-report", "--save-project"])
@pytest.mark.parametrize("name", ["one.wav", "mix.wav", "list.m3u8"])
@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_nothing_is_written_over_the_mix_a_track_or_the_playlist(
    music: list[str], tmp_path: Path, flag: str, name: str, more: list[str]
) -> None:
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("one.wav\ntwo.wav\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert run(playlist, "-o", tmp_path / "mix.wav", flag, tmp_path / name, *more) == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_report_over_the_project_is_refused(music: list[str], tmp_path: Path) -> None:
    project = tmp_path / "set.deepbass"
    assert run(*music, "-o", tmp_path / "a.wav", "--save-project", project) == 0
    saved = project.read_bytes()
    words = ["--project", project, "-o", tmp_path / "b.wav", "--overwrite"]
    assert run(*words, "--report", project) == 2
    assert run(*words, "--report", project, "--save-project", project) == 2
    assert project.read_bytes() == saved


@pytest.mark.parametrize("flag", ["--report", "--save-project"])
def test_a_place_that_takes_no_file_is_refused_before_any_work(
    music: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    assert run(*music, "-o", tmp_path / "m.wav", flag, tmp_path / "missing" / "f") == 2
    assert f"there is no folder {tmp_path}/missing" in capsys.readouterr().err
    assert not (tmp_path / "m.wav").exists()


@pytest.mark.parametrize("command", ["mix", "analyze"])
def test_an_empty_name_is_not_the_current_folder(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "", *(["-o", "mix.wav"] if command == "mix" else [])])
    assert stopped.value.code == 2
    assert "an empty name leads nowhere" in capsys.readouterr().err


# Quality ----------------------------------------------------------------------------------------

NONE_FLAGGED = [
    word for setting in described(QualityLimits) for word in (setting.flag, str(setting.maximum))
]


def test_strict_ends_with_3_and_says_why(music: list[str], tmp_path: Path) -> None:
    words = [*music, "-o", tmp_path / "m.wav", "--duration", "1", "--overwrite", *NONE_FLAGGED]
    flags = ["--limit-discarded", "0", "--no-trim", "--strict"]
    outcome = called("mix", *words, *flags)
    assert (outcome.code, outcome.err) == (0, "")
    outcome = called("mix", *words, *flags, "--limit-loudness-jump", "0")
    assert outcome.code == 3
    (line,) = outcome.err.splitlines()
    assert line.startswith("deepbass: transition 1 is flagged: ")
    assert f"! {line.partition(': transition 1 is flagged: ')[2]}" in outcome.out
    assert called("mix", *words, *flags, "--limit-loudness-jump", "0", "--quiet").err == (
        outcome.err
    )


def test_a_flag_counts_for_more_than_an_input_left_out_and_both_are_named(
    music: list[str], tmp_path: Path
) -> None:
    (tmp_path / "bad.mp3").write_text("no music")
    words = [
        *music, tmp_path / "bad.mp3", "-o", tmp_path / "m.wav", "--duration", "1", "--overwrite",
        *NONE_FLAGGED,
    ]  # fmt: skip
    assert called("mix", *words, "--strict").code == 1
    outcome = called("mix", *words, "--strict", "--limit-loudness-jump", "0")
    assert outcome.code == 3
    assert "bad.mp3: is no audio file" in outcome.err
    assert "transition 1 is flagged" in outcome.err


def test_without_strict_what_is_flagged_is_shown_and_no_failure(
    music: list[str], tmp_path: Path
) -> None:
    report = tmp_path / "r.json"
    words = [*music, "-o", tmp_path / "m.wav", "--duration", "1", "--overwrite", *NONE_FLAGGED]
    outcome = called("mix", *words, "--limit-loudness-jump", "0", "--report", report)
    assert (outcome.code, outcome.err) == (0, "")
    (transition,) = json.loads(report.read_text())["transitions"]
    assert (transition["flagged"], transition["reasons"]) == (True, ["loudness_jump"])
    assert f"! {transition['quality']['loudness_jump']['words']} (in the mix at " in outcome.out


def test_nothing_is_measured_unless_asked_for(music: list[str], tmp_path: Path) -> None:
    words = [*music, "-o", tmp_path / "m.wav", "--duration", "1", "--limit-loudness-jump", "0"]
    outcome = called("mix", *words)
    assert outcome.code == 0
    assert "!" not in outcome.out


def test_limits_are_saved_with_the_project_and_hold_when_it_is_mixed_again(
    music: list[str], tmp_path: Path
) -> None:
    project = tmp_path / "set.deepbass"
    words = ["--duration", "1", "--save-project", project, "--overwrite"]
    strict = [*NONE_FLAGGED, "--limit-loudness-jump", "0"]
    assert run(*music, "-o", tmp_path / "a.wav", *words, *strict) == 0
    assert project_file.load(project).limits.loudness_jump == 0.0
    again = ["--project", project, "-o", tmp_path / "b.wav", "--overwrite", "--strict"]
    assert run(*again) == 3
    assert run(*again, "--limit-loudness-jump", "100", "--save-project", project) == 0
    limits = project_file.load(project).limits
    assert limits.loudness_jump == 100.0
    assert limits.flux == next(s.maximum for s in described(QualityLimits) if s.name == "flux")


def test_a_report_to_be_read_in_a_browser_is_written(music: list[str], tmp_path: Path) -> None:
    page = tmp_path / "mix.html"
    assert run(*music, "-o", tmp_path / "m.wav", "--duration", "1", "--html-report", page) == 0
    text = page.read_text(encoding="utf-8")
    assert "one.wav" in text
    assert "two.wav" in text


# NSynth -----------------------------------------------------------------------------------------

EXACT = ("--device", "cpu", "--precision", "float32")


def test_a_model_speaks_and_how_long_it_will_take_is_said_on_standard_error(
    music, tmp_path, model_name, capsys
):
    code = run(
        *music, "-o", tmp_path / "m.wav", "--method", "nsynth", "--duration", "0.03",
        "--morph", "raw", "--embedding-fade", "Extend", "--morph-pace", "even", *EXACT,
        "--report", tmp_path / "r.json",
    )  # fmt: skip
    shown = capsys.readouterr()
    assert code == 0
    expected = "1 transition through NSynth (model tiny, cpu, float32): a few seconds\n"
    assert shown.err == expected
    assert "0.03 s nsynth raw Extend" in shown.out
    (transition,) = json.loads((tmp_path / "r.json").read_text())["transitions"]
    assert transition["nsynth"]["pace"] == "even"


def test_the_model_that_comes_along_speaks_with_no_import_and_is_named(
    music, tmp_path, bundled, capsys
):
    code = run(
        *music, "-o", tmp_path / "m.wav", "--method", "nsynth", "--duration", "0.03", *EXACT,
        "--report", tmp_path / "r.json",
    )  # fmt: skip
    assert code == 0
    content_hash = models.facts("along").source.content_hash
    said = f"NSynth by the model along (cpu, float32), content {content_hash}"
    assert said in capsys.readouterr().out.splitlines()
    for fade in json.loads((tmp_path / "r.json").read_text())["transitions"]:
        assert (fade["nsynth"]["model"], fade["nsynth"]["content_hash"]) == ("along", content_hash)


def test_quiet_keeps_the_estimate_back(music, tmp_path, model_name, capsys):
    code = run(
        *music, "-o", tmp_path / "m.wav", "--method", "nsynth", "--duration", "0.03", *EXACT,
        "--quiet",
    )  # fmt: skip
    assert code == 0
    assert capsys.readouterr() == ("", "")


def test_a_track_that_is_left_out_of_a_mix_that_a_model_speaks_ends_with_1(
    music, tmp_path, model_name, capsys
):
    (tmp_path / "bad.wav").write_text("no music")
    code = run(
        *music, tmp_path / "bad.wav", "-o", tmp_path / "m.wav", "--method", "nsynth",
        "--duration", "0.03", *EXACT,
    )  # fmt: skip
    assert code == 1
    assert "bad.wav" in capsys.readouterr().err
    assert (tmp_path / "m.wav").exists()


def test_a_model_that_is_not_there_ends_with_2_and_says_so(music, tmp_path, model_name, capsys):
    code = run(*music, "-o", tmp_path / "m.wav", "--method", "nsynth", "--model", "gone")
    assert code == 2
    assert "there is no model named 'gone'" in capsys.readouterr().err
    assert not (tmp_path / "m.wav").exists()


def test_a_transition_too_long_for_a_model_ends_with_2_and_is_named(tmp_path, model_name, capsys):
    long = signals.write(tmp_path / "long.wav", signals.noise(130, RATE_HZ), RATE_HZ)
    code = run(
        long, long, "-o", tmp_path / "m.wav", "--method", "nsynth", "--duration", "61", "--no-trim"
    )
    assert code == 2
    assert "transition 1 is 61.00 s long" in capsys.readouterr().err
    assert not (tmp_path / "m.wav").exists()


def test_a_model_file_is_saved_by_its_whole_path_and_a_models_name_as_it_is(
    music, tmp_path, model_name, monkeypatch
):
    (tmp_path / "mine.safetensors").write_bytes(next(models.folder().iterdir()).read_bytes())
    monkeypatch.chdir(tmp_path)
    saved = tmp_path / "set.deepbass"
    for given, kept in (
        ("mine.safetensors", str(tmp_path / "mine.safetensors")), ("tiny", "tiny"), ("", ""),
    ):  # fmt: skip
        run(
            *music, "-o", "m.wav", "--overwrite", "--duration", "0.03", "--method", "nsynth",
            *EXACT, "--model", given, "--save-project", saved,
        )  # fmt: skip
        assert project_file.load(saved).mix.model == kept

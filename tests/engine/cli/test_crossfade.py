"""`deepbass crossfade` and `deepbass config`, as a person types them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from nsynth_mixes import install
from nsynth_mixes import model_name as model_name
from nsynth_models import random_weights, small_config
from signals import silence, sine, write

from deepbass_engine import legacy_ini
from deepbass_engine.analysis.roughness import timbral_roughness
from deepbass_engine.cli.main import main
from deepbass_engine.nsynth import models, weights

RATE_HZ = 16_000


@pytest.fixture
def songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with two songs."""
    pause = silence(1.0, RATE_HZ, channels=1)
    tone = sine(440.0, 3.0, RATE_HZ, channels=1)
    write(tmp_path / "Song1.wav", np.concatenate([tone, pause]), RATE_HZ)
    write(tmp_path / "Song2.wav", np.concatenate([pause, tone]), RATE_HZ)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edited(path: Path, **values: str) -> None:
    """Change values of a configuration file."""
    lines = path.read_text().splitlines()
    for name, value in values.items():
        key = name.replace("_", " ")
        lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines]
    path.write_text("\n".join(lines))


def test_a_new_file_edited_does_the_job(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "new"]) == 0
    edited(songs / "config.ini", firstsong="Song1.wav", secondsong="Song2.wav", time="2")
    assert main(["crossfade"]) == 0
    told = capsys.readouterr()
    assert "Song1.wav, 0:04.0, 0.88 s of silence at its end left out" in told.out
    assert "Linear, 2.00 s, 16000 Hz, mono" in told.out
    assert "Exp1_simple.wav" in told.out
    assert told.err == ""
    assert sorted(path.name for path in (songs / "crossfade").iterdir()) == [
        "Exp1_simple.wav",
        "Exp1_simple_roughness.txt",
        "begin_faded.wav",
        "begin_trim.wav",
        "end_faded.wav",
        "end_trim.wav",
    ]


def test_the_roughness_of_the_mix_is_printed_and_written(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(songs / "Song2.wav", sine(470.0, 3.0, RATE_HZ, channels=1), RATE_HZ)
    main(["config", "new"])
    edited(songs / "config.ini", firstsong="Song1.wav", secondsong="Song2.wav", time="2")
    assert main(["crossfade"]) == 0
    mix, rate_hz = soundfile.read(
        songs / "crossfade" / "Exp1_simple.wav", dtype="float32", always_2d=True
    )
    expected = timbral_roughness(mix, rate_hz).published
    assert expected > 20
    text = (songs / "crossfade" / "Exp1_simple_roughness.txt").read_bytes()
    assert text == f"{expected:.6f}".encode()
    told = capsys.readouterr().out
    assert f"Roughness:    {expected:.1f} on a scale of 0 to about 90" in told


def test_of_a_silent_crossfade_there_is_no_roughness_and_it_is_said(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pauses are longer than the window that is searched for silence."""
    main(["config", "new"])
    edited(
        songs / "config.ini",
        firstsong="Song1.wav",
        secondsong="Song2.wav",
        time="0.25",
        SR_window_duration="0.5",
    )
    (songs / "crossfade").mkdir()
    (songs / "crossfade" / "Exp1_simple_roughness.txt").write_text("60.251408")  # of another mix
    assert main(["crossfade"]) == 0
    told = capsys.readouterr()
    assert "Roughness" not in told.out
    assert "the crossfade is silent, so it has no roughness" in told.err
    names = {path.name for path in (songs / "crossfade").iterdir()}
    assert "Exp1_simple.wav" in names
    assert "Exp1_simple_roughness.txt" not in names


def test_a_shortened_fade_is_said(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "new"])
    edited(songs / "config.ini", firstsong="Song1.wav", secondsong="Song2.wav", time="10")
    assert main(["crossfade", "--config", "config.ini", "--method", "simple"]) == 0
    assert (
        "the fade is shorter than the 10 s asked for: Song1.wav is only 3.12 s long without its "
        "silence"
    ) in capsys.readouterr().err


def test_what_could_not_be_played_ends_with_exit_code_1(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = sine(440.0, 3.0, RATE_HZ, channels=1)
    broken[100] = np.nan
    write(songs / "Song1.wav", broken, RATE_HZ, "FLOAT")
    main(["config", "new"])
    edited(songs / "config.ini", firstsong="Song1.wav", secondsong="Song2.wav", time="1")
    assert main(["crossfade"]) == 1
    assert "Song1.wav" in capsys.readouterr().err
    assert (songs / "crossfade" / "Exp1_simple.wav").exists()


def nsynth_config(songs: Path, model: str = "", rate_hz: int = RATE_HZ) -> None:
    """A configuration of a short crossfade through NSynth."""
    (songs / "config.ini").write_text(
        f"[DEFAULT]\nsamplingrate = {rate_hz}\n"
        "[NSynth XFade Settings]\nStyle = hannfade\ntime = 0.02\n"
        "[IO]\nfirstsong = Song1.wav\nsecondsong = Song2.wav\nload directory = .\n"
        f"save directory = out\nsave name = Exp\nmodel weights = {model}\n"
    )


NSYNTH = ["crossfade", "--method", "nsynth", "--device", "cpu", "--precision", "float32"]


def test_the_job_is_done_through_nsynth(
    songs: Path, model_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nsynth_config(songs)
    assert main([*NSYNTH, "--seed", "7"]) == 0
    told = capsys.readouterr()
    how = f"model {model_name}, cpu, float32"
    assert "Song1.wav, 0:04.0, 0.88 s of silence at its end left out" in told.out
    assert f"HannFade through NSynth ({how}, seed 7), 0.02 s, 16000 Hz, mono" in told.out
    assert told.err == f"deepbass: decoding takes a few seconds ({how})\n"
    names = [
        "Exp_NSynth.wav", "Exp_nsynth_roughness.txt", "begin.wav", "begin_enc.npy", "end.wav",
        "end_enc.npy",
    ]  # fmt: skip
    assert sorted(path.name for path in (songs / "out").iterdir()) == names
    assert all(f"    {name}\n" in told.out for name in names if name != names[1])


def test_a_rate_that_nsynth_does_not_know_is_said(
    songs: Path, model_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nsynth_config(songs, rate_hz=44_100)
    assert main(NSYNTH) == 0
    assert "no rate but 16000 Hz: samplingrate = 44100 is not used" in capsys.readouterr().err


def test_the_model_of_the_flag_comes_before_that_of_the_configuration_and_the_default(
    songs: Path, model_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    install("other", seed=2)
    config = small_config()
    weights.save(songs / "beside.safetensors", config, random_weights(config, 3), origin="a test")
    assert models.default_name() == "other"
    for in_config, flag, used in (
        ("", [], "other"),
        (model_name, [], model_name),
        ("beside.safetensors", [], "beside"),
        ("beside.safetensors", ["--model", model_name], model_name),
    ):
        nsynth_config(songs, in_config)
        assert main([*NSYNTH, *flag]) == 0
        assert f"(model {used}, cpu" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("in_config", "flags", "said"),
    [
        ("missing.ckpt", [], "model weights in [IO] is 'missing.ckpt'"),
        ("Song1.wav", [], "Song1.wav"),
        ("", ["--model", "missing"], "there is no model named 'missing'"),
        ("", ["--device", "cuda", "--precision", "int8"], "cuda can"),
    ],
)
def test_what_can_not_be_had_for_nsynth_is_said_in_one_line_and_leaves_nothing(
    songs: Path,
    model_name: str,
    capsys: pytest.CaptureFixture[str],
    in_config: str,
    flags: list[str],
    said: str,
) -> None:
    nsynth_config(songs, in_config)
    assert main([*NSYNTH, *flags]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.count("\n") == 1
    assert not (songs / "out").exists()


@pytest.mark.usefixtures("nothing_bundled")
def test_without_any_model_nsynth_says_how_to_get_one(
    songs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(songs / "data"))
    nsynth_config(songs)
    assert main(NSYNTH) == 2
    assert "deepbass model import" in capsys.readouterr().err


def test_the_seed_is_that_of_random_linear_too(songs: Path) -> None:
    main(["config", "new"])
    edited(songs / "config.ini", firstsong="Song1.wav", secondsong="Song2.wav", time="1")
    text = (songs / "config.ini").read_text()
    (songs / "config.ini").write_text(text.replace("Style = Linear\n", "Style = Random_Linear\n"))
    mixes = []
    for seed in ([], ["--seed", "0"], ["--seed", "1"]):
        assert main(["crossfade", *seed]) == 0
        mixes.append((songs / "crossfade" / "Exp1_simple.wav").read_bytes())
    assert mixes[0] == mixes[1] != mixes[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["crossfade"], "config.ini: does not exist"),
        (["crossfade", "--config", "bad.ini"], "bad.ini, line 2: there is no key 'firstsng'"),
        (["crossfade", "--config", "Song1.wav"], "Song1.wav: is no configuration file"),
        (["config", "show", "--config", "bad.ini"], "did you mean firstsong?"),
        (["config", "new", "bad.ini"], "bad.ini: exists already"),
        (["config", "new", "missing/config.ini"], "make its folder first"),
    ],
)
def test_a_mistake_is_said_in_one_line_and_ends_with_exit_code_2(
    songs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    (songs / "bad.ini").write_text("[IO]\nfirstsng = Song1.wav\n")
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["crossfade", "--method", "loud"], ["config"]])
def test_what_there_is_not_is_bad_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: deepbass" in capsys.readouterr().err


def test_config_new_replaces_a_file_when_told(songs: Path) -> None:
    path = songs / "my file.ini"
    path.write_text("old")
    assert main(["config", "new", str(path), "--overwrite"]) == 0
    assert path.read_text() == legacy_ini.new_text()


def test_config_show_tells_values_and_defaults(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (songs / "config.ini").write_text(
        "[IO]\nfirstsong = Song1.wav\nsecondsong = Song2.wav\nload directory = .\n"
        "save directory = out\nsave name = Exp\n[Simple XFade Settings]\nstyle = sigmoid\n"
    )
    assert main(["config", "show", "--config", "config.ini"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "samplingrate = 16000    (default)" in lines
    assert "Style = Sigmoid" in lines
    assert f"firstsong = {songs / 'Song1.wav'}" in lines


def test_config_show_without_a_file_tells_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "SR window duration = 30" in lines
    assert "firstsong = (must be given)" in lines

"""Flags are made from the declared settings; a bad value names its flag and what is allowed."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from deepbass_engine.cli.flags import add_flags, settings_from
from deepbass_engine.cli.main import main
from deepbass_engine.settings import (
    CURVES,
    MixSettings,
    OutputSettings,
    TransitionSpec,
    described,
)


@pytest.mark.parametrize(
    ("flag", "value", "allowed"),
    [
        ("--method", "magic", "choose from 'simple'"),
        ("--curve", "flat", "known curves: " + ", ".join(CURVES)),
        ("--curve", "tri:flat", "no fade curve named 'flat'"),
        ("--curve", ":tri", "no fade curve named ''"),
        ("--duration", "long", "'long' is not a number"),
        ("--duration", "-1", "-1 is not between 0 and 600"),
        ("--duration", "601", "601 is not between 0 and 600"),
        ("--duration", "nan", "nan is not between 0 and 600"),
        ("--duration", "inf", "inf is not between 0 and 600"),
        ("--seed", "1.5", "'1.5' is not a whole number"),
        ("--seed", "-1", "-1 is not between 0 and 9223372036854775807"),
        ("--seed", str(2**63), "is not between 0 and 9223372036854775807"),
        ("--trim", "all", "choose from 'loudness', 'rms', 'none'"),
        ("--rate", "44.1k", "'44.1k' is not a whole number"),
        ("--rate", "7999", "7999 is not between 8000 and 192000"),
        ("--rate", "192001", "192001 is not between 8000 and 192000"),
        ("--subtype", "PCM_8", "choose from 'PCM_16', 'PCM_24', 'FLOAT'"),
        ("--jobs", "two", "'two' is not a whole number"),
        ("--jobs", "-1", "-1 is not between 0 and 256"),
        ("--jobs", "257", "257 is not between 0 and 256"),
    ],
)
def test_a_bad_value_names_its_flag_and_what_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, value: str, allowed: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["mix", "a.wav", "-o", str(tmp_path / "mix.wav"), flag, value])
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"error: argument {flag}: " in err
    assert allowed in err
    assert list(tmp_path.iterdir()) == []


def test_every_setting_is_a_flag_of_mix_with_its_help_and_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["mix", "--help"])
    text = "".join(capsys.readouterr().out.split())  # however the lines are broken
    for kind in (TransitionSpec, MixSettings, OutputSettings):
        for setting in described(kind):
            names = setting.metavar or "{" + ",".join(setting.choices) + "}"
            default = "" if setting.default in (None, "") else f"(default: {setting.default})"
            if setting.name == "method":  # auto is the command's, not a setting
                names, default = "{simple,nsynth,auto}", ""
            if setting.name in ("style", "target_lufs"):  # so are these defaults
                default = "(default: "
            line = f"{setting.flag} {names} {setting.help} {default}"
            assert "".join(line.split()) in text


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_flags(parser, TransitionSpec)
    return parser.parse_args(words)


def test_flags_that_are_given_make_the_settings() -> None:
    args = parsed("--curve", "tri:qsin", "--duration", "2.5", "--seed", "7")
    assert settings_from(args, TransitionSpec) == TransitionSpec(
        curve="tri:qsin", duration_s=2.5, seed=7
    )


def test_flags_that_are_not_given_leave_the_base_as_it_is() -> None:
    base = TransitionSpec(curve="tri", duration_s=3.0, seed=4)
    assert settings_from(parsed("--seed", "5"), TransitionSpec, base) == TransitionSpec(
        curve="tri", duration_s=3.0, seed=5
    )
    # a value that happens to be the default is a choice too
    assert settings_from(parsed("--seed", "0"), TransitionSpec, base).seed == 0


def test_only_the_settings_named_become_flags() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser, MixSettings, "trim")
    assert vars(parser.parse_args(["--trim", "none"])) == {"trim": "none"}
    with pytest.raises(SystemExit):
        parser.parse_args(["--rate", "44100"])

"""`deepbass mix --search` and `--method auto`: what is chosen, said, saved and reported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import signals
from commands import called
from mixes import samples_of
from nsynth_mixes import model_name as model_name

from deepbass_engine import project_file

RATE_HZ = 8000


def chord(*frequencies_hz: float, duration_s: float) -> np.ndarray:
    return sum(signals.sine(f, duration_s, RATE_HZ, amplitude=0.1) for f in frequencies_hz)


@pytest.fixture
def tracks(tmp_path: Path) -> list[Path]:
    """Two tracks that clash where the first one ends."""
    clean, clash = (
        chord(*(detuned * f for f in (400, 500, 600)), duration_s=duration_s)
        for detuned, duration_s in ((1.0, 12), (1.06, 2))
    )
    return [
        signals.write(tmp_path / "one.wav", np.concatenate([clean, clash]), RATE_HZ),
        signals.write(tmp_path / "two.wav", clean, RATE_HZ),
    ]


def mixed(tracks: list[Path], out: Path, *flags: str | Path):
    return called("mix", *tracks, "-o", out, "--no-trim", "--duration", "1", *flags)


def test_a_better_transition_is_mixed_said_reported_and_saved(
    tracks: list[Path], tmp_path: Path
) -> None:
    flags = ("--report", tmp_path / "r.json", "--save-project", tmp_path / "set.deepbass")
    outcome = mixed(tracks, tmp_path / "mix.wav", "--search", "12", *flags)
    assert (outcome.code, outcome.err) == (0, "")
    fade = json.loads((tmp_path / "r.json").read_text())["transitions"][0]
    assert fade["because"].startswith("search: ")
    assert "clash" in fade["because"]
    assert fade["reasons"] == []
    assert f"transition 1: {fade['because']}" in outcome.out.splitlines()
    project = project_file.load(tmp_path / "set.deepbass")
    assert project.transitions[0].because == fade["because"]
    assert project.tracks[0].span.end_frame < 14 * RATE_HZ
    again = called("mix", "-o", tmp_path / "again.wav", "--project", tmp_path / "set.deepbass")
    assert again.code == 0
    np.testing.assert_array_equal(*(samples_of(tmp_path / f"{n}.wav") for n in ("mix", "again")))


def test_without_it_nothing_is_searched(tracks: list[Path], tmp_path: Path) -> None:
    outcome = mixed(tracks, tmp_path / "mix.wav", "--report", tmp_path / "r.json")
    fade = json.loads((tmp_path / "r.json").read_text())["transitions"][0]
    assert fade["because"] == ""
    assert "search" not in outcome.out


@pytest.mark.usefixtures("nothing_bundled")
def test_auto_without_a_model_keeps_the_plain_fade_and_says_why(
    tracks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(tmp_path / "data"))
    outcome = mixed(tracks, tmp_path / "auto.wav", "--method", "auto")
    assert outcome.code == 0
    assert "there is no model" in outcome.err
    assert "transition 1: search: 1.0 s equal_power stays" in outcome.out
    assert mixed(tracks, tmp_path / "plain.wav").code == 0
    np.testing.assert_array_equal(*(samples_of(tmp_path / f"{n}.wav") for n in ("auto", "plain")))


def test_auto_with_a_model_compares_both_and_reports_by_how_much(
    tracks: list[Path], tmp_path: Path, model_name: str
) -> None:
    outcome = mixed(
        tracks, tmp_path / "mix.wav", "--method", "auto", "--report", tmp_path / "r.json",
        "--device", "cpu", "--precision", "float32",
    )  # fmt: skip
    assert outcome.code == 0
    fade = json.loads((tmp_path / "r.json").read_text())["transitions"][0]
    kept, other = fade["method"], {"simple": "nsynth", "nsynth": "simple"}[fade["method"]]
    said = {"simple": f"the best {other} one", "nsynth": "instead of 1.0 s equal_power"}[kept]
    assert said in fade["because"]
    assert f"{fade['score']:.2f}" in fade["because"]


@pytest.mark.parametrize("n_candidates", ["1", "201", "many"])
def test_a_number_out_of_range_is_refused(
    tracks: list[Path], tmp_path: Path, n_candidates: str
) -> None:
    outcome = mixed(tracks, tmp_path / "mix.wav", "--search", n_candidates)
    assert outcome.code == 2
    assert "--search" in outcome.err


def test_what_must_not_be_written_is_refused_before_anything_is_searched(
    tracks: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "mix.wav").write_text("mine")
    outcome = mixed(tracks, tmp_path / "mix.wav", "--search", "200")
    assert outcome.code == 2
    assert (tmp_path / "mix.wav").read_text() == "mine"


def test_a_reason_goes_when_what_it_rests_on_is_set_otherwise(
    tracks: list[Path], tmp_path: Path
) -> None:
    saved = tmp_path / "set.deepbass"
    mixed(tracks, tmp_path / "mix.wav", "--search", "4", "--save-project", saved)
    assert project_file.load(saved).transitions[0].because
    flags = ("--curve", "tri", "--report", tmp_path / "r.json")
    assert called("mix", "-o", tmp_path / "x.wav", "--project", saved, *flags).code == 0
    assert json.loads((tmp_path / "r.json").read_text())["transitions"][0]["because"] == ""

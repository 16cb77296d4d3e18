"""`deepbass mix --style`, `--loudness` and `--order`: what holds where nothing is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from dj_libraries_writer import rekordbox, rekordbox_list, rekordbox_track, tempo
from loops import RATE_HZ, loop
from mixes import samples_of

from deepbass_engine.analysis.loudness import LoudnessMeter, integrated_lufs
from deepbass_engine.analysis.true_peak import true_peak_plain
from deepbass_engine.audio.channels import LAYOUTS
from deepbass_engine.cli.main import main
from deepbass_engine.project_file import load
from deepbass_engine.units import db_from_gain


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two loops of 60 s, near in tempo."""
    found = tmp_path_factory.mktemp("style")
    for name, tempo_bpm in (("a", 122.0), ("b", 125.0)):
        soundfile.write(
            found / f"{name}.wav", loop("house", tempo_bpm, seconds=60.0).samples, RATE_HZ
        )
    return found


def mixed(folder: Path, out: Path, *flags: str) -> dict:
    report = out.with_suffix(".json")
    words = ["mix", str(folder), "-o", str(out), "--report", str(report), "--quiet", *flags]
    assert main(words) == 0
    document: dict = json.loads(report.read_text())
    return document


def test_with_nothing_said_tracks_are_joined_on_the_beat_and_evenly_loud(
    folder: Path, tmp_path: Path
) -> None:
    document = mixed(folder, tmp_path / "mix.wav", "--save-project", str(tmp_path / "p.deepbass"))
    (transition,) = document["transitions"]
    assert transition["join"]["tempo_bpm"] == pytest.approx((122.0 * 125.0) ** 0.5, rel=1e-3)
    assert "bars on the beat" in transition["because"]
    assert transition["quality"]["kicks"]["value"] < 5.0
    assert all(track["gain_db"] != 0.0 for track in document["tracks"])
    assert document["peak_dbfs"] <= -1.0 + 0.05
    considered = transition["join"]["considered"]
    assert [each["total"] for each in considered] == sorted(each["total"] for each in considered)
    assert considered[0]["total"] == pytest.approx(sum(considered[0]["points"].values()))
    project = load(tmp_path / "p.deepbass")
    assert (project.default.style, project.mix.target_lufs) == ("auto", -14.0)


def test_a_saved_project_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    mixed(folder, tmp_path / "one.wav", "--save-project", str(tmp_path / "p.deepbass"))
    words = ["mix", "--project", str(tmp_path / "p.deepbass"), "-o", str(tmp_path / "two.wav")]
    assert main([*words, "--quiet"]) == 0
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()


@pytest.mark.parametrize(
    "flags", [("--duration", "8"), ("--curve", "equal_power"), ("--style", "plain"), ("--no-trim",)]
)
def test_who_says_how_gets_plain_fades_of_untouched_samples(
    folder: Path, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    document = mixed(folder, tmp_path / "mix.wav", "--subtype", "FLOAT", *flags)
    (transition,) = document["transitions"]
    assert transition["join"] is None
    assert [track["gain_db"] for track in document["tracks"]] == [0.0, 0.0]
    n = transition["start_frame"]
    start = round(document["tracks"][0]["span_s"][0] * RATE_HZ)
    mix, own = samples_of(tmp_path / "mix.wav"), samples_of(folder / "a.wav")
    np.testing.assert_array_equal(mix[:n], own[start : start + n])


def test_a_style_that_is_named_comes_before_what_flags_mean(folder: Path, tmp_path: Path) -> None:
    document = mixed(folder, tmp_path / "mix.wav", "--style", "auto", "--curve", "tri")
    (transition,) = document["transitions"]
    assert transition["join"] is not None
    assert transition["curve"] == "tri"


def test_loudness_can_be_named(folder: Path, tmp_path: Path) -> None:
    document = mixed(folder, tmp_path / "mix.wav", "--style", "plain", "--loudness", "-23")
    quieter = mixed(folder, tmp_path / "two.wav", "--style", "plain", "--loudness", "-26")
    for one, other in zip(document["tracks"], quieter["tracks"], strict=True):
        assert one["gain_db"] - other["gain_db"] == pytest.approx(3.0)


def test_an_order_is_found_and_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--order", "auto", "--duration", "2"]
    assert main(["mix", str(folder), "-o", str(tmp_path / "mix.wav"), *flags]) == 0
    assert "BPM" in "".join(capsys.readouterr())


def test_a_dj_library_gives_order_beats_and_keys(folder: Path, tmp_path: Path) -> None:
    """Its beats are a bar's half off for the ear, and it has the key that it says."""
    marks = {"b": ("0.3000", "125.00", "3"), "a": ("0.3000", "122.00", "1")}
    tracks = [
        rekordbox_track(
            number, (folder / f"{name}.wav").as_uri(), tempo(start, bpm, beat), Tonality="Am"
        )
        for number, (name, (start, bpm, beat)) in enumerate(marks.items(), start=1)
    ]
    library = tmp_path / "dj.xml"
    lists = [rekordbox_list("Early", "1"), rekordbox_list("Late", "1", "2")]
    library.write_text(rekordbox(tracks, lists))
    saved, late = tmp_path / "p.deepbass", Path(f"{library}#Late")
    document = mixed(late, tmp_path / "mix.wav", "--save-project", str(saved))
    assert [Path(track["path"]).stem for track in document["tracks"]] == ["b", "a"]
    assert {track["key"] for track in document["tracks"]} == {"A minor"}
    (transition,) = document["transitions"]
    assert transition["join"] is not None
    assert transition["quality"]["kicks"]["value"] < 5.0
    rows = load(saved).tracks
    assert [row.beats.first_downbeat for row in rows if row.beats] == [2, 0]


def test_a_dj_library_of_several_lists_names_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "dj.xml"
    track = rekordbox_track(1, (folder / "a.wav").as_uri())
    library.write_text(rekordbox([track], [rekordbox_list("One", "1"), rekordbox_list("Two", "1")]))
    assert main(["mix", str(library), "-o", str(tmp_path / "mix.wav")]) != 0
    told = "".join(capsys.readouterr())
    assert "One, Two" in told
    assert "#One" in told


def test_pinned_tracks_keep_their_places(folder: Path, tmp_path: Path) -> None:
    saved = tmp_path / "p.deepbass"
    flags = ["--order", "auto", "--pin", "first, 2", "--save-project", str(saved)]
    document = mixed(folder, tmp_path / "mix.wav", *flags)
    assert [Path(track["path"]).stem for track in document["tracks"]] == ["a", "b"]
    assert [track.is_pinned for track in load(saved).tracks] == [True, True]


@pytest.mark.parametrize("places", ["0", "3", "x", "1,,2", "first,9"])
def test_a_place_that_is_none_is_refused(
    folder: Path, tmp_path: Path, places: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["mix", str(folder), "-o", str(tmp_path / "mix.wav"), "--order", "auto"]
    assert main([*words, "--pin", places]) == 2
    assert "no place among 2 tracks" in capsys.readouterr().err


def test_surround_comes_to_the_loudness_and_under_the_ceiling_as_it_is_mixed(
    tmp_path: Path,
) -> None:
    """Folded to stereo six channels are louder than any of them."""
    found = tmp_path / "surround"
    found.mkdir()
    for name, tempo_bpm in (("a", 122.0), ("b", 125.0)):
        stereo = loop("house", tempo_bpm, seconds=40.0).samples
        six = np.tile(stereo[:, :1], (1, 6)) * np.array([0.9, 0.9, 0.9, 0.3, 0.8, 0.8])
        soundfile.write(found / f"{name}.wav", six, RATE_HZ)
    mixed(found, tmp_path / "mix.wav", "--subtype", "FLOAT", "--loudness", "-20")
    mix = samples_of(tmp_path / "mix.wav")
    meter = LoudnessMeter(RATE_HZ, LAYOUTS[2])
    meter.push(mix)
    assert db_from_gain(true_peak_plain(mix, RATE_HZ)) <= -1.0 + 0.05
    assert integrated_lufs(meter.finish()) == pytest.approx(-20.0, abs=0.3)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--pin", "first"), "--order auto"),
        (("--style", "plain", "--bars", "8"), "--style auto"),
        (("--duration", "5", "--bars", "8"), "--style auto"),
    ],
)
def test_flags_that_would_do_nothing_are_refused(
    folder: Path,
    tmp_path: Path,
    flags: tuple[str, ...],
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["mix", str(folder), "-o", str(tmp_path / "mix.wav")]
    assert main([*words, *flags]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "mix.wav").exists()

"""`deepbass demo`: a mix with no files of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import encoders
import pytest
import soundfile
from commands import deepbass

from deepbass_engine.cli.main import main


def test_the_demo_mixes_three_unlike_tracks_and_says_where_everything_is(tmp_path: Path) -> None:
    outcome = deepbass("demo", cwd=tmp_path)
    assert (outcome.code, outcome.err) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "deepbass-demo-tracks", "deepbass-demo.report.json", "deepbass-demo.wav",
    ]  # fmt: skip
    for path in tmp_path.iterdir():
        assert str(path) in outcome.out

    report = json.loads((tmp_path / "deepbass-demo.report.json").read_text())
    tracks = [Path(track["path"]) for track in report["tracks"]]
    infos = [soundfile.info(track) for track in tracks]
    assert [(info.samplerate, info.channels) for info in infos] == [
        (44_100, 1), (44_100, 2), (48_000, 2),
    ]  # fmt: skip
    for track, info in zip(report["tracks"], infos, strict=True):
        assert track["span_s"][0] > 0.1
        assert track["span_s"][1] < info.duration - 0.1
    assert report["problems"] == []
    assert [t["frames"] for t in report["transitions"]] == [4 * 48_000] * 2
    assert not any(t["shortened_because"] for t in report["transitions"])
    assert report["clipped_frames"] == 0

    mix = tmp_path / "deepbass-demo.wav"
    length = encoders.run("soxi", "-s", mix) if encoders.program("soxi") else ""
    assert int(length) == report["frames"] == soundfile.info(mix).frames


def test_its_own_default_is_replaced_at_every_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    first = (tmp_path / "deepbass-demo.wav").read_bytes()
    (tmp_path / "deepbass-demo.wav").write_text("something else")
    assert main(["demo"]) == 0
    assert (tmp_path / "deepbass-demo.wav").read_bytes() == first


@pytest.mark.parametrize("in_the_way", ["my.flac", "my.report.json"])
def test_a_file_of_the_users_is_kept_unless_told_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], in_the_way: str
) -> None:
    (tmp_path / in_the_way).write_text("precious")
    assert main(["demo", "-o", str(tmp_path / "my.flac")]) == 2
    assert f"{in_the_way}: exists already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [in_the_way]
    assert main(["demo", "-o", str(tmp_path / "my.flac"), "--overwrite"]) == 0
    assert soundfile.info(tmp_path / "my.flac").frames > 0


@pytest.mark.parametrize("name", ["missing/my.wav", "my.mp3"])
def test_a_place_that_takes_no_mix_is_refused_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["demo", "-o", str(tmp_path / name)]) == 2
    assert f"{tmp_path}/{name}: can't be written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_its_tracks_should_go_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my-tracks").touch()
    assert main(["demo", "-o", str(tmp_path / "my.wav")]) == 2
    assert f"{tmp_path}/my-tracks: can't be made" in capsys.readouterr().err


def test_a_full_disk_is_said_as_one_line(tmp_path: Path) -> None:
    outcome = deepbass("demo", cwd=tmp_path, largest_file_bytes=300_000)
    assert outcome.code == 2
    (line,) = outcome.err.splitlines()
    assert line.startswith(f"deepbass: {tmp_path}/deepbass-demo-tracks/")
    assert "File too large" in line


def test_tracks_that_stand_there_already_are_not_replaced_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "my-tracks" / "1 drums.wav"
    mine.parent.mkdir()
    mine.write_text("my own")
    assert main(["demo", "-o", str(tmp_path / "my.wav")]) == 2
    assert f"{mine.parent}: exists already" in capsys.readouterr().err
    assert mine.read_text() == "my own"

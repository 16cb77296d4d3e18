from __future__ import annotations

import os
from pathlib import Path

import pytest

from deepbass_engine.paths import absolute, found, home, kept


@pytest.mark.parametrize(
    ("path", "folder", "text"),
    [
        ("/m/set/one.wav", "/m/set", "one.wav"),
        ("/m/set/a/b/one.wav", "/m/set", "a/b/one.wav"),
        ("/m/a/one.wav", "/m/set/deep", "../../a/one.wav"),
        ("/media/one.wav", "/m/set", "/media/one.wav"),
        ("//share/one.wav", "/m/set", "//share/one.wav"),
        ("/m/x/../one.wav", "/m/set", "/m/x/../one.wav"),
    ],
    ids=["beside", "below", "above", "only the root in common", "double slash", "dots kept"],
)
def test_a_path_is_kept_relative_where_it_leads_back_to_itself(
    path: str, folder: str, text: str
) -> None:
    assert kept(Path(path), Path(folder)) == text
    assert found(text, Path(folder)) == Path(path)


def test_dots_are_left_out_and_links_are_kept(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert absolute(tmp_path / "real" / ".." / "link" / "x.wav") == tmp_path / "link" / "x.wav"


def test_dots_stay_where_leaving_them_out_would_name_another_file(tmp_path: Path) -> None:
    (tmp_path / "far" / "folder").mkdir(parents=True)
    (tmp_path / "far" / "x.wav").write_text("the one meant")
    (tmp_path / "x.wav").write_text("another")
    (tmp_path / "link").symlink_to("far/folder")
    path = absolute(tmp_path / "link" / ".." / "x.wav")
    assert path.is_absolute()
    assert path.read_text() == "the one meant"


def test_no_relative_path_is_made_through_a_linked_folder_that_leads_elsewhere(
    tmp_path: Path,
) -> None:
    (tmp_path / "far" / "lists").mkdir(parents=True)
    (tmp_path / "lists").symlink_to("far/lists")
    assert kept(tmp_path / "x.wav", tmp_path / "lists") == str(tmp_path / "x.wav")


def test_a_relative_path_starts_at_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute(Path("a/../x.wav")) == Path(os.path.realpath(tmp_path)) / "x.wav"


def test_a_linked_file_s_home_is_where_the_real_one_lies(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "list.m3u").touch()
    (tmp_path / "link.m3u").symlink_to("real/list.m3u")
    assert home(tmp_path / "link.m3u") == tmp_path / "real"
    assert home(tmp_path / "real" / "list.m3u") == tmp_path / "real"

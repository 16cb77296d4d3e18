"""A playlist in an order in which its tracks go together."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from loops import RATE_HZ, loop
from msgspec.structs import replace

from deepbass_engine.analysis.track import analyze_tracks
from deepbass_engine.errors import InputError
from deepbass_engine.mix.order import TrackTraits
from deepbass_engine.mix.ordering import in_order, traits_of
from deepbass_engine.project import Project, tracks_of

TEMPI = (128.0, 120.0, 124.0, 122.0, 126.0)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("order")
    for tempo_bpm in TEMPI:
        path = folder / f"{tempo_bpm:.0f}.wav"
        soundfile.write(path, loop("house", tempo_bpm, seconds=20.0).samples, RATE_HZ)
    return [folder / f"{tempo_bpm:.0f}.wav" for tempo_bpm in TEMPI]


def names(project: Project) -> list[str]:
    return [track.path.stem for track in project.tracks]


def test_tempi_that_are_near_come_together(paths: list[Path]) -> None:
    project = Project(tracks=tracks_of(paths))
    ordered, found = in_order(project, analyze_tracks(paths, music=True))
    assert names(ordered) in (sorted(names(project)), sorted(names(project), reverse=True))
    assert found.cost_after < found.cost_before
    assert all("BPM" in join.reason for join in found.joins)


@pytest.mark.parametrize("pinned", [(0, 4), (2,), (1, 3)])
def test_rows_that_are_pinned_stay(paths: list[Path], pinned: tuple[int, ...]) -> None:
    rows = tracks_of(paths)
    rows = tuple(replace(row, is_pinned=i in pinned) for i, row in enumerate(rows))
    project = Project(tracks=rows)
    ordered, _ = in_order(project, analyze_tracks(paths, music=True))
    assert [names(ordered)[i] for i in pinned] == [names(project)[i] for i in pinned]
    assert sorted(names(ordered)) == sorted(names(project))


def test_of_what_can_not_be_used_nothing_is_known() -> None:
    assert traits_of(InputError("is no audio", path=Path("a"))) == TrackTraits()


def test_an_empty_playlist_stays_empty() -> None:
    assert in_order(Project(), [])[0] == Project()

"""The style auto settled by what is measured."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from loops import RATE_HZ, loop

from deepbass_engine.analysis.track import TrackAnalysis, analyze_tracks
from deepbass_engine.errors import Cancelled
from deepbass_engine.mix.measured_style import settle_styles
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.plan import plan_mix
from deepbass_engine.mix.playback import audio_around
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import CancelToken
from deepbass_engine.project import Project, Transition, tracks_of
from deepbass_engine.settings import TransitionSpec


def loops_in(folder: Path) -> list[Path]:
    """Two loops that go together, and one whose begin is a minor second away and hisses."""
    paths = []
    for number, (tempo_bpm, bass_hz, noise) in enumerate(
        ((122.0, 55.0, 0.0), (124.0, 55.0, 0.0), (123.0, 58.27, 0.9))
    ):
        made = loop("house", tempo_bpm, seconds=60.0, bass_hz=bass_hz, noise=noise, seed=number)
        paths.append(folder / f"{number}.wav")
        soundfile.write(paths[-1], made.samples, RATE_HZ, subtype="FLOAT")
    return paths


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> list[TrackAnalysis]:
    found = analyze_tracks(loops_in(tmp_path_factory.mktemp("loops")), music=True)
    return [analysis for analysis in found if isinstance(analysis, TrackAnalysis)]


def project_of(heard: list[TrackAnalysis], **default: object) -> Project:
    rows = tracks_of(analysis.source.path for analysis in heard)
    return Project(tracks=rows, default=TransitionSpec(style="auto", **default))


def scores(project: Project, heard: list[TrackAnalysis]) -> list[float]:
    plan = plan_mix(project, heard)
    found = []
    for fade in plan.fades:
        audio = audio_around(plan, fade.index)
        assert audio is not None
        found.append(measure(audio, project.limits).quality.score)
    return found


def plain(project: Project) -> Project:
    default = msgspec.structs.replace(project.default, style="plain")
    return msgspec.structs.replace(project, default=default)


@pytest.mark.slow
def test_no_pair_is_worse_than_a_plain_fade_and_none_worse_than_foretold(
    heard: list[TrackAnalysis],
) -> None:
    project = project_of(heard)
    settled = scores(settle_styles(project, heard).project, heard)
    for other in (project, plain(project)):
        assert np.all(np.array(settled) <= np.array(scores(other, heard)) + 0.0101)


def test_what_is_better_otherwise_is_taken_and_it_is_said(heard: list[TrackAnalysis]) -> None:
    """Where almost nothing but roughness counts, a shorter one is better than what is foretold."""
    project = project_of(heard[:2])
    strict = msgspec.structs.replace(project.limits, roughness=1e-3)
    project = msgspec.structs.replace(project, limits=strict)
    found = settle_styles(project, heard[:2])
    assert (found.n_measured, found.n_changed, found.errors) == (1, 1, ())
    settled = found.project
    before, after = (scores(each, heard[:2])[0] for each in (project, settled))
    (own,) = settled.transitions
    assert after < before
    assert own.style == "plain" or own.bars
    assert own.because.startswith("the style auto: ")
    assert "instead of" in own.because
    assert f"(score {after:.2f} instead of {before:.2f})" in own.because
    assert "rough" in own.because
    assert plan_mix(settled, heard[:2]).fades[0].because == own.because


@pytest.mark.parametrize("own", [{"duration_s": 7.0}, {"bars": 4}, {"curve": "tri"}])
def test_what_a_person_chose_stays(heard: list[TrackAnalysis], own: dict[str, object]) -> None:
    project = project_of(heard[:2])
    first, second = project.tracks
    chosen = Transition(out_track=first.id, in_track=second.id, **own)
    project = msgspec.structs.replace(project, transitions=(chosen,))
    found = settle_styles(project, heard[:2])
    assert (found.project, found.n_measured, found.n_changed) == (project, 0, 0)


def test_what_was_measured_is_measured_anew_and_let_go_where_it_is_no_longer_better(
    heard: list[TrackAnalysis],
) -> None:
    project = project_of(heard[:2])
    strict = msgspec.structs.replace(project.limits, roughness=1e-3)
    settled = settle_styles(msgspec.structs.replace(project, limits=strict), heard[:2]).project
    again = settle_styles(settled, heard[:2])
    assert (again.project, again.n_measured, again.n_changed) == (settled, 1, 0)
    usual = msgspec.structs.replace(settled, limits=project.limits).without_reasons()
    (own,) = usual.transitions
    assert own.is_measured
    assert "score" not in own.because
    relaxed = settle_styles(usual, heard[:2])
    assert relaxed.project == settle_styles(project, heard[:2]).project
    assert relaxed.n_changed == 1


def test_a_track_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    paths = loops_in(tmp_path)[:2]
    found = [each for each in analyze_tracks(paths, music=True) if isinstance(each, TrackAnalysis)]
    paths[1].unlink()
    settled = settle_styles(project_of(found), found)
    assert (settled.project, settled.n_measured) == (project_of(found), 0)
    (error,) = settled.errors
    assert error.path == paths[1]


@pytest.mark.slow
def test_it_is_the_same_from_any_number_of_workers_and_from_what_was_kept(
    heard: list[TrackAnalysis], tmp_path: Path
) -> None:
    project, store = project_of(heard), TransitionStore(tmp_path)
    found = [
        settle_styles(project, heard, store=store, jobs=2),
        settle_styles(project, heard, store=store, jobs=1),
        settle_styles(project, heard, jobs=1),
    ]
    assert found[0] == found[1] == found[2]
    assert list(tmp_path.glob("*.measured"))


def test_it_can_be_cancelled(heard: list[TrackAnalysis]) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        settle_styles(project_of(heard), heard, cancel=cancel)

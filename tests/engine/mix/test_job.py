"""From a project to a mix: what is refused before any work, and what is passed on."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest
import signals
import soundfile
from nsynth_mixes import exact_output, nsynth_project
from quickly import assert_within, best_of_three

from deepbass_engine.audio.content_hash import content_hash
from deepbass_engine.errors import (
    Cancelled,
    DeepBassError,
    DeviceError,
    ModelError,
    OutputError,
    PlanError,
)
from deepbass_engine.mix.job import mix_project, with_content_hashes
from deepbass_engine.mix.report import ReportedMorph
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.nsynth import decoder_cuda, models
from deepbass_engine.nsynth.backends import DeviceFacts
from deepbass_engine.progress import CancelToken, Progress
from deepbass_engine.project import Problem, Project, Span, Track, Transition, tracks_of
from deepbass_engine.settings import MixSettings, OutputSettings, TransitionSpec

RATE_HZ = 8000
NO_GPU = DeviceFacts(device="cuda", name="", precisions=(), reasons=("there is no driver",))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two tracks of two seconds."""
    paths = [
        signals.write(tmp_path / f"{name}.wav", signals.music(2, RATE_HZ), RATE_HZ) for name in "ab"
    ]
    return Project(tracks=tracks_of(paths), default=TransitionSpec(duration_s=0.5))


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


class Listener:
    """Remembers the stages that were begun."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def __call__(self, progress: Progress) -> None:
        if progress.stage not in self.stages:
            self.stages.append(progress.stage)


def refusal(
    project: Project,
    target: Path,
    *,
    overwrite: bool = False,
    beside: list[Path] | None = None,
    also_read: list[Path] | None = None,
    subtype: str = "PCM_24",
) -> DeepBassError:
    """The error of a mix that is refused before any work; it must have changed nothing."""
    folder = project.tracks[0].path.parent
    before, listener = files_in(folder), Listener()
    with pytest.raises(OutputError) as caught:
        mix_project(
            project,
            target,
            OutputSettings(subtype=subtype),
            overwrite=overwrite,
            beside=beside or [],
            also_read=also_read or [],
            on_progress=listener,
        )
    assert listener.stages == []
    assert files_in(folder) == before
    assert caught.value.hint
    return caught.value


def test_a_mix_is_analysed_then_rendered_and_reported(project: Project, tmp_path: Path) -> None:
    listener = Listener()
    report = mix_project(project, tmp_path / "mix.wav", on_progress=listener)
    assert listener.stages == ["analysing", "rendering"]
    assert soundfile.info(tmp_path / "mix.wav").frames == report.frames == 28_000
    assert report.problems == ()


def test_the_projects_own_settings_are_used(project: Project, tmp_path: Path) -> None:
    tracks = (project.tracks[0], Track(path=project.tracks[1].path, id="b", span=Span(0, 8000)))
    project = Project(
        tracks=tracks,
        default=TransitionSpec(duration_s=0.25, curve="tri", seed=9),
        mix=MixSettings(sample_rate_hz=16_000),
    )
    report = mix_project(project, tmp_path / "m.wav", OutputSettings(subtype="FLOAT"))
    assert soundfile.info(tmp_path / "m.wav").samplerate == 16_000
    assert soundfile.info(tmp_path / "m.wav").subtype == "FLOAT"
    assert report.frames == 32_000 + 16_000 - 4000
    assert (report.transitions[0].curve, report.transitions[0].seed) == ("tri", 9)


def test_transitions_are_kept_and_the_mix_is_the_same(project: Project, tmp_path: Path) -> None:
    target, store = tmp_path / "mix.wav", TransitionStore(tmp_path / "store")
    mix_project(project, target)
    plain = target.read_bytes()
    for _ in range(2):
        mix_project(project, target, overwrite=True, transitions=store)
        assert target.read_bytes() == plain
    assert len(list((tmp_path / "store").iterdir())) == 1


def test_earlier_problems_go_into_the_report(project: Project, tmp_path: Path) -> None:
    problem = Problem(Path("/list.m3u"), 3, "there is no file x", "")
    report = mix_project(project, tmp_path / "mix.wav", problems=[problem])
    assert report.problems == (problem,)


def test_a_project_without_a_usable_track_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    project = Project(tracks=tracks_of([tmp_path / "a.wav"]))
    with pytest.raises(PlanError, match="none of the tracks"):
        mix_project(project, tmp_path / "mix.wav")
    assert list(files_in(tmp_path)) == ["a.wav"]


@best_of_three
def test_a_mix_is_cancelled_while_it_analyses(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 44_100, 2, subtype="PCM_16") as file:
        minute = signals.noise(60)
        for _ in range(20):
            file.write(minute)
    short = signals.write(tmp_path / "short.wav", signals.music(1))
    cancel = CancelToken()
    cancelled_at: list[float] = []

    def on_progress(progress: Progress) -> None:
        assert progress.stage == "analysing"
        cancelled_at.append(time.monotonic())
        cancel.cancel()

    project = Project(tracks=tracks_of([short, path, path]))
    with pytest.raises(Cancelled):
        mix_project(project, tmp_path / "m.wav", on_progress=on_progress, cancel=cancel)
    assert_within(0.5, cancelled_at[0])
    assert sorted(files_in(tmp_path)) == ["long.wav", "short.wav"]


# What must not be written -----------------------------------------------------------------------


def test_an_existing_mix_is_kept_unless_told_otherwise(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "mix.wav"
    target.write_bytes(b"an older mix")
    assert refusal(project, target).what == "exists already"
    mix_project(project, target, overwrite=True)
    assert target.read_bytes()[:4] == b"RIFF"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("how", ["same", "dotted", "symlink", "hard link", "by a linked folder"])
def test_a_track_is_never_written_over_by_whatever_name(
    project: Project, tmp_path: Path, how: str, overwrite: bool
) -> None:
    track = project.tracks[1].path
    names = {
        "same": track,
        "dotted": tmp_path / ".." / tmp_path.name / "b.wav",
        "symlink": tmp_path / "link.wav",
        "hard link": tmp_path / "hard.wav",
        "by a linked folder": tmp_path / "folder" / "b.wav",
    }
    (tmp_path / "link.wav").symlink_to(track)
    (tmp_path / "hard.wav").hardlink_to(track)
    (tmp_path / "folder").symlink_to(tmp_path, target_is_directory=True)
    error = refusal(project, names[how], overwrite=overwrite)
    assert error.what == "is one of the files the mix is made from"
    error = refusal(project, tmp_path / "new.wav", beside=[names[how]], overwrite=overwrite)
    assert error.path == names[how]
    assert error.what == "is one of the files the mix is made from"


def test_a_playlist_that_was_read_is_never_written_over(project: Project, tmp_path: Path) -> None:
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("a.wav")
    error = refusal(
        project, tmp_path / "m.wav", beside=[playlist], also_read=[playlist], overwrite=True
    )
    assert error.path == playlist


def test_a_file_beside_the_mix_is_kept_unless_told_otherwise(
    project: Project, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    report.write_text("{}")
    error = refusal(project, tmp_path / "mix.wav", beside=[report])
    assert (error.path, error.what) == (report, "exists already")
    mix_project(project, tmp_path / "mix.wav", beside=[report], overwrite=True)
    assert report.read_text() == "{}"  # it is the caller who writes it


@pytest.mark.parametrize("overwrite", [False, True])
def test_no_file_is_written_twice(project: Project, tmp_path: Path, overwrite: bool) -> None:
    target = tmp_path / "mix.wav"
    (tmp_path / "folder").symlink_to(tmp_path, target_is_directory=True)
    for beside in ([tmp_path / "folder" / "mix.wav"], [tmp_path / "r", tmp_path / "x/../r"]):
        error = refusal(project, target, beside=beside, overwrite=overwrite)
        assert (error.path, error.what) == (beside[-1], "would be written twice")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("missing/mix.wav", "can't be written: there is no folder {}/missing"),
        ("a.wav/mix.wav", "can't be written: there is no folder {}/a.wav"),
        ("folder.wav", "can't be written: it is a folder or a device"),
        ("pipe.wav", "can't be written: it is a folder or a device"),
        ("x" * 300 + ".wav", "can't be written: File name too long"),
        ("mix.mp3", "can't be written as .mp3"),
        ("mix", "can't be written as a file without extension"),
    ],
)
def test_a_place_that_takes_no_file_is_refused(
    project: Project, tmp_path: Path, name: str, what: str
) -> None:
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    error = refusal(project, tmp_path / name, overwrite=True)
    assert error.what == what.format(tmp_path)
    assert error.path == tmp_path / name
    if not name.startswith("mix"):
        assert refusal(
            project, tmp_path / "m.wav", beside=[tmp_path / name], overwrite=True
        ).what == what.format(tmp_path)


def test_flac_holds_no_float(project: Project, tmp_path: Path) -> None:
    error = refusal(project, tmp_path / "mix.flac", subtype="FLOAT")
    assert error.what == "can't hold FLOAT samples: FLAC stores integers"


def test_a_saved_project_names_the_content_of_its_files(tmp_path: Path) -> None:
    one = signals.write(tmp_path / "one.wav", signals.music(1))
    gone = Track(path=tmp_path / "gone.wav", id="gone", content_hash="as it was")
    project = with_content_hashes(Project(tracks=(Track(path=one, id="one"), gone)))
    assert project.tracks[0].content_hash == content_hash(one)
    assert project.tracks[1] == gone


# NSynth -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "device", "refused", "named"),
    [("gone", "cpu", ModelError, "gone"), ("", "cuda", DeviceError, "cuda")],
)
def test_without_its_model_or_device_a_mix_is_refused_before_anything_is_read(
    project, tmp_path, model_name, monkeypatch, model, device, refused, named
):
    monkeypatch.setattr(decoder_cuda, "cuda_facts", lambda: NO_GPU, raising=False)
    project = msgspec.structs.replace(
        project,
        default=TransitionSpec(method="nsynth", duration_s=0.05),
        mix=MixSettings(model=model),
    )
    listener, output = Listener(), OutputSettings(device=device)
    with pytest.raises(refused, match=named):
        mix_project(project, tmp_path / "mix.wav", output, on_progress=listener)
    assert listener.stages == []


def test_a_mix_that_no_model_speaks_needs_none(project, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPBASS_DATA_DIR", str(tmp_path / "empty"))
    cut = Transition(out_track="track-1", in_track="track-2", duration_s=0.0)
    unused = msgspec.structs.replace(
        project,
        default=TransitionSpec(method="nsynth"),
        mix=MixSettings(model="gone"),
        transitions=(cut,),
    )
    simple = msgspec.structs.replace(project, mix=MixSettings(model="gone"))
    for each in (unused, simple):
        report = mix_project(each, tmp_path / "mix.wav", overwrite=True)
        assert report.problems == ()


def test_a_broken_track_leaves_its_neighbours_to_the_model(tmp_path, model_name):
    paths = [
        signals.write(tmp_path / f"{seed}.wav", signals.noise(1, RATE_HZ, seed=seed), RATE_HZ)
        for seed in range(3)
    ]
    paths[1].write_text("no music")
    report = mix_project(
        nsynth_project(paths, [], duration_s=0.03), tmp_path / "mix.wav", exact_output()
    )
    assert [problem.path for problem in report.problems] == [paths[1]]
    assert [fade.nsynth is not None for fade in report.transitions] == [True]


def test_what_a_model_did_is_told_and_reported(project, tmp_path, model_name):
    project = nsynth_project(
        [track.path for track in project.tracks], [0.03], morph="raw", embedding_fade="Extend"
    )
    listener, told = Listener(), []
    report = mix_project(
        project,
        tmp_path / "mix.wav",
        exact_output(),
        on_estimate=lambda estimate: told.append(str(estimate)),
        on_progress=listener,
    )
    assert listener.stages == ["analysing", "reading", "encoding", "decoding", "rendering"]
    assert told == ["1 transition through NSynth (model tiny, cpu, float32): a few seconds"]
    assert report.transitions[0].nsynth == ReportedMorph(
        model="tiny", content_hash=models.facts("tiny").source.content_hash, device="cpu",
        precision="float32", morph="raw", embedding_fade="Extend", pace="curve",
    )  # fmt: skip
    assert set(report.timing_s) == {*listener.stages, "total"}
    assert sum(report.timing_s.values()) <= 2 * report.timing_s["total"]
    assert min(report.timing_s.values()) >= 0
    assert report.notes == ()


def test_a_mix_is_measured_only_when_asked_to_and_stays_the_same(project, tmp_path):
    told = []
    plain = mix_project(project, tmp_path / "x.wav", on_measured=lambda *found: told.append(found))
    assert told == []
    assert plain.transitions[0].quality is None
    measured = mix_project(
        project, tmp_path / "y.wav", measure=True, on_measured=lambda *found: told.append(found)
    )
    ((index, found),) = told
    assert (index, found.quality) == (0, measured.transitions[0].quality)
    assert (tmp_path / "x.wav").read_bytes() == (tmp_path / "y.wav").read_bytes()


def test_measures_are_kept_beside_transitions(project, tmp_path):
    store = TransitionStore(tmp_path / "store")
    first, second = (
        mix_project(
            project, tmp_path / "mix.wav", transitions=store, measure=True, overwrite=True
        ).transitions
        for _ in range(2)
    )
    assert first == second
    assert len(list((tmp_path / "store").iterdir())) == 2

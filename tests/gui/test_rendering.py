"""What the window renders is what the command line mixes, and what becomes of it on the way."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from deepbass_engine import project_file
from deepbass_engine.errors import DeepBassError
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.project import Project, Span, Track
from deepbass_engine.settings import OutputSettings
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, with_default, with_mix, with_own, without_tracks
from deepbass_gui.jobs.pair_jobs import JobState, Stage
from deepbass_gui.jobs.render_work import ExportChoice, RenderedMix
from deepbass_gui.jobs.rendering import Renderer
from tests.commands import called
from tests.quickly import assert_within, best_of_three
from tests.signals import music, write

Fill = Callable[..., Document]


@pytest.fixture
def renderer(document: Document) -> Iterator[Renderer]:
    made = Renderer(document)
    yield made
    made.shut_down()


def rendered(qtbot: QtBot, renderer: Renderer, choice: ExportChoice) -> RenderedMix:
    """Render and wait for the mix."""
    with qtbot.waitSignal(renderer.finished, timeout=20_000) as finished:
        renderer.render(choice)
    return finished.args[0]


def failure(qtbot: QtBot, renderer: Renderer, choice: ExportChoice) -> Exception:
    """Render and wait until that has failed."""
    with qtbot.waitSignal(renderer.failed, timeout=20_000) as failed:
        renderer.render(choice)
    return failed.args[0]


def wav(folder: Path, subtype: str = "PCM_16", **more: bool) -> ExportChoice:
    return ExportChoice(target=folder / "mix.wav", output=OutputSettings(subtype=subtype), **more)


def pairs(document: Document) -> list[Pair]:
    ids = [track.id for track in document.project.tracks]
    return [Pair(*both) for both in itertools.pairwise(ids)]


def track_named(document: Document, stem: str) -> Track:
    return next(t for t in document.project.tracks if t.path.stem == stem)


def with_a_choice_of_everything(document: Document) -> None:
    """Give one transition its own length and curves, and one track a part of its own."""
    project = with_own(
        document.project, pairs(document)[0], duration_s=0.7, curve="exp:Sigmoid", seed=5
    )
    two = track_named(document, "two")
    chosen = Track(path=two.path, id=two.id, span=Span(22_050, 150_001))
    tracks = [chosen if track is two else track for track in project.tracks]
    document.edit(
        "Choose",
        Project(
            tracks=tuple(tracks),
            default=project.default,
            mix=project.mix,
            transitions=project.transitions,
        ),
    )


def mixed_by_command(document: Document, folder: Path, output: str, *words: str) -> Path:
    """What `deepbass mix --project` makes of the document."""
    folder.mkdir()
    project = folder / "set.deepbass"
    project_file.save(document.project, project)
    target = folder / output
    outcome = called("mix", "--project", project, "-o", target, *words)
    assert outcome.code == 0, outcome.err
    return target


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("mix.wav", "PCM_16"),
        ("mix.wav", "PCM_24"),
        ("mix.wav", "FLOAT"),
        ("mix.flac", "PCM_16"),
        ("mix.flac", "PCM_24"),
    ],
)
def test_the_file_is_the_one_that_the_command_line_makes(
    qtbot: QtBot, filled: Fill, renderer: Renderer, tmp_path: Path, name: str, subtype: str
) -> None:
    document = filled()
    with_a_choice_of_everything(document)
    choice = ExportChoice(target=tmp_path / name, output=OutputSettings(subtype=subtype))
    rendered(qtbot, renderer, choice)
    expected = mixed_by_command(document, tmp_path / "command", name, "--subtype", subtype)
    assert choice.target.read_bytes() == expected.read_bytes()


def test_what_is_written_beside_it_is_what_the_command_line_writes(
    qtbot: QtBot, filled: Fill, renderer: Renderer, tmp_path: Path
) -> None:
    document = filled()
    mix = rendered(qtbot, renderer, wav(tmp_path, cue=True, tracklist=True, report=True))
    command = tmp_path / "command"
    expected = mixed_by_command(
        document, command, "mix.wav", "--cue", "--tracklist", "--subtype", "PCM_16",
        "--report", str(command / "mix.wav.report.json"),
    )  # fmt: skip
    for end in (".cue", ".tracklist.txt"):
        written, theirs = Path(f"{mix.choice.target}{end}"), Path(f"{expected}{end}")
        assert written.read_bytes() == theirs.read_bytes()
    written, theirs = (
        json.loads(Path(f"{target}.report.json").read_text())
        for target in (mix.choice.target, expected)
    )
    for report in (written, theirs):
        del report["timing_s"], report["output"]
    assert written == theirs


def test_every_pair_is_a_job_that_waits_is_rendered_and_is_done(
    qtbot: QtBot, filled: Fill, renderer: Renderer, tmp_path: Path
) -> None:
    document = filled()
    seen: list[list[JobState]] = [[], []]

    def look() -> None:
        for states, job in zip(seen, renderer.jobs, strict=False):
            if states[-1:] != [job.state]:
                states.append(job.state)

    renderer.queue_changed.connect(look)
    mix = rendered(qtbot, renderer, wav(tmp_path))
    assert seen == [[JobState.QUEUED, JobState.RENDERING, JobState.DONE]] * 2
    assert [job.pair for job in renderer.jobs] == pairs(document)
    assert [job.words for job in renderer.jobs] == ["one > two", "two > three"]
    assert mix.pairs == tuple(pairs(document))
    assert not renderer.is_rendering


def test_only_the_transition_that_was_changed_is_made_again(
    qtbot: QtBot, filled: Fill, renderer: Renderer, tmp_path: Path
) -> None:
    document = filled()
    rendered(qtbot, renderer, wav(tmp_path))
    changed = with_own(document.project, pairs(document)[1], curve="tri")
    document.edit("Curve", changed)
    rendered(qtbot, renderer, wav(tmp_path, overwrite=True))
    assert [job.state for job in renderer.jobs] == [JobState.KEPT, JobState.DONE]
    expected = mixed_by_command(document, tmp_path / "again", "mix.wav", "--subtype", "PCM_16")
    assert (tmp_path / "mix.wav").read_bytes() == expected.read_bytes()


def test_edits_made_meanwhile_change_nothing_of_the_mix(
    qtbot: QtBot, filled: Fill, renderer: Renderer, tmp_path: Path
) -> None:
    document = filled()
    expected = mixed_by_command(document, tmp_path / "command", "mix.wav", "--subtype", "PCM_16")
    with qtbot.waitSignal(renderer.finished, timeout=20_000):
        renderer.render(wav(tmp_path))
        document.edit("Length", with_default(document.project, duration_s=0.25))
        one = document.project.tracks[0]
        document.edit("Remove", without_tracks(document.project, [one.id]))
    assert (tmp_path / "mix.wav").read_bytes() == expected.read_bytes()
    assert [track.path.stem for track in document.project.tracks] == ["two", "three"]


def test_a_second_order_while_one_is_rendered_is_not_taken(
    qtbot: QtBot, filled: Fill, renderer: Renderer, tmp_path: Path
) -> None:
    filled()
    with qtbot.waitSignal(renderer.finished, timeout=20_000) as finished:
        renderer.render(wav(tmp_path))
        renderer.render(ExportChoice(target=tmp_path / "other.wav"))
    assert finished.args[0].choice.target == tmp_path / "mix.wav"
    assert not renderer.is_rendering
    assert not (tmp_path / "other.wav").exists()


def test_the_share_only_grows_and_the_time_left_is_never_negative(
    qtbot: QtBot, filled: Fill, renderer: Renderer, tmp_path: Path
) -> None:
    song = write(tmp_path / "song.wav", np.tile(music(5.0), (12, 1)))
    resampled(filled([song, song, song], duration_s=25.0))
    shares: list[float] = []
    left: list[float | None] = []

    def look() -> None:
        shares.append(renderer.share)
        left.append(renderer.time_left_s)

    renderer.advanced.connect(look)
    renderer.queue_changed.connect(look)
    rendered(qtbot, renderer, wav(tmp_path))
    assert shares == sorted(shares)
    assert len({round(share, 2) for share in shares}) > 4
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert all(seconds is None or seconds >= 0 for seconds in left)


@pytest.fixture(scope="module")
def long_song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five minutes."""
    file = tmp_path_factory.mktemp("long") / "long.wav"
    return write(file, np.tile(music(5.0), (60, 1)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the mix goes, empty."""
    made = tmp_path / "out"
    made.mkdir()
    return made


@pytest.fixture
def begun(
    qtbot: QtBot, filled: Fill, renderer: Renderer, long_song: Path, songs: list[Path]
) -> Callable[[ExportChoice], None]:
    """Have a mix rendered that takes seconds, until a part of it is written."""
    resampled(filled([long_song, songs[0]]))

    def begin(choice: ExportChoice) -> None:
        renderer.render(choice)
        qtbot.waitUntil(lambda: renderer.stage is Stage.WRITING and renderer.share > 0.4)

    return begin


Begun = Callable[[ExportChoice], None]


def resampled(document: Document) -> None:
    """Make the mix one of much work."""
    document.edit("Rate", with_mix(document.project, sample_rate_hz=96_000))


def test_cancelling_stops_at_once_and_leaves_nothing(
    qtbot: QtBot, renderer: Renderer, begun: Begun, folder: Path
) -> None:
    @best_of_three
    def check() -> None:
        begun(wav(folder))
        with qtbot.waitSignal(renderer.stopped, timeout=20_000):
            began_s = time.monotonic()
            renderer.cancel()
        assert list(folder.iterdir()) == []
        assert (renderer.jobs, renderer.is_rendering) == ([], False)
        assert_within(0.5, began_s)

    check()


def test_shutting_down_ends_the_thread_and_leaves_nothing(
    renderer: Renderer, begun: Begun, folder: Path
) -> None:
    begun(wav(folder))
    renderer.shut_down()
    assert list(folder.iterdir()) == []
    assert not renderer.is_rendering


def test_an_older_mix_outlives_a_cancelled_one(
    qtbot: QtBot, renderer: Renderer, begun: Begun, folder: Path
) -> None:
    (folder / "mix.wav").write_bytes(b"the mix of yesterday")
    begun(wav(folder, overwrite=True))
    with qtbot.waitSignal(renderer.stopped, timeout=20_000):
        renderer.cancel()
    assert [path.read_bytes() for path in folder.iterdir()] == [b"the mix of yesterday"]


def test_a_track_deleted_before_is_left_out_and_said(
    qtbot: QtBot, filled: Fill, renderer: Renderer, songs: list[Path], tmp_path: Path
) -> None:
    document = filled()
    songs[1].unlink()
    mix = rendered(qtbot, renderer, wav(tmp_path))
    assert [Path(track.path) for track in mix.report.tracks] == [songs[0], songs[2]]
    assert [problem.path for problem in mix.report.problems] == [songs[1]]
    one, _, three = document.project.tracks
    assert [job.pair for job in renderer.jobs] == [Pair(one.id, three.id)]


def test_a_track_that_goes_before_the_mix_is_written_is_said_and_the_pairs_fit_the_report(
    qtbot: QtBot, filled: Fill, renderer: Renderer, songs: list[Path], tmp_path: Path
) -> None:
    document = filled()
    _, two, three = document.project.tracks
    renderer.store = Vanishing(songs[0])
    mix = rendered(qtbot, renderer, wav(tmp_path))
    assert [Path(track.path) for track in mix.report.tracks] == songs[1:]
    assert mix.pairs == (Pair(two.id, three.id),)
    assert [problem.path for problem in mix.report.problems] == [songs[0]]
    states = [job.state for job in renderer.jobs]
    assert states == [JobState.FAILED, JobState.DONE]
    assert "one.wav" in str(renderer.jobs[0].error)


class Vanishing(TransitionStore):
    """A store during whose first search a file vanishes."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def load(self, plan: MixPlan, index: int, **more: Any) -> np.ndarray | None:
        self._file.unlink(missing_ok=True)
        return super().load(plan, index, **more)


@pytest.mark.slow
def test_a_track_deleted_while_the_mix_is_written_is_told(
    qtbot: QtBot, filled: Fill, renderer: Renderer, long_song: Path, folder: Path, tmp_path: Path
) -> None:
    last = write(tmp_path / "last.wav", music(4.0))
    resampled(filled([long_song, last]))
    output = OutputSettings(subtype="PCM_16", jobs=1)
    with qtbot.waitSignal(renderer.failed, timeout=20_000) as failed:
        renderer.render(ExportChoice(target=folder / "mix.wav", output=output))
        qtbot.waitUntil(lambda: renderer.stage is Stage.WRITING and renderer.share > 0.4)
        last.unlink()
    (error,) = failed.args
    assert isinstance(error, DeepBassError)
    assert error.path == last
    assert list(folder.iterdir()) == []
    assert not renderer.is_rendering


def test_nothing_to_mix_is_said(qtbot: QtBot, renderer: Renderer, tmp_path: Path) -> None:
    assert "nothing to mix" in str(failure(qtbot, renderer, wav(tmp_path)))


def test_a_folder_that_has_vanished_is_said(
    qtbot: QtBot, filled: Fill, renderer: Renderer, tmp_path: Path
) -> None:
    filled()
    error = failure(qtbot, renderer, wav(tmp_path / "vanished"))
    assert "there is no folder" in str(error)
    assert isinstance(error, DeepBassError)
    assert error.path == tmp_path / "vanished" / "mix.wav"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], None]]:
    """Have this process write files of so many bytes at most: a disk that is full sooner."""
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda n_bytes: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("name", ["mix.wav", "mix.flac"])
def test_a_full_disk_is_said_and_leaves_nothing(
    qtbot: QtBot,
    filled: Fill,
    renderer: Renderer,
    folder: Path,
    small_disk: Callable[[int], None],
    name: str,
) -> None:
    filled()
    small_disk(200_000)
    error = failure(qtbot, renderer, ExportChoice(target=folder / name))
    assert isinstance(error, DeepBassError)
    assert error.path == folder / name
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_a_file_beside_it_that_can_not_be_written_is_told_with_the_mix(
    qtbot: QtBot, renderer: Renderer, begun: Begun, folder: Path
) -> None:
    with qtbot.waitSignal(renderer.finished, timeout=20_000) as finished:
        begun(wav(folder, cue=True, tracklist=True))
        (folder / "mix.wav.cue").mkdir()
    (mix,) = finished.args
    assert [problem.path for problem in mix.report.problems] == [folder / "mix.wav.cue"]
    assert (folder / "mix.wav").is_file()
    assert (folder / "mix.wav.tracklist.txt").is_file()

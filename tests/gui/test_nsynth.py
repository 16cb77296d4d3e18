"""What the window knows of models and of NSynth transitions, and when it knows it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from deepbass_engine.mix.playback import MixStream
from deepbass_engine.nsynth import models
from deepbass_engine.settings import OutputSettings
from deepbass_gui import preferences
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair, with_default, with_mix, with_own
from deepbass_gui.jobs.pair_jobs import JobState, PairJob
from deepbass_gui.jobs.render_work import ExportChoice
from deepbass_gui.jobs.rendering import Renderer
from deepbass_gui.models.playlist import PlaylistModel, TransitionRow
from deepbass_gui.models.render_queue import RenderQueueModel
from deepbass_gui.nsynth import NSynth, Readiness
from deepbass_gui.player import Player
from deepbass_gui.selection import Selection
from deepbass_gui.views.editor import TransitionEditor
from deepbass_gui.views.render_panel import RenderPanel
from tests.gui.pulled_output import PulledOutput
from tests.quickly import assert_within, best_of_three
from tests.signals import music, write

Fill = Callable[..., Document]
Install = Callable[..., str]


@pytest.fixture(autouse=True)
def threads_end(document: Document) -> Iterator[None]:
    yield
    document.nsynth.shut_down()


@pytest.fixture
def nsynth(document: Document) -> NSynth:
    return document.nsynth


@pytest.fixture
def renderer(document: Document) -> Iterator[Renderer]:
    made = Renderer(document)
    yield made
    made.shut_down()


@pytest.fixture
def morphing(filled: Fill, qtbot: QtBot) -> Callable[[float], Document]:
    """Three songs joined by NSynth transitions, and all looked up."""

    def fill(duration_s: float = 0.1) -> Document:
        document = filled(duration_s=duration_s)
        document.edit("Method", with_default(document.project, method="nsynth"))
        nsynth = document.nsynth
        qtbot.waitUntil(lambda: Readiness.LOOKING not in states(document), timeout=5_000)
        qtbot.waitUntil(lambda: nsynth.is_known, timeout=5_000)
        return document

    return fill


def pairs(document: Document) -> list[Pair]:
    ids = [track.id for track in document.project.tracks]
    return [Pair(*both) for both in itertools.pairwise(ids)]


def states(document: Document) -> list[Readiness | None]:
    return [document.nsynth.readiness(pair) for pair in pairs(document)]


def rendered(qtbot: QtBot, renderer: Renderer, document: Document) -> None:
    """Render what is missing and wait until that is known."""
    with qtbot.waitSignal(renderer.made, timeout=20_000) as made:
        renderer.make(document.nsynth.missing())
    assert made.args[0].failed == {}
    qtbot.waitUntil(lambda: not document.nsynth.missing(), timeout=5_000)


def heard(document: Document, pair: Pair) -> np.ndarray:
    """What the player gives of a transition."""
    plan, fade = document.plan, document.fade(pair)
    assert plan is not None
    assert fade is not None
    end = fade.start_frame + fade.n_frames
    store = Renderer(document).store
    return MixStream(plan, fade.start_frame, end, store=store).read(fade.n_frames)


@pytest.mark.usefixtures("nothing_bundled")
def test_without_a_model_transitions_can_not_be_rendered_and_it_says_so(
    morphing: Callable[..., Document], nsynth: NSynth
) -> None:
    document = morphing()
    assert nsynth.lacks_model
    assert "No NSynth model is installed" in nsynth.trouble_words
    playlist = PlaylistModel(document)
    row = playlist.status(TransitionRow(pairs(document)[0]))
    assert row.text == "no model"
    assert row.color == "error"
    assert row.reasons == (nsynth.trouble_words,)


def test_a_model_that_the_project_names_and_is_not_here_is_named(
    morphing: Callable[..., Document], nsynth: NSynth, installed: Install, qtbot: QtBot
) -> None:
    installed("other")
    document = morphing()
    assert nsynth.trouble is None
    document.edit("Model", with_mix(document.project, model="strings"))
    qtbot.waitUntil(lambda: nsynth.trouble is not None, timeout=5_000)
    assert "“strings”" in nsynth.trouble_words
    document.undo_stack.undo()
    qtbot.waitUntil(lambda: nsynth.trouble is None, timeout=5_000)


def test_a_mix_without_nsynth_has_no_trouble(filled: Fill, nsynth: NSynth, qtbot: QtBot) -> None:
    document = filled()
    with qtbot.waitSignal(nsynth.models_changed, timeout=5_000):
        nsynth.look()
    assert nsynth.trouble is None
    assert states(document) == [None, None]


@pytest.mark.usefixtures("nothing_bundled")
def test_an_import_ends_the_trouble(
    morphing: Callable[..., Document], nsynth: NSynth, model_file: Callable[..., Path], qtbot: QtBot
) -> None:
    document = morphing()
    assert nsynth.lacks_model
    nsynth.importer.start(model_file(), "tiny", overwrite=False)
    qtbot.waitUntil(lambda: len(nsynth.missing()) == 2 and nsynth.trouble is None, timeout=5_000)
    assert [model.name for model in nsynth.models] == ["tiny"]
    assert document.nsynth.default_model == "tiny"


def test_transitions_are_missing_until_they_are_rendered_and_then_heard(
    morphing: Callable[..., Document], installed: Install, renderer: Renderer, qtbot: QtBot
) -> None:
    installed()
    document = morphing()
    first, second = pairs(document)
    assert document.nsynth.missing() == [first, second]
    before = heard(document, first)
    rendered(qtbot, renderer, document)
    assert states(document) == [Readiness.READY, Readiness.READY]
    assert not np.array_equal(heard(document, first), before)
    document.edit("Plain", with_own(document.project, first, method="simple"))
    np.testing.assert_array_equal(heard(document, first), before)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"duration_s": 0.15}, {"seed": 3}, {"embedding_fade": "HannFade"}]
)
def test_an_edit_makes_a_transition_missing_at_once_and_undo_brings_it_back(
    morphing: Callable[..., Document],
    installed: Install,
    renderer: Renderer,
    qtbot: QtBot,
    change: dict[str, object],
) -> None:
    installed()
    document = morphing()
    rendered(qtbot, renderer, document)
    first, _ = pairs(document)
    document.edit("Change", with_own(document.project, first, **change))
    assert states(document) == [Readiness.MISSING, Readiness.READY]
    document.undo_stack.undo()
    qtbot.waitUntil(lambda: states(document) == [Readiness.READY] * 2, timeout=5_000)


@pytest.mark.slow
def test_while_a_transition_is_dragged_the_editor_says_what_it_will_cost(
    morphing: Callable[..., Document],
    installed: Install,
    renderer: Renderer,
    selection: Selection,
    qtbot: QtBot,
) -> None:
    installed()
    document = morphing()
    rendered(qtbot, renderer, document)
    editor = TransitionEditor(document, selection)
    qtbot.addWidget(editor)
    assert editor.morph.words.text() == "Rendered: this is what you hear."
    document.try_out(with_own(document.project, pairs(document)[0], duration_s=0.2))
    assert "you hear the plain crossfade. Rendering takes" in editor.morph.words.text()
    document.drop_trial()
    assert editor.morph.words.text() == "Rendered: this is what you hear."
    editor.shut_down()


def test_a_transition_longer_than_a_model_can_speak_is_told_before_it_is_rendered(
    filled: Fill, installed: Install, qtbot: QtBot, tmp_path: Path
) -> None:
    installed()
    tones = [write(tmp_path / f"{n}.wav", music(62.0, 8_000), 8_000) for n in ("long", "longer")]
    document = filled(tones, duration_s=61.0)
    document.edit("Method", with_default(document.project, method="nsynth"))
    nsynth = document.nsynth
    qtbot.waitUntil(lambda: bool(nsynth.missing()), timeout=5_000)
    words = "An NSynth transition is at most 60 s long; this one is 61.0 s."
    (pair,) = pairs(document)
    assert nsynth.trouble_of(pair) == words
    assert nsynth.trouble_of_mix == f"Transition 1: {words}"
    assert PlaylistModel(document).status(TransitionRow(pair)).reasons == (words,)


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"curve": "tri"}, {"morph": "raw"}])
def test_what_is_decoded_is_put_together_anew_without_being_rendered(
    morphing: Callable[..., Document],
    installed: Install,
    renderer: Renderer,
    qtbot: QtBot,
    change: dict[str, object],
) -> None:
    installed()
    document = morphing()
    rendered(qtbot, renderer, document)
    first, _ = pairs(document)
    before = heard(document, first)
    document.edit("Change", with_own(document.project, first, **change))
    qtbot.waitUntil(lambda: states(document)[0] is Readiness.READY, timeout=10_000)
    assert not np.array_equal(heard(document, first), before)


@pytest.mark.slow
def test_another_model_has_rendered_nothing(
    morphing: Callable[..., Document], installed: Install, renderer: Renderer, qtbot: QtBot
) -> None:
    installed("one")
    document = morphing()
    rendered(qtbot, renderer, document)
    installed("two", seed=1)
    document.edit("Model", with_mix(document.project, model="two"))
    assert states(document) == [Readiness.MISSING, Readiness.MISSING]
    document.edit("Model", with_mix(document.project, model="one"))
    qtbot.waitUntil(lambda: states(document) == [Readiness.READY] * 2, timeout=5_000)


def test_another_precision_has_rendered_nothing(
    morphing: Callable[..., Document], installed: Install, renderer: Renderer, qtbot: QtBot
) -> None:
    installed()
    document = morphing()
    rendered(qtbot, renderer, document)
    document.nsynth.choose_device("cpu", "float32")
    qtbot.waitUntil(lambda: len(document.nsynth.missing()) == 2, timeout=5_000)
    assert document.nsynth.output(OutputSettings()).precision == "float32"
    document.nsynth.choose_device("auto", "auto")
    qtbot.waitUntil(lambda: not document.nsynth.missing(), timeout=5_000)


def test_a_preference_that_makes_no_sense_is_left_to_the_program(nsynth: NSynth) -> None:
    preferences.put("output/device", "abacus")
    assert nsynth.device == "auto"


@pytest.mark.usefixtures("nothing_bundled")
def test_a_removed_model_is_trouble_again(
    morphing: Callable[..., Document], installed: Install, nsynth: NSynth, qtbot: QtBot
) -> None:
    name = installed()
    morphing()
    assert nsynth.trouble is None
    models.remove(name)
    nsynth.look()
    qtbot.waitUntil(lambda: nsynth.lacks_model, timeout=5_000)


@pytest.mark.slow
def test_all_are_decoded_as_one_batch_and_the_cost_is_known_then(
    morphing: Callable[..., Document], installed: Install, renderer: Renderer, qtbot: QtBot
) -> None:
    installed()
    document = morphing()
    nsynth = document.nsynth
    assert nsynth.cost_s(nsynth.missing()) is None
    estimates = set()
    renderer.advanced.connect(lambda: estimates.add(renderer.estimate))
    rendered(qtbot, renderer, document)
    assert [e.n_transitions for e in estimates if e is not None] == [2]
    cost_s = nsynth.cost_s(pairs(document))
    assert cost_s is not None
    assert 0 < cost_s < 60
    assert {job.state for job in renderer.jobs} == {JobState.DONE}


@pytest.mark.slow
def test_states_of_a_transition_go_one_way(
    morphing: Callable[..., Document], installed: Install, renderer: Renderer, qtbot: QtBot
) -> None:
    installed()
    document = morphing(0.6)
    seen: list[PairJob] = []
    renderer.queue_changed.connect(lambda: seen.extend(renderer.jobs[:1]))
    rendered(qtbot, renderer, document)
    states_seen = [state for state, _ in itertools.groupby(job.state for job in seen)]
    order = [
        JobState.QUEUED, JobState.READING, JobState.ENCODING, JobState.DECODING, JobState.DONE,
    ]  # fmt: skip
    assert states_seen == [state for state in order if state in states_seen]
    assert JobState.DECODING in states_seen
    shares = [job.share for job in seen if job.state is JobState.DECODING]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.slow
def test_an_export_writes_what_was_rendered(
    morphing: Callable[..., Document],
    installed: Install,
    renderer: Renderer,
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    installed()
    document = morphing()
    rendered(qtbot, renderer, document)
    choice = ExportChoice(target=tmp_path / "mix.wav")
    with qtbot.waitSignal(renderer.finished, timeout=20_000) as finished:
        renderer.render(choice)
    assert {job.state for job in renderer.jobs} == {JobState.KEPT}
    assert finished.args[0].report.problems == ()


def test_an_export_renders_what_is_missing(
    morphing: Callable[..., Document],
    installed: Install,
    renderer: Renderer,
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    installed()
    document = morphing()
    with qtbot.waitSignal(renderer.finished, timeout=20_000):
        renderer.render(ExportChoice(target=tmp_path / "mix.wav"))
    qtbot.waitUntil(lambda: not document.nsynth.missing(), timeout=5_000)


@pytest.mark.usefixtures("nothing_bundled")
def test_a_mix_is_not_written_when_no_model_is_there(
    morphing: Callable[..., Document], renderer: Renderer, qtbot: QtBot, tmp_path: Path
) -> None:
    morphing()
    target = tmp_path / "mix.wav"
    with qtbot.waitSignal(renderer.failed, timeout=20_000) as failed:
        renderer.render(ExportChoice(target=target))
    assert "model" in str(failed.args[0])
    assert not target.exists()


@best_of_three
def cancel_while_decoding(qtbot: QtBot, renderer: Renderer) -> None:
    """Cancel once the first is decoded and the second is not."""
    renderer.make(pairs(renderer._document))
    qtbot.waitUntil(
        lambda: (
            renderer.speaking == "decoding"
            and (renderer.jobs[0].share == 1 or renderer.jobs[0].state is not JobState.DECODING)
        ),
        timeout=20_000,
    )
    started_s = time.monotonic()
    with qtbot.waitSignal(renderer.stopped, timeout=5_000):
        renderer.cancel()
    assert_within(0.5, started_s)


def test_cancel_ends_within_half_a_second_and_what_was_decoded_is_kept(
    morphing: Callable[..., Document], installed: Install, renderer: Renderer, qtbot: QtBot
) -> None:
    installed(width=32, layers=10)
    document = morphing(4.0)
    first, second = pairs(document)
    document.edit("Short", with_own(document.project, first, duration_s=0.01))
    qtbot.waitUntil(lambda: len(document.nsynth.missing()) == 2, timeout=5_000)
    cancel_while_decoding(qtbot, renderer)
    qtbot.waitUntil(lambda: states(document) == [Readiness.READY, Readiness.MISSING], timeout=5_000)
    document.edit("Short", with_own(document.project, second, duration_s=0.01))
    renderer.make(pairs(document))
    with qtbot.waitSignal(renderer.made, timeout=20_000):
        pass
    assert [job.state for job in renderer.jobs] == [JobState.KEPT, JobState.DONE]


@pytest.mark.slow
def test_playing_marks_what_stands_in(
    morphing: Callable[..., Document], installed: Install, renderer: Renderer, qtbot: QtBot
) -> None:
    installed()
    document = morphing()
    first, _ = pairs(document)
    output = PulledOutput(qtbot)
    player = Player(document, output=output, store=renderer.store)
    fade = document.fade(first)
    assert fade is not None
    assert not player.is_stand_in
    player.seek(fade.start_frame + 10)
    assert player.is_stand_in
    rendered(qtbot, renderer, document)
    assert not player.is_stand_in
    player.shut_down()


@pytest.mark.slow
def test_a_loop_goes_over_to_what_was_rendered_meanwhile(
    morphing: Callable[..., Document], installed: Install, renderer: Renderer, qtbot: QtBot
) -> None:
    installed()
    document = morphing()
    first, _ = pairs(document)
    output = PulledOutput(qtbot)
    player = Player(document, output=output, store=renderer.store)
    player.pre_roll_s = player.post_roll_s = 0.2
    player.loop_audition(first)
    passage, fade = player.range_of(first), document.fade(first)
    assert passage is not None
    assert fade is not None
    begin = fade.start_frame - passage.first_frame
    n_frames = passage.stop_frame - passage.first_frame

    def next_pass() -> np.ndarray:
        return output.pull(n_frames)[begin : begin + fade.n_frames]

    stand_in = heard(document, first)
    np.testing.assert_array_equal(next_pass(), stand_in)
    rendered(qtbot, renderer, document)
    passes = [next_pass() for _ in range(8)]  # some were read ahead
    np.testing.assert_array_equal(passes[-1], heard(document, first))
    assert not np.array_equal(passes[-1], stand_in)
    player.shut_down()


@pytest.mark.slow
def test_the_panel_says_how_far_each_is(
    morphing: Callable[..., Document], installed: Install, renderer: Renderer, qtbot: QtBot
) -> None:
    installed()
    morphing(2.0)
    panel = RenderPanel(renderer)
    qtbot.addWidget(panel)
    table = RenderQueueModel(renderer)
    told: set[str] = set()
    renderer.advanced.connect(lambda: told.add(panel._words.text()))
    renderer.make(renderer._document.nsynth.missing())
    qtbot.waitUntil(lambda: any(job.share > 0 for job in renderer.jobs), timeout=20_000)
    states = [table.data(table.index(row, 2)) for row in range(2)]
    assert all(words.startswith("decoding ") and "left" in words for words in states)
    assert any("decoding 2 transitions on the CPU" in words for words in told)
    with qtbot.waitSignal(renderer.stopped, timeout=5_000):
        renderer.cancel()
    assert "goes on from there" in panel._words.text()

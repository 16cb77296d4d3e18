"""Transitions measured on the way: the same values as from the finished mix and the files."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import encoders
import numpy as np
import pytest
import signals
from commands import REPOSITORY, environment
from mixes import bodies_of, plan_of, rendered_to, samples_of
from nsynth_mixes import exact_output, nsynth_plan
from quickly import assert_within, best_of_three

from deepbass_engine.audio.stream import TrackStream
from deepbass_engine.errors import Cancelled
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.playback import audio_around
from deepbass_engine.mix.quality import MeasuredTransition
from deepbass_engine.mix.render import Rendered, render
from deepbass_engine.mix.transition_audio import (
    CONTEXT_S,
    TransitionAudio,
    discarded_s,
    gains_of,
    loudness_lufs,
)
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import CancelToken
from deepbass_engine.settings import OutputSettings, QualityLimits

RATE_HZ = 16_000
N_CONTEXT = round(CONTEXT_S * RATE_HZ)


@pytest.fixture(scope="module")
def playlist(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five tracks: one shorter than its fades and the context, one at another rate, one lossy."""
    folder = tmp_path_factory.mktemp("playlist")
    music = signals.music(9, RATE_HZ)
    wav = signals.write(folder / "1.wav", music, RATE_HZ)
    return [
        wav,
        signals.write(folder / "2 short.wav", music[RATE_HZ : 3 * RATE_HZ], RATE_HZ),
        signals.write(folder / "3.flac", music[::-1], RATE_HZ, "PCM_24"),
        signals.write(folder / "4 slow.wav", signals.music(7, 8000), 8000, "FLOAT"),
        encoders.encode(wav, folder / "5.mp3"),
    ]


def measured_to(
    target: Path,
    plan: MixPlan,
    *,
    subtype: str = "FLOAT",
    jobs: int = 2,
    store: TransitionStore | None = None,
) -> Rendered:
    output = OutputSettings(subtype=subtype, jobs=jobs)
    return render(plan, target, output, transitions=store, measure=True)


# What is measured -------------------------------------------------------------------------------


@pytest.mark.parametrize("duration_s", [1.3, 0.0])
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_what_is_measured_is_the_mix_and_its_files(
    playlist: list[Path], tmp_path: Path, duration_s: float, subtype: str
) -> None:
    """Cut by hand from the mix in float and from what libsndfile reads of the sources."""
    plan = plan_of(playlist[:3], duration_s, trim="loudness")
    rendered_to(tmp_path / "float.wav", plan, "FLOAT")
    mix = samples_of(tmp_path / "float.wav")
    expected = {}
    for fade in plan.fades:
        leaving, entering = plan.tracks[fade.index], plan.tracks[fade.index + 1]
        end = entering.span.start_frame + fade.n_frames
        out_end = leaving.span.end_frame
        begin = max(leaving.span.start_frame, out_end - fade.n_frames - N_CONTEXT)
        audio = TransitionAudio(
            RATE_HZ,
            samples_of(leaving.source.path)[begin:out_end],
            samples_of(entering.source.path)[
                entering.span.start_frame : min(entering.span.end_frame, end + N_CONTEXT)
            ],
            mix[fade.start_frame : fade.start_frame + fade.n_frames],
            gains_of(fade, RATE_HZ),
            discarded_s(plan, fade.index),
            loudness_lufs(plan, fade.index),
        )
        expected[fade.index] = measure(audio)
    assert measured_to(tmp_path / "mix.wav", plan, subtype=subtype).measured == expected
    assert len(expected) == 2


def test_of_a_track_without_a_body_the_part_on_its_other_side_is_the_context(
    tmp_path: Path,
) -> None:
    """Two seconds that are nothing but a head and a tail."""
    music = signals.music(6, RATE_HZ)
    paths = [
        signals.write(tmp_path / "1.wav", music, RATE_HZ),
        signals.write(tmp_path / "2.wav", music[: 2 * RATE_HZ][::-1], RATE_HZ),
        signals.write(tmp_path / "3.wav", music[RATE_HZ:], RATE_HZ),
    ]
    plan = plan_of(paths, 1.0)
    assert plan.fades[0].n_frames + plan.fades[1].n_frames == 2 * RATE_HZ
    measured = measured_to(tmp_path / "mix.wav", plan, subtype="PCM_16").measured
    assert measured == {i: measure(around(plan, i)) for i in range(2)}
    # its outline covers 3 s, the fade and the whole of the short track behind the fade
    outline = measured[0].outline
    columns_s = len(outline.mixed) * outline.column_s
    assert (outline.start_s, columns_s) == (-3.0, pytest.approx(5.0, abs=2 * outline.column_s))


def around(plan: MixPlan, index: int) -> TransitionAudio:
    """What the window reads of a transition, to measure it without a rendering."""
    audio = audio_around(plan, index)
    assert audio is not None
    return audio


def test_an_nsynth_transition_is_measured_as_it_was_spoken(tmp_path, model_name):
    paths = [
        signals.write(tmp_path / f"{n}.wav", signals.noise(1, RATE_HZ, seed=n), RATE_HZ)
        for n in (1, 2)
    ]
    plan, store = nsynth_plan(paths, [0.25]), TransitionStore(tmp_path / "store")
    result = render(plan, tmp_path / "m.wav", exact_output(), transitions=store, measure=True)
    audio = audio_around(plan, 0, store=store, device="cpu", precision="float32")
    assert result.measured == {0: measure(audio)}
    again = render(plan, tmp_path / "m.wav", exact_output(), transitions=store, measure=True)
    assert again.measured == result.measured


def test_a_project_s_limits_decide_what_is_flagged_wherever_the_measures_come_from(
    playlist: list[Path], tmp_path: Path
) -> None:
    plan, store = plan_of(playlist[:2], 1.0), TransitionStore(tmp_path / "store")
    strict, lax = (
        QualityLimits(**dict.fromkeys(QualityLimits.__struct_fields__, value))
        for value in (0.0, 1000.0)
    )
    for _ in range(2):
        for limits in (strict, lax):
            result = render(
                plan, tmp_path / "m.wav", transitions=store, measure=True, limits=limits
            )
            quality = result.measured[0].quality
            assert bool(quality.reasons) == (limits is strict)
            assert {measure.limit for measure in quality.measures.values()} == {
                0.0 if limits is strict else 1000.0
            }


# The same however it is come by -----------------------------------------------------------------


@pytest.mark.parametrize("target", ["mix.wav", "mix.flac"])
@pytest.mark.parametrize("duration_s", [1.0, 0.0])
def test_measuring_changes_no_byte_and_any_number_of_workers_measures_the_same(
    playlist: list[Path], tmp_path: Path, target: str, duration_s: float
) -> None:
    """Made anew, and from a store that has it all, half of it, or only the samples."""
    plan = plan_of(playlist, duration_s)
    store = TransitionStore(tmp_path / "store")
    plain = rendered_to(tmp_path / target, plan, "PCM_16")
    content = (tmp_path / target).read_bytes()
    expected = measured_to(tmp_path / target, plan, subtype="PCM_16", jobs=1).measured
    assert list(expected) == [0, 1, 2, 3]
    assert plain.measured == {}
    for n_lost, jobs in enumerate((4, 1, 4, 2, 1, 4)):
        result = measured_to(tmp_path / target, plan, subtype="PCM_16", jobs=jobs, store=store)
        assert result.measured == expected
        assert (result.peak, result.n_clipped) == (plain.peak, plain.n_clipped)
        assert (tmp_path / target).read_bytes() == content
        kept = sorted((tmp_path / "store").iterdir())
        assert len(kept) == (8 if duration_s else 4)
        for path in kept[n_lost::3]:
            path.unlink()


def test_what_was_kept_with_its_measures_needs_no_part_of_its_tracks(
    playlist: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, store = plan_of(playlist, 1.0), TransitionStore(tmp_path / "store")
    expected = measured_to(tmp_path / "m.wav", plan, store=store)
    read: list[int] = []
    blocks = TrackStream.blocks

    def counted(stream: TrackStream, n_frames: int) -> Iterator[np.ndarray]:
        read.append(n_frames)
        return blocks(stream, n_frames)

    monkeypatch.setattr(TrackStream, "blocks", counted)
    assert measured_to(tmp_path / "m.wav", plan, store=store) == expected
    assert sum(read) == sum(body.n_frames for body in bodies_of(plan))


def test_transitions_that_were_rendered_before_are_measured_later(
    playlist: list[Path], tmp_path: Path
) -> None:
    plan, store = plan_of(playlist, 1.0), TransitionStore(tmp_path / "store")
    render(plan, tmp_path / "a.wav", transitions=store)
    assert {path.suffix for path in (tmp_path / "store").iterdir()} == {".npy"}
    assert (
        measured_to(tmp_path / "b.wav", plan, store=store).measured
        == measured_to(tmp_path / "c.wav", plan).measured
    )
    assert (tmp_path / "b.wav").read_bytes() == (tmp_path / "c.wav").read_bytes()


def test_a_flawed_part_is_measured_and_not_kept(playlist: list[Path], tmp_path: Path) -> None:
    samples = signals.noise(4, RATE_HZ)
    samples[-100] = np.nan
    bad = signals.write(tmp_path / "bad.wav", samples, RATE_HZ, "FLOAT")
    plan, store = plan_of([bad, *playlist[:2]], 1.0), TransitionStore(tmp_path / "store")
    first, second = (measured_to(tmp_path / "m.wav", plan, store=store) for _ in range(2))
    assert first.measured == second.measured
    assert list(first.measured) == [0, 1]
    assert [problem.path for problem in second.problems] == [bad]
    assert len(list((tmp_path / "store").iterdir())) == 2  # of the transition without a flaw


def test_nothing_that_measures_is_imported_unless_it_is_asked_for(
    playlist: list[Path], tmp_path: Path
) -> None:
    script = (
        "import sys; from pathlib import Path; from mixes import plan_of, rendered_to; "
        "rendered_to(Path(sys.argv[1]), plan_of([Path(name) for name in sys.argv[2:]])); "
        "assert 'deepbass_engine.mix.render_measures' in sys.modules; "
        "assert 'deepbass_engine.mix.measuring' not in sys.modules"
    )
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "tests")])
    subprocess.run(
        [sys.executable, "-c", script, tmp_path / "mix.wav", *playlist[:2]],
        check=True,
        env=environment(PYTHONPATH=path),
    )


# Being told, and stopping -----------------------------------------------------------------------


@pytest.mark.parametrize("is_warm", [False, True])
def test_each_transition_is_told_of_once(
    playlist: list[Path], tmp_path: Path, is_warm: bool
) -> None:
    plan, store = plan_of(playlist, 1.0), TransitionStore(tmp_path / "store")
    told: list[tuple[int, MeasuredTransition]] = []
    if is_warm:
        measured_to(tmp_path / "m.wav", plan, store=store)
    result = render(
        plan, tmp_path / "m.wav", transitions=store, measure=True,
        on_measured=lambda *found: told.append(found),
    )  # fmt: skip
    assert sorted(index for index, _ in told) == [0, 1, 2, 3]
    assert dict(told) == result.measured


@pytest.mark.parametrize(
    "share", [*(pytest.param(at, marks=pytest.mark.slow) for at in (0.15, 0.8)), 0.4]
)
@best_of_three
def test_measuring_a_minute_of_fade_can_be_cancelled(tmp_path: Path, share: float) -> None:
    path = signals.write(tmp_path / "minute.wav", signals.music(60, 44_100), 44_100)
    plan = plan_of([path, path], 60.0)
    cancel, cancelled_at = CancelToken(), []

    def stop() -> None:
        cancelled_at.append(time.monotonic())
        cancel.cancel()

    timer = threading.Timer(share * 1.5, stop)
    timer.start()
    try:
        render(plan, tmp_path / "m.wav", measure=True, cancel=cancel)
    except Cancelled:
        assert_within(0.5, cancelled_at[0])
        assert not (tmp_path / "m.wav").exists()
    else:  # it was quicker
        assert (tmp_path / "m.wav").exists()
    timer.join()
    assert not list(tmp_path.glob(".*"))


def test_a_failure_of_who_is_told_leaves_nothing(playlist: list[Path], tmp_path: Path) -> None:
    def on_measured(index: int, measured: MeasuredTransition) -> None:
        raise RuntimeError("the window is gone")

    with pytest.raises(RuntimeError, match="the window is gone"):
        render(plan_of(playlist, 1.0), tmp_path / "m.wav", measure=True, on_measured=on_measured)
    assert list(tmp_path.iterdir()) == []

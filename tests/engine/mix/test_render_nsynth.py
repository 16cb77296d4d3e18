"""A mix that a model speaks, from a plan to a file."""

from __future__ import annotations

import shutil
from pathlib import Path

import encoders
import pytest
import signals
from nsynth_mixes import exact_output, nsynth_plan

from deepbass_engine.errors import Cancelled, InputError, ModelError
from deepbass_engine.mix.render import render
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.progress import CancelToken, Progress

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def playlist(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six tracks that differ in rate, channels and format, one shorter than its fades."""
    folder = tmp_path_factory.mktemp("playlist")
    music = signals.music(2, RATE_HZ)
    wav = signals.write(folder / "1.wav", music, RATE_HZ)
    return [
        wav,
        signals.write(folder / "2.flac", music[::-1], RATE_HZ, "PCM_24"),
        signals.write(folder / "3 short.wav", signals.sine(440, 0.3, RATE_HZ), RATE_HZ),
        signals.write(folder / "4 mono.wav", signals.music(2, RATE_HZ, channels=1), RATE_HZ),
        signals.write(folder / "5 slow.wav", signals.music(2, 8000), 8000, "FLOAT"),
        encoders.encode(wav, folder / "6.mp3"),
    ]


@pytest.mark.parametrize("kind", ["hybrid", "raw"])
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_a_mix_that_a_model_speaks_is_the_same_for_any_jobs_and_whatever_is_kept(
    playlist: list[Path],
    tmp_path: Path,
    model_name: str,
    batches: list[int],
    cache_folder: Path,
    kind: str,
    subtype: str,
) -> None:
    """Cold; from decoded signals; from transitions; and with all or some of either lost."""
    methods = ["nsynth", "nsynth", "simple", "nsynth", "nsynth"]
    lengths_s = [0.04, 0.01, 0.5, 0.04, 0.0]
    plan = nsynth_plan(playlist, lengths_s, methods=methods, morph=kind)
    store, target = TransitionStore(tmp_path / "store"), tmp_path / "mix.wav"
    expected = b""
    for jobs, kept_in, n_streams in ((1, None, 3), (2, None, 0), (4, store, 0), (1, store, 0)):
        batches.clear()
        render(plan, target, exact_output(subtype, jobs), transitions=kept_in)
        expected = expected or target.read_bytes()
        assert target.read_bytes() == expected
        assert batches == [n_streams] * (n_streams > 0)
    for file in cache_folder.glob("**/*morph*"):
        file.unlink()
    min((tmp_path / "store").iterdir()).unlink()
    for kept_in in (store, None):
        render(plan, target, exact_output(subtype), transitions=kept_in)
        assert target.read_bytes() == expected


def test_a_mix_of_damaged_morphs_is_decoded_anew(
    playlist: list[Path], tmp_path: Path, model_name: str, cache_folder: Path
) -> None:
    plan, target = nsynth_plan(playlist, [0.02] * 5), tmp_path / "mix.wav"
    render(plan, target, exact_output())
    expected = target.read_bytes()
    for file in cache_folder.glob("**/*morph*"):
        file.write_bytes(file.read_bytes()[:-3])
    render(plan, target, exact_output())
    assert target.read_bytes() == expected


def test_without_its_model_a_mix_is_not_begun(
    playlist: list[Path], tmp_path: Path, model_name: str
) -> None:
    plan, told = nsynth_plan(playlist, [0.02] * 5, model="gone"), list[Progress]()
    with pytest.raises(ModelError, match="gone"):
        render(plan, tmp_path / "mix.wav", exact_output(), on_progress=told.append)
    assert told == []
    assert not (tmp_path / "mix.wav").exists()


def test_a_track_that_is_gone_ends_it_before_anything_is_decoded(
    playlist: list[Path], tmp_path: Path, model_name: str, batches: list[int]
) -> None:
    paths = [Path(shutil.copy(path, tmp_path)) for path in playlist]
    plan = nsynth_plan(paths, [0.02] * 5)
    paths[3].unlink()
    with pytest.raises(InputError) as caught:
        render(plan, tmp_path / "mix.wav", exact_output())
    assert caught.value.path == paths[3]
    assert batches == []
    assert not (tmp_path / "mix.wav").exists()


def test_cancelled_while_it_decodes_it_leaves_nothing_but_what_is_finished(
    playlist: list[Path], tmp_path: Path, model_name: str, batches: list[int]
) -> None:
    plan, cancel = nsynth_plan(playlist, [0.04, 0.01, 0.04, 0.0, 0.0]), CancelToken()

    def stop(progress: Progress) -> None:
        if progress.transition_index == 1:
            cancel.cancel()

    with pytest.raises(Cancelled):
        render(plan, tmp_path / "mix.wav", exact_output(), on_progress=stop, cancel=cancel)
    assert not list(tmp_path.glob("mix*"))
    render(plan, tmp_path / "mix.wav", exact_output())
    assert batches == [3, 2]

"""What was measured of transitions, on disk: found when nothing it was measured of has changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import signals
from mixes import plan_of
from nsynth_mixes import install, nsynth_plan, voice_of

from deepbass_engine.mix import quality
from deepbass_engine.mix.measuring import measure
from deepbass_engine.mix.plan import MixPlan
from deepbass_engine.mix.playback import audio_around
from deepbass_engine.mix.quality import MeasuredTransition
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.project import Span
from deepbass_engine.settings import QualityLimits

RATE_HZ = 8000


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [
        signals.write(tmp_path / f"{name}.wav", signals.noise(6, RATE_HZ, seed=ord(name)), RATE_HZ)
        for name in "ab"
    ]


@pytest.fixture
def plan(paths: list[Path]) -> MixPlan:
    return plan_of(paths, 0.5)


@pytest.fixture
def measured(plan: MixPlan) -> MeasuredTransition:
    audio = audio_around(plan, 0)
    assert audio is not None
    return measure(audio)


@pytest.fixture
def store(tmp_path: Path) -> TransitionStore:
    return TransitionStore(tmp_path / "store")


def kept_files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "store").iterdir())


def with_track(plan: MixPlan, index: int, **changes: object) -> MixPlan:
    """The plan with one of its tracks changed; what does not fit any more is left so."""
    tracks = list(plan.tracks)
    tracks[index] = replace(tracks[index], **changes)
    changed = object.__new__(MixPlan)  # not checked: the frames don't join
    for name in ("sample_rate_hz", "segments", "problems"):
        object.__setattr__(changed, name, getattr(plan, name))
    object.__setattr__(changed, "tracks", tuple(tracks))
    return changed


def test_what_is_kept_comes_back_to_the_last_bit(plan, measured, store):
    assert store.load_measured(plan, 0) is None
    store.keep_measured(plan, 0, measured)
    assert store.load_measured(plan, 0) == measured


def test_it_comes_back_under_the_limits_that_are_asked_for(plan, measured, store):
    kept_under = QualityLimits(roughness=1.0, discarded=5.0)
    quality = measured.quality.under(kept_under)
    store.keep_measured(plan, 0, msgspec.structs.replace(measured, quality=quality))
    asked = QualityLimits(roughness=2.0)
    assert store.load_measured(plan, 0, asked).quality == measured.quality.under(asked)
    assert store.load_measured(plan, 0) == measured


def test_the_transition_and_its_measures_are_kept_apart(plan, measured, store, tmp_path):
    store.keep_measured(plan, 0, measured)
    assert store.load(plan, 0) is None
    store.keep(plan, 0, signals.noise(0.5, RATE_HZ))
    assert len(kept_files(tmp_path)) == 2
    assert store.load_measured(plan, 0) == measured


def test_a_cut_has_measures_too(paths, store):
    plan = plan_of(paths, 0.0)
    measured = measure(audio_around(plan, 0))
    store.keep_measured(plan, 0, measured)
    assert store.load_measured(plan, 0) == measured


@pytest.mark.parametrize(
    ("index", "changes"),
    [
        (0, {"audible": Span(0, 7 * RATE_HZ)}),  # more is left out
        (0, {"span": Span(4 * RATE_HZ, 6 * RATE_HZ)}),  # less lies before
        (1, {"span": Span(0, 2 * RATE_HZ)}),  # less lies behind
        (0, {"loudness_lufs": -3.0}),
        (1, {"loudness_lufs": None}),
    ],
)
def test_whatever_lies_around_a_transition_decides(plan, measured, store, index, changes):
    plan = with_track(with_track(plan, 0, loudness_lufs=-9.0), 1, loudness_lufs=-9.0)
    store.keep_measured(plan, 0, measured)
    assert store.load_measured(with_track(plan, index, **changes), 0) is None
    assert store.load_measured(plan, 0) == measured


def test_what_lies_further_off_does_not(plan, measured, store):
    """Three seconds around it are looked at: what a track does before those is nothing to it."""
    store.keep_measured(plan, 0, measured)
    later = with_track(plan, 0, span=Span(RATE_HZ, 6 * RATE_HZ))
    assert store.load_measured(later, 0) == measured


@pytest.mark.parametrize("changes", [{"curve": "tri"}, {"seed": 1}, {"duration_s": 0.25}])
def test_another_transition_has_other_measures(paths, plan, measured, store, changes):
    store.keep_measured(plan, 0, measured)
    assert store.load_measured(plan_of(paths, **{"duration_s": 0.5, **changes}), 0) is None


def test_an_nsynth_transition_s_belong_to_its_model(paths, measured, store, model_name):
    install("other", seed=2)
    mine, others = (nsynth_plan(paths, [0.25], model=name) for name in (model_name, "other"))
    store.keep_measured(mine, 0, measured, voice=voice_of(mine))
    assert store.load_measured(mine, 0, voice=voice_of(mine)) == measured
    assert store.load_measured(others, 0, voice=voice_of(others)) is None
    assert store.load_measured(mine, 0) is None


def test_another_version_of_the_measures_knows_none_of_the_old(plan, measured, store, monkeypatch):
    store.keep_measured(plan, 0, measured)
    monkeypatch.setattr(quality, "VERSION", "next")
    assert store.load_measured(plan, 0) is None


def test_of_a_file_that_changed_nothing_is_kept_or_found(paths, plan, measured, store, tmp_path):
    store.keep_measured(plan, 0, measured)
    signals.write(paths[0], signals.noise(6, RATE_HZ, seed=7), RATE_HZ)
    assert store.load_measured(plan, 0) is None
    store.keep_measured(plan, 0, measured)
    assert len(kept_files(tmp_path)) == 1


def flipped(place: float) -> Callable[[bytes], bytes]:
    def flip(content: bytes) -> bytes:
        at = min(len(content) - 1, int(place * len(content)))
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return flip


@pytest.mark.parametrize(
    "damage",
    [
        flipped(0), flipped(0.5), flipped(1), lambda content: b"", lambda content: bytes(4),
        lambda content: content[:-1], lambda content: content + b"\0",
    ],
)  # fmt: skip
def test_a_damaged_file_counts_as_absent_and_is_replaced(plan, measured, store, tmp_path, damage):
    store.keep_measured(plan, 0, measured)
    (file,) = kept_files(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    assert store.load_measured(plan, 0) is None
    store.keep_measured(plan, 0, measured)
    assert store.load_measured(plan, 0) == measured
    assert kept_files(tmp_path) == [file]


def test_a_store_that_can_not_be_written_only_forgets(plan, measured, tmp_path):
    (tmp_path / "store").write_text("a file where the folder should be")
    store = TransitionStore(tmp_path / "store")
    store.keep_measured(plan, 0, measured)
    assert store.load_measured(plan, 0) is None


def test_measures_count_for_the_room_and_go_when_not_used_the_longest(
    plan, measured, store, tmp_path
):
    store.keep_measured(plan, 0, measured)
    samples = signals.noise(0.5, RATE_HZ)
    (file,) = kept_files(tmp_path)
    os.utime(file, ns=(0, 0))
    n_bytes = file.stat().st_size
    narrow = TransitionStore(tmp_path / "store", limit_bytes=samples.nbytes + n_bytes)
    narrow.keep(plan, 0, samples)  # with its header it is a little more
    assert store.load(plan, 0) is not None
    assert store.load_measured(plan, 0) is None
    tiny = TransitionStore(tmp_path / "store", limit_bytes=n_bytes // 2)
    tiny.keep_measured(plan, 0, measured)
    assert [path.suffix for path in kept_files(tmp_path)] == [".npy"]

"""Finished transitions on disk: found again when nothing they are made of has changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signals
from mixes import plan_of
from nsynth_mixes import install, nsynth_plan, voice_of

from deepbass_engine.errors import Cancelled
from deepbass_engine.mix import transition_cache
from deepbass_engine.mix.plan import Body, Fade, MixPlan
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_engine.mix.voice import voice_for
from deepbass_engine.progress import CancelToken

RATE_HZ = 8000
N_FRAMES = 4000


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [
        signals.write(tmp_path / f"{name}.wav", signals.noise(2, RATE_HZ, seed=ord(name)), RATE_HZ)
        for name in "abc"
    ]


@pytest.fixture
def plan(paths: list[Path]) -> MixPlan:
    return plan_of(paths, N_FRAMES / RATE_HZ)


@pytest.fixture
def samples() -> np.ndarray:
    return signals.noise(N_FRAMES / RATE_HZ, RATE_HZ, seed=99)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def kept_files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_kept_transition_comes_back_bit_for_bit(plan, samples, folder):
    TransitionStore(folder).keep(plan, 0, samples)
    found = TransitionStore(folder).load(plan, 0)
    assert found is not None
    assert found.dtype == np.float32
    assert not found.flags.writeable
    np.testing.assert_array_equal(found, samples)


def test_numpy_reads_what_is_kept(plan, samples, folder):
    TransitionStore(folder).keep(plan, 0, samples)
    np.testing.assert_array_equal(np.load(kept_files(folder)[0]), samples)


def test_transitions_lie_in_the_users_cache_unless_told_otherwise(plan, samples, cache_folder):
    TransitionStore().keep(plan, 0, samples)
    assert len(kept_files(cache_folder / "transitions-2")) == 1


def test_nothing_is_found_that_was_not_kept(plan, samples, folder):
    store = TransitionStore(folder)
    assert store.load(plan, 0) is None
    store.keep(plan, 0, samples)
    assert store.load(plan, 1) is None


# What decides -----------------------------------------------------------------------------------


def with_fade(plan: MixPlan, **changes: object) -> MixPlan:
    """The plan with its first transition changed; what does not fit any more is made to."""
    segments: list[Body | Fade] = list(plan.segments)
    segments[1] = replace(plan.fades[0], **changes)
    changed = object.__new__(MixPlan)  # not checked: the frames don't join
    for name in ("sample_rate_hz", "tracks", "problems"):
        object.__setattr__(changed, name, getattr(plan, name))
    object.__setattr__(changed, "segments", tuple(segments))
    return changed


@pytest.mark.parametrize(
    "changes",
    [
        {"out_frame": 1}, {"in_frame": 1}, {"curve": "tri"}, {"curve": "equal_power:tri"},
        {"seed": 1}, {"method": "other"}, {"n_frames": N_FRAMES - 1},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_of_a_transition_is_edited_it_is_another(plan, samples, folder, changes):
    store = TransitionStore(folder)
    store.keep(plan, 0, samples)
    assert store.load(with_fade(plan, **changes), 0) is None
    assert store.load(plan, 0) is not None


def test_settings_of_the_other_method_do_not_matter(plan, samples, folder):
    store = TransitionStore(folder)
    store.keep(plan, 0, samples)
    other = with_fade(plan, morph="raw", embedding_fade="HannFade", morph_pace="even")
    assert store.load(other, 0) is not None


@pytest.mark.parametrize(
    "changes",
    [{"morph": "raw"}, {"embedding_fade": "HannFade"}, {"morph_pace": "even"}, {"curve": "tri"}],
    ids=str,
)
def test_whatever_of_an_nsynth_transition_is_edited_it_is_another(
    paths, samples, folder, model_name, changes
):
    plan, store = nsynth_plan(paths, [0.5, 0.5]), TransitionStore(folder)
    store.keep(plan, 0, samples, voice=voice_of(plan))
    assert store.load(with_fade(plan, **changes), 0, voice=voice_of(plan)) is None
    assert store.load(plan, 0, voice=voice_of(plan)) is not None


def test_an_nsynth_transition_belongs_to_its_model_and_precision(
    paths, samples, folder, model_name
):
    plan, store = nsynth_plan(paths, [0.5, 0.5]), TransitionStore(folder)
    store.keep(plan, 0, samples)
    assert kept_files(folder) == []  # it can't be told what spoke it
    store.keep(plan, 0, samples, voice=voice_of(plan))
    install("other", seed=2)
    for voice in (None, voice_for("other", "cpu", "float32"), voice_for("tiny", "cpu", "float16")):
        assert store.load(plan, 0, voice=voice) is None


def test_its_place_in_the_mix_and_what_was_asked_for_do_not_matter(plan, samples, folder):
    store = TransitionStore(folder)
    store.keep(plan, 0, samples)
    moved = with_fade(plan, start_frame=77, asked_frames=10**6, shortened_because="so")
    assert store.load(moved, 0) is not None


def test_a_pair_is_found_wherever_it_stands(paths, samples, folder):
    store = TransitionStore(folder)
    store.keep(plan_of(paths, 0.5), 0, samples)
    elsewhere = plan_of([paths[2], *paths[:2]], 0.5)
    assert store.load(elsewhere, 0) is None
    assert store.load(elsewhere, 1) is not None
    assert store.load(plan_of([paths[1], paths[0]], 0.5), 0) is None


def test_another_rate_of_the_mix_is_another_transition(paths, folder):
    store = TransitionStore(folder)
    at_16_khz = plan_of(paths, 0.25, rate_hz=16_000)  # as many frames
    store.keep(at_16_khz, 0, signals.noise(0.25, 16_000))
    assert at_16_khz.fades[0].n_frames == plan_of(paths, 0.5).fades[0].n_frames
    assert store.load(plan_of(paths, 0.5), 0) is None


def test_a_renamed_copy_of_a_file_is_known(paths, samples, tmp_path, folder):
    store = TransitionStore(folder)
    store.keep(plan_of(paths, 0.5), 0, samples)
    copy = Path(shutil.copy(paths[0], tmp_path / "copy.wav"))
    assert store.load(plan_of([copy, paths[1]], 0.5), 0) is not None


def test_another_content_under_the_same_name_is_not(paths, samples, folder):
    store = TransitionStore(folder)
    store.keep(plan_of(paths, 0.5), 0, samples)
    signals.write(paths[1], signals.noise(2, RATE_HZ, seed=5), RATE_HZ)
    assert store.load(plan_of(paths, 0.5), 0) is None


@pytest.mark.parametrize("change", ["touched", "gone"])
def test_of_a_file_that_changed_after_the_plan_nothing_is_kept_or_found(
    paths, plan, samples, folder, change
):
    store = TransitionStore(folder)
    store.keep(plan, 0, samples)
    if change == "gone":
        paths[1].unlink()
    else:
        os.utime(paths[1], ns=(1, 1))
    assert store.load(plan, 0) is None
    store.keep(plan, 1, samples)
    assert len(kept_files(folder)) == 1


def test_another_way_of_decoding_is_another_transition(plan, samples, folder):
    store = TransitionStore(folder)
    store.keep(plan, 0, samples)
    source = replace(plan.tracks[1].source, decoder="pyav")
    tracks = (plan.tracks[0], replace(plan.tracks[1], source=source), plan.tracks[2])
    assert store.load(replace(plan, tracks=tracks), 0) is None


def test_another_version_of_the_arithmetic_knows_none_of_the_old(
    plan, samples, folder, monkeypatch
):
    store = TransitionStore(folder)
    store.keep(plan, 0, samples)
    monkeypatch.setattr(transition_cache, "VERSION", "next")
    assert store.load(plan, 0) is None


# Damage -----------------------------------------------------------------------------------------


def flipped(place: float) -> Callable[[bytes], bytes]:
    def flip(content: bytes) -> bytes:
        at = min(len(content) - 1, int(place * len(content)))
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return flip


@pytest.mark.parametrize(
    "damage",
    [
        flipped(0), flipped(0.001), flipped(0.5), flipped(0.999), flipped(1),
        lambda content: b"", lambda content: content[:-1], lambda content: content[:100],
        lambda content: content + b"\0", lambda content: bytes(len(content)),
    ],
)  # fmt: skip
def test_a_damaged_file_counts_as_absent_and_is_replaced(plan, samples, folder, damage):
    store = TransitionStore(folder)
    store.keep(plan, 0, samples)
    file = kept_files(folder)[0]
    file.write_bytes(damage(file.read_bytes()))
    assert store.load(plan, 0) is None
    store.keep(plan, 0, samples)
    np.testing.assert_array_equal(store.load(plan, 0), samples)
    assert kept_files(folder) == [file]


def test_a_store_that_can_not_be_written_only_forgets(plan, samples, folder):
    folder.write_text("a file where the folder should be")
    store = TransitionStore(folder)
    store.keep(plan, 0, samples)
    assert store.load(plan, 0) is None
    assert folder.read_text() == "a file where the folder should be"


def test_keeping_stops_when_asked_to_and_leaves_nothing(plan, samples, folder):
    store, cancel = TransitionStore(folder), CancelToken()
    store.load(plan, 0)  # the files are named
    cancel.cancel()
    with pytest.raises(Cancelled):
        store.keep(plan, 0, samples, cancel=cancel)
    assert kept_files(folder) == []


# Room -------------------------------------------------------------------------------------------


@pytest.fixture
def plans(paths: list[Path]) -> list[MixPlan]:
    """Plans that differ in their seed."""
    return [plan_of(paths[:2], N_FRAMES / RATE_HZ, seed=seed) for seed in range(4)]


def set_ages(folder: Path, order: list[Path]) -> None:
    """Give files times a second apart, the oldest first."""
    for number, path in enumerate(order):
        os.utime(path, ns=(number * 10**9, number * 10**9))


def test_beyond_the_limit_the_least_recently_used_go(plans, samples, folder):
    store = TransitionStore(folder, limit_bytes=3 * (samples.nbytes + 1000))
    order = []
    for plan in plans[:3]:
        store.keep(plan, 0, samples)
        order += [path for path in kept_files(folder) if path not in order]
    set_ages(folder, order)
    assert store.load(plans[0], 0) is not None  # used again, so that the second is the oldest
    store.keep(plans[3], 0, samples)
    there = [store.load(plan, 0) is not None for plan in plans]
    assert there == [True, False, True, True]


def test_what_an_ended_program_left_half_done_goes_too(plans, samples, folder):
    folder.mkdir()
    left = folder / ".0123.part"
    left.write_bytes(bytes(samples.nbytes))
    set_ages(folder, [left])
    store = TransitionStore(folder, limit_bytes=samples.nbytes + 1000)
    store.keep(plans[0], 0, samples)
    assert not left.exists()
    assert store.load(plans[0], 0) is not None


def test_one_larger_than_the_limit_is_not_kept_and_drives_none_out(plans, samples, folder):
    TransitionStore(folder).keep(plans[0], 0, samples)
    TransitionStore(folder, limit_bytes=samples.nbytes - 1).keep(plans[1], 0, samples)
    assert len(kept_files(folder)) == 1
    assert TransitionStore(folder).load(plans[0], 0) is not None


def test_one_in_use_can_be_removed(plans, samples, folder):
    store = TransitionStore(folder)
    store.keep(plans[0], 0, samples)
    found = store.load(plans[0], 0)
    kept_files(folder)[0].unlink()
    np.testing.assert_array_equal(found, samples)

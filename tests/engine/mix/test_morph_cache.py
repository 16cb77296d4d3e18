"""Decoded signals on disk: found again when nothing that decides them has changed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signals
from nsynth_mixes import install, nsynth_plan, voice_of

from deepbass_engine.mix import morph_cache
from deepbass_engine.mix.voice import voice_for

RATE_HZ = 8000
CLASSES = np.arange(256, dtype=np.uint8)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [
        signals.write(tmp_path / f"{name}.wav", signals.noise(1, RATE_HZ, seed=ord(name)), RATE_HZ)
        for name in "ab"
    ]


@pytest.fixture
def plan(paths, model_name):
    return nsynth_plan(paths, [0.25])


def test_what_is_kept_comes_back_though_the_files_have_other_names(plan, paths, tmp_path):
    morph_cache.keep(plan, 0, voice_of(plan), CLASSES)
    np.testing.assert_array_equal(morph_cache.load(plan, 0, voice_of(plan)), CLASSES)
    copies = [Path(shutil.copy(path, tmp_path / f"copy of {path.name}")) for path in paths]
    again = nsynth_plan(copies, [0.25])
    np.testing.assert_array_equal(morph_cache.load(again, 0, voice_of(again)), CLASSES)


@pytest.mark.parametrize("changes", [{"curve": "tri"}, {"morph": "raw"}], ids=str)
def test_what_is_made_of_it_can_be_chosen_anew(plan, paths, changes):
    morph_cache.keep(plan, 0, voice_of(plan), CLASSES)
    changed = nsynth_plan(paths, [0.25], **changes)
    assert morph_cache.load(changed, 0, voice_of(changed)) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1}, {"embedding_fade": "HannFade"}, {"morph_pace": "even"}, {"rate_hz": 16_000},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_of_the_decoded_signal_is_edited_it_is_another(plan, paths, changes):
    morph_cache.keep(plan, 0, voice_of(plan), CLASSES)
    changed = nsynth_plan(paths, [0.25], **changes)
    assert morph_cache.load(changed, 0, voice_of(changed)) is None


def test_another_length_content_model_or_precision_is_another(plan, paths):
    morph_cache.keep(plan, 0, voice_of(plan), CLASSES)
    longer = nsynth_plan(paths, [0.3])
    assert morph_cache.load(longer, 0, voice_of(longer)) is None
    install("other", seed=2)
    for voice in (voice_for("other", "cpu", "float32"), voice_for("tiny", "cpu", "float16")):
        assert morph_cache.load(plan, 0, voice) is None
    signals.write(paths[1], signals.noise(1, RATE_HZ, seed=7), RATE_HZ)
    changed = nsynth_plan(paths, [0.25])
    assert morph_cache.load(changed, 0, voice_of(changed)) is None


def test_what_was_damaged_counts_as_absent(plan, cache_folder):
    morph_cache.keep(plan, 0, voice_of(plan), CLASSES)
    (file,) = cache_folder.glob("**/*morph*")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert morph_cache.load(plan, 0, voice_of(plan)) is None


def test_of_a_file_whose_state_is_not_known_nothing_is_kept(plan, cache_folder):
    source = replace(plan.tracks[0].source, looked_at=None)
    unknown = replace(plan, tracks=(replace(plan.tracks[0], source=source), plan.tracks[1]))
    morph_cache.keep(unknown, 0, voice_of(plan), CLASSES)
    assert list(cache_folder.glob("**/*morph*")) == []

"""Batches are a matter of the seed, hold what the clips hold, and bad folders are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepbass_engine.errors import InputError
from deepbass_engine.nsynth.mulaw import model_classes, samples_of_model_classes
from deepbass_engine.training import manifest, tfrecords
from deepbass_engine.training.dataset import Dataset
from deepbass_engine.training.manifest import Manifest, Shard
from deepbass_engine.training.settings import PrepareSettings

N_SAMPLES = 1000


def write_folder(folder: Path, clips: dict[str, list[np.ndarray]], **settings: float) -> Path:
    """A folder of clips, a file for each split."""
    shards = []
    for split, audio in clips.items():
        records = [tfrecords.record(tfrecords.encode_example(each, "note")) for each in audio]
        (folder / f"{split}.tfrecord").write_bytes(b"".join(records))
        name = f"{split}.tfrecord"
        shards.append(Shard(name=name, split=split, n_clips=len(audio), n_bytes=0, sha256=""))
    made = Manifest(
        settings=PrepareSettings(**settings), songs=(), shards=tuple(shards), left_out=()
    )
    manifest.write(folder, made)
    return folder


def ramps(first: int, n: int) -> list[np.ndarray]:
    """Clips of which each sample tells the clip and, nearly, where it stands."""
    return [
        np.linspace(0, 0.9, N_SAMPLES, dtype=np.float32) * (-1) ** i / (first + i + 1)
        for i in range(n)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path, {"train": ramps(0, 5), "valid": ramps(5, 3)})


def test_a_batch_is_the_same_whoever_asks_and_whatever_was_asked_before(folder: Path) -> None:
    one, other = Dataset(folder, 100, 7), Dataset(folder, 100, 7)
    for step in range(5):
        one.batch(step, 4)
    np.testing.assert_array_equal(one.batch(3, 4), other.batch(3, 4))


def test_another_seed_gives_other_batches(folder: Path) -> None:
    assert (Dataset(folder, 100, 0).batch(0, 4) != Dataset(folder, 100, 1).batch(0, 4)).any()


def test_a_crop_is_a_stretch_of_a_clip(folder: Path) -> None:
    clips = [model_classes(clip) for clip in ramps(0, 5)]
    stretches = {bytes(c[i : i + 100]) for c in clips for i in range(N_SAMPLES - 99)}
    assert {bytes(crop) for crop in Dataset(folder, 100, 0).batch(0, 16)} <= stretches


def test_every_clip_comes_once_before_any_comes_again(folder: Path) -> None:
    dataset = Dataset(folder, N_SAMPLES, 0)
    clips = {bytes(model_classes(clip)) for clip in ramps(0, 5)}
    for epoch in range(3):
        crops = np.concatenate([dataset.batch(5 * epoch + i, 1) for i in range(5)])
        assert {bytes(crop) for crop in crops} == clips


def test_crops_are_made_quieter_by_up_to_what_is_asked_and_the_validation_is_not(
    tmp_path: Path,
) -> None:
    loud = [np.full(N_SAMPLES, 0.5, np.float32)] * 4
    write_folder(tmp_path, {"train": loud, "valid": loud})
    dataset = Dataset(tmp_path, 100, 0, 20.0)
    levels_db = 20 * np.log10(samples_of_model_classes(dataset.batch(0, 64))[:, 0] / 0.5)
    assert -20.3 < levels_db.min() < -17
    assert -3 < levels_db.max() < 0.3
    assert (dataset.valid_batches(4)[0] == model_classes(0.5)).all()


def test_whole_batches_are_validated_on_that_hold_only_what_is_not_learned_from(
    folder: Path,
) -> None:
    batches = Dataset(folder, 100, 0).valid_batches(8)
    assert [batch.shape for batch in batches] == [(8, 100)] * 3  # of 30 crops
    clips = [model_classes(clip) for clip in ramps(5, 3)]
    there = {bytes(c[i : i + 100]) for c in clips for i in range(0, N_SAMPLES, 100)}
    assert {bytes(crop) for batch in batches for crop in batch} <= there


def test_fewer_crops_than_a_batch_are_repeated_to_fill_one(folder: Path) -> None:
    (batch,) = Dataset(folder, N_SAMPLES, 0).valid_batches(8)
    assert len({bytes(crop) for crop in batch}) == 3


def test_clips_to_listen_to_are_at_most_those_there_are(folder: Path) -> None:
    dataset = Dataset(folder, 100, 0)
    assert len(dataset.valid_clips(2)) == 2
    assert len(dataset.valid_clips(9)) == 3


def test_clips_shorter_than_a_crop_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="shorter than a crop of 1001") as caught:
        Dataset(folder, N_SAMPLES + 1, 0)
    assert "--length" in caught.value.hint


def test_a_folder_without_clips_to_validate_on_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, {"train": ramps(0, 2)})
    with pytest.raises(InputError, match="no clips to valid"):
        Dataset(tmp_path, 100, 0)


def test_clips_at_another_rate_are_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, {"train": ramps(0, 2), "valid": ramps(2, 2)}, rate_hz=22_050)
    with pytest.raises(InputError, match="at 22050 Hz"):
        Dataset(tmp_path, 100, 0)


def test_a_folder_that_is_not_finished_is_refused(folder: Path) -> None:
    (folder / manifest.NAME).unlink()
    with pytest.raises(InputError, match=r"no manifest\.json"):
        Dataset(folder, 100, 0)


def test_a_clip_that_holds_nan_is_refused_before_anything_is_learned(tmp_path: Path) -> None:
    bad = ramps(0, 3)
    bad[1][500] = np.nan
    write_folder(tmp_path, {"train": bad, "valid": ramps(3, 1)})
    with pytest.raises(InputError, match="record 1 holds NaN"):
        Dataset(tmp_path, 100, 0)


def test_a_file_that_is_cut_short_is_refused(folder: Path) -> None:
    path = folder / "train.tfrecord"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match="cut short"):
        Dataset(folder, 100, 0)

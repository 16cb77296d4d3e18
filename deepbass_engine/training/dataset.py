"""Batches of crops from prepared clips: which crop is in which batch is a matter of the seed alone.

A batch is found from its number without those before it, so training can go on anywhere, and
several processes find the same one. Clips lie in files that are mapped into memory and are read
where a crop needs them.
"""

from __future__ import annotations

import bisect
import functools
import hashlib
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from deepbass_engine.errors import InputError
from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ
from deepbass_engine.nsynth.mulaw import model_classes
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.training import manifest
from deepbass_engine.training.tfrecords import ClipFile
from deepbass_engine.units import gain_from_db

Classes = NDArray[np.uint8]

_MOST_VALID_CROPS = 256


class Dataset:
    """The clips of a folder that ``deepbass data prepare`` has filled.

    Parameters
    ----------
    folder
        Where they lie.
    length
        Samples in a crop.
    seed
        Decides which crop is in which batch.
    quieter_db
        Each crop to learn from is made quieter by anything up to this.
    on_progress, cancel
        All clips are read and checked first.

    Raises
    ------
    InputError
        If the folder is not finished, a file is damaged or of another schema, or the clips are too
        short for a crop.
    Cancelled
        If asked to stop.
    """

    def __init__(
        self,
        folder: Path,
        length: int,
        seed: int,
        quieter_db: float = 0.0,
        *,
        on_progress: OnProgress | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        self.manifest = manifest.read(folder)
        self.content_hash = hashlib.sha256(msgspec.json.encode(self.manifest)).hexdigest()
        rate_hz = self.manifest.settings.rate_hz
        if rate_hz != SAMPLE_RATE_HZ:
            raise InputError(
                f"holds clips at {rate_hz} Hz; a model hears {SAMPLE_RATE_HZ}",
                path=folder,
                hint=f"prepare them again with --rate {SAMPLE_RATE_HZ}",
            )
        self._length, self._seed, self._quieter_db = length, seed, quieter_db
        self._train = _Clips()
        self._valid = _Clips()
        for done, shard in enumerate(self.manifest.shards):
            if cancel is not None:
                cancel.raise_if_cancelled()
            file = ClipFile(folder / shard.name)
            file.check()
            if not len(file):
                continue
            if len(file.clip(0)) < length:
                raise InputError(
                    f"holds clips of {len(file.clip(0))} samples, shorter than a crop of {length}",
                    path=folder / shard.name,
                    hint="give a smaller --length, or prepare longer clips",
                )
            (self._train if shard.split == "train" else self._valid).add(file)
            if on_progress is not None:
                on_progress(Progress("checking clips", done + 1, len(self.manifest.shards)))
        for split, clips in (("train", self._train), ("valid", self._valid)):
            if not len(clips):
                raise InputError(
                    f"holds no clips to {split} on",
                    path=folder,
                    hint="prepare it from at least two songs, with a --valid-share above 0",
                )

    def batch(self, step: int, n_crops: int) -> Classes:
        """Crops to learn from in a step: every clip once before any comes again.

        Returns
        -------
        uint8, shape (n_crops, length)
            Classes as a model counts them.
        """
        n = len(self._train)
        crops = np.empty((n_crops, self._length), np.uint8)
        for row, position in enumerate(range(step * n_crops, (step + 1) * n_crops)):
            clip = self._train.clip(int(self._order(position // n)[position % n]))
            generator = np.random.default_rng([self._seed, 1, position])
            start = generator.integers(0, len(clip) - self._length + 1)
            gain = np.float32(gain_from_db(-self._quieter_db * generator.random()))
            crops[row] = model_classes(gain * clip[start : start + self._length])
        return crops

    def valid_batches(self, n_crops: int) -> list[Classes]:
        """Crops to validate on, always the same: spread evenly over all there are.

        There are as many as fill whole batches, at least one, of at most 256 crops.
        """
        clips = self._valid
        per_clip = len(clips.clip(0)) // self._length
        there = len(clips) * per_clip
        n_batches = max(1, min(there, _MOST_VALID_CROPS) // n_crops)
        picked = np.linspace(0, there - 1, n_batches * n_crops).round().astype(int)
        crops = np.stack([self._valid_crop(*divmod(int(i), per_clip)) for i in picked])
        return list(crops.reshape(n_batches, n_crops, self._length))

    def valid_clips(self, n: int) -> list[NDArray[np.float32]]:
        """Clips to listen to, spread evenly over those that are validated on."""
        picked = np.linspace(0, len(self._valid) - 1, min(n, len(self._valid))).round().astype(int)
        return [self._valid.clip(int(i)) for i in picked]

    def _valid_crop(self, clip: int, crop: int) -> Classes:
        start = crop * self._length
        return model_classes(self._valid.clip(clip)[start : start + self._length])

    @functools.lru_cache(maxsize=2)  # noqa: B019 (there is one of it, and it lives to the end)
    def _order(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng([self._seed, 0, epoch]).permutation(len(self._train))


class _Clips:
    """The clips of several files, counted through."""

    def __init__(self) -> None:
        self._files: list[ClipFile] = []
        self._ends: list[int] = []

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def add(self, file: ClipFile) -> None:
        self._files.append(file)
        self._ends.append(len(self) + len(file))

    def clip(self, i: int) -> NDArray[np.float32]:
        file = bisect.bisect_right(self._ends, i)
        first = self._ends[file - 1] if file else 0
        return self._files[file].clip(i - first)

"""A few clips decoded by a model in training, beside what it heard, to listen to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepbass_engine import atomic
from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ
from deepbass_engine.nsynth.files import wav_of
from deepbass_engine.nsynth.mulaw import model_classes

LENGTH_S = 2


def write(folder: Path, model: Autoencoder, clips: Sequence[NDArray[np.float32]]) -> None:
    """Write the beginning of each clip and what the model makes of it, as WAV.

    Parameters
    ----------
    folder
        Made if it is not there.
    model
        The model.
    clips : float32, shape (n_samples,) each, all of one length
        At 16 kHz.

    Raises
    ------
    OutputError
        If a file can't be written.
    """
    heard = np.stack([clip[: LENGTH_S * SAMPLE_RATE_HZ] for clip in clips])
    decoded = model.decode(model.encode(heard))
    folder.mkdir(parents=True, exist_ok=True)
    for i, (original, said) in enumerate(zip(heard, decoded, strict=True), start=1):
        for what, classes in (("original", model_classes(original)), ("resynthesis", said)):
            with atomic.replacing(folder / f"{i}-{what}.wav") as temporary:
                temporary.write_bytes(wav_of(classes))

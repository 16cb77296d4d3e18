"""The original program's crossfade through NSynth: one song's encodings faded into the other's.

::

    end of the first song         -> encoded -.
                                               faded -> decoded
    beginning of the second song  -> encoded -'

The stretches come from `deepbass_engine.mix.original_stretches` at 16 kHz, the only rate a model
knows, cut down to whole hops. `deepbass_engine.mix.original_job` writes the files. What the
original did otherwise is ruled on in ``docs/decisions/0020-the-originals-nsynth-run.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.errors import ModelError, SettingError, shown
from deepbass_engine.fades.embedding import faded
from deepbass_engine.legacy_ini import LegacyConfig
from deepbass_engine.mix.morphs import LONGEST_S
from deepbass_engine.mix.original_stretches import Crossfade, read_pair
from deepbass_engine.nsynth import checkpoints, models
from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.nsynth.backends import Choice
from deepbass_engine.nsynth.batch import Stream, decode_streams, measured_step_s
from deepbass_engine.nsynth.config import SAMPLE_RATE_HZ
from deepbass_engine.nsynth.mulaw import samples_of_model_classes
from deepbass_engine.progress import CancelToken, OnProgress
from deepbass_engine.units import frames_from_seconds, seconds_from_frames


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NSynthCrossfade(Crossfade):
    """Two songs joined by a model.

    Attributes
    ----------
    end_enc, begin_enc : float32, shape (n_hops, n_z)
        What the model heard of the end of the first song and of the beginning of the second.
    faded_enc : float32, shape (n_hops, n_z)
        The one faded into the other; what the mix was decoded of.
    """

    end_enc: NDArray[np.float32]
    begin_enc: NDArray[np.float32]
    faded_enc: NDArray[np.float32]


def model_asked(config: LegacyConfig) -> str:
    """Name or path of the model a configuration asks for; empty for the default one.

    Raises
    ------
    ModelError
        If there is neither a model of this name nor such a file.
    """
    text = config.model_weights
    if not text or text in models.names():
        return text
    path = config.folder / text
    if not checkpoints.is_there(path):
        raise ModelError(
            f"model weights in [IO] is {shown(text)!r}: no such file, nor a model of this name",
            hint="give a path, or a name that deepbass model list tells",
        )
    return str(path)


def crossfade_encodings(
    config: LegacyConfig,
    model: Autoencoder,
    choice: Choice,
    *,
    seed: int = 0,
    on_estimate: Callable[[float], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> NSynthCrossfade:
    """Crossfade the two songs of a configuration through a model.

    Parameters
    ----------
    config
        What is asked for.
    model
        What encodes and decodes.
    choice
        Device and precision it decodes with.
    seed
        Seed of the decoder's random numbers.
    on_estimate
        Told, before decoding begins, how many seconds it will take.
    on_note
        Told, as a sentence, what was done otherwise than chosen.
    on_progress
        Told of the stages "reading" (songs), "encoding" and "decoding" (samples), and of
        "compiling once" where that is to be done.

    Raises
    ------
    SettingError
        If the configured length is shorter than a hop of the model, or longer than an NSynth
        transition may be.
    InputError
        If a song can't be used: missing, no audio, no frames, silent throughout, or shorter than
        a hop.
    DeviceError
        If there is too little memory.
    Cancelled
        If asked to stop.
    """
    hop = model.config.hop
    _check_length(config.nsynth_time_s, hop)
    pair = read_pair(
        config,
        SAMPLE_RATE_HZ,
        config.nsynth_time_s,
        hop=hop,
        on_progress=on_progress,
        cancel=cancel,
    )
    stretches = np.stack([pair.first.samples[:, 0], pair.second.samples[:, 0]])
    end_enc, begin_enc = model.encode(stretches, on_progress=on_progress, cancel=cancel)
    faded_enc = faded(end_enc, begin_enc, config.nsynth_style)
    if on_estimate is not None:
        step_s = measured_step_s(model, 1, choice, on_progress=on_progress, cancel=cancel)
        on_estimate(step_s * pair.n_frames)
    (classes,) = decode_streams(
        model,
        [Stream(faded_enc, seed)],
        choice,
        on_note=on_note,
        on_progress=on_progress,
        cancel=cancel,
    )
    return NSynthCrossfade(
        sample_rate_hz=pair.sample_rate_hz,
        first=pair.first,
        second=pair.second,
        asked_frames=pair.asked_frames,
        shortened_because=pair.shortened_because,
        style=config.nsynth_style,
        mix=samples_of_model_classes(classes)[:, np.newaxis],
        end_enc=end_enc,
        begin_enc=begin_enc,
        faded_enc=faded_enc,
    )


def _check_length(time_s: float, hop: int) -> None:
    """Refuse a fade of no hop, and one that would be decoded for hours."""
    hop_s = seconds_from_frames(hop, SAMPLE_RATE_HZ)
    if frames_from_seconds(time_s, SAMPLE_RATE_HZ) < hop or time_s > LONGEST_S:
        raise SettingError(
            f"time in [NSynth XFade Settings] is {time_s:g} s",
            hint=f"this model takes from {hop_s:g} to {LONGEST_S:g} s",
        )

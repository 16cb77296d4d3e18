"""The original program's job: a `config.ini` becomes the files the original wrote.

All five sound files hold the stretch under the fade alone, no more of either song: the two
stretches as they are (``end_trim.wav``, ``begin_trim.wav``), under their ramps
(``end_faded.wav``, ``begin_faded.wav``), and the sum of those two (``<save name>_simple.wav``).
They are mono float WAV, never scaled nor clipped, and replace files of the same name. All have
32-bit samples; the original's faded ones came out in 64.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.atomic import replacing
from deepbass_engine.audio.write import wav_header
from deepbass_engine.errors import OutputError
from deepbass_engine.legacy_ini import LegacyConfig
from deepbass_engine.mix.original import SongCrossfade, crossfade_songs
from deepbass_engine.progress import CancelToken, OnProgress

_TRIMS = ("end_trim.wav", "begin_trim.wav")
_FADED = ("end_faded.wav", "begin_faded.wav")


@dataclass(frozen=True, slots=True, eq=False)
class OriginalResult:
    """What the original's job made.

    Attributes
    ----------
    crossfade
        The crossfade.
    files
        Every file that was written.
    """

    crossfade: SongCrossfade
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Output:
    """One file to be written."""

    name: str
    content: bytes


def run_original(
    config: LegacyConfig,
    *,
    seed: int = 0,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> OriginalResult:
    """Do what a configuration file asks for, and write its files.

    The save directory is made if there is none. No file is put in its place before all have been
    made and written.

    Parameters
    ----------
    config
        What is asked for.
    seed
        Seed of `Random_Linear`.

    Raises
    ------
    InputError
        If a song can't be used: missing, no audio, no frames, or silent throughout.
    OutputError
        If a file can't be written, or would replace one of the songs.
    Cancelled
        If asked to stop.
    """
    cancel = cancel or CancelToken()
    mix_name = f"{config.save_name}_simple.wav"
    _check_outputs(config, (*_TRIMS, *_FADED, mix_name))
    crossfade = crossfade_songs(config, seed=seed, on_progress=on_progress, cancel=cancel)
    rate_hz = crossfade.sample_rate_hz
    outputs = [
        _Output(_FADED[0], _wav(crossfade.end_faded, rate_hz)),
        _Output(_FADED[1], _wav(crossfade.begin_faded, rate_hz)),
        _Output(_TRIMS[0], _wav(crossfade.first.samples, rate_hz)),
        _Output(_TRIMS[1], _wav(crossfade.second.samples, rate_hz)),
        _Output(mix_name, _wav(crossfade.mix, rate_hz)),
    ]
    if config.draws_pictures:
        from deepbass_engine.mix.pictures import drawn

        pictures = drawn(crossfade, on_progress=on_progress, cancel=cancel)
        outputs += [_Output(picture.name, picture.content) for picture in pictures]
    cancel.raise_if_cancelled()
    return OriginalResult(crossfade, _written(config.save_directory, outputs))


def _check_outputs(config: LegacyConfig, names: tuple[str, ...]) -> None:
    """Refuse to replace one of the songs."""
    for target in (config.save_directory / name for name in names):
        for song in (config.first_song, config.second_song):
            with suppress(OSError):  # there is none, or it can't be looked at
                if song.samefile(target):
                    raise OutputError(
                        "is one of the two songs",
                        path=target,
                        hint="choose another save directory or save name",
                    )


def _wav(samples: NDArray[np.float32], sample_rate_hz: int) -> bytes:
    """A mono WAV file of 32-bit float samples."""
    header = wav_header("FLOAT", sample_rate_hz, len(samples), n_channels=1)
    return header + samples.astype("<f4", copy=False).tobytes()


def _written(folder: Path, outputs: list[_Output]) -> tuple[Path, ...]:
    """Write all files, then put all in their places."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"can't be made: {error.strerror or error}",
            path=folder,
            hint="give another save directory",
        ) from error
    with ExitStack() as all_written:
        for output in outputs:
            temporary = all_written.enter_context(replacing(folder / output.name))
            temporary.write_bytes(output.content)
    return tuple(folder / output.name for output in outputs)

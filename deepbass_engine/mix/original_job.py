"""The original program's job: a `config.ini` becomes the files the original wrote.

All sound files hold the stretch under the fade alone, no more of either song. They are mono 32-bit
float WAV, never scaled nor clipped. The timbral roughness of the last one stands, as a number and
nothing else, in ``<save name>_simple_roughness.txt`` or ``<save name>_nsynth_roughness.txt``; a
silent one has none, and then there is no such file.

* Simple: the two stretches as they are (``end_trim.wav``, ``begin_trim.wav``), under their ramps
  (``end_faded.wav``, ``begin_faded.wav``), and the sum of those two (``<save name>_simple.wav``).
* NSynth: the two stretches (``end.wav``, ``begin.wav``), their encodings (``end_enc.npy``,
  ``begin_enc.npy``, shape (1, n_hops, n_z)), and what was decoded (``<save name>_NSynth.wav``).

Files of the same names are replaced, but never a song. Whether all can be written is found out
before anything else is done, and none is put in its place before all have been made and written.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepbass_engine.atomic import replacing
from deepbass_engine.audio.write import wav_header
from deepbass_engine.errors import InputError, OutputError
from deepbass_engine.legacy_ini import LegacyConfig
from deepbass_engine.mix import pictures
from deepbass_engine.mix.original import SongCrossfade, crossfade_songs
from deepbass_engine.mix.original_stretches import Crossfade
from deepbass_engine.progress import CancelToken, OnProgress

if TYPE_CHECKING:
    from deepbass_engine.mix.original_nsynth import NSynthCrossfade
    from deepbass_engine.nsynth.autoencoder import Autoencoder
    from deepbass_engine.nsynth.backends import Choice

_TRIMS = ("end_trim.wav", "begin_trim.wav")
_FADED = ("end_faded.wav", "begin_faded.wav")
_HEARD = ("end.wav", "begin.wav")
_ENCODED = ("end_enc.npy", "begin_enc.npy")


@dataclass(frozen=True, slots=True, eq=False)
class OriginalResult:
    """What the original's job made.

    Attributes
    ----------
    crossfade
        The crossfade.
    files
        Every file that was written.
    roughness
        Timbral roughness of the mix on its published scale, 0 to about 90; None if it is silent.
    """

    crossfade: Crossfade
    files: tuple[Path, ...]
    roughness: float | None


class _OnlyTriedError(Exception):
    """Ends an attempt to write; nobody sees it."""


def run_original(
    config: LegacyConfig,
    *,
    seed: int = 0,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> OriginalResult:
    """Do the simple crossfade of a configuration file, and write its files.

    The save directory is made if there is none.

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
    roughness_name = f"{config.save_name}_simple_roughness.txt"
    _check_outputs(config, (*_TRIMS, *_FADED, mix_name, roughness_name), pictures.SIMPLE)
    crossfade = crossfade_songs(config, seed=seed, on_progress=on_progress, cancel=cancel)
    rate_hz = crossfade.sample_rate_hz
    outputs = {
        _FADED[0]: _wav(crossfade.end_faded, rate_hz),
        _FADED[1]: _wav(crossfade.begin_faded, rate_hz),
        _TRIMS[0]: _wav(crossfade.first.samples, rate_hz),
        _TRIMS[1]: _wav(crossfade.second.samples, rate_hz),
        mix_name: _wav(crossfade.mix, rate_hz),
    }
    return _finished(config, crossfade, outputs, roughness_name, on_progress, cancel)


def run_original_nsynth(
    config: LegacyConfig,
    model: Autoencoder,
    choice: Choice,
    *,
    seed: int = 0,
    on_estimate: Callable[[float], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> OriginalResult:
    """Do the crossfade of a configuration file through a model, and write its files.

    The save directory is made if there is none.

    Parameters
    ----------
    config, model, choice, seed, on_estimate, on_note, on_progress
        As in `deepbass_engine.mix.original_nsynth.crossfade_encodings`.

    Raises
    ------
    SettingError, InputError, DeviceError, Cancelled
        As there.
    OutputError
        If a file can't be written, or would replace one of the songs.
    """
    from deepbass_engine.mix.original_nsynth import crossfade_encodings

    cancel = cancel or CancelToken()
    mix_name = f"{config.save_name}_NSynth.wav"
    roughness_name = f"{config.save_name}_nsynth_roughness.txt"
    _check_outputs(config, (*_HEARD, *_ENCODED, mix_name, roughness_name), pictures.NSYNTH)
    crossfade = crossfade_encodings(
        config,
        model,
        choice,
        seed=seed,
        on_estimate=on_estimate,
        on_note=on_note,
        on_progress=on_progress,
        cancel=cancel,
    )
    rate_hz = crossfade.sample_rate_hz
    outputs = {
        _HEARD[0]: _wav(crossfade.first.samples, rate_hz),
        _HEARD[1]: _wav(crossfade.second.samples, rate_hz),
        _ENCODED[0]: _npy(crossfade.end_enc),
        _ENCODED[1]: _npy(crossfade.begin_enc),
        mix_name: _wav(crossfade.mix, rate_hz),
    }
    return _finished(config, crossfade, outputs, roughness_name, on_progress, cancel)


def _finished(
    config: LegacyConfig,
    crossfade: SongCrossfade | NSynthCrossfade,
    outputs: dict[str, bytes],
    roughness_name: str,
    on_progress: OnProgress | None,
    cancel: CancelToken,
) -> OriginalResult:
    """Measure the mix, draw the pictures if they are asked for, and write everything."""
    roughness = _roughness(crossfade, cancel)
    if roughness is not None:
        outputs[roughness_name] = b"%f" % roughness
    if config.draws_pictures:
        drawn = pictures.drawn(crossfade, on_progress=on_progress, cancel=cancel)
        outputs |= {picture.name: picture.content for picture in drawn}
    cancel.raise_if_cancelled()
    files = _written(config.save_directory, outputs)
    if roughness is None:  # that of an earlier mix would be taken for this one's
        with suppress(OSError):
            (config.save_directory / roughness_name).unlink()
    return OriginalResult(crossfade, files, roughness)


def _roughness(crossfade: Crossfade, cancel: CancelToken) -> float | None:
    """Timbral roughness of the mix; None if it is silent."""
    from deepbass_engine.analysis.roughness import timbral_roughness

    try:
        measured = timbral_roughness(crossfade.mix, crossfade.sample_rate_hz, cancel=cancel)
    except InputError:
        return None
    return measured.published


def _check_outputs(config: LegacyConfig, names: tuple[str, ...], drawn: tuple[str, ...]) -> None:
    """Refuse to replace one of the songs, and what can't be written; leave nothing."""
    folder = config.save_directory
    targets = [folder / name for name in names]
    if config.draws_pictures:
        targets += [folder / name for name in pictures.file_names(drawn)]
    for target in targets:
        for song in (config.first_song, config.second_song):
            with suppress(OSError):  # there is none, or it can't be looked at
                if song.samefile(target):
                    raise OutputError(
                        "is one of the two songs",
                        path=target,
                        hint="choose another save directory or save name",
                    )
    with suppress(_OnlyTriedError), _made(folder), ExitStack() as all_tried:
        for target in targets:
            all_tried.enter_context(replacing(target))
        raise _OnlyTriedError


def _written(folder: Path, outputs: dict[str, bytes]) -> tuple[Path, ...]:
    """Write all files, then put all in their places."""
    with _made(folder), ExitStack() as all_written:
        for name, content in outputs.items():
            temporary = all_written.enter_context(replacing(folder / name))
            temporary.write_bytes(content)
    return tuple(folder / name for name in outputs)


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder and its parents; if what is to be done in it fails, take them away again."""
    missing: list[Path] = []
    try:
        try:
            missing += [each for each in (folder, *folder.parents) if not each.exists()]
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"can't be made: {error.strerror or error}",
                path=folder,
                hint="give another save directory",
            ) from error
        yield
    except BaseException:
        for each in missing:
            with suppress(OSError):  # it was not made, or there is something in it by now
                each.rmdir()
        raise


def _wav(samples: NDArray[np.float32], sample_rate_hz: int) -> bytes:
    """A mono WAV file of 32-bit float samples."""
    header = wav_header("FLOAT", sample_rate_hz, len(samples), n_channels=1)
    return header + samples.astype("<f4", copy=False).tobytes()


def _npy(encodings: NDArray[np.float32]) -> bytes:
    """An .npy file of encodings (n_hops, n_z), as a batch of one."""
    file = io.BytesIO()
    np.save(file, encodings[np.newaxis])
    return file.getvalue()

"""Models on this machine: loaded by name or path, imported, listed, removed.

Models are files of `deepbass_engine.nsynth.weights`, a model's name being its file's. Those that
were imported lie in the user's data folder, which `DEEPBASS_DATA_DIR` moves; those that come with
the program are among its resources, and are neither replaced nor removed. Where no model is named,
the one that was imported last is used, and before any was, the one that comes with the program.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from deepbass_engine import resources
from deepbass_engine.errors import DeepBassError, ModelError, OutputError, shown
from deepbass_engine.nsynth import checkpoints, weights
from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.progress import CancelToken, OnProgress

_NAME = re.compile(r"\w[\w.+-]{0,39}")


class ModelFacts(Struct, frozen=True, kw_only=True):
    """What is known of a model that can be called by its name.

    Attributes
    ----------
    name
        What it is called.
    bundled
        Whether it comes with the program.
    path, n_bytes
        Its file and the file's size.
    config
        Its shape.
    source
        Where it comes from.
    """

    name: str
    bundled: bool
    path: Path
    n_bytes: int
    config: WaveNetConfig
    source: weights.Source


def folder() -> Path:
    """Where imported models lie; it may not exist yet."""
    chosen = os.environ.get("DEEPBASS_DATA_DIR")
    if chosen:
        return Path(chosen) / "models"
    import platformdirs

    return Path(platformdirs.user_data_dir("deepbass", appauthor=False)) / "models"


def bundled_folder() -> Path | None:
    """Where the models lie that come with the program; None where it was packed without them."""
    try:
        return resources.path("models")
    except DeepBassError:
        return None


def names() -> list[str]:
    """Names of the models here, in order; damaged ones among them."""
    return sorted(_files())


def facts(name: str) -> ModelFacts:
    """What is known of a model, from its header alone.

    Raises
    ------
    ModelError
        If there is none of this name, or its header can't be read.
    """
    path = _known_path(name)
    header = weights.read_header(path)
    return ModelFacts(
        name=name,
        bundled=path.parent == bundled_folder(),
        path=path,
        n_bytes=path.stat().st_size,
        config=header.config,
        source=header.source,
    )


def installed() -> list[ModelFacts]:
    """The models here by name; those whose header can't be read are left out."""
    found = []
    for name in names():
        try:
            found.append(facts(name))
        except ModelError:
            continue
    return found


def default_of(found: Iterable[ModelFacts]) -> str | None:
    """Which of these models is to be used where none is named; None of no models.

    The one imported last; one that comes with the program only where none was imported.
    """
    last = max(found, key=lambda each: (not each.bundled, each.source.written_at), default=None)
    return None if last is None else last.name


def default_name() -> str | None:
    """The model to use where none is named; None where there is none."""
    return default_of(installed())


def load_model(
    name_or_path: str | Path,
    *,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> Autoencoder:
    """Load a model and check all of it.

    Parameters
    ----------
    name_or_path
        The name of a model that is here, or else a file: a model, or a checkpoint in any form that
        `import_model` takes, which is then read with the published model's hop and dilations.

    Raises
    ------
    ModelError
        If there is no such model, or it can't be used.
    Cancelled
        If asked to stop.
    """
    if isinstance(name_or_path, str) and name_or_path in names():
        path, name = _known_path(name_or_path), name_or_path
    else:
        path = Path(name_or_path)
        name = path.name.removesuffix(weights.SUFFIX)
        if _NAME.fullmatch(str(name_or_path)) and not checkpoints.is_there(path):
            raise _unknown(name)
    model = _read(path, on_progress=on_progress, cancel=cancel)
    source = model.source
    return Autoencoder(model.config, model.weights, name, source.content_hash, source.trained_steps)


def import_model(
    path: Path,
    name: str,
    *,
    untold: checkpoints.Untold | None = None,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> ModelFacts:
    """Take in a model: check all of it and keep it under a name.

    Parameters
    ----------
    path
        A model file of ours, or a TensorFlow checkpoint: its folder, a tar archive with it, its
        prefix, or one of its files.
    name
        What it shall be called: one plain word.
    untold
        What a checkpoint does not tell; the published model's unless given. A model file tells.
    overwrite
        Whether an imported model of this name may be replaced.

    Raises
    ------
    ModelError
        If it can't be used, or the name can't; one that comes with the program has its name for
        itself.
    OutputError
        If it can't be written.
    Cancelled
        If asked to stop; then nothing has changed.
    """
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"{shown(name)!r} can't be the name of a model",
            hint="give one word of at most 40 letters, digits, '_', '-', '+' and '.', which begins "
            "with a letter, a digit or '_'",
        )
    if name in _bundled_files():
        raise ModelError(
            f"the model {name!r} comes with DeepBass and can't be replaced",
            hint="choose another name",
        )
    if name in names() and not overwrite:
        raise ModelError(
            f"there is a model named {name!r} already",
            hint="choose another name, or use --overwrite",
        )
    model = _read(path, untold=untold, on_progress=on_progress, cancel=cancel)
    try:
        folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"can't be made: {error.strerror or error}",
            path=folder(),
            hint="models are kept in this folder; check the permissions of the one it is to be in",
        ) from error
    weights.save(
        folder() / f"{name}{weights.SUFFIX}",
        model.config,
        model.weights,
        origin=model.source.origin,
        notes=model.source.notes,
        trained_steps=model.source.trained_steps,
        on_progress=on_progress,
        cancel=cancel,
    )
    return facts(name)


def remove(name: str) -> None:
    """Delete an imported model.

    Raises
    ------
    ModelError
        If there is none of this name, or it comes with the program.
    OutputError
        If it can't be deleted.
    """
    path = _known_path(name)
    if path.parent == bundled_folder():
        raise ModelError(
            f"the model {name!r} comes with DeepBass and can't be removed",
            hint="import another one: that is used in its place",
        )
    try:
        path.unlink()
    except OSError as error:
        raise OutputError(
            f"can't be removed: {error.strerror or error}",
            path=path,
            hint="check the permissions of its folder",
        ) from error


def _read(
    path: Path,
    *,
    untold: checkpoints.Untold | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> weights.ModelFile:
    """A model from a file of ours or a checkpoint."""
    if path.suffix != weights.SUFFIX:
        return checkpoints.read(
            path, untold or checkpoints.Untold(), on_progress=on_progress, cancel=cancel
        )
    if untold is not None:
        raise ModelError(
            "tells its hop and dilations itself", path=path, hint="give them with a checkpoint only"
        )
    return weights.load(path)


def _files() -> dict[str, Path]:
    """The file of each model here by its name.

    A model that was imported before one of its name came with the program goes first, so that its
    projects sound as they did.
    """
    return _bundled_files() | _models_in(folder())


def _bundled_files() -> dict[str, Path]:
    bundled = bundled_folder()
    return _models_in(bundled) if bundled is not None else {}


def _models_in(place: Path) -> dict[str, Path]:
    try:
        files = list(place.iterdir())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ModelError(
            f"can't be read: {error.strerror or error}",
            path=place,
            hint="models lie in this folder; check its permissions",
        ) from error
    return {
        file.stem: file
        for file in files
        if file.suffix == weights.SUFFIX and _NAME.fullmatch(file.stem)
    }


def _known_path(name: str) -> Path:
    path = _files().get(name)
    if path is None:
        raise _unknown(name)
    return path


def _unknown(name: str) -> ModelError:
    known = names()
    return ModelError(
        f"there is no model named {shown(name)!r}",
        hint=f"there are: {', '.join(known)}" if known else "there is none: import one first",
    )

"""Models on this machine: loaded by name or path, imported, listed, removed.

Installed models are files of `deepbass_engine.nsynth.weights` in the user's data folder, a model's
name being its file's. `DEEPBASS_DATA_DIR` moves the folder. Where no model is named, the one that
was imported last is used.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from msgspec import Struct

from deepbass_engine.errors import ModelError, OutputError, shown
from deepbass_engine.nsynth import checkpoints, weights
from deepbass_engine.nsynth.autoencoder import Autoencoder
from deepbass_engine.nsynth.config import WaveNetConfig
from deepbass_engine.progress import CancelToken, OnProgress

_NAME = re.compile(r"\w[\w.+-]{0,39}")


class ModelFacts(Struct, frozen=True, kw_only=True):
    """What is known of an installed model.

    Attributes
    ----------
    name
        What it is called.
    path, n_bytes
        Its file and the file's size.
    config
        Its shape.
    source
        Where it comes from.
    """

    name: str
    path: Path
    n_bytes: int
    config: WaveNetConfig
    source: weights.Source


def folder() -> Path:
    """Where installed models lie; it may not exist yet."""
    chosen = os.environ.get("DEEPBASS_DATA_DIR")
    if chosen:
        return Path(chosen) / "models"
    import platformdirs

    return Path(platformdirs.user_data_dir("deepbass", appauthor=False)) / "models"


def names() -> list[str]:
    """Names of the installed models, in order; damaged ones among them."""
    try:
        files = list(folder().iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ModelError(
            f"can't be read: {error.strerror or error}",
            path=folder(),
            hint="models lie in this folder; check its permissions",
        ) from error
    return sorted(
        file.stem for file in files if file.suffix == weights.SUFFIX and _NAME.fullmatch(file.stem)
    )


def facts(name: str) -> ModelFacts:
    """What is known of an installed model, from its header alone.

    Raises
    ------
    ModelError
        If there is none of this name, or its header can't be read.
    """
    path = _installed_path(name)
    header = weights.read_header(path)
    return ModelFacts(
        name=name,
        path=path,
        n_bytes=path.stat().st_size,
        config=header.config,
        source=header.source,
    )


def installed() -> list[ModelFacts]:
    """The installed models by name; those whose header can't be read are left out."""
    found = []
    for name in names():
        try:
            found.append(facts(name))
        except ModelError:
            continue
    return found


def default_name() -> str | None:
    """The model to use where none is named: of those installed the one imported last."""
    found = installed()
    return max(found, key=lambda each: each.source.written_at).name if found else None


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
        The name of an installed model, or else a file: a model, or a checkpoint in any form that
        `import_model` takes, which is then read with the published model's hop and dilations.

    Raises
    ------
    ModelError
        If there is no such model, or it can't be used.
    Cancelled
        If asked to stop.
    """
    if isinstance(name_or_path, str) and name_or_path in names():
        path, name = _path(name_or_path), name_or_path
    else:
        path = Path(name_or_path)
        name = path.name.removesuffix(weights.SUFFIX)
        if _NAME.fullmatch(str(name_or_path)) and not checkpoints.is_there(path):
            raise _unknown(name)
    model = _read(path, on_progress=on_progress, cancel=cancel)
    return Autoencoder(model.config, model.weights, name, model.source.content_hash)


def import_model(
    path: Path,
    name: str,
    *,
    untold: checkpoints.Untold | None = None,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> ModelFacts:
    """Install a model: check all of it and keep it under a name.

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
        Whether a model of this name may be replaced.

    Raises
    ------
    ModelError
        If it can't be used, or the name can't.
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
        _path(name),
        model.config,
        model.weights,
        origin=model.source.origin,
        notes=model.source.notes,
        on_progress=on_progress,
        cancel=cancel,
    )
    return facts(name)


def remove(name: str) -> None:
    """Delete an installed model.

    Raises
    ------
    ModelError
        If there is none of this name.
    OutputError
        If it can't be deleted.
    """
    path = _installed_path(name)
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


def _path(name: str) -> Path:
    return folder() / f"{name}{weights.SUFFIX}"


def _installed_path(name: str) -> Path:
    if name not in names():
        raise _unknown(name)
    return _path(name)


def _unknown(name: str) -> ModelError:
    known = names()
    return ModelError(
        f"there is no model named {shown(name)!r}",
        hint=f"installed: {', '.join(known)}" if known else "none is installed: import one first",
    )

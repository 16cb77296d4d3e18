"""Models out of TensorFlow checkpoints, in whatever form a person has one.

That is a folder, a tar archive, the prefix that TensorFlow itself goes by, or any file of a
checkpoint. Where several lie together, the one that TensorFlow's own ``checkpoint`` file names is
taken, or else the one of the highest step. What training keeps beside a model (moving averages,
slots of the optimizer, the step) is passed over, as the published code does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from msgspec import Struct, structs

from deepbass_engine.errors import ModelError, shown
from deepbass_engine.nsynth import weights
from deepbass_engine.nsynth.config import Shape, config_of_shapes
from deepbass_engine.nsynth.tar_members import tar_members
from deepbass_engine.nsynth.tf_checkpoint import Checkpoint, Stretch
from deepbass_engine.progress import CancelToken, OnProgress, Progress

_INDEX = ".index"
_PART = re.compile(r"(?P<prefix>.+)\.(?P<end>index|meta|data-\d{5}-of-\d{5})", re.DOTALL)
_STATE = "checkpoint"
_MOST_STATE_BYTES = 1 << 20
_NAMED = re.compile(r'^model_checkpoint_path:\s*"(.*)"', re.MULTILINE)
_STEP = re.compile(r"-(\d{1,18})$")
_AVERAGE = "/ExponentialMovingAverage"


class Untold(Struct, frozen=True, kw_only=True):
    """What the shapes of a checkpoint's variables don't tell: here, of the published model.

    Attributes
    ----------
    hop, dilation_cycle, encoder_dilation_cycle
        As in `WaveNetConfig`.
    """

    hop: int = 512
    dilation_cycle: int = 10
    encoder_dilation_cycle: int = 10


@dataclass(frozen=True, slots=True)
class _Located:
    """The files of one checkpoint, by the ends of their names, and what to say of the choice."""

    name: str
    parts: Mapping[str, Stretch]
    notes: tuple[str, ...] = ()


def is_there(path: Path) -> bool:
    """Whether a path leads to something, be it as the prefix of a checkpoint."""
    return path.exists() or path.with_name(path.name + _INDEX).exists()


def read(
    path: Path,
    untold: Untold,
    *,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> weights.ModelFile:
    """Read a model from a checkpoint and check all of it.

    Parameters
    ----------
    path
        A folder with a checkpoint, a tar archive (gzipped or not) with one, its prefix, or one of
        its files.
    untold
        What it does not tell.

    Raises
    ------
    ModelError
        If there is none, it is damaged, or it is not of an NSynth WaveNet autoencoder; the file
        and the first bad variable are named.
    OutputError
        If there is no room to decompress the archive.
    Cancelled
        If asked to stop.
    """
    with _located(path, on_progress, cancel) as located, weights.naming(located.name):
        checkpoint = Checkpoint(located.parts["index"], located.parts)
        end, notes = _ending(checkpoint.shapes)
        shapes: dict[str, Shape] = {
            name.removesuffix(end): shape
            for name, shape in checkpoint.shapes.items()
            if name.endswith(end)
        }
        config = config_of_shapes(shapes, **structs.asdict(untold))
        variables = {}
        names = config.variables()
        for done, name in enumerate(names):
            if cancel is not None:
                cancel.raise_if_cancelled()
            if on_progress is not None:
                on_progress(Progress("reading", done, len(names)))
            variables[name] = checkpoint.read(name + end)
            weights.check_finite(name, variables[name])
        step = checkpoint.whole_number("global_step")
    source = weights.source_of(
        config,
        variables,
        origin=str(Path(located.name).absolute()),
        notes=(*located.notes, *notes),
        trained_steps=max(0, _step(located.name) if step is None else step),
    )
    return weights.ModelFile(config=config, source=source, weights=variables)


def _ending(shapes: Mapping[str, Shape]) -> tuple[str, tuple[str, ...]]:
    """What the names of the variables to take end in, and what to say of it."""
    is_plain = any(name.endswith(("/W", "/biases")) for name in shapes)
    if is_plain or not any(name.endswith(_AVERAGE) for name in shapes):
        return "", ()
    return _AVERAGE, ("it holds only the moving averages of the variables: they were taken",)


@contextmanager
def _located(
    path: Path, on_progress: OnProgress | None, cancel: CancelToken | None
) -> Iterator[_Located]:
    """Find the checkpoint that a path means; its files can be read inside the ``with`` block."""
    part = _PART.fullmatch(path.name)
    try:
        if path.is_dir():
            yield _of_files(_in_folder(path), path)
        elif part is not None:
            yield _of_prefix(path.with_name(part["prefix"]))
        elif path.name == _STATE and path.exists():
            yield _of_files(_in_folder(path.parent), path.parent)
        elif path.exists():
            with tar_members(path, on_progress=on_progress, cancel=cancel) as members:
                yield _of_files(members, path)
        else:
            yield _of_prefix(path)
    except OSError as error:
        raise ModelError(
            f"can't be read: {error.strerror or error}",
            path=error.filename or path,
            hint="check its permissions",
        ) from error


def _of_prefix(prefix: Path) -> _Located:
    """The checkpoint of a prefix, whose files must lie in its folder."""
    parts = _parts(_matching(prefix.parent, "*"), prefix.name)
    if not parts:
        raise ModelError("there is no such file", path=prefix, hint="check its name and place")
    if "index" not in parts:
        raise ModelError(
            "there is no such file, only others of its checkpoint",
            path=prefix.with_name(prefix.name + _INDEX),
            hint="keep the files of a checkpoint together",
        )
    return _Located(str(prefix), parts)


def _of_files(files: Mapping[str, Stretch], place: Path) -> _Located:
    """The checkpoint to take among the files of a folder or an archive."""
    prefixes = [
        name.removesuffix(_INDEX)
        for name in sorted(files)
        if name.endswith(_INDEX) and not PurePosixPath(name).name.startswith("._")
    ]
    if not prefixes:
        raise ModelError(
            "holds no checkpoint: there is no .index file in it",
            path=place,
            hint="give the folder or archive with the files .index and .data-00000-of-...",
        )
    named = [prefix for prefix in prefixes if _is_named(prefix, files)]
    chosen = max(named or prefixes, key=_step)
    notes: tuple[str, ...] = ()
    if len(prefixes) > 1:
        why = "its file 'checkpoint' names it" if named else "it is of the highest step"
        notes = (f"of {len(prefixes)} checkpoints {shown(chosen)} was taken: {why}",)
    name = files[chosen + _INDEX].name.removesuffix(_INDEX)
    return _Located(name, _parts(files, chosen), notes)


def _is_named(prefix: str, files: Mapping[str, Stretch]) -> bool:
    """Whether a file ``checkpoint`` beside a prefix names it; it may do so by a path of old."""
    beside = PurePosixPath(prefix)
    state = files.get(str(beside.with_name(_STATE)))
    if state is None:
        return False
    text = state.read(0, min(state.n_bytes, _MOST_STATE_BYTES)).decode(errors="replace")
    named = _NAMED.search(text)
    return named is not None and re.split(r"[/\\]+", named[1])[-1] == beside.name


def _step(prefix: str) -> int:
    found = _STEP.search(prefix)
    return int(found[1]) if found else -1


def _parts(files: Mapping[str, Stretch], prefix: str) -> dict[str, Stretch]:
    """The files of one checkpoint, by the ends of their names."""
    parts = {}
    for name, stretch in files.items():
        part = _PART.fullmatch(name)
        if part is not None and part["prefix"] == prefix:
            parts[part["end"]] = stretch
    return parts


def _in_folder(folder: Path) -> dict[str, Stretch]:
    """Files of checkpoints in a folder; if it has none, in the folders inside it."""
    found = _matching(folder, "*")
    return found if any(name.endswith(_INDEX) for name in found) else _matching(folder, "*/*")


def _matching(folder: Path, pattern: str) -> dict[str, Stretch]:
    """Files of checkpoints under a folder, by their paths from there."""
    return {
        file.relative_to(folder).as_posix(): Stretch(file, 0, file.stat().st_size, str(file))
        for file in folder.glob(pattern)
        if (_PART.fullmatch(file.name) or file.name == _STATE) and file.is_file()
    }

"""The ``.deepbass`` file: a project as JSON that people can read and later versions can open.

The key ``schema`` holds ``deepbass.project/N``. A file of a lower N is brought up to date by
`MIGRATIONS`, one of a higher N is refused. Tracks are kept by their path from the project file
(see `deepbass_engine.paths`) and the hash of their content. The text is ASCII, all else escaped,
so that names that are no Unicode survive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from deepbass_engine.atomic import replacing
from deepbass_engine.errors import DeepBassError, ProjectFileError
from deepbass_engine.paths import found, home, kept
from deepbass_engine.project import Project, Track, Transition
from deepbass_engine.settings import MixSettings, QualityLimits, TransitionSpec

VERSION = 4
LARGEST_FILE_BYTES = 64 * 1024 * 1024

Document = dict[str, Any]

MIGRATIONS: dict[int, Callable[[Document], Document]] = {
    1: lambda document: document,  # 2 adds settings of NSynth transitions; their defaults hold
    2: lambda document: document,  # 3 adds limits of quality and why a search chose; defaults hold
    3: lambda document: document,  # 4 adds the style of transitions, and loudness; defaults hold
}
"""For each older version, what makes its document one of the next version."""

_SCHEMA = re.compile(r"deepbass\.project/([1-9][0-9]{0,8})")
_MEND = "mend that place, or go back to an earlier copy of the file"

S = TypeVar("S", bound=Struct)


class _Sections(Struct, forbid_unknown_fields=True):
    """The outermost keys; their content is decoded one by one, so that errors name the place."""

    tracks: list[Any] = msgspec.field(default_factory=list)
    default: Any = msgspec.field(default_factory=dict)
    mix: Any = msgspec.field(default_factory=dict)
    limits: Any = msgspec.field(default_factory=dict)
    transitions: list[Any] = msgspec.field(default_factory=list)


def save(project: Project, path: Path) -> None:
    """Write a project file, whole or not at all.

    Raises
    ------
    OutputError
        If the file can't be written.
    ProjectFileError
        If the project holds a value that `load` would refuse; nothing is written.
    """
    folder = home(path)
    document = {
        "schema": f"deepbass.project/{VERSION}",
        **msgspec.to_builtins(project, enc_hook=lambda place: kept(place.absolute(), folder)),
    }
    text = json.dumps(document, indent=2) + "\n"
    _project_from(text, path, folder)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="ascii", newline="\n")


def load(path: Path) -> Project:
    """Read a project file of this version or an older one.

    The tracks need not be there; their paths are absolute.

    Raises
    ------
    ProjectFileError
        If the file can't be read, is no project, was made by a newer DeepBass, or holds a wrong
        value, whose place is named as in ``$.tracks[2].span``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ProjectFileError(
            f"can't be read: {reason}", path=path, hint="check its name and permissions"
        ) from error
    if len(content) > LARGEST_FILE_BYTES:
        raise _not_a_project(f"it is larger than {LARGEST_FILE_BYTES >> 20} MiB", path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_a_project("it is not text", path) from error
    return _project_from(text, path, home(path))


def _project_from(text: str, path: Path, folder: Path) -> Project:
    document = _up_to_date(_parsed(text, path), path)
    sections = _converted(document, _Sections, "$", path, folder)
    tracks = [
        _converted(row, Track, f"$.tracks[{i}]", path, folder)
        for i, row in enumerate(sections.tracks)
    ]
    for i, track in enumerate(tracks):
        span = track.span
        if span is not None and not 0 <= span.start_frame <= span.end_frame:
            what = f"expected 0 <= start_frame <= end_frame, got {span.start_frame} and "
            raise _wrong(f"$.tracks[{i}].span", what + str(span.end_frame), path)
    default = _converted(sections.default, TransitionSpec, "$.default", path, folder)
    mix = _converted(sections.mix, MixSettings, "$.mix", path, folder)
    limits = _converted(sections.limits, QualityLimits, "$.limits", path, folder)
    transitions = [
        _converted(row, Transition, f"$.transitions[{i}]", path, folder)
        for i, row in enumerate(sections.transitions)
    ]
    try:
        return Project(
            tracks=tuple(tracks),
            default=default,
            mix=mix,
            limits=limits,
            transitions=tuple(transitions),
        )
    except ProjectFileError as error:
        raise ProjectFileError(error.what, path=path, hint=error.hint or _MEND) from error


def _parsed(text: str, path: Path) -> Document:
    def refuse(constant: str) -> None:
        raise ProjectFileError(f"{constant} is not a number of JSON", path=path, hint=_MEND)

    try:
        document = json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise ProjectFileError(
            f"this is not well-formed JSON: {error.msg} at column {error.colno}",
            path=path,
            line=error.lineno,
            hint=_MEND,
        ) from error
    except (ValueError, RecursionError) as error:
        why = "it has a number too long or brackets too deep to be read"
        raise _not_a_project(why, path) from error
    if not isinstance(document, dict):
        raise _not_a_project("its outermost value is not an object", path)
    return document


def _up_to_date(document: Document, path: Path) -> Document:
    """The document in the present version, without its schema."""
    schema = document.pop("schema", None)
    match = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    if match is None:
        raise _not_a_project(f'its "schema" is not "deepbass.project/{VERSION}"', path)
    version = int(match[1])
    if version > VERSION:
        raise ProjectFileError(
            f"this project was made by a newer DeepBass: it is version {version}, and this "
            f"DeepBass knows up to {VERSION}",
            path=path,
            hint="update DeepBass to open it",
        )
    for older in range(version, VERSION):
        document = MIGRATIONS[older](document)
    return document


def _converted(value: object, kind: type[S], place: str, path: Path, folder: Path) -> S:
    """`value` as `kind`; an error names its place in the document."""

    def path_from(wanted: type, text: object) -> Path:
        if wanted is not Path or not isinstance(text, str):
            raise TypeError("Expected `str`")
        if not text or "\0" in text:
            raise ValueError(f"Expected a path, got {text!r}")
        return found(text, folder)

    try:
        return msgspec.convert(value, kind, dec_hook=path_from)
    except msgspec.ValidationError as error:
        what, _, inside = str(error).partition(" - at `$")
        raise _wrong(place + inside.removesuffix("`"), what, path) from error
    except DeepBassError as error:  # a setting's own check
        raise _wrong(place, str(error), path) from error


def _wrong(place: str, what: str, path: Path) -> ProjectFileError:
    return ProjectFileError(f"{place}: {what}", path=path, hint=_MEND)


def _not_a_project(why: str, path: Path) -> ProjectFileError:
    return ProjectFileError(
        f"this is not a DeepBass project: {why}", path=path, hint="open a .deepbass file"
    )

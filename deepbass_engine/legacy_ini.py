"""The original program's two-song configuration, ``config.ini``.

Reading, the commented new file and the listing of what holds are all made from one declaration of
the keys, `deepbass_engine.legacy_keys`.

How a file is read:

* Sections and keys in any letter case; ``=`` or ``:`` after a key; ``#`` and ``;`` begin a comment
  only at the start of a line. Nothing in a value is replaced, so a ``%`` is a ``%``. A value is one
  line.
* UTF-8 with or without a byte-order mark, UTF-16 with one, else CP1252.
* Only the two songs, the two directories and the save name must be given.
* ``~`` is the home directory. Songs are looked for in the load directory. Relative directories
  start at the folder of the configuration file: the original started at the directory it was run
  in, ``src``, the neighbour of its ``configs``, so a ``../data`` leads to the same place. So does
  the model, unless it is one word: that may be an installed model's name.
"""

from __future__ import annotations

import difflib
import os
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from deepbass_engine.atomic import replacing
from deepbass_engine.errors import OutputError, SettingError
from deepbass_engine.legacy_keys import KEYS, Key, folded
from deepbass_engine.paths import absolute, home
from deepbass_engine.project import Project, tracks_of
from deepbass_engine.settings import MixSettings, TransitionSpec

_MOST_BYTES = 1 << 20
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class LegacyConfig(Struct, frozen=True, kw_only=True):
    """What a configuration file asks for; all paths are absolute.

    Attributes
    ----------
    folder
        Where the file lies.
    sample_rate_hz
        Rate of what the simple crossfade writes.
    nsynth_style, nsynth_time_s
        Fade and length of the crossfade through an NSynth model.
    model_weights
        The model: an absolute path or, as one word, the name of an installed model or of a file in
        `folder`; empty for the default one.
    simple_style, simple_time_s
        Ramp and length of the simple crossfade.
    search_s
        How far from the end of the first and the beginning of the second song silence is looked
        for; 0 keeps it.
    first_song, second_song, save_directory, save_name
        What is read, where the results go, and how the name of the crossfade begins.
    draws_pictures
        Whether pictures are drawn.
    given
        Names of the fields that stand in the file; the others hold their default.
    """

    folder: Path
    sample_rate_hz: int
    nsynth_style: str
    nsynth_time_s: float
    simple_style: str
    simple_time_s: float
    search_s: float
    first_song: Path
    second_song: Path
    load_directory: Path
    save_directory: Path
    save_name: str
    model_weights: str
    draws_pictures: bool
    given: frozenset[str] = frozenset()


class EffectiveValue(Struct, frozen=True, kw_only=True):
    """What holds for one key: its value as text, and whether that is the default."""

    section: str
    name: str
    value: str
    is_default: bool


class _Entry(Struct, frozen=True):
    """A value as it stands in the file, and its line."""

    text: str
    line: int


def load(path: Path) -> LegacyConfig:
    """Read a configuration file.

    Raises
    ------
    SettingError
        If it can't be read, or a section, a key or a value is unknown, doubled, missing or not
        allowed; the error names it, its line and what is allowed.
    """
    entries = _entries(_text_of(path), path)
    values = {key.field: _value(key, entries.get(key.field), path) for key in KEYS}
    missing = [key for key in KEYS if key.required and key.field not in entries]
    if missing:
        section = missing[0].section
        names = ", ".join(key.name for key in missing)
        raise SettingError(
            f"[{section}] lacks {names}",
            path=path,
            hint=f"add a line such as: {missing[0].name} = {missing[0].value}",
        )
    folder = home(path)
    load_directory = _resolved(values.pop("load_directory"), folder)
    weights = values.pop("model_weights")
    return LegacyConfig(
        folder=folder,
        load_directory=load_directory,
        first_song=_resolved(values.pop("first_song"), load_directory),
        second_song=_resolved(values.pop("second_song"), load_directory),
        save_directory=_resolved(values.pop("save_directory"), folder),
        model_weights=weights if _is_word(weights) else str(_resolved(weights, folder)),
        given=frozenset(entries),
        **values,
    )


def to_project(config: LegacyConfig) -> Project:
    """The two songs, whole, as a playlist joined by the simple crossfade.

    Silence at the ends is left out by the original's rule, which in a project always searches
    30 s, or kept where the configuration searches 0 s. Names and pictures have no place in a
    project, and what is for NSynth is left out.
    """
    return Project(
        tracks=tracks_of((config.first_song, config.second_song)),
        default=TransitionSpec(curve=config.simple_style, duration_s=config.simple_time_s),
        mix=MixSettings(
            trim="rms" if config.search_s else "none", sample_rate_hz=config.sample_rate_hz
        ),
    )


def effective(config: LegacyConfig | None = None) -> list[EffectiveValue]:
    """What holds for every key, in the order of the file; without a configuration, the defaults."""
    return [
        EffectiveValue(
            section=key.section,
            name=key.name,
            value=_default_text(key) if config is None else _shown(getattr(config, key.field)),
            is_default=config is None or key.field not in config.given,
        )
        for key in KEYS
    ]


def new_text() -> str:
    """A whole configuration file with a comment on every key, ready to be edited."""
    lines = [
        "# Two songs, one crossfade. Edit [IO], then run: deepbass crossfade --config THIS_FILE",
        "# A comment stands on a line of its own. ~ is the home directory; relative directories",
        "# start at the folder of this file.",
    ]
    section = ""
    for key in KEYS:
        if key.section != section:
            section = key.section
            lines += ["", f"[{section}]"]
        lines += textwrap.wrap(
            f"{key.help}: {key.allowed}", 96, initial_indent="# ", subsequent_indent="# "
        )
        lines.append(f"{key.name} = {key.value}" if key.value else f"# {key.name} =")
    return "\n".join(lines) + "\n"


def write_new(path: Path, *, overwrite: bool = False) -> None:
    """Write `new_text` to a file, whole or not at all.

    Raises
    ------
    OutputError
        If the file exists and may not be overwritten, or can't be written.
    """
    if not overwrite and os.path.lexists(path):
        raise OutputError(
            "exists already", path=path, hint="choose another name, or use --overwrite"
        )
    with replacing(path) as temporary:
        temporary.write_text(new_text(), encoding="utf-8", newline="\n")


def _text_of(path: Path) -> str:
    """The text of the file, whatever wrote it."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise SettingError(
            "does not exist",
            path=path,
            hint="check the name, or make one with: deepbass config new",
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingError(
            f"can't be read: {reason}", path=path, hint="give a configuration file"
        ) from error
    try:
        text = data.decode("utf-16" if data.startswith(_UTF_16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if "\0" in text or len(data) > _MOST_BYTES:
        raise SettingError(
            "is no configuration file",
            path=path,
            hint="give a text file such as deepbass config new writes",
        )
    return text


def _entries(text: str, path: Path) -> dict[str, _Entry]:
    """Values of the file by field; sections and keys are known and stand there once."""
    entries: dict[str, _Entry] = {}
    section = ""
    seen: dict[str, int] = {}
    for line, content in _lines(text):
        if content.startswith("["):
            section = _known_section(content, path, line)
            if section in seen:
                raise SettingError(
                    f"the section [{section}] stands in the file twice, first in line "
                    f"{seen[section]}",
                    path=path,
                    line=line,
                    hint="put its keys together under one of them",
                )
            seen[section] = line
            continue
        name, value = _split(content, path, line)
        key = _known_key(section, name, path, line)
        if key.field in entries:
            raise SettingError(
                f"{key.name} stands in [{section}] twice, first in line {entries[key.field].line}",
                path=path,
                line=line,
                hint="take one of them out",
            )
        entries[key.field] = _Entry(value, line)
    return entries


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and stripped content of every line that is not empty and no comment."""
    for line, raw in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        content = raw.strip()
        if content and content[0] not in "#;":
            yield line, content


def _split(content: str, path: Path, line: int) -> tuple[str, str]:
    """Name and value of a line."""
    parts = re.split(r"[=:]", content, maxsplit=1)
    if len(parts) == 1 or not parts[0].strip():
        raise SettingError(
            f"{content!r} is neither a [section] nor a key with its value",
            path=path,
            line=line,
            hint="write it as: key = value; a comment begins with #",
        )
    return parts[0].strip(), parts[1].strip()


def _known_section(content: str, path: Path, line: int) -> str:
    """A section's name in the original's spelling, from a line such as ``[io]``."""
    found = re.fullmatch(r"\[([^\]]*)\]\s*([#;].*)?", content)
    sections = {folded(key.section): key.section for key in KEYS}
    name = found[1] if found else content
    if folded(name) not in sections:
        raise SettingError(
            f"there is no section {content if found is None else f'[{name}]'}",
            path=path,
            line=line,
            hint=_closest(name, sections.values(), "sections", "[{}]"),
        )
    return sections[folded(name)]


def _known_key(section: str, name: str, path: Path, line: int) -> Key:
    """The declaration of a key."""
    if not section:
        raise SettingError(
            f"the key {name!r} stands before the first section",
            path=path,
            line=line,
            hint="begin with [DEFAULT]",
        )
    namesakes = [key for key in KEYS if folded(key.name) == folded(name)]
    for key in namesakes:
        if key.section == section:
            return key
    if namesakes:
        hint = "it belongs in " + " or ".join(f"[{key.section}]" for key in namesakes)
    else:
        hint = _closest(name, [k.name for k in KEYS if k.section == section], "keys", "{}")
    raise SettingError(f"there is no key {name!r} in [{section}]", path=path, line=line, hint=hint)


def _closest(name: str, known: Iterable[str], what: str, form: str) -> str:
    """A hint with the known name that is closest, if one is close, and all of them."""
    by_folded = {folded(each): each for each in known}
    close = difflib.get_close_matches(folded(name), by_folded, n=1)
    guess = f"did you mean {form.format(by_folded[close[0]])}? " if close else ""
    return f"{guess}known {what}: " + ", ".join(form.format(each) for each in by_folded.values())


def _value(key: Key, entry: _Entry | None, path: Path) -> Any:
    """A key's value from the file, or its default."""
    if entry is None:
        return key.read(key.value)
    try:
        return key.read(entry.text)
    except ValueError as error:
        hint = f"give {key.allowed}"
        if re.search(r"\s[#;]", entry.text):
            hint += "; a comment stands on a line of its own"
        is_what = repr(entry.text) if entry.text else "empty"
        raise SettingError(
            f"{key.name} in [{key.section}] is {is_what}", path=path, line=entry.line, hint=hint
        ) from error


def _resolved(text: str, folder: Path) -> Path:
    return absolute(folder / os.path.expanduser(text))  # noqa: PTH111 (Path's raises: no such user)


def _is_word(text: str) -> bool:
    return not text or (Path(text).name == text and not text.startswith("~"))


def _default_text(key: Key) -> str:
    return "(must be given)" if key.required else key.value or "(none)"


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value) or "(none)"

"""The four playlist formats as bytes: M3U, M3U8, PLS and XSPF. Nothing here looks at the disk.

An entry may be spelled in several ways: its encoding is often a guess, and so is whether a ``%20``
stands for a space or for itself. Reading therefore gives each entry's spellings, likeliest first,
and `deepbass_engine.playlists` takes the first that leads to a file.

Sources: PLS version 2 and M3U have no standard, these rules follow what players write; XSPF
version 1 is https://www.xspf.org/spec; file URIs are RFC 8089.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes
from xml.parsers import expat

from msgspec import Struct

from deepbass_engine.errors import PlaylistError, shown
from deepbass_engine.paths import kept

PLAYLIST_EXTENSIONS = frozenset({".m3u", ".m3u8", ".pls", ".xspf"})
"""Extensions of playlist files, in lower case."""

_ENCODING = re.compile(rb"#EXTENC:\s*(\S+)", re.IGNORECASE)
_PLS_FILE = re.compile(rb"\s*file(\d{1,9})\s*=(.*)", re.IGNORECASE | re.DOTALL)
_PLS_HEADER = re.compile(rb"\s*\[playlist\]", re.IGNORECASE)
_FILE_URI = re.compile(rb"file:(?://([^/]*))?(/.*)", re.IGNORECASE | re.DOTALL)
_STREAM = re.compile(rb"(?!file:)[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_MOST_MOVED_PARTS = 16
_NOT_PLAIN = re.compile(r"[\r\n\udc80-\udcff]|^\s|\s$")


class Listed(Struct, frozen=True):
    """One entry of a playlist, as it stands there.

    Attributes
    ----------
    line
        Its line in the file, counted from 1.
    spellings
        Paths it may mean, likeliest first; empty if it names none.
    is_stream
        Whether it is the address of a stream, ``http://`` and the like.
    """

    line: int
    spellings: tuple[str, ...]
    is_stream: bool = False


def parsed(data: bytes, path: Path) -> tuple[Listed, ...]:
    """The entries of a playlist in the order they are played.

    Parameters
    ----------
    data
        What stands in the file.
    path
        Where it comes from: the extension says which format it is, and errors name it.

    Raises
    ------
    PlaylistError
        If `data` is not a playlist of that format.
    """
    extension = path.suffix.lower()
    if extension == ".xspf":
        return _parsed_xspf(data, path)
    lines, declared = _lines(data, path)
    if extension == ".pls":
        return _parsed_pls(lines, path)
    return tuple(
        as_listed(number, line, declared)
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith(b"#")
    )


def as_listed(line: int, raw: bytes, declared: str | None, *, is_uri: bool = False) -> Listed:
    """An entry from its bytes.

    Parameters
    ----------
    line
        Where it stands.
    raw
        The path or file URI.
    declared
        The encoding it is said to have, if any.
    is_uri
        Whether even a relative path is percent-encoded.
    """
    bare = raw.strip()
    if _STREAM.match(bare):
        return Listed(line, tuple(_decoded(bare, declared)), is_stream=True)
    if match := _FILE_URI.fullmatch(bare):
        raws = [_path_of_uri(match[1] or b"", unquote_to_bytes(match[2]))]
    elif is_uri:
        raws = [unquote_to_bytes(bare)]
    else:
        raws = [raw, bare, unquote_to_bytes(bare)]
    texts = [text for each in raws for text in _decoded(each, declared)]
    windows = [text.replace("\\", "/") for text in texts]
    return Listed(line, tuple(text for text in dict.fromkeys(texts + windows) if text.strip()))


def with_moved(listed: Listed) -> Listed:
    """The entry also as it is found if music and list have moved together.

    Behind what it says come ever shorter ends of each path, down to the bare name of the file,
    which start at the list's own folder.
    """
    if listed.is_stream:
        return listed
    ends = []
    for spelling in listed.spellings:
        parts = [part for part in spelling.split("/") if part not in ("", ".", "..")]
        parts = parts[-_MOST_MOVED_PARTS:]
        ends += ["/".join(parts[start:]) for start in range(len(parts))]
    spellings = tuple(dict.fromkeys([*listed.spellings, *ends]))
    return Listed(listed.line, spellings)


def composed(files: Sequence[Path], path: Path, folder: Path) -> bytes:
    """A playlist of `files` in the format of the extension of `path`, relative to `folder`."""
    extension = path.suffix.lower()
    if extension == ".xspf":
        return _composed_xspf(files, folder)
    places = [_plain_or_uri(file, folder) for file in files]
    if extension == ".pls":
        head = ["[playlist]"]
        body = [f"File{number}={place}" for number, place in enumerate(places, start=1)]
        tail = [f"NumberOfEntries={len(places)}", "Version=2"]
        return "\n".join([*head, *body, *tail, ""]).encode()
    # By its name an .m3u is not UTF-8, so it says so where that makes a difference.
    says = extension == ".m3u" and not all(place.isascii() for place in places)
    return "\n".join(["#EXTM3U", *["#EXTENC:UTF-8"] * says, *places, ""]).encode()


def _lines(data: bytes, path: Path) -> tuple[list[bytes], str | None]:
    """Lines of a text playlist, and the encoding it declares or None; a BOM is final."""
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16").encode().splitlines(), "utf-8"
        if data.startswith(codecs.BOM_UTF8):
            return data.removeprefix(codecs.BOM_UTF8).splitlines(), "utf-8"
        if b"\0" in data:
            data.decode()  # text with a stray NUL passes, sound and pictures don't
    except UnicodeError as error:
        raise PlaylistError(
            "this is not a playlist: it holds something other than text",
            path=path,
            hint="give it the extension of what it is, or save the playlist again",
        ) from error
    lines = data.splitlines()
    match = next(filter(None, map(_ENCODING.match, lines)), None)
    return lines, None if match is None else match[1].decode("ascii", "replace")


def _parsed_pls(lines: Iterable[bytes], path: Path) -> tuple[Listed, ...]:
    numbered: list[tuple[int, Listed]] = []
    has_header = False
    for number, line in enumerate(lines, start=1):
        if match := _PLS_FILE.fullmatch(line):
            numbered.append((int(match[1]), as_listed(number, match[2], None)))
        has_header = has_header or _PLS_HEADER.match(line) is not None
    if not numbered and not has_header:
        raise PlaylistError(
            "this is not a PLS playlist: it has no [playlist] and no File1=",
            path=path,
            hint="give it the extension of what it is, or save the playlist again",
        )
    return tuple(entry for _, entry in sorted(numbered, key=lambda pair: pair[0]))


def _parsed_xspf(data: bytes, path: Path) -> tuple[Listed, ...]:
    parser = expat.ParserCreate(namespace_separator=" ")
    open_names: list[str] = []
    locations: list[str] = []
    entries: list[Listed] = []
    line = 0

    def refuse_doctype(*_: object) -> None:
        raise PlaylistError(
            "the playlist has a DOCTYPE, which XSPF does not use and which can hide a trap",
            path=path,
            line=parser.CurrentLineNumber,
            hint="take the DOCTYPE out, or save the playlist again from a player",
        )

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal line
        open_names.append(name.rpartition(" ")[2])
        if open_names[0] != "playlist":
            raise PlaylistError(
                f"this is not an XSPF playlist: its outermost element is <{shown(open_names[0])}>",
                path=path,
                line=parser.CurrentLineNumber,
                hint="give it the extension of what it is, or save the playlist again",
            )
        if open_names[1:] == ["trackList", "track"]:
            line = parser.CurrentLineNumber
            locations.clear()
        elif in_location():
            if not locations:
                line = parser.CurrentLineNumber
            locations.append("")

    def text(part: str) -> None:
        if in_location():
            locations[-1] += part

    def end(_: str) -> None:
        if open_names[1:] == ["trackList", "track"]:
            # A track may have several locations; players take the first that works.
            listed = [
                as_listed(line, location.strip().encode(), None, is_uri=True)
                for location in locations
                if location.strip()
            ]
            spellings = tuple(s for entry in listed for s in entry.spellings)
            entries.append(Listed(line, spellings, is_stream=_only_streams(listed)))
        open_names.pop()

    def in_location() -> bool:
        return open_names[1:] == ["trackList", "track", "location"]

    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: its encoding
        raise PlaylistError(
            f"this is not well-formed XML: {error}",
            path=path,
            line=parser.CurrentLineNumber,
            hint="mend that line, or save the playlist again from a player",
        ) from error
    return tuple(entries)


def _only_streams(listed: Sequence[Listed]) -> bool:
    return bool(listed) and all(entry.is_stream for entry in listed)


def _path_of_uri(host: bytes, path: bytes) -> bytes:
    if host.lower() not in (b"", b"localhost"):
        return b"//" + host + path
    return path[1:] if re.match(rb"/[a-zA-Z]:/", path) and os.name == "nt" else path


def _decoded(raw: bytes, declared: str | None) -> list[str]:
    """What the bytes may say: by the declared encoding, as the disk has it, in CP1252."""
    texts = []
    if declared is not None:
        # An unknown or untrue declaration is no reason to lose the entry.
        with suppress(LookupError, ValueError):
            texts.append(raw.decode(declared))
    texts.append(raw.decode("utf-8", "surrogateescape"))
    if not raw.isascii():
        texts.append(raw.decode("cp1252", "replace"))
    return texts


def _plain_or_uri(file: Path, folder: Path) -> str:
    """A path as one line of a text playlist; a file URI where it can't stand there as it is."""
    place = kept(file, folder)
    if _NOT_PLAIN.search(place):
        return _uri(str(file))
    # Not to be taken for a comment or a scheme.
    return f"./{place}" if place.startswith("#") or ":" in place.partition("/")[0] else place


def _composed_xspf(files: Sequence[Path], folder: Path) -> bytes:
    def location(file: Path) -> str:
        place = kept(file, folder)
        return _uri(place) if Path(place).is_absolute() else _quoted(place)

    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<playlist version="1" xmlns="http://xspf.org/ns/0/">',
        "  <trackList>",
        *[f"    <track><location>{location(file)}</location></track>" for file in files],
        "  </trackList>",
        "</playlist>",
        "",
    ]
    return "\n".join(lines).encode()


def _uri(absolute: str) -> str:
    text = Path(absolute).as_posix()
    return "file://" + _quoted(text if text.startswith("/") else f"/{text}")


def _quoted(text: str) -> str:
    return quote_from_bytes(os.fsencode(text), safe="/")

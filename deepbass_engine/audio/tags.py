"""What a file says about itself: title, artist, album, cover. Read by mutagen."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mutagen
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

_NAMES = (("title", "TIT2", "Title"), ("artist", "TPE1", "Author"),
          ("album", "TALB", "WM/AlbumTitle"))  # fmt: skip
"""Title, artist and album: mutagen's common names, then those of ID3 in WAV and AIFF, and WMA."""
_NUMBERS = (("discnumber", "TPOS", "WM/PartOfSet"), ("tracknumber", "TRCK", "WM/TrackNumber"))


@dataclass(frozen=True, slots=True)
class Tags:
    """Text tags; empty where the file has none."""

    title: str = ""
    artist: str = ""
    album: str = ""
    disc: int = 0
    number: int = 0

    def follows(self, before: Tags) -> bool:
        """Whether it is the next track of the same album; not where that is not said."""
        if not self.album or not before.number:
            return False
        place = before.album, before.disc, before.number + 1
        return (self.album, self.disc, self.number) == place


def read_tags(path: Path) -> Tags:
    """Tags of a file, whatever its format; empty ones if it has none or they can't be read."""
    opened = _opened(path, easy=True)
    if opened is None or opened.tags is None:
        return Tags()
    title, artist, album = (_text(opened.tags, names) for names in _NAMES)
    disc, number = (_number(_text(opened.tags, names)) for names in _NUMBERS)
    return Tags(title, artist, album, disc, number)


def read_cover(path: Path) -> bytes | None:
    """Bytes of the first picture in a file (JPEG or PNG), or None."""
    opened = _opened(path, easy=False)
    if opened is None:
        return None
    if isinstance(opened, FLAC) and opened.pictures:
        return bytes(opened.pictures[0].data)
    tags = opened.tags
    if isinstance(tags, ID3):
        pictures = tags.getall("APIC")
        return bytes(pictures[0].data) if pictures else None
    if isinstance(tags, MP4Tags):
        return bytes(tags["covr"][0]) if tags.get("covr") else None
    if tags is not None and "metadata_block_picture" in tags:  # Vorbis comments
        try:
            return bytes(Picture(base64.b64decode(tags["metadata_block_picture"][0])).data)
        except (binascii.Error, mutagen.MutagenError):
            return None
    return None


def _opened(path: Path, *, easy: bool) -> Any:
    """The file as mutagen knows it, or None."""
    try:
        return mutagen.File(path, easy=easy)
    except (mutagen.MutagenError, OSError, ValueError):
        return None


def _text(tags: Any, names: tuple[str, ...]) -> str:
    """First value of the first of these tags that is there, on one line."""
    for name in names:
        try:
            values = tags.get(name)
        except (KeyError, ValueError):
            continue
        texts = getattr(values, "text", values)  # an ID3 frame keeps them inside
        if texts:
            first = texts[0] if isinstance(texts, list) else texts
            return " ".join(str(first).split())
    return ""


def _number(text: str) -> int:
    """The number in front, as in "3/12"; 0 where there is none."""
    found = re.match(r"[0-9]{1,6}", text)
    return int(found[0]) if found else 0

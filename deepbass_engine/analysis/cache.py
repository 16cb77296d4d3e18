"""Remembers what was found about a file, by its content, in the user's cache folder.

Two kinds of small files: an index from a path to the hash of the content it had at a size and
time, so that an unchanged file is not read again to be named; and what was measured, by that hash,
so that a renamed or copied file is known. What holds arrays is stored in binary with a checksum,
for no syntax tells there that it is damaged. A cache that is damaged or can't be written costs
time, never a result. `DEEPBASS_CACHE_DIR` moves the folder.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from deepbass_engine.audio.content_hash import content_hash
from deepbass_engine.progress import CancelToken

T = TypeVar("T")

_VERSION = "1"
"""Goes up whenever a measurement changes its meaning."""
_CHECKSUM_BYTES = 4


class _Indexed(msgspec.Struct):
    """The content a path had when the file was this large and this old."""

    size: int
    modified_ns: int
    content_hash: str


def folder() -> Path:
    """Where the cache lies."""
    chosen = os.environ.get("DEEPBASS_CACHE_DIR")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("deepbass", appauthor=False))


def hash_of(path: Path, *, cancel: CancelToken | None = None) -> str:
    """Content hash of a file, read only if the file has changed since it was last asked for.

    Raises
    ------
    OSError
        If the file can't be read.
    Cancelled
        If asked to stop.
    """
    status = path.stat()
    name = hashlib.blake2b(os.fsencode(path.absolute()), digest_size=16).hexdigest()
    entry = folder() / f"index-{_VERSION}" / f"{name}.json"
    known = _read(entry, _Indexed)
    if known and (known.size, known.modified_ns) == (status.st_size, status.st_mtime_ns):
        return known.content_hash
    found = content_hash(path, cancel=cancel)
    _write(entry, _encoded(_Indexed(status.st_size, status.st_mtime_ns, found)))
    return found


def load(kind: type[T], content: str, name: str) -> T | None:
    """What was stored under a content hash and a name, or None."""
    return _read(_entry(content, name), kind)


def store(value: Any, content: str, name: str) -> None:
    """Store a value under a content hash and a name; paths inside it are left out."""
    _write(_entry(content, name), _encoded(value))


def load_binary(kind: type[T], content: str, name: str) -> T | None:
    """What `store_binary` stored under a content hash and a name, or None."""
    try:
        stored = _entry(content, name, "bin").read_bytes()
        packed = stored[_CHECKSUM_BYTES:]
        if _checksum(packed) != stored[:_CHECKSUM_BYTES]:
            return None
        return msgspec.msgpack.decode(packed, type=kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def store_binary(value: Any, content: str, name: str) -> None:
    """Store a value that holds bytes under a content hash and a name."""
    packed = msgspec.msgpack.encode(value)
    _write(_entry(content, name, "bin"), _checksum(packed) + packed)


def _entry(content: str, name: str, suffix: str = "json") -> Path:
    return folder() / f"analysis-{_VERSION}" / f"{content}-{name}.{suffix}"


def _checksum(packed: bytes) -> bytes:
    return zlib.crc32(packed).to_bytes(_CHECKSUM_BYTES, "little")


def _read(entry: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(
            entry.read_bytes(), type=kind, dec_hook=lambda wanted, value: wanted(value)
        )
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _encoded(value: Any) -> bytes:
    return msgspec.json.encode(value, enc_hook=lambda _: "")


def _write(entry: Path, content: bytes) -> None:
    """Write beside and rename; no flush to disk, for a lost entry is only measured again."""
    with suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        temporary = entry.with_name(f".{secrets.token_hex(8)}.part")
        temporary.write_bytes(content)
        temporary.replace(entry)

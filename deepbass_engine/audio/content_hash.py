"""Names a file by its content, for caches and for finding a moved file again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deepbass_engine.progress import CancelToken

_CHUNK_BYTES = 1 << 20
_DIGITS = 32


def content_hash(path: Path, *, cancel: CancelToken | None = None) -> str:
    """SHA-256 of the whole file, its first 128 bits as 32 hexadecimal digits.

    Today's processors have instructions for it: it is three times as fast as BLAKE2 there.

    Raises
    ------
    OSError
        If the file can't be read.
    Cancelled
        If asked to stop.
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            if cancel is not None:
                cancel.raise_if_cancelled()
            digest.update(chunk)
    return digest.hexdigest()[:_DIGITS]

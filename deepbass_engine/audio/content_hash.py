"""Names a file by its content, for caches and for finding a moved file again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deepbass_engine.progress import CancelToken

_CHUNK_BYTES = 1 << 20


def content_hash(path: Path, *, cancel: CancelToken | None = None) -> str:
    """BLAKE2b of the whole file, 128 bits as 32 hexadecimal digits.

    Raises
    ------
    OSError
        If the file can't be read.
    Cancelled
        If asked to stop.
    """
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            if cancel is not None:
                cancel.raise_if_cancelled()
            digest.update(chunk)
    return digest.hexdigest()

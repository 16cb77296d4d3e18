"""Where the window keeps what is no setting: autosaves, locks, last good copies, its log.

`DEEPBASS_STATE_DIR` moves the folder.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs


def folder(name: str) -> Path:
    """A folder of the window's own, made if it is not there.

    Raises
    ------
    OSError
        If it can't be made.
    """
    chosen = os.environ.get("DEEPBASS_STATE_DIR")
    top = Path(chosen) if chosen else Path(platformdirs.user_state_dir("deepbass", appauthor=False))
    made = top / name
    made.mkdir(parents=True, exist_ok=True)
    return made


def name_for(path: Path) -> str:
    """A name for what belongs to a file, the same by whatever link or spelling it is reached."""
    return hashlib.blake2b(os.fsencode(os.path.realpath(path)), digest_size=12).hexdigest()

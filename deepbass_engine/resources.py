"""Finds the files that come with DeepBass, such as its icon and its licences.

In an installed package they lie inside it, in ``deepbass_engine/_resources``; in a checkout they
are the folder ``resources`` at its top. A folder of that name anywhere else, such as another
project's in ``site-packages``, is never looked into.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from deepbass_engine.errors import DeepBassError

_PACKAGE = Path(__file__).resolve().parent


def path(name: str) -> Path:
    """The file or folder of a bundled resource.

    Parameters
    ----------
    name
        Relative to the resources, with forward slashes.

    Raises
    ------
    DeepBassError
        If the name leads outside of the resources, or there is no such resource.

    Examples
    --------
    >>> path("deepbass.svg").suffix
    '.svg'
    """
    relative = PurePosixPath(name)
    if not relative.parts or relative.is_absolute() or ".." in relative.parts:
        raise DeepBassError(
            f"{name!r} is no name of a resource",
            hint="give a path relative to the resources, without '..'",
        )
    root = _root()
    found = root.joinpath(*relative.parts)
    if not found.exists():
        raise DeepBassError(
            f"there is no resource named {name!r}", path=root, hint="install DeepBass again"
        )
    return found


def _root() -> Path:
    """Where the resources lie; the package's own come first."""
    packaged = _PACKAGE / "_resources"
    checkout = _PACKAGE.parent
    if not packaged.is_dir() and (checkout / "pyproject.toml").is_file():
        return checkout / "resources"
    return packaged

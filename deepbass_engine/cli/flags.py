"""Command-line flags made from the declared settings, and settings made from the flags given."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from deepbass_engine.errors import SettingError
from deepbass_engine.settings import Setting, checked, curve_pair, described

S = TypeVar("S", bound=Struct)


def add_flags(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup,
    kind: type[Struct],
    *names: str,
    defaults: Mapping[str, str] | None = None,
) -> None:
    """Add flags for a struct's settings, all or those named.

    A flag that is not given stays out of the parser's result. `defaults` says in words what holds
    then, by the setting's name, where a command has a default of its own.
    """
    own_defaults = defaults or {}
    for setting in described(kind):
        if names and setting.name not in names:
            continue
        default = own_defaults.get(setting.name, setting.default)
        words = "" if default in (None, "") else f" (default: {default})"
        text = f"{setting.help}{words}".replace("%", "%%")
        if setting.choices:
            parser.add_argument(
                setting.flag,
                dest=setting.name,
                choices=setting.choices,
                default=argparse.SUPPRESS,
                help=text,
            )
        else:
            parser.add_argument(
                setting.flag,
                dest=setting.name,
                type=_reader(setting),
                metavar=setting.metavar,
                default=argparse.SUPPRESS,
                help=text,
            )


def settings_from(args: argparse.Namespace, kind: type[S], base: S | None = None) -> S:
    """The settings a command line asks for; what it does not name is as in `base`, or default."""
    names = [setting.name for setting in described(kind)]
    values = {name: getattr(base, name) for name in names} if base is not None else {}
    values.update({name: getattr(args, name) for name in names if hasattr(args, name)})
    return checked(kind, values)


def named_path(text: str) -> Path:
    """Read a path; an empty one, as an unset variable gives, is not the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name leads nowhere")
    return Path(text)


def _reader(setting: Setting) -> Callable[[str], object]:
    """A function that turns a flag's text into a value, or says what is allowed."""

    def read(text: str) -> object:
        try:
            value = setting.kind(text)
        except ValueError as error:
            kind = {int: "a whole number", float: "a number"}[setting.kind]
            raise argparse.ArgumentTypeError(f"{text!r} is not {kind}") from error
        if setting.kind is str and setting.flag == "--curve":
            try:
                curve_pair(text)
            except SettingError as error:
                raise argparse.ArgumentTypeError(str(error)) from error
        low, high = setting.minimum, setting.maximum
        if low is not None and high is not None and not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not between {low} and {high}")
        return value

    return read

r"""Sets DeepBass up in this checkout, in a virtual environment of its own, and runs it.

``sh setup.sh [demo | test] [ARGUMENT...]`` comes here once it has a Python; where there is no `sh`,
``py -3 tools\set_up.py [demo | test]`` does the same. With no verb it only sets up. Standard
library only. What is already in place is left alone, so that running it again takes a second.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (says it in words to an older Python)
    sys.exit(
        "DeepBass needs Python 3.11 or newer; this is {}.{} at {}.".format(
            *sys.version_info[:2], sys.executable
        )
    )

import ctypes
import hashlib
import json
import os
import re
import shutil
import subprocess
import venv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "resources" / "debian-packages.txt"
VENV = ROOT / ".venv"
EXTRAS = {"": (), "demo": (), "test": ("test",)}

ON_ALL_CORES = ("-n", "auto", "--dist", "worksteal")
"""How pytest runs all the quick tests. What is chosen by hand, long tests among them, has the
machine to itself."""

INTRUDERS = ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON")
"""Environment variables that would make Python or pip look, or install, outside of `VENV`."""

QT_CHECK = """
from PySide6 import QtMultimedia, QtWidgets
QtWidgets.QApplication(["deepbass"])
"""


class Stop(Exception):
    """The set-up can't go on; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Need:
    """A library that Qt loads, or a command the tests run, and its Debian package."""

    kind: str
    name: str
    package: str

    def is_met(self) -> bool:
        """Whether it is there: a library is really loaded."""
        if self.kind == "command":
            return shutil.which(self.name) is not None
        try:
            ctypes.CDLL(self.name)
        except OSError:
            return False
        return True


def unmet(kind: str) -> list[Need]:
    """The rows of `PACKAGES` of one kind that this system lacks."""
    lines = PACKAGES.read_text(encoding="utf-8").splitlines()
    needs = [Need(*line.split()) for line in lines if line and not line.startswith("#")]
    return [need for need in needs if need.kind == kind and not need.is_met()]


def apt_line(needs: Iterable[Need]) -> str:
    """The one command that installs what is missing."""
    return "apt-get install " + " ".join(sorted({need.package for need in needs}))


def is_root() -> bool:
    """Whether packages can be installed without asking anyone."""
    return os.geteuid() == 0


def install_packages(needs: Sequence[Need]) -> None:
    """Install Debian packages, as root."""
    line = apt_line(needs)
    print(f"Installing what the system lacks: {line}", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    options = ["-y", "-qq", "--no-install-recommends"]
    for command in (["apt-get", "update", "-qq"], [*line.split(), *options]):
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        if done.returncode:
            raise Stop(f"This failed with code {done.returncode}: {' '.join(command)}")


def prepare_system(verb: str) -> None:
    """See to the system's libraries, and for the tests to the commands they run.

    Raises
    ------
    Stop
        If a library is missing and can't be installed from here.
    """
    on_linux = sys.platform.startswith("linux")
    libraries = unmet("library") if on_linux else []
    display = unmet("display") if on_linux else []
    commands = unmet("command") if verb == "test" else []
    if not libraries and not display and not commands:
        return
    has_apt = shutil.which("apt-get") is not None
    if has_apt and is_root():
        install_packages([*libraries, *display, *commands])
        libraries = unmet("library")
        display = unmet("display")
        commands = unmet("command") if verb == "test" else []
    line = apt_line([*libraries, *display, *commands])
    cure = (
        f"Install as root (or with sudo in front):\n\n    {line}\n\n"
        if has_apt and not is_root()
        else "Install what has them.\n"
    )
    if libraries:
        names = " ".join(need.name for need in libraries)
        raise Stop(
            f"Qt loads libraries that this system lacks: {names}\n{cure}Then run this again."
        )
    if display:
        names = " ".join(need.name for need in display)
        print(f"The window needs these on an X display: {names}\n{cure}", flush=True)
    if commands:
        names = " ".join(need.name for need in commands)
        print(f"Tests that need these commands will be skipped: {names}\n{cure}", flush=True)


def venv_command(name: str) -> str:
    """The path of a command inside the virtual environment."""
    return str(VENV / "Scripts" / f"{name}.exe" if os.name == "nt" else VENV / "bin" / name)


def child_environment() -> dict[str, str]:
    """The environment for what runs inside `VENV`."""
    kept = {name: value for name, value in os.environ.items() if name not in INTRUDERS}
    return kept | {"PIP_USER": "0"}


def venv_works() -> bool:
    """Whether `VENV` is there with a Python that runs, is new enough and has pip."""
    probe = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run(
            [venv_command("python"), "-c", probe],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except OSError:
        return False
    return done.returncode == 0


def read_stamp() -> dict[str, object]:
    """What was last installed; empty if that isn't known."""
    try:
        stamp = json.loads((VENV / "deepbass.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def make_venv() -> None:
    """Make `VENV`, in place of one that doesn't work.

    Raises
    ------
    Stop
        If something else is in its place, or it can't be made.
    """
    if VENV.exists() and not (VENV / "pyvenv.cfg").exists() and any(VENV.iterdir()):
        raise Stop(f"{VENV} is no virtual environment: move it away, then run this again.")
    print(f"Making a virtual environment in {VENV} ...", flush=True)
    try:
        venv.create(VENV, clear=True, with_pip=True, symlinks=os.name != "nt")
    except (OSError, ValueError) as error:
        raise Stop(
            f"Can't make {VENV}: {error}\n"
            "Copy the checkout to a folder that you can write to, then run this again."
        ) from error
    except subprocess.CalledProcessError as error:
        words = (error.output or b"").decode(errors="replace").strip()
        raise Stop(f"Can't put pip into {VENV}: {error}\n{words}") from error


def install(extras: Sequence[str]) -> None:
    """Install the checkout into `VENV`, editable, unless that is done already."""
    what = [ROOT / "pyproject.toml", ROOT / "deepbass_engine" / "version.py"]
    wanted: dict[str, object] = {
        "venv": str(VENV),
        "project": hashlib.sha256(b"".join(path.read_bytes() for path in what)).hexdigest(),
    }
    stamp = read_stamp()
    had = stamp.pop("extras", [])
    had = had if isinstance(had, list) else []
    moved = stamp.get("venv", str(VENV)) != str(VENV)
    if moved or not venv_works():
        make_venv()
        stamp, had = {}, []
    if stamp == wanted and set(extras) <= set(had) and Path(venv_command("deepbass")).exists():
        return
    extras = sorted({*extras, *had})
    print("Installing DeepBass and what it needs; the first time takes minutes ...", flush=True)
    target = f".[{','.join(extras)}]" if extras else "."
    pip = [venv_command("python"), "-m", "pip", "install", "--quiet", "--no-input"]
    done = subprocess.run(
        [*pip, "--disable-pip-version-check", "--editable", target],
        cwd=ROOT,
        env=child_environment(),
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise Stop(
            "pip could not install DeepBass; its words are above. It needs the network, and to "
            f"write to {VENV} (remove that folder if it belongs to another user)."
        )
    check_qt()
    text = json.dumps(wanted | {"extras": extras}, indent=1)
    (VENV / "deepbass.json").write_text(text + "\n", encoding="utf-8")


def check_qt() -> None:
    """Start Qt once, without a display.

    Raises
    ------
    Stop
        If it doesn't load; names the library where Qt does.
    """
    done = subprocess.run(
        [venv_command("python"), "-c", QT_CHECK],
        env=child_environment() | {"QT_QPA_PLATFORM": "offscreen"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        return
    lacking = re.search(r"(lib\S+): cannot open shared object file", done.stderr)
    what = f"lacks {lacking[1]}" if lacking else "stops it"
    raise Stop(f"Qt is installed but can't start; this system {what}:\n{done.stderr.strip()}")


def run(verb: str, arguments: Sequence[str]) -> int:
    """Run a verb and give back its exit code; `demo` stays in the caller's folder."""
    if verb == "demo":
        command, folder = [venv_command("deepbass"), "demo", *arguments], Path.cwd()
    else:
        command, folder = [venv_command("pytest"), *(arguments or ON_ALL_CORES)], ROOT
    sys.stdout.flush()
    try:
        return subprocess.run(command, cwd=folder, env=child_environment()).returncode
    except KeyboardInterrupt:  # the child got it too, and has tidied up
        return 130


def main(arguments: Sequence[str]) -> int:
    """Set up, then run the verb."""
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if verb in ("-h", "--help"):
        print("usage: sh setup.sh [demo | test] [ARGUMENT...]\n\n" + (__doc__ or ""))
        return 0
    if verb not in EXTRAS:
        print(f"there is no {verb!r} here: demo, test, or nothing to set up only", file=sys.stderr)
        return 2
    try:
        prepare_system(verb)
        install(EXTRAS[verb])
    except Stop as stop:
        print(stop, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if verb:
        return run(verb, rest)
    print(f"DeepBass is set up: {venv_command('deepbass')} --help")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

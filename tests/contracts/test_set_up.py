"""The set-up script on systems unlike this one: it says what to do, and stops or goes on."""

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def set_up(tmp_path, monkeypatch):
    """`tools/set_up.py` for a checkout in `tmp_path`, with nothing that it would run for real."""
    spec = importlib.util.spec_from_file_location("set_up", ROOT / "tools" / "set_up.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "set_up", module)
    spec.loader.exec_module(module)
    (tmp_path / "deepbass_engine").mkdir()
    (tmp_path / "pyproject.toml").write_text("first")
    (tmp_path / "deepbass_engine" / "version.py").write_text("")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "check_qt", lambda: None)
    return module


@pytest.fixture
def lacking(set_up, tmp_path, monkeypatch):
    """A Debian that lacks two libraries and a command of the tests, and isn't ours to change."""
    table = tmp_path / "packages.txt"
    table.write_text(
        "# comment\nlibrary libabsent.so.9 libabsent9\nlibrary libaway.so.1 libaway1\n"
        "library libc.so.6 libc6\ncommand absent-tool absent-tools\ncommand sh dash\n"
    )
    monkeypatch.setattr(set_up, "PACKAGES", table)
    monkeypatch.setattr(set_up, "is_root", lambda: False)
    monkeypatch.setattr(
        set_up.shutil, "which", lambda name: None if name.startswith("absent") else "/bin/" + name
    )
    return set_up


@pytest.fixture
def commands(set_up, monkeypatch):
    """What would have been run, each a success; a virtual environment is a mere folder."""
    run = []

    def note(command, **_):
        run.append([str(word) for word in command])
        is_probe = "-c" in command
        return SimpleNamespace(returncode=int(is_probe and not set_up.VENV.exists()))

    def create(folder, **_):
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        (folder / "pyvenv.cfg").write_text("")
        (folder / "bin" / "deepbass").write_text("")
        run.append(["venv"])

    monkeypatch.setattr(set_up.subprocess, "run", note)
    monkeypatch.setattr(set_up.venv, "create", create)
    return run


def pip_targets(commands):
    return [command[-1] for command in commands if "pip" in command]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are Linux's")
def test_missing_libraries_without_root_are_one_apt_line_and_a_failure(lacking, capsys):
    assert lacking.main(["demo"]) == 1
    message = capsys.readouterr().err
    assert "libabsent.so.9 libaway.so.1" in message
    assert "\n    apt-get install libabsent9 libaway1\n" in message


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are Linux's")
def test_the_tests_commands_are_in_the_same_apt_line(lacking, capsys):
    assert lacking.main(["test"]) == 1
    assert "\n    apt-get install absent-tools libabsent9 libaway1\n" in capsys.readouterr().err


def test_without_apt_the_libraries_are_named(lacking, monkeypatch):
    monkeypatch.setattr(lacking.shutil, "which", lambda name: None)
    monkeypatch.setattr(lacking.sys, "platform", "linux")
    with pytest.raises(lacking.Stop, match=r"libabsent\.so\.9 libaway\.so\.1") as stop:
        lacking.prepare_system("demo")
    assert "apt-get" not in str(stop.value)


def test_a_missing_test_command_alone_is_said_and_stops_nothing(lacking, capsys):
    table = lacking.PACKAGES
    table.write_text(table.read_text().replace("library libab", "#").replace("library libaw", "#"))
    lacking.prepare_system("test")
    assert "absent-tool\nInstall as root" in capsys.readouterr().out


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are Linux's")
def test_what_only_a_display_needs_is_said_and_stops_nothing(lacking, capsys):
    lacking.PACKAGES.write_text("display libabsent.so.9 libabsent9\n")
    lacking.prepare_system("demo")
    said = capsys.readouterr().out
    assert "on an X display: libabsent.so.9\n" in said
    assert "\n    apt-get install libabsent9\n" in said


def test_as_root_the_packages_are_installed(lacking, commands, monkeypatch):
    monkeypatch.setattr(lacking, "is_root", lambda: True)
    with pytest.raises(lacking.Stop, match=r"libabsent\.so\.9"):  # nothing was really installed
        lacking.prepare_system("test")
    assert [command[:2] for command in commands] == [["apt-get", "update"], ["apt-get", "install"]]
    assert {"absent-tools", "libabsent9", "libaway1"} <= set(commands[1])


def test_a_second_time_nothing_is_installed(set_up, commands):
    set_up.install(())
    set_up.install(())
    assert pip_targets(commands) == ["."]


def test_test_tools_are_added_and_then_kept(set_up, commands, tmp_path):
    set_up.install(())
    set_up.install(("test",))
    set_up.install(())
    (tmp_path / "pyproject.toml").write_text("second")
    set_up.install(())
    assert pip_targets(commands) == [".", ".[test]", ".[test]"]


def test_a_checkout_that_was_moved_gets_its_environment_anew(set_up, commands, tmp_path):
    set_up.install(())
    stamp = tmp_path / ".venv" / "deepbass.json"
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"venv": "/elsewhere/.venv"}))
    set_up.install(())
    assert commands.count(["venv"]) == 2
    assert pip_targets(commands) == [".", "."]


def test_an_environment_whose_python_is_gone_is_made_anew(set_up, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(set_up, "make_venv", lambda: made.append(True))
    monkeypatch.setattr(set_up.subprocess, "run", gone_but_for_pip(set_up.subprocess.run))
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(tmp_path / "removed" / "python3")
    set_up.install(())
    assert made == [True]


def gone_but_for_pip(run):
    """`subprocess.run`, in which pip succeeds."""

    def either(command, **options):
        return SimpleNamespace(returncode=0) if "pip" in command else run(command, **options)

    return either


def test_a_folder_of_someone_elses_is_left_alone(set_up, tmp_path):
    (tmp_path / ".venv").mkdir()
    kept = tmp_path / ".venv" / "notes.txt"
    kept.write_text("mine")
    with pytest.raises(set_up.Stop, match="no virtual environment"):
        set_up.make_venv()
    assert kept.read_text() == "mine"


def test_a_checkout_that_cannot_be_written_to_says_so(set_up, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(set_up.venv, "create", refuse)
    with pytest.raises(set_up.Stop, match=r"Permission denied\nCopy the checkout"):
        set_up.make_venv()


def test_settings_that_would_install_elsewhere_are_kept_from_pip(set_up, monkeypatch):
    for name in ("PIP_TARGET", "PYTHONPATH", "PIP_USER"):
        monkeypatch.setenv(name, "1")
    environment = set_up.child_environment()
    assert environment["PIP_USER"] == "0"
    assert not {"PIP_TARGET", "PYTHONPATH"} & set(environment)


def test_all_tests_share_the_cores_and_chosen_ones_have_the_machine_to_themselves(set_up, commands):
    set_up.run("test", [])
    set_up.run("test", ["-m", "slow"])
    assert commands[0][1:] == ["-n", "auto", "--dist", "worksteal"]
    assert commands[1][1:] == ["-m", "slow"]

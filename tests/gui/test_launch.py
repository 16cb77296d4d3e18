"""Where no window can be, plain words and code 2 instead of Qt's abort."""

import configparser
import os
import shutil
import subprocess
import sys

import pytest

from deepbass_engine import resources
from deepbass_gui import missing

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are Linux's")


def launched(**environment):
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    code = "import sys; from deepbass_gui.launch import main; sys.exit(main([]))"
    return subprocess.run(
        [sys.executable, "-c", code], env=kept | environment, capture_output=True, text=True
    )


@LINUX
def test_without_a_screen_it_says_so():
    done = launched()
    assert done.returncode == 2
    assert "no screen here" in done.stderr
    assert "deepbass mix" in done.stderr
    assert "Traceback" not in done.stderr


@LINUX
def test_a_screen_that_does_not_answer_is_named():
    why = missing.why_no_window({"QT_QPA_PLATFORM": "xcb", "DISPLAY": ":94321"})
    assert why is not None
    assert ":94321" in why or "apt-get install" in why


@LINUX
def test_an_offscreen_window_is_not_in_the_way_of_anything():
    assert missing.why_no_window({"QT_QPA_PLATFORM": "offscreen"}) is None


@LINUX
def test_missing_libraries_are_one_line_for_apt(monkeypatch):
    absent = [missing.Need("libabsent.so.9", "libabsent9"), missing.Need("libc.so.6", "libc6")]
    monkeypatch.setattr(missing, "needs", lambda kinds: absent)
    why = missing.why_no_window({"QT_QPA_PLATFORM": "offscreen"})
    assert "lacks libabsent.so.9." in why
    assert "apt-get install libabsent9\n" in why


def test_the_table_names_a_package_for_what_qt_s_x_plugin_loads():
    display = {need.library: need.package for need in missing.needs(["display"])}
    assert display["libxcb-cursor.so.0"] == "libxcb-cursor0"
    assert {need.library for need in missing.needs(["library"])} >= missing.ONLY_FOR_SOUND


def test_the_desktop_entry_has_what_a_menu_needs():
    path = resources.path("deepbass.desktop")
    entry = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    entry.optionxform = str
    entry.read_string(path.read_text(encoding="utf-8"))
    keys = entry["Desktop Entry"]
    assert keys["Type"] == "Application"
    assert keys["Exec"] == "deepbass-gui %F"
    assert keys["Icon"] == "deepbass"
    assert all(keys[name].endswith(";") for name in ("MimeType", "Categories", "Keywords"))
    assert {"application/x-deepbass", "audio/mpeg", "application/xspf+xml"} <= set(
        keys["MimeType"].split(";")
    )
    if tool := shutil.which("desktop-file-validate"):
        assert subprocess.run([tool, path], capture_output=True, text=True).stdout == ""

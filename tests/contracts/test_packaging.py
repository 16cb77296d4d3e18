"""The wheel holds the engine, the window and their resources, and nothing beside them."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=ROOT, capture_output=True, check=True
    )
    (made,) = folder.glob("deepbass-*.whl")
    return made


def test_the_wheel_has_two_packages_and_their_resources(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == {
        "deepbass_engine",
        "deepbass_gui",
    }
    inside = {f"deepbass_engine/_resources/{path.name}" for path in (ROOT / "resources").iterdir()}
    assert inside <= {name.rstrip("/") for name in names} | {str(Path(n).parent) for n in names}
    assert any(name.endswith("data/share/applications/deepbass.desktop") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_resources_are_found_in_an_installed_wheel(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = "from deepbass_engine import resources; print(resources.path('deepbass.svg'))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    found = Path(done.stdout.strip())
    assert found == tmp_path / "deepbass_engine" / "_resources" / "deepbass.svg"
    assert found.read_bytes() == (ROOT / "resources" / "deepbass.svg").read_bytes()


def test_the_licence_of_every_dependency_is_told():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}
    rows = [
        line
        for line in (ROOT / "resources" / "LICENCES.md").read_text().splitlines()
        if "|" in line
    ]
    told = {name for row in rows for name in re.findall(r"[\w-]+", row.split("|")[1])}
    assert needed - told == set()

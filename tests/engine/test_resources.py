from pathlib import Path

import pytest

from deepbass_engine import resources
from deepbass_engine.errors import DeepBassError

ROOT = Path(__file__).parents[2]


def test_a_checkout_has_its_own_at_the_top():
    assert resources.path("LICENCES.md") == ROOT / "resources" / "LICENCES.md"


def test_a_missing_name_is_named():
    with pytest.raises(DeepBassError, match=r"no resource named 'absent\.svg'") as caught:
        resources.path("absent.svg")
    assert caught.value.hint


@pytest.mark.parametrize("name", ["", ".", "/etc/passwd", "../pyproject.toml", "a/../../LICENSE"])
def test_a_name_that_leads_outside_is_refused(name):
    with pytest.raises(DeepBassError, match="is no name of a resource"):
        resources.path(name)


@pytest.fixture
def site_packages(tmp_path, monkeypatch):
    """An installed engine beside another project's `resources`."""
    (tmp_path / "deepbass_engine" / "_resources").mkdir(parents=True)
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "theirs.svg").write_text("")
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "deepbass_engine")
    return tmp_path


def test_an_installed_package_has_them_inside(site_packages):
    own = site_packages / "deepbass_engine" / "_resources" / "own.svg"
    own.write_text("")
    assert resources.path("own.svg") == own


@pytest.mark.parametrize("stray", ["pyproject.toml", "setup.py"])
def test_a_strangers_resources_in_site_packages_are_not_looked_into(site_packages, stray):
    (site_packages / stray).write_text("")
    with pytest.raises(DeepBassError, match="no resource named"):
        resources.path("theirs.svg")

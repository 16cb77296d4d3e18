"""What the README tells a newcomer is what continuous integration runs, and exists."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("verb", ["demo", "test"])
def test_each_command_is_one_line_of_its_own(verb):
    assert README.splitlines().count(f"sh setup.sh {verb}") == 1


@pytest.mark.parametrize("verb", ["demo", "test"])
def test_continuous_integration_takes_the_command_from_the_readme(verb):
    script = (ROOT / ".ci" / "run").read_text()
    assert f'bash -c "$(readme_command {verb})"' in script
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_every_link_leads_somewhere():
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    pages += [ROOT / "benchmarks" / "README.md"]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
        if "://" not in link
    ]
    assert len(links) > 5
    for page, link in links:
        assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_an_unknown_verb_is_refused():
    done = subprocess.run(
        ["sh", "setup.sh", "nonsense"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "nonsense" in done.stderr

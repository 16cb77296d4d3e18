"""What the README tells a newcomer is what continuous integration runs, and exists."""

import re
import subprocess
from pathlib import Path

import pytest
from commands import deepbass

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("verb", ["demo", "test"])
def test_each_command_is_one_line_of_its_own(verb):
    assert README.splitlines().count(f"sh setup.sh {verb}") == 1


def test_continuous_integration_runs_these_very_commands():
    done = subprocess.run(
        [ROOT / ".ci" / "run", "--list"], capture_output=True, text=True, check=True
    )
    listed = done.stdout.splitlines()
    assert listed == ["sh setup.sh demo", "sh setup.sh test"]
    assert set(listed) <= set(README.splitlines())


def test_every_command_it_shows_is_one_that_deepbass_has():
    shown = set(re.findall(r"(?m)(?:^|`)deepbass ([a-z]+)\b", README))
    help_text = deepbass("--help").out
    assert {"demo", "mix", "analyze", "crossfade", "config"} <= shown
    assert [command for command in shown if not re.search(rf"\b{command}\b", help_text)] == []


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

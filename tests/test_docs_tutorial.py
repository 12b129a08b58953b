"""What the tutorial says of edits is what happens when they are made."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rackwright.cli import main
from tests.test_docs import matches


@pytest.fixture
def site(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the tutorial's site, as the current folder."""
    folder = tmp_path / "my-rack"
    shutil.copytree(
        repository / "inventory" / "xe9680-spectrum-x", folder, ignore=shutil.ignore_patterns(".rackwright")
    )
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NO_COLOR", "1")
    return folder / "site.yaml"


def shown(repository: Path) -> list[str]:
    """Return the text blocks of the tutorial: what the edits give."""
    text = (repository / "docs" / "tutorial.md").read_text(encoding="utf-8")
    return re.findall(r"^```text\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def said(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, [*words])


def test_the_mistyped_key_is_told_as_the_page_says(site: Path, repository: Path) -> None:
    """A key with a letter missing is found with its place and the right word."""
    lines = site.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[29] = lines[29].replace("tagged:", "taged:")
    site.write_text("".join(lines), encoding="utf-8")
    done = said("validate", ".")
    assert done.exit_code == 1
    assert matches(shown(repository)[0], done.output)


def test_the_fifth_machine_takes_its_place_as_the_page_says(site: Path, repository: Path) -> None:
    """Growing within max adds what the page shows, and the difference of two builds says so."""
    said("render", ".", "--out", "build")
    text = site.read_text(encoding="utf-8")
    site.write_text(text.replace("count: 4, max: 8", "count: 5, max: 8"), encoding="utf-8")
    assert said("plan", "--locked", ".").exit_code == 1
    assert matches(shown(repository)[1], said("plan", ".").output)
    said("render", ".", "--out", "build2")
    done = said("diff", "build", "build2")
    assert done.exit_code == 3
    assert matches(shown(repository)[2], done.output)

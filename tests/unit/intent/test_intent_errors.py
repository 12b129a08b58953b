"""Every kind of mistake in a site, in the words that the operator reads: one folder a kind."""

import os
from pathlib import Path

import pytest

from rackwright import intent

CASES = Path(__file__).resolve().parents[2] / "golden" / "errors"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_told_in_these_words(name, golden, monkeypatch):
    """A wrong site gives exactly the problems of expected.txt: severity, check, place, what is wrong, what to do."""
    folder = CASES / name
    monkeypatch.chdir(folder)
    loaded = intent.load(Path("site.yaml"))
    lines = [f"{found.severity} {found.check} {found}" for found in loaded.problems]
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "expected.txt"):
        golden(f"errors/{file.relative_to(CASES).as_posix()}", file.read_bytes().decode())
    golden(f"errors/{name}/expected.txt", "\n".join(lines) + "\n")
    assert lines
    assert all(found.location is not None and os.sep * 2 not in found.location.file for found in loaded.problems)


def test_a_problem_says_what_to_do():
    """Every problem of every case has a remedy, and only warnings let a site through."""
    for name in NAMES:
        loaded = intent.load(CASES / name)
        assert all(found.remedy for found in loaded.problems), name
        assert (loaded.site is None) == any(found.severity == "error" for found in loaded.problems), name

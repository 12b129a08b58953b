"""Programs that tests with network namespaces of their own run, and what those need."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable

import pytest

__all__ = ["insist", "must", "run"]


def run(*words, **more) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, at most a minute."""
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, timeout=60, **more
    )


def must(*words, **more) -> str:
    """Return what a program printed, which must go well."""
    done = run(*words, **more)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def insist(needed: Iterable[str]) -> None:
    """Skip, by name, where a program is missing or this is not root; CI fails for such a skip."""
    missing = [tool for tool in needed if not shutil.which(tool)]
    if missing or os.geteuid():
        pytest.skip(f"needs root and {', '.join(missing or needed)}: scripts/apt-packages.sh installs them")

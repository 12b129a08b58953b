"""What the tests of the durable engine share: a world of files, an engine, and other processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.runs import toy


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return a folder with `s` (the state) and `world`, and an engine that looks often."""
    from rackwright.runs import journal, work

    for module, name in ((journal, "_POLL_S"), (journal, "_FLEET_POLL_S"), (work, "SELDOM_S")):
        monkeypatch.setattr(module, name, 0.02)
    (tmp_path / "world").mkdir()
    return tmp_path


class Process:
    """Another process that runs the toy, to be watched and killed by its id."""

    def __init__(self, site: Path, *arguments: str, script: str = toy.__file__, **plan) -> None:
        environment = {**os.environ, "RACKWRIGHT_TOY": json.dumps(plan), "PYTHONWARNINGS": "error"}
        self.popen = subprocess.Popen(
            [sys.executable, script, str(site / "s"), str(site / "world"), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until(self, true) -> None:
        """Wait until `true()`; fail when the process ends before."""
        deadline = time.monotonic() + 60
        while not true():
            if self.popen.poll() is not None:
                pytest.fail(f"the process ended: {self.popen.communicate()}")
            assert time.monotonic() < deadline, "the other process does not get there"
            time.sleep(0.01)

    def kill(self) -> None:
        self.popen.kill()
        self.popen.communicate()

    def said(self) -> str:
        out, err = self.popen.communicate(timeout=60)
        assert (self.popen.returncode, err) == (0, ""), err
        return out.strip()


@pytest.fixture
def process(site):
    """Return a function that starts another process on the same site; what is left of it is killed."""
    started = []

    def start(*arguments, **plan):
        started.append(Process(site, *arguments, **plan))
        return started[-1]

    yield start
    for one in started:
        if one.popen.poll() is None:
            one.kill()

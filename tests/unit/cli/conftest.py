"""A site on disk, a build of it, and a runner of command lines."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rackwright.cli import main

SITES = Path(__file__).resolve().parents[3] / "inventory"


@pytest.fixture
def rackwright():
    """Return a function that runs a command line and returns what came of it."""

    def run(*words, **environment) -> Result:
        return CliRunner(env=environment).invoke(main, [str(word) for word in words])

    return run


@pytest.fixture
def rackwright_json(rackwright):
    """Return a function that runs a command line with --json and returns the exit code and the value."""

    def run(*words) -> tuple[int, object]:
        result = rackwright(*words, "--json")
        return result.exit_code, json.loads(result.stdout)

    return run


@pytest.fixture(scope="session")
def planned_site(tmp_path_factory) -> Path:
    """Return a copy of the smallest reference site with its lock; it is read only."""
    folder = tmp_path_factory.mktemp("site") / "xe9680-spectrum-x"
    shutil.copytree(SITES / folder.name, folder)
    assert CliRunner().invoke(main, ["plan", str(folder)]).exit_code == 0
    return folder


@pytest.fixture
def site(planned_site, tmp_path) -> Path:
    """Return a copy of a planned site that the test may change."""
    return Path(shutil.copytree(planned_site, tmp_path / "my-site"))


@pytest.fixture(scope="session")
def built(planned_site, tmp_path_factory) -> Path:
    """Return a build folder of the site; it is read only."""
    out = tmp_path_factory.mktemp("build") / "out"
    assert CliRunner().invoke(main, ["render", str(planned_site), "--out", str(out)]).exit_code == 0
    return out


@pytest.fixture
def build(built, tmp_path) -> Path:
    """Return a copy of the build that the test may change."""
    return Path(shutil.copytree(built, tmp_path / "build"))


@pytest.fixture
def edit():
    """Return a function that replaces a text in a file that must hold it."""

    def replace(path: Path, old: str, new: str) -> Path:
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{path} does not hold {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path

    return replace

"""What is installed is what was tested: sdist, wheel from the sdist, empty environment, empty folder."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

SITE = "xe9680-spectrum-x"
pytestmark = [pytest.mark.slow(40), pytest.mark.xdist_group("wheel")]


def run(*command, cwd, expect=(0,)) -> str:
    """Run a command with an environment that knows nothing of the checkout, and return what it printed."""
    clean = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode in expect, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(repository, tmp_path_factory) -> tuple[Path, Path]:
    """Build the sdist from the checkout and the wheel from the sdist alone; return both."""
    out = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", out)
    run(*build, "--sdist", repository, cwd=out)
    [sdist] = out.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(out / "source", filter="data")
    [source] = (out / "source").iterdir()
    run(*build, "--wheel", source, cwd=out)
    [wheel] = out.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """Install the wheel into an empty environment and return its folder of commands."""
    home = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", home / "env", cwd=home)
    lock = Path(__file__).resolve().parents[2] / "requirements-dev.lock"
    run(
        home / "env/bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        "--constraint",
        lock,
        built[1],
        cwd=home,
    )
    return home / "env/bin"


def shipped(repository: Path, folder: str) -> set[str]:
    """Return the files of a top-level folder, as paths below the checkout."""
    files = (path.relative_to(repository) for path in (repository / folder).rglob("*") if path.is_file())
    return {path.as_posix() for path in files if not {"__pycache__", ".rackwright"} & {*path.parts}}


@pytest.mark.parametrize("folder", ["templates", "inventory", "playbooks"])
def test_the_wheel_carries_every_file_of_a_shipped_folder(repository, built, folder):
    """Each template and each file of a reference site is in the wheel."""
    with zipfile.ZipFile(built[1]) as wheel:
        names = set(wheel.namelist())
    assert shipped(repository, folder)
    assert not {f"rackwright/_assets/{name}" for name in shipped(repository, folder)} - names


def test_the_wheel_carries_the_code_and_no_tests(repository, built):
    """Library, tasks, data and the typing mark are in the wheel; tests, docs and scripts are not."""
    with zipfile.ZipFile(built[1]) as wheel:
        names = set(wheel.namelist())
    code = {name.removeprefix("src/") for name in shipped(repository, "src") | shipped(repository, "nornir_tasks")}
    assert not code - names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"rackwright", "nornir_tasks"}


def test_the_working_state_of_a_used_site_is_not_shipped(repository, built, tmp_path):
    """A wheel built from a checkout in which a twin was up holds nothing of its journal or its stand-ins for secrets."""
    with tarfile.open(built[0]) as archive:
        archive.extractall(tmp_path, filter="data")
    [source] = tmp_path.iterdir()
    (source / ".gitignore").write_bytes((repository / ".gitignore").read_bytes())
    state = source / "inventory" / SITE / ".rackwright" / "twin"
    state.mkdir(parents=True)
    (state / "switch_password").write_text("secret", encoding="utf-8")
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, source, cwd=tmp_path)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as names:
        assert not [name for name in names.namelist() if ".rackwright" in name]


def test_the_sdist_can_be_worked_on(built):
    """The sdist holds the tests, the documents and the Makefile besides what the wheel needs."""
    with tarfile.open(built[0]) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert {
        "src",
        "nornir_tasks",
        "templates",
        "inventory",
        "playbooks",
        "tests",
        "docs",
        "Makefile",
        "LICENSE",
        "README.md",
    } <= tops


def test_an_installed_rackwright_does_its_main_job(installed, tmp_path):
    """From an empty folder: init, validate, plan, render and check of a reference site, without findings."""
    command = installed / "rackwright"
    run(command, "init", "site", "--from", SITE, cwd=tmp_path)
    for verb in (("validate",), ("plan",), ("render", "--out", tmp_path / "out"), ("check",)):
        run(command, verb[0], tmp_path / "site", *verb[1:], cwd="/")
    assert (tmp_path / "out" / "manifest.json").is_file()
    assert list((tmp_path / "out" / "devices").glob("*/startup.yaml"))


def test_an_installed_package_knows_no_checkout(installed, tmp_path, repository):
    """Library and tasks are imported from the environment, and the folders come from the package."""
    program = "import nornir_tasks, rackwright.assets as assets; print(nornir_tasks.__file__, assets.root())"
    places = run(installed / "python", "-c", program, cwd=tmp_path).split()
    assert all(str(installed.parent) in place for place in places)
    assert not any(str(repository / "src") in place for place in places)


def test_nornir_finds_the_inventory_plugin(installed, tmp_path):
    """The entry point that Nornir looks up leads to a class of the installed package."""
    program = (
        "from importlib.metadata import entry_points; "
        "[found] = entry_points(group='nornir.plugins.inventory', name='rackwright'); print(found.load().__name__)"
    )
    assert run(installed / "python", "-c", program, cwd=tmp_path).strip() == "RackwrightInventory"

"""Who may import whom: the contracts of pyproject.toml hold, and each of them bites."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = {
    # a line put at the end of a module -> what the report must name
    ("rackwright/intent/__init__.py", "import rackwright.plan"): "rackwright.intent -> rackwright.plan",
    ("rackwright/plan/__init__.py", "import random"): "rackwright.plan -> random",
    ("rackwright/plan/__init__.py", "import jinja2"): "rackwright.plan -> jinja2",
    ("rackwright/check/__init__.py", "import rackwright.render"): "rackwright.check -> rackwright.render",
    ("rackwright/render/__init__.py", "import nornir_tasks"): "rackwright.render -> nornir_tasks",
    ("rackwright/utils.py", '"""A room without a name."""'): "utils",
}


def lint_imports(top: Path) -> tuple[int, str]:
    """Run import-linter over a tree and return its exit code and its words, white space folded."""
    paths = os.pathsep.join([str(top / "src"), str(top)])
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as main; main()",
            "--no-logo",
            "--no-cache",
        ],
        cwd=top,
        env={**os.environ, "PYTHONPATH": paths, "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, re.sub(r"\s+", " ", run.stdout + run.stderr)


@pytest.fixture
def copy(repository, tmp_path):
    """Return a copy of the code that a test may spoil."""
    ignore = shutil.ignore_patterns("__pycache__", "_assets", "*.yaml", "*.json")
    shutil.copytree(repository / "src", tmp_path / "src", ignore=ignore)
    shutil.copytree(repository / "nornir_tasks", tmp_path / "nornir_tasks", ignore=ignore)
    shutil.copy(repository / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_go_one_way(copy):
    """Every contract over the code as it stands is kept."""
    code, words = lint_imports(copy)
    assert code == 0, words


def test_a_planted_violation_of_each_kind_is_named(copy):
    """An import upwards, an impure one, a second Jinja and a utils.py are each refused by name."""
    for module, line in PLANTED:
        with (copy / "src" / module).open("a", encoding="utf-8") as stream:
            stream.write(f"\n{line}\n")
    # An unlisted room stops the layers contract before it looks at imports, so it is tried alone.
    code, words = lint_imports(copy)
    assert code == 1
    assert "utils" in words
    (copy / "src/rackwright/utils.py").unlink()
    code, words = lint_imports(copy)
    assert code == 1
    for named in PLANTED.values():
        assert named in words or named == "utils", f"not named: {named}\n{words}"

"""The command is light: what a verb does not need is not loaded."""

import importlib.util
import subprocess
import sys

import pytest

HEAVY = {
    "ansible",
    "ansible_runner",
    "asyncssh",
    "dbos",
    "netmiko",
    "nornir_netmiko",
    "nvueschema",
    "redfish",
    "requests",
}
LAZY = {"jinja2", "nornir", "ruamel"}


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter holds after one statement."""
    program = f"{statement}\nimport sys\nprint('\\n'.join({{name.partition('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def is_built(module: str) -> bool:
    """Say whether a module exists (a folder without code is none)."""
    spec = importlib.util.find_spec(module)
    return spec is not None and spec.origin is not None


@pytest.mark.parametrize("module", ["rackwright.cli", "rackwright.plan", "rackwright.render", "rackwright.check"])
def test_importing_a_stage_loads_nothing_heavy(module):
    """Importing the command, plan, render or check loads no driver, no engine and no fan-out."""
    if not is_built(module):
        pytest.skip(f"{module}: not built yet")
    assert not loaded_by(f"import {module}") & (HEAVY | (LAZY - {"jinja2"}))


def test_the_command_loads_no_model_before_a_verb_needs_it():
    """`rackwright --help` pays for click alone: no pydantic, no YAML, no Jinja, no Nornir."""
    if not is_built("rackwright.cli"):
        pytest.skip("rackwright.cli: not built yet")
    assert not loaded_by("import rackwright.cli") & (HEAVY | LAZY | {"pydantic", "yaml", "msgspec"})


def test_a_heavy_import_would_be_seen():
    """The measure itself works: what a statement imports is in its list."""
    assert "jinja2" in loaded_by("import jinja2")


def test_rendering_loads_no_part_that_touches_a_device():
    """To render through Nornir takes neither drivers nor push, runs or audit: half of the modules of the command."""
    program = "import nornir_tasks as n; n.Build, n.nornir_of, n.CompleteRunner, n.render; import sys; print(*sys.modules, sep='\\n')"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    parts = {name.split(".")[1] for name in run.stdout.split() if name.startswith("rackwright.")}
    assert "render" in parts
    assert not parts & {"audit", "bringup", "drivers", "push", "redfish", "runs", "serve", "twin"}

"""The playbooks as ansible-lint's strictest profile sees them, and what the house asks of a role."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rackwright.intent.host_models import Hosts

ROLES = sorted(path.name for path in (Path(__file__).parents[2] / "playbooks/roles").iterdir() if path.is_dir())
HELPERS = {"packages", "restart", "running", "verify"}
"""Roles that are no steps: others include them."""


@pytest.mark.slow
@pytest.mark.xdist_group("ansible-lint")
def test_the_playbooks_keep_the_production_profile(repository, tmp_path):
    """A playbook or role breaks a rule of ansible-lint's production profile; nothing is fetched to find out."""
    place = shutil.copytree(
        repository / "playbooks", tmp_path / "playbooks", ignore=shutil.ignore_patterns("__pycache__")
    )
    words = [
        Path(sys.executable).parent / "ansible-lint",
        "--offline",
        "--nocolor",
        "--profile",
        "production",
        "--format",
        "pep8",
    ]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HOME": str(tmp_path), "ANSIBLE_CONFIG": str(place / "ansible.cfg")}
    done = subprocess.run(
        [*words, "site.yml", "verify.yml", "roles"],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def tasks(path: Path):
    """Yield every task of a file, those in blocks too."""
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
        yield entry
        for word in ("block", "rescue", "always"):
            yield from entry.get(word, [])


@pytest.mark.parametrize("role", sorted({*ROLES} - HELPERS))
def test_a_role_says_what_it_takes_and_proves_what_it_did(repository, role):
    """A role has no argument specification, or no file of tasks that proves its step."""
    place = repository / "playbooks/roles" / role
    specs = yaml.safe_load((place / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    assert all(option.get("description") for option in specs["main"]["options"].values())
    assert (place / "tasks/verify.yml").is_file()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_hides_no_failure_and_decides_nothing(repository, role):
    """A role ignores an error, sets facts as a program would, or leaves out a secret's no_log."""
    for path in sorted((repository / "playbooks/roles" / role).rglob("tasks/*.yml")):
        for task in tasks(path):
            assert not {"ignore_errors", "ansible.builtin.set_fact", "set_fact", "ansible.builtin.raw"} & set(task), (
                path,
                task["name"],
            )
            text = yaml.safe_dump(
                {word: part for word, part in task.items() if word not in ("block", "rescue", "always")}
            )
            if re.search(r"rackwright_secrets.*key", text, flags=re.DOTALL):
                assert task.get("no_log") is True, (path, task["name"])


@pytest.mark.parametrize("role", ROLES)
def test_a_proof_changes_nothing(repository, role):
    """A task of a verify.yml could change the host: it is neither a question that is marked so, nor a judgement."""
    path = repository / "playbooks/roles" / role / "tasks/verify.yml"
    harmless = {
        "ansible.builtin.assert",
        "ansible.builtin.include_role",
        "ansible.builtin.debug",
        "ansible.builtin.stat",
    }
    for task in tasks(path) if path.is_file() else ():
        asks = task.get("changed_when") is False
        assert asks or harmless & set(task), (path, task["name"])


def test_a_remedy_names_a_key_that_the_site_file_has(repository):
    """A role or module sends somebody to a key below ``hosts`` that no site file may have."""
    files = (path for path in (repository / "playbooks").rglob("*") if path.suffix in (".py", ".yml"))
    texts = [path.read_text(encoding="utf-8") for path in files]
    told = {word for text in texts for word in re.findall(r"\bhosts\.([a-z_]+(?:\.[a-z_]+)*)", text)}
    assert told
    for words in told:
        model = Hosts
        for word in words.split("."):
            assert word in model.model_fields, words
            model = model.model_fields[word].annotation


@pytest.mark.parametrize("playbook", ["site.yml", "verify.yml"])
@pytest.mark.parametrize(
    ("variables", "expected"), [(["-e", '{"rackwright": {"host": "gpu01"}}'], {"gpu01"}), ([], {"gpu01", "gpu02"})]
)
def test_what_one_host_is_told_goes_to_that_host_alone(repository, tmp_path, playbook, variables, expected):
    """By hand and without --limit, every host of the inventory was brought to what one of them is: with --tags nothing looks who it is."""
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text("all: {hosts: {gpu01: {}, gpu02: {}}}\n")
    words = [
        Path(sys.executable).parent / "ansible-playbook",
        "-i",
        inventory,
        *variables,
        repository / "playbooks" / playbook,
    ]
    done = subprocess.run(
        [*words, "--list-hosts"], capture_output=True, text=True, check=True, env={**os.environ, "HOME": str(tmp_path)}
    )
    assert set(re.findall(r"gpu0\d(?=\n)", done.stdout)) == expected

"""Play the playbooks on nodes with ansible-runner itself, past every driver of ours."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.cluster import Cluster

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
SMALL = {"preflight_free_mib": 64, "restart_settle_s": 0, "restart_timeout_s": 60, "bluefield_runtime_settle_s": 0}
"""What a node of the lab has less of than a server."""


@dataclass
class Said:
    """What one play did: ``status`` of ansible-runner; per host the tasks that changed, and what failed."""

    status: str
    changed: list[tuple[str, str, str]] = field(default_factory=list)
    failed: list[tuple[str, str, str, str]] = field(default_factory=list)
    unreachable: list[tuple[str, str, str]] = field(default_factory=list)
    done: list[tuple[str, str]] = field(default_factory=list)
    diffs: list[Any] = field(default_factory=list)
    text: str = ""
    steps: dict[str, list[str]] = field(default_factory=dict)
    changed_steps: dict[str, list[str]] = field(default_factory=dict)
    """Per host the steps that changed something, by themselves or through a role that helps them; restarts are none."""
    at: dict[str, int] = field(default_factory=dict)

    def changes(self, host: str = "") -> list[str]:
        """Return ``role: task`` of what changed, on one host or any."""
        return [f"{role}: {task}" for name, role, task in self.changed if host in ("", name)]

    def roles_changed(self, host: str) -> list[str]:
        """Return the roles that changed something on a host, in the order of their first change."""
        return list(dict.fromkeys(role for name, role, _ in self.changed if name == host))

    def hosts_failed(self) -> set[str]:
        """Return the hosts that did not come to the end."""
        return {row[0] for row in (*self.failed, *self.unreachable)}


def play(
    cluster: Cluster,
    documents: Mapping[str, Mapping[str, Any]],
    *,
    tags: Sequence[str] = (),
    check: bool = False,
    seen: Any = None,
    values: Mapping[str, Any] = SMALL,
    roles: Path | None = None,
) -> Said:
    """Play ``site.yml`` on the hosts that have a document; ``seen`` is told every event and may act on it.

    ``roles`` is a folder of further roles.
    """
    import ansible_runner

    place = Path(tempfile.mkdtemp(prefix="rw-play-"))
    packed = cluster.place / "packed"
    packed.mkdir(exist_ok=True)
    said = Said("", steps={name: document["rackwright"]["steps"] for name, document in documents.items()})
    hosts = {
        name: {"ansible_host": cluster[name].address, **cluster.login(), **values, **document}
        for name, document in documents.items()
    }

    def handle(event: dict[str, Any]) -> bool:
        _note(said, event)
        if seen is not None:
            seen(event)
        return False

    folders = ":".join(str(folder) for folder in (roles, PLAYBOOKS / "roles") if folder)
    words = [*(["--tags", ",".join(tags)] if tags else []), *(["--check", "--diff"] if check else [])]
    try:
        run = ansible_runner.run(
            private_data_dir=str(place),
            project_dir=str(PLAYBOOKS),
            playbook="site.yml",
            inventory={"all": {"hosts": hosts}},
            cmdline=" ".join(words) or None,
            envvars={
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg"),
                "ANSIBLE_ROLES_PATH": folders,
                "ANSIBLE_SSH_CONTROL_PATH_DIR": str(place / "cp"),
                "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).with_name("callbacks")),
                "ANSIBLE_CALLBACKS_ENABLED": "kept_modules",
                "KEPT_MODULES": str(packed),
            },
            event_handler=handle,
            # Without one it takes Ctrl-C for itself, for as long as this process lives.
            cancel_callback=lambda: False,
            quiet=True,
        )
        said.status = run.status
        with run.stdout as text:
            said.text = text.read()
    finally:
        shutil.rmtree(place)
    return said


def _note(said: Said, event: dict[str, Any]) -> None:
    kind, data = event["event"], event.get("event_data", {})
    result = data.get("res") or {}
    row = (data.get("host", ""), data.get("role", ""), data.get("task", ""))
    if kind.startswith("runner_on_"):
        _follow(said, *row[:2])
    if kind == "runner_on_ok":
        said.done.append(row[:2])
        if result.get("changed"):
            said.changed.append(row)
            if row[1] != "restart" and row[0] in said.at:
                step = said.steps[row[0]][said.at[row[0]]]
                if step not in said.changed_steps.setdefault(row[0], []):
                    said.changed_steps[row[0]].append(step)
            if result.get("diff"):
                said.diffs.append(result["diff"])
    elif kind == "runner_on_failed" and not data.get("ignore_errors"):
        said.failed.append((*row, str(result.get("msg") or result.get("stderr") or result)))
    elif kind == "runner_on_unreachable":
        said.unreachable.append((row[0], row[1], str(result.get("msg", ""))))


def _follow(said: Said, host: str, role: str) -> None:
    """Remember the step that a host is in; a step that asks an earlier one for its proof does not go back to it."""
    steps = said.steps.get(host, [])
    if role in steps:
        said.at[host] = max(said.at.get(host, 0), steps.index(role))

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
SMALL = {"preflight_free_mib": 64, "restart_settle_s": 0, "restart_timeout_s": 60}
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
) -> Said:
    """Play ``site.yml`` on the hosts that have a document; ``seen`` is told every event and may act on it."""
    import ansible_runner

    place = Path(tempfile.mkdtemp(prefix="rw-play-"))
    said = Said("")
    hosts = {
        name: {"ansible_host": cluster[name].address, **cluster.login(), **values, **document}
        for name, document in documents.items()
    }

    def handle(event: dict[str, Any]) -> bool:
        _note(said, event)
        if seen is not None:
            seen(event)
        return False

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
                "ANSIBLE_SSH_CONTROL_PATH_DIR": str(place / "cp"),
            },
            event_handler=handle,
            quiet=True,
        )
        said.status = run.status
        with run.stdout as text:
            said.text = text.read()
        run.config.cleanup() if hasattr(run.config, "cleanup") else None
    finally:
        shutil.rmtree(place)
    return said


def _note(said: Said, event: dict[str, Any]) -> None:
    kind, data = event["event"], event.get("event_data", {})
    result = data.get("res") or {}
    row = (data.get("host", ""), data.get("role", ""), data.get("task", ""))
    if kind == "runner_on_ok":
        said.done.append(row[:2])
        if result.get("changed"):
            said.changed.append(row)
            if result.get("diff"):
                said.diffs.append(result["diff"])
    elif kind == "runner_on_failed" and not data.get("ignore_errors"):
        said.failed.append((*row, str(result.get("msg") or result.get("stderr") or result)))
    elif kind == "runner_on_unreachable":
        said.unreachable.append((row[0], row[1], str(result.get("msg", ""))))

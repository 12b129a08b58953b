"""Tables of cases for rules, as ANTA keeps them: good, bad and empty for each, the exact findings stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rackwright import check
from rackwright.check import Cable, Device, Fabric

Leaves = Mapping[str, Any]


def tree(leaves: Leaves) -> dict[str, Any]:
    """Grow a tree from ``{"interface swp1 type": "swp", "interface lo ip address 10.0.0.1/32": {}}``."""
    out: dict[str, Any] = {}
    for path, value in leaves.items():
        *parents, last = path.split(" ")
        node = out
        for key in parents:
            node = node.setdefault(key, {})
        if value == {} and last in node:
            continue
        node[last] = value
    return out


@dataclass(frozen=True)
class Case:
    """One case: the trees by device (or one tree of device ``leaf01``), and what the rule says.

    ``expect`` holds ``(path, status)``, the path with ``device:`` before it when there are several devices
    (a finding about the whole is ``fabric:``...). ``name`` starts with good, bad or empty.
    """

    rule: str
    name: str
    leaves: Leaves | Mapping[str, Leaves]
    expect: tuple[tuple[str, str], ...] = ()
    model: str | None = "sn5600"
    models: Mapping[str, str | None] = field(default_factory=dict)
    several: bool = False
    cables: tuple[Cable, ...] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    device: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Say whether the case is good, bad or empty."""
        return self.name.split("-", maxsplit=1)[0]

    @property
    def id(self) -> str:
        """Name the case in pytest's output."""
        return f"{self.rule}-{self.name}"

    def fabric(self) -> Fabric:
        """Build what is judged."""
        given = self.leaves if self.several else {"leaf01": self.leaves}
        devices = {
            name: Device(name, tree(leaves), self.models.get(name, self.model), **self.device)
            for name, leaves in given.items()
        }
        return Fabric(devices, self.cables, **self.more)

    def verdicts(self) -> tuple[tuple[str, str], ...]:
        """Judge by the one rule and give ``(path, status)`` of every finding, sorted."""
        rules = [rule for rule in check.RULES if rule.id == self.rule]
        assert rules, f"there is no rule {self.rule}"
        found = check.run(self.fabric(), rules).findings
        return tuple(
            sorted((f"{item.subject}:{item.path}" if self.several else item.path, item.status) for item in found)
        )

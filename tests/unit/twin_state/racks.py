"""Racks for the tests of the twin's state: the reference sites as rendered, and a clock that a test moves."""

from __future__ import annotations

import copy
from functools import lru_cache
from pathlib import Path
from typing import Any

from rackwright.plan.model import Plan
from rackwright.plan.workspace import open_site, planned
from rackwright.render.nvue import build
from rackwright.twin.state import Fabric

ROOT = Path(__file__).resolve().parents[3]
SETTLED_S = 400.0
"""Longer than every restart, link and startup delay together."""


class Hands:
    """A clock that goes where a test puts it."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at


@lru_cache(maxsize=8)
def plan_of(site: str) -> Plan:
    """Plan a reference site."""
    return planned(open_site(ROOT / "inventory" / site)).plan


@lru_cache(maxsize=8)
def _trees(site: str) -> dict[str, dict[str, Any]]:
    return {switch.name: build.tree(switch) for switch in plan_of(site).switches}


class Rack:
    """A reference site with its rendered configuration applied, at a moment when everything has settled."""

    def __init__(self, site: str, *, configured: bool = True, own_trees: bool = True) -> None:
        self.clock = Hands()
        self.plan = plan_of(site)
        # A test that changes nothing of a large site need not copy it.
        self.trees = copy.deepcopy(_trees(site)) if own_trees else _trees(site)
        self.fabric = Fabric(self.plan, self.clock)
        if configured:
            for name, tree in self.trees.items():
                self.fabric.applied(name, tree, frozenset({"frr"}))
            self.later(SETTLED_S)

    def later(self, seconds: float = SETTLED_S) -> None:
        """Let time pass."""
        self.clock.at += seconds

    def apply(self, switch: str, *restarted: str) -> None:
        """Apply a switch's tree as the test has changed it."""
        self.fabric.applied(switch, copy.deepcopy(self.trees[switch]), frozenset(restarted))

    def show(self, switch: str, path: str) -> Any:
        return self.fabric.show(switch, tuple(path.split()))

    def run(self, switch: str, line: str) -> str:
        return self.fabric.run(switch, tuple(line.split()))

    def oper(self, switch: str, port: str) -> str:
        return str(self.show(switch, f"interface {port} link")["oper-status"])

    def heard(self, switch: str, port: str) -> list[tuple[str, str]]:
        """Return (system, port) of the LLDP neighbours."""
        found = self.show(switch, f"interface {port} lldp neighbor")
        return [(name, row["port"]["name"]) for name, row in found.items()]

    def down(self) -> set[tuple[str, str]]:
        """Return every cabled port of a switch that is down."""
        return {
            (link_end.device, link_end.port)
            for link in self.plan.links
            for link_end in (link.a, link.b)
            if link_end.device in self.fabric.machines and self.oper(link_end.device, link_end.port) != "up"
        }

    def broken(self) -> set[tuple[str, str, str]]:
        """Return (switch, VRF, neighbour) of every BGP session that is not established."""
        return {
            (switch, vrf, name)
            for switch, machine in self.fabric.machines.items()
            for vrf in machine.config.bgp
            for name, row in self.show(switch, f"vrf {vrf} router bgp neighbor").items()
            if row["state"] != "established"
        }

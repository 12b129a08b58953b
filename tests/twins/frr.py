"""Racks of namespaces for tests: a small site planned, rendered and applied to real FRR, asked as the driver asks."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from rackwright import audit, catalog
from rackwright import plan as planner
from rackwright.drivers.clock import WallClock
from rackwright.drivers.nvue.model import Facts
from rackwright.errors import DeviceRefused
from rackwright.intent.models import Site as Intent
from rackwright.nvue.ranges import expand
from rackwright.plan.model import Plan
from rackwright.render import switch_tree
from rackwright.twin.clock import TwinClock
from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.frr import FrrPlane
from rackwright.twin.frr.machine import Machine
from rackwright.twin.state import Fabric

NEEDED = ("unshare", "nsenter", "ip", "vtysh", "lldpd", "ping", "nft", "sshd")

RAILS = {
    "site": {"name": "rails", "schema": 1, "release": "dell-nvidia-1.3"},
    "groups": {"gpu": {"model": "xe9680", "gpu": "h200-sxm", "memory_gb": 2048, "count": 2}},
    "pools": {"loopback": "10.255.0.0/20", "vtep": "10.255.16.0/20", "asn": "4200000000-4200065535"},
    "networks": {
        "oob": {"vlan": 200, "subnet": "10.10.0.0/22"},
        "rails": {"style": "p2p-31", "pool": "10.200.0.0/16", "mtu_bytes": 9000},
    },
    "fabrics": {
        "backend": {
            "topology": "rail-optimized", "tiers": 2, "rails_per_leaf": 4,
            "leaves": {"model": "sn5600", "name": "leaf"},
            "spines": {"model": "sn5600", "count": 2, "name": "spine"},
            "attach": [{"group": "gpu", "nic": "b3140h", "network": "rails", "media": "dac"}],
        }
    },
}  # fmt: skip
"""Two servers of eight rails, two leaves of four rails each, two spines: /31 hosts, BGP unnumbered, ECMP, BFD."""

_R760XA = {"model": "r760xa", "gpu": "h100-nvl", "memory_gb": 1024, "count": 2}

OVERLAY = {
    "site": {"name": "overlay", "schema": 1, "release": "dell-nvidia-1.3"},
    "groups": {"red": _R760XA, "blue": _R760XA},
    "pools": RAILS["pools"],
    "networks": {
        "oob": {"vlan": 200, "subnet": "10.10.0.0/22"},
        "red": {"vlan": 900, "vrf": "GPU", "subnet": "192.168.110.0/24", "mtu_bytes": 9000},
        "blue": {"vlan": 901, "vrf": "GPU", "subnet": "192.168.111.0/24", "mtu_bytes": 9000},
    },
    "fabrics": {
        "core": {
            "topology": "evpn-pair",
            "leaves": {"model": "sn5600", "count": 2, "name": "leaf"},
            "isl": {"links": 2, "speed": "400g", "media": "dac"},
            "attach": [
                {"group": "red", "nic": "b3140h", "native": "red", "spread": "alternate", "media": "dac"},
                {"group": "blue", "nic": "b3140h", "native": "blue", "spread": "alternate", "media": "dac"},
            ],
        }
    },
}
"""Two leaves, two VLANs in one VRF, servers with a port on each leaf: L2 and L3 EVPN without bonds."""

MULTIHOMED = {
    "site": {"name": "pair", "schema": 1, "release": "dell-nvidia-1.3"},
    "groups": {"gpu": _R760XA},
    "pools": RAILS["pools"],
    "networks": {
        "oob": {"vlan": 200, "subnet": "10.10.0.0/22"},
        "inband": {"vlan": 300, "vrf": "INBAND", "subnet": "10.20.0.0/22", "mtu_bytes": 9000},
        "storage": {"vlan": 500, "vrf": "INBAND", "subnet": "10.20.8.0/22", "mtu_bytes": 9000},
    },
    "fabrics": {
        "core": {
            "topology": "converged-pair",
            "leaves": {"model": "sn5600", "count": 2, "name": "leaf"},
            "isl": {"links": 2, "speed": "400g", "media": "dac"},
            "attach": [{"group": "gpu", "nic": "b3220l", "bond": "lacp", "native": "inband", "tagged": ["storage"]}],
        }
    },
}
"""A converged pair with two servers on LACP bonds over both leaves: multihoming, VRFs, a VLAN-aware bridge."""


def require(*more: str) -> None:
    """Skip (in CI: fail) where namespaces or daemons cannot be had."""
    missing = [
        name for name in (*NEEDED, *more) if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None
    ]
    if os.geteuid() or missing:
        pytest.skip(f"needs root and {', '.join(missing) or 'namespaces'}: run scripts/apt-packages.sh as root")


@dataclass
class Lab:
    """A rack of namespaces whose switches have their planned configuration."""

    plan: Plan
    catalog: Any
    plane: FrrPlane
    trees: dict[str, Any]

    def sh(self, device: str, script: str) -> str:
        """Run a script in a device's namespace."""
        return self.plane.lab.cells[device].sh(script)

    def ping(self, host: str, target: str, *, source: str, size: int = 8972, count: int = 3) -> str:
        """Ping with packets that may not be cut into pieces; returns what ping says, lost packets or not."""
        return self.sh(host, f"ping -n -M do -s {size} -c {count} -i 0.2 -W 1 -I {source} {target} || :")

    def evidence(self, *checks: str) -> dict[str, audit.Evidence]:
        """Ask every switch what some checks need, in the shapes of the driver."""
        site = audit.Site(self.plan, self.catalog)
        found = {}
        for switch in self.plan.switches:
            asked = audit.questions(switch, site, checks)
            found[switch.name] = audit.collect(Asked(self, switch.name), switch.name, asked, clock=WallClock())
        return found

    def findings(self, *checks: str) -> list[Any]:
        """Judge, and return what is wrong or could not be judged."""
        judged = audit.judge(
            self.plan,
            self.evidence(*checks),
            catalog=self.catalog,
            intended=lambda item: self.trees[item.name],
            checks=checks,
        )
        return [item for item in judged if item.status in ("fail", "error")]

    def passed(self, *checks: str) -> set[str]:
        """Judge, and return the checks that passed on some switch."""
        judged = audit.judge(
            self.plan,
            self.evidence(*checks),
            catalog=self.catalog,
            intended=lambda item: self.trees[item.name],
            checks=checks,
        )
        return {item.check for item in judged if item.status == "pass"}


class Asked:
    """A switch of namespaces, asked as the driver asks."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab = lab
        self.name = name

    def facts(self) -> Facts:
        return Facts(hostname=self.lab.sh(self.name, "hostname").strip(), version="5.12.1")

    def running(self) -> Any:
        return self.lab.trees[self.name]

    startup = running

    def show(self, path: str, kind: Any = Any) -> Any:
        try:
            return msgspec.convert(self.lab.plane.show(self.name, tuple(path.split())), kind)
        except NotEmulated as why:
            raise DeviceRefused(str(why), device=self.name) from None

    def shows(self, paths: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in paths:
            try:
                found[path] = self.show(path)
            except DeviceRefused as error:
                found[path] = error
        return found

    def run(self, command: str) -> str:
        return self.lab.sh(self.name, command)


@contextlib.contextmanager
def lab(site: dict[str, Any], machine: Machine) -> Iterator[Lab]:
    """Bring a site up on a machine, apply what is rendered, and take everything down at the end."""
    rows = catalog.load()
    made, _ = planner.build(Intent.model_validate(site), catalog=rows)
    plane = FrrPlane(made, machine, Fabric(made, TwinClock(60)))
    try:
        plane.start()
        trees = {switch.name: switch_tree(switch) for switch in made.switches}
        for name, tree in trees.items():
            plane.applied(name, expand(tree), frozenset())
        yield Lab(made, rows, plane, trees)
    finally:
        plane.close()


def eventually(there: Callable[[], Any], limit_s: float = 30) -> Any:
    """Wait until something is so, and return it; fails with what it last was."""
    end = time.monotonic() + limit_s
    while not (found := there()) and time.monotonic() < end:
        time.sleep(0.25)
    assert found, f"not within {limit_s} s"
    return found


def gone(findings: Callable[[], list[Any]], limit_s: float = 30) -> None:
    """Wait until nothing is found any more; fails with what is left."""
    end = time.monotonic() + limit_s
    while (left := findings()) and time.monotonic() < end:
        time.sleep(0.25)
    assert not left, [str(item) for item in left]


def asked_json(lab: Lab, device: str, command: str) -> Any:
    """Return what FRR says as JSON."""
    return json.loads(lab.sh(device, f"vtysh -c '{command} json'") or "null")

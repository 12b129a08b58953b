"""What is wired to what: the value under construction that the topologies fill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import msgspec

from rackwright.catalog.models import Breakout, Catalog, ServerModel, SwitchModel
from rackwright.findings import Problem, problem
from rackwright.intent.models import Group
from rackwright.intent.ranges import expand
from rackwright.plan.model import Device, End, Layout, Link
from rackwright.plan.switch_model import PortKind

__all__ = [
    "HostPort",
    "PortState",
    "PortUse",
    "Wiring",
    "breakout",
    "cage_count",
    "gbps",
    "host_end",
    "host_ports",
    "port_name",
]


PortState = Literal["used", "reserved", "spare", "unused-bond"]


class PortUse(msgspec.Struct, frozen=True, gc=False):
    """One logical port of a switch and what it is laid out for."""

    cage: int
    sub: int
    kind: PortKind
    mode: str
    """Breakout of the cage; empty: not split."""
    lanes: int
    gbps: float
    attach: int = -1
    """Index of the attach entry, or of the external entry for ``external``."""
    link: int = -1
    """Index into Wiring.links; -1: laid out, not cabled."""
    node: str = ""
    """What is, or may one day be, at the other end."""
    bond: str = ""
    """Ports of one switch with the same key form one bond; empty: none. Of an uplink: ``FABRIC:NAME``."""
    state: PortState = "used"
    """``used``, ``reserved`` (for growth), ``spare`` or ``unused-bond``."""
    rail: int = 0
    """Rail of a lone port of a pair's leaf, from 1, whether cabled or not; 0: none."""


@dataclass
class Wiring:
    """Devices, links and port uses of a site as they grow, fabric by fabric."""

    devices: list[Device] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    ports: dict[str, list[PortUse]] = field(default_factory=dict)
    layouts: list[Layout] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    leaves: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    """Fabric -> its leaves, pair by pair (or unit by unit)."""
    places: dict[tuple[str, str], int] = field(default_factory=dict)
    """(fabric, node) -> slot from 0, or index of its pair."""

    def add(self, link: Link) -> int:
        """Keep a link and return its index."""
        self.links.append(link)
        return len(self.links) - 1

    def lay(self, switch: str, use: PortUse) -> None:
        """Note what a port of a switch is for."""
        self.ports.setdefault(switch, []).append(use)

    def wrong(self, path: Sequence[str | int], message: str, remedy: str) -> None:
        """Keep a problem at a path of the site file."""
        self.problems.append(problem("plan", message, path=[str(part) for part in path], remedy=remedy))

    def names(self, role: str) -> Iterator[str]:
        """Return the names of the devices of a role."""
        return (device.name for device in self.devices if device.role == role)


class HostPort(msgspec.Struct, frozen=True):
    """A port of a machine: its name in cabling, its NIC, its operating system name."""

    name: str
    nic: str
    interface: str
    adapter: int
    port: int
    lanes: int
    gbps: int


def gbps(word: str) -> float:
    """Return ``400g`` or ``1g`` as Gb/s; ValueError for anything else."""
    return float(word.lower().removesuffix("g"))


@lru_cache(maxsize=1024)
def port_name(cage: int, sub: int) -> str:
    """Return NVUE's name of a cage or of its sub-port."""
    return f"swp{cage}" if sub < 0 else f"swp{cage}s{sub}"


def cage_count(model: SwitchModel) -> int:
    """Return how many cages the first (data) port group of a switch has."""
    first, _, last = model.port_groups[0].ports.removeprefix("swp").partition("-")
    return int(last or first) - int(first) + 1


def breakout(model: SwitchModel, speed: float, lanes: int, mode: str | None = None) -> Breakout | None:
    """Return the split that gives ports of ``speed`` on ``lanes`` lanes; ``mode`` settles it when given."""
    choices = model.port_groups[0].breakouts
    if mode is not None:
        return next((choice for choice in choices if choice.mode == mode), None)
    fitting = [c for c in choices if c.lanes_per_port == lanes and c.port_gbps >= speed]
    return min(fitting, key=lambda c: c.port_gbps, default=None)


def host_ports(
    group: Group,
    model: ServerModel,
    nic: str,
    catalog: Catalog,
    adapters: Sequence[int] = (),
    chosen: Sequence[int] = (),
) -> tuple[HostPort, ...]:
    """Return the ports of one kind of NIC in a machine, adapter by adapter; of some ``adapters`` when given.

    ``chosen`` are the ports of each adapter, all when empty.

    A one-port adapter gives ``b3140h-3``, others ``b3220l-1.2`` (adapter, port).
    """
    row = catalog.nics[nic]
    slot = next((entry for entry in model.nics if entry.nic == nic), None)
    count = group.nics.get(nic, slot.count if slot else 0)
    names = _interfaces(group.interfaces.get(nic, ())) or (slot.interfaces if slot else ())
    if names and nic in group.interfaces and nic not in group.nics:
        count = -(-len(names) // row.ports)
    ports: list[HostPort] = []
    for number in range(count * row.ports):
        adapter, port = number // row.ports + 1, number % row.ports + 1
        if (adapters and adapter not in adapters) or (chosen and port not in chosen):
            continue
        name = f"{nic}-{adapter}" if row.ports == 1 else f"{nic}-{adapter}.{port}"
        interface = names[number] if number < len(names) else ""
        ports.append(HostPort(name, nic, interface, adapter, port, row.lanes, row.speeds_gbps[0]))
    return tuple(ports)


def _interfaces(words: Iterable[str] | str) -> tuple[str, ...]:
    listed = (words,) if isinstance(words, str) else tuple(words)
    return tuple(name for word in listed for name in expand(word))


def host_end(device: str, port: HostPort) -> End:
    """Return the end of a link at a machine."""
    return End(device, port.name, nic=port.nic, interface=port.interface)

"""What a host should be, as its own commands can tell: its stack, its machine, and every cabled port with its far end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rackwright.catalog.models import Catalog
from rackwright.intent.models import Site
from rackwright.plan.machines import Machine, machines
from rackwright.plan.model import HostInterface, HostNetwork, Plan
from rackwright.plan.stack import stack
from rackwright.plan.stack_model import Adapter, HostStack
from rackwright.plan.switch_model import Value

__all__ = ["Wanted", "WantedPort", "hosts"]


class WantedPort(Value, frozen=True, kw_only=True):
    """One cabled port of a host's adapters."""

    port: str
    """Word of the plan: ``b3140h-3``, ``b3220l-1.2``."""
    interface: str
    """Its name in the operating system."""
    adapter: str
    mac: str = ""
    """Lower case; empty: nodes.csv does not tell it."""
    address: str = ""
    """With prefix length; empty: none, or that of its bond."""
    mtu_bytes: int = 0
    rail: int = 0
    bond: str = ""
    speed_gbps: float = 0
    peer: str = ""
    """Device at the other end."""
    peer_port: str = ""
    nvidia: bool = False
    """The adapter is NVIDIA's: its tools speak of it."""
    bluefield: Adapter | None = None
    """What a BlueField is set to."""


class Wanted(Value, frozen=True, kw_only=True):
    """One host as it should be."""

    name: str
    stack: HostStack
    machine: Machine
    network: HostNetwork
    ports: tuple[WantedPort, ...] = ()


def hosts(plan: Plan, site: Site, catalog: Catalog, stacks: Mapping[str, HostStack] | None = None) -> dict[str, Wanted]:
    """Return every server as it should be, in the order of the plan; ``stacks`` where they were made already."""
    known = stacks if stacks is not None else {one.name: one for one in stack(plan, site, catalog)}
    networks = {network.name: network for network in plan.hosts}
    return {
        machine.name: _wanted(machine, known[machine.name], networks.get(machine.name) or HostNetwork(machine.name))
        for machine in machines(plan, site, catalog)
        if machine.name in known
    }


def _wanted(machine: Machine, own: HostStack, network: HostNetwork) -> Wanted:
    return Wanted(
        name=machine.name, stack=own, machine=machine, network=network, ports=tuple(_ports(machine, own, network))
    )


def _ports(machine: Machine, own: HostStack, network: HostNetwork) -> Iterator[WantedPort]:
    faces = {face.port: face for face in network.interfaces if face.port}
    cards = {card.name: card for card in own.bluefield.adapters}
    for adapter in machine.adapters:
        for port in adapter.ports:
            if not port.cabled:
                continue
            face = faces.get(port.port) or HostInterface("", port.port)
            device, _, far = port.peer.partition(":")
            yield WantedPort(
                port=port.port,
                interface=face.name,
                adapter=adapter.name,
                mac=port.mac,
                address=face.address,
                mtu_bytes=face.mtu_bytes,
                rail=port.rail,
                bond=face.bond,
                speed_gbps=port.speed_gbps,
                peer=device,
                peer_port=far,
                nvidia=adapter.pci.upper().startswith("15B3:"),
                bluefield=cards.get(adapter.name),
            )
